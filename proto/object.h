/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of the Mesh as one table: what is read, what is written, docs/mesh-objects.md and the
 * tests are all made from the rows of proto/object/.
 *
 *     KC_OBJECT(name, ROOT | FROM(parent), "years", fields...)
 *
 * and a field is one of
 *
 *     TEXT INTEGER BOOLEAN OCTETS TIME ENVELOPE VALUE ("name", "years")
 *     OBJECT("name", type, "years")     a plain object of just that type
 *     TAGGED("name", type, "years")     {"Tag": {...}}, the tag that type or one made from it
 *     ENVELOPED("name", type, "years")  a DARE envelope, in it a tagged object of that type
 *     any of them with _LIST            an array of such
 *     WAS("name", "now", "years")       an older spelling of a field: read, never written
 *
 * years: the generations that have it, 18 to 22; "ours" is an extension that others ignore; "text"
 * a spelling that only the text of a document has. VALUE is kept as it stands.
 *
 * "Every field is optional on the wire": which are needed is for whoever uses the object to say.
 */
#ifndef KC_PROTO_OBJECT_H
#define KC_PROTO_OBJECT_H

#include "proto/json_write.h"

enum kc_object_type {
    KC_OBJECT_NONE,
#define KC_OBJECT(name, ...) KC_OBJECT_##name,
#include "proto/object/all.def"
#undef KC_OBJECT
    KC_OBJECT_COUNT
};

enum kc_object_kind {
    KC_OBJECT_KIND_TEXT,
    KC_OBJECT_KIND_INTEGER,
    KC_OBJECT_KIND_BOOLEAN,
    KC_OBJECT_KIND_OCTETS,
    KC_OBJECT_KIND_TIME,
    KC_OBJECT_KIND_OBJECT,
    KC_OBJECT_KIND_TAGGED,
    KC_OBJECT_KIND_ENVELOPE,
    KC_OBJECT_KIND_VALUE,
};

struct kc_object_field {
    const char *name; /* NULL: the end of the list */
    const char *years;
    const char *now; /* the spelling that is written, for one that is not; else NULL */
    enum kc_object_kind kind;
    bool is_list;
    enum kc_object_type type; /* of OBJECT, TAGGED and ENVELOPE; NONE: any */
};

struct kc_object_info {
    const char *name;
    enum kc_object_type parent; /* NONE: it has none */
    const char *years;
    const struct kc_object_field *fields; /* its own */
};

/* The row of a type; that of NONE is empty. */
const struct kc_object_info *kc_object_info(enum kc_object_type type);

/* NONE: there is no such type. */
enum kc_object_type kc_object_type_find(struct kc_json name);

/* Whether a type is another or made from it; anything is a NONE. */
bool kc_object_type_is(enum kc_object_type type, enum kc_object_type base);

/* A field by any of its spellings, its own or inherited; always the row of the current spelling.
 * NULL: it has none. */
const struct kc_object_field *kc_object_field(enum kc_object_type type, struct kc_json name);

/* A row by just this spelling; NULL: there is none. */
const struct kc_object_field *kc_object_field_named(enum kc_object_type type, const char *name);

/* An object that was checked against the table. Points into its document. */
struct kc_object {
    enum kc_object_type type; /* NONE: a tag that is not known */
    struct kc_json value;     /* what is in the tag */
};

struct kc_object_notes {
    size_t unknown_count;  /* members and tags that are not in the table, and were passed over */
    const char *bad_field; /* what did not fit its row; NULL if that was something else */
};

/*
 * Checks a value against the table: every member that it knows, at every level. What is in
 * envelopes is not looked at: that is for after their signatures are verified.
 *
 * type   what stands there (read), or what the tag must be or be made from (read_tagged)
 * notes  written in any case; or NULL
 *
 * KC_ERR_BAD_REQUEST  no object, not one tag, a tag of another kind, a member that is not of its
 *                     kind, or one thing in two spellings
 */
KC_CHECKED enum kc_error kc_object_read(struct kc_json value, enum kc_object_type type,
    struct kc_object *object, struct kc_object_notes *notes);
