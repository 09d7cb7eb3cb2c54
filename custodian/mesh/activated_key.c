/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/activated_key.h"

#include "base/text.h"
#include "base/wipe.h"
#include "proto/signed_object.h"

#include <stdio.h>
#include <string.h>

/* What an activation may give: its field, the profile's, and the name of the key. */
static const struct {
    const char *field, *name;
} resources[] = {
    {"ProfileSignature", "CompleteAccountProfile"},
    {"AdministratorSignature", "CompleteAccountAdminSign"},
    {"AccountEncryption", "CompleteAccountEncrypt"},
    {"AccountAuthentication", "CompleteAccountAuthenticate"},
    {"AccountSignature", "CompleteAccountSign"},
};

/* --- a private half --- */

/* "X448z" is a scalar, "X448" a seed or the octets that a scalar is clamped of. */
static const struct kc_curve_info *curve_of(struct kc_json name, bool *is_scalar)
{
    char text[sizeof "Ed25519z"];
    if (kc_json_text(name, text, sizeof text) != KC_OK)
        return NULL;
    size_t size = strlen(text);
    *is_scalar = size > 0 && text[size - 1] == 'z';
    return kc_curve_by_name(text, *is_scalar ? size - 1 : size);
}

static enum kc_error key_make(
    const struct kc_curve_info *curve, bool is_scalar, struct kc_span octets, struct kc_key *key)
{
    KC_AUTO_SCALAR scalar = {0};
    if (!is_scalar)
        return kc_key_from_seed(key, curve->curve, octets.bytes, octets.size);
    enum kc_error error = kc_scalar_decode(&scalar, curve->curve, octets.bytes, octets.size);
    return error == KC_OK ? kc_key_from_scalar(key, &scalar) : error;
}

/* What the record of a key keeps: the seed of one that signs, else the scalar. */
static void secret_keep(const struct kc_curve_info *curve, bool is_scalar, struct kc_span octets,
    const struct kc_key *key, struct kc_mesh_activated_key *made)
{
    uint8_t encoded[KC_SCALAR_SIZE_MAX]; /* secret */
    kc_scalar_encode(&key->scalar, encoded);
    bool keeps_seed = curve->signs && !is_scalar;
    made->secret_size = keeps_seed ? octets.size : curve->scalar_size;
    memcpy(made->secret, keeps_seed ? octets.bytes : encoded, made->secret_size);
    kc_wipe(encoded, sizeof encoded);
}

static enum kc_error private_read(
    const struct kc_object *private, struct kc_mesh_activated_key *made)
{
    uint8_t octets[KC_MESH_KEY_SECRET_MAX]; /* secret */
    size_t size = sizeof octets;
    bool is_scalar = false;
    KC_AUTO_KEY key = {0};
    const struct kc_curve_info *curve = private->type == KC_OBJECT_PrivateKeyECDH
                                            ? curve_of(kc_object_member(private, "crv"), &is_scalar)
                                            : NULL;
    if (curve == NULL)
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = kc_json_octets(kc_object_member(private, "Private"), octets, &size);
    struct kc_span span = {octets, size};
    if (error == KC_OK)
        error = key_make(curve, is_scalar, span, &key);
    if (error == KC_OK) {
        made->public = key.public;
        secret_keep(curve, is_scalar, span, &key, made);
    }
    kc_wipe(octets, sizeof octets);
    return error == KC_OK || error == KC_ERR_NO_MEMORY ? error : KC_ERR_CONTRIBUTION;
}

/* A KeyShare says the id of the service's share; in 2021 a share stands where a whole key would. */
static enum kc_error share_read(const struct kc_object *share, struct kc_mesh_activated_key *made)
{
    struct kc_object private = kc_object_inner(share, "Share");
    struct kc_json id = kc_object_member(share, "ServiceId");
    if (kc_json_is_there(id) &&
        kc_json_text(id, made->service_id, sizeof made->service_id) != KC_OK)
        return KC_ERR_BAD_REQUEST;
    return private_read(&private, made);
}

/* The base key that a CompositePrivate names; never the profile's, which signs just the profile. */
static const struct kc_key *device_key(
    const struct kc_object *composite, const struct kc_mesh_device_keys *base)
{
    char said[KC_UDF_ID_SIZE];
    struct kc_public_key own;
    if (kc_json_text(kc_object_member(composite, "DeviceKeyUdf"), said, sizeof said) != KC_OK)
        return NULL;
    for (size_t i = KC_MESH_DEVICE_SIGN; i < KC_MESH_DEVICE_KEYS; i++)
        if (kc_mesh_public_key(&base->of[i].public, &own) == KC_OK && strcmp(own.udf, said) == 0)
            return &base->of[i];
    return NULL;
}

