/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/http_check.h"

#include <string.h>
#include <strings.h>

/* With or without a slash at the end. */
static bool is_path(const char *path, const char *ours)
{
    size_t size = strlen(ours);
    return strncmp(path, ours, size) == 0 && (path[size] == '\0' || strcmp(path + size, "/") == 0);
}

/* The name before a port; what is in brackets is an address, and no name of ours. */
static bool is_host(const char *host, const char *name)
{
    size_t size = strcspn(host, ":");
    return size == strlen(name) && strncasecmp(host, name, size) == 0;
}

static bool is_ours(const struct kc_front_settings *settings, const char *host)
{
    bool found = is_host(host, settings->service);
    for (size_t i = 0; !found && i < settings->host_count; i++)
        found = is_host(host, settings->hosts[i]);
    return found;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
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
    return strcasecmp(rest, "utf-8") == 0 || strcasecmp(rest, "\"utf-8\"") == 0;
}

/* Whether a length is a number that may come; libmicrohttpd counts the octets itself. */
static bool is_length(const char *text, uint32_t most)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= most; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return *text == '\0' && number <= most;
}

int kc_http_check(
    const struct kc_front_settings *settings, const struct kc_http_head *head, const char **words)
{
    const struct {
        bool good;
        int status;
        const char *words;
    } rules[] = {
        {head->host != NULL, 400, "There is no Host"},
        {head->host && is_ours(settings, head->host), 421, "This host is not served here"},
        {is_path(head->path, settings->path), 404, "There is nothing at this path"},
        {strcmp(head->method, "POST") == 0, 405, "The method is POST"},
        {is_json(head->content_type), 415, "The content is application/json"},
        {!head->content_length || is_length(head->content_length, settings->limits.body_size), 413,
            "The request is too large"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!rules[i].good) {
            *words = rules[i].words;
            return rules[i].status;
        }
    return 0;
}
