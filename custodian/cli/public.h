/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys in files: PEM with SubjectPublicKeyInfo (RFC 8410, 5480, 3279), as OpenSSL has them, or
 * JSON as the Mesh has them, which is read and not written: a PublicKeyECDH, or the KeyData around it.
 *
 * RFC 8410 writes an X25519 or X448 key as u alone. A whole point is needed to name an X448 key and
 * to add to it, so --signed puts one line before the PEM block, which PEM readers skip (RFC 7468,
 * section 2): "Point: <algorithm> <the signed encoding in hex>".
 */
#ifndef KC_CUSTODIAN_CLI_PUBLIC_H
#define KC_CUSTODIAN_CLI_PUBLIC_H

#include "base/algorithm.h"
#include "custodian/cli/cli.h"
#include "proto/public_key.h"
#include "proto/udf_digest.h"
#include "threshold/point.h"

#include <openssl/types.h>

#define KC_CLI_PUBLIC_TEXT_SIZE 1152 /* of a file that is written */

struct kc_cli_public {
    char algorithm[17];
    uint8_t octets[KC_UDF_PUBLIC_MAX]; /* as base/algorithm.h has it */
    size_t size;
    bool whole; /* false: the sign is not known, and 0 stands for it */
};

static inline struct kc_span kc_cli_public_span(const struct kc_cli_public *public)
{
    return (struct kc_span){public->octets, public->size};
}

/* The row of a key's algorithm; NULL: no such algorithm. */
const struct kc_algorithm_info *kc_cli_public_info(const struct kc_cli_public *public);

/* The curve of a key's algorithm, if it is one of the Mesh's; else NULL. */
const struct kc_curve_info *kc_cli_public_curve(const struct kc_cli_public *public);

/* Writes the PEM text, terminated. KC_ERR_BAD_ALGORITHM, KC_ERR_BAD_ARGUMENT: not such a key. */
KC_CHECKED enum kc_error kc_cli_public_write(
    const struct kc_cli_public *public, bool with_sign, char text[KC_CLI_PUBLIC_TEXT_SIZE]);

/* The key as libcrypto has it. Given: EVP_PKEY_free. KC_ERR_BAD_ARGUMENT: not such a key. */
KC_CHECKED enum kc_error kc_cli_public_key(const struct kc_cli_public *public, EVP_PKEY **key);

/*
 * Reads it, and checks that the point is good (threshold/point.h).
 *
 * KC_ERR_BAD_ARGUMENT  no PEM block with a public key, and no such object of the Mesh
 * KC_ERR_BAD_ALGORITHM a key of another kind
 * KC_ERR_POINT_...     not a point to be used
 */
KC_CHECKED enum kc_error kc_cli_public_parse(struct kc_span text, struct kc_cli_public *public);

/* A key of a document. Errors as above. */
KC_CHECKED enum kc_error kc_cli_public_of(
    const struct kc_public_key *key, struct kc_cli_public *public);

/* Parses a file; errors are reported. */
KC_CHECKED enum kc_error kc_cli_public_read(
    const struct kc_cli *cli, const char *path, struct kc_cli_public *public);

/* The id of the key with the other sign, which a reader of u alone may have taken. */
KC_CHECKED enum kc_error kc_cli_public_other_id(
    const struct kc_cli_public *public, char id[KC_UDF_ID_SIZE]);

#endif
