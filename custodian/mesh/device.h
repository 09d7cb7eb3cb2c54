/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device of the Mesh before it is connected to an account: the keys of its seed, the profile that
 * says them, and what a maker put into it instead.
 */
#ifndef KC_CUSTODIAN_MESH_DEVICE_H
#define KC_CUSTODIAN_MESH_DEVICE_H

#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/seed.h"
#include "proto/earl.h"

#define KC_MESH_DESCRIPTION_SIZE 129 /* octets of a device's description, terminator included */

enum kc_mesh_device_key {
    KC_MESH_DEVICE_PROFILE,
    KC_MESH_DEVICE_SIGN,
    KC_MESH_DEVICE_ENCRYPT,
    KC_MESH_DEVICE_AUTHENTICATE,
    KC_MESH_DEVICE_KEYS,
};

/* "Profile", "Sign", "Encrypt", "Authenticate"; and "BaseDeviceProfile" and so on. */
extern const char *const kc_mesh_device_operations[KC_MESH_DEVICE_KEYS];
extern const char *const kc_mesh_device_names[KC_MESH_DEVICE_KEYS];

/* Secret: kc_mesh_device_keys_wipe. */
struct kc_mesh_device_keys {
    struct kc_key of[KC_MESH_DEVICE_KEYS];
};

void kc_mesh_device_keys_wipe(struct kc_mesh_device_keys *keys);
#define KC_AUTO_DEVICE_KEYS                                                                        \
    __attribute__((cleanup(kc_mesh_device_keys_wipe))) struct kc_mesh_device_keys

/* Derives the four keys of a seed. KC_ERR_BAD_ARGUMENT: the seed is not a device's. */
KC_CHECKED enum kc_error kc_mesh_device_derive(
    struct kc_span seed, enum kc_curve signing, struct kc_mesh_device_keys *keys);

/*
 * Makes the profile: the four public keys, signed by the first.
 *
 * description  for people; NULL: none
 * text         given, terminated: free
 *
 * Errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_device_profile_make(const struct kc_mesh_source *source,
    const struct kc_mesh_device_keys *keys, const char *description, char **text, size_t *size);

/*
 * Whether an enveloped profile is of just these keys.
 *
 * KC_ERR_SIGNATURE, KC_ERR_ENVELOPE, KC_ERR_BAD_REQUEST, KC_ERR_TOO_LARGE
 *                  it is no profile of a device that its own key signed
 * KC_ERR_PROFILE   one of the four is another
 */
KC_CHECKED enum kc_error kc_mesh_device_profile_check(
    struct kc_span profile, const struct kc_mesh_device_keys *keys);

/* What a maker puts into a device. The secret of its URI is not kept: kc_mesh_preconfigured_done. */
struct kc_mesh_preconfigured {
    uint8_t seed[KC_MESH_SEED_SIZE_MAX]; /* secret; specifier and random octets */
    size_t seed_size;
    enum kc_curve signing; /* of the profile's key */
    char *profile;         /* enveloped, checked against the seed; owned, terminated */
    size_t profile_size;
    bool has_publication; /* it has a URI */
    char publication[KC_UDF_ID_SIZE];
    char service[KC_EARL_SECRET_TEXT], device[KC_EARL_SECRET_TEXT]; /* authenticators; secret */
};

/*
 * Reads a DevicePreconfiguration, or a DevicePreconfigurationPrivate of 2022, tagged.
 *
 * document  secret
 * read      given: kc_mesh_preconfigured_done
 *
 * KC_ERR_PROFILE      the profile is not of the seed's keys
 * KC_ERR_BAD_REQUEST  it has no seed of a device, or a URI that is none
 * and the errors of kc_mesh_device_profile_check
 */
KC_CHECKED enum kc_error kc_mesh_preconfiguration_read(
    struct kc_span document, struct kc_mesh_preconfigured *read);

/* Wipes and frees; fine with a zeroed one. */
void kc_mesh_preconfigured_done(struct kc_mesh_preconfigured *read);

#endif
