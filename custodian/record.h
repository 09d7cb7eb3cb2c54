/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record: what the store keeps, as the vault writes and reads it, and as the store spreads it
 * over columns.
 *
 * The vault makes every record and is alone in believing one: `mac` covers every other field
 * (design rule 4), and the sealed or wrapped secret has the same fields as associated data. The
 * store and the desk only carry records. Kind and id together name a record.
 */
#ifndef KC_CUSTODIAN_RECORD_H
#define KC_CUSTODIAN_RECORD_H

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

#include <stdint.h>

#define KC_RECORD_SIZE_MAX 4096 /* bytes, packed */
#define KC_RECORD_ID_SIZE 64    /* text, terminator included */
#define KC_RECORD_TEXT_SIZE 129
#define KC_RECORD_PUBLIC_SIZE 57
#define KC_RECORD_SECRET_MAX 256 /* bytes of the sealed or wrapped secret, nonce and tag too */
#define KC_RECORD_SEAL_MAX 1024  /* bytes of the sealing key as the root sealed it */
#define KC_RECORD_MAC_SIZE 32
#define KC_RECORD_ENVELOPE_MAX 1024
#define KC_RECORD_ALGORITHM_MAX 4 /* the last enum kc_curve */

#define KC_RECORD_ID_VAULT "vault"
#define KC_RECORD_ID_OPERATOR "operator"

enum kc_record_kind {
    KC_KIND_VAULT = 1, /* the vault's own root secret; one, id "vault" */
    KC_KIND_KEY = 2,
    KC_KIND_RECIPIENT = 3, /* an anchor: the wrap key of another custodian */
    KC_KIND_OPERATOR = 4,  /* the operator's PIN verifier and failure count; one, id "operator" */
};

enum kc_role {
    KC_ROLE_NONE = 0,
    KC_ROLE_BASE = 1,        /* a device's own contribution to its keys */
    KC_ROLE_ACCOUNT = 2,     /* a whole account key, before it is split */
    KC_ROLE_APPLICATION = 3, /* for PKCS#11, the provider and raw signatures */
    KC_ROLE_WRAP = 4,        /* takes shares that are enveloped to it */
    KC_ROLE_SHARE = 5,
};

/* Index of a share. */
enum kc_party { KC_PARTY_ANY = 0, KC_PARTY_FIRST = 1, KC_PARTY_SERVICE = 2 };

enum kc_use { KC_USE_NONE = 0, KC_USE_SIGN = 1, KC_USE_AGREE = 2 };
enum kc_residence { KC_RESIDENCE_NONE = 0, KC_RESIDENCE_SEALED = 1, KC_RESIDENCE_WRAPPED = 2 };
enum kc_state { KC_STATE_ACTIVE = 1, KC_STATE_DISABLED = 2, KC_STATE_DESTROYED = 3 };

struct kc_record {
    char id[KC_RECORD_ID_SIZE]; /* UDF of the public half, or the fixed id of its kind */
    uint8_t kind;               /* enum kc_record_kind */
    char keyring[KC_RECORD_TEXT_SIZE];
    char label[KC_RECORD_TEXT_SIZE];
    char account[KC_RECORD_TEXT_SIZE];
    uint8_t algorithm; /* enum kc_curve; 0 for none */
    uint8_t role;
    uint8_t use;
    uint8_t residence;
    uint8_t state;
    uint32_t version; /* 1 when made; each change adds one */
    uint64_t created; /* seconds since 1970 */
    uint64_t expiry;  /* 0: never */
    uint8_t public_size;
    uint8_t public_key[KC_RECORD_PUBLIC_SIZE]; /* signed; of a share: its verification share */

    /* of a share */
    char group[KC_RECORD_ID_SIZE]; /* id of the split key */
    uint8_t group_public[KC_RECORD_PUBLIC_SIZE];
    uint8_t peer_public[KC_RECORD_PUBLIC_SIZE]; /* verification share of the other party */
    uint8_t class;                              /* enum kc_role of the key that was split */
    uint8_t index;
    uint8_t threshold;
    uint8_t dealer; /* 1: whoever split it saw the whole key */
    /* of the first party's: the other share on its way, so that it is not lost with one answer */
    uint16_t envelope_size;
    uint8_t envelope[KC_RECORD_ENVELOPE_MAX];

    /* of the operator; of the vault just has_operator */
    uint32_t failures;    /* PINs tried since the last right one */
    uint64_t wait_until;  /* seconds since 1970: before it no PIN is looked at */
    uint8_t has_operator; /* 1: there is an operator's record, and its absence is an attack */

    uint16_t seal_size;
    uint8_t seal[KC_RECORD_SEAL_MAX]; /* sealed residence: the sealing key, as the root sealed it */
    uint16_t secret_size;
    uint8_t secret[KC_RECORD_SECRET_MAX]; /* nonce || ciphertext || tag, or a PIN verifier */
    uint8_t mac[KC_RECORD_MAC_SIZE];
};

/* Packs a record; the store's columns hold the same fields under the names above. */
void kc_record_pack(struct kc_writer *w, const struct kc_record *record);

/*
 * Reads a packed record: sizes, terminators and enum values are checked, so that a record is well
 * formed whatever the store held. It is not authenticated by that.
 *
 * KC_ERR_RECORD_DAMAGED  not a well-formed record
 */
KC_CHECKED enum kc_error kc_record_unpack(struct kc_span packed, struct kc_record *record);

/* Everything of the record that is not secret, seal or mac, packed: what the AEAD and the MAC cover
 * first. */
void kc_record_associated_data(struct kc_writer *w, const struct kc_record *record);

/* Wire texts of the enums and back; NULL or 0 if there is none. */
const char *kc_role_text(uint8_t role);
const char *kc_use_text(uint8_t use);
const char *kc_residence_text(uint8_t residence);
const char *kc_state_text(uint8_t state);
uint8_t kc_role_find(struct kc_span text);
uint8_t kc_residence_find(struct kc_span text);
uint8_t kc_state_find(struct kc_span text);

#endif
