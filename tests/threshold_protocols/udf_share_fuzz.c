/* SPDX-License-Identifier: Apache-2.0 */
/* UDF shares as people type them in: the first octet is the size of each, then they follow. */
#include "tests/fuzz/fuzz.h"

#include "threshold/udf_shamir.h"

#include <string.h>

#define SHARES_MAX KC_UDF_SHAMIR_SHARES_MAX

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_udf_share shares[SHARES_MAX + 1];
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX];
    size_t count = 0;
    if (size == 0 || bytes[0] == 0 || bytes[0] > sizeof shares[0].octets)
        return 0;
    for (size_t at = 1; at + bytes[0] <= size && count <= SHARES_MAX; at += bytes[0]) {
        shares[count].size = bytes[0];
        memcpy(shares[count++].octets, bytes + at, bytes[0]);
    }
    if (count > 0 && kc_udf_shamir_recover(secret, shares, count) == KC_OK)
        fuzz_must(count >= shares[0].octets[0] >> 4);
    return 0;
}
