/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeds: a Z-type secret, of which all keys of a device, an account or a service are derived by
 * name, each when it is used. A seed is a record of KC_KIND_SEED, whose columns are
 *
 *   id, public_key   of the key that its profile is known by; of a seed without a name's key
 *   role             base of a device, account of an account: what the policy's rules say of keys
 *                    they say of seeds
 *   attributes       of a device: the accounts that it is connected to, a line each
 *   algorithm        the curve of the keys that sign; the others are on its Montgomery sibling
 *   index            enum kc_derivation; 0 is the current one
 *   secret           key specifier (2 octets), random octets; without the type octet of the UDF
 *   body             the enveloped profile, signed, as it stands
 *   attributes       of an account's, a line each: KC_SEED_PENDING while none of its escrows counts,
 *                    and the names by which keys were derived of it (key-derive)
 *
 * The seed of an activation is the same in the secret of a record of KC_KIND_COMPOSITE.
 */
#ifndef KC_CUSTODIAN_VAULT_SEED_H
#define KC_CUSTODIAN_VAULT_SEED_H

#include "custodian/mesh/seed.h"
#include "custodian/vault/core.h"

/* Makes the octets of a seed: hedged over the hardware root's random numbers and the vault's own.
 * *seed is given. Errors of the root, KC_ERR_RANDOM, KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_call_make_seed(
    struct kc_call *call, enum kc_mesh_seed_type type, struct kc_secret *seed);

/*
 * The seed with an id: believed, active, and the policy's to this caller for the operation that he
 * asks for.
 *
 * KC_ERR_REFUSED for each of these alike, KC_ERR_LOGIN, and the errors of kc_call_record
 */
KC_CHECKED enum kc_error kc_call_seed(
    struct kc_call *call, struct kc_span id, struct kc_record **seed);

/*
 * Derives a key of a record that holds a seed and was believed. The key is for this call: nothing of
 * it is kept.
 *
 * name  one of the list for the seed's type (custodian/mesh/seed.h); empty if it makes one key
 * key   secret: KC_AUTO_KEY
 *
 * KC_ERR_BAD_ARGUMENT    it is not in the list
 * KC_ERR_RECORD_DAMAGED  it holds none
 * and the errors of kc_keeper_open
 */
KC_CHECKED enum kc_error kc_call_seed_key(
    struct kc_call *call, const struct kc_record *record, const char *name, struct kc_key *key);

#define KC_SEED_PENDING "escrow pending"
#define KC_SEED_NAMES_MAX 14 /* keys that may be derived of an account's seed, beside its own */

void kc_seed_set_pending(struct kc_record *seed);
bool kc_seed_is_pending(const struct kc_record *seed);

/* One of its escrows counts from now on: stages the seed without the mark, if it has it. Errors of
 * kc_call_stage and the keeper. */
KC_CHECKED enum kc_error kc_call_seed_escrowed(struct kc_call *call, const struct kc_record *seed);

/* A key is derived of an account's seed: stages the seed with its name, if it has not got it, so that
 * the key is found when the seed goes. KC_ERR_LIMIT: there are KC_SEED_NAMES_MAX; and the errors of
 * kc_call_stage and the keeper. */
KC_CHECKED enum kc_error kc_call_seed_named(
    struct kc_call *call, const struct kc_record *seed, const char *name);

/* The names that an account's seed has, in order; how many. */
size_t kc_seed_names(
    const struct kc_record *seed, char names[static KC_SEED_NAMES_MAX][KC_MESH_KEY_NAME_SIZE]);

/* Stages a seed that is new, its secret protected: all columns but this stand. Errors of
 * kc_call_stage and kc_keeper_protect. */
KC_CHECKED enum kc_error kc_call_stage_seed(struct kc_call *call, const struct kc_record *wanted,
    const struct kc_secret *seed, struct kc_record **staged);

#endif
