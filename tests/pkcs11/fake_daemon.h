/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian for tests of the module: a thread on a socket of its own that speaks the socket API
 * by the daemon's own codec and computes nothing. Its answers can be checked by eye: a signature is
 * the message's first octet, repeated; an agreement the peer's last octet, the last one inverted;
 * what is encrypted or decrypted comes out as it went in, with the tag or without.
 */
#ifndef KC_TESTS_PKCS11_FAKE_DAEMON_H
#define KC_TESTS_PKCS11_FAKE_DAEMON_H

#include "proto/socket/message.h"

#define FAKE_KEYS_MAX 300
#define FAKE_OBJECTS_MAX 16

struct fake_key {
    char id[40];
    char algorithm[16];
    const char *keyring;
    char label[65];
    const char *role;
    const char *state;
    char use[9];
    uint8_t public[526];
    size_t public_size;
    uint8_t identifier[64];
    size_t identifier_size;
    bool confirm, login;
};

/* A certificate, a public key or data. */
struct fake_object {
    char id[40]; /* "": the place is free */
    char kind[16];
    char keyring[65];
    char label[65];
    uint8_t identifier[64], attributes[256], value[2048];
    size_t identifier_size, attributes_size, value_size;
};

/* What the daemon offers and how it behaves. The test changes it only while nothing is asked. */
struct fake_state {
    const char *keyrings[4]; /* up to NULL */
    struct fake_key keys[FAKE_KEYS_MAX];
    size_t key_count;
    struct fake_object objects[FAKE_OBJECTS_MAX];
    unsigned object_number;            /* of the last one that was made */
    size_t page;                       /* items in one page of a listing */
    enum kc_error fail[KC_OPERATIONS]; /* answer each request of an operation with this */
    size_t cut;                        /* drop the connection instead of the next so many answers */
    bool wrong_size;                   /* answer one octet less than asked */
    bool holds; /* keep the next answer with random octets, fake_wait_held() */
    size_t asked[KC_OPERATIONS];

    /* of keyrings: all have the same */
    bool login_required;
    const char *user_pin_state, *so_pin_state; /* none set failed wait */
    char user_pin[65], so_pin[65];
    char logged_in[33]; /* as whom; "": nobody */
    char confirmed[40]; /* for which key */

    /* of the last request */
    char last_scheme[9], last_hash[17], last_mgf_hash[17], last_use[9], last_cipher[17];
    bool last_hashed;
    uint64_t last_salt_size, last_size;
    size_t last_message_size;
};

extern struct fake_state fake;

/* Resets the state to keyrings "home" and "work" and keys labelled like their algorithms in "home":
 * one of each curve and RSA-2048; puts the socket into the environment. Then listens, with start. */
void fake_daemon_prepare(void);
void fake_daemon_start(void);
#define FAKE_NIST_KEYS 3
#define FAKE_EDWARDS_KEYS 4

/* Adds a key; its public octets are all `fill`. */
struct fake_key *fake_add_key(
    const char *algorithm, const char *keyring, const char *label, const char *role, uint8_t fill);

/* Stops listening and drops all connections, as a daemon that ends; comes
 * back with the same state. */
void fake_daemon_pause(void);
void fake_daemon_resume(void);

/* Waits until an answer is kept; it is sent when keyrings are listed. */
void fake_wait_held(void);

/* Ends it and removes its socket. */
void fake_daemon_stop(void);

/* The octet that signs a message of none. */
#define FAKE_SIGNATURE_EMPTY 0xee

#endif
