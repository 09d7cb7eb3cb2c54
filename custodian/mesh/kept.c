/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/kept.h"

#include <string.h>

enum part {
    HAS_SHARE = 1,
    HAS_COEFFICIENT = 2,
    HAS_MEMBER = 8,
    ALL = 11,
};

/* --- texts, keys, curves --- */

static void text_keep(struct kc_writer *w, const char *text)
{
    kc_writer_span(w, text, strlen(text));
}

static void text_kept(struct kc_reader *r, char *text, size_t room)
{
    struct kc_span span = kc_reader_span(r, room - 1);
    memset(text, 0, room);
    if (span.size == 0)
        return;
    if (memchr(span.bytes, 0, span.size) != NULL)
        kc_reader_fail(r);
    else
        memcpy(text, span.bytes, span.size);
}

/* Without its fingerprint, which is made again. */
static void key_keep(struct kc_writer *w, const struct kc_public_key *key)
{
    text_keep(w, key->algorithm);
    kc_writer_span(w, key->octets, key->size);
}

static void key_kept(struct kc_reader *r, struct kc_public_key *key)
{
    char algorithm[sizeof key->algorithm];
    text_kept(r, algorithm, sizeof algorithm);
    struct kc_span octets = kc_reader_span(r, KC_POINT_SIZE_MAX);
    *key = (struct kc_public_key){0};
    if (!r->failed && algorithm[0] != '\0' && kc_public_key_make(algorithm, octets, key) != KC_OK)
        kc_reader_fail(r);
}

static void scalar_keep(struct kc_writer *w, const struct kc_scalar *scalar)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(scalar, octets);
    kc_writer_bytes(w, octets, kc_curve_info(scalar->curve)->scalar_size);
}

static void scalar_kept(struct kc_reader *r, enum kc_curve curve, struct kc_scalar *scalar)
{
    size_t size = kc_curve_info(curve)->scalar_size;
    const uint8_t *octets = kc_reader_bytes(r, size);
    if (octets != NULL && kc_scalar_decode(scalar, curve, octets, size) != KC_OK)
        kc_reader_fail(r);
}

static enum kc_curve curve_kept(struct kc_reader *r)
{
    enum kc_curve curve = (enum kc_curve)kc_reader_u8(r);
    if (kc_curve_info(curve) == NULL)
        kc_reader_fail(r);
    return curve;
}

/* --- accounts --- */

void kc_mesh_account_keep(struct kc_writer *w, const struct kc_mesh_account *account)
{
    text_keep(w, account->address);
    kc_writer_u64(w, (uint64_t)account->updated);
    key_keep(w, &account->profile);
    key_keep(w, &account->administrator);
    key_keep(w, &account->encryption);
    key_keep(w, &account->signature);
}

void kc_mesh_account_kept(struct kc_reader *r, struct kc_mesh_account *account)
{
    *account = (struct kc_mesh_account){0};
    text_kept(r, account->address, sizeof account->address);
    account->updated = (int64_t)kc_reader_u64(r);
    key_kept(r, &account->profile);
    key_kept(r, &account->administrator);
    key_kept(r, &account->encryption);
    key_kept(r, &account->signature);
    memcpy(account->udf, account->profile.udf, sizeof account->udf);
}

/* --- capabilities --- */

static uint8_t parts_of(const struct kc_mesh_capability *capability)
{
    return (uint8_t)((capability->has_share ? HAS_SHARE : 0) |
                     (capability->has_coefficient ? HAS_COEFFICIENT : 0) |
                     (capability->has_member ? HAS_MEMBER : 0));
}

void kc_mesh_capability_keep(struct kc_writer *w, const struct kc_mesh_capability *capability)
{
    uint8_t parts = parts_of(capability);
    kc_writer_u8(w, parts);
    kc_writer_u8(w, (uint8_t)capability->class);
    text_keep(w, capability->id);
    text_keep(w, capability->account_udf);
    text_keep(w, capability->grantee);
    text_keep(w, capability->grantee_account);
    kc_writer_u64(w, (uint64_t)capability->epoch);
    if (parts & HAS_SHARE) {
        kc_writer_u8(w, (uint8_t)capability->share.curve);
        kc_writer_bytes(w, capability->own, sizeof capability->own);
        kc_writer_bytes(w, capability->group, sizeof capability->group);
    }
    if (parts & HAS_COEFFICIENT)
        scalar_keep(w, &capability->coefficient);
    if (parts & HAS_MEMBER)
        kc_mesh_account_keep(w, &capability->member);
}

static void terms_kept(struct kc_reader *r, struct kc_mesh_capability *capability)
{
    capability->class = (enum kc_mesh_class)kc_reader_u8(r);
    if (capability->class < KC_MESH_DECRYPT || capability->class > KC_MESH_GENERATE)
        kc_reader_fail(r);
    text_kept(r, capability->id, sizeof capability->id);
    text_kept(r, capability->account_udf, sizeof capability->account_udf);
    text_kept(r, capability->grantee, sizeof capability->grantee);
    text_kept(r, capability->grantee_account, sizeof capability->grantee_account);
    capability->epoch = (int64_t)kc_reader_u64(r);
}

void kc_mesh_capability_kept(struct kc_reader *r, struct kc_mesh_capability *capability)
{
    *capability = (struct kc_mesh_capability){0};
    uint8_t parts = kc_reader_u8(r);
    if ((parts & ~ALL) != 0 || ((parts & HAS_COEFFICIENT) && !(parts & HAS_SHARE)))
        kc_reader_fail(r);
    capability->has_share = parts & HAS_SHARE;
    capability->has_coefficient = parts & HAS_COEFFICIENT;
    capability->has_member = parts & HAS_MEMBER;
    terms_kept(r, capability);
    if (capability->has_share) {
        capability->share.curve = curve_kept(r);
        kc_reader_copy(r, capability->own, sizeof capability->own);
        kc_reader_copy(r, capability->group, sizeof capability->group);
    }
    if (capability->has_coefficient && !r->failed)
        scalar_kept(r, capability->share.curve, &capability->coefficient);
    if (capability->has_member)
        kc_mesh_account_kept(r, &capability->member);
}

void kc_mesh_capability_kept_texts(struct kc_reader *r, struct kc_mesh_capability_texts *texts)
{
    (void)kc_reader_u8(r); /* parts */
    (void)kc_reader_u8(r); /* class */
    texts->id = kc_reader_span(r, KC_MESH_ID_SIZE - 1);
    texts->account_udf = kc_reader_span(r, KC_UDF_ID_SIZE - 1);
    texts->grantee = kc_reader_span(r, KC_UDF_DIGEST_TEXT_SIZE - 1);
}
