/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of key types as PKCS#11 speaks of them (3.0, sections 6.1 and 6.3), and public keys in
 * the forms that the custodian, the clients and X.509 have for them.
 */
#ifndef KC_PKCS11_KEY_H
#define KC_PKCS11_KEY_H

#include "base/error.h"
#include "pkcs11/config.h"
#include "pkcs11/der.h"
#include "pkcs11/pkcs11_extra.h"
#include "proto/socket/message.h"

#define KC_KEYRING_SIZE 65  /* of a keyring's name, terminator included */
#define KC_KEY_TEXT_SIZE 65 /* of an id or a label, terminator included */
#define KC_KEY_IDENTIFIER_MAX 64
#define KC_KEY_INFO_MAX 576   /* octets of a SubjectPublicKeyInfo */
#define KC_KEY_PUBLIC_MAX 526 /* octets of a public key as the socket API has it */
#define KC_KEY_POINT_MAX 97
#define KC_SIGNATURE_MAX 512

/* A type of keys: an algorithm and its size. */
struct kc_key_type {
    const char *algorithm;               /* as the socket API names it */
    enum kc_token_kind kind;             /* on which token */
    CK_KEY_TYPE type;                    /* CKA_KEY_TYPE */
    CK_MECHANISM_TYPE made_by;           /* CKA_KEY_GEN_MECHANISM */
    CK_ULONG bits;                       /* of the modulus, or of the curve's field */
    size_t public_size;                  /* octets of the public key as X.509 has it; 0: RSA */
    size_t signature_size;               /* octets; 0: does not sign */
    size_t agreed_size;                  /* octets of an agreement; 0: does not agree */
    struct kc_span algorithm_identifier; /* DER of what is in that SEQUENCE (RFC 3279, 8410) */
    struct kc_span parameters;           /* what CKA_EC_PARAMS tells: the curve's OID; RSA: none */
    const char *names; /* of the curve, as PrintableString, with a space between */
};

/* What a key is for; one thing. */
enum kc_key_use { KC_KEY_SIGNS, KC_KEY_AGREES, KC_KEY_DECRYPTS };

/* The type that the socket API calls so; NULL: none. */
const struct kc_key_type *kc_key_type_named(struct kc_span algorithm);

/* The type of RSA keys of so many bits; NULL: none. */
const struct kc_key_type *kc_key_type_of_size(CK_ULONG bits);

/*
 * Curves as clients name them in CKA_EC_PARAMS: DER of an OID, or of a PrintableString with a name.
 * Other forms of domain parameters are not valid.
 */
bool kc_key_parameters_valid(struct kc_span parameters);

/* The type with that curve; NULL: none. A curve's other OIDs and names count too. */
const struct kc_key_type *kc_key_type_of_parameters(struct kc_span parameters);

/* A public key, read: all lends from the SubjectPublicKeyInfo. */
struct kc_public {
    const struct kc_key_type *type;
    struct kc_span octets;            /* in the BIT STRING: the point, or RSAPublicKey */
    struct kc_span modulus, exponent; /* RSA; big-endian, without leading zero */
};

/* Reads a SubjectPublicKeyInfo. KC_ERR_BAD_ARGUMENT: malformed, or a key of no type in the table. */
KC_CHECKED enum kc_error kc_public_read(struct kc_span info, struct kc_public *public);

/*
 * Makes the SubjectPublicKeyInfo of a key.
 *
 * octets  as X.509 has them in the BIT STRING
 *
 * KC_ERR_BAD_ARGUMENT  not a public key of this type
 */
KC_CHECKED enum kc_error kc_public_make(const struct kc_key_type *type, struct kc_span octets,
    uint8_t info[static KC_KEY_INFO_MAX], size_t *size);

/* The same from what the socket API tells. Of the Montgomery curves that has the sign too, as one
 * octet more. */
KC_CHECKED enum kc_error kc_public_of_api(const struct kc_key_type *type, struct kc_span public,
    uint8_t info[static KC_KEY_INFO_MAX], size_t *size);

/* DER of RSAPublicKey from its two numbers. KC_ERR_BAD_ARGUMENT: too large. */
KC_CHECKED enum kc_error kc_public_rsa(struct kc_span modulus, struct kc_span exponent,
    uint8_t der[static KC_KEY_PUBLIC_MAX], size_t *size);

/*
 * The octets that a UDF is the text of (Base32, a dash after every fourth character), the last one
 * filled up with zero bits. Nothing is compared by them in the custodian: they are a client's name
 * for the key.
 *
 * KC_ERR_BAD_REPLY  not such a text, or too long
 */
KC_CHECKED enum kc_error kc_key_identifier(
    const char *id, uint8_t octets[static KC_KEY_IDENTIFIER_MAX], size_t *size);

#endif
