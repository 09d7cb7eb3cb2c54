/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/peer.h"

#include "base/text.h"
#include "custodian/mesh/capability.h"
#include "custodian/mesh/split.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <string.h>

#define PROFILE_SIZE_MAX (64u << 10)

/* What a service's shares are encrypted to. */
static enum kc_error recipient_read(
    const struct kc_object *object, const char *name, struct kc_public_key *key)
{
    struct kc_point point;
    enum kc_error error = kc_object_key(object, name, key);
    if (error == KC_OK)
        error = kc_mesh_recipient_point(key, &point);
    return error == KC_OK && kc_curve_info(point.curve)->signs ? KC_ERR_BAD_ALGORITHM : error;
}

/* A key for signatures, or for agreements: a whole point that may be added to another. */
static enum kc_error key_read(
    const struct kc_object *profile, const char *name, bool signs, struct kc_public_key *key)
{
    struct kc_point point;
    enum kc_error error = kc_object_key(profile, name, key);
    if (error != KC_OK)
        return error;
    const struct kc_curve_info *info = kc_curve_by_name(key->algorithm, strlen(key->algorithm));
    return info == NULL || info->signs != signs ? KC_ERR_BAD_ALGORITHM : kc_mesh_point(key, &point);
}

static enum kc_error device_keys_read(
    const struct kc_object *profile, struct kc_mesh_device *device)
{
    enum kc_error error = key_read(profile, "Encryption", false, &device->encryption);
    if (error == KC_OK)
        error = key_read(profile, "Signature", true, &device->signature);
    return error == KC_OK ? key_read(profile, "Authentication", false, &device->authentication)
                          : error;
}

enum kc_error kc_mesh_device_read(
    struct kc_span profile, const char *udf, struct kc_mesh_device *device)
{
    struct kc_signed_object opened;
    struct kc_mesh_device read = {0};
    enum kc_error error = kc_signed_object_open_profile(profile, PROFILE_SIZE_MAX,
        KC_OBJECT_ProfileDevice, udf, kc_mesh_verify, &opened, &read.profile);
    if (error != KC_OK)
        return error;
    error = device_keys_read(&opened.object, &read);
    kc_signed_object_done(&opened);
    KC_TEXT_COPY_ARRAY(read.udf, read.profile.udf);
    if (error == KC_OK)
        *device = read;
    return error;
}

/* --- a service --- */

static bool is_for(const struct kc_object *assignment, const char *address)
{
    char said[KC_MESH_ADDRESS_SIZE], canonical[KC_MESH_ADDRESS_SIZE];
    struct kc_json value = kc_object_member(assignment, "AccountAddess");
    return kc_json_text(value, said, sizeof said) == KC_OK && kc_mesh_address(said, canonical) &&
           strcmp(canonical, address) == 0;
}

static enum kc_error assignment_read(
    struct kc_span assignment, const char *address, struct kc_mesh_provider *service)
{
    struct kc_signed_object opened;
    enum kc_error error = kc_signed_object_open(assignment, PROFILE_SIZE_MAX,
        KC_OBJECT_AccountHostAssignment, &service->signature, kc_mesh_verify, &opened);
    if (error != KC_OK)
        return error;
    error = is_for(&opened.object, address)
                ? recipient_read(&opened.object, "AccessEncrypt", &service->encryption)
                : KC_ERR_REFUSED;
    kc_signed_object_done(&opened);
    return error;
}

enum kc_error kc_mesh_provider_read(struct kc_span profile, const char *udf,
    struct kc_span assignment, const char *address, struct kc_mesh_provider *service)
{
    struct kc_signed_object opened;
    struct kc_public_key key;
    struct kc_mesh_provider read = {0};
    enum kc_error error = kc_signed_object_open_profile(
        profile, PROFILE_SIZE_MAX, KC_OBJECT_ProfileService, udf, kc_mesh_verify, &opened, &key);
    if (error != KC_OK)
        return error;
    KC_TEXT_COPY_ARRAY(read.udf, key.udf);
    error = key_read(&opened.object, "ServiceSignature", true, &read.signature);
    if (error == KC_OK)
        error = recipient_read(&opened.object, "ServiceEncryption", &read.encryption);
    kc_signed_object_done(&opened);
    if (error == KC_OK && assignment.size > 0)
        error = assignment_read(assignment, address, &read);
    if (error == KC_OK)
        *service = read;
    return error;
}

enum kc_error kc_mesh_account_service(struct kc_span profile, char udf[KC_UDF_ID_SIZE])
{
    struct kc_signed_object opened;
    enum kc_error error = kc_signed_object_open_profile(
        profile, PROFILE_SIZE_MAX, KC_OBJECT_ProfileAccount, NULL, kc_mesh_verify, &opened, NULL);
    if (error != KC_OK)
        return error;
    struct kc_json said = kc_object_member(&opened.object, "ServiceUdf");
    memset(udf, 0, KC_UDF_ID_SIZE);
    error = kc_json_is_there(said) ? kc_json_text(said, udf, KC_UDF_ID_SIZE) : KC_OK;
    kc_signed_object_done(&opened);
    return error;
}
