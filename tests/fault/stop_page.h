/* SPDX-License-Identifier: Apache-2.0 */
/* What a test and the library in a custodian's processes have in common (stop_hook.c, stops.h): one
 * page of a file, mapped by all of them. */
#ifndef KC_TESTS_FAULT_STOP_PAGE_H
#define KC_TESTS_FAULT_STOP_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

#define STOP_VARIABLE "KC_STOP_PAGE" /* the environment's: the path of the file */

enum stop_side { STOP_DESK, STOP_ROOT, STOP_FRONT, STOP_SIDES };

struct stop_page {
    _Atomic uint32_t armed; /* which write from now on, of whichever process, is to wait; 0: none */
    _Atomic uint32_t stopped; /* 1 + the enum stop_side of who waits; 0: nobody */
    _Atomic uint32_t ended;   /* what the test was doing is over without anybody waiting */
    _Atomic uint32_t events;  /* counts changes of both of the above; a futex */
    _Atomic uint32_t going;   /* counts how often who waits was let go; a futex */
    _Atomic int64_t clock_ms; /* how far the processes' clock is ahead */
};

#endif
