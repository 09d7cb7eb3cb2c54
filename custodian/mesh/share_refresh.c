/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/share_refresh.h"

#include "custodian/mesh/share_envelope.h"
#include "custodian/mesh/split.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <string.h>

#define ENTRY_SIZE_MAX (64u << 10)

/* Whether the entry is about this share, at this service, and the next epoch. */
static enum kc_error terms_check(const struct kc_object *entry, const char *service_udf,
    const struct kc_mesh_share_state *before)
{
    bool signs = entry->type == KC_OBJECT_CapabilitySign;
    int64_t epoch;
    if (kc_json_integer(kc_object_member(entry, "Epoch"), &epoch) != KC_OK ||
        kc_json_is_there(kc_object_member(entry, "EnvelopedKeyShares")))
        return KC_ERR_BAD_REQUEST;
    if (!kc_json_is_text(kc_object_member(entry, "Id"), before->id) ||
        !kc_json_is_text(kc_object_member(entry, "ServiceUdf"), service_udf) ||
        signs != (before->class == KC_MESH_SIGN) ||
        (!signs && !kc_object_type_is(entry->type, KC_OBJECT_CapabilityDecrypt)))
        return KC_ERR_REFUSED;
    return epoch == before->epoch + 1 ? KC_OK : KC_ERR_CONFLICT;
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

static enum kc_error offset_apply(const struct kc_object *entry,
    const struct kc_mesh_account *account, const struct kc_key *key, int64_t now,
    const struct kc_mesh_share_state *before, struct kc_mesh_share_state *after)
{
    struct kc_public_key offset_own;
    KC_AUTO_SCALAR offset = {0};
    struct kc_json envelope = kc_object_member(entry, "EnvelopedKeyOffset");
    enum kc_error error = kc_object_key(entry, "KeyData", &after->own);
    if (error == KC_OK)
        error = offset_public(&before->own, &after->own, &offset_own);
    if (error == KC_OK) {
        struct kc_mesh_share_terms terms = {
            .signer = &account->administrator, .key = key, .own = &offset_own, .now = now};
        error = kc_mesh_share_open(kc_json_source(envelope), &terms, &offset);
    }
    if (error != KC_OK)
        return error;
    kc_scalar_add(&after->share, &before->share, &offset);
    after->id = before->id;
    after->class = before->class;
    after->epoch = before->epoch + 1;
    return KC_OK;
}

enum kc_error kc_mesh_share_refresh(struct kc_span entry, const struct kc_mesh_account *account,
    const char *service_udf, const struct kc_key *key, int64_t now,
    const struct kc_mesh_share_state *before, struct kc_mesh_share_state *after)
{
    struct kc_signed_object opened;
    struct kc_mesh_share_state made = {0};
    enum kc_error error = kc_signed_object_open(entry, ENTRY_SIZE_MAX, KC_OBJECT_CatalogedAccess,
        &account->administrator, kc_mesh_verify, &opened);
    if (error != KC_OK)
        return error;
    struct kc_object inner = kc_object_inner(&opened.object, "Capability");
    error = terms_check(&inner, service_udf, before);
    if (error == KC_OK)
        error = offset_apply(&inner, account, key, now, before, &made);
    kc_signed_object_done(&opened);
    if (error == KC_OK)
        *after = made;
    kc_scalar_wipe(&made.share);
    return error;
}
