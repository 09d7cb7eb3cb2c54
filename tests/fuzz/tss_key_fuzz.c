/* SPDX-License-Identifier: Apache-2.0 */
/* What is read as a key is written with the same octets. */
#include "tests/fuzz/fuzz.h"

#include "tpm/tss_key.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_tss_key key;
    uint8_t again[4096];
    size_t used = 0, again_size = sizeof again;
    if (kc_tss_key_read(bytes, size, &key, &used) != KC_OK)
        return 0;
    fuzz_must(used <= size && kc_tss_key_write(&key, again, &again_size) == KC_OK);
    fuzz_must(again_size == used && memcmp(again, bytes, used) == 0);
    return 0;
}
