/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moments as Mesh documents write them: RFC 3339, UTC, whole seconds: 2021-08-05T16:37:31Z.
 */
#ifndef KC_PROTO_MOMENT_H
#define KC_PROTO_MOMENT_H

#include "base/error.h"

#include <stdint.h>

#define KC_MOMENT_SIZE 21          /* characters that are written, terminator included */
#define KC_MOMENT_READ_MAX 40      /* characters that are read, terminator included */
#define KC_MOMENT_MAX 253402300799 /* 9999-12-31T23:59:59Z */

/* Reads a moment from 1970 on; a fraction of a second is dropped. False: it is none. */
bool kc_moment_parse(const char *text, int64_t *seconds);

/* Writes a moment of 0..KC_MOMENT_MAX seconds since 1970; false: another. */
KC_CHECKED bool kc_moment_print(int64_t seconds, char text[KC_MOMENT_SIZE]);

#endif
