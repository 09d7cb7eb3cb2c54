/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the PKCS#11 module takes from a custodian: answers that list objects, in their CBOR (after one
 * octet, as the seeds of socket_answer have it). Of every object that is taken every attribute can be
 * asked.
 */
#include "tests/fuzz/fuzz.h"

#include "pkcs11/attribute.h"
#include "pkcs11/listing.h"
#include "proto/socket/cbor.h"

static void ask(struct kc_object *object)
{
    for (CK_ATTRIBUTE_TYPE type = 0; type < 0x220; type++) {
        CK_BYTE room[40];
        CK_ATTRIBUTE attribute = {type, room, sizeof room};
        (void)kc_attribute_read(object, &attribute);
    }
    kc_object_done(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct kc_values items[KC_ITEMS_MAX];
    static const enum kc_object_kind halves[] = {KC_OBJECT_PUBLIC, KC_OBJECT_PRIVATE};
    struct kc_message answer;
    struct kc_object object;
    kc_message_init(&answer, KC_OPERATION_OBJECT_LIST);
    answer.items = items;
    if (size < 1 || kc_cbor_answer_decode(bytes + 1, size - 1, 0, &answer) != KC_OK)
        return 0;
    for (size_t i = 0; i < answer.item_count; i++) {
        for (size_t half = 0; half < 2; half++)
            if (kc_listing_read_key(&items[i], halves[half], &object) == KC_OK)
                ask(&object);
        if (kc_listing_read_object(&items[i], &object) == KC_OK)
            ask(&object);
    }
    return 0;
}
