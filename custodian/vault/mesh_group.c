/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: a member joins, and the group's key is rotated. Made as accounts are, in mesh_admin.c. */
#include "custodian/mesh/capability_make.h"
#include "custodian/mesh/group.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_admin.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"

#include <stdlib.h>
#include <string.h>

#define STORE_MEMBER "CompleteAccountEncryptMMM_Member"

static enum kc_error wrong(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* The group that the request names, and none that is an account of a person. */
static enum kc_error group_find(struct kc_call *call, struct kc_administered *group)
{
    enum kc_error error = kc_call_administered(call, group);
    return error == KC_OK && !group->is_group ? wrong(call, KC_FIELD_ACCOUNT_UDF) : error;
}

/* --- mesh-group-member-add --- */

struct joining {
    struct kc_administered group;
    struct kc_data profile; /* the member's, enveloped */
    struct kc_mesh_account member;
    struct kc_provided provided;
    struct kc_record *former;
    struct kc_holder holder;     /* what it says */
    bool renews;                 /* a member whose share is of a key that was rotated */
    struct kc_requests requests; /* that is made of it */
};

/* The profile is its own key's, that key is the one that was enrolled, and it is not older than the
 * one that was pinned. */
static enum kc_error member_read(struct kc_call *call, struct joining *joining)
{
    char udf[KC_RECORD_ID_SIZE];
    kc_call_text(call, KC_FIELD_RECIPIENT, udf, sizeof udf);
    enum kc_error error = kc_call_enrolled(call);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &joining->profile);
    if (error == KC_OK)
        error = kc_mesh_member_read(joining->profile.span, udf, &joining->member);
    if (error == KC_OK)
        error = kc_call_holder(call, &joining->group, &joining->former, &joining->holder);
    if (error == KC_OK && joining->former && joining->member.updated < joining->holder.updated)
        error = KC_ERR_CONFLICT;
    return error;
}

static enum kc_error former_check(struct joining *joining)
{
    const struct kc_mesh_split_kept *split = &joining->holder.splits[0];
    if (!joining->former || joining->former->state != KC_STATE_ACTIVE)
        return KC_OK;
    joining->renews = !kc_public_key_equal(&split->subject, &joining->group.account.encryption);
    return joining->renews ? KC_OK : KC_ERR_EXISTS;
}

static enum kc_error joining_read(struct kc_call *call, struct joining *joining)
{
    enum kc_error error = group_find(call, &joining->group);
    if (error == KC_OK)
        error = member_read(call, joining);
    if (error == KC_OK)
        error = former_check(joining);
    return error == KC_OK ? kc_call_provider(call, &joining->group.account, joining->group.profile,
                                true, &joining->provided)
                          : error;
}

static enum kc_error joined_answer(struct kc_call *call, struct joining *joining,
    const struct kc_mesh_joined *joined, const struct kc_key *administrator)
{
    char *gone = NULL;
    size_t size;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    const struct kc_mesh_split_kept *old = &joining->holder.splits[0];
    struct kc_mesh_changes changes = {
        .outbound = kc_call_service_carries_messages(call) ? joined->invitation : NULL,
        .recipient = joining->member.address};
    enum kc_error error = joining->renews ? kc_mesh_capability_withdraw(&source, administrator,
                                                old->id, old->class, old->epoch + 1, &gone, &size)
                                          : KC_OK;
    kc_mesh_changes_add(&changes, "MMM_Access", gone);
    kc_mesh_changes_add(&changes, "MMM_Access", joined->entry);
    kc_mesh_changes_add(&changes, "MMM_Member", joined->cataloged);
    if (error == KC_OK)
        error = kc_call_answer_transact(call, joining->provided.address, &joining->group.account,
            administrator, &changes, &joining->requests);
    free(gone);
    return error == KC_OK ? kc_call_answer_document(call, joined->invitation) : error;
}

