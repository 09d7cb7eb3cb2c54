/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware root that is none: its hardware is a variable of the test. For tests of what stands
 * above roots; the conformance suite keeps it like the real ones. Its resident
 * keys live in their blobs, as a TPM's, and are those of a token: column 1 of the table in
 * docs/roots.md.
 */
#ifndef KC_TESTS_SUPPORT_MOCK_ROOT_H
#define KC_TESTS_SUPPORT_MOCK_ROOT_H

#include "tpm/root_kind.h"

/* One piece of hardware. All zero: new, and away. */
struct kc_mock_hardware {
    bool is_there;
    bool has_key, has_head;
    uint8_t key[32];
    uint8_t auth[KC_ROOT_AUTH_SIZE];
    uint8_t head[KC_ROOT_HEAD_SIZE];
};

/* hardware  borrowed for the root's life; name: the pin, or NULL. Aborts without memory. */
struct kc_root *kc_mock_root_new(struct kc_mock_hardware *hardware, const uint8_t *name);

#endif
