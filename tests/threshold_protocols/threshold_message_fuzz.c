/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message of the protocols that is taken has one form: written again it is the same octets. The
 * first octet says which message, the second which curve.
 */
#include "tests/fuzz/fuzz.h"

#include "threshold/dkg_message.h"
#include "threshold/frost.h"
#include "threshold/proof.h"

#include <string.h>

static uint8_t again[2 * KC_DKG_MESSAGE_SIZE_MAX];

static void must_equal(const struct kc_writer *w, struct kc_span message)
{
    fuzz_must(kc_writer_finish(w) == KC_OK);
    fuzz_must(w->size == message.size && memcmp(again, message.bytes, w->size) == 0);
}

static void try_as_offer(enum kc_curve curve, struct kc_span message, struct kc_writer *w)
{
    struct kc_dkg_offer offer;
    if (kc_dkg_offer_read(&offer, curve, message) != KC_OK)
        return;
    kc_dkg_offer_write(w, &offer);
    must_equal(w, message);
}

static void try_as_deal(enum kc_curve curve, struct kc_span message, struct kc_writer *w)
{
    struct kc_dkg_deal deal;
    if (kc_dkg_deal_read(&deal, curve, message) != KC_OK)
        return;
    kc_dkg_deal_write(w, &deal);
    must_equal(w, message);
}

static void try_as_complaint(enum kc_curve curve, struct kc_span message, struct kc_writer *w)
{
    struct kc_dkg_complaint complaint;
    if (kc_dkg_complaint_read(&complaint, curve, message) != KC_OK)
        return;
    kc_dkg_complaint_write(w, &complaint);
    must_equal(w, message);
}

static void try_as_confirmation(struct kc_span message, struct kc_writer *w)
{
    struct kc_dkg_confirmation confirmation;
    if (kc_dkg_confirmation_read(&confirmation, message) != KC_OK)
        return;
    kc_dkg_confirmation_write(w, &confirmation);
    must_equal(w, message);
}

static void try_as_proof(enum kc_curve curve, struct kc_span message, struct kc_writer *w)
{
    struct kc_proof proof;
    struct kc_reader r;
    kc_reader_init(&r, message.bytes, message.size);
    if (kc_proof_read(&r, curve, &proof) != KC_OK || kc_reader_finish(&r) != KC_OK)
        return;
    kc_proof_write(w, &proof);
    must_equal(w, message);
}

static void try_as_commitment(enum kc_curve curve, struct kc_span message, struct kc_writer *w)
{
    struct kc_frost_commitment commitment;
    struct kc_reader r;
    enum kc_frost_suite suite = curve == KC_CURVE_ED448  ? KC_FROST_ED448
                                : curve == KC_CURVE_P256 ? KC_FROST_P256
                                                         : KC_FROST_ED25519;
    kc_reader_init(&r, message.bytes, message.size);
    if (kc_frost_commitment_read(&r, suite, &commitment) != KC_OK || kc_reader_finish(&r) != KC_OK)
        return;
    kc_frost_commitment_write(w, &commitment);
    must_equal(w, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2 || kc_curve_info((enum kc_curve)bytes[1]) == NULL)
        return 0;
    enum kc_curve curve = (enum kc_curve)bytes[1];
    const struct kc_span message = {bytes + 2, size - 2};
    struct kc_writer w;
    kc_writer_init(&w, again, sizeof again);
    switch (bytes[0]) {
    case 'o':
        try_as_offer(curve, message, &w);
        break;
    case 'd':
        try_as_deal(curve, message, &w);
        break;
    case 'c':
        try_as_complaint(curve, message, &w);
        break;
    case 'n':
        try_as_confirmation(message, &w);
        break;
    case 'p':
        try_as_proof(curve, message, &w);
        break;
    case 'f':
        try_as_commitment(curve, message, &w);
        break;
    default:
        break;
    }
    return 0;
}
