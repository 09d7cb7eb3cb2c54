/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/invitation.h"

#include "base/secret.h"
#include "base/text.h"
#include "custodian/mesh/account_create.h"
#include "custodian/mesh/group.h"
#include "custodian/mesh/opening.h"
#include "custodian/mesh/share_envelope.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

#define INVITATION_SIZE_MAX (64u << 10) /* octets */

/* An invitation on its way. */
struct reading {
    const struct kc_mesh_inviting *inviting;
    struct kc_mesh_account group; /* as the invitation's profile has it */
    struct kc_object capability;
    struct kc_public_key own; /* the verification share */
    struct kc_mesh_invited *made;
};

void kc_mesh_invited_done(struct kc_mesh_invited *invited)
{
    free(invited->profile);
    kc_wipe(invited, sizeof *invited);
}

/* --- whose it is --- */

/* Both must be there: without them it could have been signed for somebody else. */
static enum kc_error parties_check(
    const struct reading *reading, const struct kc_object *invitation, struct kc_span content)
{
    const struct kc_mesh_inviting *inviting = reading->inviting;
    if (!kc_json_is_there(kc_object_member(invitation, "Sender")) ||
        !kc_json_is_there(kc_object_member(invitation, "Recipient")))
        return KC_ERR_BAD_REQUEST;
    enum kc_error error =
        kc_mesh_message_check(content, inviting->group->address, inviting->address);
    return error == KC_ERR_ENVELOPE ? KC_ERR_REFUSED : error;
}

static enum kc_error profile_keep(struct kc_span profile, struct kc_mesh_invited *made)
{
    made->profile = strndup((const char *)profile.bytes, profile.size);
    if (made->profile == NULL)
        return KC_ERR_NO_MEMORY;
    made->profile_size = profile.size;
    return KC_OK;
}

/* A rotation changes the encryption key, and nothing else. */
static enum kc_error profile_read(struct reading *reading, struct kc_json address)
{
    const struct kc_mesh_account *known = reading->inviting->group;
    struct kc_json member = kc_json_member(address, "EnvelopedProfileAccount");
    if (!kc_json_is_there(member))
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = kc_mesh_member_read(kc_json_source(member), known->udf, &reading->group);
    if (error != KC_OK)
        return error;
    if (!kc_public_key_equal(&reading->group.administrator, &known->administrator))
        return KC_ERR_SIGNATURE;
    if (reading->group.updated < known->updated)
        return KC_ERR_EPOCH;
    if (!kc_text_copy(
            reading->made->address, sizeof reading->made->address, reading->group.address))
        return KC_ERR_INTERNAL;
    return profile_keep(kc_json_source(member), reading->made);
}

static enum kc_error contact_read(struct reading *reading, const struct kc_object *contact)
{
    struct kc_json anchor = kc_json_item(kc_object_member(contact, "Anchors"), 0);
    struct kc_json addresses = kc_object_member(contact, "NetworkAddresses");
    struct kc_json address = kc_json_item(addresses, 0);
    if (contact->type != KC_OBJECT_ContactGroup || kc_json_count(addresses) != 1)
        return KC_ERR_BAD_REQUEST;
    if (!kc_json_is_text(kc_json_member(anchor, "Udf"), reading->inviting->group->udf))
        return KC_ERR_REFUSED;
    enum kc_error error = profile_read(reading, address);
    if (error != KC_OK)
        return error;
    struct kc_json capabilities = kc_json_member(address, "Capabilities");
    if (kc_json_count(capabilities) != 1)
        return KC_ERR_BAD_REQUEST;
    reading->capability = kc_object_item(capabilities, 0);
    return KC_OK;
}

/* --- the share --- */

