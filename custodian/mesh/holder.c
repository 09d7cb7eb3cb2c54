/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/holder.h"

#include "base/text.h"
#include "custodian/mesh/capability_make.h"

#include <stdlib.h>

/* What is said of both shares alike. */
static struct kc_mesh_grant grant_of(
    const struct kc_mesh_parties *parties, const struct kc_mesh_split_kept *kept)
{
    return (struct kc_mesh_grant){.administrator = parties->administrator,
        .class = kept->class,
        .subject = &kept->subject,
        .epoch = kept->epoch,
        .service_udf = parties->provider->udf};
}

static enum kc_error service_entry(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, const struct kc_mesh_split_kept *kept,
    const struct kc_scalar *share, bool is_offset, char **entry)
{
    size_t size;
    struct kc_mesh_grant grant = grant_of(parties, kept);
    grant.recipient = &parties->provider->encryption;
    grant.id = kept->id;
    grant.own = &kept->service_own;
    grant.share = share;
    grant.is_offset = is_offset;
    grant.grantee = parties->grantee;
    grant.grantee_account = parties->grantee_account;
    grant.grantee_profile = parties->grantee_profile;
    return kc_mesh_capability_make(source, &grant, entry, &size);
}

static enum kc_error holder_entry(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, const struct kc_mesh_split_kept *kept,
    const struct kc_scalar *share, bool is_offset, char **entry)
{
    size_t size;
    struct kc_mesh_grant grant = grant_of(parties, kept);
    grant.recipient = parties->holder;
    grant.id = kept->holder_id;
    grant.own = &kept->holder_own;
    grant.share = share;
    grant.is_offset = is_offset;
    grant.service_id = kept->id;
    grant.service_address = parties->service_address;
    return kc_mesh_capability_make(source, &grant, entry, &size);
}

enum kc_error kc_mesh_holder_split(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, const struct kc_key *whole, struct kc_mesh_split *split,
    struct kc_mesh_split_kept *kept, char **entry)
{
    KC_AUTO_MESH_SPLIT made = {0};
    struct kc_mesh_split_kept wanted = {.class = kept->class, .epoch = kept->epoch};
    enum kc_error error = kc_mesh_split_make(source, whole, &made);
    if (error == KC_OK)
        error = kc_mesh_public_key(&whole->public, &wanted.subject);
    if (error == KC_OK)
        error = kc_mesh_capability_id(source, wanted.id);
    if (error != KC_OK)
        return error;
    wanted.service_own = made.service_own;
    wanted.holder_own = made.holder_own;
    KC_TEXT_COPY_ARRAY(wanted.holder_id, wanted.holder_own.udf);
    error = service_entry(source, parties, &wanted, &made.service, false, entry);
    if (error != KC_OK)
        return error;
    *kept = wanted;
    *split = made;
    return KC_OK;
}

/* Both entries of what comes after `kept`, which is changed only if both are there. */
static enum kc_error both_make(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, const struct kc_mesh_split *shares, bool are_offsets,
    struct kc_mesh_split_kept *kept, char *entries[2])
{
    char *service = NULL, *holder = NULL;
    struct kc_mesh_split_kept after = *kept;
    after.epoch = kept->epoch + 1;
    after.service_own = shares->service_own;
    after.holder_own = shares->holder_own;
    enum kc_error error =
        service_entry(source, parties, &after, &shares->service, are_offsets, &service);
    if (error == KC_OK)
        error = holder_entry(source, parties, &after, &shares->holder, are_offsets, &holder);
    if (error != KC_OK) {
        free(service);
        return error;
    }
    *kept = after;
    entries[0] = service;
    entries[1] = holder;
    return KC_OK;
}

enum kc_error kc_mesh_holder_refresh(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, struct kc_mesh_split_kept *kept, char *entries[2])
{
    KC_AUTO_MESH_SPLIT offsets = {0};
    struct kc_point whole;
    enum kc_error error = kc_mesh_point(&kept->subject, &whole);
    if (error == KC_OK)
        error =
            kc_mesh_split_refresh(source, &kept->service_own, &kept->holder_own, &whole, &offsets);
    return error == KC_OK ? both_make(source, parties, &offsets, true, kept, entries) : error;
}

enum kc_error kc_mesh_holder_renew(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, const struct kc_key *whole,
    struct kc_mesh_split_kept *kept, char *entries[2])
{
    KC_AUTO_MESH_SPLIT shares = {0};
    struct kc_public_key subject;
    enum kc_error error = kc_mesh_public_key(&whole->public, &subject);
    if (error == KC_OK && !kc_public_key_equal(&subject, &kept->subject))
        error = KC_ERR_CONFLICT;
    if (error == KC_OK)
        error = kc_mesh_split_make(source, whole, &shares);
    return error == KC_OK ? both_make(source, parties, &shares, false, kept, entries) : error;
}
