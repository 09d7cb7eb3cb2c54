/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzz target defines, and how it says that something is wrong. */
#ifndef KC_TESTS_FUZZ_FUZZ_H
#define KC_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Takes any octets; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Ends the program, which the fuzzer sees, unless a thing holds. */
static inline void fuzz_must(int good)
{
    if (!good)
        abort();
}

#endif
