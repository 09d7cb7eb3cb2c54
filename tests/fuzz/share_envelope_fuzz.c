/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares in their envelopes, of keys that were split and of keys that were dealt: any octets are opened
 * or refused; what opens is what was sealed; and commitments that are taken have one form.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/share_envelope_sample.h"

#include <string.h>

/* Of a dealt key: what all holders know, and whether the share fits it. */
static void try_quorum(const struct kc_record *share, const struct kc_scalar *scalar)
{
    struct kc_quorum quorum;
    struct kc_point public;
    uint8_t again[KC_QUORUM_SIZE_MAX];
    struct kc_writer w;
    if (kc_quorum_read(share, &quorum) != KC_OK)
        return;
    fuzz_must(quorum.threshold >= 2 && quorum.threshold <= quorum.holders);
    fuzz_must(share->index >= 1 && share->index <= kc_quorum_holders(share));
    kc_writer_init(&w, again, sizeof again);
    kc_quorum_write(&w, &quorum);
    fuzz_must(kc_writer_finish(&w) == KC_OK && w.size == share->body.size);
    fuzz_must(memcmp(again, share->body.bytes, w.size) == 0);
    bool has_public = kc_quorum_public(&quorum, share->index, &public) == KC_OK;
    if (kc_shamir_check(scalar, share->index, quorum.commitments, quorum.threshold) == KC_OK)
        fuzz_must(has_public);
}

static void try_open(struct kc_span envelope)
{
    static const enum kc_curve curves[] = {KC_CURVE_X25519, KC_CURVE_X448};
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        struct kc_key wrap = share_envelope_recipient(curves[i]);
        struct kc_record share = {0};
        struct kc_scalar scalar;
        enum kc_error error = kc_envelope_open(envelope, &wrap, &share, &scalar);
        if (error == KC_OK && share.role == KC_ROLE_QUORUM)
            try_quorum(&share, &scalar);
        fuzz_must(error == KC_OK || share.public_size == 0);
    }
}

static void try_seal(const struct kc_record *share, const struct kc_scalar *scalar)
{
    struct kc_key wrap = share_envelope_recipient(KC_CURVE_X25519);
    struct kc_record opened = {0};
    struct kc_scalar again;
    uint8_t envelope[KC_ENVELOPE_SIZE_MAX];
    size_t size;
    if (share_envelope_seal(share, scalar, KC_CURVE_X25519, envelope, &size) != KC_OK)
        return;
    if (kc_envelope_open((struct kc_span){envelope, size}, &wrap, &opened, &again) != KC_OK)
        return;
    bool is_dealt = share->role == KC_ROLE_QUORUM;
    fuzz_must((opened.role == KC_ROLE_QUORUM) == is_dealt && opened.index == share->index);
    fuzz_must(opened.threshold == share->threshold && opened.class == share->class);
    fuzz_must(strcmp(opened.group, share->group) == 0);
    fuzz_must(opened.public_size == share->public_size && kc_scalar_equal(&again, scalar) != 0);
    fuzz_must(memcmp(opened.public_key, share->public_key, share->public_size) == 0);
    fuzz_must(
        !is_dealt || (opened.body.size == share->body.size &&
                         memcmp(opened.body.bytes, share->body.bytes, opened.body.size) == 0));
    if (is_dealt)
        try_quorum(&opened, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_record share;
    struct kc_scalar scalar;
    struct kc_span rest = {bytes + 1, size - 1};
    if (size == 0)
        return 0;
    if (bytes[0] == SHARE_ENVELOPE_SEALED)
        try_open(rest);
    if (bytes[0] == SHARE_ENVELOPE_OPEN && share_envelope_read(rest, &share, &scalar) == KC_OK)
        try_seal(&share, &scalar);
    return 0;
}
