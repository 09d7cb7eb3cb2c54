/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request's head must be (mesh-wire, section 1). Pure.
 */
#ifndef KC_CUSTODIAN_FRONT_HTTP_CHECK_H
#define KC_CUSTODIAN_FRONT_HTTP_CHECK_H

#include "custodian/front/settings.h"

/* The head of a request, as far as it is looked at; NULL: it is not there. */
struct kc_http_head {
    const char *method, *path, *host, *content_type, *content_length;
};

/*
 * The status of HTTP that a request is refused with: 400, 404, 405, 413, 415 or 421; 0: it is not.
 *
 * words  static: what is wrong
 */
int kc_http_check(
    const struct kc_front_settings *settings, const struct kc_http_head *head, const char **words);

#endif
