/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/activation.h"

#include "base/secret.h"
#include "custodian/mesh/activated_key.h"
#include "custodian/mesh/opening.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

#define RESPONSE_SIZE_MAX (256u << 10) /* octets of a RespondConnection */
#define PART_SIZE_MAX (64u << 10)      /* octets of a profile, or of a part of it */

const char *const kc_mesh_activation_names[KC_MESH_DEVICE_KEYS] = {
    [KC_MESH_DEVICE_SIGN] = "ActivationDeviceSign",
    [KC_MESH_DEVICE_ENCRYPT] = "ActivationDeviceEncrypt",
    [KC_MESH_DEVICE_AUTHENTICATE] = "ActivationDeviceAuthenticate",
};

/* Fields of a ConnectionDevice. */
static const char *const connection_fields[KC_MESH_DEVICE_KEYS] = {
    [KC_MESH_DEVICE_SIGN] = "Signature",
    [KC_MESH_DEVICE_ENCRYPT] = "Encryption",
    [KC_MESH_DEVICE_AUTHENTICATE] = "Authentication",
};

/* A response on its way, with what was verified of it. */
struct reading {
    const struct kc_mesh_awaited *awaited;
    struct kc_signed_object profile, response, connection;
    struct kc_object cataloged;                 /* of the response */
    struct kc_public_key device, administrator; /* the device's profile key; the account's */
    struct kc_key composite;                    /* of encryption; secret */
    struct kc_mesh_activated *made;
};

void kc_mesh_activated_done(struct kc_mesh_activated *activated)
{
    free(activated->connection);
    kc_wipe(activated, sizeof *activated);
}

/* --- who says it, and to what --- */

static enum kc_error account_open(struct reading *reading)
{
    char said[KC_ACCOUNT_SIZE];
    const struct kc_mesh_awaited *awaited = reading->awaited;
    enum kc_error error = kc_signed_object_open_profile(awaited->account_profile, PART_SIZE_MAX,
        KC_OBJECT_ProfileAccount, awaited->account_udf, kc_mesh_verify, &reading->profile, NULL);
    if (error == KC_OK)
        error = kc_object_key(
            &reading->profile.object, "AdministratorSignature", &reading->administrator);
    if (error == KC_OK)
        error = kc_json_text(
            kc_object_member(&reading->profile.object, "AccountAddress"), said, sizeof said);
    if (error == KC_OK && kc_account_canonical(said, reading->made->account) != KC_OK)
        error = KC_ERR_BAD_REQUEST;
    return error;
}

/* "CatalogedDevice: present if and only if Result is Accept" (001, 10.6.8). What says neither yes nor
 * no ends nothing. */
static enum kc_error result_check(struct reading *reading)
{
    struct kc_json result = kc_object_member(&reading->response.object, "Result");
    bool accepted = kc_json_is_text(result, "Accept");
    reading->cataloged = kc_object_inner(&reading->response.object, "CatalogedDevice");
    if (accepted != (reading->cataloged.type == KC_OBJECT_CatalogedDevice))
        return KC_ERR_BAD_REQUEST;
    if (accepted)
        return KC_OK;
    return kc_json_is_text(result, "Reject") || kc_json_is_text(result, "Expired")
               ? KC_ERR_REJECTED
               : KC_ERR_BAD_REQUEST;
}

/* "RespondConnection id must be MakeID of the acknowledged request." */
static enum kc_error response_open(struct reading *reading, struct kc_span text)
{
    enum kc_error error = kc_signed_object_open(text, RESPONSE_SIZE_MAX,
        KC_OBJECT_RespondConnection, &reading->administrator, kc_mesh_verify, &reading->response);
    if (error != KC_OK)
        return error;
    struct kc_json id = kc_object_member(&reading->response.object, "MessageId");
    return kc_json_is_text(id, reading->awaited->response_id) ? result_check(reading)
                                                              : KC_ERR_ACTIVATION;
}

/* A text that may be left out, but says this if it is there. */
static bool says(const struct kc_object *object, const char *field, const char *text)
{
    struct kc_json value = kc_object_member(object, field);
    return !kc_json_is_there(value) || kc_json_is_text(value, text);
}

static bool says_address(const struct kc_object *object, const char *field, const char *canonical)
{
    char said[KC_ACCOUNT_SIZE], address[KC_ACCOUNT_SIZE];
    struct kc_json value = kc_object_member(object, field);
    return !kc_json_is_there(value) ||
           (kc_json_text(value, said, sizeof said) == KC_OK &&
               kc_account_canonical(said, address) == KC_OK && strcmp(address, canonical) == 0);
}

