/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/json.h"

#include "proto/base64url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_SIZE 6 /* \u000a */

/* What the scan of a document keeps in mind. */
struct scan {
    unsigned depth;
    bool in_string, escaped;
};

/* Takes one character; true if it is a raw control character inside a string. */
static bool scan_character(struct scan *scan, uint8_t c)
{
    if (scan->in_string) {
        bool ends = c == '"' && !scan->escaped;
        scan->escaped = c == '\\' && !scan->escaped;
        scan->in_string = !ends;
        return c < 0x20;
    }
    if (c == '"')
        scan->in_string = true;
    else if (c == '{' || c == '[')
        scan->depth++;
    else if ((c == '}' || c == ']') && scan->depth > 0)
        scan->depth--;
    return false;
}

/* Counts the raw control characters. False: too deep. */
static bool scan_document(struct kc_span text, size_t *controls)
{
    struct scan scan = {0};
    *controls = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (scan_character(&scan, text.bytes[i]))
            (*controls)++;
        if (scan.depth > KC_JSON_DEPTH_MAX)
            return false;
    }
    return true;
}

/* A copy with every raw control character in a string as an escape; NULL: no memory. */
static char *escape_controls(struct kc_span text, size_t controls, size_t *size)
{
    char *copy = malloc(text.size + controls * (ESCAPE_SIZE - 1) + 1), *next = copy;
    struct scan scan = {0};
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < text.size; i++) {
        if (scan_character(&scan, text.bytes[i])) {
            snprintf(next, ESCAPE_SIZE + 1, "\\u%04x", text.bytes[i]);
            next += ESCAPE_SIZE;
        } else {
            *next++ = (char)text.bytes[i];
        }
    }
    *size = (size_t)(next - copy);
    return copy;
}

enum kc_error kc_json_read(struct kc_span text, size_t size_max, json_t **json)
{
    size_t controls, size = text.size;
    if (text.size > size_max || !scan_document(text, &controls))
        return KC_ERR_TOO_LARGE;
    const char *source = (const char *)text.bytes;
    char *copy = NULL;
    if (controls > 0 && (source = copy = escape_controls(text, controls, &size)) == NULL)
        return KC_ERR_NO_MEMORY;
    json_t *read = json_loadb(source, size, JSON_REJECT_DUPLICATES, NULL);
    free(copy);
    if (read == NULL)
        return KC_ERR_BAD_REQUEST;
    *json = read;
    return KC_OK;
}

const char *kc_json_text(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

enum kc_error kc_json_octets(const json_t *string, uint8_t *octets, size_t *size)
{
    if (!json_is_string(string))
        return KC_ERR_BAD_REQUEST;
    struct kc_span text = {(const uint8_t *)json_string_value(string), json_string_length(string)};
    enum kc_error error = kc_base64url_decode(text, octets, size);
    return error == KC_ERR_BAD_ARGUMENT ? KC_ERR_BAD_REQUEST : error;
}
