/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/object.h"

#define FIELDS_MAX 64 /* of a type, inherited ones included: a test counts them */

static bool is_null(struct kc_json value)
{
    return kc_json_kind(value) == KC_JSON_NULL;
}

/* [header, payload] or [header, payload, trailer]. */
static bool is_envelope(struct kc_json value)
{
    struct kc_json trailer = kc_json_item(value, 2);
    return kc_json_count(value) <= 3 && kc_json_kind(kc_json_item(value, 0)) == KC_JSON_OBJECT &&
           kc_json_kind(kc_json_item(value, 1)) == KC_JSON_STRING &&
           (!kc_json_is_there(trailer) || kc_json_kind(trailer) == KC_JSON_OBJECT);
}

/* Whether a string is base64url, without room for what it means. */
static bool is_octets(struct kc_json value)
{
    size_t none = 0;
    enum kc_error error = kc_json_octets(value, NULL, &none);
    return error == KC_OK || error == KC_ERR_TOO_LARGE;
}

static bool is_plain(struct kc_json value, enum kc_object_kind kind)
{
    int64_t integer;
    switch (kind) {
    case KC_OBJECT_KIND_TEXT:
        return kc_json_kind(value) == KC_JSON_STRING;
    case KC_OBJECT_KIND_INTEGER:
        return kc_json_integer(value, &integer) == KC_OK;
    case KC_OBJECT_KIND_BOOLEAN:
        return kc_json_kind(value) == KC_JSON_BOOLEAN;
    case KC_OBJECT_KIND_OCTETS:
        return is_octets(value);
    case KC_OBJECT_KIND_TIME:
        return kc_json_time(value, &integer) == KC_OK;
    case KC_OBJECT_KIND_ENVELOPE:
        return is_envelope(value);
    case KC_OBJECT_KIND_VALUE:
    case KC_OBJECT_KIND_OBJECT:
    case KC_OBJECT_KIND_TAGGED:
        break;
    }
    return true;
}

static bool item_fits(
    struct kc_json value, const struct kc_object_field *field, struct kc_object_notes *notes)
{
    struct kc_object object;
    if (field->kind == KC_OBJECT_KIND_OBJECT)
        return kc_object_read(value, field->type, &object, notes) == KC_OK;
    if (field->kind == KC_OBJECT_KIND_TAGGED)
        return kc_object_read_tagged(value, field->type, &object, notes) == KC_OK;
    return is_plain(value, field->kind);
}

static bool member_fits(
    struct kc_json value, const struct kc_object_field *field, struct kc_object_notes *notes)
{
    if (is_null(value))
        return true;
    if (!field->is_list)
        return item_fits(value, field, notes);
    if (kc_json_kind(value) != KC_JSON_ARRAY)
        return false;
    struct kc_json_walk walk = kc_json_walk(value);
    while (kc_json_walk_next(&walk))
        if (!item_fits(walk.value, field, notes))
            return false;
    return true;
}

/* Keeps in mind that a field was there. False: it was before, perhaps in another spelling. */
static bool is_new(
    const struct kc_object_field **seen, size_t *count, const struct kc_object_field *field)
{
    for (size_t i = 0; i < *count; i++)
        if (seen[i] == field)
            return false;
    if (*count == FIELDS_MAX)
        return false;
    seen[(*count)++] = field;
    return true;
}

static enum kc_error members_read(
    struct kc_json value, enum kc_object_type type, struct kc_object_notes *notes)
{
    const struct kc_object_field *seen[FIELDS_MAX];
    size_t seen_count = 0;
    struct kc_json_walk walk = kc_json_walk(value);
    while (kc_json_walk_next(&walk)) {
        const struct kc_object_field *field = kc_object_field(type, walk.name);
        if (field == NULL) {
            notes->unknown_count++;
            continue;
        }
        if (!is_new(seen, &seen_count, field) || !member_fits(walk.value, field, notes)) {
            /* The innermost one says most. */
            if (notes->bad_field == NULL)
                notes->bad_field = field->name;
            return KC_ERR_BAD_REQUEST;
        }
    }
    return KC_OK;
}

enum kc_error kc_object_read(struct kc_json value, enum kc_object_type type,
    struct kc_object *object, struct kc_object_notes *notes)
{
    struct kc_object_notes unheard = {0};
    if (kc_json_kind(value) != KC_JSON_OBJECT)
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = members_read(value, type, notes != NULL ? notes : &unheard);
    if (error == KC_OK)
        *object = (struct kc_object){type, value};
    return error;
}

/* What is in the only tag; its type is NONE if that is not known. False: not one tag. */
static bool untag(struct kc_json tagged, struct kc_object *object)
{
    struct kc_json_walk walk = kc_json_walk(tagged);
    if (kc_json_kind(tagged) != KC_JSON_OBJECT || kc_json_count(tagged) != 1 ||
        !kc_json_walk_next(&walk))
        return false;
    *object = (struct kc_object){kc_object_type_find(walk.name), walk.value};
    return true;
}

enum kc_error kc_object_read_tagged(struct kc_json value, enum kc_object_type base,
    struct kc_object *object, struct kc_object_notes *notes)
{
    struct kc_object inner;
    if (!untag(value, &inner) || kc_json_kind(inner.value) != KC_JSON_OBJECT)
        return KC_ERR_BAD_REQUEST;
    if (inner.type == KC_OBJECT_NONE) {
        if (notes != NULL)
            notes->unknown_count++;
        *object = inner;
        return KC_OK;
    }
    if (!kc_object_type_is(inner.type, base))
        return KC_ERR_BAD_REQUEST;
    return kc_object_read(inner.value, inner.type, object, notes);
}

enum kc_error kc_object_parse(struct kc_span octets, size_t size_max, enum kc_object_type base,
    struct kc_json_document *document, struct kc_object *object, struct kc_object_notes *notes)
{
    struct kc_object_notes unheard = {0};
    struct kc_object read;
    if (notes == NULL)
        notes = &unheard;
    *notes = (struct kc_object_notes){0};
    enum kc_error error = kc_json_read(octets, size_max, document);
    if (error != KC_OK)
        return error;
    error = kc_object_read_tagged(kc_json_root(document), base, &read, notes);
    if (error == KC_OK && read.type == KC_OBJECT_NONE)
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK)
        *object = read;
    else
        kc_json_done(document);
    return error;
}

struct kc_json kc_object_member(const struct kc_object *object, const char *name)
{
    const struct kc_object_field *wanted = kc_object_field_named(object->type, name);
    struct kc_json_walk walk = kc_json_walk(object->value);
    struct kc_json none = {0};
    if (wanted == NULL)
        return none;
    while (kc_json_walk_next(&walk))
        if (kc_object_field(object->type, walk.name) == wanted)
            return is_null(walk.value) ? none : walk.value;
    return none;
}

struct kc_object kc_object_inner(const struct kc_object *object, const char *name)
{
    const struct kc_object_field *field = kc_object_field_named(object->type, name);
    struct kc_json value = kc_object_member(object, name);
    struct kc_object inner = {KC_OBJECT_NONE, {0}};
    if (!kc_json_is_there(value))
        return inner;
    if (field->kind == KC_OBJECT_KIND_OBJECT)
        inner = (struct kc_object){field->type, value};
    else if (field->kind == KC_OBJECT_KIND_TAGGED)
        (void)untag(value, &inner);
    return inner;
}

struct kc_object kc_object_item(struct kc_json list, size_t index)
{
    struct kc_object item = {KC_OBJECT_NONE, {0}};
    (void)untag(kc_json_item(list, index), &item);
    return item;
}
