/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A share that is resident in hardware, and one in software, of a key that nobody ever had whole:
 *
 *     here                              there
 *     key-generate, resident: R    -->  share-join: makes y, S = y*B, and proves that it knows y
 *     share-form: checks the proof <--
 *
 * The key is R + S. R was fixed before y was made; and who could choose S as "target minus R" could
 * not prove that he knows its logarithm. So neither side has more of the key than its share.
 */
#include "custodian/vault/access.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "custodian/vault/resident.h"

#include "threshold/possession.h"

#include <string.h>

#define PROOF_CONTEXT "custodian share-join 1"
#define PROOF_CONTEXT_MAX (sizeof PROOF_CONTEXT + (size_t)2 * KC_POINT_SIZE_MAX + 1)

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

static uint64_t number_of(const struct kc_call *call, enum kc_field field)
{
    return call->in.message.values.value[field].number;
}

/* Which of the two shares is to be here. */
static enum kc_error read_index(struct kc_call *call, uint8_t *index)
{
    uint64_t wanted = number_of(call, KC_FIELD_INDEX);
    if (wanted != KC_PARTY_FIRST && wanted != KC_PARTY_SERVICE)
        return wrong_field(call, KC_FIELD_INDEX);
    *index = (uint8_t)wanted;
    return wanted == KC_PARTY_SERVICE ? kc_call_fresh(call) : KC_OK;
}

/* The curve of shares that can be resident: with a form without sign, for agreement. */
static const struct kc_curve_info *find_curve(unsigned algorithm)
{
    const struct kc_curve_info *curve = kc_curve_info((enum kc_curve)algorithm);
    return curve && curve->unsigned_size > 0 ? curve : NULL;
}

/* --- the proof: who made the share in software knows it --- */

/* What it is for: these two public shares, and which is whose. */
static struct kc_span write_context(const struct kc_point *resident, const struct kc_point *joined,
    uint8_t index, uint8_t room[static PROOF_CONTEXT_MAX])
{
    uint8_t encoded[KC_POINT_SIZE_MAX];
    size_t size = kc_curve_info(resident->curve)->point_size;
    struct kc_writer w;
    kc_writer_init(&w, room, PROOF_CONTEXT_MAX);
    kc_writer_bytes(&w, PROOF_CONTEXT, sizeof PROOF_CONTEXT);
    kc_point_encode(resident, encoded);
    kc_writer_bytes(&w, encoded, size);
    kc_point_encode(joined, encoded);
    kc_writer_bytes(&w, encoded, size);
    kc_writer_u8(&w, index);
    return (struct kc_span){room, w.size};
}

static enum kc_error answer_proof(struct kc_call *call, const struct kc_possession *proof)
{
    const struct kc_curve_info *curve = kc_curve_info(proof->commitment.curve);
    uint8_t octets[KC_POINT_SIZE_MAX + KC_SCALAR_SIZE_MAX], scalar[KC_SCALAR_SIZE_MAX];
    kc_point_encode(&proof->commitment, octets);
    kc_scalar_encode(&proof->response, scalar);
    memcpy(octets + curve->point_size, scalar, curve->scalar_size);
    kc_call_set_octets(call, KC_FIELD_POSSESSION, octets, curve->point_size + curve->scalar_size);
    return KC_OK;
}