KC_CHECKED enum kc_error kc_object_read_tagged(struct kc_json value, enum kc_object_type base,
    struct kc_object *object, struct kc_object_notes *notes);

/*
 * Reads a document that is one tagged object, such as the payload of an envelope.
 *
 * octets    borrowed for as long as the document is used
 * document  given: kc_json_done
 *
 * KC_ERR_TOO_LARGE, KC_ERR_BAD_REQUEST  as kc_json_read and kc_object_read_tagged; also a tag that
 *                                       is not known
 */
KC_CHECKED enum kc_error kc_object_parse(struct kc_span octets, size_t size_max,
    enum kc_object_type base, struct kc_json_document *document, struct kc_object *object,
    struct kc_object_notes *notes);

/* A field by its current name, whatever its spelling in the document; absent if it is not there or
 * null. */
struct kc_json kc_object_member(const struct kc_object *object, const char *name);

/* The same of a field that is an object or tagged; type NONE if it is not there. */
struct kc_object kc_object_inner(const struct kc_object *object, const char *name);

/* A tagged item of a list that was read. */
struct kc_object kc_object_item(struct kc_json list, size_t index);

/* --- writing --- */

/*
 * Writes objects by the table: a name or a kind that is not the open object's fails, as does an
 * older spelling.
 *
 *     kc_object_writer_init(&w, bytes, sizeof bytes);
 *     kc_object_write_tagged(&w, NULL, KC_OBJECT_OperateRequest);
 *     kc_object_write_text(&w, "AccountAddress", "alice@example.com");
 *     kc_object_write_list(&w, "Operations");
 *     kc_object_write_tagged(&w, NULL, KC_OBJECT_CryptographicOperationSign);
 *     kc_object_write_octets(&w, "Data", data);
 *     kc_object_write_end(&w);     the operation
 *     kc_object_write_end(&w);     the list
 *     kc_object_write_end(&w);     the request
 *     error = kc_object_writer_finish(&w);
 *
 * The name of an item of a list, and of the outermost object, is NULL.
 */
#define KC_OBJECT_LEVELS_MAX KC_JSON_DEPTH_MAX

struct kc_object_writer {
    struct kc_json_writer json;
    struct {
        enum kc_object_type type;           /* of an open object */
        const struct kc_object_field *list; /* of an open list, else NULL */
        bool is_tagged;
    } open[KC_OBJECT_LEVELS_MAX];
    unsigned depth;
    bool wrong;
};

void kc_object_writer_init(struct kc_object_writer *w, void *bytes, size_t limit);

void kc_object_write_object(struct kc_object_writer *w, const char *name, enum kc_object_type type);
void kc_object_write_tagged(struct kc_object_writer *w, const char *name, enum kc_object_type type);
void kc_object_write_list(struct kc_object_writer *w, const char *name);
/* Closes what was opened last. */
void kc_object_write_end(struct kc_object_writer *w);

void kc_object_write_text(struct kc_object_writer *w, const char *name, const char *text);
void kc_object_write_integer(struct kc_object_writer *w, const char *name, int64_t integer);
void kc_object_write_boolean(struct kc_object_writer *w, const char *name, bool boolean);
void kc_object_write_octets(struct kc_object_writer *w, const char *name, struct kc_span octets);
/* Seconds since 1970. */
void kc_object_write_time(struct kc_object_writer *w, const char *name, int64_t seconds);
/* An envelope or a VALUE, as JSON. */
void kc_object_write_source(struct kc_object_writer *w, const char *name, struct kc_span source);

/* A whole object that was read, in the current spelling, without what the table does not know. */
void kc_object_write_copy(
    struct kc_object_writer *w, const char *name, const struct kc_object *object, bool is_tagged);

/*
 * w->json.out.size octets are then written.
 *
 * KC_ERR_TOO_LARGE  they did not fit
 * KC_ERR_INTERNAL   something is not in the table, or is still open
 */
KC_CHECKED enum kc_error kc_object_writer_finish(const struct kc_object_writer *w);

#endif
