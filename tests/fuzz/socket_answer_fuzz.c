/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer that is taken says the same after it was encoded again. (Its octets may differ: the
 * words of an error are not kept.) The first octet is the operation that was asked for; of a batch,
 * the next one is how many requests it had, and the ones after it are their operations.
 */
#include "tests/fuzz/fuzz.h"

#include "proto/socket/cbor.h"
#include "tests/socket/sample.h"

static struct sample first, second;

static void ask(struct sample *s, const uint8_t *operations, size_t count)
{
    kc_message_init(&s->message, (enum kc_operation)(operations[0] % KC_OPERATIONS));
    s->message.items = s->items;
    s->message.batch = s->batch;
    s->message.batch_count = count;
    for (size_t i = 0; i < count; i++)
        kc_message_init(&s->batch[i], (enum kc_operation)(operations[2 + i] % KC_OPERATIONS));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t again[KC_MESSAGE_SIZE_MAX];
    size_t again_size = 0, count = 0, head = 1;
    if (size > 1 && bytes[0] % KC_OPERATIONS == KC_OPERATION_BATCH) {
        count = bytes[1] % (KC_BATCH_MAX + 1);
        head = 2 + count;
    }
    if (size < head)
        return 0;
    ask(&first, bytes, count);
    if (kc_cbor_answer_decode(bytes + head, size - head, KC_DESCRIPTORS_MAX, &first.message) !=
        KC_OK)
        return 0;
    fuzz_must(kc_cbor_answer_encode(&first.message, again, sizeof again, &again_size) == KC_OK);
    ask(&second, bytes, count);
    fuzz_must(
        kc_cbor_answer_decode(again, again_size, KC_DESCRIPTORS_MAX, &second.message) == KC_OK);
    fuzz_must(sample_equal(&first.message, &second.message));
    return 0;
}
