/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of the store, and its anchor in the hardware root.
 *
 *   head    format u8 (1), number u64, time u64, root of the map [32], number u64 and digest [32] of
 *           the head that was anchored when this one was made, generation u32, bound u8, due u64,
 *           random [16],
 *           HMAC-SHA-256 by the vault [32]; the store keeps the newest one
 *   anchor  format u8 (1), number u64 and digest [32] of the head that is anchored, writes u32, two
 *           generations of number u32 and secret [32], failures u8, wait u64, verifier of the
 *           operator's PIN [48], then zeros; in the hardware root
 *
 * Integers are big-endian. The digest of a head is BLAKE2b-256 of all of its octets.
 */
#ifndef KC_CUSTODIAN_VAULT_HEAD_H
#define KC_CUSTODIAN_VAULT_HEAD_H

#include "base/reader.h"
#include "tpm/root.h"

#include <stdint.h>

#define KC_HEAD_DIGEST_SIZE 32
#define KC_HEAD_RANDOM_SIZE 16
#define KC_HEAD_MAC_SIZE 32
#define KC_HEAD_SIZE (1 + 8 + 8 + 32 + 8 + 32 + 4 + 1 + 8 + KC_HEAD_RANDOM_SIZE + KC_HEAD_MAC_SIZE)
#define KC_HEAD_KEY_SIZE 32

struct kc_head {
    uint64_t number; /* each commit adds one */
    uint64_t time;   /* seconds since 1970 */
    uint8_t root[KC_HEAD_DIGEST_SIZE];
    uint64_t anchored;
    uint8_t previous[KC_HEAD_DIGEST_SIZE]; /* digest of the head with the number `anchored` */
    uint32_t generation;                   /* of the wrapping key that new secrets are under */
    bool bound;                            /* the root holds a part of it */
    uint64_t due; /* when that generation is to end, seconds since 1970; 0: not planned */
    uint8_t random[KC_HEAD_RANDOM_SIZE];
};

/* Writes a head, with its MAC. */
void kc_head_write(const struct kc_head *head, const uint8_t key[static KC_HEAD_KEY_SIZE],
    uint8_t octets[static KC_HEAD_SIZE]);

/* KC_ERR_STORE_HEAD: it is not a head, or not this vault's. */
KC_CHECKED enum kc_error kc_head_read(
    struct kc_span octets, const uint8_t key[static KC_HEAD_KEY_SIZE], struct kc_head *head);

void kc_head_digest(
    const uint8_t octets[static KC_HEAD_SIZE], uint8_t digest[static KC_HEAD_DIGEST_SIZE]);

#define KC_PIN_SALT_SIZE 16
#define KC_PIN_VERIFIER_SIZE                                                                       \
    (KC_PIN_SALT_SIZE + 32) /* the salt, and what keeper.h makes of it and a PIN */

#define KC_GENERATION_SECRET_SIZE 32
#define KC_GENERATIONS 2 /* the present one, and while secrets are moved the next one */

/* The part of a wrapping key that is in the hardware root alone. */
struct kc_generation {
    uint32_t number; /* 0: none */
    uint8_t secret[KC_GENERATION_SECRET_SIZE];
};

/* Secret. */
struct kc_anchor {
    uint64_t number;
    uint8_t digest[KC_HEAD_DIGEST_SIZE];
    uint32_t writes; /* of this root, for this store */
    struct kc_generation generations[KC_GENERATIONS];
    uint8_t failures;    /* wrong PINs for taking a store that was rolled back */
    uint64_t wait_until; /* seconds since 1970: before it no such PIN is looked at */
    uint8_t
        operator_pin[KC_PIN_VERIFIER_SIZE]; /* of the newest store; zeros: there is no operator */
};

void kc_anchor_write(const struct kc_anchor *anchor, uint8_t octets[static KC_ROOT_HEAD_SIZE]);

/* KC_ERR_ROOT_ANSWER: it is not an anchor. */
KC_CHECKED enum kc_error kc_anchor_read(
    const uint8_t octets[static KC_ROOT_HEAD_SIZE], struct kc_anchor *anchor);

#endif
