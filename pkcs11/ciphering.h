/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption or decryption under way: with a session's AES key, or decryption with an RSA key. */
#ifndef KC_PKCS11_CIPHERING_H
#define KC_PKCS11_CIPHERING_H

#include "pkcs11/mechanism.h"

#define KC_CIPHER_IV_MAX 64
#define KC_CIPHER_ASSOCIATED_MAX 4096

/* It can be moved by assignment; kc_ciphering_done ends it. Wiped then: it holds a key. */
struct kc_ciphering {
    bool active, in_parts, encrypts;
    const struct kc_mechanism_row *row;
    struct kc_secret_facts secret; /* of AES */
    char key[KC_KEY_TEXT_SIZE];    /* of RSA: its id */
    CK_ULONG modulus_size;
    const char *hash, *mgf_hash; /* of OAEP */
    uint8_t iv[KC_CIPHER_IV_MAX];
    size_t iv_size;
    CK_ULONG tag_size;   /* octets, of GCM; else 0 */
    uint8_t *associated; /* heap: of GCM, or the label of OAEP */
    size_t associated_size;
    uint8_t *input; /* heap: the parts so far */
    size_t input_size;
};

/*
 * Reads mechanism and key. With the module's lock held.
 *
 * object  of the handle that the client gave; NULL: there is none
 * flag    CKF_ENCRYPT or CKF_DECRYPT
 *
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_HANDLE_INVALID,
 * CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_HOST_MEMORY
 */
CK_RV kc_ciphering_start(const struct kc_object *object, unsigned kinds,
    const CK_MECHANISM *mechanism, CK_FLAGS flag, struct kc_ciphering *ciphering);

/* Takes a part of the input in. CKR_OPERATION_NOT_INITIALIZED; CKR_DATA_LEN_RANGE,
 * CKR_HOST_MEMORY, which end it. */
CK_RV kc_ciphering_append(struct kc_ciphering *ciphering, const CK_BYTE *part, CK_ULONG size);

/* The most octets that come out for so many that go in. */
CK_ULONG kc_ciphering_most(const struct kc_ciphering *ciphering, CK_ULONG size);

/*
 * Has the custodian do it. Not with the module's lock held.
 *
 * output  room for kc_ciphering_most; secret
 *
 * CKR_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_INVALID
 */
CK_RV kc_ciphering_run(const struct kc_ciphering *ciphering, const void *input, size_t size,
    CK_BYTE *output, size_t *output_size);

/* Ends it; fine with one that is not active. */
void kc_ciphering_done(struct kc_ciphering *ciphering);

#endif
