/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian, or a front end, that is held at the n-th write of what it is asked, so that it can be
 * killed just there: no times, no chance. stop_hook.c says what writes are.
 *
 * A test has one page of stops, for all that it starts while it is offered.
 */
#ifndef KC_TESTS_FAULT_STOPS_H
#define KC_TESTS_FAULT_STOPS_H

#include "tests/fault/stop_page.h"

#include <stdbool.h>

/* Makes the page, and removes it. */
void stops_init(void);
void stops_done(void);

/* What is started in between can be held. */
void stops_offer(void);
void stops_end_offer(void);

/*
 * Runs something in a thread of its own until it is over, or until the n-th write from now (1 is the
 * first) is held before it is done.
 *
 * Returns who is held; STOP_SIDES: nobody, it is over.
 */
enum stop_side stops_run(uint32_t n, void (*run)(void *context), void *context);

/* How many writes the last one was short of n: 0 if somebody was held. */
uint32_t stops_left(void);

/* Lets go who is held, unless it was killed meanwhile, and waits until what ran is over. */
void stops_finish(void);

/* How far ahead the clock of the processes is from now on. */
void stops_set_clock(int64_t seconds);
int64_t stops_clock(void);

#endif
