/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/split.h"

#include "base/wipe.h"
#include "threshold/share.h"

#include <string.h>

enum kc_error kc_mesh_point(const struct kc_public_key *key, struct kc_point *point)
{
    const struct kc_curve_info *info = kc_curve_by_name(key->algorithm, strlen(key->algorithm));
    return info == NULL ? KC_ERR_BAD_ALGORITHM
                        : kc_point_decode(point, info->curve, key->octets, key->size);
}

void kc_mesh_split_wipe(struct kc_mesh_split *split)
{
    kc_scalar_wipe(&split->service);
    kc_scalar_wipe(&split->holder);
}

static enum kc_error own_of(const struct kc_scalar *share, struct kc_public_key *own)
{
    struct kc_point point;
    enum kc_error error = kc_point_multiply_base(&point, share);
    return error == KC_OK ? kc_mesh_public_key(&point, own) : error;
}

/* Whether two verification shares are of a key. */
static enum kc_error sum_check(
    const struct kc_public_key *a, const struct kc_public_key *b, const struct kc_point *whole)
{
    struct kc_point points[2], sum;
    enum kc_error error = kc_mesh_point(a, &points[0]);
    if (error == KC_OK)
        error = kc_mesh_point(b, &points[1]);
    if (error != KC_OK)
        return error;
    if (points[0].curve != whole->curve || points[1].curve != whole->curve)
        return KC_ERR_CONTRIBUTION;
    bool is_whole = kc_point_sum(&sum, points, 2) == KC_OK && kc_point_equal(&sum, whole);
    return is_whole ? KC_OK : KC_ERR_CONTRIBUTION;
}

enum kc_error kc_mesh_split_make(
    const struct kc_mesh_source *source, const struct kc_key *whole, struct kc_mesh_split *split)
{
    uint8_t uniform[KC_UNIFORM_SIZE];
    struct kc_scalar shares[2];
    struct kc_mesh_split made = {0};
    enum kc_error error = source->random(source->context, uniform, sizeof uniform);
    if (error == KC_OK)
        error = kc_share_split(shares, 2, &whole->scalar, uniform, sizeof uniform);
    if (error == KC_OK) {
        made.service = shares[0];
        made.holder = shares[1];
        error = own_of(&made.service, &made.service_own);
    }
    if (error == KC_OK)
        error = own_of(&made.holder, &made.holder_own);
    if (error == KC_OK)
        error = sum_check(&made.service_own, &made.holder_own, &whole->public);
    if (error == KC_OK)
        *split = made;
    kc_mesh_split_wipe(&made);
    kc_wipe(shares, sizeof shares);
    kc_wipe(uniform, sizeof uniform);
    return error;
}

/* The verification share after an offset. */
static enum kc_error own_after(
    const struct kc_public_key *before, const struct kc_scalar *offset, struct kc_public_key *after)
{
    struct kc_point points[2], sum;
    enum kc_error error = kc_mesh_point(before, &points[0]);
    if (error == KC_OK)
        error = kc_point_multiply_base(&points[1], offset);
    if (error == KC_OK)
        error = kc_point_sum(&sum, points, 2);
    return error == KC_OK ? kc_mesh_public_key(&sum, after) : error;
}

enum kc_error kc_mesh_split_refresh(const struct kc_mesh_source *source,
    const struct kc_public_key *service_own, const struct kc_public_key *holder_own,
    const struct kc_point *whole, struct kc_mesh_split *offsets)
{
    struct kc_mesh_split made = {0};
    enum kc_error error = sum_check(service_own, holder_own, whole);
    if (error == KC_OK)
        error = kc_mesh_random_scalar(source, whole->curve, &made.service);
    if (error == KC_OK) {
        kc_scalar_negate(&made.holder, &made.service);
        error = own_after(service_own, &made.service, &made.service_own);
    }
    if (error == KC_OK)
        error = own_after(holder_own, &made.holder, &made.holder_own);
    if (error == KC_OK)
        error = sum_check(&made.service_own, &made.holder_own, whole);
    if (error == KC_OK)
        *offsets = made;
    kc_mesh_split_wipe(&made);
    return error;
}