/* What came is the salt, and becomes the sum. */
static enum kc_error salt_add(const struct kc_key *device, struct kc_mesh_activated_key *made)
{
    struct kc_key parts[2] = {*device}; /* secret */
    KC_AUTO_SCALAR salt = {0};
    KC_AUTO_KEY sum = {0};
    enum kc_curve curve = made->public.curve;
    enum kc_error error = kc_scalar_decode(&salt, curve, made->secret, made->secret_size);
    if (error == KC_OK)
        error = kc_key_from_scalar(&parts[1], &salt);
    if (error == KC_OK && device->public.curve == curve)
        error = kc_key_compose(&sum, parts, 2);
    kc_wipe(parts, sizeof parts);
    if (error != KC_OK || sum.public.curve != curve)
        return KC_ERR_CONTRIBUTION;
    made->public = sum.public;
    kc_scalar_encode(&sum.scalar, made->secret);
    return KC_OK;
}

/* The administrator sends an offset alone: the key is that of the device's own and the offset. */
static enum kc_error composite_read(const struct kc_object *composite,
    const struct kc_mesh_device_keys *base, struct kc_mesh_activated_key *made)
{
    struct kc_object salt = kc_object_inner(composite, "PrivateSalt");
    const struct kc_key *device = device_key(composite, base);
    bool is_scalar = false;
    if (device == NULL || curve_of(kc_object_member(&salt, "crv"), &is_scalar) == NULL ||
        !is_scalar)
        return KC_ERR_CONTRIBUTION;
    enum kc_error error = private_read(&salt, made);
    return error == KC_OK ? salt_add(device, made) : error;
}

static enum kc_error secret_read(const struct kc_object *data,
    const struct kc_mesh_device_keys *base, struct kc_mesh_activated_key *made)
{
    struct kc_object private = kc_object_inner(data, "PrivateParameters");
    return private.type == KC_OBJECT_KeyShare           ? share_read(&private, made)
           : private.type == KC_OBJECT_CompositePrivate ? composite_read(&private, base, made)
                                                        : private_read(&private, made);
}

/* --- against what is known --- */

static enum kc_error point_read(const struct kc_public_key *key, struct kc_point *point)
{
    const struct kc_curve_info *info = kc_curve_by_name(key->algorithm, strlen(key->algorithm));
    return info != NULL ? kc_point_decode(point, info->curve, key->octets, key->size)
                        : KC_ERR_BAD_ALGORITHM;
}

/* Whether it names a whole key: without its sign octet it does so as well, as nothing is added to it. */
static bool is_named_by(const struct kc_point *whole, const struct kc_public_key *said)
{
    struct kc_public_key own;
    return kc_mesh_public_key(whole, &own) == KC_OK && kc_public_key_equal(&own, said);
}

/* A public half that may be left out, and is one of these if it is there. */
static bool says_point(const struct kc_object *object, const char *field, const struct kc_point *a,
    const struct kc_point *b)
{
    struct kc_public_key said;
    struct kc_point point = {0};
    if (kc_object_inner(object, field).type == KC_OBJECT_NONE)
        return true;
    if (kc_public_key_read_tagged(kc_object_member(object, field), &said) != KC_OK ||
        point_read(&said, &point) != KC_OK || point.curve != a->curve)
        return false;
    return kc_point_equal(&point, a) != 0 || (b != NULL && kc_point_equal(&point, b) != 0);
}

/* The public half beside a private one: its own, or that of the whole key. */
static bool says_public(const struct kc_object *data, const struct kc_mesh_activated_key *made)
{
    struct kc_public_key said;
    if (made->is_share || kc_object_inner(data, "PublicParameters").type == KC_OBJECT_NONE)
        return says_point(data, "PublicParameters", &made->public, &made->group);
    return kc_public_key_read_tagged(kc_object_member(data, "PublicParameters"), &said) == KC_OK &&
           is_named_by(&made->public, &said);
}

/* What the document says beside a private half is its public half, or that of the whole key; a share
 * is one of the key that it names, and of the service's share that it names. */
