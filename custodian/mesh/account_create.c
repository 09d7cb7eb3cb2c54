/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/account_create.h"

#include "custodian/mesh/capability.h"
#include "custodian/mesh/key_document.h"
#include "proto/identifier.h"
#include "proto/json_text.h"

#include <string.h>

#define PROFILE_ROOM 4096

static bool is_address(const char *address)
{
    char canonical[KC_MESH_ADDRESS_SIZE];
    return kc_mesh_address(address, canonical) && strcmp(address, canonical) == 0 &&
           kc_account_is_address(address);
}

static bool is_udf(const char *text)
{
    struct kc_udf udf;
    return kc_udf_parse_canonical((struct kc_span){(const uint8_t *)text, strlen(text)}, &udf) ==
           KC_OK;
}

static bool fits(const struct kc_key *key, bool signs)
{
    return key == NULL || kc_curve_info(key->scalar.curve)->signs == signs;
}

static bool keys_fit(const struct kc_mesh_account_keys *keys)
{
    return fits(keys->profile, true) && fits(keys->administrator, true) &&
           fits(keys->encryption, false) && fits(keys->authentication, false) &&
           fits(keys->signature, true) && fits(keys->escrow, false);
}

static enum kc_error key_write(
    struct kc_object_writer *w, const char *field, const struct kc_key *key)
{
    struct kc_public_key public;
    if (key == NULL)
        return KC_OK;
    enum kc_error error = kc_mesh_public_key(&key->public, &public);
    if (error == KC_OK)
        kc_mesh_write_public(w, field, &public);
    return error;
}

static enum kc_error keys_write(struct kc_object_writer *w, const struct kc_mesh_account_keys *keys)
{
    enum kc_error error = key_write(w, "EscrowEncryption", keys->escrow);
    if (error == KC_OK)
        error = key_write(w, "AccountEncryption", keys->encryption);
    if (error == KC_OK)
        error = key_write(w, "AdministratorSignature", keys->administrator);
    if (error == KC_OK)
        error = key_write(w, "AccountAuthentication", keys->authentication);
    return error == KC_OK ? key_write(w, "AccountSignature", keys->signature) : error;
}

enum kc_error kc_mesh_profile_make(const struct kc_mesh_source *source, bool is_group,
    const struct kc_mesh_account_keys *keys, const char *address, const char *service_udf,
    char **text, size_t *size)
{
    uint8_t room[PROFILE_ROOM];
    struct kc_object_writer w;
    struct kc_public_key profile;
    enum kc_object_type type = is_group ? KC_OBJECT_ProfileGroup : KC_OBJECT_ProfileUser;
    if (!is_address(address) || (service_udf != NULL && !is_udf(service_udf)))
        return KC_ERR_BAD_ARGUMENT;
    if (!keys_fit(keys))
        return KC_ERR_BAD_ALGORITHM;
    enum kc_error error = kc_mesh_public_key(&keys->profile->public, &profile);
    if (error != KC_OK)
        return error;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, type);
    kc_mesh_write_public(&w, "ProfileSignature", &profile);
    kc_object_write_time(&w, "Updated", (int64_t)source->now);
    kc_object_write_text(&w, "AccountAddress", address);
    if (service_udf != NULL)
        kc_object_write_text(&w, "ServiceUdf", service_udf);
    error = keys_write(&w, keys);
    kc_object_write_end(&w);
    if (error == KC_OK)
        error = kc_object_writer_finish(&w);
    if (error != KC_OK)
        return error;
    struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
        .type = kc_object_info(type)->name,
        .id = profile.udf,
        .unique_id = profile.udf,
        .signer = keys->profile};
    return kc_mesh_envelope_make(source, &letter, text, size);
}
