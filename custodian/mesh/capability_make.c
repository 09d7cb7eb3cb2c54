/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/capability_make.h"

#include "custodian/mesh/key_document.h"
#include "custodian/mesh/share_envelope.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_ROOM ((size_t)16 << 10)
#define ID_OCTETS 16
#define SHARE_LIFE INT64_C(2592000) /* seconds, 30 days, in which a share is to be taken up */

enum kc_error kc_mesh_capability_id(const struct kc_mesh_source *source, char id[KC_UDF_ID_SIZE])
{
    uint8_t octets[ID_OCTETS];
    enum kc_error error = source->random(source->context, octets, sizeof octets);
    return error == KC_OK ? kc_udf_present(KC_UDF_NONCE, (struct kc_span){octets, sizeof octets}, 0,
                                id, KC_UDF_ID_SIZE)
                          : error;
}

/* --- the capability --- */

/* What a class is called at the service. */
static enum kc_object_type serviced_type(enum kc_mesh_class class)
{
    return class == KC_MESH_SIGN       ? KC_OBJECT_CapabilitySign
           : class == KC_MESH_GENERATE ? KC_OBJECT_CapabilityKeyGenerate
                                       : KC_OBJECT_CapabilityDecryptServiced;
}

static enum kc_object_type type_of(const struct kc_mesh_grant *grant)
{
    return grant->class == KC_MESH_DECRYPT && grant->service_address != NULL
               ? KC_OBJECT_CapabilityDecryptPartial
               : serviced_type(grant->class);
}

static bool fits_class(const struct kc_mesh_grant *grant)
{
    const struct kc_curve_info *info = kc_curve_info(grant->share->curve);
    return strcmp(info->name, grant->subject->algorithm) == 0 &&
           info->signs == (grant->class == KC_MESH_SIGN) &&
           strcmp(grant->own->algorithm, info->name) == 0;
}

/* Who may have it used, or what its holder asks the service for. */
static void parties_write(struct kc_object_writer *w, const struct kc_mesh_grant *grant)
{
    kc_object_write_text(w, "ServiceUdf", grant->service_udf);
    if (grant->service_address != NULL && grant->class == KC_MESH_DECRYPT) {
        kc_object_write_text(w, "ServiceId", grant->service_id);
        kc_object_write_text(w, "ServiceAddress", grant->service_address);
    }
    if (grant->grantee != NULL)
        kc_object_write_text(w, "AuthenticationId", grant->grantee);
    if (grant->grantee_account != NULL)
        kc_object_write_text(w, "GranteeAccount", grant->grantee_account);
    if (grant->grantee_profile.size > 0)
        kc_object_write_source(w, "EnvelopedProfileUser", grant->grantee_profile);
}

static void enveloped_write(struct kc_object_writer *w, struct kc_span share, bool is_offset)
{
    if (is_offset) {
        kc_object_write_source(w, "EnvelopedKeyOffset", share);
        return;
    }
    kc_object_write_list(w, "EnvelopedKeyShares");
    kc_object_write_source(w, NULL, share);
    kc_object_write_end(w);
}

static void terms_write(struct kc_object_writer *w, const struct kc_mesh_grant *grant)
{
    kc_object_write_text(w, "Id", grant->id);
    kc_object_write_integer(w, "Epoch", grant->epoch);
    parties_write(w, grant);
}

static enum kc_error share_write(const struct kc_mesh_source *source,
    const struct kc_mesh_grant *grant, struct kc_object_writer *w)
{
    char *share;
    size_t size;
    enum kc_error error = kc_mesh_share_seal(grant->share, grant->recipient,
        (int64_t)source->now + SHARE_LIFE, grant->administrator, source, &share, &size);
    if (error != KC_OK)
        return error;
    kc_object_write_text(w, "SubjectId", grant->subject->udf);
    kc_mesh_write_public(w, "KeyData", grant->own);
    enveloped_write(w, (struct kc_span){(const uint8_t *)share, size}, grant->is_offset);
    free(share);
    return KC_OK;
}

enum kc_error kc_mesh_capability_write(const struct kc_mesh_source *source,
    const struct kc_mesh_grant *grant, struct kc_object_writer *w, const char *field)
{
    bool has_share = grant->class != KC_MESH_GENERATE;
    if (has_share && !fits_class(grant))
        return KC_ERR_BAD_ARGUMENT;
    kc_object_write_tagged(w, field, type_of(grant));
    terms_write(w, grant);
    enum kc_error error = has_share ? share_write(source, grant, w) : KC_OK;
    kc_object_write_end(w);
    return error;
}

/* --- the entry --- */

static enum kc_error entry_envelope(const struct kc_mesh_source *source,
    const struct kc_object_writer *w, const struct kc_key *administrator, const char *id,
    const char *event, char **text, size_t *size)
{
    struct kc_mesh_letter letter = {.payload = {w->json.out.bytes, w->json.out.size},
        .type = "CatalogedAccess",
        .unique_id = id,
        .event = event,
        .signer = administrator};
    enum kc_error error = kc_object_writer_finish(w);
    return error == KC_OK ? kc_mesh_envelope_make(source, &letter, text, size) : error;
}

enum kc_error kc_mesh_capability_make(const struct kc_mesh_source *source,
    const struct kc_mesh_grant *grant, char **text, size_t *size)
{
    struct kc_object_writer w;
    uint8_t *room = malloc(ENTRY_ROOM);
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&w, room, ENTRY_ROOM);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_CatalogedAccess);
    enum kc_error error = kc_mesh_capability_write(source, grant, &w, "Capability");
    kc_object_write_end(&w);
    if (error == KC_OK)
        error = entry_envelope(source, &w, grant->administrator, grant->id,
            grant->is_offset ? "Update" : "New", text, size);
    free(room);
    return error;
}

enum kc_error kc_mesh_capability_withdraw(const struct kc_mesh_source *source,
    const struct kc_key *administrator, const char *id, enum kc_mesh_class class, int64_t epoch,
    char **text, size_t *size)
{
    uint8_t room[KC_MESH_KEY_DOCUMENT_MAX];
    struct kc_object_writer w;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_CatalogedAccess);
    kc_object_write_tagged(&w, "Capability", serviced_type(class));
    kc_object_write_text(&w, "Id", id);
    kc_object_write_boolean(&w, "Active", false);
    kc_object_write_integer(&w, "Epoch", epoch);
    kc_object_write_end(&w);
    kc_object_write_end(&w);
    return entry_envelope(source, &w, administrator, id, "Delete", text, size);
}
