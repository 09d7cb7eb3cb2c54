/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administrator connects a device: what the device gets, and what the account's service gets.
 *
 * The device's keys become composite: base key plus a key from an activation seed that is chosen
 * here, after the base keys are fixed by the device's own profile, so that no device can choose what
 * the sum is. The seed leaves only in ActivationDevice, encrypted to the base encryption key;
 * ActivationAccount, with the account's keys or shares of them, is encrypted to the composite one,
 * which the device has only with both.
 */
#ifndef KC_CUSTODIAN_MESH_ADMIN_ACTIVATION_H
#define KC_CUSTODIAN_MESH_ADMIN_ACTIVATION_H

#include "custodian/mesh/capability.h"
#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/holder.h"
#include "custodian/mesh/peer.h"

enum kc_mesh_right {
    KC_MESH_RIGHT_NONE,
    KC_MESH_RIGHT_DIRECT,    /* the device gets the key */
    KC_MESH_RIGHT_THRESHOLD, /* a share; the service has the other: just encryption and signature */
};

enum kc_mesh_resource {
    KC_MESH_RESOURCE_PROFILE,
    KC_MESH_RESOURCE_ADMINISTRATOR,
    KC_MESH_RESOURCE_ENCRYPTION,
    KC_MESH_RESOURCE_AUTHENTICATION,
    KC_MESH_RESOURCE_SIGNATURE,
    KC_MESH_RESOURCE_COUNT,
};

#define KC_MESH_STORES_MAX 12
#define KC_MESH_STORE_NAME_SIZE 32

/* A store whose key the device gets, whole. */
struct kc_mesh_store_right {
    char name[KC_MESH_STORE_NAME_SIZE]; /* "MMM_Contact" */
    const struct kc_key *key;           /* lent */
};

struct kc_mesh_rights {
    enum kc_mesh_right of[KC_MESH_RESOURCE_COUNT];
    bool may_generate; /* it may have the service make keys, of which it gets a share */
    struct kc_mesh_store_right stores[KC_MESH_STORES_MAX];
    size_t store_count;
};

/*
 * Reads rights as a person writes them: "encryption=threshold,signature=threshold,MMM_Contact",
 * each direct, threshold or none; a word alone is direct. "generate" is direct or none. The keys of
 * stores are for the caller to fill in.
 *
 * KC_ERR_BAD_ARGUMENT  no such resource or right; twice the same; threshold for a key that is not
 *                      used through the service; the escrow key, which no device gets
 */
KC_CHECKED enum kc_error kc_mesh_rights_read(struct kc_span text, struct kc_mesh_rights *rights);

/* Whether any of them is one that the service has a part of: a share, or that it makes keys. */
bool kc_mesh_rights_need_service(const struct kc_mesh_rights *rights);

/* What is asked for. All lent. */
struct kc_mesh_connecting {
    const struct kc_mesh_account *account;
    struct kc_span account_profile; /* enveloped, of that account */
    const struct kc_mesh_device *device;
    struct kc_span device_profile; /* enveloped, of that device */
    const struct kc_mesh_rights *rights;
    const struct kc_key *keys[KC_MESH_RESOURCE_COUNT]; /* those given, and ADMINISTRATOR always */
    const struct kc_mesh_provider *provider; /* NULL: no right has a part at the service */
    const char *service_address;             /* host name of the service */
    const char *acknowledged; /* MessageId of the AcknowledgeConnection; NULL: there was none */
    int64_t epoch;            /* of the device's shares */
};

#define KC_MESH_SPLITS_MAX 2

struct kc_mesh_connected {
    uint8_t seed_digest[KC_DARE_DIGEST_SIZE]; /* SHA-512 of the activation seed, which is gone */
    struct kc_public_key encryption, signature, authentication; /* composite */
    struct kc_mesh_split_kept splits[KC_MESH_SPLITS_MAX];
    char *connection;                  /* ConnectionDevice; all are enveloped and signed; owned */
    char *cataloged;                   /* CatalogedDevice: an entry of MMM_Device */
    char *respond;                     /* RespondConnection; NULL if nothing was acknowledged */
    char *entries[KC_MESH_SPLITS_MAX]; /* of MMM_Access; NULL: none */
    char generator_id[KC_UDF_ID_SIZE]; /* KeyId for having keys made; empty: it may not */
    char *generator;                   /* of MMM_Access, of that right; NULL: none */
};

/*
 * Makes everything for one device.
 *
 * made  kc_mesh_connected_done
 *
 * KC_ERR_BAD_ARGUMENT      a key that is given is not there, or a share or the right to have keys
 *                          made without a service
 * KC_ERR_POINT_SMALL_ORDER  a composite key would be none: the device's base key was crafted
 * and the errors of kc_mesh_envelope_make and kc_mesh_split_make
 */
KC_CHECKED enum kc_error kc_mesh_connect_device(const struct kc_mesh_source *source,
    const struct kc_mesh_connecting *connecting, struct kc_mesh_connected *made);

/* Makes the entry that takes a device off MMM_Device: its payload names the device, and connects
 * nothing. entry is given: free. Errors of kc_mesh_envelope_make. */
KC_CHECKED enum kc_error kc_mesh_device_withdraw(const struct kc_mesh_source *source,
    const struct kc_key *administrator, const char *udf, char **entry);

/* Fine with a zeroed one. */
void kc_mesh_connected_done(struct kc_mesh_connected *made);

#endif
