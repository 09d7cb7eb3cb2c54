/* SPDX-License-Identifier: Apache-2.0 */
/* An answer to a request that is not there whole. */
#ifndef KC_CUSTODIAN_FRONT_EARLY_H
#define KC_CUSTODIAN_FRONT_EARLY_H

#include <microhttpd.h>

/*
 * Sends an answer, and that nothing comes after it. libmicrohttpd has no way to answer before the body is
 * there; it is to be told MHD_NO when it next asks for an answer. To be called by its handler, which has
 * the connection for itself.
 *
 * status  413
 * words   static, for JSON as they stand
 */
void kc_early_answer(struct MHD_Connection *connection, int status, const char *words);

#endif
