/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from a number, and envelopes that they signed. Each ends the test if it fails. */
#ifndef KC_TESTS_MESH_SAMPLE_H
#define KC_TESTS_MESH_SAMPLE_H

#include "custodian/mesh/verify.h"
#include "proto/object.h"
#include "proto/signed_object.h"

struct sample_key {
    struct kc_key pair;
    struct kc_public_key public;
};

struct sample_key sample_key(enum kc_curve curve, uint8_t number);

/* Adds a signature over the body to an envelope, whose digest must be made. */
void sample_sign(
    struct kc_dare_envelope *envelope, const struct sample_key *key, struct kc_span manifest);

/* A KeyData field. */
void sample_write_key(
    struct kc_object_writer *w, const char *field, const struct kc_public_key *key);

/* The envelope of an object that was written, signed; the text is given: sample_release. */
struct kc_span sample_envelope(
    struct kc_object_writer *w, const struct sample_key *signer, struct kc_span manifest);
void sample_release(struct kc_span text);

#endif
