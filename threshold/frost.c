/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/frost.h"

#include "base/wipe.h"
#include "threshold/combination.h"
#include "threshold/declassify.h"
#include "threshold/frost_binding.h"
#include "threshold/frost_suite.h"
#include "threshold/transcript.h"
#include "threshold/wire.h"

#include <string.h>

static void hash_signer(
    struct kc_transcript *transcript, const struct kc_frost_signer *signer, struct kc_span session)
{
    kc_transcript_number(transcript, (uint64_t)signer->suite);
    kc_transcript_number(transcript, signer->index);
    kc_transcript_scalar(transcript, signer->share);
    kc_transcript_point(transcript, signer->group);
    kc_transcript_span(transcript, session);
}

/* What round two must be given again. */
static enum kc_error hash_bound(
    uint8_t bound[static 32], const struct kc_frost_signer *signer, struct kc_span session)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold FROST session 1");
    hash_signer(&transcript, signer, session);
    return kc_transcript_finish(&transcript, bound, 32);
}

/* The RFC's 32 random octets, hashed from more than the random source. */
static enum kc_error make_nonce(struct kc_scalar *nonce, const char *label,
    const struct kc_frost_signer *signer, struct kc_span session, const struct kc_fresh *fresh)
{
    uint8_t random[KC_FROST_RANDOM_SIZE]; /* secret */
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, label);
    hash_signer(&transcript, signer, session);
    kc_transcript_fresh(&transcript, fresh);
    enum kc_error error = kc_transcript_finish(&transcript, random, sizeof random);
    if (error == KC_OK)
        error = kc_frost_nonce(nonce, signer->suite, random, signer->share);
    kc_wipe(random, sizeof random);
    return error;
}

static bool signer_good(const struct kc_frost_signer *signer, struct kc_span session)
{
    enum kc_curve curve = kc_frost_curve(signer->suite);
    return signer->index != 0 && session.size > 0 && session.size <= KC_FROST_SESSION_SIZE_MAX &&
           signer->share->curve == curve && signer->group->curve == curve;
}

static enum kc_error commit(struct kc_frost_nonces *made, const struct kc_frost_signer *signer,
    struct kc_span session, const struct kc_fresh *fresh)
{
    enum kc_error error =
        make_nonce(&made->hiding, "custodian threshold FROST hiding 1", signer, session, fresh);
    if (error == KC_OK)
        error = make_nonce(
            &made->binding, "custodian threshold FROST binding 1", signer, session, fresh);
    if (error == KC_OK)
        error = hash_bound(made->bound, signer, session);
    if (error == KC_OK)
        error = kc_point_multiply_base(&made->commitment.hiding, &made->hiding);
    if (error == KC_OK)
        error = kc_point_multiply_base(&made->commitment.binding, &made->binding);
    made->commitment.index = signer->index;
    kc_declassify(&made->commitment, sizeof made->commitment); /* it is sent */
    return error;
}

enum kc_error kc_frost_commit(struct kc_frost_nonces *nonces,
    struct kc_frost_commitment *commitment, const struct kc_frost_signer *signer,
    struct kc_span session, const struct kc_fresh *fresh)
{
    kc_frost_nonces_wipe(nonces);
    if (!signer_good(signer, session))
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = commit(nonces, signer, session, fresh);
    if (error != KC_OK) {
        kc_frost_nonces_wipe(nonces);
        return error == KC_ERR_SCALAR_RANGE ? KC_ERR_INTERNAL : error; /* a nonce of zero */
    }
    nonces->self = nonces;
    *commitment = nonces->commitment;
    return KC_OK;
}

static bool commitments_equal(
    const struct kc_frost_commitment *a, const struct kc_frost_commitment *b)
{
    /* Both are public. */
    return a->index == b->index && a->hiding.curve == b->hiding.curve &&
           a->binding.curve == b->binding.curve &&
           kc_declassify_answer(kc_point_equal(&a->hiding, &b->hiding)) &&
           kc_declassify_answer(kc_point_equal(&a->binding, &b->binding));
}

/* The position of the commitment in the package; count if it is not there as it was made. */
static size_t find_own(
    const struct kc_frost_package *package, const struct kc_frost_commitment *own)
{
    size_t i = 0;
    while (i < package->count && !commitments_equal(&package->commitments[i], own))
        i++;
    return i;
}

