/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nonces of FROST between the two rounds of a signature (RFC 9591). A session is a pair of nonces, in
 * the arena: it is taken out by the second round, by an abort, or ends at its deadline, with its
 * share, or with the process. Nothing of it is ever stored. Thread-safe.
 *
 * Unlike the commitments of a first party (sessions.h), those for several users may be open at once:
 * a factor over the whole list of commitments binds each. One user has one open of a share, the last,
 * and at most half of all. A session belongs to a user, not to a connection: between the rounds others are asked.
 * Another custodian is the user that its certificate stands for.
 */
#ifndef KC_CUSTODIAN_VAULT_FROST_SESSIONS_H
#define KC_CUSTODIAN_VAULT_FROST_SESSIONS_H

#include "custodian/record.h"
#include "threshold/frost.h"

#define KC_FROST_HANDLE_SIZE 16
#define KC_FROST_MESSAGE_DIGEST_SIZE 64 /* SHA-512 */

struct kc_frost_sessions;

struct kc_frost_session {
    struct kc_frost_session *next;
    char share[KC_RECORD_ID_SIZE];
    uint32_t user;
    uint64_t deadline_ms;
    uint8_t handle[KC_FROST_HANDLE_SIZE]; /* random: names the session, and binds its nonces */
    bool has_message;                     /* it was told in round one, and no other is signed */
    uint8_t message[KC_FROST_MESSAGE_DIGEST_SIZE];
    struct kc_frost_nonces nonces; /* secret */
};

/* An empty session, in the arena. Given. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_frost_session_new(struct kc_frost_session **session);

/* Wipes the nonces. */
void kc_frost_session_free(struct kc_frost_session *session);

/* limit: sessions of all shares. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_frost_sessions_new(size_t limit, struct kc_frost_sessions **sessions);
void kc_frost_sessions_free(struct kc_frost_sessions *sessions);

/* Keeps a session, in the place of the one that its user had of this share; given on KC_OK.
 * KC_ERR_LIMIT: there are too many, or too many of its user's */
KC_CHECKED enum kc_error kc_frost_sessions_put(
    struct kc_frost_sessions *sessions, struct kc_frost_session *session);

/* Takes a session out, of this share and user. Given; NULL if there is none. */
struct kc_frost_session *kc_frost_sessions_take(
    struct kc_frost_sessions *sessions, struct kc_span handle, const char *share, uint32_t user);

/* Ends the sessions of a share that must not be used any more, and those past their deadline. */
void kc_frost_sessions_close_share(struct kc_frost_sessions *sessions, const char *share);
void kc_frost_sessions_expire(struct kc_frost_sessions *sessions, uint64_t now_ms);

/* The nearest deadline; UINT64_MAX for none. */
uint64_t kc_frost_sessions_deadline(struct kc_frost_sessions *sessions);

size_t kc_frost_sessions_count(struct kc_frost_sessions *sessions);

#endif
