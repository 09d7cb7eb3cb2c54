/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of an activation: from a RespondConnection to its composite keys, and to the
 * keys of the account that it is given.
 *
 * A composite key is the sum of the device's base key and one of the activation's seed, which the
 * administrator chose when he knew the base key, and so fixed in a ConnectionDevice that he signed.
 * What is believed comes from there; the seed must make just these keys. Who chose a seed to make a
 * key of his own choice, or sends an activation again, to another device, from another account or for
 * another request, is refused.
 */
#ifndef KC_CUSTODIAN_MESH_ACTIVATION_H
#define KC_CUSTODIAN_MESH_ACTIVATION_H

#include "custodian/mesh/device.h"
#include "proto/identifier.h"

#define KC_MESH_ACTIVATED_KEYS_MAX 12 /* keys of an account that one activation gives */
#define KC_MESH_KEY_SECRET_MAX 57

/* What the device knows before. All lent; the account's profile is the one that was acknowledged. */
struct kc_mesh_awaited {
    const struct kc_mesh_device_keys *base; /* secret */
    struct kc_span account_profile;         /* enveloped */
    const char *account_udf;
    const char *response_id; /* MessageId that answers the request */
    int64_t epoch; /* Updated of the connection that there was before; 0: there was none */
};

/* A key of the account. Secret. */
struct kc_mesh_activated_key {
    char name
        [KC_MESH_KEY_NAME_SIZE]; /* "CompleteAccountEncrypt", as if derived of the account's seed */
    bool is_share;               /* one of two, the other is the service's */
    char service_id[KC_UDF_ID_SIZE]; /* of the service's share; or empty */
    struct kc_point public;          /* of a share: its verification share */
    struct kc_point group;           /* of a share: the whole key, from the account's profile */
    struct kc_point peer;            /* of a share: the service's verification share */
    uint8_t secret[KC_MESH_KEY_SECRET_MAX]; /* a scalar, or the seed of a whole key that signs */
    size_t secret_size;
};

/* Secret: kc_mesh_activated_done. */
struct kc_mesh_activated {
    uint8_t seed[KC_MESH_SEED_SIZE_MAX]; /* the activation's: specifier and random octets */
    size_t seed_size;
    int64_t epoch;                                  /* Updated of the ConnectionDevice */
    char account[KC_ACCOUNT_SIZE];                  /* canonical address */
    struct kc_point composite[KC_MESH_DEVICE_KEYS]; /* public; there is none of the profile's */
    char *connection; /* ConnectionDevice, enveloped; owned, terminated */
    size_t connection_size;
    struct kc_mesh_activated_key keys[KC_MESH_ACTIVATED_KEYS_MAX];
    size_t key_count;
};

/* "ActivationDeviceSign" and so on; NULL for the profile's, to which nothing is added. */
extern const char *const kc_mesh_activation_names[KC_MESH_DEVICE_KEYS];

/*
 * Reads a RespondConnection.
 *
 * activated  given: kc_mesh_activated_done
 *
 * KC_ERR_SIGNATURE    the account's administrator did not sign it, or a part of it
 * KC_ERR_REJECTED     he did, and says no
 * KC_ERR_ACTIVATION   it answers another request, is for another device or account, or its seed does
 *                     not make the keys of its ConnectionDevice
 * KC_ERR_EPOCH        it is not newer than the connection that there was
 * KC_ERR_SCALAR_RANGE, KC_ERR_POINT_SMALL_ORDER
 *                     what is added to a base key, or the sum, is no key
 * KC_ERR_DECRYPTION   a part is not encrypted to this device
 * KC_ERR_CONTRIBUTION a key of the account is not the one of its profile, nor a share of it
 * KC_ERR_PROFILE, KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE, KC_ERR_LIMIT
 */
KC_CHECKED enum kc_error kc_mesh_activation_read(struct kc_span text,
    const struct kc_mesh_awaited *awaited, struct kc_mesh_activated *activated);

/* Wipes and frees; fine with a zeroed one. */
void kc_mesh_activated_done(struct kc_mesh_activated *activated);
#define KC_AUTO_ACTIVATED __attribute__((cleanup(kc_mesh_activated_done))) struct kc_mesh_activated

/*
 * Adds an activation's key to a base key, and compares with what was signed.
 *
 * composite  secret; KC_AUTO_KEY
 *
 * KC_ERR_SCALAR_RANGE, KC_ERR_POINT_SMALL_ORDER  the activation's key is none, or the sum is not
 * KC_ERR_ACTIVATION                              the sum is another key than the signed one
 */
KC_CHECKED enum kc_error kc_mesh_composite_make(const struct kc_key *base,
    const struct kc_key *activation, const struct kc_public_key *signed_key,
    struct kc_key *composite);

#endif
