/* SPDX-License-Identifier: Apache-2.0 */
/* A packed message that is taken has one form: packed again it is the same octets. */
#include "tests/fuzz/fuzz.h"

#include "proto/socket/packed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct kc_values items[KC_ITEMS_MAX];
    static struct kc_message message;
    static uint8_t again[1024 * 1024];
    struct kc_reader r;
    struct kc_writer w;
    kc_reader_init(&r, bytes, size);
    kc_message_unpack(&r, items, &message);
    if (kc_reader_finish(&r) != KC_OK)
        return 0;
    kc_writer_init(&w, again, sizeof again);
    kc_message_pack(&w, &message);
    fuzz_must(kc_writer_finish(&w) == KC_OK);
    fuzz_must(w.size == size && memcmp(again, bytes, size) == 0);
    return 0;
}
