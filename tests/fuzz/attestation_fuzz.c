/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle that is taken has one form: written again it is the same octets. Verifying any ends well. */
#include "tests/fuzz/fuzz.h"

#include "proto/attestation.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_attestation attestation;
    uint8_t again[KC_ATTESTATION_MAX];
    size_t again_size = 0;
    const char *problem = NULL;
    if (kc_attestation_read((struct kc_span){bytes, size}, &attestation) != KC_OK)
        return 0;
    fuzz_must(kc_attestation_write(&attestation, again, &again_size) == KC_OK);
    fuzz_must(again_size == size && memcmp(again, bytes, size) == 0);
    const struct kc_attestation_wanted wanted = {.nonce = attestation.nonce};
    enum kc_error error = kc_attestation_verify(&attestation, &wanted, &problem);
    fuzz_must(error == KC_OK || problem != NULL);
    return 0;
}
