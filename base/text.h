/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminated text in arrays of fixed size: the one way to copy and to append it. What does not fit
 * is refused whole, never cut.
 */
#ifndef KC_BASE_TEXT_H
#define KC_BASE_TEXT_H

#include "base/error.h"

#include <string.h>

/* Copies source into destination[size]. False, and destination untouched: it does not fit. */
KC_CHECKED bool kc_text_copy(char *destination, size_t size, const char *source);

/* Appends source to the text in destination[size]. False, and destination untouched: it does not
 * fit. */
KC_CHECKED bool kc_text_append(char *destination, size_t size, const char *source);

/* Copies an array of text into another that is at least as large, so that it always fits; with
 * anything else it does not compile. */
#define KC_TEXT_COPY_ARRAY(destination, source)                                                    \
    do {                                                                                           \
        _Static_assert(sizeof(destination) >= sizeof(source), "the text may not fit");             \
        _Static_assert(!__builtin_types_compatible_p(__typeof__(source), char *) &&                \
                           !__builtin_types_compatible_p(__typeof__(source), const char *),        \
            "an array, not a pointer");                                                            \
        memcpy((destination), (source), sizeof(source));                                           \
    } while (0)

#endif
