/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers that are made from other values: of envelopes and responses, of PINs, and the witness
 * of a connection. The formulas are those of deployed code; where a draft's text differs, it is
 * wrong.
 */
#ifndef KC_PROTO_IDENTIFIER_H
#define KC_PROTO_IDENTIFIER_H

#include "proto/public_key.h"
#include "proto/udf_digest.h"

#define KC_ACCOUNT_SIZE 256 /* characters of an account address, terminator included */
#define KC_NONCE_SIZE_MAX 64
#define KC_PIN_WITNESS_SIZE 64

#define KC_ID_OF_ENVELOPE "application/mmm/envelopeid"
#define KC_ID_OF_RESPONSE "application/mmm/responseid"

/*
 * The id of the envelope or the response to a message: the content digest of the message id's data,
 * without its type octet, of 140 bits. "SHA-3 only if the type is 80 exactly."
 *
 * KC_ERR_BAD_ARGUMENT  message_id is no UDF, or the content type is too long
 */
KC_CHECKED enum kc_error kc_make_id(
    const char *message_id, const char *content_type, char id[KC_UDF_ID_SIZE]);

/* The form of an address that goes into MACs and compares: A to Z in lower case, nothing else
 * changed. KC_ERR_BAD_ARGUMENT: too long, or empty. */
KC_CHECKED enum kc_error kc_account_canonical(const char *address, char canonical[KC_ACCOUNT_SIZE]);

/* Whether it is "user@domain", in UTF-8 (RFC 6530), with no white space and no control characters. */
bool kc_account_is_address(const char *address);

/* --- PINs: secret, as is the salted PIN, which suffices to forge a witness --- */

/*
 * What a service or administrator keeps of a PIN.
 *
 * pin     a UDF of type authenticator, as it was typed
 * action  "Device" or "Contact"
 *
 * KC_ERR_BAD_ARGUMENT  not such a UDF
 */
KC_CHECKED enum kc_error kc_pin_salt(
    const char *pin, const char *action, char salted[KC_UDF_ID_SIZE]);

/* The id of a PIN for an account, whose key is "the 16 octets of the truncated salted PIN".
 * KC_ERR_BAD_ARGUMENT: salted is none, or account is too long. */
KC_CHECKED enum kc_error kc_pin_id(
    const char *salted, const char *account, char id[KC_UDF_ID_SIZE]);

/*
 * Proof of knowing a PIN, over an account, a nonce and what is authenticated. Compare in constant
 * time.
 *
 * nonce   1..KC_NONCE_SIZE_MAX octets
 * digest  PayloadDigest of the enveloped profile or contact
 */
KC_CHECKED enum kc_error kc_pin_witness(const char *salted, const char *account,
    struct kc_span nonce, const uint8_t digest[64], uint8_t witness[KC_PIN_WITNESS_SIZE]);

/* --- connections --- */

/*
 * What both ends of a connection show: Base32 of 140 bits, without a type octet, of
 * H(H(account UDF, server nonce), H(device UDF, client nonce)). Also the id of the
 * AcknowledgeConnection.
 *
 * account, device  their ProfileSignature keys
 */
KC_CHECKED enum kc_error kc_connection_witness(const struct kc_public_key *account,
    struct kc_span server_nonce, const struct kc_public_key *device, struct kc_span client_nonce,
    char witness[KC_UDF_ID_SIZE]);

#endif
