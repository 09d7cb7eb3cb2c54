/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are refused, each with the reason for it in its name. Also
 * seeds of the fuzz target. */
#ifndef KC_TESTS_SOCKET_MALFORMED_H
#define KC_TESTS_SOCKET_MALFORMED_H

#include "base/error.h"

#include <stdint.h>

struct malformed {
    const char *name;
    const void *bytes;
    size_t size;
    enum kc_error error;
    uint64_t id; /* of the answer: 0 if the message is refused before its id */
};

/* NULL after the last. */
const struct malformed *malformed_at(size_t position);

#endif
