/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/http_check.h"

#include <string.h>
#include <strings.h>

void kc_http_head_add(
    struct kc_http_head *head, const char *name, const char *value, size_t value_size)
{
    const struct {
        const char *name;
        const char **value;
    } rows[] = {
        {"Host", &head->host},
        {"Content-Type", &head->content_type},
        {"Content-Length", &head->content_length},
        {"Content-Encoding", &head->content_encoding},
        {"Transfer-Encoding", &head->transfer_encoding},
        {"Expect", &head->expect},
    };
    /* whoever passes the request on may have read such a name or value otherwise
     * (RFC 9112, 5.1; RFC 9110, 5.5) */
    if (name[strcspn(name, " \t")] || strlen(value) != value_size || strpbrk(value, "\r\n"))
        head->is_ambiguous = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcasecmp(name, rows[i].name) == 0) {
            if (*rows[i].value)
                head->is_ambiguous = true;
            *rows[i].value = value;
        }
}

/* --- where it goes --- */

struct target {
    const char *host; /* NULL: not said */
    size_t host_size;
    const char *path;
};

/* In a whole URI the authority counts, and not what Host says (RFC 9112, 3.2.2). */
static struct target target_of(const struct kc_http_head *head)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t size = strlen(schemes[i]);
        if (strncasecmp(head->path, schemes[i], size) != 0)
            continue;
        const char *host = head->path + size;
        size_t host_size = strcspn(host, "/");
        return (struct target){host, host_size, host + host_size};
    }
    return (struct target){head->host, head->host ? strlen(head->host) : 0, head->path};
}

/* With or without a slash at the end. */
static bool is_path(const char *path, const char *ours)
{
    size_t size = strlen(ours);
    return strncmp(path, ours, size) == 0 && (path[size] == '\0' || strcmp(path + size, "/") == 0);
}

/* A name of the DNS, also with the point of its root, and a port or none; what is in brackets is an
 * address, and no name of ours. */
static bool is_host(const struct target *target, const char *name)
{
    size_t size = strlen(name), at = size;
    const char *host = target->host;
    if (target->host_size < size || strncasecmp(host, name, size) != 0)
        return false;
    if (at < target->host_size && host[at] == '.')
        at++;
    if (at < target->host_size && host[at] != ':')
        return false;
    for (at++; at < target->host_size; at++)
        if (host[at] < '0' || host[at] > '9')
            return false;
    return true;
}

static bool is_ours(const struct kc_front_settings *settings, const struct target *target)
{
    bool found = is_host(target, settings->service);
    for (size_t i = 0; !found && i < settings->host_count; i++)
        found = is_host(target, settings->hosts[i]);
    return found;
}

/* --- what it brings --- */

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* Whether a text is a word, in letters of either case, with blanks after it or none. */
static bool is_word(const char *text, const char *word)
{
    size_t size = strlen(word);
    return strncasecmp(text, word, size) == 0 && *skip_blanks(text + size) == '\0';
}

/* application/json, with a charset of UTF-8 or none. */
static bool is_json(const char *type)
{
    static const char name[] = "application/json", charset[] = "charset=";
    if (!type || strncasecmp(type, name, sizeof name - 1) != 0)
        return false;
    const char *rest = skip_blanks(type + sizeof name - 1);
    if (*rest == ';')
        rest = skip_blanks(rest + 1);
    else if (*rest)
        return false;
    if (*rest == '\0')
        return true;
    if (strncasecmp(rest, charset, sizeof charset - 1) != 0)
        return false;
    rest += sizeof charset - 1;
    return is_word(rest, "utf-8") || is_word(rest, "\"utf-8\"");
}

/* Whether a length is a number that may come; libmicrohttpd counts the octets itself. */
static bool is_length(const char *text, uint32_t most)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= most; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return *skip_blanks(text) == '\0' && number <= most;
}

int kc_http_check(
    const struct kc_front_settings *settings, const struct kc_http_head *head, const char **words)
{
    const struct target target = target_of(head);
    const char *coding = head->transfer_encoding;
    const struct {
        bool good;
        int status;
        const char *words;
    } rules[] = {
        /* what says where its end is comes first */
        {!head->is_ambiguous, 400, "A header is there twice, or is none"},
        {!coding || is_word(coding, "chunked"), 501, "The transfer coding is chunked, or none"},
        {!coding || !head->content_length, 400, "There is a length beside a transfer coding"},
        {!head->content_length || is_length(head->content_length, settings->limits.body_size), 413,
            "The request is too large"},
        {target.host != NULL, 400, "There is no Host"},
        {target.host && is_ours(settings, &target), 421, "This host is not served here"},
        {is_path(target.path, settings->path), 404, "There is nothing at this path"},
        {strcmp(head->method, "POST") == 0, 405, "The method is POST"},
        {is_json(head->content_type), 415, "The content is application/json"},
        {!head->content_encoding || is_word(head->content_encoding, "identity"), 415,
            "The content is not encoded"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!rules[i].good) {
            *words = rules[i].words;
            return rules[i].status;
        }
    return 0;
}
