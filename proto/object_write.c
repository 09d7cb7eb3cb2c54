/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/object.h"

void kc_object_writer_init(struct kc_object_writer *w, void *bytes, size_t limit)
{
    *w = (struct kc_object_writer){0};
    kc_json_writer_init(&w->json, bytes, limit);
}

/* The row that the next value has to fit, its name written; NULL: there is none, or it is the
 * outermost object. */
static const struct kc_object_field *field_next(struct kc_object_writer *w, const char *name)
{
    if (w->depth == 0) {
        w->wrong |= name != NULL || w->json.out.size > 0;
        return NULL;
    }
    const struct kc_object_field *list = w->open[w->depth - 1].list;
    if (list != NULL) {
        w->wrong |= name != NULL;
        return list;
    }
    const struct kc_object_field *field =
        name != NULL ? kc_object_field_named(w->open[w->depth - 1].type, name) : NULL;
    if (field == NULL || field->now != NULL) {
        w->wrong = true;
        return NULL;
    }
    kc_json_write_name(&w->json, name);
    return field;
}

static bool in_list(const struct kc_object_writer *w)
{
    return w->depth > 0 && w->open[w->depth - 1].list != NULL;
}

/* Whether a value of a kind may come next; its name is written. */
static bool expects(struct kc_object_writer *w, const char *name, enum kc_object_kind kind)
{
    const struct kc_object_field *field = field_next(w, name);
    if (field == NULL || field->kind != kind || field->is_list != in_list(w))
        w->wrong = true;
    return !w->wrong;
}

static void open_level(
    struct kc_object_writer *w, enum kc_object_type type, const struct kc_object_field *list)
{
    if (w->depth == KC_OBJECT_LEVELS_MAX) {
        w->wrong = true;
        return;
    }
    w->open[w->depth].type = type;
    w->open[w->depth].list = list;
    w->open[w->depth].is_tagged = false;
    w->depth++;
}

void kc_object_write_object(struct kc_object_writer *w, const char *name, enum kc_object_type type)
{
    const struct kc_object_field *field = field_next(w, name);
    if (field == NULL || field->kind != KC_OBJECT_KIND_OBJECT || field->type != type ||
        field->is_list != in_list(w))
        w->wrong = true;
    if (w->wrong)
        return;
    kc_json_write_object(&w->json);
    open_level(w, type, NULL);
}

void kc_object_write_tagged(struct kc_object_writer *w, const char *name, enum kc_object_type type)
{
    bool outermost = w->depth == 0;
    const struct kc_object_field *field = field_next(w, name);
    if (!outermost && (field == NULL || field->kind != KC_OBJECT_KIND_TAGGED ||
                          !kc_object_type_is(type, field->type) || field->is_list != in_list(w)))
        w->wrong = true;
    if (w->wrong)
        return;
    kc_json_write_object(&w->json);
    kc_json_write_name(&w->json, kc_object_info(type)->name);
    kc_json_write_object(&w->json);
    open_level(w, type, NULL);
    w->open[w->depth - 1].is_tagged = true;
}

void kc_object_write_list(struct kc_object_writer *w, const char *name)
{
    bool nested = in_list(w);
    const struct kc_object_field *field = field_next(w, name);
    if (field == NULL || !field->is_list || nested)
        w->wrong = true;
    if (w->wrong)
        return;
    kc_json_write_array(&w->json);
    open_level(w, KC_OBJECT_NONE, field);
}

void kc_object_write_end(struct kc_object_writer *w)
{
    if (w->depth == 0)
        w->wrong = true;
    if (w->wrong)
        return;
    w->depth--;
    kc_json_write_end(&w->json);
    if (w->open[w->depth].is_tagged)
        kc_json_write_end(&w->json);
}

void kc_object_write_text(struct kc_object_writer *w, const char *name, const char *text)
{
    if (expects(w, name, KC_OBJECT_KIND_TEXT))
        kc_json_write_text(&w->json, text);
}

void kc_object_write_integer(struct kc_object_writer *w, const char *name, int64_t integer)
{
    if (expects(w, name, KC_OBJECT_KIND_INTEGER))
        kc_json_write_integer(&w->json, integer);
}

void kc_object_write_boolean(struct kc_object_writer *w, const char *name, bool boolean)
{
    if (expects(w, name, KC_OBJECT_KIND_BOOLEAN))
        kc_json_write_boolean(&w->json, boolean);
}

void kc_object_write_octets(struct kc_object_writer *w, const char *name, struct kc_span octets)
{
    if (expects(w, name, KC_OBJECT_KIND_OCTETS))
        kc_json_write_octets(&w->json, octets);
}

void kc_object_write_time(struct kc_object_writer *w, const char *name, int64_t seconds)
{
    if (expects(w, name, KC_OBJECT_KIND_TIME))
        kc_json_write_time(&w->json, seconds);
}

void kc_object_write_source(struct kc_object_writer *w, const char *name, struct kc_span source)
{
    const struct kc_object_field *field = field_next(w, name);
    if (field == NULL || field->is_list != in_list(w) ||
        (field->kind != KC_OBJECT_KIND_ENVELOPE && field->kind != KC_OBJECT_KIND_VALUE))
        w->wrong = true;
    if (!w->wrong)
        kc_json_write_source(&w->json, source);
}

/* Writes a value that was read, and so fits its row, as it stands; objects by the table. */
static void copy_value(struct kc_object_writer *w, const char *name,
    const struct kc_object_field *field, struct kc_json value)
{
    struct kc_object object;
    bool is_tagged = field->kind == KC_OBJECT_KIND_TAGGED;
    if (field->kind == KC_OBJECT_KIND_OBJECT &&
        kc_object_read(value, field->type, &object, NULL) == KC_OK) {
        kc_object_write_copy(w, name, &object, false);
    } else if (is_tagged && kc_object_read_tagged(value, field->type, &object, NULL) == KC_OK &&
               object.type != KC_OBJECT_NONE) {
        kc_object_write_copy(w, name, &object, true);
    } else {
        (void)field_next(w, name);
        if (!w->wrong)
            kc_json_write_source(&w->json, kc_json_source(value));
    }
}

static void copy_member(
    struct kc_object_writer *w, const struct kc_object_field *field, struct kc_json value)
{
    if (kc_json_kind(value) == KC_JSON_NULL)
        return;
    if (!field->is_list) {
        copy_value(w, field->name, field, value);
        return;
    }
    kc_object_write_list(w, field->name);
    struct kc_json_walk walk = kc_json_walk(value);
    while (kc_json_walk_next(&walk))
        copy_value(w, NULL, field, walk.value);
    kc_object_write_end(w);
}

void kc_object_write_copy(
    struct kc_object_writer *w, const char *name, const struct kc_object *object, bool is_tagged)
{
    if (is_tagged)
        kc_object_write_tagged(w, name, object->type);
    else
        kc_object_write_object(w, name, object->type);
    struct kc_json_walk walk = kc_json_walk(object->value);
    while (kc_json_walk_next(&walk)) {
        const struct kc_object_field *field = kc_object_field(object->type, walk.name);
        if (field != NULL)
            copy_member(w, field, walk.value);
    }
    kc_object_write_end(w);
}

enum kc_error kc_object_writer_finish(const struct kc_object_writer *w)
{
    if (w->wrong || w->depth > 0)
        return KC_ERR_INTERNAL;
    return kc_json_writer_finish(&w->json);
}
