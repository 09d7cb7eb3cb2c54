/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON that somebody else wrote: the one bounded reader, also for what is read inside the
 * vault.
 *
 * A document is read once into nodes that say where in the text each value stands; the text itself
 * is borrowed and never copied, so that what is digested are the octets that came, and a key in a
 * decrypted document is in no second place. Tolerant where Mesh documents need it: a raw line feed,
 * carriage return or tab may stand in a string, and white space in a string of octets is dropped.
 *
 * Refused are: a member twice (escapes do not hide it), nesting deeper than KC_JSON_DEPTH_MAX, more
 * values than KC_JSON_NODES_MAX, numbers beyond 2^53, other raw control characters, text that is
 * not UTF-8.
 */
#ifndef KC_PROTO_JSON_H
#define KC_PROTO_JSON_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>

#define KC_JSON_DEPTH_MAX 16
#define KC_JSON_NODES_MAX 65536 /* values and names in a document */
#define KC_JSON_MEMBERS_MAX 256 /* in one object */
#define KC_JSON_INTEGER_MAX ((int64_t)1 << 53)

enum kc_json_kind {
    KC_JSON_ABSENT, /* there is no such value */
    KC_JSON_NULL,
    KC_JSON_BOOLEAN,
    KC_JSON_NUMBER,
    KC_JSON_STRING,
    KC_JSON_ARRAY,
    KC_JSON_OBJECT,
};

struct kc_json_node {
    uint32_t start, size; /* in the text; of a string without its quotes */
    uint32_t after;       /* the node after this one and all that is in it */
    uint32_t count;       /* items or members in it */
    enum kc_json_kind kind;
};

struct kc_json_document {
    struct kc_span text; /* borrowed */
    struct kc_json_node *nodes;
    size_t node_count;
};

/* A value in a document, which must outlive it and stay where it is. A zeroed one is absent, and so is all in it. */
struct kc_json {
    const struct kc_json_document *document;
    uint32_t node;
};

/*
 * Reads one document.
 *
 * text      borrowed for as long as the document is used
 * size_max  octets at most
 * document  given: kc_json_done
 *
 * KC_ERR_TOO_LARGE    more octets, values, members or levels than the limits
 * KC_ERR_BAD_REQUEST  not JSON, a member twice, or a number beyond 2^53
 */
KC_CHECKED enum kc_error kc_json_read(
    struct kc_span text, size_t size_max, struct kc_json_document *document);

/* Fine with a zeroed one. */
void kc_json_done(struct kc_json_document *document);

struct kc_json kc_json_root(const struct kc_json_document *document);

enum kc_json_kind kc_json_kind(struct kc_json value);

static inline bool kc_json_is_there(struct kc_json value)
{
    return kc_json_kind(value) != KC_JSON_ABSENT;
}

/* Items of an array, members of an object, else 0. */
size_t kc_json_count(struct kc_json value);

/* A member of an object, an item of an array; absent if it is not there. */
struct kc_json kc_json_member(struct kc_json object, const char *name);
struct kc_json kc_json_item(struct kc_json array, size_t index);

/* Goes through an array or an object in its order; names are strings of an object, else absent. */
struct kc_json_walk {
    struct kc_json name, value;
    uint32_t next, left;
    bool members;
};
struct kc_json_walk kc_json_walk(struct kc_json container);
bool kc_json_walk_next(struct kc_json_walk *walk);

/* The octets that the value stands in, lent. */
struct kc_span kc_json_source(struct kc_json value);

/* Whether a value is a string of just this text. */
bool kc_json_is_text(struct kc_json value, const char *text);

/*
 * The text of a string, terminated.
 *
 * KC_ERR_BAD_REQUEST  no string, or it contains U+0000
 * KC_ERR_TOO_LARGE    it needs more than room octets
 */
KC_CHECKED enum kc_error kc_json_text(struct kc_json value, char *text, size_t room);

/* Octets at most that kc_json_octets can write for a value. */
size_t kc_json_octets_max(struct kc_json value);

/*
 * The octets of a base64url string.
 *
 * size  in: room; out: octets written
 *
 * KC_ERR_BAD_REQUEST  no string, or not base64url
 * KC_ERR_TOO_LARGE    it does not fit
 */
KC_CHECKED enum kc_error kc_json_octets(struct kc_json value, uint8_t *octets, size_t *size);

/* A number without fraction and exponent, -2^53..2^53. KC_ERR_BAD_REQUEST: it is none. */
KC_CHECKED enum kc_error kc_json_integer(struct kc_json value, int64_t *integer);

/* KC_ERR_BAD_REQUEST: neither true nor false. */
KC_CHECKED enum kc_error kc_json_boolean(struct kc_json value, bool *boolean);

/* A moment in UTC, such as "2021-08-05T16:37:31Z"; a fraction of a second is dropped.
 *
 * seconds  since 1970
 *
 * KC_ERR_BAD_REQUEST  no string, or no moment from 1970 on
 */
KC_CHECKED enum kc_error kc_json_time(struct kc_json value, int64_t *seconds);

#endif
