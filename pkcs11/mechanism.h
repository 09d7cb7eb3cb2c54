/* SPDX-License-Identifier: Apache-2.0 */
/* The table of mechanisms: on which token each is, for which keys, and what the custodian is asked. */
#ifndef KC_PKCS11_MECHANISM_H
#define KC_PKCS11_MECHANISM_H

#include "pkcs11/object.h"

/* What is given to be signed. */
enum kc_input {
    KC_INPUT_MESSAGE,
    KC_INPUT_DIGEST, /* in one part; of CKM_RSA_PKCS what is padded: DigestInfo, as a rule */
    KC_INPUT_POINT,  /* in one part; of a contribution to an agreement */
};

struct kc_mechanism_row {
    CK_MECHANISM_TYPE type;
    CK_KEY_TYPE key_type;
    CK_MECHANISM_INFO info; /* sizes in bits of the curve's field or the modulus; what it can do */
    const char *scheme;     /* of a signature or decryption, as the socket API calls it */
    const char *hash;       /* the same; NULL: none, or what the parameter says */
    enum kc_input input;
};

/* The row at a position; NULL after the last. */
const struct kc_mechanism_row *kc_mechanism_at(size_t position);

/* On which tokens a row's mechanism is: enum kc_token_kind. */
unsigned kc_mechanism_kinds(const struct kc_mechanism_row *row);

/*
 * Checks that a token has a mechanism and that it can do what is wanted.
 *
 * kinds  of the token
 * flag   CKF_SIGN or another function's flag
 *
 * CKR_ARGUMENTS_BAD      no mechanism given
 * CKR_MECHANISM_INVALID  unknown, or not for that
 */
CK_RV kc_mechanism_check(unsigned kinds, const CK_MECHANISM *mechanism, CK_FLAGS flag);

/* The row of a checked mechanism for a key of this type; NULL: it is not for such keys. */
const struct kc_mechanism_row *kc_mechanism_for(CK_MECHANISM_TYPE type, CK_KEY_TYPE key_type);

/* Whether it is one by which a service's share contributes, and for nothing but such a share. */
bool kc_mechanism_contributes(CK_MECHANISM_TYPE type);

/* The mechanisms that one half of a key can be used with: CKA_ALLOWED_MECHANISMS. Returns their
 * number. */
#define KC_MECHANISMS_MAX 40
size_t kc_mechanisms_allowed(
    const struct kc_object *key, CK_MECHANISM_TYPE list[static KC_MECHANISMS_MAX]);

#endif
