/* SPDX-License-Identifier: Apache-2.0 */
/* PINs of every kind, the operator's among them; their records have a verifier as their secret. */
#ifndef KC_CUSTODIAN_VAULT_PIN_H
#define KC_CUSTODIAN_VAULT_PIN_H

#include "custodian/vault/core.h"

struct kc_pin_kind {
    size_t size_min;         /* octets; at most 64 */
    enum kc_error wrong;     /* the answer to a wrong or missing one */
    enum kc_error must_wait; /* and to any, before there was time to wait */
};

/* Whether a verifier, as records have it, is of this PIN. */
bool kc_call_is_pin(struct kc_call *call, const uint8_t verifier[static KC_PIN_VERIFIER_SIZE],
    const struct kc_secret *pin);

/* Proves the field `pin` against a record, counted before it is compared: first wishes for
 * KC_WISH_COMMIT_AGAIN, then the handler returns KC_OK at once. *proven: go on; the counter's reset is
 * staged, the last of the changes. It is to be the first of them: then it is stored whatever else the
 * handler refuses or the store does not take (kc_call_keep_proof). */
KC_CHECKED enum kc_error kc_call_prove_pin(struct kc_call *call, const struct kc_record *record,
    const struct kc_pin_kind *kind, bool *proven);

/* Makes `new_pin` the PIN of what was staged, and the wish to store it. */
KC_CHECKED enum kc_error kc_call_put_pin(
    struct kc_call *call, struct kc_record *staged, const struct kc_pin_kind *kind);

/* The operator's proof, counted before it is compared: may wish for KC_WISH_COMMIT_AGAIN, then the
 * handler returns KC_OK at once. *proven: go on; the counter's reset is staged. */
KC_CHECKED enum kc_error kc_call_operator(struct kc_call *call, bool *proven);

/*
 * The ledger opens: the operator's PIN is one and the same in the store and in the anchor. It is the
 * store's, but for an older store that the operator took: that gets the one of the anchor, staged, as
 * the operator may have changed it because others know the former one.
 *
 * KC_ERR_RECORD_DAMAGED  the operator's record is hidden; and the errors of kc_call_record
 */
KC_CHECKED enum kc_error kc_call_settle_operator(struct kc_call *call, bool is_older);

#endif
