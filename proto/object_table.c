/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/object.h"

#include <string.h>

#define ONE(n, k, t, y)                                                                            \
    {                                                                                              \
        .name = (n), .kind = KC_OBJECT_KIND_##k, .type = KC_OBJECT_##t, .years = (y)               \
    }
#define MANY(n, k, t, y)                                                                           \
    {                                                                                              \
        .name = (n), .kind = KC_OBJECT_KIND_##k, .type = KC_OBJECT_##t, .years = (y),              \
        .is_list = true                                                                            \
    }
#define TEXT(name, years) ONE(name, TEXT, NONE, years)
#define TEXT_LIST(name, years) MANY(name, TEXT, NONE, years)
#define INTEGER(name, years) ONE(name, INTEGER, NONE, years)
#define INTEGER_LIST(name, years) MANY(name, INTEGER, NONE, years)
#define BOOLEAN(name, years) ONE(name, BOOLEAN, NONE, years)
#define OCTETS(name, years) ONE(name, OCTETS, NONE, years)
#define OCTETS_LIST(name, years) MANY(name, OCTETS, NONE, years)
#define TIME(name, years) ONE(name, TIME, NONE, years)
#define OBJECT(name, type, years) ONE(name, OBJECT, type, years)
#define OBJECT_LIST(name, type, years) MANY(name, OBJECT, type, years)
#define TAGGED(name, type, years) ONE(name, TAGGED, type, years)
#define TAGGED_LIST(name, type, years) MANY(name, TAGGED, type, years)
#define ENVELOPE(name, years) ONE(name, ENVELOPE, NONE, years)
#define ENVELOPE_LIST(name, years) MANY(name, ENVELOPE, NONE, years)
#define ENVELOPED(name, type, years) ONE(name, ENVELOPE, type, years)
#define ENVELOPED_LIST(name, type, years) MANY(name, ENVELOPE, type, years)
#define VALUE(name, years) ONE(name, VALUE, NONE, years)
#define VALUE_LIST(name, years) MANY(name, VALUE, NONE, years)
#define WAS(old, current, y)                                                                       \
    {                                                                                              \
        .name = (old), .now = (current), .years = (y)                                              \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#define KC_OBJECT(object, parents, years, ...)                                                     \
    static const struct kc_object_field fields_of_##object[] = {__VA_ARGS__, END};
#define NONE END
#include "proto/object/all.def"
#undef NONE
#undef KC_OBJECT

static const struct kc_object_info infos[KC_OBJECT_COUNT] = {
    [KC_OBJECT_NONE] = {.name = "", .years = "", .fields = (const struct kc_object_field[]){END}},
#define ROOT KC_OBJECT_NONE
#define FROM(type) KC_OBJECT_##type
#define KC_OBJECT(object, from, when, ...)                                                         \
    [KC_OBJECT_##object] = {                                                                       \
        .name = #object, .parent = from, .years = (when), .fields = fields_of_##object},
#include "proto/object/all.def"
#undef KC_OBJECT
};

const struct kc_object_info *kc_object_info(enum kc_object_type type)
{
    return &infos[type];
}

enum kc_object_type kc_object_type_find(struct kc_json name)
{
    for (unsigned type = KC_OBJECT_NONE + 1; type < KC_OBJECT_COUNT; type++)
        if (kc_json_is_text(name, infos[type].name))
            return (enum kc_object_type)type;
    return KC_OBJECT_NONE;
}

bool kc_object_type_is(enum kc_object_type type, enum kc_object_type base)
{
    if (type == base || base == KC_OBJECT_NONE)
        return true;
    if (type == KC_OBJECT_NONE)
        return false;
    const struct kc_object_info *info = kc_object_info(type);
    return info->parent != KC_OBJECT_NONE && kc_object_type_is(info->parent, base);
}

/* A row by its spelling, the type's own or the nearest that it inherits. */
static const struct kc_object_field *row_by_json(enum kc_object_type type, struct kc_json name)
{
    const struct kc_object_info *info = kc_object_info(type);
    if (type == KC_OBJECT_NONE)
        return NULL;
    for (const struct kc_object_field *field = info->fields; field->name != NULL; field++)
        if (kc_json_is_text(name, field->name))
            return field;
    return row_by_json(info->parent, name);
}

const struct kc_object_field *kc_object_field_named(enum kc_object_type type, const char *name)
{
    const struct kc_object_info *info = kc_object_info(type);
    if (type == KC_OBJECT_NONE)
        return NULL;
    for (const struct kc_object_field *field = info->fields; field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return kc_object_field_named(info->parent, name);
}

const struct kc_object_field *kc_object_field(enum kc_object_type type, struct kc_json name)
{
    const struct kc_object_field *field = row_by_json(type, name);
    if (field == NULL || field->now == NULL)
        return field;
    return kc_object_field_named(type, field->now);
}
