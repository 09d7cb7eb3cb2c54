/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of records: makes them, believes them, and opens what is secret in them.
 *
 * All of its keys come from the vault's root secret: 32 octets that the hardware root seals into
 * the record of kind KC_KIND_VAULT. HKDF makes from it the MAC keys of records and heads, the key of
 * names in the map, that of PIN verifiers, the authorisation value of the head in the root, and the seed
 * of the key that signs attestations where a root has none. Thread-safe; while it is not ready it does nothing but load and make.
 *
 * How a record is protected:
 *
 *   secret   generation u32 || nonce [24] || XChaCha20-Poly1305 of the secret, associated data: the
 *            description of the record (kc_record_associated_data). Key: the wrapping key of that
 *            generation; for the sealed residence HKDF of it and of 32 random octets of the record's
 *            own, which the root seals into `seal;
 *            of a resident key the secret is the authorisation value of its use, `seal` the root's
 *            blob
 *   mac      HMAC-SHA-256 over the packed record without the mac
 *
 * A generation's wrapping key is HKDF of two secrets: one that the root seals into the record of the
 * generation, in the store, and one that is in the root alone (struct kc_anchor). A generation whose
 * second secret was overwritten there opens nothing any more, whatever copies of the store there
 * are; that erases what was under it.
 *
 * XChaCha because its nonces may be random for any number of records under one wrapping key.
 */
#ifndef KC_CUSTODIAN_VAULT_KEEPER_H
#define KC_CUSTODIAN_VAULT_KEEPER_H

#include "base/secret.h"
#include "custodian/vault/entropy.h"
#include "custodian/vault/head.h"
#include "custodian/vault/root.h"

#define KC_KEPT_SECRET_MAX KC_ALGORITHM_SECRET_MAX /* octets of a secret in a record */

struct kc_keeper;

/* config, outside, entropy: borrowed. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_keeper_new(const struct kc_config *config,
    const struct kc_vault_outside *outside, struct kc_entropy *entropy, struct kc_keeper **keeper);
void kc_keeper_free(struct kc_keeper *keeper);

/* Whether it has its keys. */
bool kc_keeper_ready(struct kc_keeper *keeper);

/* The root that has the vault's own secret, and so the store's head; before the vault's record was
 * loaded the configuration's first. */
struct kc_vault_root kc_keeper_home(struct kc_keeper *keeper);
const char *kc_keeper_home_name(struct kc_keeper *keeper);

/* The root that a record's seal is of; of a wrapped secret that of the vault itself.
 * KC_ERR_ROOT_UNAVAILABLE: the configuration has it not */
KC_CHECKED enum kc_error kc_keeper_root_of(
    struct kc_keeper *keeper, const struct kc_record *record, struct kc_vault_root *root);

/*
 * Opens the vault's record and takes its keys; does nothing if it has keys already.
 *
 * KC_ERR_RECORD_DAMAGED  its MAC does not verify
 * and the errors of the root's unseal
 */
KC_CHECKED enum kc_error kc_keeper_load(struct kc_keeper *keeper, const struct kc_record *record);

/* Makes a vault's record with a new root secret. The keeper has its keys for the first commit, but is
 * not ready: the record is to be stored, then loaded. Errors of the root, KC_ERR_RANDOM. */
KC_CHECKED enum kc_error kc_keeper_make(struct kc_keeper *keeper, struct kc_record *record);

/* The vault's own record as it stands, for a change to it; and the changed one, once it is stored.
 * Ready only. */
struct kc_record kc_keeper_record(struct kc_keeper *keeper);
void kc_keeper_changed(struct kc_keeper *keeper, const struct kc_record *record);

/*
 * Protects a record of which all but seal, secret and mac stands. For the sealed residence a seal
 * that is there is used again, else one is made, by the root that the record names, or that of the
 * vault if it names none.
 *
 * secret  at most KC_KEPT_SECRET_MAX octets; NULL: secret and seal stay as they are
 *
 * Errors of the root, KC_ERR_RANDOM
 */
KC_CHECKED enum kc_error kc_keeper_protect(
    struct kc_keeper *keeper, struct kc_record *record, const struct kc_secret *secret);

/* Has another root seal what a record of the vault's own secret, or of a generation, seals; and
 * protects it. root: its name. Errors of both roots. */
KC_CHECKED enum kc_error kc_keeper_reseal(struct kc_keeper *keeper, struct kc_record *record,
    const char root[static KC_RECORD_ROOT_SIZE]);

/* KC_ERR_RECORD_DAMAGED: the MAC does not verify, the record is not the vault's. */
KC_CHECKED enum kc_error kc_keeper_believe(
    struct kc_keeper *keeper, const struct kc_record *record);

/*
 * Opens the secret of a record that was believed. *secret is given.
 *
 * KC_ERR_RECORD_DAMAGED  it does not open
 * and the errors of the root's unseal, KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_keeper_open(
    struct kc_keeper *keeper, const struct kc_record *record, struct kc_secret *secret);

/* --- generations of the wrapping key --- */

/* The one that a key's secret is under; 0: it has no secret. */
uint32_t kc_keeper_generation_of(const struct kc_record *record);

/* The newest one that is loaded, under which new secrets go; 0: none is. */
uint32_t kc_keeper_generation(struct kc_keeper *keeper);

/* Fills the record of a generation in: all but kind, id and version. Errors of the root. */
KC_CHECKED enum kc_error kc_keeper_make_generation(
    struct kc_keeper *keeper, struct kc_record *record);

/* Takes a generation; of at most KC_GENERATIONS. outside: secret, the part that the root holds.
 * Errors of the root's unseal. */
KC_CHECKED enum kc_error kc_keeper_load_generation(struct kc_keeper *keeper, uint32_t number,
    const struct kc_record *record, const uint8_t outside[static 32]);

/* Wipes the key of a generation, if it is there: what is under it opens no more. */
void kc_keeper_forget_generation(struct kc_keeper *keeper, uint32_t number);

/* What resident keys that wait for their record are known by as this store's: KC_ROOT_MAKER_SIZE octets,
 * public, lent. */
const uint8_t *kc_keeper_maker(const struct kc_keeper *keeper);

/* --- keys for the head, and the seed of the Ed25519 key that signs attestations; 32 octets each, secret,
 * lent --- */

const uint8_t *kc_keeper_attestation_seed(const struct kc_keeper *keeper);

const uint8_t *kc_keeper_head_key(const struct kc_keeper *keeper);
const uint8_t *kc_keeper_name_key(const struct kc_keeper *keeper);
const uint8_t *kc_keeper_authorisation(const struct kc_keeper *keeper);

/* The verifier of a PIN: HMAC under the PIN key over salt || PIN. */
void kc_keeper_pin_verifier(struct kc_keeper *keeper, const uint8_t salt[static KC_PIN_SALT_SIZE],
    const struct kc_secret *pin, uint8_t verifier[static 32]);

#endif
