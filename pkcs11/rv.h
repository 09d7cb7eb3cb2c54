/* SPDX-License-Identifier: Apache-2.0 */
/* The seam between the project's errors and PKCS#11's return values: one table, both ways known. */
#ifndef KC_PKCS11_RV_H
#define KC_PKCS11_RV_H

#include "base/error.h"
#include "pkcs11/pkcs11_extra.h"

/* One row of the table. */
struct kc_rv_row {
    enum kc_error error;
    CK_RV rv;
};

/* The row at a position, for tests and documents; NULL after the last. */
const struct kc_rv_row *kc_rv_at(size_t position);

/* What the client is told of an error. CKR_GENERAL_ERROR for one that is in no row. */
CK_RV kc_rv(enum kc_error error);

#endif