static enum kc_error join(
    struct kc_call *call, struct joining *joining, struct kc_mesh_joined *joined)
{
    KC_AUTO_KEY administrator = {0}, encryption = {0}, store = {0};
    struct kc_public_key store_public;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    const struct kc_administered *group = &joining->group;
    enum kc_error error = kc_call_leaf(call, group, KC_MESH_NAME_ADMINISTRATOR, &administrator);
    if (error == KC_OK)
        error = kc_call_leaf(call, group, KC_MESH_NAME_ENCRYPTION, &encryption);
    if (error == KC_OK)
        error = kc_call_leaf(call, group, STORE_MEMBER, &store);
    if (error == KC_OK)
        error = kc_mesh_public_key(&store.public, &store_public);
    if (error != KC_OK)
        return error;
    struct kc_mesh_joining terms = {.group = &group->account,
        .group_profile = group->profile,
        .member = &joining->member,
        .member_profile = joining->profile.span,
        .administrator = &administrator,
        .encryption = &encryption,
        .store = &store_public,
        .provider = &joining->provided.provider,
        .service_address = joining->provided.address,
        .epoch = joining->former ? joining->holder.epoch + 1 : 1};
    error = kc_mesh_group_join(&source, &terms, joined);
    return error == KC_OK ? joined_answer(call, joining, joined, &administrator) : error;
}

static enum kc_error member_stage(
    struct kc_call *call, const struct joining *joining, const struct kc_mesh_joined *joined)
{
    struct kc_holder holder = {.is_member = true,
        .key = joining->member.encryption,
        .updated = joining->member.updated,
        .epoch = joined->split.epoch,
        .splits = {joined->split},
        .requests = joining->requests,
        .profile = joining->profile.span};
    memcpy(holder.udf, joining->member.udf, sizeof holder.udf);
    memcpy(holder.grantee, joining->member.udf, sizeof holder.grantee);
    memcpy(holder.address, joining->member.address, sizeof holder.address);
    return kc_call_stage_holder(call, &joining->group, joining->former, KC_STATE_ACTIVE, &holder);
}

static enum kc_error add(struct kc_call *call, struct joining *joining)
{
    struct kc_mesh_joined joined = {0};
    bool proven = false;
    enum kc_error error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = join(call, joining, &joined);
    if (error != KC_OK) {
        kc_mesh_joined_done(&joined);
        return error;
    }
    error = member_stage(call, joining, &joined);
    kc_mesh_joined_done(&joined);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}

enum kc_error kc_vault_mesh_group_member_add(struct kc_call *call)
{
    struct joining joining = {0};
    enum kc_error error = joining_read(call, &joining);
    if (error == KC_OK)
        error = add(call, &joining);
    kc_data_done(&joining.profile);
    return error;
}

/* --- mesh-group-rotate --- */

/* A new encryption key, of a seed of its own; all else stays. */
struct rotation {
    struct kc_secret seed;
    struct kc_key profile, administrator, encryption, escrow, named; /* secret */
    char *text; /* the new profile, enveloped */
    size_t size;
};

static void rotation_done(struct rotation *rotation)
{
    kc_secret_done(&rotation->seed);
    kc_key_wipe(&rotation->profile);
    kc_key_wipe(&rotation->administrator);
    kc_key_wipe(&rotation->encryption);
    kc_key_wipe(&rotation->escrow);
    kc_key_wipe(&rotation->named);
    free(rotation->text);
}

static enum kc_error keys_make(
    struct kc_call *call, const struct kc_administered *group, struct rotation *rotation)
{
    enum kc_curve signing = (enum kc_curve)group->seed->algorithm;
    enum kc_error error = kc_call_make_seed(call, KC_MESH_SEED_PROFILE_ACCOUNT, &rotation->seed);
    struct kc_span seed = {rotation->seed.bytes, rotation->seed.size};
    if (error == KC_OK)
        error = kc_mesh_seed_key(
            seed, signing, KC_DERIVATION_CURRENT, KC_MESH_NAME_ENCRYPTION, &rotation->encryption);
    if (error == KC_OK)
        error = kc_mesh_seed_key(
            seed, signing, KC_DERIVATION_CURRENT, KC_MESH_NAME_PROFILE, &rotation->named);
    if (error == KC_OK)
        error = kc_call_leaf(call, group, KC_MESH_NAME_PROFILE, &rotation->profile);
    if (error == KC_OK)
        error = kc_call_leaf(call, group, KC_MESH_NAME_ESCROW, &rotation->escrow);
    return error == KC_OK
               ? kc_call_leaf(call, group, KC_MESH_NAME_ADMINISTRATOR, &rotation->administrator)
               : error;
}

