/* SPDX-License-Identifier: Apache-2.0 */
/* The table of mechanisms. */
#ifndef KC_PKCS11_MECHANISM_H
#define KC_PKCS11_MECHANISM_H

#include "pkcs11/pkcs11_extra.h"

struct kc_mechanism_row {
    CK_MECHANISM_TYPE type;
    CK_MECHANISM_INFO info; /* sizes in bits of the curve's field; flags say what it can do */
};

/* The row at a position; NULL after the last. */
const struct kc_mechanism_row *kc_mechanism_at(size_t position);

/*
 * Checks that a mechanism is there and can do what is wanted.
 *
 * flag  CKF_SIGN or another function's flag
 *
 * CKR_ARGUMENTS_BAD      no mechanism given
 * CKR_MECHANISM_INVALID  unknown, or not for that
 */
CK_RV kc_mechanism_check(const CK_MECHANISM *mechanism, CK_FLAGS flag);

#endif
