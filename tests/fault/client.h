/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests ask a custodian over its socket, in words of the domain. Whatever is acknowledged is
 * checked with OpenSSL: a wrong signature or agreement fails the running test.
 */
#ifndef KC_TESTS_FAULT_CLIENT_H
#define KC_TESTS_FAULT_CLIENT_H

#include "proto/socket/client.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"

#define PIN "correct horse battery"
#define DEADLINE_MS 20000
#define ENVELOPE_MAX 1024 /* octets */

/* A field of a request. A number is in `size`. */
struct given {
    enum kc_field field; /* KC_FIELDS ends a list */
    const void *bytes;
    size_t size;
};
#define TEXT(name, text)                                                                           \
    {                                                                                              \
        KC_FIELD_##name, (text), strlen(text)                                                      \
    }
#define OCTETS(name, octets, count)                                                                \
    {                                                                                              \
        KC_FIELD_##name, (octets), (count)                                                         \
    }
#define NUMBER(name, value)                                                                        \
    {                                                                                              \
        KC_FIELD_##name, NULL, (value)                                                             \
    }

/* ASK(client, KEY_SHOW, &answer, TEXT(KEY, id)): answer may be NULL; else kc_client_answer_free. */
#define ASK(client, operation, answer, ...)                                                        \
    ask(client, KC_OPERATION_##operation, answer,                                                  \
        (const struct given[]){__VA_ARGS__, {KC_FIELDS, NULL, 0}})
#define ASK_NOTHING(client, operation, answer)                                                     \
    ask(client, KC_OPERATION_##operation, answer, (const struct given[]){{KC_FIELDS, NULL, 0}})
enum kc_error ask(struct kc_client *client, enum kc_operation operation,
    struct kc_client_answer **answer, const struct given *fields);

/* Writes the fields into a request that was initialised. */
void give(struct kc_client_request *request, const struct given *fields);

#define assert_answer(call, error) assert_string_equal(kc_error_name(call), kc_error_name(error))

struct kc_client *connect_to(const struct kc_custodian *custodian);

/* A value that an answer must have. */
const struct kc_value *value_of(const struct kc_client_answer *answer, enum kc_field field);
void copy_text(const struct kc_client_answer *answer, enum kc_field field, char text[static 65]);

/* --- keys --- */

struct key {
    char id[65];
    char algorithm[9];
    uint8_t public[57]; /* signed encoding; of a share: of the split key */
    size_t public_size;
};

/* keyring: home. */
enum kc_error generate(struct kc_client *client, const char *algorithm, const char *role,
    const char *residence, const char *label, struct key *key);

/* Signs or agrees with a whole application key. */
enum kc_error use_key(struct kc_client *client, const struct key *key);

/* A peer of the test's own, and what OpenSSL says that it agrees on with a key. */
struct peer {
    uint8_t public[57], z[56]; /* whole point; agreed octets */
    size_t public_size, z_size;
};
void make_peer(const struct key *key, struct peer *peer);

/* Makes a peer, and agrees with it. */
enum kc_error agree(struct kc_client *client, const struct key *key, struct peer *peer);

enum kc_error destroy_key(struct kc_client *client, const char *id);

/* --- split keys --- */

/* A key in two shares, of two custodians. public: of the split key. */
struct split {
    struct key first, service;
    uint8_t envelope[ENVELOPE_MAX];
    size_t envelope_size;
};

/* Sets the operator's PIN, and enrols a wrap key: one that nobody has, or one that
 * another custodian makes. */
void set_pin(struct kc_client *client);
void enrol_nobody(struct kc_client *client, char recipient[static 65]);
void enrol_service(struct kc_client *client, struct kc_client *service, struct key *wrap);
void enrol(struct kc_client *client, const char *algorithm, const uint8_t *public, size_t size,
    const char *label, char id[static 65]);

enum kc_error split_key(
    struct kc_client *client, const struct key *key, const char *recipient, struct split *split);
enum kc_error accept_share(
    struct kc_client *client, const char *wrap, const char *label, struct split *split);

/* Agrees or signs with both shares; the result is that of the split key. */
enum kc_error use_split(
    struct kc_client *first, struct kc_client *service, const struct split *split);

#endif
