/* SPDX-License-Identifier: Apache-2.0 */
/* A point on P-256 as a key of libcrypto. */
#ifndef KC_PROTO_POINT_KEY_H
#define KC_PROTO_POINT_KEY_H

#include <openssl/evp.h>
#include <stdint.h>

#define KC_POINT_KEY_NUMBER 32                          /* octets of a coordinate */
#define KC_POINT_KEY_SIZE (1 + 2 * KC_POINT_KEY_NUMBER) /* 04, x, y (SEC 1, section 2.3.3) */

/* Makes a public key; given: EVP_PKEY_free. NULL: it is not on the curve, or there is no memory. */
EVP_PKEY *kc_point_key_new(const uint8_t point[static KC_POINT_KEY_SIZE]);

#endif
