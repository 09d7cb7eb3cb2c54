/* SPDX-License-Identifier: Apache-2.0 */
/* Shares as people type them: what gives a secret gives the same one when each line stands there twice. */
#include "tests/fuzz/fuzz.h"

#include "custodian/mesh/recovery.h"

#include <string.h>

static void twice(struct kc_span text, const uint8_t *secret, size_t secret_size)
{
    uint8_t again[KC_UDF_SHAMIR_SECRET_MAX];
    size_t size = 0, wrong;
    if (2 * text.size + 1 > KC_RECOVERY_SHARES_SIZE)
        return;
    char doubled[KC_RECOVERY_SHARES_SIZE];
    memcpy(doubled, text.bytes, text.size);
    doubled[text.size] = '\n';
    memcpy(doubled + text.size + 1, text.bytes, text.size);
    struct kc_span span = {(const uint8_t *)doubled, 2 * text.size + 1};
    fuzz_must(kc_recovery_combine(span, again, &size, &wrong) == KC_OK);
    fuzz_must(size == secret_size && memcmp(again, secret, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX];
    size_t secret_size = 0, wrong;
    struct kc_span text = {bytes, size};
    enum kc_error error = kc_recovery_combine(text, secret, &secret_size, &wrong);
    fuzz_must(error == KC_OK || error == KC_ERR_BAD_ARGUMENT || error == KC_ERR_SHARES_FEW ||
              error == KC_ERR_SHARES_MIXED || error == KC_ERR_SHARES_WRONG);
    if (error == KC_OK) {
        fuzz_must(secret_size >= KC_UDF_SHAMIR_SECRET_MIN);
        twice(text, secret, secret_size);
    }
    return 0;
}