static enum kc_error prove(
    struct kc_call *call, const struct kc_key *key, const struct kc_point *resident, uint8_t index)
{
    uint8_t room[PROOF_CONTEXT_MAX];
    struct kc_fresh fresh = {.counter = kc_entropy_count(call->vault->entropy)}; /* secret */
    struct kc_possession proof;
    struct kc_span context = write_context(resident, &key->public, index, room);
    enum kc_error error = kc_entropy_fill(call->vault->entropy, fresh.random, sizeof fresh.random);
    if (error == KC_OK)
        error = kc_possession_prove(&proof, &key->scalar, &key->public, context, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    return error == KC_OK ? answer_proof(call, &proof) : error;
}

/* index  of the share in software: the other one's */
static enum kc_error check_proof(struct kc_call *call, const struct kc_point *resident,
    const struct kc_point *joined, uint8_t index)
{
    const struct kc_curve_info *curve = kc_curve_info(joined->curve);
    struct kc_span octets = kc_call_field(call, KC_FIELD_POSSESSION);
    uint8_t room[PROOF_CONTEXT_MAX];
    struct kc_possession proof;
    if (octets.size != curve->point_size + curve->scalar_size)
        return wrong_field(call, KC_FIELD_POSSESSION);
    enum kc_error error =
        kc_point_decode(&proof.commitment, curve->curve, octets.bytes, curve->point_size);
    if (error == KC_OK)
        error = kc_scalar_decode(
            &proof.response, curve->curve, octets.bytes + curve->point_size, curve->scalar_size);
    if (error != KC_OK)
        return error;
    return kc_possession_verify(&proof, joined, write_context(resident, joined, index, room));
}

/* --- the records --- */

enum kc_error kc_record_of_share(struct kc_record *record, const struct kc_point *point)
{
    const struct kc_algorithm_info *info = kc_algorithm_info((unsigned)point->curve);
    const struct kc_curve_info *curve = kc_curve_info(point->curve);
    uint8_t octets[KC_ROOT_PUBLIC_MAX];
    if (info->family == KC_FAMILY_CURVE)
        return kc_record_of_public(record, point);
    size_t size = kc_resident_write_point(point, octets);
    enum kc_error error = kc_record_of_octets(record, info, (struct kc_span){octets, size});
    if (error != KC_OK)
        return error;
    memset(record->public_key, 0, sizeof record->public_key);
    kc_point_encode(point, record->public_key);
    record->public_size = (uint16_t)curve->point_size;
    return KC_OK;
}

/* The record of one share: its public half, the other's, and the key that both make. */
static enum kc_error describe(struct kc_record *share, const struct kc_point *own,
    const struct kc_point *other, uint8_t index)
{
    struct kc_point points[2] = {*own, *other}, whole;
    struct kc_record group = {0};
    enum kc_error error = kc_point_sum(&whole, points, 2);
    if (error == KC_OK)
        error = kc_record_of_share(&group, &whole);
    if (error == KC_OK)
        error = kc_record_of_share(share, own);
    if (error != KC_OK)
        return error;
    share->kind = KC_KIND_KEY;
    share->role = KC_ROLE_SHARE;
    share->use = KC_USE_AGREE;
    share->state = KC_STATE_ACTIVE;
    share->class = KC_ROLE_APPLICATION;
    share->index = index;
    share->threshold = 2;
    share->dealer = 0; /* nobody had the whole key */
    memcpy(share->group, group.id, sizeof share->group);
    memcpy(share->group_public, group.public_key, sizeof share->group_public);
    memset(share->peer_public, 0, sizeof share->peer_public);
    kc_point_encode(other, share->peer_public);
    return KC_OK;
}

static void answer_share(struct kc_call *call, const struct kc_record *share)
{
    size_t size = share->public_size;
    kc_call_set_text(call, KC_FIELD_KEY, kc_call_print(call, "%s", share->id));
    kc_call_set_text(call, KC_FIELD_GROUP, kc_call_print(call, "%s", share->group));
    kc_call_set_octets(call, KC_FIELD_GROUP_PUBLIC, share->group_public, size);
    kc_call_set_octets(call, KC_FIELD_PUBLIC, share->public_key, size);
    kc_call_set_octets(call, KC_FIELD_PEER_PUBLIC, share->peer_public, size);
}

/* --- share-join --- */

static enum kc_error make_key(
    struct kc_call *call, enum kc_curve curve, struct kc_key *key, struct kc_secret *secret)
{
    uint8_t uniform[KC_UNIFORM_SIZE], encoded[KC_SCALAR_SIZE_MAX]; /* secret */
    KC_AUTO_SCALAR scalar;
    enum kc_error error = kc_secret_init(secret, kc_curve_info(curve)->scalar_size);
    if (error == KC_OK)
        error = kc_entropy_stir(call->vault->entropy, kc_keeper_home(call->vault->keeper));
    if (error == KC_OK)
        error = kc_entropy_fill(call->vault->entropy, uniform, sizeof uniform);
    if (error == KC_OK)
        error = kc_scalar_random(&scalar, curve, uniform);
    kc_wipe(uniform, sizeof uniform);
    if (error != KC_OK || (error = kc_key_from_scalar(key, &scalar)) != KC_OK)
        return error;
    kc_scalar_encode(&scalar, encoded);
    memcpy(secret->bytes, encoded, secret->size);
    kc_wipe(encoded, sizeof encoded);
    return KC_OK;
}

static enum kc_error join(struct kc_call *call, const struct kc_point *resident, uint8_t index)
{
    KC_AUTO_SECRET secret = {0};
    KC_AUTO_KEY key = {0};
    struct kc_record share = {.residence = KC_RESIDENCE_WRAPPED, .created = kc_call_now(call)};
    struct kc_record *staged;
    enum kc_error error = make_key(call, resident->curve, &key, &secret);
    if (error == KC_OK)
        error = describe(&share, &key.public, resident, index);
    if (error == KC_OK)
        error = prove(call, &key, resident, index);
    if (error != KC_OK)
        return error;
    kc_call_text(call, KC_FIELD_KEYRING, share.keyring, sizeof share.keyring);
    kc_call_text(call, KC_FIELD_LABEL, share.label, sizeof share.label);
    kc_call_text(call, KC_FIELD_ACCOUNT, share.account, sizeof share.account);
    error = kc_call_stage(call, &share, &staged);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, &secret);
    if (error == KC_OK)
        answer_share(call, staged);
    return error;
}

