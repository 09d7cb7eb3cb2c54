/* SPDX-License-Identifier: Apache-2.0 */
/* A signature under way, made or verified: what its mechanism says, and the message so far. */
#ifndef KC_PKCS11_SIGNING_H
#define KC_PKCS11_SIGNING_H

#include "pkcs11/mechanism.h"

#define KC_SIGN_CONTEXT_MAX 255
#define KC_CONTRIBUTION_OCTETS_MAX 57

/* What a mechanism that contributes is given; a size of 0: it is not. */
struct kc_contribution_facts {
    struct {
        uint8_t bytes[KC_CONTRIBUTION_OCTETS_MAX];
        size_t size;
    } commitment, coefficient, offset;
};

/* It can be moved by assignment; kc_signing_done ends it. */
struct kc_signing {
    bool active;
    bool in_parts; /* an Update was called */
    const struct kc_mechanism_row *row;
    const struct kc_key_type *type;
    char key[KC_KEY_TEXT_SIZE];        /* id; of a signature that is made */
    uint8_t public[KC_KEY_PUBLIC_MAX]; /* of one that is verified, as the socket API has it */
    size_t public_size;
    const char *scheme, *hash, *mgf_hash; /* static; NULL: none */
    bool has_salt_size;
    CK_ULONG salt_size;
    uint8_t context[KC_SIGN_CONTEXT_MAX];
    size_t context_size;
    size_t output_size;                        /* octets of what is made */
    struct kc_contribution_facts contribution; /* of a mechanism that contributes */
    uint8_t *message;                          /* heap: the parts so far */
    size_t message_size;
};

/*
 * Reads mechanism and key for a signature. With the module's lock held.
 *
 * object   of the handle that the client gave; NULL: there is none
 * kinds    of the token
 * flag     CKF_SIGN or CKF_VERIFY
 * signing  filled on success
 *
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_HANDLE_INVALID,
 * CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED
 */
CK_RV kc_signing_start(const struct kc_object *object, unsigned kinds,
    const CK_MECHANISM *mechanism, CK_FLAGS flag, struct kc_signing *signing);

/*
 * Takes a part of the message in: no mechanism is computed here, so all of it is kept.
 *
 * CKR_OPERATION_NOT_INITIALIZED; CKR_FUNCTION_NOT_SUPPORTED: a digest comes in one part;
 * CKR_DATA_LEN_RANGE, CKR_HOST_MEMORY. The last three end the signature.
 */
CK_RV kc_signing_append(struct kc_signing *signing, const CK_BYTE *part, CK_ULONG size);

/* Has the custodian sign; signature has room for output_size octets. Not with the module's lock
 * held. */
CK_RV kc_signing_sign(
    const struct kc_signing *signing, const void *message, size_t size, CK_BYTE *signature);

/* Has the custodian verify. CKR_SIGNATURE_LEN_RANGE, CKR_SIGNATURE_INVALID. Not with the module's
 * lock held. */
CK_RV kc_signing_verify(const struct kc_signing *signing, const void *message, size_t size,
    const CK_BYTE *signature, size_t signature_size);

/* Ends it; fine with one that is not active. */
void kc_signing_done(struct kc_signing *signing);

#endif
