/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/device.h"

#include "base/wipe.h"
#include "custodian/mesh/key_document.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

#define PROFILE_SIZE_MAX (16u << 10)          /* octets of an enveloped profile that is read */
#define PRECONFIGURATION_SIZE_MAX (32u << 10) /* octets of what a maker gives */
#define PAYLOAD_SIZE (8 * KC_MESH_KEY_DOCUMENT_MAX)

const char *const kc_mesh_device_operations[KC_MESH_DEVICE_KEYS] = {
    [KC_MESH_DEVICE_PROFILE] = "Profile",
    [KC_MESH_DEVICE_SIGN] = "Sign",
    [KC_MESH_DEVICE_ENCRYPT] = "Encrypt",
    [KC_MESH_DEVICE_AUTHENTICATE] = "Authenticate",
};

const char *const kc_mesh_device_names[KC_MESH_DEVICE_KEYS] = {
    [KC_MESH_DEVICE_PROFILE] = "BaseDeviceProfile",
    [KC_MESH_DEVICE_SIGN] = "BaseDeviceSign",
    [KC_MESH_DEVICE_ENCRYPT] = "BaseDeviceEncrypt",
    [KC_MESH_DEVICE_AUTHENTICATE] = "BaseDeviceAuthenticate",
};

/* Fields of a ProfileDevice. */
static const char *const profile_fields[KC_MESH_DEVICE_KEYS] = {
    [KC_MESH_DEVICE_PROFILE] = "ProfileSignature",
    [KC_MESH_DEVICE_SIGN] = "Signature",
    [KC_MESH_DEVICE_ENCRYPT] = "Encryption",
    [KC_MESH_DEVICE_AUTHENTICATE] = "Authentication",
};

void kc_mesh_device_keys_wipe(struct kc_mesh_device_keys *keys)
{
    for (size_t i = 0; i < KC_MESH_DEVICE_KEYS; i++)
        kc_key_wipe(&keys->of[i]);
}

enum kc_error kc_mesh_device_derive(
    struct kc_span seed, enum kc_curve signing, struct kc_mesh_device_keys *keys)
{
    KC_AUTO_DEVICE_KEYS derived = {0};
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++)
        error = kc_mesh_seed_key(
            seed, signing, KC_DERIVATION_CURRENT, kc_mesh_device_names[i], &derived.of[i]);
    if (error == KC_OK)
        *keys = derived;
    return error;
}

/* --- the profile --- */

static enum kc_error profile_write(struct kc_object_writer *w,
    const struct kc_mesh_device_keys *keys, const char *description, int64_t now)
{
    enum kc_error error = KC_OK;
    kc_object_write_tagged(w, NULL, KC_OBJECT_ProfileDevice);
    for (size_t i = 0; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++) {
        struct kc_public_key public;
        error = kc_mesh_public_key(&keys->of[i].public, &public);
        if (error == KC_OK)
            kc_mesh_write_public(w, profile_fields[i], &public);
    }
    if (description != NULL)
        kc_object_write_text(w, "Description", description);
    kc_object_write_time(w, "Updated", now);
    kc_object_write_end(w);
    return error == KC_OK ? kc_object_writer_finish(w) : error;
}

enum kc_error kc_mesh_device_profile_make(const struct kc_mesh_source *source,
    const struct kc_mesh_device_keys *keys, const char *description, char **text, size_t *size)
{
    uint8_t payload[PAYLOAD_SIZE];
    struct kc_object_writer w;
    struct kc_public_key profile;
    kc_object_writer_init(&w, payload, sizeof payload);
    enum kc_error error = profile_write(&w, keys, description, (int64_t)source->now);
    if (error == KC_OK)
        error = kc_mesh_public_key(&keys->of[KC_MESH_DEVICE_PROFILE].public, &profile);
    if (error != KC_OK)
        return error;
    struct kc_mesh_letter letter = {.payload = {payload, w.json.out.size},
        .type = "ProfileDevice",
        .id = profile.udf,
        .unique_id = profile.udf,
        .signer = &keys->of[KC_MESH_DEVICE_PROFILE]};
    return kc_mesh_envelope_make(source, &letter, text, size);
}

static enum kc_error key_check(
    const struct kc_object *profile, const char *field, const struct kc_key *key)
{
    struct kc_public_key said, own;
    enum kc_error error = kc_object_key(profile, field, &said);
    if (error == KC_OK)
        error = kc_mesh_public_key(&key->public, &own);
    if (error != KC_OK)
        return error;
    return kc_public_key_equal(&said, &own) ? KC_OK : KC_ERR_PROFILE;
}

