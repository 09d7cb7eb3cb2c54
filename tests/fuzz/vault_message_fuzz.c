/* SPDX-License-Identifier: Apache-2.0 */
/* A packet between desk and vault that is taken has one form: written again it is the same octets.
 * So have the records in it. */
#include "tests/fuzz/fuzz.h"

#include "custodian/record.h"
#include "custodian/vault_message.h"

#include <string.h>

static struct kc_values items[KC_ITEMS_MAX];
static struct kc_vault_message message;
static uint8_t again[KC_VAULT_MESSAGE_MAX];

static void try_record(struct kc_span packed)
{
    struct kc_record record;
    uint8_t room[KC_RECORD_SIZE_MAX];
    struct kc_writer w;
    if (kc_record_unpack(packed, &record) != KC_OK)
        return;
    kc_writer_init(&w, room, sizeof room);
    kc_record_pack(&w, &record);
    fuzz_must(kc_writer_finish(&w) == KC_OK);
    fuzz_must(w.size == packed.size && memcmp(room, packed.bytes, w.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_writer w;
    try_record((struct kc_span){bytes, size});
    if (kc_vault_message_unpack(bytes, size, items, &message) != KC_OK)
        return 0;
    for (size_t i = 0; i < message.record_count; i++)
        try_record(message.records[i]);
    kc_writer_init(&w, again, sizeof again);
    fuzz_must(kc_vault_message_pack(&w, &message) == KC_OK);
    fuzz_must(w.size == size && memcmp(again, bytes, size) == 0);
    return 0;
}
