/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection of a client, and what is under way on it. Private to libcustodian.
 *
 * One lock guards a client. It is let go just to wait: for a change of the client's state, or, by
 * one thread at a time (the reader), for the socket. The reader delivers whatever comes to the slot
 * that it belongs to, and wakes the thread that waits for that slot and no other; when it has its
 * own answer it wakes one that reads on. The socket is closed only when no thread waits on it, as its
 * number could be another file's a moment later. Who connects does that without the lock as well: it can
 * take as long as the daemon wants.
 *
 * Deadlines are milliseconds on the monotonic clock, or KC_NEVER.
 */
#ifndef KC_PROTO_SOCKET_CLIENT_LINK_H
#define KC_PROTO_SOCKET_CLIENT_LINK_H

#include "proto/socket/client_answer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <sys/un.h>

#define KC_NO_SOCKET (-1)
#define KC_NEVER INT64_MAX

enum kc_slot_state {
    KC_SLOT_FREE,
    KC_SLOT_WAITING,
    KC_SLOT_ABANDONED, /* nobody waits any more, but the daemon works on it */
    KC_SLOT_DONE,
};

/* A request under way. */
struct kc_slot {
    enum kc_slot_state state;
    bool attended; /* a thread is in a call for it, and ends it: it is nobody else's to receive */
    uint64_t id;
    uint64_t connection;             /* that it was sent on */
    enum kc_error error;             /* DONE: why there is no answer */
    struct kc_client_answer *answer; /* owned */
};

/* The threads that wait for one slot. */
struct kc_slot_wait {
    pthread_cond_t answered;
    unsigned int threads;
};

struct kc_client {
    struct sockaddr_un address;
    _Atomic pid_t owner; /* process that the rest belongs to; -pid while that one takes it over */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* anything, for those that wait for no slot */
    int socket;
    int connecting; /* a socket to be; others wait for what becomes of it. KC_NO_SOCKET: none */
    uint64_t connection;  /* counts them */
    bool lost;            /* the socket is to be closed as soon as nobody waits on it */
    bool reading;         /* a thread is the reader */
    unsigned int waiting; /* threads that wait on the socket */
    uint64_t last_id;
    struct kc_slot slots[KC_IN_FLIGHT_MAX];
    struct kc_slot_wait waits[KC_IN_FLIGHT_MAX];
    struct kc_slot_wait *woken; /* when the lock is let go: it would just wait for that; or NULL */
    uint8_t out[KC_MESSAGE_SIZE_MAX], in[KC_MESSAGE_SIZE_MAX];
};

/* When a number of milliseconds from now is; KC_CLIENT_FOREVER is KC_NEVER. */
int64_t kc_link_deadline(int deadline_ms);

/* Nothing connected, nothing under way; for a client of zeros, or after kc_link_close. */
void kc_link_init(struct kc_client *client);

/* Closes the socket and frees what is under way, whoever has the lock. In a forked child what is under
 * way is the parent's: it is forgotten. */
void kc_link_close(struct kc_client *client);

/* Takes the lock. In a forked child everything of the parent's is given up first. */
void kc_link_enter(struct kc_client *client);
void kc_link_leave(struct kc_client *client);

/* --- with the lock held --- */

/* Frees a slot and the answer that it still has; who waits for a place is told. */
void kc_slot_free(struct kc_client *client, struct kc_slot *slot);

/* No thread is in a call for it any more. Who waits for a place is told, as it may have to read now. */
void kc_slot_leave(struct kc_client *client, struct kc_slot *slot);

/* The slot of a request under way; NULL if there is none. */
struct kc_slot *kc_link_find(struct kc_client *client, uint64_t id);

/* Connects unless connected already. Errors of kc_client_call. */
KC_CHECKED enum kc_error kc_link_connect(struct kc_client *client, int64_t deadline);

/* Ends the connection: whatever is under way fails with error. */
void kc_link_drop(struct kc_client *client, enum kc_error error);

/* The connection was found ended: takes what was answered before, then drops it. */
void kc_link_drain(struct kc_client *client);

/* Waits, without the lock, until the socket may take a message: other things may have changed after it.
 * What comes meanwhile is received, as a daemon that cannot answer reads no more. KC_ERR_TIMED_OUT */
KC_CHECKED enum kc_error kc_link_wait_to_send(struct kc_client *client, int64_t deadline);

/* Waits until something happened, as the reader or for the reader: to a slot, or, with NULL, to any.
 * The reader comes back when a message came, or near the deadline, whatever else happens.
 * KC_ERR_TIMED_OUT */
KC_CHECKED enum kc_error kc_link_step(
    struct kc_client *client, const struct kc_slot *slot, int64_t deadline);

/* Waits until another thread changed anything, and never reads. KC_ERR_TIMED_OUT */
KC_CHECKED enum kc_error kc_link_wait_change(struct kc_client *client, int64_t deadline);

/* Receives one message if nobody reads and one is there. False: none. */
bool kc_link_receive_waiting(struct kc_client *client);

#endif
