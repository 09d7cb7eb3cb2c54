/* SPDX-License-Identifier: Apache-2.0 */
/* The same expressions by two headers, which cannot be in one file. */
#ifndef KC_TESTS_PKCS11_NUMBERS_H
#define KC_TESTS_PKCS11_NUMBERS_H

#include <stddef.h>

struct number {
    const char *expression;
    unsigned long value;
};

extern const struct number numbers_nss[]; /* up to a NULL */

#endif