static enum kc_error check_bound(const struct kc_frost_nonces *nonces, const void *address,
    const struct kc_frost_signer *signer, struct kc_span session)
{
    uint8_t bound[32]; /* secret: the share is in it */
    if (nonces->self != address)
        return KC_ERR_SESSION;
    enum kc_error error = hash_bound(bound, signer, session);
    if (error != KC_OK)
        return error;
    kc_mask same = kc_ct_bytes_equal(bound, nonces->bound, sizeof bound);
    kc_wipe(bound, sizeof bound);
    return kc_declassify_answer(same) ? KC_OK : KC_ERR_SESSION; /* said to the caller */
}

/* d + e rho + lambda s c (5.2) */
static void respond(struct kc_scalar *response, const struct kc_frost_nonces *nonces,
    const struct kc_frost_signer *signer, const struct kc_frost_binding *binding,
    const struct kc_frost_package *package, size_t position)
{
    struct kc_scalar coefficient;
    KC_AUTO_SCALAR term;
    KC_AUTO_SCALAR sum;
    kc_scalar_multiply(&sum, &nonces->binding, &binding->factors[position]);
    kc_scalar_add(&sum, &sum, &nonces->hiding);
    kc_frost_coefficient(&coefficient, signer->suite, package, position);
    kc_scalar_multiply(&term, &coefficient, &binding->challenge);
    kc_scalar_multiply(&term, &term, signer->share);
    kc_scalar_add(response, &sum, &term);
    kc_declassify(response, sizeof *response); /* it is sent */
}

static enum kc_error sign(struct kc_scalar *response, const struct kc_frost_nonces *nonces,
    const void *address, const struct kc_frost_signer *signer, struct kc_span session,
    const struct kc_frost_package *package)
{
    struct kc_frost_binding binding;
    enum kc_error error = check_bound(nonces, address, signer, session);
    if (error != KC_OK)
        return error;
    if (package->count > KC_FROST_SIGNERS_MAX)
        return KC_ERR_BAD_ARGUMENT;
    size_t position = find_own(package, &nonces->commitment);
    if (position == package->count)
        return KC_ERR_BAD_ARGUMENT;
    if ((error = kc_frost_bind(&binding, signer->suite, signer->group, package)) != KC_OK)
        return error;
    respond(response, nonces, signer, &binding, package, position);
    return KC_OK;
}

/* The nonces leave the caller's object before anything else happens. */
enum kc_error kc_frost_sign(struct kc_scalar *response, struct kc_frost_nonces *nonces,
    const struct kc_frost_signer *signer, struct kc_span session,
    const struct kc_frost_package *package)
{
    struct kc_frost_nonces taken = *nonces; /* secret */
    kc_frost_nonces_wipe(nonces);
    enum kc_error error = sign(response, &taken, nonces, signer, session, package);
    kc_wipe(&taken, sizeof taken);
    return error;
}

void kc_frost_nonces_wipe(struct kc_frost_nonces *nonces)
{
    kc_wipe(nonces, sizeof *nonces);
}

/* [z_i]B = D_i + [rho_i]E_i + [c lambda_i]Y_i */
static bool share_holds(enum kc_frost_suite suite, const struct kc_frost_binding *binding,
    const struct kc_frost_package *package, size_t position, const struct kc_point *public_point,
    const struct kc_scalar *response)
{
    struct kc_scalar of_public;
    if (public_point->curve != binding->commitment.curve || response->curve != public_point->curve)
        return false;
    kc_frost_coefficient(&of_public, suite, package, position);
    kc_scalar_multiply(&of_public, &binding->challenge, &of_public);
    const struct kc_term terms[] = {{NULL, &package->commitments[position].hiding, true},
        {&binding->factors[position], &package->commitments[position].binding, true},
        {&of_public, public_point, true}};
    return kc_combination_vanishes_variable_time(response, terms, 3);
}

enum kc_error kc_frost_verify_share(enum kc_frost_suite suite, const struct kc_point *group,
    const struct kc_frost_package *package, size_t position, const struct kc_point *public_point,
    const struct kc_scalar *response)
{
    struct kc_frost_binding binding;
    if (position >= package->count)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = kc_frost_bind(&binding, suite, group, package);
    if (error != KC_OK)
        return error;
    return share_holds(suite, &binding, package, position, public_point, response)
               ? KC_OK
               : KC_ERR_CONTRIBUTION;
}

