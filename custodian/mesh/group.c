/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/group.h"

#include "base/wipe.h"
#include "custodian/mesh/capability_make.h"
#include "custodian/mesh/verify.h"
#include "proto/identifier.h"
#include "proto/object.h"

#include <stdlib.h>
#include <string.h>

#define INVITATION_ROOM 24576 /* the group's profile and a share are in it */
#define MEMBER_ROOM 1024

enum kc_error kc_mesh_member_read(
    struct kc_span profile, const char *udf, struct kc_mesh_account *member)
{
    struct kc_mesh_account read;
    struct kc_point point;
    enum kc_error error = kc_mesh_account_read(profile, NULL, &read);
    if (error != KC_OK)
        return error;
    if (strcmp(read.udf, udf) != 0)
        return KC_ERR_SIGNATURE;
    if (read.encryption.size == 0)
        return KC_ERR_REFUSED;
    error = kc_mesh_recipient_point(&read.encryption, &point);
    if (error == KC_OK)
        *member = read;
    return error;
}

/* --- the member's list --- */

static enum kc_error cataloged_make(const struct kc_mesh_source *source,
    const struct kc_key *administrator, const struct kc_public_key *store, const char *address,
    const struct kc_mesh_split_kept *split, const char *event, char **text)
{
    uint8_t room[MEMBER_ROOM];
    struct kc_object_writer w;
    size_t size;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_CatalogedMember);
    kc_object_write_text(&w, "ContactAddress", address);
    kc_object_write_text(&w, "MemberCapabilityId", split->holder_id);
    kc_object_write_text(&w, "ServiceCapabilityId", split->id);
    kc_object_write_end(&w);
    enum kc_error error = kc_object_writer_finish(&w);
    struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
        .type = "CatalogedMember",
        .unique_id = split->holder_id,
        .event = event,
        .signer = administrator,
        .recipients = store,
        .recipient_count = 1};
    return error == KC_OK ? kc_mesh_envelope_make(source, &letter, text, &size) : error;
}

enum kc_error kc_mesh_group_leave(const struct kc_mesh_source *source,
    const struct kc_key *administrator, const struct kc_public_key *store, const char *address,
    const struct kc_mesh_split_kept *split, char **entry)
{
    return cataloged_make(source, administrator, store, address, split, "Delete", entry);
}

/* --- the invitation --- */

/* The member's share once more in an envelope of its own: what is in a contact is kept, and copied. */
static enum kc_error address_write(struct kc_object_writer *w, const struct kc_mesh_source *source,
    const struct kc_mesh_joining *joining, const struct kc_mesh_split *split,
    const struct kc_mesh_split_kept *kept)
{
    struct kc_mesh_grant grant = {.administrator = joining->administrator,
        .recipient = &joining->member->encryption,
        .class = KC_MESH_DECRYPT,
        .id = kept->holder_id,
        .subject = &kept->subject,
        .own = &kept->holder_own,
        .share = &split->holder,
        .epoch = kept->epoch,
        .service_udf = joining->provider->udf,
        .service_id = kept->id,
        .service_address = joining->service_address};
    kc_object_write_object(w, NULL, KC_OBJECT_NetworkAddress);
    kc_object_write_text(w, "Address", joining->group->address);
    kc_object_write_source(w, "EnvelopedProfileAccount", joining->group_profile);
    kc_object_write_list(w, "Capabilities");
    enum kc_error error = kc_mesh_capability_write(source, &grant, w, NULL);
    kc_object_write_end(w);
    kc_object_write_end(w);
    return error;
}

static enum kc_error contact_write(struct kc_object_writer *w, const struct kc_mesh_source *source,
    const struct kc_mesh_joining *joining, const struct kc_mesh_split *split,
    const struct kc_mesh_split_kept *kept)
{
    kc_object_write_tagged(w, "Contact", KC_OBJECT_ContactGroup);
    kc_object_write_list(w, "Anchors");
    kc_object_write_object(w, NULL, KC_OBJECT_Anchor);
    kc_object_write_text(w, "Udf", joining->group->udf);
    kc_object_write_text(w, "Validation", "Self");
    kc_object_write_end(w);
    kc_object_write_end(w);
    kc_object_write_list(w, "NetworkAddresses");
    enum kc_error error = address_write(w, source, joining, split, kept);
    kc_object_write_end(w);
    kc_object_write_end(w);
    return error;
}

