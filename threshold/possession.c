/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/possession.h"

#include "threshold/combination.h"
#include "threshold/declassify.h"
#include "threshold/transcript.h"

static enum kc_error hash_challenge(struct kc_scalar *challenge,
    const struct kc_point *public_point, const struct kc_point *commitment, struct kc_span context)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold possession 1");
    kc_transcript_span(&transcript, context);
    kc_transcript_point(&transcript, public_point);
    kc_transcript_point(&transcript, commitment);
    return kc_transcript_finish_scalar(&transcript, challenge, public_point->curve);
}

static enum kc_error make_nonce(struct kc_scalar *nonce, const struct kc_scalar *secret,
    const struct kc_point *public_point, struct kc_span context, const struct kc_fresh *fresh)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold possession nonce 1");
    kc_transcript_scalar(&transcript, secret);
    kc_transcript_fresh(&transcript, fresh);
    kc_transcript_span(&transcript, context);
    kc_transcript_point(&transcript, public_point);
    return kc_transcript_finish_scalar(&transcript, nonce, secret->curve);
}

enum kc_error kc_possession_prove(struct kc_possession *proof, const struct kc_scalar *secret,
    const struct kc_point *public_point, struct kc_span context, const struct kc_fresh *fresh)
{
    KC_AUTO_SCALAR nonce;
    struct kc_possession made;
    struct kc_scalar challenge;
    enum kc_error error = make_nonce(&nonce, secret, public_point, context, fresh);
    if (error != KC_OK || (error = kc_point_multiply_base(&made.commitment, &nonce)) != KC_OK)
        return error;
    kc_declassify(&made.commitment, sizeof made.commitment); /* it is sent */
    if ((error = hash_challenge(&challenge, public_point, &made.commitment, context)) != KC_OK)
        return error;
    kc_scalar_multiply(&made.response, &challenge, secret);
    kc_scalar_add(&made.response, &made.response, &nonce);
    kc_declassify(&made.response, sizeof made.response); /* it is sent */
    *proof = made;
    return KC_OK;
}

/* [response]B = R + [e]public */
enum kc_error kc_possession_verify(
    const struct kc_possession *proof, const struct kc_point *public_point, struct kc_span context)
{
    struct kc_scalar challenge;
    if (proof->commitment.curve != public_point->curve ||
        proof->response.curve != public_point->curve)
        return KC_ERR_CONTRIBUTION;
    enum kc_error error = hash_challenge(&challenge, public_point, &proof->commitment, context);
    if (error != KC_OK)
        return error;
    const struct kc_term terms[] = {
        {NULL, &proof->commitment, true}, {&challenge, public_point, true}};
    return kc_combination_vanishes_variable_time(&proof->response, terms, 2) ? KC_OK
                                                                             : KC_ERR_CONTRIBUTION;
}
