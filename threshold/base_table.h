/* SPDX-License-Identifier: Apache-2.0 */
/* The multiples of the base points that multiply_base uses; made at build time by
 * base_table_generate. */
#ifndef KC_THRESHOLD_BASE_TABLE_H
#define KC_THRESHOLD_BASE_TABLE_H

#include "threshold/edwards25519.h"
#include "threshold/edwards448.h"

extern kc_edwards25519_table kc_base_table_25519; /* Ed25519 and X25519 */
extern kc_edwards448_table kc_base_table_ed448;
extern kc_edwards448_table kc_base_table_x448;

#endif
