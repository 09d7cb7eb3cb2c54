/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/json.h"

#include "proto/base64url.h"
#include "proto/json_text.h"
#include "proto/moment.h"

#include <stdlib.h>
#include <string.h>

static const struct kc_json_node *node_of(struct kc_json value)
{
    return value.document != NULL ? &value.document->nodes[value.node] : NULL;
}

static struct kc_json value_at(const struct kc_json_document *document, uint32_t node)
{
    return (struct kc_json){document, node};
}

void kc_json_done(struct kc_json_document *document)
{
    free(document->nodes);
    *document = (struct kc_json_document){0};
}

struct kc_json kc_json_root(const struct kc_json_document *document)
{
    return document->node_count > 0 ? value_at(document, 0) : (struct kc_json){0};
}

enum kc_json_kind kc_json_kind(struct kc_json value)
{
    const struct kc_json_node *node = node_of(value);
    return node != NULL ? node->kind : KC_JSON_ABSENT;
}

size_t kc_json_count(struct kc_json value)
{
    const struct kc_json_node *node = node_of(value);
    return node != NULL ? node->count : 0;
}

struct kc_json_walk kc_json_walk(struct kc_json container)
{
    return (struct kc_json_walk){.value = container,
        .next = container.node + 1,
        .left = (uint32_t)kc_json_count(container),
        .members = kc_json_kind(container) == KC_JSON_OBJECT};
}

bool kc_json_walk_next(struct kc_json_walk *walk)
{
    const struct kc_json_document *document = walk->value.document;
    if (walk->left == 0)
        return false;
    walk->left--;
    if (walk->members)
        walk->name = value_at(document, walk->next++);
    walk->value = value_at(document, walk->next);
    walk->next = document->nodes[walk->next].after;
    return true;
}

struct kc_json kc_json_member(struct kc_json object, const char *name)
{
    if (kc_json_kind(object) != KC_JSON_OBJECT)
        return (struct kc_json){0};
    struct kc_json_walk walk = kc_json_walk(object);
    while (kc_json_walk_next(&walk))
        if (kc_json_is_text(walk.name, name))
            return walk.value;
    return (struct kc_json){0};
}

struct kc_json kc_json_item(struct kc_json array, size_t index)
{
    if (kc_json_kind(array) != KC_JSON_ARRAY || index >= kc_json_count(array))
        return (struct kc_json){0};
    struct kc_json_walk walk = kc_json_walk(array);
    for (size_t i = 0; i <= index; i++)
        (void)kc_json_walk_next(&walk);
    return walk.value;
}

struct kc_span kc_json_source(struct kc_json value)
{
    const struct kc_json_node *node = node_of(value);
    if (node == NULL)
        return (struct kc_span){NULL, 0};
    size_t quote = node->kind == KC_JSON_STRING;
    return (struct kc_span){
        value.document->text.bytes + node->start - quote, node->size + 2 * quote};
}

/* The start of a string's text; of anything else there is none. */
static struct kc_json_text_cursor text_of(struct kc_json value)
{
    const struct kc_json_node *node = node_of(value);
    if (kc_json_kind(value) != KC_JSON_STRING)
        return (struct kc_json_text_cursor){0};
    return (struct kc_json_text_cursor){
        .left = {value.document->text.bytes + node->start, node->size}};
}

bool kc_json_is_text(struct kc_json value, const char *text)
{
    struct kc_json_text_cursor cursor = text_of(value);
    int octet;
    if (kc_json_kind(value) != KC_JSON_STRING)
        return false;
    while ((octet = kc_json_text_next(&cursor)) >= 0)
        if (*text == '\0' || (uint8_t)*text++ != octet)
            return false;
    return *text == '\0';
}

enum kc_error kc_json_text(struct kc_json value, char *text, size_t room)
{
    struct kc_json_text_cursor cursor = text_of(value);
    size_t size = 0;
    int octet;
    if (kc_json_kind(value) != KC_JSON_STRING)
        return KC_ERR_BAD_REQUEST;
    for (struct kc_json_text_cursor ahead = cursor; (octet = kc_json_text_next(&ahead)) >= 0;) {
        if (octet == 0)
            return KC_ERR_BAD_REQUEST;
        size++;
    }
    if (size >= room)
        return KC_ERR_TOO_LARGE;
    while ((octet = kc_json_text_next(&cursor)) >= 0)
        *text++ = (char)octet;
    *text = '\0';
    return KC_OK;
}

size_t kc_json_octets_max(struct kc_json value)
{
    const struct kc_json_node *node = node_of(value);
    return node != NULL ? node->size / 4 * 3 + 3 : 0;
}

/* Takes characters that stand for themselves. */
static void take_eights(struct kc_json_text_cursor *cursor, struct kc_base64url_decoder *decoder)
{
    while (cursor->pending_count == 0 && cursor->left.size >= 8 &&
           kc_base64url_decoder_push_eight(decoder, cursor->left.bytes)) {
        cursor->left.bytes += 8;
        cursor->left.size -= 8;
    }
}

enum kc_error kc_json_octets(struct kc_json value, uint8_t *octets, size_t *size)
{
    struct kc_json_text_cursor cursor = text_of(value);
    struct kc_base64url_decoder decoder;
    int octet;
    if (kc_json_kind(value) != KC_JSON_STRING)
        return KC_ERR_BAD_REQUEST;
    kc_base64url_decoder_init(&decoder, octets, *size);
    do {
        take_eights(&cursor, &decoder);
        octet = kc_json_text_next(&cursor);
        if (octet >= 0)
            kc_base64url_decoder_push(&decoder, (char)octet);
    } while (octet >= 0);
    enum kc_error error = kc_base64url_decoder_finish(&decoder);
    if (error == KC_OK)
        *size = decoder.size;
    return error == KC_ERR_BAD_ARGUMENT ? KC_ERR_BAD_REQUEST : error;
}

enum kc_error kc_json_integer(struct kc_json value, int64_t *integer)
{
    const struct kc_json_node *node = node_of(value);
    int64_t read = 0;
    if (node == NULL || node->kind != KC_JSON_NUMBER)
        return KC_ERR_BAD_REQUEST;
    const uint8_t *digits = value.document->text.bytes + node->start;
    bool negative = digits[0] == '-';
    /* The reader has seen to it that there is no overflow. */
    for (size_t i = negative; i < node->size; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return KC_ERR_BAD_REQUEST;
        read = read * 10 + (digits[i] - '0');
    }
    *integer = negative ? -read : read;
    return KC_OK;
}

enum kc_error kc_json_boolean(struct kc_json value, bool *boolean)
{
    const struct kc_json_node *node = node_of(value);
    if (node == NULL || node->kind != KC_JSON_BOOLEAN)
        return KC_ERR_BAD_REQUEST;
    *boolean = value.document->text.bytes[node->start] == 't';
    return KC_OK;
}

enum kc_error kc_json_time(struct kc_json value, int64_t *seconds)
{
    char text[KC_MOMENT_READ_MAX];
    enum kc_error error = kc_json_text(value, text, sizeof text);
    if (error != KC_OK || !kc_moment_parse(text, seconds))
        return KC_ERR_BAD_REQUEST;
    return KC_OK;
}
