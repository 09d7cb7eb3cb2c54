/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the Mesh: ordinary records of keys, whose body says what each is, and of which seeds it is
 * made.
 *
 * A key of the derived residence has no secret of its own: it is the sum of keys that are derived of
 * seeds when it is used, and it goes when one of them does. A device's base key is of one seed; its
 * composite key, which is bound to an account, of the device's seed and of the activation's.
 */
#ifndef KC_CUSTODIAN_VAULT_DERIVED_H
#define KC_CUSTODIAN_VAULT_DERIVED_H

#include "custodian/vault/seed.h"

#define KC_DERIVED_PARTS_MAX 2

/* What a key is made of: the names of keys, by the seeds that they are derived of. */
struct kc_derived {
    size_t count;
    struct kc_derived_part {
        uint8_t kind;               /* KC_KIND_SEED or KC_KIND_COMPOSITE; 0: the record has a secret
                                     * of its own, and the name says just what the key is for */
        char id[KC_RECORD_ID_SIZE]; /* of the seed's record; of a key with its own secret: of the
                                     * account's seed whose key it is or was; or of the other share */
        char name[KC_MESH_KEY_NAME_SIZE]; /* "BaseDeviceSign" */
    } parts[KC_DERIVED_PARTS_MAX];
};

/* One that is of one seed, or of two. */
struct kc_derived kc_derived_of(uint8_t kind, const char *id, const char *name);
void kc_derived_add(struct kc_derived *derived, uint8_t kind, const char *id, const char *name);

/* Reads what a key's record says; a count of 0: it is no key of the Mesh. KC_ERR_RECORD_DAMAGED */
KC_CHECKED enum kc_error kc_derived_read(const struct kc_record *key, struct kc_derived *derived);

/*
 * Computes a key of the derived residence.
 *
 * KC_ERR_REFUSED  a seed is not there any more
 * and the errors of kc_call_record, which may wish for records, and of kc_call_seed_key
 */
KC_CHECKED enum kc_error kc_call_derived_key(
    struct kc_call *call, const struct kc_record *record, struct kc_key *key);

/* The key that is asked for of what a seed is the seed of: in the keyring and for the account of the
 * seed, with the label of the request. Errors of kc_call_allowed_new */
KC_CHECKED enum kc_error kc_call_wanted_key(struct kc_call *call, const struct kc_record *seed,
    enum kc_residence residence, struct kc_record *wanted);

/* Where the record of a key of the Mesh goes: nowhere if there is one; if it was destroyed, the new one
 * is its next version, which stands in wanted. KC_ERR_EXISTS, and the errors of kc_call_record */
KC_CHECKED enum kc_error kc_call_key_place(
    struct kc_call *call, const struct kc_point *public, struct kc_record *wanted);

/* Describes a key that was staged, in those fields of the answer that its operation has. */
void kc_call_describe_made(struct kc_call *call, const struct kc_record *staged);

/*
 * Stages the record of a key of the Mesh.
 *
 * wanted   keyring, label, account, role, residence; of a share its columns. A former version of it,
 *          which is no key any more, stands in version and mac. Disabled stays so; others are active.
 * secret   NULL for the derived residence; its public half then is that of `public`
 *
 * Errors of kc_record_of_public, kc_call_stage and kc_keeper_protect
 */
KC_CHECKED enum kc_error kc_call_stage_key(struct kc_call *call, const struct kc_record *wanted,
    const struct kc_derived *derived, const struct kc_point *public, const struct kc_secret *secret,
    struct kc_record **staged);

#endif
