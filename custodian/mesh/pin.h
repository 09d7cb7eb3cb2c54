/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs of the Mesh: made for one action of one account, and proven by a witness in a message.
 *
 * The salted PIN, which the maker keeps, is enough to forge a witness: secret, as the PIN is. So
 * the message that tells other administrators of a PIN is for an envelope that is encrypted to them.
 */
#ifndef KC_CUSTODIAN_MESH_PIN_H
#define KC_CUSTODIAN_MESH_PIN_H

#include "custodian/mesh/envelope_make.h"
#include "proto/identifier.h"
#include "proto/object.h"

#define KC_MESH_PIN_OCTETS 16        /* random octets of a PIN: 128 bits */
#define KC_MESH_PIN_SIZE 40          /* characters of a PIN, terminator included */
#define KC_MESH_PIN_MESSAGE_MAX 1024 /* octets of a MessagePin that is written */

struct kc_mesh_pin {
    char text[KC_MESH_PIN_SIZE]; /* secret: what is shown */
    char salted[KC_UDF_ID_SIZE]; /* secret: what is kept */
    char id[KC_UDF_ID_SIZE];
    char account[KC_ACCOUNT_SIZE]; /* canonical */
    const char *action;            /* "Device" or "Contact" */
    int64_t expires;               /* seconds since 1970 */
    bool is_automatic;             /* what it proves is accepted without asking anybody */
};

/* What a PIN is for, by the message that uses it: RequestConnection "Device", MessageContact
 * "Contact". NULL: another message. */
const char *kc_mesh_pin_action(enum kc_object_type message);

/*
 * Makes a PIN.
 *
 * pin  action, expires and is_automatic stand; account is made canonical
 *
 * KC_ERR_BAD_ARGUMENT  account is none; KC_ERR_RANDOM
 */
KC_CHECKED enum kc_error kc_mesh_pin_make(
    const struct kc_mesh_source *source, const char *account, struct kc_mesh_pin *pin);

/* Writes the MessagePin. Secret. KC_ERR_INTERNAL: it does not fit */
KC_CHECKED enum kc_error kc_mesh_pin_message(
    const struct kc_mesh_pin *pin, uint8_t text[static KC_MESH_PIN_MESSAGE_MAX], size_t *size);

/* What a message says of the PIN that it was sent with. */
struct kc_mesh_pin_proof {
    char id[KC_UDF_ID_SIZE];       /* of the PIN */
    char account[KC_ACCOUNT_SIZE]; /* canonical, that a RequestConnection names; or empty */
    const char *action;
    uint8_t nonce[KC_NONCE_SIZE_MAX];
    size_t nonce_size;
    uint8_t witness[KC_PIN_WITNESS_SIZE];
    uint8_t digest[KC_DARE_DIGEST_SIZE]; /* of what is authenticated */
};

/*
 * Reads a RequestConnection or MessageContact, as it is or in an envelope that is not encrypted.
 *
 * KC_ERR_BAD_ARGUMENT                                    it was sent without a PIN
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  it is none
 */
KC_CHECKED enum kc_error kc_mesh_pin_proof_read(
    struct kc_span document, struct kc_mesh_pin_proof *proof);

/*
 * Whether a message was sent by who knows a PIN. In constant time.
 *
 * pin  salted, account and action stand
 *
 * KC_ERR_MESH_PIN  it was not
 */
KC_CHECKED enum kc_error kc_mesh_pin_check(
    const struct kc_mesh_pin *pin, const struct kc_mesh_pin_proof *proof);

#endif
