/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/capability.h"

#include "base/text.h"
#include "base/wipe.h"
#include "custodian/mesh/share_envelope.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"
#include "threshold/share.h"

#include <string.h>

#define ENTRY_SIZE_MAX (64u << 10) /* octets of a profile or an entry */

bool kc_mesh_address(const char *said, char address[KC_MESH_ADDRESS_SIZE])
{
    if (!kc_text_copy(address, KC_MESH_ADDRESS_SIZE, said))
        return false;
    for (char *c = address; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return true;
}

/* --- the account --- */

static enum kc_error address_read(struct kc_json value, char address[KC_MESH_ADDRESS_SIZE])
{
    char said[KC_MESH_ADDRESS_SIZE];
    enum kc_error error = kc_json_text(value, said, sizeof said);
    return error != KC_OK ? error : kc_mesh_address(said, address) ? KC_OK : KC_ERR_TOO_LARGE;
}

/* A key that a profile may lack. */
static enum kc_error optional_key(
    const struct kc_object *profile, const char *name, struct kc_public_key *key)
{
    *key = (struct kc_public_key){0};
    return kc_json_is_there(kc_object_member(profile, name)) ? kc_object_key(profile, name, key)
                                                             : KC_OK;
}

static enum kc_error profile_read(
    const struct kc_object *profile, const char *service_udf, struct kc_mesh_account *account)
{
    struct kc_json service = kc_object_member(profile, "ServiceUdf");
    if (service_udf != NULL && kc_json_is_there(service) && !kc_json_is_text(service, service_udf))
        return KC_ERR_REFUSED;
    enum kc_error error =
        address_read(kc_object_member(profile, "AccountAddress"), account->address);
    if (error == KC_OK)
        error = kc_object_key(profile, "AdministratorSignature", &account->administrator);
    if (error == KC_OK)
        error = optional_key(profile, "AccountEncryption", &account->encryption);
    return error != KC_OK ? error : optional_key(profile, "AccountSignature", &account->signature);
}

enum kc_error kc_mesh_account_read(
    struct kc_span profile, const char *service_udf, struct kc_mesh_account *account)
{
    struct kc_signed_object opened;
    struct kc_mesh_account read = {0};
    enum kc_error error = kc_signed_object_open_profile(profile, ENTRY_SIZE_MAX,
        KC_OBJECT_ProfileAccount, NULL, kc_mesh_verify, &opened, &read.profile);
    if (error != KC_OK)
        return error;
    error = profile_read(&opened.object, service_udf, &read);
    kc_signed_object_done(&opened);
    if (error != KC_OK)
        return error;
    KC_TEXT_COPY_ARRAY(read.udf, read.profile.udf);
    *account = read;
    return KC_OK;
}

/* --- the capability --- */

static enum kc_mesh_class class_of(enum kc_object_type type)
{
    return type == KC_OBJECT_CapabilityDecryptServiced ? KC_MESH_DECRYPT
           : type == KC_OBJECT_CapabilitySign          ? KC_MESH_SIGN
                                                       : 0;
}

/* AuthenticationId, or what it is called since: a fingerprint in full. */
static enum kc_error grantee_read(
    const struct kc_object *entry, struct kc_mesh_capability *capability)
{
    struct kc_json said = kc_object_member(entry, "AuthenticationId");
    struct kc_json narrowed = kc_object_member(entry, "GranteeAccount");
    struct kc_udf udf;
    if (!kc_json_is_there(said))
        said = kc_object_member(entry, "GranteeUdf");
    if (kc_json_text(said, capability->grantee, sizeof capability->grantee) != KC_OK ||
        kc_udf_parse_canonical(
            (struct kc_span){(const uint8_t *)capability->grantee, strlen(capability->grantee)},
            &udf) != KC_OK)
        return KC_ERR_REFUSED;
    return kc_json_is_there(narrowed) ? address_read(narrowed, capability->grantee_account) : KC_OK;
}

/* Who the grantee is, if that is no device or user of this account. */
static enum kc_error member_read(
    const struct kc_object *entry, struct kc_mesh_capability *capability)
{
    struct kc_json profile = kc_object_member(entry, "EnvelopedProfileUser");
    capability->has_member = kc_json_is_there(profile);
    return capability->has_member
               ? kc_mesh_account_read(kc_json_source(profile), NULL, &capability->member)
               : KC_OK;
}

/* The whole key that the entry is about: one of the account's profile. */
static enum kc_error group_read(const struct kc_object *entry,
    const struct kc_mesh_account *account, struct kc_mesh_capability *capability)
{
    char subject[KC_UDF_DIGEST_TEXT_SIZE];
    struct kc_point point;
    const struct kc_public_key *key =
        capability->class == KC_MESH_SIGN ? &account->signature : &account->encryption;
    struct kc_span octets = {key->octets, key->size};
    if (key->size == 0 ||
        kc_json_text(kc_object_member(entry, "SubjectId"), subject, sizeof subject) != KC_OK ||
        !kc_udf_names_key(subject, key->algorithm, octets))
        return KC_ERR_REFUSED;
    const struct kc_curve_info *info = kc_curve_by_name(key->algorithm, strlen(key->algorithm));
    if (info == NULL || info->curve != capability->share.curve ||
        info->signs != (capability->class == KC_MESH_SIGN) ||
        kc_point_decode(&point, info->curve, key->octets, key->size) != KC_OK)
        return KC_ERR_REFUSED;
    memcpy(capability->group, key->octets, key->size);
    return KC_OK;
}

static enum kc_error index_read(struct kc_json value, uint32_t *index)
{
    int64_t number;
    enum kc_error error = kc_json_integer(value, &number);
    if (error != KC_OK || number < 1 || number > UINT32_MAX)
        return KC_ERR_BAD_REQUEST;
    *index = (uint32_t)number;
    return KC_OK;
}

/* The holders who act together, and which of them this one is. */
static enum kc_error indexes_read(const struct kc_object *entry, struct kc_json list,
    uint32_t indexes[KC_SHARES_MAX], size_t *position)
{
    uint32_t own;
    size_t count = kc_json_count(list);
    enum kc_error error = index_read(kc_object_member(entry, "Index"), &own);
    if (error != KC_OK || count > KC_SHARES_MAX)
        return KC_ERR_BAD_REQUEST;
    *position = count;
    for (size_t i = 0; i < count; i++) {
        error = index_read(kc_json_item(list, i), &indexes[i]);
        if (error != KC_OK)
            return error;
        if (indexes[i] == own)
            *position = i;
    }
    return *position < count ? KC_OK : KC_ERR_BAD_REQUEST;
}

static enum kc_error coefficient_read(
    const struct kc_object *entry, struct kc_mesh_capability *capability)
{
    uint32_t indexes[KC_SHARES_MAX];
    size_t position;
    struct kc_json list = kc_object_member(entry, "Indexes");
    struct kc_json threshold = kc_object_member(entry, "Threshold");
    int64_t least;
    if (!kc_json_is_there(list) && !kc_json_is_there(threshold))
        return KC_OK;
    if (kc_json_integer(threshold, &least) != KC_OK || least < 1 ||
        kc_json_count(list) < (uint64_t)least)
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = indexes_read(entry, list, indexes, &position);
    if (error == KC_OK)
        error = kc_share_coefficient(&capability->coefficient, capability->share.curve, indexes,
            kc_json_count(list), position);
    if (error == KC_OK)
        capability->has_coefficient = true;
    return error == KC_ERR_BAD_ARGUMENT ? KC_ERR_BAD_REQUEST : error;
}

static enum kc_error epoch_read(const struct kc_object *entry, int64_t *epoch)
{
    struct kc_json value = kc_object_member(entry, "Epoch");
    *epoch = 0;
    return kc_json_is_there(value) ? kc_json_integer(value, epoch) : KC_OK;
}

/* All but the share. */
static enum kc_error terms_read(const struct kc_object *entry,
    const struct kc_mesh_account *account, const char *service_udf,
    struct kc_mesh_capability *capability)
{
    struct kc_json service = kc_object_member(entry, "ServiceUdf");
    capability->class = class_of(entry->type);
    if (capability->class == 0 ||
        (kc_json_is_there(service) && !kc_json_is_text(service, service_udf)))
        return KC_ERR_REFUSED;
    memcpy(capability->account_udf, account->udf, sizeof capability->account_udf);
    enum kc_error error =
        kc_json_text(kc_object_member(entry, "Id"), capability->id, sizeof capability->id);
    if (error == KC_OK && capability->id[0] == '\0')
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK)
        error = grantee_read(entry, capability);
    if (error == KC_OK)
        error = member_read(entry, capability);
    return error != KC_OK ? error : epoch_read(entry, &capability->epoch);
}

