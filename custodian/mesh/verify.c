/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/verify.h"

#include <string.h>

struct kc_signed_message kc_mesh_signed_message(
    enum kc_curve curve, const uint8_t digest[KC_DARE_DIGEST_SIZE])
{
    return (struct kc_signed_message){
        .has_context = curve == KC_CURVE_ED25519, .message = {digest, KC_DARE_DIGEST_SIZE}};
}

enum kc_error kc_mesh_verify(const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature)
{
    bool is_448 = strcmp(key->algorithm, "Ed448") == 0;
    struct kc_point point;
    if (!is_448 && strcmp(key->algorithm, "Ed25519") != 0)
        return KC_ERR_BAD_ALGORITHM;
    enum kc_curve curve = is_448 ? KC_CURVE_ED448 : KC_CURVE_ED25519;
    enum kc_error error = kc_point_decode(&point, curve, key->octets, key->size);
    if (error != KC_OK)
        return error;
    struct kc_signed_message message = kc_mesh_signed_message(curve, digest);
    return kc_signature_verify(&point, &message, signature.bytes, signature.size);
}
