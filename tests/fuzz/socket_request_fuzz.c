/* SPDX-License-Identifier: Apache-2.0 */
/* A request that is taken has one form: encoded again it is the same octets. */
#include "tests/fuzz/fuzz.h"

#include "proto/socket/cbor.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct kc_message request, batch[KC_BATCH_MAX];
    static uint8_t again[KC_MESSAGE_SIZE_MAX];
    const char *detail;
    size_t again_size = 0;
    if (kc_cbor_request_decode(bytes, size, KC_DESCRIPTORS_MAX, batch, &request, &detail) != KC_OK)
        return 0;
    fuzz_must(kc_cbor_request_encode(&request, again, sizeof again, &again_size) == KC_OK);
    fuzz_must(again_size == size && memcmp(again, bytes, size) == 0);
    return 0;
}
