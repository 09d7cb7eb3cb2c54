/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UDFs that are computed: content digests, key fingerprints, authenticators, locators and ids
 * (draft-hallambaker-mesh-udf, sections 4.2, 5.1 to 5.3).
 */
#ifndef KC_PROTO_UDF_DIGEST_H
#define KC_PROTO_UDF_DIGEST_H

#include "proto/hkdf.h"
#include "proto/udf.h"

/* Content types that go into digests. The literal PKIXKey is what is deployed; the drafts' text has
 * another. */
#define KC_UDF_TYPE_KEY "PKIXKey"
#define KC_UDF_TYPE_ENCRYPTION "UDFEncryption"

#define KC_UDF_CONTENT_TYPE_MAX 128 /* characters */
#define KC_UDF_PUBLIC_MAX 526
#define KC_UDF_KEY_INFO_MAX 552 /* octets of DER */

struct kc_udf_digest {
    uint8_t type;            /* 80..84 or 96..100: compression included */
    unsigned trailing_zeros; /* bits of typed_value */
    uint8_t value[64];       /* H(data) */
    uint8_t typed_value[64]; /* H(content type || ":" || value): the data of the UDF */
};

/*
 * The content digest of octets.
 *
 * hash  KC_HASH_SHA512 or KC_HASH_SHA3_512
 *
 * KC_ERR_BAD_ARGUMENT  another hash, or a content type of more than KC_UDF_CONTENT_TYPE_MAX
 */
KC_CHECKED enum kc_error kc_udf_content_digest(
    enum kc_hash hash, struct kc_span data, const char *content_type, struct kc_udf_digest *digest);

/* The text of a digest. bits up to 520. */
KC_CHECKED enum kc_error kc_udf_digest_present(
    const struct kc_udf_digest *digest, unsigned bits, char *text, size_t text_size);

/*
 * The DER of a public key that fingerprints are made of. Of the curves of the Mesh: unlike RFC 8410 it
 * has a NULL and an OCTET STRING in the BIT STRING. Of the others: SubjectPublicKeyInfo (RFC 5480, RFC
 * 3279).
 *
 * algorithm  a name of base/algorithm.h
 * public     as base/algorithm.h has it. X25519 may also come as its 32 unsigned octets, which are
 *            what goes into the DER
 *
 * KC_ERR_BAD_ALGORITHM  another algorithm
 * KC_ERR_BAD_ARGUMENT   another size
 */
KC_CHECKED enum kc_error kc_udf_key_info(const char *algorithm, struct kc_span public,
    uint8_t key_info[KC_UDF_KEY_INFO_MAX], size_t *key_info_size);

/* The fingerprint of a public key, which is the id of the key: 28 characters in groups. Arguments
 * and errors of kc_udf_key_info. */
KC_CHECKED enum kc_error kc_udf_key_fingerprint(
    const char *algorithm, struct kc_span public, char text[KC_UDF_ID_SIZE]);

/*
 * The authenticator of octets under a key that is text (section 5.2). The intermediate values are
 * told for who wants to check them, and are secret.
 *
 * hash  KC_HASH_SHA512 (type 0) or KC_HASH_SHA3_512 (type 1)
 */
struct kc_udf_authenticator {
    uint8_t type;
    uint8_t pseudo_random_key[64];
    uint8_t mac_key[64];
    uint8_t mac[64]; /* the data of the UDF */
};
KC_CHECKED enum kc_error kc_udf_authenticator(enum kc_hash hash, struct kc_span key,
    struct kc_span data, const char *content_type, struct kc_udf_authenticator *authenticator);

/* The locator of an encryption UDF: the digest of its text as written. bits is 280 in an EARL. */
KC_CHECKED enum kc_error kc_udf_locator(
    struct kc_span udf_text, const char *content_type, unsigned bits, char *text, size_t text_size);

/* The id of a symmetric key, such as the `kid` of an envelope: type 32 over the first octets of
 * the digest UDF whose H(data) is the key itself. At most 64 octets, else KC_ERR_BAD_ARGUMENT. */
KC_CHECKED enum kc_error kc_udf_symmetric_id(struct kc_span key, char text[KC_UDF_ID_SIZE]);

#endif
