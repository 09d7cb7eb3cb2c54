/* SPDX-License-Identifier: Apache-2.0 */
/* Records of what is administered here: accounts, and who holds keys or shares of them. */
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_admin.h"

#include "base/text.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <string.h>

#define FORMAT 2 /* the first octet of a body */
#define PROFILE_MAX ((size_t)14336)
#define ID_TYPE "application/custodian-holder"

/* --- accounts --- */

static bool is_group(const struct kc_record *seed)
{
    struct kc_signed_object opened;
    enum kc_error error = kc_signed_object_open_profile(seed->body, seed->body.size,
        KC_OBJECT_ProfileGroup, seed->id, kc_mesh_verify, &opened, NULL);
    if (error == KC_OK)
        kc_signed_object_done(&opened);
    return error == KC_OK;
}

/* The account's own, or the one that came after it. */
static enum kc_error encryption_find(struct kc_call *call, struct kc_administered *administered)
{
    struct kc_span id = {
        (const uint8_t *)administered->seed->group, strlen(administered->seed->group)};
    administered->encryption = administered->seed;
    if (id.size == 0)
        return KC_OK;
    enum kc_error error = kc_call_record(call, KC_KIND_SEED, id, &administered->encryption);
    return error == KC_ERR_REFUSED ? KC_ERR_RECORD_DAMAGED : error;
}

