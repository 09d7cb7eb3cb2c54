/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of JSON (RFC 8259) with the limits of json.h, in one pass over the text. */
#include "proto/json.h"
#include "proto/json_number.h"
#include "proto/json_text.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct kc_json_document *document;
    size_t room;     /* nodes that fit */
    size_t position; /* in the text */
    unsigned depth;
};

static enum kc_error read_value(struct reading *r);

static const uint8_t *here(const struct reading *r)
{
    return r->document->text.bytes + r->position;
}

static size_t left(const struct reading *r)
{
    return r->document->text.size - r->position;
}

static bool is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_white_space(struct reading *r)
{
    while (left(r) > 0 && is_white(*here(r)))
        r->position++;
}

/* Takes a character after white space; false: another one stands there. */
static bool takes(struct reading *r, char c)
{
    skip_white_space(r);
    if (left(r) == 0 || *here(r) != (uint8_t)c)
        return false;
    r->position++;
    return true;
}

/* Adds a node that starts here and has no end yet. */
static enum kc_error add_node(struct reading *r, enum kc_json_kind kind, uint32_t *index)
{
    struct kc_json_document *document = r->document;
    if (document->node_count == KC_JSON_NODES_MAX)
        return KC_ERR_TOO_LARGE;
    if (document->node_count == r->room) {
        size_t room = r->room * 2 + 16;
        struct kc_json_node *nodes = realloc(document->nodes, room * sizeof *nodes);
        if (nodes == NULL)
            return KC_ERR_NO_MEMORY;
        document->nodes = nodes;
        r->room = room;
    }
    *index = (uint32_t)document->node_count++;
    document->nodes[*index] =
        (struct kc_json_node){.start = (uint32_t)r->position, .kind = kind, .after = *index + 1};
    return KC_OK;
}

/* Ends a node at a place in the text. */
static void end_node(struct reading *r, uint32_t index, size_t end)
{
    struct kc_json_node *node = &r->document->nodes[index];
    node->size = (uint32_t)(end - node->start);
    node->after = (uint32_t)r->document->node_count;
}

/* Octets from here on that are ASCII and stand for themselves. */
static size_t plain_size(const struct reading *r)
{
    const uint8_t *start = here(r), *end = r->document->text.bytes + r->document->text.size;
    const uint8_t *c = start;
    while (c < end && *c >= 0x20 && *c < 0x80 && *c != '"' && *c != '\\')
        c++;
    return (size_t)(c - start);
}

/* Where the string that starts here ends: its quote, the first one that is not escaped. */
static const uint8_t *closing_quote(const struct reading *r)
{
    const uint8_t *end = r->document->text.bytes + r->document->text.size;
    for (const uint8_t *c = here(r); c < end; c++) {
        if (*c == '"')
            return c;
        if (*c == '\\')
            c++;
    }
    return NULL;
}

static bool is_text(struct kc_span inside)
{
    struct kc_json_text_cursor cursor = {.left = inside};
    int octet;
    while ((octet = kc_json_text_next(&cursor)) >= 0)
        ;
    return octet == KC_JSON_TEXT_END && kc_json_is_utf8(inside);
}

/* Up to the closing quote: of most strings at once, of others in three passes. */
static enum kc_error skip_text(struct reading *r)
{
    size_t plain = plain_size(r);
    bool is_plain = plain < left(r) && here(r)[plain] == '"';
    const uint8_t *quote = is_plain ? here(r) + plain : closing_quote(r);
    if (quote == NULL ||
        (!is_plain && !is_text((struct kc_span){here(r), (size_t)(quote - here(r))})))
        return KC_ERR_BAD_REQUEST;
    r->position = (size_t)(quote - r->document->text.bytes);
    return KC_OK;
}

static enum kc_error read_string(struct reading *r)
{
    uint32_t index;
    r->position++;
    enum kc_error error = add_node(r, KC_JSON_STRING, &index);
    if (error != KC_OK)
        return error;
    if ((error = skip_text(r)) != KC_OK)
        return error;
    end_node(r, index, r->position);
    r->position++;
    return KC_OK;
}

static enum kc_error read_number(struct reading *r)
{
    uint32_t index;
    enum kc_error error = add_node(r, KC_JSON_NUMBER, &index);
    if (error != KC_OK)
        return error;
    size_t size = kc_json_number_size((struct kc_span){here(r), left(r)});
    if (size == 0)
        return KC_ERR_BAD_REQUEST;
    r->position += size;
    end_node(r, index, r->position);
    return KC_OK;
}

