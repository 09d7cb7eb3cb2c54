/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FROST between custodians. A coordinator's custodian passes requests on to those of other holders,
 * which `peer_name` names; theirs judge them as if their caller had made them there. What comes back
 * is worth what can be checked of it: in the end, whether the signature verifies.
 */
#ifndef KC_CUSTODIAN_VAULT_FROST_PEER_H
#define KC_CUSTODIAN_VAULT_FROST_PEER_H

#include "custodian/vault/core.h"

/*
 * The share that a request means: `key`, or the one of `holder_keys` that is here and of the dealt key
 * `key`. Errors of kc_call_key.
 *
 * id  its id as soon as it is known, also where it must not be used; else empty
 */
KC_CHECKED enum kc_error kc_frost_share(
    struct kc_call *call, char id[static KC_RECORD_ID_SIZE], struct kc_record **share);

/*
 * Asks the custodian that the request names as this one was asked, for the shares of all other
 * holders of the key, of which it has one.
 *
 * answer  its fields, or NULL with KC_ERR_UNAVAILABLE: the handler returns that
 *
 * Errors of kc_call_begin_question_to and kc_call_peer_answer; KC_ERR_BAD_ARGUMENT: the request is
 * itself one that was passed on
 */
KC_CHECKED enum kc_error kc_frost_pass_on(
    struct kc_call *call, const struct kc_record *share, const struct kc_values **answer);

#endif
