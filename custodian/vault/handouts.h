/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares of recovery records on their way to who writes them down: each is given out once, to the
 * connection that made them, and what was not given out is gone with the connection, with the
 * process, or after KC_HANDOUT_MS. Nothing of them is ever stored. Thread-safe.
 */
#ifndef KC_CUSTODIAN_VAULT_HANDOUTS_H
#define KC_CUSTODIAN_VAULT_HANDOUTS_H

#include "custodian/record.h"
#include "threshold/udf_shamir.h"

#define KC_HANDOUTS_MAX 4      /* records of which shares are being given out */
#define KC_HANDOUT_MS 1800000u /* half an hour, for fifteen shares to be written down */

struct kc_handouts;

/* KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_handouts_new(struct kc_handouts **handouts);
void kc_handouts_free(struct kc_handouts *handouts);

/* Takes shares to be given out for a record; copied. KC_ERR_LIMIT */
KC_CHECKED enum kc_error kc_handouts_put(struct kc_handouts *handouts, uint64_t connection,
    uint64_t deadline_ms, const char *id, const struct kc_udf_share shares[], size_t count);

/* How many shares of a record are left for a connection. */
size_t kc_handouts_left(struct kc_handouts *handouts, uint64_t connection, const char *id);

/* Gives the next share, which is then no longer here, if so many are left, it among them: who takes
 * the last one knows it. Secret: wiped by the caller. False: there are more, fewer or none. */
KC_CHECKED bool kc_handouts_take(struct kc_handouts *handouts, uint64_t connection, const char *id,
    size_t left, struct kc_udf_share *share);

/* Wipes those of a connection, or of all; and those past their deadline. */
void kc_handouts_drop_connection(struct kc_handouts *handouts, uint64_t connection);
void kc_handouts_drop_all(struct kc_handouts *handouts);
void kc_handouts_expire(struct kc_handouts *handouts, uint64_t now_ms);

/* The nearest deadline; UINT64_MAX for none. */
uint64_t kc_handouts_deadline(struct kc_handouts *handouts);

#endif