enum kc_error kc_vault_share_join(struct kc_call *call)
{
    struct kc_span name = kc_call_field(call, KC_FIELD_ALGORITHM);
    const struct kc_algorithm_info *info =
        kc_algorithm_by_name((const char *)name.bytes, name.size);
    struct kc_record wanted = {.role = KC_ROLE_SHARE};
    struct kc_point resident;
    uint8_t index = 0;
    bool proven = false;
    kc_call_text(call, KC_FIELD_KEYRING, wanted.keyring, sizeof wanted.keyring);
    kc_call_text(call, KC_FIELD_LABEL, wanted.label, sizeof wanted.label);
    enum kc_error error = kc_call_allowed_new(call, &wanted);
    if (error == KC_OK && (!info || !find_curve(info->algorithm)))
        error = KC_ERR_BAD_ALGORITHM;
    if (error == KC_OK)
        error = read_index(call, &index);
    if (error == KC_OK)
        error = kc_resident_read_point(
            (enum kc_curve)info->algorithm, kc_call_field(call, KC_FIELD_PUBLIC), &resident);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    call->wish = KC_WISH_COMMIT;
    return join(call, &resident, index);
}

/* --- share-form --- */

/* The resident key as a share: the same record, of another role. */
static enum kc_error form(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *own, const struct kc_point *joined, uint8_t index)
{
    KC_AUTO_SECRET auth = {0};
    struct kc_record share = *key, *staged;
    enum kc_error error = kc_keeper_open(call->vault->keeper, key, &auth);
    if (error == KC_OK)
        error = describe(&share, own, joined, index);
    if (error != KC_OK)
        return error;
    if (kc_call_has(call, KC_FIELD_LABEL))
        kc_call_text(call, KC_FIELD_LABEL, share.label, sizeof share.label);
    error = kc_call_stage(call, &share, &staged);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, &auth);
    if (error == KC_OK)
        answer_share(call, staged);
    return error;
}

enum kc_error kc_vault_share_form(struct kc_call *call)
{
    struct kc_record *key;
    struct kc_point own, joined;
    uint8_t index = 0;
    bool proven = false;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK && !kc_resident_is(key))
        error = wrong_field(call, KC_FIELD_RESIDENCE);
    if (error == KC_OK && !find_curve(key->algorithm))
        error = KC_ERR_BAD_ALGORITHM;
    if (error == KC_OK)
        error = read_index(call, &index);
    if (error == KC_OK)
        error = kc_resident_read_point((enum kc_curve)key->algorithm,
            (struct kc_span){key->public_key, key->public_size}, &own);
    if (error == KC_OK)
        error = kc_resident_read_point(
            (enum kc_curve)key->algorithm, kc_call_field(call, KC_FIELD_PUBLIC), &joined);
    if (error == KC_OK)
        error =
            check_proof(call, &own, &joined, (uint8_t)(KC_PARTY_FIRST + KC_PARTY_SERVICE - index));
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    call->wish = KC_WISH_COMMIT;
    return form(call, key, &own, &joined, index);
}
