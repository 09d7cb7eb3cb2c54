/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON into a buffer of the caller's; the counterpart of json.h.
 *
 * Sticky: what does not fit, or nests deeper than is read, marks the writer failed. Commas are its
 * business. Numbers, moments and octets take the forms of Mesh documents.
 *
 *     kc_json_writer_init(&w, bytes, sizeof bytes);
 *     kc_json_write_object(&w);
 *     kc_json_write_name(&w, "Status");
 *     kc_json_write_integer(&w, 201);
 *     kc_json_write_end(&w);
 *     if ((error = kc_json_writer_finish(&w)) != KC_OK)
 *         return error;
 *     send(bytes, w.out.size);
 */
#ifndef KC_PROTO_JSON_WRITE_H
#define KC_PROTO_JSON_WRITE_H

#include "base/writer.h"
#include "proto/json.h"

struct kc_json_writer {
    struct kc_writer out;
    unsigned depth;
    bool object[KC_JSON_DEPTH_MAX];    /* what is open is an object, not an array */
    bool has_items[KC_JSON_DEPTH_MAX]; /* what is open has something in it */
    bool after_name;
};

void kc_json_writer_init(struct kc_json_writer *w, void *bytes, size_t limit);

void kc_json_write_object(struct kc_json_writer *w);
void kc_json_write_array(struct kc_json_writer *w);

/* Closes what was opened last. */
void kc_json_write_end(struct kc_json_writer *w);

/* The name of the member whose value comes next. */
void kc_json_write_name(struct kc_json_writer *w, const char *name);

/* text is UTF-8. */
void kc_json_write_text(struct kc_json_writer *w, const char *text);
/* -2^53..2^53, else the writer fails. */
void kc_json_write_integer(struct kc_json_writer *w, int64_t integer);
void kc_json_write_boolean(struct kc_json_writer *w, bool boolean);
/* Seconds since 1970, to the year 9999, else the writer fails. */
void kc_json_write_time(struct kc_json_writer *w, int64_t seconds);
/* As base64url. */
void kc_json_write_octets(struct kc_json_writer *w, struct kc_span octets);
/* A value that is JSON already, as it stands. */
void kc_json_write_source(struct kc_json_writer *w, struct kc_span source);

/* KC_ERR_TOO_LARGE  anything did not fit or was out of range
 * KC_ERR_INTERNAL   something is still open, or nothing was written */
KC_CHECKED enum kc_error kc_json_writer_finish(const struct kc_json_writer *w);

#endif
