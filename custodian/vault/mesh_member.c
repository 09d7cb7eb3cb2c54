/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of a group: the share in an invitation becomes a record of a share.
 *
 *   GROUP  that a key is a member; id: of that key and the group (kc_mesh_composite_id). It stays when
 *          the share is destroyed, and tells of which epoch that was: no invitation from before is
 *          taken again
 */
#include "custodian/mesh/group.h"
#include "custodian/mesh/invitation.h"
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_device.h"
#include "custodian/vault/operations.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT 1 /* the first octet of a body */

struct membership {
    uint64_t epoch;                /* of the share */
    char share[KC_RECORD_ID_SIZE]; /* id of its record, which may be destroyed by now */
    struct kc_span profile;        /* of the group, enveloped; lent */
};

struct joining {
    struct kc_record *key, *record; /* of the member; GROUP, or NULL */
    struct kc_record *former;       /* the share before, or NULL */
    struct membership before;       /* zeros: there was none */
    struct kc_mesh_account group;
    struct kc_data profile;
    struct kc_mesh_invited invited; /* secret */
};

static void joining_done(struct joining *j)
{
    kc_data_done(&j->profile);
    kc_mesh_invited_done(&j->invited);
}

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- the record --- */

static enum kc_error unpack(struct kc_span body, struct membership *membership)
{
    struct kc_reader r;
    kc_reader_init(&r, body.bytes, body.size);
    if (kc_reader_u8(&r) != FORMAT)
        kc_reader_fail(&r);
    membership->epoch = kc_reader_u64(&r);
    struct kc_span share = kc_reader_span(&r, sizeof membership->share - 1);
    membership->profile = kc_reader_span(&r, KC_RECORD_BODY_MAX);
    if (kc_reader_finish(&r) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    memcpy(membership->share, share.bytes, share.size);
    return KC_OK;
}

static enum kc_error find_membership(struct kc_call *call, const char *udf, struct joining *j)
{
    char id[KC_UDF_ID_SIZE];
    enum kc_error error = kc_mesh_composite_id(j->key->id, udf, id);
    if (error == KC_OK)
        error = kc_call_record(
            call, KC_KIND_GROUP, (struct kc_span){(const uint8_t *)id, strlen(id)}, &j->record);
    if (error == KC_ERR_REFUSED) {
        j->record = NULL;
        return KC_OK;
    }
    if (error == KC_OK)
        error = unpack(j->record->body, &j->before);
    return error == KC_OK ? kc_call_own_key(call, j->before.share, &j->former) : error;
}

static enum kc_error set_body(
    struct kc_call *call, struct kc_record *staged, const struct membership *membership)
{
    struct kc_writer w;
    uint8_t *room = malloc(KC_RECORD_BODY_MAX);
    if (!room)
        return KC_ERR_NO_MEMORY;
    kc_writer_init(&w, room, KC_RECORD_BODY_MAX);
    kc_writer_u8(&w, FORMAT);
    kc_writer_u64(&w, membership->epoch);
    kc_writer_span(&w, membership->share, strlen(membership->share));
    kc_writer_span(&w, membership->profile.bytes, membership->profile.size);
    enum kc_error error = kc_writer_finish(&w) == KC_OK ? KC_OK : KC_ERR_TOO_LARGE;
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, (struct kc_span){room, w.size});
    free(room);
    return error;
}

/* --- what is believed --- */

