/* SPDX-License-Identifier: Apache-2.0 */
/* numbers.def by the header of NSS. */
#include "tests/pkcs11/numbers.h"

#include <pkcs11.h>

#define NUMBER(expression) {#expression, (unsigned long)(expression)},
const struct number numbers_nss[] = {
#include "tests/pkcs11/numbers.def"
    {NULL, 0},
};
