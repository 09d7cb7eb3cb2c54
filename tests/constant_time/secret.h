/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of every function that takes a secret, with the secret marked undefined for valgrind.
 *
 * What the library itself makes public, it declassifies (threshold/declassify.h). In these files a
 * value is declassified only where it leaves the party that made it: public halves of keys, R and
 * contributions that are sent, finished signatures, and what a test compares.
 */
#ifndef KC_TESTS_CONSTANT_TIME_SECRET_H
#define KC_TESTS_CONSTANT_TIME_SECRET_H

#include "threshold/scalar.h"
#include "threshold/signature.h"

/* Marks the octets as secret. */
void secret(void *bytes, size_t size);

/* Ends the process if a call that must succeed did not. */
void must(enum kc_error error);

/* A secret scalar: only the value is, not which curve it is of. */
struct kc_scalar secret_scalar(enum kc_curve curve, uint8_t seed);

struct kc_fresh fresh(uint64_t counter);

void constant_time_groups(void);
void constant_time_protocols(void);
void constant_time_padding(void);

#endif