static enum kc_error device_check(const struct reading *reading)
{
    struct kc_json profile = kc_object_member(&reading->cataloged, "EnvelopedProfileDevice");
    if (!says(&reading->cataloged, "DeviceUdf", reading->device.udf))
        return KC_ERR_ACTIVATION;
    if (!kc_json_is_there(profile))
        return KC_OK;
    enum kc_error error =
        kc_mesh_device_profile_check(kc_json_source(profile), reading->awaited->base);
    return error == KC_ERR_PROFILE ? KC_ERR_ACTIVATION : error;
}

/* --- the ConnectionDevice --- */

static enum kc_error epoch_read(struct reading *reading)
{
    struct kc_json updated = kc_object_member(&reading->connection.object, "Updated");
    int64_t *epoch = &reading->made->epoch;
    if (!kc_json_is_there(updated))
        return reading->awaited->epoch == 0 ? KC_OK : KC_ERR_EPOCH;
    enum kc_error error = kc_json_time(updated, epoch);
    if (error != KC_OK)
        return error;
    return reading->awaited->epoch == 0 || *epoch > reading->awaited->epoch ? KC_OK : KC_ERR_EPOCH;
}

static enum kc_error connection_keep(struct kc_span text, struct kc_mesh_activated *made)
{
    made->connection = malloc(text.size + 1);
    if (made->connection == NULL)
        return KC_ERR_NO_MEMORY;
    memcpy(made->connection, text.bytes, text.size);
    made->connection[text.size] = '\0';
    made->connection_size = text.size;
    return KC_OK;
}

static enum kc_error connection_open(struct reading *reading)
{
    struct kc_json member = kc_object_member(&reading->cataloged, "EnvelopedConnectionDevice");
    if (!kc_json_is_there(member))
        return KC_ERR_ACTIVATION;
    struct kc_span text = kc_json_source(member);
    enum kc_error error = kc_signed_object_open(text, PART_SIZE_MAX, KC_OBJECT_ConnectionDevice,
        &reading->administrator, kc_mesh_verify, &reading->connection);
    if (error != KC_OK)
        return error;
    const struct kc_object *connection = &reading->connection.object;
    if (!says(connection, "Subject", reading->device.udf) ||
        !says(connection, "Authority", reading->awaited->account_udf) ||
        !says_address(connection, "Account", reading->made->account))
        return KC_ERR_ACTIVATION;
    error = epoch_read(reading);
    return error == KC_OK ? connection_keep(text, reading->made) : error;
}

/* --- what is encrypted --- */

/*
 * Opens a part that the administrator signed and encrypted to a key.
 *
 * content  given (free, wiped)
 */
static enum kc_error part_open(const struct reading *reading, struct kc_json member,
    const struct kc_key *key, uint8_t **content, size_t *size)
{
    return kc_mesh_opening_whole(
        kc_json_source(member), &reading->administrator, key, PART_SIZE_MAX, content, size);
}

static enum kc_error activation_parse(
    const struct reading *reading, enum kc_object_type type, struct kc_span content)
{
    struct kc_json_document document = {0};
    struct kc_object activation;
    enum kc_error error =
        kc_object_parse(content, PART_SIZE_MAX, type, &document, &activation, NULL);
    if (error == KC_OK && !says(&activation, "AccountUdf", reading->awaited->account_udf))
        error = KC_ERR_ACTIVATION;
    if (error == KC_OK)
        error = kc_mesh_seed_read(kc_object_member(&activation, "ActivationKey"),
            KC_MESH_SEED_ACTIVATION_DEVICE, reading->made->seed, &reading->made->seed_size);
    kc_json_done(&document);
    return error;
}

/* In 2022 ActivationDevice is called ActivationAccount, and ActivationAccount ActivationCommon. */
static bool is_of_2022(const struct reading *reading)
{
    return !kc_json_is_there(kc_object_member(&reading->cataloged, "EnvelopedActivationDevice"));
}

/* Encrypted to the base key, which alone the administrator knew. */
static enum kc_error seed_open(const struct reading *reading)
{
    bool renamed = is_of_2022(reading);
    struct kc_json member = kc_object_member(
        &reading->cataloged, renamed ? "EnvelopedActivationAccount" : "EnvelopedActivationDevice");
    uint8_t *content = NULL;
    size_t size = 0;
    if (!kc_json_is_there(member))
        return KC_ERR_ACTIVATION;
    enum kc_error error = part_open(
        reading, member, &reading->awaited->base->of[KC_MESH_DEVICE_ENCRYPT], &content, &size);
    if (error != KC_OK)
        return error;
    error = activation_parse(reading,
        renamed ? KC_OBJECT_ActivationAccount : KC_OBJECT_ActivationDevice,
        (struct kc_span){content, size});
    kc_room_free(content);
    return error;
}

/* --- the composite keys --- */