static enum kc_error name_culprits(enum kc_frost_suite suite,
    const struct kc_frost_binding *binding, const struct kc_frost_package *package,
    const struct kc_point publics[], const struct kc_scalar responses[], uint32_t *culprits)
{
    uint32_t wrong = 0;
    for (size_t i = 0; i < package->count; i++)
        if (!share_holds(suite, binding, package, i, &publics[i], &responses[i]))
            wrong |= UINT32_C(1) << i;
    if (wrong == 0)
        return KC_ERR_SIGNATURE;
    *culprits = wrong;
    return KC_ERR_CONTRIBUTION;
}

/* The sum of all responses; false if one is of another curve. */
static bool add_responses(
    struct kc_scalar *sum, enum kc_curve curve, const struct kc_scalar responses[], size_t count)
{
    kc_scalar_set(sum, curve, 0);
    for (size_t i = 0; i < count; i++) {
        if (responses[i].curve != curve)
            return false;
        kc_scalar_add(sum, sum, &responses[i]);
    }
    return true;
}

enum kc_error kc_frost_aggregate(uint8_t signature[static KC_FROST_SIGNATURE_SIZE_MAX],
    size_t *signature_size, enum kc_frost_suite suite, const struct kc_point *group,
    const struct kc_frost_package *package, const struct kc_point publics[],
    const struct kc_scalar responses[], uint32_t *culprits)
{
    struct kc_frost_binding binding;
    struct kc_scalar sum;
    enum kc_error error = kc_frost_bind(&binding, suite, group, package);
    if (error != KC_OK)
        return error;
    const struct kc_term terms[] = {
        {NULL, &binding.commitment, true}, {&binding.challenge, group, true}};
    if (!add_responses(&sum, group->curve, responses, package->count) ||
        !kc_combination_vanishes_variable_time(&sum, terms, 2))
        return name_culprits(suite, &binding, package, publics, responses, culprits);
    struct kc_writer w;
    kc_writer_init(&w, signature, KC_FROST_SIGNATURE_SIZE_MAX);
    kc_frost_write_point(&w, &binding.commitment);
    kc_frost_write_scalar(&w, suite, &sum);
    *signature_size = w.size;
    return kc_writer_finish(&w);
}

static enum kc_error inverse_coefficient(struct kc_scalar *out, enum kc_curve curve,
    const uint32_t indices[], size_t count, size_t position)
{
    enum kc_error error = kc_share_coefficient(out, curve, indices, count, position);
    if (error == KC_OK)
        kc_scalar_invert(out, out);
    return error;
}

enum kc_error kc_frost_from_additive(struct kc_scalar *out, const struct kc_scalar *share,
    const uint32_t indices[], size_t count, size_t position)
{
    struct kc_scalar inverse;
    enum kc_error error = inverse_coefficient(&inverse, share->curve, indices, count, position);
    if (error == KC_OK)
        kc_scalar_multiply(out, share, &inverse);
    return error;
}

enum kc_error kc_frost_public_from_additive(struct kc_point *out,
    const struct kc_point *public_point, const uint32_t indices[], size_t count, size_t position)
{
    struct kc_scalar inverse;
    enum kc_error error =
        inverse_coefficient(&inverse, public_point->curve, indices, count, position);
    return error != KC_OK ? error : kc_point_multiply(out, &inverse, public_point);
}

void kc_frost_commitment_write(struct kc_writer *w, const struct kc_frost_commitment *commitment)
{
    kc_writer_u32(w, commitment->index);
    kc_wire_write_point(w, &commitment->hiding);
    kc_wire_write_point(w, &commitment->binding);
}

enum kc_error kc_frost_commitment_read(
    struct kc_reader *r, enum kc_frost_suite suite, struct kc_frost_commitment *commitment)
{
    enum kc_curve curve = kc_frost_curve(suite);
    struct kc_frost_commitment read = {.index = kc_reader_u32(r)};
    if (read.index == 0)
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = kc_wire_read_point(r, curve, &read.hiding);
    if (error == KC_OK)
        error = kc_wire_read_point(r, curve, &read.binding);
    if (error == KC_OK)
        *commitment = read;
    return error;
}
