/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/operate_parts.h"

#include "base/wipe.h"
#include "custodian/mesh/share_envelope.h"
#include "proto/public_key.h"
#include "threshold/shamir.h"

#include <stdlib.h>
#include <string.h>

/* Who gets what of a key. */
struct plan {
    size_t count, threshold;                 /* shares in all, the service's included */
    uint32_t indexes[KC_OPERATE_SHARES_MAX]; /* the service's first; for a threshold below count */
    struct kc_public_key recipients[KC_OPERATE_SHARES_MAX]; /* the service first */
};

void kc_operate_dealt_free(struct kc_operate_dealt *dealt)
{
    if (dealt == NULL)
        return;
    for (size_t i = 0; i < dealt->count; i++)
        free(dealt->envelopes[i]);
    free(dealt);
}

/* What is not the requester's fault can help to repeat. */
static enum kc_operate_code code_of(enum kc_error error)
{
    return error == KC_OK ? KC_OPERATE_ACCEPTED
           : error == KC_ERR_RANDOM || error == KC_ERR_NO_MEMORY || error == KC_ERR_INTERNAL
               ? KC_OPERATE_BUSY
               : KC_OPERATE_REFUSED;
}

/* --- who gets a share --- */

static bool is_key(const struct kc_public_key *known, const struct kc_public_key *key)
{
    return known->size > 0 && kc_public_key_equal(key, known);
}

/* "Recipients verified by the vault": not by being named in a request. The administrator connected
 * the one, and pinned the other's profile in this very capability. */
static bool is_verified(const struct kc_operate_requester *requester,
    const struct kc_mesh_capability *capability, const struct kc_public_key *key)
{
    return is_key(&requester->encryption, key) || is_key(&capability->member.encryption, key);
}

static bool is_among(
    const struct kc_public_key *key, const struct kc_public_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (kc_public_key_equal(key, &keys[i]))
            return true;
    return false;
}

/* The service, and after it each key of the request, which is another and verified. */
static bool recipients_read(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_mesh_capability *capability,
    const struct kc_object *operation, struct plan *plan)
{
    struct kc_json list = kc_object_member(operation, "PublicKeys");
    if (state->share_key == NULL || kc_json_count(list) >= KC_OPERATE_SHARES_MAX)
        return false;
    plan->recipients[0] = *state->share_key;
    for (plan->count = 1; plan->count <= kc_json_count(list); plan->count++) {
        struct kc_public_key *key = &plan->recipients[plan->count];
        if (kc_public_key_read_tagged(kc_json_item(list, plan->count - 1), key) != KC_OK ||
            is_among(key, plan->recipients, plan->count) ||
            !is_verified(requester, capability, key))
            return false;
    }
    return true;
}

/* A number of an operation; what is due if it is not there. */
static bool number_read(
    const struct kc_object *operation, const char *field, size_t due, size_t *number)
{
    int64_t said;
    struct kc_json value = kc_object_member(operation, field);
    *number = due;
    if (!kc_json_is_there(value))
        return true;
    if (kc_json_integer(value, &said) != KC_OK || said < 1 || said > KC_OPERATE_SHARES_MAX)
        return false;
    *number = (size_t)said;
    return true;
}

/* Which numbers the holders have: 1, 2, ... unless they are said. */
static bool indexes_read(const struct kc_object *operation, struct plan *plan)
{
    struct kc_json list = kc_object_member(operation, "Indexes");
    bool said = kc_json_is_there(list);
    if (said && kc_json_count(list) != plan->count)
        return false;
    for (size_t i = 0; i < plan->count; i++) {
        int64_t index = (int64_t)i + 1;
        if (said && (kc_json_integer(kc_json_item(list, i), &index) != KC_OK || index < 1 ||
                        index > UINT32_MAX))
            return false;
        plan->indexes[i] = (uint32_t)index;
    }
    return true;
}

/* "If the leaving shares reach the threshold it is an export: AdministratorSignature, policy." */
static bool may_leave(const struct kc_operate_requester *requester,
    const struct kc_mesh_capability *capability, const struct plan *plan)
{
    bool is_export = plan->count - 1 >= plan->threshold;
    return !is_export || (requester->is_administrator && capability->allows_export);
}

/* --- dealing --- */

static enum kc_error split(const struct kc_operate_state *state, const struct plan *plan,
    const struct kc_scalar *secret, struct kc_scalar shares[KC_OPERATE_SHARES_MAX])
{
    uint8_t uniform[(KC_OPERATE_SHARES_MAX - 1) * KC_UNIFORM_SIZE];
    struct kc_point commitments[KC_OPERATE_SHARES_MAX];
    size_t size = (plan->threshold - 1) * KC_UNIFORM_SIZE;
    shares[0] = *secret;
    if (plan->count == 1)
        return KC_OK;
    enum kc_error error = state->source->random(state->source->context, uniform, sizeof uniform);
    if (error == KC_OK)
        error = plan->threshold == plan->count
                    ? kc_share_split(shares, plan->count, secret, uniform, size)
                    : kc_shamir_split(shares, commitments, secret, plan->indexes, plan->count,
                          plan->threshold, uniform, size);
    kc_wipe(uniform, sizeof uniform);
    return error;
}

