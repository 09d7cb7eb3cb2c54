/* SPDX-License-Identifier: Apache-2.0 */
/* CMocka with the headers that it wants before it. */
#ifndef KC_TESTS_SUPPORT_CMOCKA_H
#define KC_TESTS_SUPPORT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
