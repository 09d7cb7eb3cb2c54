/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/naive_signer.h"

#include "tests/threshold_protocols/support.h"

const struct kc_point *naive_open(struct naive_signer *signer, size_t session)
{
    signer->sessions[session].nonce = next_scalar(KC_CURVE_ED25519);
    signer->sessions[session].commitment = base_times(&signer->sessions[session].nonce);
    for (size_t i = 0; i < sizeof signer->sessions[session].message; i++)
        signer->sessions[session].message[i] = (uint8_t)(session >> (8 * i));
    signer->sessions[session].open = true;
    return &signer->sessions[session].commitment;
}

struct kc_scalar naive_challenge(
    const struct naive_signer *signer, size_t session, const struct kc_point *service)
{
    const struct kc_signed_message message = {
        .message = {signer->sessions[session].message, sizeof signer->sessions[session].message}};
    struct kc_point parts[] = {signer->sessions[session].commitment, *service}, sum;
    struct kc_scalar challenge;
    uint8_t r[KC_POINT_SIZE_MAX], public[KC_POINT_SIZE_MAX];
    assert_int_equal(kc_point_sum(&sum, parts, 2), KC_OK);
    kc_point_encode(&sum, r);
    kc_point_encode(&signer->group, public);
    assert_int_equal(kc_eddsa_challenge(&challenge, KC_CURVE_ED25519, r, public, &message), KC_OK);
    return challenge;
}

struct kc_scalar naive_finish(
    struct naive_signer *signer, size_t session, const struct kc_point *service)
{
    struct kc_scalar challenge = naive_challenge(signer, session, service), response;
    assert_true(signer->sessions[session].open);
    signer->sessions[session].open = false;
    kc_eddsa_response(
        &response, &signer->sessions[session].nonce, &challenge, NULL, &signer->share);
    return response;
}
