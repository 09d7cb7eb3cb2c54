/* SPDX-License-Identifier: Apache-2.0 */
/* A TPM's public area (TPMT_PUBLIC; TPM 2.0 Library, part 2, section 12.2.4), as far as attestation
 * looks at it. */
#ifndef KC_PROTO_ATTESTED_AREA_H
#define KC_PROTO_ATTESTED_AREA_H

#include "base/reader.h"

enum kc_area_type { KC_AREA_RSA = 0x0001, KC_AREA_KEYED_HASH = 0x0008, KC_AREA_ECC = 0x0023 };

/* TPMA_OBJECT */
enum kc_area_attribute {
    KC_AREA_FIXED_TPM = 1 << 1,
    KC_AREA_FIXED_PARENT = 1 << 4,
    KC_AREA_MADE_INSIDE = 1 << 5, /* sensitiveDataOrigin */
    KC_AREA_USER_WITH_AUTH = 1 << 6,
    KC_AREA_NO_DA = 1 << 10, /* not subject to lockout */
    KC_AREA_RESTRICTED = 1 << 16,
    KC_AREA_DECRYPTS = 1 << 17,
    KC_AREA_SIGNS = 1 << 18,
};

#define KC_AREA_COORDINATE_MAX 48

struct kc_attested_area {
    uint16_t type; /* enum kc_area_type */
    uint32_t attributes;
    struct kc_span policy; /* lent */

    /* ECC: P-256 or P-384, of a key with no symmetric algorithm */
    size_t coordinate_size;
    uint8_t x[KC_AREA_COORDINATE_MAX], y[KC_AREA_COORDINATE_MAX]; /* big-endian */
    bool is_attestation; /* P-256, ECDSA with SHA-256 and nothing else */

    struct kc_span modulus; /* RSA: lent */
};

/* Whether it is such an area, whose Name is by SHA-256. */
bool kc_attested_area_read(struct kc_span octets, struct kc_attested_area *area);

#endif