static enum kc_error read_word(struct reading *r)
{
    static const struct {
        const char *word;
        enum kc_json_kind kind;
    } words[] = {{"null", KC_JSON_NULL}, {"true", KC_JSON_BOOLEAN}, {"false", KC_JSON_BOOLEAN}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t size = strlen(words[i].word);
        uint32_t index;
        if (left(r) < size || memcmp(here(r), words[i].word, size) != 0)
            continue;
        enum kc_error error = add_node(r, words[i].kind, &index);
        if (error != KC_OK)
            return error;
        r->position += size;
        end_node(r, index, r->position);
        return KC_OK;
    }
    return KC_ERR_BAD_REQUEST;
}

/* Whether two strings mean the same text, however it is escaped. */
static bool same_text(struct kc_span a, struct kc_span b)
{
    struct kc_json_text_cursor x = {.left = a}, y = {.left = b};
    int octet;
    do {
        octet = kc_json_text_next(&x);
        if (octet != kc_json_text_next(&y))
            return false;
    } while (octet >= 0);
    return true;
}

static struct kc_span name_at(const struct reading *r, uint32_t index)
{
    const struct kc_json_node *node = &r->document->nodes[index];
    return (struct kc_span){r->document->text.bytes + node->start, node->size};
}

/* Whether the newest name was there before among the members of an object. */
static bool is_repeated(const struct reading *r, uint32_t object, uint32_t newest)
{
    for (uint32_t name = object + 1; name < newest; name = r->document->nodes[name + 1].after)
        if (same_text(name_at(r, name), name_at(r, newest)))
            return true;
    return false;
}

static enum kc_error read_name(struct reading *r, uint32_t object)
{
    skip_white_space(r);
    if (left(r) == 0 || *here(r) != '"')
        return KC_ERR_BAD_REQUEST;
    uint32_t name = (uint32_t)r->document->node_count;
    if (r->document->nodes[object].count == KC_JSON_MEMBERS_MAX)
        return KC_ERR_TOO_LARGE;
    enum kc_error error = read_string(r);
    if (error != KC_OK)
        return error;
    return is_repeated(r, object, name) || !takes(r, ':') ? KC_ERR_BAD_REQUEST : KC_OK;
}

static enum kc_error read_container(struct reading *r, enum kc_json_kind kind)
{
    const char close = kind == KC_JSON_OBJECT ? '}' : ']';
    uint32_t index;
    if (r->depth == KC_JSON_DEPTH_MAX)
        return KC_ERR_TOO_LARGE;
    enum kc_error error = add_node(r, kind, &index);
    if (error != KC_OK)
        return error;
    r->depth++;
    r->position++;
    for (bool more = !takes(r, close); more; more = !takes(r, close)) {
        if (r->document->nodes[index].count > 0 && !takes(r, ','))
            return KC_ERR_BAD_REQUEST;
        if (kind == KC_JSON_OBJECT && (error = read_name(r, index)) != KC_OK)
            return error;
        if ((error = read_value(r)) != KC_OK)
            return error;
        r->document->nodes[index].count++;
    }
    r->depth--;
    end_node(r, index, r->position);
    return KC_OK;
}

static enum kc_error read_value(struct reading *r)
{
    skip_white_space(r);
    if (left(r) == 0)
        return KC_ERR_BAD_REQUEST;
    uint8_t c = *here(r);
    if (c == '{')
        return read_container(r, KC_JSON_OBJECT);
    if (c == '[')
        return read_container(r, KC_JSON_ARRAY);
    if (c == '"')
        return read_string(r);
    return c == '-' || (c >= '0' && c <= '9') ? read_number(r) : read_word(r);
}

enum kc_error kc_json_read(struct kc_span text, size_t size_max, struct kc_json_document *document)
{
    struct kc_json_document read = {.text = text};
    struct reading r = {.document = &read};
    if (text.size > size_max || text.size > UINT32_MAX)
        return KC_ERR_TOO_LARGE;
    enum kc_error error = read_value(&r);
    if (error == KC_OK) {
        skip_white_space(&r);
        error = left(&r) == 0 ? KC_OK : KC_ERR_BAD_REQUEST;
    }
    if (error == KC_OK)
        *document = read;
    else
        kc_json_done(&read);
    return error;
}
