/* SPDX-License-Identifier: Apache-2.0 */
/* Values of an example as the curves have them; each ends the test if it is not there or wrong. */
#ifndef KC_TESTS_VECTORS_FLOW_H
#define KC_TESTS_VECTORS_FLOW_H

#include "tests/vectors/example.h"

#include "threshold/key.h"

/* A curve by its name in documents. */
enum kc_curve flow_curve(const char *algorithm);

/* base, a dot, name; in a buffer that the next but three calls overwrite. */
const char *flow_path(const char *base, const char *name);

struct kc_scalar flow_scalar(const struct example *example, const char *path, enum kc_curve curve);
struct kc_point flow_point(const struct example *example, const char *path, enum kc_curve curve);

/* The key that a seed makes under a name. */
struct kc_key flow_key(
    const struct example *example, const char *seed_path, enum kc_curve curve, const char *name);

/* That what was computed is what stands there. */
void flow_expect_point(
    const struct example *example, const char *path, const struct kc_point *point);
void flow_expect_scalar(
    const struct example *example, const char *path, const struct kc_scalar *scalar);
void flow_expect_octets(
    const struct example *example, const char *path, const uint8_t *octets, size_t size);
void flow_expect_udf(const struct example *example, const char *path, const struct kc_point *point);

/* The sum of two keys, whole. */
struct kc_key flow_sum(const struct kc_key *a, const struct kc_key *b);

/* Opens an envelope for a recipient by the point that was agreed on, and compares each step that
 * the example prints below steps; plaintext: steps.plaintext. */
void flow_decrypt(const struct example *example, struct kc_json envelope,
    const struct kc_point *agreed, const char *steps, const struct kc_dare_signature *signature);

#endif