static enum kc_error invitation_write(struct kc_object_writer *w,
    const struct kc_mesh_source *source, const struct kc_mesh_joining *joining,
    const struct kc_mesh_split *split, struct kc_mesh_joined *joined)
{
    char id[KC_UDF_ID_SIZE], envelope_id[KC_UDF_ID_SIZE];
    size_t size;
    enum kc_error error = kc_mesh_capability_id(source, id);
    if (error == KC_OK)
        error = kc_make_id(id, KC_ID_OF_ENVELOPE, envelope_id);
    if (error != KC_OK)
        return error;
    kc_object_write_tagged(w, NULL, KC_OBJECT_GroupInvitation);
    kc_object_write_text(w, "MessageId", id);
    kc_object_write_text(w, "Sender", joining->group->address);
    kc_object_write_text(w, "Recipient", joining->member->address);
    error = contact_write(w, source, joining, split, &joined->split);
    kc_object_write_end(w);
    if (error == KC_OK)
        error = kc_object_writer_finish(w);
    struct kc_mesh_letter letter = {.payload = {w->json.out.bytes, w->json.out.size},
        .type = "GroupInvitation",
        .id = envelope_id,
        .unique_id = id,
        .signer = joining->administrator,
        .recipients = &joining->member->encryption,
        .recipient_count = 1};
    return error == KC_OK ? kc_mesh_envelope_make(source, &letter, &joined->invitation, &size)
                          : error;
}

static enum kc_error invitation_make(const struct kc_mesh_source *source,
    const struct kc_mesh_joining *joining, const struct kc_mesh_split *split,
    struct kc_mesh_joined *joined)
{
    struct kc_object_writer w;
    uint8_t *room = malloc(INVITATION_ROOM); /* the share in it is enveloped */
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&w, room, INVITATION_ROOM);
    enum kc_error error = invitation_write(&w, source, joining, split, joined);
    free(room);
    return error;
}

/* --- joining --- */

static enum kc_error join(const struct kc_mesh_source *source,
    const struct kc_mesh_joining *joining, struct kc_mesh_split *split,
    struct kc_mesh_joined *joined)
{
    const struct kc_mesh_parties parties = {.administrator = joining->administrator,
        .provider = joining->provider,
        .service_address = joining->service_address,
        .grantee = joining->member->udf,
        .grantee_profile = joining->member_profile};
    joined->split.class = KC_MESH_DECRYPT;
    joined->split.epoch = joining->epoch;
    enum kc_error error = kc_mesh_holder_split(
        source, &parties, joining->encryption, split, &joined->split, &joined->entry);
    if (error == KC_OK)
        error = cataloged_make(source, joining->administrator, joining->store,
            joining->member->address, &joined->split, "New", &joined->cataloged);
    return error == KC_OK ? invitation_make(source, joining, split, joined) : error;
}

enum kc_error kc_mesh_group_join(const struct kc_mesh_source *source,
    const struct kc_mesh_joining *joining, struct kc_mesh_joined *joined)
{
    KC_AUTO_MESH_SPLIT split = {0};
    struct kc_mesh_joined made = {0};
    if (strcmp(joining->group->udf, joining->member->udf) == 0)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = join(source, joining, &split, &made);
    if (error == KC_OK)
        *joined = made;
    else
        kc_mesh_joined_done(&made);
    return error;
}

void kc_mesh_joined_done(struct kc_mesh_joined *joined)
{
    free(joined->entry);
    free(joined->cataloged);
    free(joined->invitation);
    *joined = (struct kc_mesh_joined){0};
}