static enum kc_error profile_make(struct kc_call *call, const struct kc_administered *group,
    const char *service_udf, struct rotation *rotation)
{
    struct kc_mesh_source source = kc_call_later_source(call, group->account.updated);
    struct kc_mesh_account_keys keys = {.profile = &rotation->profile,
        .administrator = &rotation->administrator,
        .encryption = &rotation->encryption,
        .escrow = &rotation->escrow};
    return kc_mesh_profile_make(&source, true, &keys, group->account.address,
        service_udf[0] != '\0' ? service_udf : NULL, &rotation->text, &rotation->size);
}

static enum kc_error rotation_answer(
    struct kc_call *call, const struct kc_administered *group, const struct rotation *rotation)
{
    char service[KC_RECORD_TEXT_SIZE], *text;
    size_t size;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    kc_call_text(call, KC_FIELD_SERVICE, service, sizeof service);
    struct kc_mesh_asker asker = {&rotation->profile, service, group->account.address};
    enum kc_error error = kc_call_answer_document(call, rotation->text);
    if (error != KC_OK || service[0] == '\0')
        return error;
    error = kc_mesh_bind_make(&source, &asker,
        (struct kc_span){(const uint8_t *)rotation->text, rotation->size}, &text, &size);
    if (error != KC_OK)
        return error;
    error = kc_call_set_data(call, KC_FIELD_REQUEST, (struct kc_span){(const uint8_t *)text, size});
    free(text);
    return error;
}

/* The seed of the new key stays beside the one of the group, which from now on names it. The key
 * before stays too: what was encrypted to it can be read here. */
static enum kc_error rotation_stage(
    struct kc_call *call, const struct kc_administered *group, const struct rotation *rotation)
{
    struct kc_record wanted = *group->seed, *fresh;
    wanted.version = 0;
    wanted.seal_size = wanted.secret_size = 0;
    wanted.created = kc_call_now(call);
    wanted.body = (struct kc_span){NULL, 0};
    memset(wanted.group, 0, sizeof wanted.group);
    memset(wanted.mac, 0, sizeof wanted.mac);
    enum kc_error error = kc_record_of_public(&wanted, &rotation->named.public);
    wanted.use = KC_USE_NONE;
    kc_seed_set_pending(&wanted);
    if (error == KC_OK)
        error = kc_call_stage_seed(call, &wanted, &rotation->seed, &fresh);
    return error == KC_OK
               ? kc_call_restage_account(call, group,
                     (struct kc_span){(const uint8_t *)rotation->text, rotation->size}, fresh->id)
               : error;
}

static enum kc_error rotate(
    struct kc_call *call, const struct kc_administered *group, const char *service_udf)
{
    __attribute__((cleanup(rotation_done))) struct rotation rotation = {0};
    enum kc_error error = keys_make(call, group, &rotation);
    if (error == KC_OK)
        error = profile_make(call, group, service_udf, &rotation);
    if (error == KC_OK)
        error = rotation_answer(call, group, &rotation);
    if (error != KC_OK)
        return error;
    error = rotation_stage(call, group, &rotation);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}

enum kc_error kc_vault_mesh_group_rotate(struct kc_call *call)
{
    struct kc_administered group;
    char service_udf[KC_UDF_ID_SIZE];
    bool proven = false;
    enum kc_error error = group_find(call, &group);
    if (error == KC_OK)
        error = kc_mesh_account_service(group.profile, service_udf);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    return error == KC_OK && proven ? rotate(call, &group, service_udf) : error;
}
