/* SPDX-License-Identifier: Apache-2.0 */
/* The padding of PKCS #1 v1.5, right and wrong, taken off a block of which all is secret. */
#include "tests/constant_time/secret.h"

#include "custodian/vault/unpad.h"

#include <string.h>

#define SIZE 256

static void unpad(uint8_t first, uint8_t type, size_t separator)
{
    uint8_t encoded[SIZE], key[32] = {1};
    size_t start;
    memset(encoded, 0xaa, sizeof encoded);
    encoded[0] = first;
    encoded[1] = type;
    encoded[separator] = 0;
    secret(encoded, sizeof encoded);
    secret(key, sizeof key);
    must(kc_unpad_pkcs1(encoded, sizeof encoded, (struct kc_span){key, sizeof key},
        (struct kc_span){(const uint8_t *)"ciphertext", 10}, &start));
}

void constant_time_padding(void)
{
    unpad(0, 2, 10);
    unpad(0, 2, 255);
    unpad(0, 2, 9);
    unpad(0, 1, 20);
    unpad(1, 2, 20);
}
