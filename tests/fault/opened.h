/* SPDX-License-Identifier: Apache-2.0 */
/* The store of a custodian that is stopped, opened as its vault does: with the same TPM. */
#ifndef KC_TESTS_FAULT_OPENED_H
#define KC_TESTS_FAULT_OPENED_H

#include "tests/support/custodian.h"

#include <stdint.h>

struct opened {
    const char *what;
    const uint8_t *octets;
    size_t size;
};

/* Tells every secret that the store keeps: the vault's, sealing keys, seeds, scalars, shares.
 * Returns how many. */
size_t open_store(const struct kc_custodian *custodian, void (*tell)(const struct opened *opened));

#endif
