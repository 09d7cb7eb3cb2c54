/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypted authenticated resource locators, and what Mesh URIs carry: who, where, and a secret.
 *
 *     mcu://user@domain/SECRET    a connection to an account: an encryption UDF, or a PIN
 *     mmm://user@domain/SECRET    the same, in 2018
 *     udf://domain/SECRET         any resource, found by kc_udf_locator of the secret's text
 *
 * A secret is secret: text and octets are wiped by the caller.
 */
#ifndef KC_PROTO_EARL_H
#define KC_PROTO_EARL_H

#include "proto/identifier.h"

#define KC_EARL_SECRET_SIZE 32
#define KC_EARL_SECRET_TEXT                                                                        \
    72 /* characters of an encryption UDF of that size, terminator included */
#define KC_URI_SIZE (16 + KC_ACCOUNT_SIZE + KC_UDF_TEXT_SIZE)

struct kc_mesh_uri {
    char scheme[4];                /* mcu, mmm or udf */
    char account[KC_ACCOUNT_SIZE]; /* user@domain; of udf: the domain alone */
    char secret[KC_UDF_TEXT_SIZE]; /* as it was written */
};

/* KC_ERR_BAD_ARGUMENT: another scheme, no account of its form, or a secret that is no UDF of type
 * encryption or authenticator (udf: encryption alone). */
KC_CHECKED enum kc_error kc_mesh_uri_parse(const char *text, struct kc_mesh_uri *uri);

/* Writes a URI that would parse. KC_ERR_BAD_ARGUMENT: it would not. KC_ERR_TOO_LARGE: no room. */
KC_CHECKED enum kc_error kc_mesh_uri_print(
    const struct kc_mesh_uri *uri, char *text, size_t text_size);

/* The secret of a device that was configured by its maker: from the text of its seed. As a UDF. */
KC_CHECKED enum kc_error kc_earl_secret_of_seed(
    const char *seed, const char *account, char secret[KC_EARL_SECRET_TEXT]);

/* Where a publication is found, and what it is kept under: the id of the secret as a symmetric key.
 * KC_ERR_BAD_ARGUMENT: no encryption UDF. */
KC_CHECKED enum kc_error kc_earl_publication_id(const char *secret, char id[KC_UDF_ID_SIZE]);

/* Who can check a claim. The device's is never stored at the service. */
enum kc_earl_party { KC_EARL_SERVICE, KC_EARL_DEVICE };

/* What a party keeps instead of the secret, an encryption UDF. Secret. */
KC_CHECKED enum kc_error kc_earl_authenticator(
    const char *secret, enum kc_earl_party party, char authenticator[KC_EARL_SECRET_TEXT]);

/* What a claimant sends, by an authenticator: ServiceAuthenticate or DeviceAuthenticate. */
KC_CHECKED enum kc_error kc_earl_claim(
    const char *authenticator, const char *claimant, char claim[KC_UDF_ID_SIZE]);

#endif
