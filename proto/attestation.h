/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation: what the hardware of a custodian's host, and its software, say of one key, for one
 * nonce of a verifier.
 *
 * The bundle is a CBOR map (RFC 8949), deterministic, of these keys in this order and no others:
 *
 *    1 version, 1              7 AK's public area (TPMT_PUBLIC)
 *    2 class                   8 PCR mask (bit n: PCR n of the SHA-256 bank)
 *    3 nonce, 16..64 octets    9 PCR values, 32 octets each, ascending
 *    4 id of the key          10 quoted (TPMS_ATTEST)       11 its signature, r and s
 *    5 algorithm              12 the object's public area   13 certified (TPMS_ATTEST)
 *    6 public key             14 its signature              (12 to 14: resident and sealed alone)
 *   15 creation data (TPMS_CREATION_DATA)                   16 certified creation (TPMS_ATTEST)
 *   17 its signature          (15 to 17: sealed alone, and not of keys sealed before they were kept)
 *
 * Of a key of an HSM, whose token signs nothing that it says, the classes are others, and instead of 7
 * to 17 there are
 *
 *   18 the token: manufacturer and model   20 Name of the root
 *   19 claims (enum kc_attestation_says)   21 the custodian's attestation key, Ed25519
 *                                          22 its signature of kc_attestation_message
 *
 * What is signed by the AK has as its extra data the digest of 2 to 6 (kc_attestation_binding): so
 * the nonce and what software asserts are in each signature.
 */
#ifndef KC_PROTO_ATTESTATION_H
#define KC_PROTO_ATTESTATION_H

#include "base/error.h"
#include "base/reader.h"

#define KC_ATTESTATION_MAX 4096
#define KC_ATTESTATION_NONCE_MIN 16
#define KC_ATTESTATION_NONCE_MAX 64
#define KC_ATTESTATION_BINDING_SIZE 32
#define KC_ATTESTATION_NAME_SIZE 34 /* a TPM Name by SHA-256, or a token's */
#define KC_ATTESTATION_TOKEN_MAX 63 /* octets of the text */
#define KC_ATTESTATION_KEY_SIZE 32  /* Ed25519 */
#define KC_ATTESTATION_SIGNATURE_SIZE 64
#define KC_ATTESTATION_MESSAGE_MAX 256

/* What is shown of where the private part is. */
enum kc_attestation_class {
    KC_ATTESTED_RESIDENT = 1, /* the TPM certifies that it made the key and keeps it */
    KC_ATTESTED_SEALED = 2,  /* it certifies an object with a policy; that the key is what is in it,
                               * software asserts */
    KC_ATTESTED_WRAPPED = 3, /* software asserts it all; the TPM shows just the host's PCRs */
    /* software asserts it all, and asserts that a token says so */
    KC_ATTESTED_TOKEN_RESIDENT = 4,
    KC_ATTESTED_TOKEN_SEALED = 5,
    KC_ATTESTED_TOKEN_WRAPPED = 6,
};

/* What a token says of the resident key, else of the key that wraps the others. */
enum kc_attestation_says {
    KC_ATTESTATION_LOCAL = 1, /* made in the token */
    KC_ATTESTATION_SENSITIVE = 2,
    KC_ATTESTATION_ALWAYS_SENSITIVE = 4,
    KC_ATTESTATION_EXTRACTABLE = 8,
    KC_ATTESTATION_NEVER_EXTRACTABLE = 16,
};

static inline bool kc_attestation_is_of_token(enum kc_attestation_class class)
{
    return class >= KC_ATTESTED_TOKEN_RESIDENT;
}

/* The spans lend from the bundle, or from who writes it. */
struct kc_attestation {
    enum kc_attestation_class class;
    struct kc_span nonce, id, algorithm, public_key;
    struct kc_span ak_area;
    uint32_t pcr_mask;
    struct kc_span pcr_values;
    struct kc_span quoted, quoted_signature;
    struct kc_span object_area, certified, certified_signature; /* {NULL, 0}: wrapped */
    struct kc_span creation, created, created_signature;        /* {NULL, 0}: there are none */

    /* of a token */
    struct kc_span token;
    uint32_t says; /* enum kc_attestation_says */
    struct kc_span root_name, custodian_key, custodian_signature;
};

/* KC_ERR_TOO_LARGE */
KC_CHECKED enum kc_error kc_attestation_write(const struct kc_attestation *attestation,
    uint8_t bundle[static KC_ATTESTATION_MAX], size_t *size);

/* KC_ERR_ATTESTATION: not such a bundle, to the octet. */
KC_CHECKED enum kc_error kc_attestation_read(
    struct kc_span bundle, struct kc_attestation *attestation);

/* The digest that the AK signs. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_attestation_binding(
    const struct kc_attestation *attestation, uint8_t binding[static KC_ATTESTATION_BINDING_SIZE]);

/* What the custodian's key signs of a token's key: all but the signature. message_size: octets
 * written. */
KC_CHECKED enum kc_error kc_attestation_message(const struct kc_attestation *attestation,
    uint8_t message[static KC_ATTESTATION_MESSAGE_MAX], size_t *message_size);

/* What a verifier asks for. */
struct kc_attestation_wanted {
    struct kc_span nonce;         /* his own, fresh */
    uint32_t pcr_mask;            /* PCRs that must be quoted; 0: any */
    struct kc_span pcr_digest;    /* SHA-256 of their values, in ascending order; {NULL, 0}: any */
    struct kc_span ak_name;       /* of an enrolment; {NULL, 0}: none */
    struct kc_span custodian_key; /* of the custodian of a token; {NULL, 0}: any */
};

/*
 * Verifies a bundle, offline: nonce, magic and type of what is signed, the AK's attributes, both
 * signatures, PCR selection and digest, the certified Name, and that the certified object is this key
 * (resident) or an object that stays in its TPM (sealed). Of a sealed one whose creation is
 * certified, also that it was made by that TPM, which was told this public key's digest.
 *
 * Of a token's key: nonce, the custodian's signature, its key if one is asked for, and that the token
 * says that the key was made in it and cannot leave it. PCRs or an AK that are asked for it has not.
 *
 * problem  static text: what does not hold; written on KC_ERR_ATTESTATION
 *
 * KC_ERR_ATTESTATION  something does not hold
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_attestation_verify(const struct kc_attestation *attestation,
    const struct kc_attestation_wanted *wanted, const char **problem);

/* The Name of a public area (TPMT_PUBLIC) by SHA-256. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_attestation_name(
    struct kc_span area, uint8_t name[static KC_ATTESTATION_NAME_SIZE]);

#endif