enum kc_error kc_call_administered(struct kc_call *call, struct kc_administered *administered)
{
    enum kc_error error =
        kc_call_seed(call, kc_call_field(call, KC_FIELD_ACCOUNT_UDF), &administered->seed);
    if (error != KC_OK)
        return error;
    const struct kc_record *seed = administered->seed;
    if (seed->role != KC_ROLE_ACCOUNT || seed->body.size == 0)
        return KC_ERR_REFUSED;
    if (kc_mesh_account_read(seed->body, NULL, &administered->account) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    administered->profile = seed->body;
    administered->is_group = is_group(seed);
    return encryption_find(call, administered);
}

enum kc_error kc_call_leaf(struct kc_call *call, const struct kc_administered *administered,
    const char *name, struct kc_key *key)
{
    const struct kc_record *seed =
        strcmp(name, KC_MESH_NAME_ENCRYPTION) == 0 ? administered->encryption : administered->seed;
    return kc_call_seed_key(call, seed, name, key);
}

struct kc_mesh_source kc_call_later_source(struct kc_call *call, int64_t former)
{
    struct kc_mesh_source source = kc_call_mesh_source(call);
    if (former >= 0 && source.now <= (uint64_t)former)
        source.now = (uint64_t)former + 1;
    return source;
}

enum kc_error kc_call_restage_account(struct kc_call *call,
    const struct kc_administered *administered, struct kc_span profile, const char *encryption_seed)
{
    struct kc_record *staged = NULL;
    KC_AUTO_SECRET secret = {0};
    struct kc_keeper *keeper = call->vault->keeper;
    enum kc_error error = kc_keeper_open(keeper, administered->seed, &secret);
    if (error == KC_OK)
        error = kc_call_stage(call, administered->seed, &staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, profile);
    if (error == KC_OK && encryption_seed != NULL &&
        !kc_text_copy(staged->group, sizeof staged->group, encryption_seed))
        error = KC_ERR_INTERNAL;
    return error == KC_OK ? kc_keeper_protect(keeper, staged, &secret) : error;
}

/* --- holders --- */

static void text_pack(struct kc_writer *w, const char *text)
{
    kc_writer_span(w, text, strlen(text));
}

static void key_pack(struct kc_writer *w, const struct kc_public_key *key)
{
    text_pack(w, key->algorithm);
    kc_writer_span(w, key->octets, key->size);
}

static void split_pack(struct kc_writer *w, const struct kc_mesh_split_kept *split)
{
    kc_writer_u8(w, (uint8_t)split->class);
    if (split->class == 0)
        return;
    kc_writer_u64(w, (uint64_t)split->epoch);
    text_pack(w, split->id);
    text_pack(w, split->holder_id);
    key_pack(w, &split->subject);
    key_pack(w, &split->service_own);
    key_pack(w, &split->holder_own);
}

static void holder_pack(struct kc_writer *w, const void *content)
{
    const struct kc_holder *holder = content;
    kc_writer_u8(w, FORMAT);
    kc_writer_u8(w, holder->is_member);
    text_pack(w, holder->udf);
    text_pack(w, holder->address);
    text_pack(w, holder->grantee);
    key_pack(w, &holder->key);
    kc_writer_u64(w, (uint64_t)holder->updated);
    kc_writer_u64(w, (uint64_t)holder->epoch);
    kc_writer_bytes(w, holder->seed_digest, sizeof holder->seed_digest);
    for (size_t i = 0; i < KC_MESH_SPLITS_MAX; i++)
        split_pack(w, &holder->splits[i]);
    text_pack(w, holder->generator);
    kc_writer_u8(w, holder->requests.count);
    kc_writer_bytes(
        w, holder->requests.content, holder->requests.count * sizeof holder->requests.content[0]);
    kc_writer_span(w, holder->profile.bytes, holder->profile.size);
}

static void text_unpack(struct kc_reader *r, char *text, size_t size)
{
    struct kc_span span = kc_reader_span(r, size - 1);
    memset(text, 0, size);
    if (span.size > 0)
        memcpy(text, span.bytes, span.size);
}

static void key_unpack(struct kc_reader *r, struct kc_public_key *key)
{
    char algorithm[sizeof key->algorithm];
    text_unpack(r, algorithm, sizeof algorithm);
    struct kc_span octets = kc_reader_span(r, KC_POINT_SIZE_MAX);
    if (!r->failed && kc_public_key_make(algorithm, octets, key) != KC_OK)
        kc_reader_fail(r);
}

static void split_unpack(struct kc_reader *r, struct kc_mesh_split_kept *split)
{
    uint8_t class = kc_reader_u8(r);
    if (class == 0)
        return;
    if (class != KC_MESH_DECRYPT && class != KC_MESH_SIGN)
        kc_reader_fail(r);
    split->class = (enum kc_mesh_class) class;
    split->epoch = (int64_t)kc_reader_u64(r);
    text_unpack(r, split->id, sizeof split->id);
    text_unpack(r, split->holder_id, sizeof split->holder_id);
    key_unpack(r, &split->subject);
    key_unpack(r, &split->service_own);
    key_unpack(r, &split->holder_own);
}

static void requests_unpack(struct kc_reader *r, struct kc_holder *holder)
{
    struct kc_requests *requests = &holder->requests;
    text_unpack(r, holder->generator, sizeof holder->generator);
    requests->count = kc_reader_u8(r);
    if (requests->count > KC_ADMINISTERED_REQUESTS_MAX)
        kc_reader_fail(r);
    for (size_t i = 0; !r->failed && i < requests->count; i++)
        kc_reader_copy(r, requests->content[i], sizeof requests->content[i]);
}

static enum kc_error holder_unpack(const struct kc_record *record, struct kc_holder *holder)
{
    struct kc_reader r;
    struct kc_holder read = {0};
    kc_reader_init(&r, record->body.bytes, record->body.size);
    if (kc_reader_u8(&r) != FORMAT)
        kc_reader_fail(&r);
    read.is_member = kc_reader_u8(&r) != 0;
    text_unpack(&r, read.udf, sizeof read.udf);
    text_unpack(&r, read.address, sizeof read.address);
    text_unpack(&r, read.grantee, sizeof read.grantee);
    key_unpack(&r, &read.key);
    read.updated = (int64_t)kc_reader_u64(&r);
    read.epoch = (int64_t)kc_reader_u64(&r);
    const uint8_t *digest = kc_reader_bytes(&r, sizeof read.seed_digest);
    if (digest != NULL)
        memcpy(read.seed_digest, digest, sizeof read.seed_digest);
    for (size_t i = 0; i < KC_MESH_SPLITS_MAX; i++)
        split_unpack(&r, &read.splits[i]);
    requests_unpack(&r, &read);
    read.profile = kc_reader_span(&r, PROFILE_MAX);
    if (kc_reader_finish(&r) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    *holder = read;
    return KC_OK;
}

/* Of an account and whom it is for: no two pairs meet. */
static enum kc_error holder_id(
    const char *account, const char *holder, char id[static KC_UDF_ID_SIZE])
{
    char names[2 * KC_RECORD_ID_SIZE];
    struct kc_udf_digest digest;
    size_t size = strlen(account) + 1;
    if (!kc_text_copy(names, KC_RECORD_ID_SIZE, account) ||
        !kc_text_copy(names + size, KC_RECORD_ID_SIZE, holder))
        return KC_ERR_REFUSED;
    enum kc_error error = kc_udf_content_digest(KC_HASH_SHA512,
        (struct kc_span){(const uint8_t *)names, size + strlen(holder)}, ID_TYPE, &digest);
    return error == KC_OK ? kc_udf_digest_present(&digest, KC_UDF_BITS, id, KC_UDF_ID_SIZE) : error;
}

enum kc_error kc_call_holder(struct kc_call *call, const struct kc_administered *administered,
    struct kc_record **record, struct kc_holder *holder)
{
    char udf[KC_RECORD_ID_SIZE], id[KC_UDF_ID_SIZE];
    kc_call_text(call, KC_FIELD_RECIPIENT, udf, sizeof udf);
    enum kc_error error = holder_id(administered->account.udf, udf, id);
    if (error == KC_OK)
        error = kc_call_record(
            call, KC_KIND_HOLDER, (struct kc_span){(const uint8_t *)id, strlen(id)}, record);
    if (error == KC_ERR_REFUSED) {
        *record = NULL;
        return KC_OK;
    }
    return error == KC_OK ? holder_unpack(*record, holder) : error;
}

enum kc_error kc_call_stage_holder(struct kc_call *call, const struct kc_administered *administered,
    const struct kc_record *former, uint8_t state, const struct kc_holder *holder)
{
    struct kc_record wanted = {.kind = KC_KIND_HOLDER, .created = kc_call_now(call)}, *staged;
    enum kc_error error = holder_id(administered->account.udf, holder->udf, wanted.id);
    if (former)
        wanted = *former;
    wanted.state = state;
    KC_TEXT_COPY_ARRAY(wanted.group, administered->account.udf);
    if (error == KC_OK)
        error = kc_call_stage(call, &wanted, &staged);
    if (error == KC_OK)
        error = kc_call_pack_body(call, staged, holder_pack, holder);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, NULL);
    return error;
}

enum kc_error kc_call_enrolled(struct kc_call *call)
{
    struct kc_record *recipient;
    struct kc_span id = kc_call_field(call, KC_FIELD_RECIPIENT);
    enum kc_error error = kc_call_record(call, KC_KIND_RECIPIENT, id, &recipient);
    bool is_profile =
        error == KC_OK && recipient->state == KC_STATE_ACTIVE && recipient->role == KC_ROLE_BASE;
    return error == KC_OK && !is_profile ? KC_ERR_REFUSED : error;
}
