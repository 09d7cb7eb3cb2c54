/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_fill_id.h"

#include "proto/udf.h"

#include <sodium.h>
#include <stdlib.h>

#define ID_OCTETS 16 /* as those have that an administrator makes */

void bench_fill_id(uint32_t number, char id[static KC_UDF_ID_SIZE])
{
    uint8_t octets[ID_OCTETS];
    (void)crypto_generichash(
        octets, sizeof octets, (const uint8_t *)&number, sizeof number, NULL, 0);
    if (kc_udf_present(
            KC_UDF_NONCE, (struct kc_span){octets, sizeof octets}, 0, id, KC_UDF_ID_SIZE) != KC_OK)
        abort(); /* any nonce of this size fits */
}
