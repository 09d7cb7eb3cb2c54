/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTPS binding: takes requests off the network and gives answers back (libmicrohttpd).
 *
 * What it decides by itself needs no look into the body: method, path, host, content type, size and
 * rate. Whole bodies go to the workers (workers.h) and from there to the function that answers
 * them; a connection waits meanwhile without a thread.
 */
#ifndef KC_CUSTODIAN_FRONT_HTTP_H
#define KC_CUSTODIAN_FRONT_HTTP_H

#include "base/reader.h"
#include "custodian/front/settings.h"
#include "custodian/front/tls.h"

/* An answer. */
struct kc_front_reply {
    int status; /* of HTTP */
    char *text; /* JSON; owned; NULL: none */
    size_t size;
    unsigned retry_after; /* seconds; 0: not said */
};

/* Frees what it owns. */
void kc_front_reply_done(struct kc_front_reply *reply);

/* Puts {"MeshResponse": {Status, StatusDescription}} into a reply, in place of what is in it. */
void kc_front_reply_plain(struct kc_front_reply *reply, int status, const char *description);

/* Answers one body; by any number of threads at once. */
typedef void (*kc_http_answer)(void *context, struct kc_span body, struct kc_front_reply *reply);

struct kc_http;

/*
 * Makes all threads, and serves nobody until kc_http_open: who connects before that waits for it.
 *
 * settings   borrowed
 * listening  of kc_listen; given on KC_OK
 * tls        borrowed; NULL: plain HTTP
 *
 * KC_ERR_NO_MEMORY  of threads or descriptors, too
 */
KC_CHECKED enum kc_error kc_http_new(const struct kc_front_settings *settings, int listening,
    const struct kc_tls *tls, kc_http_answer answer, void *context, struct kc_http **http);

/* From here on connections are served. */
void kc_http_open(struct kc_http *http);

/*
 * Stops in order: closes further connections and answers further requests with 503; waits until
 * those under way are answered, or for limits.stop_deadline_ms. True: they all are. After false the
 * process has to end without kc_http_free.
 */
bool kc_http_stop(struct kc_http *http);

/* After kc_http_stop, or before kc_http_open. NULL is fine. */
void kc_http_free(struct kc_http *http);

#endif