enum kc_error kc_mesh_composite_make(const struct kc_key *base, const struct kc_key *activation,
    const struct kc_public_key *signed_key, struct kc_key *composite)
{
    struct kc_key parts[2] = {*base, *activation}; /* secret */
    struct kc_public_key own;
    KC_AUTO_KEY sum = {0};
    bool is_none = kc_scalar_is_zero(&activation->scalar) != 0;
    enum kc_error error = is_none ? KC_ERR_SCALAR_RANGE : kc_key_compose(&sum, parts, 2);
    kc_wipe(parts, sizeof parts);
    if (error == KC_OK)
        error = kc_mesh_public_key(&sum.public, &own);
    if (error != KC_OK)
        return error;
    if (!kc_public_key_equal(&own, signed_key))
        return KC_ERR_ACTIVATION;
    *composite = sum;
    return KC_OK;
}

static enum kc_error compose_one(struct reading *reading, enum kc_mesh_device_key which)
{
    const struct kc_key *base = &reading->awaited->base->of[which];
    struct kc_span seed = {reading->made->seed, reading->made->seed_size};
    struct kc_public_key signed_key;
    KC_AUTO_KEY activation = {0};
    KC_AUTO_KEY composite = {0};
    enum kc_curve signing = reading->awaited->base->of[KC_MESH_DEVICE_SIGN].scalar.curve;
    enum kc_error error =
        kc_object_key(&reading->connection.object, connection_fields[which], &signed_key);
    if (error != KC_OK)
        return KC_ERR_ACTIVATION;
    error = kc_mesh_seed_key(
        seed, signing, KC_DERIVATION_CURRENT, kc_mesh_activation_names[which], &activation);
    if (error == KC_OK)
        error = kc_mesh_composite_make(base, &activation, &signed_key, &composite);
    if (error != KC_OK)
        return error;
    reading->made->composite[which] = composite.public;
    if (which == KC_MESH_DEVICE_ENCRYPT)
        reading->composite = composite;
    return KC_OK;
}

static enum kc_error compose_all(struct reading *reading)
{
    enum kc_error error = compose_one(reading, KC_MESH_DEVICE_SIGN);
    if (error == KC_OK)
        error = compose_one(reading, KC_MESH_DEVICE_ENCRYPT);
    return error == KC_OK ? compose_one(reading, KC_MESH_DEVICE_AUTHENTICATE) : error;
}

/* --- the account's keys --- */

static enum kc_error keys_parse(struct reading *reading, struct kc_span content)
{
    struct kc_json_document document = {0};
    struct kc_object activation;
    enum kc_error error =
        kc_object_parse(content, PART_SIZE_MAX, KC_OBJECT_Activation, &document, &activation, NULL);
    if (error == KC_OK && activation.type != KC_OBJECT_ActivationAccount &&
        activation.type != KC_OBJECT_ActivationCommon)
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK && activation.type == KC_OBJECT_ActivationAccount &&
        !says(&activation, "AccountUdf", reading->awaited->account_udf))
        error = KC_ERR_ACTIVATION;
    if (error == KC_OK)
        error = kc_mesh_activated_keys_read(
            &activation, &reading->profile.object, reading->awaited->base, reading->made);
    kc_json_done(&document);
    return error;
}

/* Encrypted to the composite key; a device that gets none of the account's keys has no such part. */
static enum kc_error keys_open(struct reading *reading)
{
    uint8_t *content = NULL;
    size_t size = 0;
    struct kc_json member = kc_object_member(&reading->cataloged,
        is_of_2022(reading) ? "EnvelopedActivationCommon" : "EnvelopedActivationAccount");
    if (!kc_json_is_there(member))
        return KC_OK;
    enum kc_error error = part_open(reading, member, &reading->composite, &content, &size);
    if (error != KC_OK)
        return error;
    error = keys_parse(reading, (struct kc_span){content, size});
    kc_room_free(content);
    return error;
}

/* --- all of it --- */

static enum kc_error read(struct reading *reading, struct kc_span text)
{
    enum kc_error error = kc_mesh_public_key(
        &reading->awaited->base->of[KC_MESH_DEVICE_PROFILE].public, &reading->device);
    if (error == KC_OK)
        error = account_open(reading);
    if (error == KC_OK)
        error = response_open(reading, text);
    if (error == KC_OK)
        error = device_check(reading);
    if (error == KC_OK)
        error = connection_open(reading);
    if (error == KC_OK)
        error = seed_open(reading);
    if (error == KC_OK)
        error = compose_all(reading);
    return error == KC_OK ? keys_open(reading) : error;
}

enum kc_error kc_mesh_activation_read(
    struct kc_span text, const struct kc_mesh_awaited *awaited, struct kc_mesh_activated *activated)
{
    struct kc_mesh_activated made = {0};
    struct reading reading = {.awaited = awaited, .made = &made};
    enum kc_error error = read(&reading, text);
    kc_key_wipe(&reading.composite);
    kc_signed_object_done(&reading.connection);
    kc_signed_object_done(&reading.response);
    kc_signed_object_done(&reading.profile);
    if (error == KC_OK)
        *activated = made;
    else
        kc_mesh_activated_done(&made);
    return error;
}
