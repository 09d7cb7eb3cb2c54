/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record: what the store keeps, as the vault writes and reads it, and as the store spreads it
 * over columns.
 *
 * The vault makes every record and is alone in believing one: `mac` covers every other field
 * (design rule 4), and the sealed or wrapped secret has the same fields as associated data. The
 * store and the desk only carry records. Kind and id together name a record.
 *
 * A record lends its body: whoever keeps the record longer than what it was read from keeps the
 * body too.
 */
#ifndef KC_CUSTODIAN_RECORD_H
#define KC_CUSTODIAN_RECORD_H

#include "base/algorithm.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

#include <stdint.h>

#define KC_RECORD_ID_SIZE 64 /* text, terminator included */
#define KC_RECORD_TEXT_SIZE 129
#define KC_RECORD_POINT_SIZE 57
#define KC_RECORD_PUBLIC_MAX 528
#define KC_RECORD_SECRET_MAX 1856 /* bytes of the sealed or wrapped secret, nonce and tag too */
#define KC_RECORD_SEAL_MAX 1024   /* bytes of the sealing key as the root sealed it */
#define KC_RECORD_MAC_SIZE 32
#define KC_RECORD_ENVELOPE_MAX 1024
#define KC_RECORD_ROOT_SIZE 17 /* text, terminator included */
#define KC_RECORD_IDENTIFIER_MAX 64
#define KC_RECORD_ATTRIBUTES_MAX 512
#define KC_RECORD_BODY_MAX 18432
#define KC_RECORD_SIZE_MAX (6656 + KC_RECORD_BODY_MAX) /* bytes, packed */

/* How a record is packed, and so what its MAC covers: each is authenticated as it was made, and is of
 * the present format after its next change. */
#define KC_RECORD_FORMAT_FIRST 2 /* no algorithms but curves, none of what the third format adds */
#define KC_RECORD_FORMAT 4
#define KC_RECORD_FORMAT_ROOT                                                                      \
    4 /* the first that names a root; earlier ones are of the root "main" */

#define KC_RECORD_ID_VAULT "vault"
#define KC_RECORD_ID_OPERATOR "operator"

enum kc_record_kind {
    KC_KIND_VAULT = 1, /* the vault's own root secret; one, id "vault" */
    KC_KIND_KEY = 2,
    KC_KIND_RECIPIENT = 3,  /* an anchor: the wrap key of another custodian */
    KC_KIND_OPERATOR = 4,   /* the operator's PIN verifier and failure count; one, id "operator" */
    KC_KIND_OBJECT = 5,     /* a certificate, a public key or data, in a keyring; the body has it */
    KC_KIND_PIN = 6,        /* a PIN of a keyring: verifier and failure count; label: whose it is */
    KC_KIND_GENERATION = 7, /* a wrapping key: the part of it that the root seals */
    KC_KIND_SEED = 8,       /* a Mesh seed, of which keys are derived; id: UDF of its profile key;
                             * body: the enveloped profile */
    KC_KIND_ACCOUNT = 9,    /* an account that this service has */
    KC_KIND_CAPABILITY = 10, /* a share of an account's key, and who may have it used */
    KC_KIND_REVOCATION = 11, /* a device or a capability that is no more */
    KC_KIND_SERVICE = 12,    /* what this service is to its accounts */
    KC_KIND_CONNECTION = 13, /* a device's request to be connected to an account, until it is */
    KC_KIND_COMPOSITE = 14,  /* a device's connection to an account: the secret is the seed of its
                              * activation */
    KC_KIND_MESH_PIN = 15,   /* a PIN of the Mesh that was made here */
    KC_KIND_ESCROW = 16,     /* a recovery record */
    KC_KIND_GROUP = 17,      /* a group that a key here is a member of */
    KC_KIND_EARL = 18,       /* a publication */
    KC_KIND_ROOT = 19,       /* what is known of a hardware root */
    KC_KIND_HOLDER = 20,     /* who has keys or shares of an account that is administered here */
};
#define KC_KIND_LAST KC_KIND_HOLDER

/* Kinds whose secret, if they have one, is under a generation of the wrapping key: that of a key
 * and all from the seed on. */
static inline bool kc_kind_is_wrapped(uint8_t kind)
{
    return kind == KC_KIND_KEY || kind >= KC_KIND_SEED;
}

enum kc_role {
    KC_ROLE_NONE = 0,
    KC_ROLE_BASE = 1,        /* a device's own contribution to its keys */
    KC_ROLE_ACCOUNT = 2,     /* a whole account key, before it is split */
    KC_ROLE_APPLICATION = 3, /* for PKCS#11, the provider and raw signatures */
    KC_ROLE_WRAP = 4,        /* takes shares that are enveloped to it */
    KC_ROLE_SHARE = 5,
    KC_ROLE_DEVICE =
        6, /* a device's composite key: its base key and an activation's, for an account */
    KC_ROLE_QUORUM = 7, /* one share of a key that was dealt to holders; the body says among whom */
};
#define KC_ROLE_LAST KC_ROLE_QUORUM

