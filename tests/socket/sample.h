/* SPDX-License-Identifier: Apache-2.0 */
/* Messages made from the tables: any operation, fields there or not, values of any permitted size.
 * The same seed makes the same message. */
#ifndef KC_TESTS_SOCKET_SAMPLE_H
#define KC_TESTS_SOCKET_SAMPLE_H

#include "proto/socket/message.h"

#define SAMPLE_DESCRIPTORS KC_DESCRIPTORS_MAX /* descriptors that a sample may name */

struct sample {
    struct kc_message message;
    struct kc_values items[KC_ITEMS_MAX];
    struct kc_message batch[KC_BATCH_MAX];
    uint8_t pool[256 * 1024]; /* what the values lend */
    size_t used;
    uint64_t random;
};

/* A request of an operation; of a batch: of one to five requests. */
void sample_request(struct sample *sample, enum kc_operation operation, uint64_t seed);

/* An answer to an operation, with an error or KC_OK; a batch answers as sample_request asked with
 * the same seed. */
void sample_answer(
    struct sample *sample, enum kc_operation operation, enum kc_error error, uint64_t seed);

/* Whether two messages say the same. */
bool sample_equal(const struct kc_message *a, const struct kc_message *b);

#endif