/* Whether it is of the group's key as it is now, and of a later epoch. */
static enum kc_error terms_read(struct reading *reading)
{
    const struct kc_object *capability = &reading->capability;
    struct kc_mesh_invited *made = reading->made;
    if (!kc_object_type_is(capability->type, KC_OBJECT_CapabilityDecryptPartial) ||
        kc_json_integer(kc_object_member(capability, "Epoch"), &made->epoch) != KC_OK ||
        kc_json_text(kc_object_member(capability, "ServiceId"), made->share.service_id,
            sizeof made->share.service_id) != KC_OK)
        return KC_ERR_BAD_REQUEST;
    if (!kc_json_is_text(kc_object_member(capability, "SubjectId"), reading->group.encryption.udf))
        return KC_ERR_REFUSED;
    return made->epoch > reading->inviting->epoch ? KC_OK : KC_ERR_EPOCH;
}

/* The service's verification share is what is left of the whole key, and must be a key too. */
static enum kc_error points_make(struct reading *reading)
{
    struct kc_mesh_activated_key *share = &reading->made->share;
    struct kc_point parts[2];
    if (kc_mesh_point(&reading->own, &share->public) != KC_OK ||
        kc_mesh_point(&reading->group.encryption, &share->group) != KC_OK ||
        share->public.curve != share->group.curve ||
        kc_point_equal(&share->public, &share->group) != 0)
        return KC_ERR_CONTRIBUTION;
    parts[0] = share->group;
    kc_point_negate(&parts[1], &share->public);
    return kc_point_sum(&share->peer, parts, 2) == KC_OK ? KC_OK : KC_ERR_CONTRIBUTION;
}

static enum kc_error share_open(struct reading *reading)
{
    const struct kc_mesh_inviting *inviting = reading->inviting;
    struct kc_mesh_activated_key *share = &reading->made->share;
    struct kc_json list = kc_object_member(&reading->capability, "EnvelopedKeyShares");
    KC_AUTO_SCALAR scalar = {0};
    struct kc_mesh_share_terms terms = {.signer = &inviting->group->administrator,
        .key = inviting->key,
        .own = &reading->own,
        .now = inviting->now};
    if (kc_json_count(list) != 1)
        return KC_ERR_BAD_REQUEST;
    enum kc_error error =
        kc_mesh_share_open(kc_json_source(kc_json_item(list, 0)), &terms, &scalar);
    if (error != KC_OK)
        return error;
    share->is_share = true;
    share->secret_size = kc_curve_info(scalar.curve)->scalar_size;
    kc_scalar_encode(&scalar, share->secret);
    return kc_text_copy(share->name, sizeof share->name, KC_MESH_NAME_ENCRYPTION) ? KC_OK
                                                                                  : KC_ERR_INTERNAL;
}

static enum kc_error capability_read(struct reading *reading)
{
    enum kc_error error = terms_read(reading);
    if (error == KC_OK)
        error = kc_object_key(&reading->capability, "KeyData", &reading->own);
    if (error == KC_OK)
        error = points_make(reading);
    return error == KC_OK ? share_open(reading) : error;
}

/* --- all of it --- */

static enum kc_error content_read(struct reading *reading, struct kc_span content)
{
    struct kc_json_document document = {0};
    struct kc_object invitation;
    enum kc_error error = kc_object_parse(
        content, INVITATION_SIZE_MAX, KC_OBJECT_GroupInvitation, &document, &invitation, NULL);
    if (error == KC_OK)
        error = parties_check(reading, &invitation, content);
    if (error == KC_OK) {
        struct kc_object contact = kc_object_inner(&invitation, "Contact");
        error = contact_read(reading, &contact);
    }
    if (error == KC_OK)
        error = capability_read(reading);
    kc_json_done(&document);
    return error;
}

enum kc_error kc_mesh_invitation_read(
    struct kc_span text, const struct kc_mesh_inviting *inviting, struct kc_mesh_invited *invited)
{
    struct kc_mesh_invited made = {0};
    struct reading reading = {.inviting = inviting, .made = &made};
    uint8_t *content = NULL;
    size_t size = 0;
    enum kc_error error = kc_mesh_opening_whole(
        text, &inviting->group->administrator, inviting->key, INVITATION_SIZE_MAX, &content, &size);
    if (error != KC_OK)
        return error;
    error = content_read(&reading, (struct kc_span){content, size});
    kc_room_free(content);
    if (error == KC_OK)
        *invited = made;
    else
        kc_mesh_invited_done(&made);
    return error;
}
