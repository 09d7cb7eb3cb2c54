/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/share_refresh.h"

#include "custodian/mesh/share_envelope.h"
#include "custodian/mesh/split.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <string.h>

#define ENTRY_SIZE_MAX (64u << 10)

static enum kc_error entry_open(struct kc_span entry, const struct kc_mesh_account *account,
    struct kc_signed_object *opened, struct kc_object *inner)
{
    enum kc_error error = kc_signed_object_open(entry, ENTRY_SIZE_MAX, KC_OBJECT_CatalogedAccess,
        &account->administrator, kc_mesh_verify, opened);
    if (error == KC_OK)
        *inner = kc_object_inner(&opened->object, "Capability");
    return error;
}

enum kc_error kc_mesh_refresh_subject(
    struct kc_span entry, const struct kc_mesh_account *account, char subject[KC_UDF_ID_SIZE])
{
    struct kc_signed_object opened;
    struct kc_object inner;
    enum kc_error error = entry_open(entry, account, &opened, &inner);
    if (error != KC_OK)
        return error;
    error = kc_json_text(kc_object_member(&inner, "SubjectId"), subject, KC_UDF_ID_SIZE);
    kc_signed_object_done(&opened);
    return error == KC_OK ? KC_OK : KC_ERR_BAD_REQUEST;
}

/* Whether the entry is about this share, and comes after it. */
static enum kc_error terms_check(
    const struct kc_object *entry, const struct kc_mesh_share_state *before, int64_t *epoch)
{
    bool signs = entry->type == KC_OBJECT_CapabilitySign;
    if (kc_json_integer(kc_object_member(entry, "Epoch"), epoch) != KC_OK)
        return KC_ERR_BAD_REQUEST;
    if (!kc_json_is_text(kc_object_member(entry, "SubjectId"), before->subject) ||
        signs != (before->class == KC_MESH_SIGN) ||
        (!signs && !kc_object_type_is(entry->type, KC_OBJECT_CapabilityDecryptPartial)))
        return KC_ERR_REFUSED;
    return *epoch > before->epoch ? KC_OK : KC_ERR_EPOCH;
}

/* What the offset's public half must be: the difference of the verification shares. */
static enum kc_error offset_public(const struct kc_public_key *before,
    const struct kc_public_key *after, struct kc_public_key *offset)
{
    struct kc_point points[2], difference;
    enum kc_error error = kc_mesh_point(after, &points[0]);
    if (error == KC_OK)
        error = kc_mesh_point(before, &points[1]);
    if (error != KC_OK || points[0].curve != points[1].curve)
        return KC_ERR_CONTRIBUTION;
    kc_point_negate(&points[1], &points[1]);
    error = kc_point_sum(&difference, points, 2);
    return error == KC_OK ? kc_mesh_public_key(&difference, offset) : KC_ERR_CONTRIBUTION;
}

/* The share after it: the one that is enveloped, or the sum with the offset that is. */
static enum kc_error share_read(const struct kc_object *entry,
    const struct kc_mesh_share_terms *terms, const struct kc_mesh_share_state *before,
    struct kc_mesh_share_state *after)
{
    struct kc_public_key published;
    struct kc_mesh_share_terms expected = *terms;
    KC_AUTO_SCALAR opened = {0};
    struct kc_json offset = kc_object_member(entry, "EnvelopedKeyOffset");
    struct kc_json share = kc_json_item(kc_object_member(entry, "EnvelopedKeyShares"), 0);
    bool is_offset = kc_json_is_there(offset);
    if (is_offset == kc_json_is_there(share))
        return KC_ERR_BAD_REQUEST; /* one of the two */
    enum kc_error error = kc_object_key(entry, "KeyData", &after->own);
    if (error == KC_OK && strcmp(after->own.algorithm, before->own.algorithm) != 0)
        error = KC_ERR_CONTRIBUTION;
    if (error == KC_OK && is_offset)
        error = offset_public(&before->own, &after->own, &published);
    expected.own = is_offset ? &published : &after->own;
    if (error == KC_OK)
        error = kc_mesh_share_open(kc_json_source(is_offset ? offset : share), &expected, &opened);
    if (error != KC_OK)
        return error;
    if (is_offset)
        kc_scalar_add(&after->share, &before->share, &opened);
    else
        after->share = opened;
    return KC_OK;
}

enum kc_error kc_mesh_share_refresh(struct kc_span entry, const struct kc_mesh_account *account,
    const struct kc_key *key, int64_t now, const struct kc_mesh_share_state *before,
    struct kc_mesh_share_state *after)
{
    struct kc_signed_object opened;
    struct kc_object inner;
    struct kc_mesh_share_state made = *before;
    struct kc_mesh_share_terms terms = {.signer = &account->administrator, .key = key, .now = now};
    enum kc_error error = entry_open(entry, account, &opened, &inner);
    if (error == KC_OK) {
        error = terms_check(&inner, before, &made.epoch);
        if (error == KC_OK)
            error = share_read(&inner, &terms, before, &made);
        kc_signed_object_done(&opened);
    }
    if (error == KC_OK)
        *after = made;
    kc_scalar_wipe(&made.share);
    return error;
}
