/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian for tests of the module: a thread on a socket of its own that speaks the socket API
 * by the daemon's own codec and computes nothing. Its answers can be checked by eye: a signature is
 * the octets of fake_signature, an agreement those of fake_agreement.
 */
#ifndef KC_TESTS_PKCS11_FAKE_DAEMON_H
#define KC_TESTS_PKCS11_FAKE_DAEMON_H

#include "proto/socket/message.h"

#define FAKE_KEYS_MAX 300

struct fake_key {
    char id[40];
    const char *algorithm;
    const char *keyring;
    char label[40];
    const char *role;
    const char *state;
    uint8_t public[57];
    size_t public_size;
};

/* What the daemon offers and how it behaves. The test changes it only while nothing is asked. */
struct fake_state {
    const char *keyrings[4]; /* up to NULL */
    struct fake_key keys[FAKE_KEYS_MAX];
    size_t key_count;
    size_t page;                       /* items in one page of a listing */
    enum kc_error fail[KC_OPERATIONS]; /* answer each request of an operation with this */
    size_t cut;                        /* drop the connection instead of the next so many answers */
    bool wrong_size;                   /* answer one octet less than asked */
    size_t asked[KC_OPERATIONS];
    char last_scheme[9];
    size_t last_message_size;
};

extern struct fake_state fake;

/* Resets the state to keyrings "home" and "work" and four keys labelled like their algorithms in
 * "home"; listens, and puts the socket into the environment. */
void fake_daemon_start(void);

/* Adds a key; its public octets are all `fill`. */
struct fake_key *fake_add_key(
    const char *algorithm, const char *keyring, const char *label, const char *role, uint8_t fill);

/* Stops listening and drops all connections, as a daemon that ends; comes
 * back with the same state. */
void fake_daemon_pause(void);
void fake_daemon_resume(void);

/* Ends it and removes its socket. */
void fake_daemon_stop(void);

/* The octets that the fake answers for a message or a peer: the first octet of it, repeated. */
#define FAKE_SIGNATURE_EMPTY 0xee /* for a message of no octets */

#endif