static enum kc_error verification_make(
    const struct kc_scalar *share, struct kc_public_key *verification)
{
    struct kc_point point;
    enum kc_error error = kc_point_multiply_base(&point, share);
    return error != KC_OK ? error : kc_mesh_public_key(&point, verification);
}

static enum kc_error envelopes_make(const struct kc_operate_state *state, uint64_t now,
    const struct plan *plan, const struct kc_scalar shares[], struct kc_operate_dealt *dealt)
{
    enum kc_error error = KC_OK;
    struct kc_mesh_source source = *state->source;
    source.now = now;
    for (size_t i = 0; error == KC_OK && i < plan->count; i++) {
        size_t size;
        error = verification_make(&shares[i], &dealt->verification[i]);
        if (error == KC_OK)
            error = kc_mesh_share_seal(&shares[i], &plan->recipients[i],
                (int64_t)now + KC_OPERATE_SHARE_LIFE, state->response_key, &source,
                &dealt->envelopes[i], &size);
    }
    dealt->count = plan->count; /* what was not made is NULL */
    return error;
}

static enum kc_operate_code secret_deal(const struct kc_operate_state *state, uint64_t now,
    const struct plan *plan, const struct kc_scalar *secret, struct kc_operate_dealt **dealt)
{
    struct kc_scalar shares[KC_OPERATE_SHARES_MAX];
    struct kc_operate_dealt *made = calloc(1, sizeof *made);
    if (made == NULL)
        return KC_OPERATE_BUSY;
    enum kc_error error = split(state, plan, secret, shares);
    if (error == KC_OK)
        error = envelopes_make(state, now, plan, shares, made);
    kc_wipe(shares, sizeof shares);
    if (error == KC_OK)
        *dealt = made;
    else
        kc_operate_dealt_free(made);
    return code_of(error);
}

/* --- Share --- */

static enum kc_operate_code share(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_mesh_capability *capability,
    const struct kc_object *operation, struct kc_operate_dealt **dealt)
{
    struct plan plan;
    size_t said;
    if (!capability->has_share || capability->has_coefficient ||
        !recipients_read(state, requester, capability, operation, &plan) || plan.count < 2 ||
        !number_read(operation, "Shares", plan.count, &said) || said != plan.count ||
        !number_read(operation, "Threshold", plan.count, &plan.threshold) || plan.threshold < 2 ||
        plan.threshold > plan.count || !indexes_read(operation, &plan) ||
        !may_leave(requester, capability, &plan))
        return KC_OPERATE_REFUSED;
    return secret_deal(state, requester->now, &plan, &capability->share, dealt);
}

/* --- Generate --- */

/* What a key is to be used for is what its curve is for. */
static bool uses_fit(const struct kc_object *operation, const struct kc_curve_info *info)
{
    struct kc_json_walk walk = kc_json_walk(kc_object_member(operation, "Uses"));
    while (kc_json_walk_next(&walk)) {
        bool signs = kc_json_is_text(walk.value, "Sign");
        if (signs != info->signs || (!signs && !kc_json_is_text(walk.value, "Encrypt") &&
                                        !kc_json_is_text(walk.value, "Authenticate")))
            return false;
    }
    return true;
}

static const struct kc_curve_info *algorithm_read(const struct kc_object *operation)
{
    char name[16];
    if (kc_json_text(kc_object_member(operation, "Algorithm"), name, sizeof name) != KC_OK)
        return NULL;
    const struct kc_curve_info *info = kc_curve_by_name(name, strlen(name));
    return info != NULL && uses_fit(operation, info) ? info : NULL;
}

/* The dealer, who is this custodian, sees the key for as long as it takes to split it. */
static enum kc_operate_code generate(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_mesh_capability *capability,
    const struct kc_object *operation, struct kc_operate_dealt **dealt)
{
    struct plan plan;
    KC_AUTO_SCALAR secret = {0};
    const struct kc_curve_info *info = algorithm_read(operation);
    if (info == NULL || !recipients_read(state, requester, capability, operation, &plan))
        return KC_OPERATE_REFUSED;
    plan.threshold = plan.count;
    enum kc_error error = kc_mesh_random_scalar(state->source, info->curve, &secret);
    if (error != KC_OK)
        return code_of(error);
    enum kc_operate_code code = secret_deal(state, requester->now, &plan, &secret, dealt);
    if (code == KC_OPERATE_ACCEPTED)
        code = code_of(verification_make(&secret, &(*dealt)->whole));
    return code;
}

enum kc_operate_code kc_operate_deal(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_mesh_capability *capability,
    const struct kc_object *operation, struct kc_operate_dealt **dealt)
{
    return operation->type == KC_OBJECT_CryptographicOperationShare
               ? share(state, requester, capability, operation, dealt)
               : generate(state, requester, capability, operation, dealt);
}