static enum kc_error said_check(
    const struct kc_object *data, const struct kc_mesh_activated_key *made)
{
    struct kc_object private = kc_object_inner(data, "PrivateParameters");
    const struct kc_point *whole = made->is_share ? &made->group : &made->public;
    bool fits = says_public(data, made);
    if (private.type == KC_OBJECT_KeyShare)
        fits = fits && says_point(&private, "PublicPrimary", whole, NULL);
    if (private.type == KC_OBJECT_CompositePrivate)
        fits = fits &&
               (kc_object_inner(&private, "ServiceShare").type == KC_OBJECT_NONE ||
                   (made->is_share && says_point(&private, "ServiceShare", &made->peer, NULL)));
    return fits ? KC_OK : KC_ERR_CONTRIBUTION;
}

/* The whole key, or a share: the other one is what is missing, and must be a key too. It is told by
 * taking the share from the whole key, so that one has its sign then. */
static enum kc_error whole_compare(
    const struct kc_object *profile, const char *field, struct kc_mesh_activated_key *made)
{
    struct kc_public_key whole;
    struct kc_point parts[2];
    enum kc_error error = kc_object_key(profile, field, &whole);
    if (error == KC_OK && is_named_by(&made->public, &whole)) {
        made->group = made->public;
        return KC_OK;
    }
    if (error == KC_OK)
        error = point_read(&whole, &made->group);
    if (error != KC_OK || made->group.curve != made->public.curve)
        return KC_ERR_CONTRIBUTION;
    made->is_share = true;
    parts[0] = made->group;
    kc_point_negate(&parts[1], &made->public);
    return kc_point_sum(&made->peer, parts, 2) == KC_OK ? KC_OK : KC_ERR_CONTRIBUTION;
}

static enum kc_error key_new(
    struct kc_mesh_activated *activated, struct kc_mesh_activated_key **made)
{
    if (activated->key_count == KC_MESH_ACTIVATED_KEYS_MAX)
        return KC_ERR_LIMIT;
    *made = &activated->keys[activated->key_count++];
    return KC_OK;
}

static enum kc_error resource_read(const struct kc_object *activation,
    const struct kc_object *profile, const struct kc_mesh_device_keys *base, size_t at,
    struct kc_mesh_activated *activated)
{
    struct kc_mesh_activated_key *made;
    struct kc_object data = kc_object_inner(activation, resources[at].field);
    if (data.type == KC_OBJECT_NONE)
        return KC_OK;
    enum kc_error error = key_new(activated, &made);
    if (error != KC_OK)
        return error;
    if (!kc_text_copy(made->name, sizeof made->name, resources[at].name))
        return KC_ERR_INTERNAL;
    error = secret_read(&data, base, made);
    if (error == KC_OK)
        error = whole_compare(profile, resources[at].field, made);
    return error == KC_OK ? said_check(&data, made) : error;
}

/* --- keys of stores --- */

static enum kc_error store_name(struct kc_json resource, char name[KC_MESH_KEY_NAME_SIZE])
{
    char store[64];
    enum kc_error error = kc_json_text(resource, store, sizeof store);
    if (error != KC_OK)
        return KC_ERR_BAD_REQUEST;
    snprintf(name, KC_MESH_KEY_NAME_SIZE, "CompleteAccountEncrypt%s", store);
    return kc_mesh_key_use(KC_MESH_SEED_PROFILE_ACCOUNT, name) == KC_USE_AGREE ? KC_OK
                                                                               : KC_ERR_BAD_REQUEST;
}

/* No profile has it: it is what its own public half says, and whole. */
static enum kc_error store_read(struct kc_json entry, const struct kc_mesh_device_keys *base,
    struct kc_mesh_activated *activated)
{
    struct kc_object object;
    struct kc_mesh_activated_key *made;
    enum kc_error error = kc_object_read(entry, KC_OBJECT_ActivationEntry, &object, NULL);
    if (error == KC_OK)
        error = key_new(activated, &made);
    if (error == KC_OK)
        error = store_name(kc_object_member(&object, "Resource"), made->name);
    if (error != KC_OK)
        return error;
    struct kc_object data = kc_object_inner(&object, "Key");
    error = secret_read(&data, base, made);
    return error == KC_OK ? said_check(&data, made) : error;
}

enum kc_error kc_mesh_activated_keys_read(const struct kc_object *activation,
    const struct kc_object *profile, const struct kc_mesh_device_keys *base,
    struct kc_mesh_activated *activated)
{
    struct kc_json entries = kc_object_member(activation, "Entries");
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < sizeof resources / sizeof *resources; i++)
        error = resource_read(activation, profile, base, i, activated);
    for (size_t i = 0; error == KC_OK && i < kc_json_count(entries); i++)
        error = store_read(kc_json_item(entries, i), base, activated);
    return error;
}
