/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request's head must be (mesh-wire, section 1). Pure.
 */
#ifndef KC_CUSTODIAN_FRONT_HTTP_CHECK_H
#define KC_CUSTODIAN_FRONT_HTTP_CHECK_H

#include "custodian/front/settings.h"

#include <stddef.h>

/* The head of a request, as far as it is looked at; NULL: it is not there. */
struct kc_http_head {
    const char *method, *path; /* path: or the whole URI, which a client may write */
    const char *host, *content_type, *content_length, *content_encoding, *transfer_encoding;
    const char *expect;
    /* a header that counts here was there twice; or one is none: a blank in its name, a NUL or what ends a
     * line in its value */
    bool is_ambiguous;
};

/*
 * Takes one header of a request into its head: what it says if it is one of those that count, and of all
 * whether they are headers.
 *
 * name   ends with a NUL
 * value  of so many octets, and a NUL after them; borrowed
 */
void kc_http_head_add(
    struct kc_http_head *head, const char *name, const char *value, size_t value_size);

/*
 * The status of HTTP that a request is refused with: 400, 404, 405, 413, 415, 421 or 501; 0: it is
 * not.
 *
 * words  static: what is wrong
 */
int kc_http_check(
    const struct kc_front_settings *settings, const struct kc_http_head *head, const char **words);

#endif
