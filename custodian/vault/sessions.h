/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open commitments of first parties, and the turns of those who want one (design rule 7): a share
 * has one open commitment, everywhere; who comes meanwhile waits in line. Thread-safe.
 *
 * The turn of a share is held by a call that is about to open a session or to end one, or by the
 * open session.
 */
#ifndef KC_CUSTODIAN_VAULT_SESSIONS_H
#define KC_CUSTODIAN_VAULT_SESSIONS_H

#include "custodian/record.h"
#include "threshold/signature.h"

#define KC_SESSION_HANDLE_SIZE 16
#define KC_SESSION_OCTETS_MAX ((size_t)64 << 20) /* bytes of messages that open sessions keep */

struct kc_call;
struct kc_call_list;
struct kc_sessions;

/* In the arena. It keeps the message, as the commitment is bound to it. */
struct kc_session {
    char share[KC_RECORD_ID_SIZE];
    uint8_t handle[KC_SESSION_HANDLE_SIZE];
    uint64_t connection;
    uint64_t deadline_ms;
    struct kc_signature_commitment commitment; /* secret */
    struct kc_signed_message message;          /* lends from octets */
    uint8_t *octets;                           /* context, then message */
    size_t octet_count;
};

/* A session with a copy of the message. Given. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_session_new(
    const struct kc_signed_message *message, struct kc_session **session);
void kc_session_free(struct kc_session *session);

/* limit: turns held or waited for at once. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_sessions_new(size_t limit, struct kc_sessions **sessions);

/* Frees the calls that wait, too. */
void kc_sessions_free(struct kc_sessions *sessions);

/*
 * Takes the turn of the share call->turn for this call, or lets it wait until call->wait_until_ms.
 *
 * *taken  false: the call is the list's now, and comes back by leave or expire
 *
 * KC_ERR_LIMIT
 */
KC_CHECKED enum kc_error kc_sessions_enter(
    struct kc_sessions *sessions, struct kc_call *call, bool *taken);

/* Opens a session for who holds its share's turn; the turn is the session's from here on.
 * KC_ERR_LIMIT: open sessions keep too many octets; nothing was taken. */
KC_CHECKED enum kc_error kc_sessions_open(struct kc_sessions *sessions, struct kc_session *session);

/* Takes an open session, with its turn, from those of a connection. Given; NULL if there is none.
 */
struct kc_session *kc_sessions_take(
    struct kc_sessions *sessions, struct kc_span handle, uint64_t connection, const char *share);

/* Gives the turn of a share up: the next in line is appended to runnable, with the turn. */
void kc_sessions_leave(
    struct kc_sessions *sessions, const char *share, struct kc_call_list *runnable);

/* Closes sessions: of a connection, of a share, or all; those in line go on. */
void kc_sessions_close_connection(
    struct kc_sessions *sessions, uint64_t connection, struct kc_call_list *runnable);
void kc_sessions_close_share(
    struct kc_sessions *sessions, const char *share, struct kc_call_list *runnable);
void kc_sessions_close_all(struct kc_sessions *sessions, struct kc_call_list *runnable);

/* Closes sessions past their deadline; calls that waited too long are appended to late. */
void kc_sessions_expire(struct kc_sessions *sessions, uint64_t now_ms,
    struct kc_call_list *runnable, struct kc_call_list *late);

/* The nearest deadline; UINT64_MAX for none. */
uint64_t kc_sessions_deadline(struct kc_sessions *sessions);

size_t kc_sessions_count(struct kc_sessions *sessions); /* open */
size_t kc_sessions_waiting(struct kc_sessions *sessions);

#endif
