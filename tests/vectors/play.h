/* SPDX-License-Identifier: Apache-2.0 */
/* The players: one for each type of vector, named after it. */
#ifndef KC_TESTS_VECTORS_PLAY_H
#define KC_TESTS_VECTORS_PLAY_H

#include "check.h"

void play_udf_fixed(struct check *c, const json_t *vector);
void play_udf_digest(struct check *c, const json_t *vector);
void play_udf_authenticator(struct check *c, const json_t *vector);
void play_udf_key_fingerprint(struct check *c, const json_t *vector);
void play_udf_locator(struct check *c, const json_t *vector);
void play_udf_shamir(struct check *c, const json_t *vector);
void play_key_derivation(struct check *c, const json_t *vector);
void play_keygen(struct check *c, const json_t *vector);
void play_key_split(struct check *c, const json_t *vector);
void play_agreement(struct check *c, const json_t *vector);
void play_point_decode(struct check *c, const json_t *vector);
void play_eddsa_threshold(struct check *c, const json_t *vector);
void play_frost(struct check *c, const json_t *vector);
void play_recipient(struct check *c, const json_t *vector);
void play_make_id(struct check *c, const json_t *vector);
void play_pin(struct check *c, const json_t *vector);
void play_envelope(struct check *c, const json_t *vector);
void play_xdh(struct check *c, const json_t *vector);
void play_ecdh(struct check *c, const json_t *vector);
void play_eddsa_sign(struct check *c, const json_t *vector);
void play_eddsa_verify(struct check *c, const json_t *vector);
void play_rsa_2018(struct check *c, const json_t *vector);
void play_profile_seed(struct check *c, const json_t *vector);
void play_activation(struct check *c, const json_t *vector);

#endif
