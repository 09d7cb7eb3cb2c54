/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/contribution.h"

#include "threshold/proof.h"

#include <string.h>

static enum kc_error proof_read(const struct kc_mesh_contribution *said, struct kc_proof *proof)
{
    struct kc_reader r;
    kc_reader_init(&r, said->proof.bytes, said->proof.size);
    enum kc_error error = kc_proof_read(&r, said->curve, proof);
    return error != KC_OK ? error : kc_reader_finish(&r);
}

enum kc_error kc_mesh_contribution_check(const struct kc_mesh_contribution *said)
{
    struct kc_point own, peer, result;
    struct kc_proof proof;
    enum kc_error error = kc_point_decode(&own, said->curve, said->own.bytes, said->own.size);
    if (error == KC_OK)
        error = kc_point_decode(&peer, said->curve, said->peer.bytes, said->peer.size);
    if (error == KC_OK)
        error = kc_point_decode(&result, said->curve, said->result.bytes, said->result.size);
    if (error == KC_OK)
        error = proof_read(said, &proof);
    if (error != KC_OK)
        return error;
    const struct kc_proof_statement statement = {.use = KC_PROOF_AGREEMENT,
        .holder = &own,
        .coefficient = said->coefficient,
        .offset = said->offset,
        .peer = &peer,
        .contribution = &result,
        .key_id = {(const uint8_t *)said->key_id, strlen(said->key_id)},
        .request_digest = said->request_digest};
    return kc_proof_verify(&statement, &proof);
}
