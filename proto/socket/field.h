/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of the socket API: the table of what they are, fields.def, and sets of them.
 *
 * A set is a value: it is copied, given and returned as it is. {0} is the empty one.
 */
#ifndef KC_PROTO_SOCKET_FIELD_H
#define KC_PROTO_SOCKET_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kc_field_type {
    KC_TYPE_UINT,
    KC_TYPE_BOOL,
    KC_TYPE_TEXT,
    KC_TYPE_BYTES,
    KC_TYPE_DATA,
    KC_TYPE_SECRET,
    KC_TYPE_ITEMS,
};

enum kc_field {
#define KC_FIELD(symbol, name, type, least, most, choices, sentence) KC_FIELD_##symbol,
#include "proto/socket/fields.def"
#undef KC_FIELD
    KC_FIELDS, /* how many there are */
};

struct kc_field_row {
    const char *name;
    size_t name_size; /* bytes, without terminator */
    enum kc_field_type type;
    uint64_t least, most;
    const char *choices; /* of a TEXT: its values, with a space between; NULL: any */
    const char *sentence;
};

extern const struct kc_field_row kc_fields[KC_FIELDS];

/* --- sets --- */

/* Room for fields to come: what is compiled against this header keeps fitting (see fields.def). */
#define KC_FIELD_WORDS 4
#define KC_FIELD_ROOM (64 * KC_FIELD_WORDS)

_Static_assert(KC_FIELDS <= KC_FIELD_ROOM, "each field has its bit in a set");

struct kc_field_set {
    uint64_t word[KC_FIELD_WORDS]; /* a field is bit field % 64 of word field / 64 */
};

static inline bool kc_field_set_has(const struct kc_field_set *set, enum kc_field field)
{
    return (set->word[field / 64] >> (field % 64) & 1) != 0;
}

static inline void kc_field_set_add(struct kc_field_set *set, enum kc_field field)
{
    set->word[field / 64] |= UINT64_C(1) << (field % 64);
}

static inline void kc_field_set_remove(struct kc_field_set *set, enum kc_field field)
{
    set->word[field / 64] &= ~(UINT64_C(1) << (field % 64));
}

/* Takes the lowest field out of a set; false if it is empty. A loop over a set takes all of a copy. */
static inline bool kc_field_set_take(struct kc_field_set *set, enum kc_field *field)
{
    for (unsigned int i = 0; i < KC_FIELD_WORDS; i++) {
        if (set->word[i] != 0) {
            *field = (enum kc_field)(64 * i + (unsigned int)__builtin_ctzll(set->word[i]));
            set->word[i] &= set->word[i] - 1;
            return true;
        }
    }
    return false;
}

static inline bool kc_field_set_empty(const struct kc_field_set *set)
{
    uint64_t any = 0;
    for (unsigned int i = 0; i < KC_FIELD_WORDS; i++)
        any |= set->word[i];
    return any == 0;
}

static inline size_t kc_field_set_count(const struct kc_field_set *set)
{
    size_t count = 0;
    for (unsigned int i = 0; i < KC_FIELD_WORDS; i++)
        count += (size_t)__builtin_popcountll(set->word[i]);
    return count;
}

/* The fields of either. */
static inline struct kc_field_set kc_field_set_or(struct kc_field_set a, struct kc_field_set b)
{
    for (unsigned int i = 0; i < KC_FIELD_WORDS; i++)
        a.word[i] |= b.word[i];
    return a;
}

/* The fields of both. */
static inline struct kc_field_set kc_field_set_and(struct kc_field_set a, struct kc_field_set b)
{
    for (unsigned int i = 0; i < KC_FIELD_WORDS; i++)
        a.word[i] &= b.word[i];
    return a;
}

/* The fields of a that b does not have. */
static inline struct kc_field_set kc_field_set_without(struct kc_field_set a, struct kc_field_set b)
{
    for (unsigned int i = 0; i < KC_FIELD_WORDS; i++)
        a.word[i] &= ~b.word[i];
    return a;
}

#endif
