/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of randomness and time for what makes documents. */
#ifndef KC_TESTS_MESH_SOURCE_H
#define KC_TESTS_MESH_SOURCE_H

#include "custodian/mesh/envelope_make.h"

#define SAMPLE_NOW 1772452805u /* 2026-03-02T12:00:05Z */

/* The kernel's randomness, at SAMPLE_NOW. One at a time. */
struct kc_mesh_source sample_source(void);

/* The same, that fails after it gave so often. */
struct kc_mesh_source sample_source_that_fails(unsigned given);

/* One whose octets follow from the number alone: the same again for the same number. */
struct kc_mesh_source sample_source_that_repeats(uint8_t number);

#endif
