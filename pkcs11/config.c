/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/config.h"

#include "base/reader.h"
#include "pkcs11/key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 64
#define DEFAULT_PATH "/etc/custodian/pkcs11.conf"
#define BLANKS " \t\r"

struct rule {
    char keyring[KC_KEYRING_SIZE]; /* "*": every one that no other rule names */
    struct kc_tokens tokens;
};

struct rules {
    struct rule rule[RULES_MAX];
    size_t count;
};

static struct rules current; /* under the module's lock */

static const struct {
    const char *word;
    struct kc_tokens tokens;
} words[] = {
    {"split", {{KC_TOKEN_NIST, KC_TOKEN_EDWARDS}}},
    {"joined", {{KC_TOKEN_ALL, 0}}},
    {"nist", {{KC_TOKEN_NIST, 0}}},
    {"edwards", {{KC_TOKEN_EDWARDS, 0}}},
    {"none", {{0, 0}}},
};

/* A part of a line without the blanks around it. */
static struct kc_span trimmed(const char *text, size_t size)
{
    while (size > 0 && strchr(BLANKS, text[0]) != NULL)
        text++, size--;
    while (size > 0 && strchr(BLANKS, text[size - 1]) != NULL)
        size--;
    return (struct kc_span){(const uint8_t *)text, size};
}

static bool find_word(struct kc_span span, struct kc_tokens *tokens)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == span.size &&
            memcmp(words[i].word, span.bytes, span.size) == 0) {
            *tokens = words[i].tokens;
            return true;
        }
    return false;
}

/* One line or part: KEYRING = WORD, or nothing. */
static bool parse_part(const char *text, size_t size, struct rules *rules)
{
    const char *comment = memchr(text, '#', size);
    struct kc_span part = trimmed(text, comment != NULL ? (size_t)(comment - text) : size);
    if (part.size == 0)
        return true;
    const char *start = (const char *)part.bytes;
    const char *equals = memchr(start, '=', part.size);
    if (equals == NULL || rules->count == RULES_MAX)
        return false;
    struct kc_span name = trimmed(start, (size_t)(equals - start));
    struct rule *rule = &rules->rule[rules->count];
    if (name.size == 0 || name.size >= sizeof rule->keyring)
        return false;
    memcpy(rule->keyring, name.bytes, name.size);
    rule->keyring[name.size] = '\0';
    rules->count++;
    return find_word(trimmed(equals + 1, part.size - (size_t)(equals + 1 - start)), &rule->tokens);
}

enum kc_error kc_config_parse(const char *text)
{
    struct rules rules = {0};
    for (const char *at = text;; at++) {
        size_t size = strcspn(at, ";\n");
        if (!parse_part(at, size, &rules))
            return KC_ERR_CONFIG;
        at += size;
        if (*at == '\0')
            break;
    }
    current = rules;
    return KC_OK;
}

static enum kc_error read_file(const char *path, bool needed)
{
    char text[KC_CONFIG_SIZE_MAX + 1];
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT && !needed)
        return kc_config_parse("");
    if (file == NULL)
        return KC_ERR_CONFIG;
    size_t size = fread(text, 1, sizeof text, file);
    bool whole = ferror(file) == 0 && size < sizeof text && memchr(text, 0, size) == NULL;
    fclose(file);
    if (!whole)
        return KC_ERR_CONFIG;
    text[size] = '\0';
    return kc_config_parse(text);
}

enum kc_error kc_config_read(void)
{
    const char *text = secure_getenv("CUSTODIAN_PKCS11_TOKENS");
    if (text != NULL)
        return kc_config_parse(text);
    const char *path = secure_getenv("CUSTODIAN_PKCS11_CONF");
    return path != NULL ? read_file(path, true) : read_file(DEFAULT_PATH, false);
}

struct kc_tokens kc_config_tokens(const char *keyring)
{
    struct kc_tokens tokens = words[0].tokens;
    for (size_t i = 0; i < current.count; i++) {
        if (strcmp(current.rule[i].keyring, keyring) == 0)
            return current.rule[i].tokens;
        if (strcmp(current.rule[i].keyring, "*") == 0)
            tokens = current.rule[i].tokens;
    }
    return tokens;
}
