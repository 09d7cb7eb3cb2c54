/* SPDX-License-Identifier: Apache-2.0 */
/* Wiping, apart from the arena of secret.h: for who has secrets but no memory of its own. */
#ifndef KC_BASE_WIPE_H
#define KC_BASE_WIPE_H

#include "base/language.h"

#include <stddef.h>

KC_C_BEGIN

/* Zeroes bytes in a way that the compiler may not drop. */
void kc_wipe(void *bytes, size_t size);

KC_C_END

#endif
