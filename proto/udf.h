/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mesh Uniform Data Fingerprints: a type octet and data, as Base32 text in groups of four
 * (draft-hallambaker-mesh-udf, sections 2 and 3).
 *
 * Texts of digests are cut to a precision; texts of keys, seeds and nonces carry every octet. A UDF
 * of type encryption, seed, share or authenticator is secret: text and octets are wiped by the
 * caller. Reading and writing take the same time for all octets of a size; where dashes stand, the
 * case of letters, and whether a text is well formed are not hidden.
 */
#ifndef KC_PROTO_UDF_H
#define KC_PROTO_UDF_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>

enum kc_udf_type {
    KC_UDF_AUTHENTICATOR = 0, /* HMAC-SHA-2-512; also PINs and authentication keys */
    KC_UDF_AUTHENTICATOR_SHA3 = 1,
    KC_UDF_ENCRYPTION = 32,
    KC_UDF_ENCRYPTION_SIGNED = 33,
    KC_UDF_DIGEST_SHA3 = 80, /* 80..84: plus the compression level */
    KC_UDF_DIGEST_SHA2 = 96, /* 96..100 */
    KC_UDF_NONCE = 104,
    KC_UDF_OID = 112,
    KC_UDF_SHARE = 144,
    KC_UDF_SEED = 200,
};

#define KC_UDF_DATA_MAX 256  /* octets after the type octet */
#define KC_UDF_TEXT_SIZE 516 /* characters of the longest text, dashes and terminator included */
#define KC_UDF_BITS 140      /* usual precision of a digest, type octet included: 28 characters */
#define KC_UDF_ID_SIZE 35    /* characters of a text of that precision, terminator included */

struct kc_udf {
    uint8_t type;
    size_t data_size; /* octets */
    uint8_t data[KC_UDF_DATA_MAX];
};

/*
 * Writes a UDF as text: upper case, a dash after every fourth character, a terminator.
 *
 * bits  precision, type octet included: the first ceil(bits / 5) characters; 0 is all of the data
 *
 * KC_ERR_BAD_ARGUMENT  more than KC_UDF_DATA_MAX octets, or fewer than the precision needs
 * KC_ERR_TOO_LARGE     the text does not fit
 */
KC_CHECKED enum kc_error kc_udf_present(
    uint8_t type, struct kc_span data, unsigned bits, char *text, size_t text_size);

/*
 * Reads what a person may have typed: dashes and white space are dropped, case is ignored, and bits
 * that fill no octet are dropped, so different texts can mean the same octets.
 *
 * text  need not be terminated; no more than 4 * KC_UDF_TEXT_SIZE characters
 *
 * KC_ERR_BAD_ARGUMENT  a character outside the alphabet, no type octet, or too long
 */
KC_CHECKED enum kc_error kc_udf_parse(struct kc_span text, struct kc_udf *udf);

/*
 * The same for what a decision rests on: only the text that kc_udf_present makes, and no bits that
 * carry nothing. A digest needs its usual precision at least; bits that fill no octet belong to it,
 * are not in the data, and count when texts are compared.
 */
KC_CHECKED enum kc_error kc_udf_parse_canonical(struct kc_span text, struct kc_udf *udf);

#endif
