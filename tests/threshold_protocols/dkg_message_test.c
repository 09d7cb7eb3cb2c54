/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of key generation as octets. */
#include "tests/threshold_protocols/dkg_world.h"

#include <string.h>

/* Each message of a generation as octets: all of it, every part of it, and one octet more. */
static void assert_reads(enum kc_curve curve, int kind, const uint8_t *octets, size_t size)
{
    union {
        struct kc_dkg_offer offer;
        struct kc_dkg_deal deal;
        struct kc_dkg_complaint complaint;
        struct kc_dkg_confirmation confirmation;
    } read;
    for (size_t taken = 0; taken <= size + 1; taken++) {
        const struct kc_span message = {octets, taken};
        enum kc_error error = kind == 0   ? kc_dkg_offer_read(&read.offer, curve, message)
                              : kind == 1 ? kc_dkg_deal_read(&read.deal, curve, message)
                              : kind == 2 ? kc_dkg_complaint_read(&read.complaint, curve, message)
                                          : kc_dkg_confirmation_read(&read.confirmation, message);
        assert_int_equal(error, taken == size ? KC_OK : KC_ERR_BAD_REQUEST);
    }
}

static void messages_are_read_whole_and_nothing_else(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct world *w = dealt(KC_DKG_GENERATE, curve, true);
        struct kc_dkg_complaint complaint;
        struct kc_dkg_confirmation confirmation = {.count = PARTIES};
        struct kc_fresh fresh = next_fresh();
        uint8_t octets[KC_DKG_MESSAGE_SIZE_MAX + 1] = {0};
        assert_int_equal(kc_dkg_complain(w->parties[HONEST], &complaint, CHEAT, &fresh), KC_OK);
        for (int kind = 0; kind < 4; kind++) {
            struct kc_writer writer;
            kc_writer_init(&writer, octets, sizeof octets - 1);
            if (kind == 0)
                kc_dkg_offer_write(&writer, &w->offers[CHEAT]);
            else if (kind == 1)
                kc_dkg_deal_write(&writer, &w->deals[CHEAT]);
            else if (kind == 2)
                kc_dkg_complaint_write(&writer, &complaint);
            else
                kc_dkg_confirmation_write(&writer, &confirmation);
            assert_int_equal(kc_writer_finish(&writer), KC_OK);
            assert_reads(curve, kind, octets, writer.size);
            if (kind == 1) { /* the last share is not below L */
                memset(octets + writer.size - 32, 0xff, 32);
                struct kc_dkg_deal deal;
                assert_int_equal(
                    kc_dkg_deal_read(&deal, curve, (struct kc_span){octets, writer.size}),
                    KC_ERR_SCALAR_RANGE);
            }
        }
        free_world(w);
    }
}

/* The identity in the place of each point of an offer and of a complaint. */
static void points_of_small_order_are_not_read(void **state)
{
    (void)state;
    static const uint8_t identity[32] = {1};
    static const size_t in_offer[] = {0, 32, 97, 129, 161, 193};
    static const size_t in_complaint[] = {33, 65, 97};
    struct world *w = dealt(KC_DKG_GENERATE, KC_CURVE_ED25519, true);
    struct kc_dkg_offer offer;
    struct kc_dkg_complaint complaint;
    struct kc_fresh fresh = next_fresh();
    uint8_t octets[KC_DKG_MESSAGE_SIZE_MAX], altered[KC_DKG_MESSAGE_SIZE_MAX];
    struct kc_writer writer;
    kc_writer_init(&writer, octets, sizeof octets);
    kc_dkg_offer_write(&writer, &w->offers[CHEAT]);
    for (size_t i = 0; i < sizeof in_offer / sizeof *in_offer; i++) {
        memcpy(altered, octets, writer.size);
        memcpy(altered + in_offer[i], identity, sizeof identity);
        assert_int_equal(
            kc_dkg_offer_read(&offer, KC_CURVE_ED25519, (struct kc_span){altered, writer.size}),
            KC_ERR_POINT_SMALL_ORDER);
    }
    assert_int_equal(kc_dkg_complain(w->parties[HONEST], &complaint, CHEAT, &fresh), KC_OK);
    kc_writer_init(&writer, octets, sizeof octets);
    kc_dkg_complaint_write(&writer, &complaint);
    for (size_t i = 0; i < sizeof in_complaint / sizeof *in_complaint; i++) {
        memcpy(altered, octets, writer.size);
        memcpy(altered + in_complaint[i], identity, sizeof identity);
        assert_int_equal(kc_dkg_complaint_read(
                             &complaint, KC_CURVE_ED25519, (struct kc_span){altered, writer.size}),
            KC_ERR_POINT_SMALL_ORDER);
    }
    free_world(w);
}

/* As long as a count of 17 says, and longer than any message may be. */
static void counts_above_their_limit_are_refused(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_X448);
    struct kc_dkg_offer offer;
    struct kc_dkg_deal deal;
    struct kc_dkg_confirmation confirmation;
    uint8_t octets[2 * KC_DKG_MESSAGE_SIZE_MAX] = {KC_DKG_PARTIES_MAX + 1};
    struct kc_writer writer;
    assert_int_equal(kc_dkg_deal_read(&deal, KC_CURVE_X448,
                         (struct kc_span){octets, 1 + (KC_DKG_PARTIES_MAX + 1) * 56}),
        KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_dkg_confirmation_read(&confirmation,
                         (struct kc_span){octets, 1 + (KC_DKG_PARTIES_MAX + 1) * 32}),
        KC_ERR_BAD_REQUEST);
    kc_writer_init(&writer, octets, sizeof octets);
    w->offers[0].count = 0;
    kc_dkg_offer_write(&writer, &w->offers[0]);
    octets[writer.size - 1] = KC_SHARES_MAX + 1;
    for (size_t i = 0; i < KC_SHARES_MAX + 2; i++) { /* and the commitment of its possession */
        uint8_t point[KC_POINT_SIZE_MAX];
        kc_point_encode(&w->offers[0].seal_key, point);
        kc_writer_bytes(&writer, point, sizeof point);
    }
    for (int i = 0; i < 56; i++)
        kc_writer_u8(&writer, 0);
    assert_int_equal(
        kc_dkg_offer_read(&offer, KC_CURVE_X448, (struct kc_span){octets, writer.size}),
        KC_ERR_BAD_REQUEST);
    free_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read_whole_and_nothing_else),
        cmocka_unit_test(points_of_small_order_are_not_read),
        cmocka_unit_test(counts_above_their_limit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
