/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How PKCS#11 says each algorithm, and the ways in which tokens differ in it: which mechanism makes
 * a key, which type the key then has, how CKA_EC_PARAMS names the curve, whether CKA_EC_POINT is
 * the point or a DER OCTET STRING of it.
 */
#ifndef KC_TPM_HSM_ALGORITHM_H
#define KC_TPM_HSM_ALGORITHM_H

#include "tpm/root.h"

#include <p11-kit/pkcs11.h>

/* Since PKCS#11 3.0; the headers are of 2.40. */
#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY 0x41UL
#endif
#ifndef CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define CKM_EC_MONTGOMERY_KEY_PAIR_GEN 0x1056UL
#endif

/* One way to say it. */
struct kc_hsm_dialect {
    CK_MECHANISM_TYPE generation;
    CK_KEY_TYPE key_type;
    const char *parameters; /* CKA_EC_PARAMS; NULL for RSA */
    CK_ULONG parameters_size;
    bool by_name; /* a PrintableString, not an OID */
};

#define KC_HSM_DIALECTS_MAX 4

struct kc_hsm_algorithm {
    enum kc_algorithm algorithm;
    const char *name;
    size_t point_size;      /* octets of a public point; 0 for RSA */
    size_t coordinate_size; /* octets that a derivation answers; 0: it has none */
    size_t signature_size;  /* 0: it has none */
    struct kc_hsm_dialect dialects[KC_HSM_DIALECTS_MAX]; /* in the order in which they are tried */
    size_t dialect_count;
};

/* The row of an algorithm; NULL if there is none. */
const struct kc_hsm_algorithm *kc_hsm_algorithm(unsigned algorithm);

/*
 * The point in a CKA_EC_POINT, raw or in an OCTET STRING: which of the two is told by its size.
 *
 * point   the algorithm's point_size octets; lent from the attribute; {NULL, 0} if it is neither
 * is_der  whether it was in an OCTET STRING
 */
struct kc_span kc_hsm_point_read(
    const struct kc_hsm_algorithm *algorithm, struct kc_span attribute, bool *is_der);

/* Puts a point into an OCTET STRING, if so wanted. Returns the octets written: 2 more than the
 * point's. */
#define KC_HSM_POINT_MAX 100
size_t kc_hsm_point_write(struct kc_span point, bool as_der, uint8_t out[static KC_HSM_POINT_MAX]);

#endif
