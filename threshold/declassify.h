/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places where a value that was computed from secrets becomes public. Each call has its reason
 * beside it.
 *
 * In the constant-time tests (KC_MEMCHECK) secrets are undefined memory to valgrind, and a branch
 * on one is reported; this is how it learns what may be branched on. Otherwise it does nothing.
 */
#ifndef KC_THRESHOLD_DECLASSIFY_H
#define KC_THRESHOLD_DECLASSIFY_H

#include "base/ct.h"

#include <stdbool.h>

#ifdef KC_MEMCHECK
#include <valgrind/memcheck.h>
#endif

static inline void kc_declassify(const void *bytes, size_t size)
{
#ifdef KC_MEMCHECK
    (void)VALGRIND_MAKE_MEM_DEFINED(bytes, size);
#else
    (void)bytes;
    (void)size;
#endif
}

/* An answer that is given away: accepted, or refused. */
static inline bool kc_declassify_answer(kc_mask answer)
{
    kc_declassify(&answer, sizeof answer);
    return answer != 0;
}

#endif
