/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a UDF names a key: for what is written with any of the content types that key
 * fingerprints have had. Made is always the newest (kc_udf_key_fingerprint).
 */
#ifndef KC_PROTO_UDF_KEY_H
#define KC_PROTO_UDF_KEY_H

#include "proto/udf_digest.h"

#define KC_UDF_BITS_TYPED_MIN 100 /* a prefix that a person may type */
#define KC_UDF_BITS_MAX 515 /* the whole digest and its type octet, less 5 bits: 103 characters */
#define KC_UDF_DIGEST_TEXT_SIZE 129 /* characters of that, dashes and terminator included */

/* PKIXKey since October 2020, application/x509-keyinfo before, application/pkix-keyinfo in the
 * text of the draft; ends with NULL. */
extern const char *const kc_udf_key_content_types[];

/* The fingerprint with a content type of one's choice. Errors of kc_udf_key_info. */
KC_CHECKED enum kc_error kc_udf_key_fingerprint_as(const char *algorithm, struct kc_span public,
    const char *content_type, unsigned bits, char *text, size_t text_size);

/*
 * Whether a text is a fingerprint of the key, for a decision: the text must be canonical, of the
 * usual precision or a greater one, and agree in all of its characters.
 */
bool kc_udf_names_key(const char *text, const char *algorithm, struct kc_span public);

/*
 * Whether a text that a person typed, or that is looked up, means a fingerprint: one is the
 * beginning of the other, and the shorter one has KC_UDF_BITS_TYPED_MIN bits. Never for a decision.
 */
bool kc_udf_may_mean(const char *typed, const char *fingerprint);

#endif