enum kc_error kc_mesh_device_profile_check(
    struct kc_span profile, const struct kc_mesh_device_keys *keys)
{
    struct kc_signed_object opened;
    enum kc_error error = kc_signed_object_open_profile(
        profile, PROFILE_SIZE_MAX, KC_OBJECT_ProfileDevice, NULL, kc_mesh_verify, &opened, NULL);
    if (error != KC_OK)
        return error;
    for (size_t i = 0; error == KC_OK && i < KC_MESH_DEVICE_KEYS; i++)
        error = key_check(&opened.object, profile_fields[i], &keys->of[i]);
    kc_signed_object_done(&opened);
    return error;
}

/* --- the preconfiguration --- */

void kc_mesh_preconfigured_done(struct kc_mesh_preconfigured *read)
{
    free(read->profile);
    kc_wipe(read, sizeof *read);
}

static enum kc_error uri_read(struct kc_json value, struct kc_mesh_preconfigured *read)
{
    char text[KC_URI_SIZE];
    struct kc_mesh_uri uri; /* secret, as text is */
    enum kc_error error = kc_json_text(value, text, sizeof text);
    if (error == KC_OK)
        error = kc_mesh_uri_parse(text, &uri);
    if (error == KC_OK)
        error = kc_earl_publication_id(uri.secret, read->publication);
    if (error == KC_OK)
        error = kc_earl_authenticator(uri.secret, KC_EARL_SERVICE, read->service);
    if (error == KC_OK)
        error = kc_earl_authenticator(uri.secret, KC_EARL_DEVICE, read->device);
    kc_wipe(text, sizeof text);
    kc_wipe(&uri, sizeof uri);
    read->has_publication = error == KC_OK;
    return error == KC_OK || error == KC_ERR_NO_MEMORY ? error : KC_ERR_BAD_REQUEST;
}

/* The curve of the profile's own key: the seed does not say it. */
static enum kc_error signing_curve_read(struct kc_span profile, enum kc_curve *signing)
{
    struct kc_signed_object opened;
    struct kc_public_key key;
    enum kc_error error = kc_signed_object_open_profile(
        profile, PROFILE_SIZE_MAX, KC_OBJECT_ProfileDevice, NULL, kc_mesh_verify, &opened, &key);
    if (error != KC_OK)
        return error;
    kc_signed_object_done(&opened);
    *signing = strcmp(key.algorithm, "Ed25519") == 0 ? KC_CURVE_ED25519 : KC_CURVE_ED448;
    return KC_OK;
}

static enum kc_error profile_read(struct kc_span profile, struct kc_mesh_preconfigured *read)
{
    KC_AUTO_DEVICE_KEYS keys = {0};
    enum kc_error error = signing_curve_read(profile, &read->signing);
    if (error == KC_OK)
        error = kc_mesh_device_derive(
            (struct kc_span){read->seed, read->seed_size}, read->signing, &keys);
    if (error == KC_OK)
        error = kc_mesh_device_profile_check(profile, &keys);
    if (error != KC_OK)
        return error;
    read->profile = malloc(profile.size + 1);
    if (read->profile == NULL)
        return KC_ERR_NO_MEMORY;
    memcpy(read->profile, profile.bytes, profile.size);
    read->profile[profile.size] = '\0';
    read->profile_size = profile.size;
    return KC_OK;
}

static enum kc_error content_read(
    const struct kc_object *document, struct kc_mesh_preconfigured *read)
{
    struct kc_object key = kc_object_inner(document, "PrivateKey");
    struct kc_json uri = kc_object_member(document, "ConnectUri");
    if (key.type != KC_OBJECT_PrivateKeyUDF)
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = kc_mesh_seed_read(kc_object_member(&key, "PrivateValue"),
        KC_MESH_SEED_PROFILE_DEVICE, read->seed, &read->seed_size);
    if (error == KC_OK)
        error = profile_read(
            kc_json_source(kc_object_member(document, "EnvelopedProfileDevice")), read);
    return error == KC_OK && kc_json_is_there(uri) ? uri_read(uri, read) : error;
}

enum kc_error kc_mesh_preconfiguration_read(
    struct kc_span document, struct kc_mesh_preconfigured *read)
{
    struct kc_json_document json = {0};
    struct kc_object object;
    struct kc_mesh_preconfigured made = {0};
    enum kc_error error =
        kc_object_parse(document, PRECONFIGURATION_SIZE_MAX, KC_OBJECT_NONE, &json, &object, NULL);
    if (error == KC_OK && object.type != KC_OBJECT_DevicePreconfiguration &&
        object.type != KC_OBJECT_DevicePreconfigurationPrivate)
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK)
        error = content_read(&object, &made);
    kc_json_done(&json);
    if (error == KC_OK)
        *read = made;
    else
        kc_mesh_preconfigured_done(&made);
    return error;
}