static enum kc_error entry_read(const struct kc_object *entry,
    const struct kc_mesh_account *account, const char *service_udf,
    const struct kc_key *service_key, struct kc_mesh_capability *capability)
{
    struct kc_public_key own;
    struct kc_json share = kc_json_item(kc_object_member(entry, "EnvelopedKeyShares"), 0);
    if (!kc_json_is_there(share))
        share = kc_object_member(entry, "EnvelopedKeyShare");
    enum kc_error error = terms_read(entry, account, service_udf, capability);
    if (error == KC_OK)
        error = kc_object_key(entry, "KeyData", &own);
    if (error == KC_OK)
        error = kc_mesh_share_open(
            kc_json_source(share), &account->administrator, service_key, &own, &capability->share);
    if (error == KC_OK) {
        memcpy(capability->own, own.octets, own.size);
        error = group_read(entry, account, capability);
    }
    return error != KC_OK ? error : coefficient_read(entry, capability);
}

enum kc_error kc_mesh_capability_read(struct kc_span entry, const struct kc_mesh_account *account,
    const char *service_udf, const struct kc_key *service_key,
    struct kc_mesh_capability *capability)
{
    struct kc_signed_object opened;
    struct kc_mesh_capability read = {0};
    enum kc_error error = kc_signed_object_open(entry, ENTRY_SIZE_MAX, KC_OBJECT_CatalogedAccess,
        &account->administrator, kc_mesh_verify, &opened);
    if (error != KC_OK)
        return error;
    struct kc_object inner = kc_object_inner(&opened.object, "Capability");
    error = entry_read(&inner, account, service_udf, service_key, &read);
    kc_signed_object_done(&opened);
    if (error == KC_OK)
        *capability = read;
    kc_mesh_capability_wipe(&read);
    return error;
}

void kc_mesh_capability_wipe(struct kc_mesh_capability *capability)
{
    kc_scalar_wipe(&capability->share);
}
