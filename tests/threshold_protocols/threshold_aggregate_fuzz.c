/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FROST's aggregation of what hostile signers send: the first octet is the suite, the second the
 * number of signers; then the group key, the commitments, the verification shares, the responses,
 * and the message. What is taken for a signature verifies as one.
 */
#include "tests/fuzz/fuzz.h"

#include "threshold/frost_suite.h"
#include "threshold/wire.h"

#define SIGNERS_MAX KC_FROST_SIGNERS_MAX

static struct kc_frost_commitment commitments[SIGNERS_MAX];
static struct kc_point group, publics[SIGNERS_MAX];
static struct kc_scalar responses[SIGNERS_MAX];

static const enum kc_frost_suite suites[] = {
    KC_FROST_ED448, KC_FROST_ED25519, KC_FROST_P256, KC_FROST_ED25519_CONTEXT};

static bool read_all(struct kc_reader *r, enum kc_frost_suite suite, size_t count)
{
    enum kc_curve curve = kc_frost_curve(suite);
    bool good = kc_wire_read_point(r, curve, &group) == KC_OK;
    for (size_t i = 0; good && i < count; i++)
        good = kc_frost_commitment_read(r, suite, &commitments[i]) == KC_OK;
    for (size_t i = 0; good && i < count; i++)
        good = kc_wire_read_point(r, curve, &publics[i]) == KC_OK;
    for (size_t i = 0; good && i < count; i++)
        good = kc_frost_read_scalar(r, suite, &responses[i]) == KC_OK;
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_reader r;
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    size_t signature_size;
    uint32_t culprits = 0;
    kc_reader_init(&r, bytes, size);
    uint8_t suite_octet = kc_reader_u8(&r), count = kc_reader_u8(&r);
    enum kc_frost_suite suite = suites[suite_octet % 4];
    if (count > SIGNERS_MAX || !read_all(&r, suite, count))
        return 0;
    const struct kc_frost_package package = {commitments, count, {r.next, r.left}};
    enum kc_error error = kc_frost_aggregate(
        signature, &signature_size, suite, &group, &package, publics, responses, &culprits);
    const struct kc_signed_message message = {
        .has_context = suite == KC_FROST_ED25519_CONTEXT, .message = package.message};
    for (size_t i = 0; suite == KC_FROST_P256 && error == KC_OK && i < count; i++)
        fuzz_must(kc_frost_verify_share(suite, &group, &package, i, &publics[i], &responses[i]) !=
                  KC_ERR_BAD_ARGUMENT);
    if (error == KC_OK && suite != KC_FROST_P256)
        fuzz_must(kc_signature_verify(&group, &message, signature, signature_size) == KC_OK);
    if (error == KC_ERR_CONTRIBUTION)
        fuzz_must(culprits != 0 && culprits >> count == 0);
    return 0;
}
