/* SPDX-License-Identifier: Apache-2.0 */
/* What is read as a policy is written as the same text, to the last octet. */
#include "tests/fuzz/fuzz.h"

#include "tpm/policy_file.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[2 * KC_POLICY_TEXT_MAX], again[KC_POLICY_TEXT_MAX];
    struct kc_signed_policy policies[2], read;
    size_t count = 0, one = 0;
    unsigned line = 0;
    if (size >= sizeof text)
        return 0;
    memcpy(text, bytes, size);
    text[size] = 0;
    if (kc_policy_file_read(text, policies, 2, &count, &line) != KC_OK)
        return 0;
    for (size_t i = 0; i < count; i++) {
        kc_policy_file_write(&policies[i], again);
        fuzz_must(kc_policy_file_read(again, &read, 1, &one, &line) == KC_OK && one == 1);
        fuzz_must(memcmp(&read, &policies[i], sizeof read) == 0);
    }
    return 0;
}
