/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk's system calls.
 *
 * The desk carries secrets in descriptors (sealed memfds) between clients and vault, and must not
 * be able to read one even when it has been taken over. So the calls that read or write a
 * descriptor are allowed for numbers up to M alone, where M is the highest one open at the start;
 * those numbers are all taken, and closing is allowed above M alone, so that what arrives in a
 * message always has a number above M. Nothing maps a descriptor, duplicates one, opens a file or
 * makes a socket. What is left above M is sendmsg, recvmsg, shutdown, accept4 and close: they work
 * on sockets, and a memfd is none.
 */
#ifndef KC_CUSTODIAN_DESK_SANDBOX_H
#define KC_CUSTODIAN_DESK_SANDBOX_H

#include "base/error.h"

/*
 * Takes every free number below the highest open descriptor, and filters. All files are open and
 * all threads started.
 *
 * lowest  M + 1: the lowest number that may be closed from here on
 *
 * KC_ERR_SANDBOX  logged
 */
KC_CHECKED enum kc_error kc_desk_sandbox(int *lowest);

#endif
