/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message with its descriptors over a SOCK_SEQPACKET socket, and octets in a sealed memfd.
 *
 * Used by client and daemon, and between the daemon's processes. No call raises SIGPIPE; every
 * descriptor that is made or received is close-on-exec.
 */
#ifndef KC_PROTO_SOCKET_TRANSPORT_H
#define KC_PROTO_SOCKET_TRANSPORT_H

#include "base/error.h"
#include "proto/socket/message.h"

#include <stdint.h>

/* Descriptors that came or go with a message: the first `count`. Whoever holds it closes them. */
struct kc_descriptors {
    int fd[KC_DESCRIPTORS_MAX];
    size_t count;
};

/* Closes them and leaves none. */
void kc_descriptors_close(struct kc_descriptors *descriptors);

/* Closes them at once, whoever was named to close: those that were made here, or by a sibling. A sealed
 * memfd is not in anybody's hands whose closing could take time. */
void kc_descriptors_close_own(struct kc_descriptors *descriptors);

/* Names who closes a descriptor from here on, for a process that closing must not hold up; for its
 * start, as it counts for all threads. */
void kc_descriptors_close_with(void (*close_one)(int descriptor));

/*
 * Sends one message of 1..limit-of-the-socket bytes; never waits.
 *
 * descriptors  borrowed; NULL for none
 *
 * KC_ERR_LIMIT            the socket takes no more now: poll for POLLOUT and repeat
 * KC_ERR_TOO_LARGE        more than the socket ever takes, or no bytes at all
 * KC_ERR_CONNECTION_LOST  the other side is gone
 */
KC_CHECKED enum kc_error kc_transport_send(
    int socket, const void *bytes, size_t size, const struct kc_descriptors *descriptors);

/*
 * Receives one message; never waits.
 *
 * size         0 with KC_OK: nothing is there now, poll for POLLIN
 * descriptors  given to the caller, on KC_OK only; on any failure they are closed
 *
 * KC_ERR_CONNECTION_LOST  the other side is gone, or sent an empty message, which looks like it
 * KC_ERR_TOO_LARGE        longer than limit; the message is lost
 * KC_ERR_BAD_REQUEST      more than KC_DESCRIPTORS_MAX descriptors; the message is lost
 */
KC_CHECKED enum kc_error kc_transport_receive(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors);

/* The same on a socket in blocking mode: waits for a message, so that *size is not 0. Of several
 * threads that wait, a message wakes one. */
KC_CHECKED enum kc_error kc_transport_wait(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors);

/* Waits no longer than the socket's SO_RCVTIMEO, or than until a signal comes: *size is 0 then. */
KC_CHECKED enum kc_error kc_transport_wait_a_while(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors);

/*
 * Puts octets into a new sealed memfd, which cannot be changed after it. The octets are copied; the
 * descriptor is given to the caller.
 *
 * KC_ERR_NO_MEMORY  it could not be made
 */
KC_CHECKED enum kc_error kc_sealed_make(const void *bytes, size_t size, int *descriptor);

/*
 * The size of a sealed memfd from outside, checked so that it can be read with kc_sealed_read: a
 * memfd, sealed against writing, growing and shrinking, of at most limit bytes.
 *
 * KC_ERR_BAD_REQUEST  not a memfd, or not sealed
 * KC_ERR_TOO_LARGE    more than limit bytes
 */
KC_CHECKED enum kc_error kc_sealed_size(int descriptor, size_t limit, size_t *size);

/*
 * Reads a whole sealed memfd, checked as by kc_sealed_size, into limit bytes of the caller's, which
 * may be in an arena: no copy is left anywhere else. The buffer is wiped on failure.
 *
 * KC_ERR_BAD_REQUEST, KC_ERR_TOO_LARGE  as kc_sealed_size
 */
KC_CHECKED enum kc_error kc_sealed_read(int descriptor, void *bytes, size_t limit, size_t *size);

#endif
