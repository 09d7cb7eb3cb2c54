/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device role: what the vault keeps of a device of the Mesh.
 *
 *   SEED        the device: its four base keys are records of keys of the derived residence, labelled
 *               "<label>.Encrypt"; `attributes` has the UDFs of the accounts that it is connected to,
 *               a line each
 *   CONNECTION  a request to be connected, until it is answered; id: its MessageId
 *   COMPOSITE   a connection; id: of device and account (kc_mesh_composite_id); the secret is the
 *               seed of the activation; when the device has left it stays as a tombstone with its
 *               epoch. The composite keys, and what the activation gave of the account's keys, are
 *               records of keys
 *
 * Columns keyring, label and role of a CONNECTION and a COMPOSITE are those of the device's seed, so
 * that the policy's rules for the device hold for them.
 */
#ifndef KC_CUSTODIAN_VAULT_MESH_DEVICE_H
#define KC_CUSTODIAN_VAULT_MESH_DEVICE_H

#include "custodian/mesh/activation.h"
#include "custodian/mesh/connection.h"
#include "custodian/mesh/device.h"
#include "custodian/vault/derived.h"

#define KC_DEVICE_LABEL_MAX 32   /* bytes: what is added to it for keys fits a label too */
#define KC_DEVICE_ACCOUNTS_MAX 8 /* accounts of one device */
#define KC_DEVICE_KEYS_MAX 24    /* keys that one connection brought */

/* The device that the request names. KC_ERR_REFUSED also for the seed of something else; errors and
 * wishes of kc_call_seed. */
KC_CHECKED enum kc_error kc_call_device(struct kc_call *call, struct kc_record **device);

/* The same by its UDF. */
KC_CHECKED enum kc_error kc_call_device_of(
    struct kc_call *call, const char *udf, struct kc_record **device);

/* Derives its base keys. Secret: KC_AUTO_DEVICE_KEYS. Errors of kc_call_seed_key */
KC_CHECKED enum kc_error kc_call_device_keys(
    struct kc_call *call, const struct kc_record *device, struct kc_mesh_device_keys *keys);

/* Whether a device is connected to an account; to any, if account_udf is NULL. */
bool kc_device_has_account(const struct kc_record *device, const char *account_udf);

/* Stages the device with an account more, or less. KC_ERR_LIMIT; errors of kc_call_stage and the
 * keeper. */
KC_CHECKED enum kc_error kc_call_device_account(struct kc_call *call,
    const struct kc_record *device, const char *account_udf, bool is_connected);

/* --- CONNECTION --- */

struct kc_pending {
    char device[KC_UDF_ID_SIZE];
    struct kc_mesh_connecting_device known;
    bool has_pin;                             /* its PIN is what the administrator believes */
    bool is_confirmed;                        /* somebody has compared the witness */
    struct kc_mesh_acknowledged acknowledged; /* all empty: not yet */
    struct kc_span account_profile;           /* enveloped; lent */
};

/* The one that the request names: believed, not ended, the policy's to this caller. Errors and
 * wishes of kc_call_record; KC_ERR_REFUSED */
KC_CHECKED enum kc_error kc_call_pending(
    struct kc_call *call, struct kc_record **record, struct kc_pending *pending);

/* Writes it as the body of what was staged, and protects that. KC_ERR_TOO_LARGE */
KC_CHECKED enum kc_error kc_call_put_pending(
    struct kc_call *call, struct kc_record *staged, const struct kc_pending *pending);

/* Stages its end. */
KC_CHECKED enum kc_error kc_call_end_pending(struct kc_call *call, const struct kc_record *record);

/* --- COMPOSITE --- */

struct kc_composite {
    char device[KC_UDF_ID_SIZE], account_udf[KC_UDF_ID_SIZE];
    uint64_t epoch; /* Updated of its ConnectionDevice */
    char keys[KC_DEVICE_KEYS_MAX][KC_RECORD_ID_SIZE];
    uint64_t epochs[KC_DEVICE_KEYS_MAX]; /* of those that are shares: of the last refresh, or 0 */
    size_t key_count;
    struct kc_span connection, account_profile; /* enveloped; lent; empty when it has ended */
};

/* The id of the record of what binds a device, or a member's key, to an account. */
KC_CHECKED enum kc_error kc_mesh_composite_id(
    const char *device, const char *account_udf, char id[KC_UDF_ID_SIZE]);

/* The record of a connection, also one that has ended; NULL with KC_OK: there never was one. Errors
 * and wishes of kc_call_record. */
KC_CHECKED enum kc_error kc_call_composite(struct kc_call *call, const char *device,
    const char *account_udf, struct kc_record **record, struct kc_composite *composite);

/* The enveloped ConnectionDevice that accredits a composite key; lent by the request's records.
 * KC_ERR_REFUSED: the connection has ended. Errors and wishes of kc_call_record. */
KC_CHECKED enum kc_error kc_call_accreditation(
    struct kc_call *call, const struct kc_record *key, struct kc_span *connection);

/* Writes it as the body of what was staged. KC_ERR_TOO_LARGE */
KC_CHECKED enum kc_error kc_call_put_composite(
    struct kc_call *call, struct kc_record *staged, const struct kc_composite *composite);

/*
 * Stages a key of an account, or a share of one, that came from its administrator.
 *
 * wanted  keyring, label, account, and of a former version that and the mac; role, residence and what
 *         a share has are written
 *
 * Errors of kc_call_stage_key
 */
KC_CHECKED enum kc_error kc_call_stage_account_key(struct kc_call *call,
    const struct kc_mesh_activated_key *key, struct kc_record *wanted, struct kc_record **staged);

/* Records of keys by their ids, those that there are: all that are lacked are asked for at once.
 * found has room for count. Errors and wishes of kc_call_own_key. */
KC_CHECKED enum kc_error kc_call_find_keys(struct kc_call *call,
    const char (*ids)[KC_RECORD_ID_SIZE], size_t count, struct kc_record **found);

#endif