/* Whether it is of a part of a key, whose group and class are those of the whole. */
static inline bool kc_role_is_part(uint8_t role)
{
    return role == KC_ROLE_SHARE || role == KC_ROLE_QUORUM;
}

/* Index of a share. */
enum kc_party { KC_PARTY_ANY = 0, KC_PARTY_FIRST = 1, KC_PARTY_SERVICE = 2 };

/* What an object is. */
enum kc_object_class {
    KC_OBJECT_CLASS_NONE = 0,
    KC_OBJECT_CERTIFICATE = 1,
    KC_OBJECT_PUBLIC = 2,
    KC_OBJECT_DATA = 3,
};

enum kc_residence {
    KC_RESIDENCE_NONE = 0,
    KC_RESIDENCE_SEALED = 1,
    KC_RESIDENCE_WRAPPED = 2,
    KC_RESIDENCE_RESIDENT = 3,
    KC_RESIDENCE_DERIVED = 4, /* of a seed, when it is used; the body says of which */
};
enum kc_state { KC_STATE_ACTIVE = 1, KC_STATE_DISABLED = 2, KC_STATE_DESTROYED = 3 };

/* Whether a secret needs a seal of a root's own beside it. */
static inline bool kc_residence_has_root(uint8_t residence)
{
    return residence == KC_RESIDENCE_SEALED || residence == KC_RESIDENCE_RESIDENT;
}

struct kc_record {
    uint8_t format;             /* KC_RECORD_FORMAT_FIRST..KC_RECORD_FORMAT */
    char id[KC_RECORD_ID_SIZE]; /* UDF of the public half, or the fixed id of its kind */
    uint8_t kind;               /* enum kc_record_kind */
    char keyring[KC_RECORD_TEXT_SIZE];
    char label[KC_RECORD_TEXT_SIZE];
    char account[KC_RECORD_TEXT_SIZE];
    uint8_t algorithm; /* enum kc_algorithm */
    uint8_t role;
    uint8_t use;
    uint8_t residence;
    uint8_t state;
    uint32_t version; /* 1 when made; each change adds one */
    uint64_t created; /* seconds since 1970 */
    uint64_t expiry;  /* 0: never */
    uint64_t start;   /* seconds since 1970: not used before; 0: none */
    uint8_t confirm;  /* 1: each use needs a login for it just before */
    uint8_t object;   /* enum kc_object_class, of an object */
    uint16_t public_size;
    uint8_t
        public_key[KC_RECORD_PUBLIC_MAX]; /* see algorithm.h; of a share: its verification share */
    uint16_t identifier_size;
    uint8_t identifier[KC_RECORD_IDENTIFIER_MAX]; /* CKA_ID of PKCS#11, if one was given */
    uint16_t attributes_size;
    uint8_t attributes[KC_RECORD_ATTRIBUTES_MAX]; /* a program's own */

    /* of a share */
    char group[KC_RECORD_ID_SIZE]; /* id of the split key */
    uint8_t group_public[KC_RECORD_POINT_SIZE];
    uint8_t peer_public[KC_RECORD_POINT_SIZE]; /* verification share of the other party */
    uint8_t class;                             /* enum kc_role of the key that was split */
    uint8_t index;
    uint8_t threshold;
    uint8_t dealer; /* 1: whoever split it saw the whole key */
    /* of the first party's: the other share on its way, so that it is not lost with one answer */
    uint16_t envelope_size;
    uint8_t envelope[KC_RECORD_ENVELOPE_MAX];

    /* of the operator and of PINs; of the vault just has_operator */
    uint32_t failures;    /* PINs tried since the last right one */
    uint64_t wait_until;  /* seconds since 1970: before it no PIN is looked at */
    uint8_t has_operator; /* 1: there is an operator's record, and its absence is an attack */

    uint16_t seal_size;
    uint8_t seal[KC_RECORD_SEAL_MAX]; /* sealed residence: the sealing key, as the root sealed it;
                                       * resident: the root's blob of the key */
    uint16_t secret_size;
    uint8_t secret[KC_RECORD_SECRET_MAX]; /* keeper.h has its form; or a PIN verifier */
    char root[KC_RECORD_ROOT_SIZE]; /* name of the root that made the seal; empty: there is none, or
                                     * the record is of a format without it */
    struct kc_span body;            /* up to KC_RECORD_BODY_MAX bytes that are not secret; lent */
    uint8_t mac[KC_RECORD_MAC_SIZE];
};

/* Packs a record; the store's columns hold the same fields under the names above. */
void kc_record_pack(struct kc_writer *w, const struct kc_record *record);

/*
 * Reads a packed record, whose body it lends: sizes, terminators and enum values are checked, so that a record is well
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
const char *kc_object_text(uint8_t object);
uint8_t kc_role_find(struct kc_span text);
uint8_t kc_use_find(struct kc_span text);
uint8_t kc_residence_find(struct kc_span text);
uint8_t kc_state_find(struct kc_span text);
uint8_t kc_object_find(struct kc_span text);

#endif
