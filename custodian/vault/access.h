/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller may: by the policy, and by what an operation takes a key for. */
#ifndef KC_CUSTODIAN_VAULT_ACCESS_H
#define KC_CUSTODIAN_VAULT_ACCESS_H

#include "custodian/vault/core.h"

/* Whether the policy allows the request's operation on the keyring that it names. KC_ERR_REFUSED */
KC_CHECKED enum kc_error kc_call_allowed_keyring(const struct kc_call *call);

/* Whether the policy gives the use of a key, but not before a login. */
bool kc_call_needs_login(const struct kc_call *call, const struct kc_record *key);

/* Whether the policy allows the request's operation without a key. KC_ERR_REFUSED */
KC_CHECKED enum kc_error kc_call_allowed(const struct kc_call *call);

/* The same with an object, which the policy sees as an application's key. KC_ERR_REFUSED, KC_ERR_LOGIN */
KC_CHECKED enum kc_error kc_call_allowed_object(
    const struct kc_call *call, const struct kc_record *object);

/* The same with a record that is there, by its keyring, label, id and role. KC_ERR_REFUSED,
 * KC_ERR_LOGIN */
KC_CHECKED enum kc_error kc_call_allowed_record(
    const struct kc_call *call, const struct kc_record *record);

/* The same with a key that is still to be made. */
KC_CHECKED enum kc_error kc_call_allowed_new(
    const struct kc_call *call, const struct kc_record *record);

/* Whether shares of a service may be here: the root notices a rollback, or the configuration does not
 * require that. KC_ERR_STORE_FRESHNESS */
KC_CHECKED enum kc_error kc_call_fresh(const struct kc_call *call);

/*
 * The key that the request names: believed, allowed by the policy, in a state, of a role and a use
 * that fit the operation (the table in access.c), not expired. A confirmation that it needs is used up
 * by this.
 *
 * KC_ERR_REFUSED for each of these alike, and the errors of kc_call_record
 * KC_ERR_LOGIN    the policy allows it after a login
 * KC_ERR_CONFIRM  there was no login for this use
 * KC_ERR_STORE_FRESHNESS  it is a share of a service (kc_call_fresh)
 */
KC_CHECKED enum kc_error kc_call_key(struct kc_call *call, struct kc_record **key);

/* The same for the key with this id, which the request names in another way. */
KC_CHECKED enum kc_error kc_call_key_of(
    struct kc_call *call, struct kc_span id, struct kc_record **key);

/* Whether the policy lets the caller see a record of a key in a list. */
bool kc_call_sees(const struct kc_call *call, const struct kc_record *record);

/* Whether a rule lets the caller contribute with a service's share, and lists that by its name. */
bool kc_call_contributes(const struct kc_call *call, const struct kc_record *share);

#endif