/* The profile that was kept, or the one that the caller vouches for, if that is not older. */
static enum kc_error find_group(struct kc_call *call, const char *udf, struct joining *j)
{
    struct kc_mesh_account said;
    enum kc_error error = KC_OK;
    if (j->record && kc_mesh_member_read(j->before.profile, udf, &j->group) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    if (!kc_call_has(call, KC_FIELD_PROFILE))
        return j->record ? KC_OK : wrong_field(call, KC_FIELD_PROFILE);
    error = kc_call_data(call, KC_FIELD_PROFILE, &j->profile);
    if (error == KC_OK)
        error = kc_mesh_member_read(j->profile.span, udf, &said);
    if (error == KC_OK && j->record && said.updated < j->group.updated)
        error = KC_ERR_EPOCH;
    if (error == KC_OK)
        j->group = said;
    return error;
}

static enum kc_error find_all(struct kc_call *call, struct joining *j)
{
    char udf[KC_RECORD_ID_SIZE];
    enum kc_error error = kc_call_key(call, &j->key);
    if (error == KC_OK && j->key->account[0] == '\0')
        error = wrong_field(call, KC_FIELD_KEY); /* whose it is must be known */
    kc_call_text(call, KC_FIELD_ACCOUNT_UDF, udf, sizeof udf);
    if (error == KC_OK)
        error = find_membership(call, udf, j);
    return error == KC_OK ? find_group(call, udf, j) : error;
}

static enum kc_error read_invitation(struct kc_call *call, struct joining *j)
{
    KC_AUTO_MATERIAL material = {0};
    KC_AUTO_DATA document = {0};
    enum kc_error error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    if (error == KC_OK)
        error = kc_call_material(call, j->key, &material);
    if (error != KC_OK)
        return error;
    struct kc_mesh_inviting inviting = {.group = &j->group,
        .key = &material.key,
        .address = j->key->account,
        .epoch = (int64_t)j->before.epoch,
        .now = (int64_t)kc_call_now(call)};
    return kc_mesh_invitation_read(document.span, &inviting, &j->invited);
}

/* A share that was here once, in whatever state, does not come again. */
static enum kc_error check_new(struct kc_call *call, const struct joining *j)
{
    struct kc_record named = {0}, *met = NULL;
    enum kc_error error = kc_record_of_public(&named, &j->invited.share.public);
    if (error == KC_OK)
        error = kc_call_own_key(call, named.id, &met);
    return error == KC_OK && met ? KC_ERR_EXISTS : error;
}

/* --- what is staged --- */

static enum kc_error stage_share(
    struct kc_call *call, const struct joining *j, struct kc_record **staged)
{
    struct kc_record wanted = {.role = KC_ROLE_SHARE};
    memcpy(wanted.keyring, j->key->keyring, sizeof wanted.keyring);
    kc_call_text(call, KC_FIELD_LABEL, wanted.label, sizeof wanted.label);
    if (!kc_text_copy(wanted.account, sizeof wanted.account, j->invited.address))
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = kc_call_allowed_new(call, &wanted);
    if (error == KC_OK && j->former && j->former->state != KC_STATE_DESTROYED)
        error = kc_call_destroy(call, j->former); /* first: the new one may have its label */
    return error == KC_OK ? kc_call_stage_account_key(call, &j->invited.share, &wanted, staged)
                          : error;
}

static enum kc_error stage_membership(
    struct kc_call *call, const struct joining *j, const struct kc_record *share)
{
    struct kc_record wanted = {.kind = KC_KIND_GROUP, .created = kc_call_now(call)};
    struct kc_record *staged = NULL;
    struct membership now = {.epoch = (uint64_t)j->invited.epoch,
        .profile = {(const uint8_t *)j->invited.profile, j->invited.profile_size}};
    memcpy(now.share, share->id, sizeof now.share);
    enum kc_error error = kc_mesh_composite_id(j->key->id, j->group.udf, wanted.id);
    if (j->record)
        wanted = *j->record;
    wanted.state = KC_STATE_ACTIVE;
    KC_TEXT_COPY_ARRAY(wanted.group, j->group.udf);
    if (error == KC_OK)
        error = kc_call_stage(call, &wanted, &staged);
    if (error == KC_OK)
        error = set_body(call, staged, &now);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, NULL) : error;
}

static enum kc_error stage_all(struct kc_call *call, const struct joining *j)
{
    struct kc_record *share = NULL;
    enum kc_error error = stage_share(call, j, &share);
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_KEY, share->id);
    kc_call_set_text(call, KC_FIELD_KEYRING, share->keyring);
    kc_call_set_text(call, KC_FIELD_LABEL, share->label);
    kc_call_set_text(call, KC_FIELD_ACCOUNT, share->account);
    kc_call_set_text(call, KC_FIELD_GROUP, share->group);
    error = stage_membership(call, j, share);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}

enum kc_error kc_vault_mesh_group_join(struct kc_call *call)
{
    __attribute__((cleanup(joining_done))) struct joining j = {0};
    enum kc_error error = find_all(call, &j);
    if (error == KC_OK)
        error = read_invitation(call, &j);
    if (error == KC_OK)
        error = check_new(call, &j);
    return error == KC_OK ? stage_all(call, &j) : error;
}
