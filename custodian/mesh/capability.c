/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/capability.h"

#include "base/text.h"
#include "base/wipe.h"
#include "custodian/mesh/share_envelope.h"
#include "custodian/mesh/verify.h"
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

bool kc_mesh_device_name(const char *said, char name[KC_UDF_ID_SIZE])
{
    struct kc_udf udf;
    size_t size = 0;
    if (kc_udf_parse((struct kc_span){(const uint8_t *)said, strlen(said)}, &udf) != KC_OK)
        return false;
    for (; *said != '\0' && size < KC_UDF_ID_SIZE - 1; said++) {
        bool is_lower = *said >= 'a' && *said <= 'z';
        if (!is_lower && !(*said >= 'A' && *said <= 'Z') && !(*said >= '2' && *said <= '7'))
            continue; /* between the groups */
        if (size % 5 == 4)
            name[size++] = '-';
        name[size] = *said;
        if (is_lower)
            name[size] = (char)(*said - 'a' + 'A');
        size++;
    }
    name[size] = '\0';
    return size == KC_UDF_ID_SIZE - 1;
}

bool kc_mesh_device_is_said(const char *said)
{
    struct kc_udf udf;
    char name[KC_UDF_ID_SIZE];
    return kc_mesh_device_name(said, name) ||
           kc_udf_parse((struct kc_span){(const uint8_t *)said, strlen(said)}, &udf) != KC_OK;
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
    struct kc_json updated = kc_object_member(profile, "Updated");
    if (service_udf != NULL && kc_json_is_there(service) && !kc_json_is_text(service, service_udf))
        return KC_ERR_REFUSED;
    enum kc_error error =
        address_read(kc_object_member(profile, "AccountAddress"), account->address);
    if (error == KC_OK && kc_json_is_there(updated))
        error = kc_json_time(updated, &account->updated);
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

enum kc_error kc_mesh_access_open(struct kc_span entry, size_t size_max,
    const struct kc_public_key *administrator, struct kc_signed_object *opened)
{
    enum kc_error error = kc_signed_object_open(
        entry, size_max, KC_OBJECT_CatalogedEntry, administrator, kc_mesh_verify, opened);
    if (error != KC_OK || opened->object.type == KC_OBJECT_CatalogedAccess ||
        opened->object.type == KC_OBJECT_CatalogedCapability)
        return error;
    kc_signed_object_done(opened);
    return KC_ERR_BAD_REQUEST;
}

static enum kc_mesh_class class_of(enum kc_object_type type)
{
    return type == KC_OBJECT_CapabilityDecryptServiced ? KC_MESH_DECRYPT
           : type == KC_OBJECT_CapabilitySign          ? KC_MESH_SIGN
           : type == KC_OBJECT_CapabilityKeyGenerate   ? KC_MESH_GENERATE
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

static const struct kc_public_key *key_of_class(
    const struct kc_mesh_account *account, enum kc_mesh_class class)
{
    return class == KC_MESH_DECRYPT ? &account->encryption
           : class == KC_MESH_SIGN  ? &account->signature
                                    : NULL;
}

/* Which of the account's keys an entry is about, by its fingerprint; NULL: none that its class may
 * be about. Since 2022 an entry does not say it: it is the key of its class. */
static const struct kc_public_key *subject_find(
    const struct kc_object *entry, const struct kc_mesh_account *account, enum kc_mesh_class class)
{
    char subject[KC_UDF_DIGEST_TEXT_SIZE];
    struct kc_json said = kc_object_member(entry, "SubjectId");
    const struct kc_public_key *keys[] = {&account->encryption, &account->signature};
    const struct kc_public_key *due = key_of_class(account, class);
    if (!kc_json_is_there(said))
        return due != NULL && due->size > 0 ? due : NULL;
    if (kc_json_text(said, subject, sizeof subject) != KC_OK)
        return NULL;
    for (size_t i = 0; i < 2; i++)
        if (keys[i]->size > 0 && (due == NULL || due == keys[i]) &&
            kc_udf_names_key(
                subject, keys[i]->algorithm, (struct kc_span){keys[i]->octets, keys[i]->size}))
            return keys[i];
    return NULL;
}

/* The whole key that the entry is about: one of the account's profile. Nothing is added to it here. */
static enum kc_error group_read(const struct kc_object *entry,
    const struct kc_mesh_account *account, struct kc_mesh_capability *capability)
{
    struct kc_point point;
    const struct kc_public_key *key = subject_find(entry, account, capability->class);
    if (key == NULL)
        return KC_ERR_REFUSED;
    const struct kc_curve_info *info = kc_curve_by_name(key->algorithm, strlen(key->algorithm));
    if (info == NULL || info->curve != capability->share.curve ||
        info->signs != (key == &account->signature) ||
        kc_mesh_recipient_point(key, &point) != KC_OK)
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
    const struct kc_mesh_account *account, const struct kc_mesh_service *service,
    struct kc_mesh_capability *capability)
{
    struct kc_json said = kc_object_member(entry, "ServiceUdf");
    struct kc_json active = kc_object_member(entry, "Active");
    bool is_active = true;
    capability->class = class_of(entry->type);
    if (kc_json_is_there(active) && (kc_json_boolean(active, &is_active) != KC_OK || !is_active))
        return KC_ERR_REFUSED;
    if (capability->class == 0 || (kc_json_is_there(said) && !kc_json_is_text(said, service->udf)))
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

/* --- the share --- */

/* Whom the envelope of a share may be signed by. */
static enum kc_error enveloped_open(struct kc_json envelope, const struct kc_mesh_account *account,
    const struct kc_mesh_service *service, const struct kc_public_key *own,
    struct kc_scalar *scalar)
{
    struct kc_mesh_share_terms terms = {
        .signer = &account->administrator, .key = service->key, .own = own, .now = service->now};
    enum kc_error error = kc_mesh_share_open(kc_json_source(envelope), &terms, scalar);
    if (error != KC_ERR_SIGNATURE || service->custodian == NULL)
        return error;
    terms.signer = service->custodian;
    return kc_mesh_share_open(kc_json_source(envelope), &terms, scalar);
}

/* Adds d to the share that was there, if what is published about the new one fits. */
static enum kc_error refreshed_read(struct kc_json envelope, const struct kc_mesh_account *account,
    const struct kc_mesh_service *service, const struct kc_public_key *own,
    const struct kc_mesh_capability *before, struct kc_scalar *share)
{
    struct kc_point old, new, difference;
    KC_AUTO_SCALAR offset;
    struct kc_public_key published;
    uint8_t octets[KC_POINT_SIZE_MAX];
    enum kc_curve curve = before->share.curve;
    const struct kc_curve_info *info = kc_curve_info(curve);
    if (strcmp(own->algorithm, info->name) != 0 ||
        kc_point_decode(&old, curve, before->own, info->point_size) != KC_OK ||
        kc_point_decode(&new, curve, own->octets, own->size) != KC_OK)
        return KC_ERR_CONTRIBUTION;
    kc_point_negate(&old, &old);
    if (kc_point_sum(&difference, (struct kc_point[]){new, old}, 2) != KC_OK)
        return KC_ERR_CONTRIBUTION;
    kc_point_encode(&difference, octets);
    enum kc_error error =
        kc_public_key_make(info->name, (struct kc_span){octets, info->point_size}, &published);
    if (error == KC_OK)
        error = enveloped_open(envelope, account, service, &published, &offset);
    if (error == KC_OK)
        kc_scalar_add(share, &before->share, &offset);
    return error;
}

/* Whether the share is of this very refresh already. */
static bool is_repeated(const struct kc_mesh_capability *before,
    const struct kc_mesh_capability *read, const struct kc_public_key *own)
{
    return read->epoch == before->epoch && own->size <= sizeof before->own &&
           memcmp(own->octets, before->own, own->size) == 0 &&
           strcmp(read->grantee, before->grantee) == 0;
}

/* before  NULL: the entry is a new one, and can refresh nothing */
static enum kc_error share_read(const struct kc_object *entry,
    const struct kc_mesh_account *account, const struct kc_mesh_service *service,
    const struct kc_mesh_capability *before, struct kc_mesh_capability *capability)
{
    struct kc_public_key own;
    struct kc_json offset = kc_object_member(entry, "EnvelopedKeyOffset");
    struct kc_json share = kc_json_item(kc_object_member(entry, "EnvelopedKeyShares"), 0);
    if (!kc_json_is_there(share))
        share = kc_object_member(entry, "EnvelopedKeyShare");
    bool refreshes = before != NULL && before->has_share && kc_json_is_there(offset);
    enum kc_error error = kc_object_key(entry, "KeyData", &own);
    if (error == KC_OK && kc_json_is_there(offset) && (kc_json_is_there(share) || !refreshes))
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK && refreshes && is_repeated(before, capability, &own))
        error = KC_ERR_EXISTS;
    if (error == KC_OK)
        error = refreshes
                    ? refreshed_read(offset, account, service, &own, before, &capability->share)
                    : enveloped_open(share, account, service, &own, &capability->share);
    if (error != KC_OK)
        return error;
    memcpy(capability->own, own.octets, own.size);
    capability->has_share = true;
    error = group_read(entry, account, capability);
    return error != KC_OK ? error : coefficient_read(entry, capability);
}

/* Who may only have keys made has no share to be used. */
static bool needs_no_share(const struct kc_object *entry)
{
    return entry->type == KC_OBJECT_CapabilityKeyGenerate &&
           !kc_json_is_there(kc_object_member(entry, "KeyData"));
}

static enum kc_error entry_read(struct kc_span entry, const struct kc_mesh_account *account,
    const struct kc_mesh_service *service, const struct kc_mesh_capability *before,
    struct kc_mesh_capability *capability)
{
    struct kc_signed_object opened;
    enum kc_error error =
        kc_mesh_access_open(entry, ENTRY_SIZE_MAX, &account->administrator, &opened);
    if (error != KC_OK)
        return error;
    struct kc_object inner = kc_object_inner(&opened.object, "Capability");
    error = terms_read(&inner, account, service, capability);
    if (error == KC_OK && !needs_no_share(&inner))
        error = share_read(&inner, account, service, before, capability);
    kc_signed_object_done(&opened);
    return error;
}

enum kc_error kc_mesh_capability_read(struct kc_span entry, const struct kc_mesh_account *account,
    const struct kc_mesh_service *service, struct kc_mesh_capability *capability)
{
    struct kc_mesh_capability read = {0};
    enum kc_error error = entry_read(entry, account, service, NULL, &read);
    if (error == KC_OK)
        *capability = read;
    kc_mesh_capability_wipe(&read);
    return error;
}

/* Whether an entry is about the same as the one that it replaces. */
static enum kc_error succession_check(
    const struct kc_mesh_capability *before, const struct kc_mesh_capability *after)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): what is replaced is there */
    if (strcmp(before->id, after->id) != 0 || before->class != after->class ||
        strcmp(before->account_udf, after->account_udf) != 0 ||
        before->has_share != after->has_share ||
        memcmp(before->group, after->group, sizeof before->group) != 0)
        return KC_ERR_REFUSED;
    if (before->has_member && after->has_member && after->member.updated < before->member.updated)
        return KC_ERR_CONFLICT;
    return after->epoch > before->epoch ? KC_OK : KC_ERR_CONFLICT;
}

enum kc_error kc_mesh_capability_update(struct kc_span entry, const struct kc_mesh_account *account,
    const struct kc_mesh_service *service, const struct kc_mesh_capability *before,
    struct kc_mesh_capability *capability)
{
    struct kc_mesh_capability read = {0};
    enum kc_error error = entry_read(entry, account, service, before, &read);
    if (error == KC_OK)
        error = succession_check(before, &read);
    if (error == KC_OK)
        *capability = read;
    kc_mesh_capability_wipe(&read);
    return error;
}

void kc_mesh_capability_wipe(struct kc_mesh_capability *capability)
{
    kc_scalar_wipe(&capability->share);
}
