/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workbench for the vault's core: one process, a root that seals into a table, a desk that keeps
 * its records in an array and can be made to lie, and clocks that stand still.
 *
 * Everything fails the running test by itself, so tests read as what is asked and what is answered.
 */
#ifndef KC_TESTS_VAULT_BENCH_H
#define KC_TESTS_VAULT_BENCH_H

#include "custodian/mesh/envelope_make.h"
#include "custodian/vault/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BENCH_RECORDS 96
#define BENCH_SEALS 256
#define BENCH_QUEUE 64
#define BENCH_NODES 1024
#define BENCH_PIN "correct horse"

struct sent {
    uint8_t *bytes;
    size_t size;
    struct kc_descriptors descriptors;
};

/* A custodian: the vault, and all that is around it. */
struct bench_body {
    struct bench_body *next;
    uint8_t bytes[];
};

struct bench {
    struct kc_config config;
    struct kc_policy_rule rules[4];
    struct kc_vault_outside outside;
    struct kc_vault *vault;
    char folder[64];
    int listener;
    uint64_t next_connection, connection; /* what requests come from */
    int client;                           /* the other end of `connection` */
    uint64_t next_ticket;
    uint64_t seconds, milliseconds;

    uint8_t seals[BENCH_SEALS][KC_ROOT_KEY_SIZE];
    size_t seal_count;
    struct bench_head {
        bool is_there;
        uint8_t auth[KC_ROOT_AUTH_SIZE], content[KC_ROOT_HEAD_SIZE];
    } heads[KC_CONFIG_ROOTS_MAX]; /* of each root */
    bool retired[KC_CONFIG_ROOTS_MAX];
    size_t head_writes;
    enum kc_error head_error; /* KC_OK, or what the roots answer to all about the head */
    enum kc_error root_error; /* KC_OK, or what the roots answer to all */
    enum kc_error root_errors[KC_CONFIG_ROOTS_MAX]; /* the same of one */
    void (*during_root)(struct bench *bench);   /* happens when the root is asked; NULL: nothing */
    void (*during_random)(struct bench *bench); /* the same, of the system's randomness */

    struct kc_record records[BENCH_RECORDS];
    size_t record_count;
    struct bench_node {
        uint32_t number;
        uint8_t content[1024];
        size_t size;
    } nodes[BENCH_NODES];
    size_t node_count;
    struct bench_body *bodies; /* of the records */
    bool holds_stored;         /* COMMITs stay in the queue: bench_store_unheard */
    size_t holds_after;        /* of them, how many are stored before that */
    enum kc_error store_error; /* KC_OK, or the outcome of every COMMIT; nothing is stored then */
    bool lies_about_storing;   /* says KC_OK and stores nothing */
    size_t commits;
    size_t dies_at_commit; /* the vault dies with the n-th COMMIT from here on; 0: it does not */
    bool dies_stored;      /* which is stored, though nobody hears of it */
    size_t dies_at_root;   /* the vault dies when a root has done the n-th thing; 0: it does not */
    bool is_dead;          /* until bench_restart */
    bool dies_everywhere;  /* by bench_ask, at each write of what the Mesh changes: bench_deaths.c.
                            * Set if the environment has KC_BENCH_DEATHS */
    struct bench *peer;    /* the courier asks this one; NULL: questions stay in the queue */
    void (*peer_lie)(struct kc_vault_message *asked); /* changes its answer; NULL: honest */
    /* Changes a request on its way to the vault; NULL: honest. */
    void (*lie)(struct bench *bench, struct kc_vault_message *request);

    /* Takes what the desk gives the vault, to hand it over later; NULL: the vault has it at once. */
    void (*carry)(const void *packet, size_t size, const struct kc_descriptors *descriptors);

    struct kc_vault_event told; /* the last one; its key is told_key */
    char told_key[KC_RECORD_ID_SIZE];

    struct sent queue[BENCH_QUEUE]; /* what the vault sent and nobody took */
    size_t queued;
};

/* A request being written: fields, and descriptors for secrets. */
struct ask {
    struct kc_message message;
    struct kc_descriptors descriptors;
};

/* An answer; it lends from its own packet. Freed by bench_answer_done. */
struct answer {
    uint64_t ticket;
    enum kc_error error;
    struct kc_vault_message in;
    struct kc_values items[KC_ITEMS_MAX];
    struct sent sent;
};

struct bench *bench_new(void);
void bench_free(struct bench *bench);

/* The only rule allows everybody this operation and no other. */
void bench_allow_only(struct bench *bench, enum kc_operation operation);

/* Gives it a second root besides "main", with this name. */
void bench_add_root(struct bench *bench, const char *name);

/* As another start of the process: the vault forgets, the store stays. */
void bench_restart(struct bench *bench);

/* Has the vault compare the store with the root, as the first use of a record does. */
void bench_open(struct bench *bench);

/* CMocka's fixtures: *state is a struct bench. */
int bench_setup(void **state);
int bench_teardown(void **state);

/* Connects a client; requests come from it from here on. */
uint64_t bench_connect(struct bench *bench);

struct ask ask_new(enum kc_operation operation);
void ask_text(struct ask *ask, enum kc_field field, const char *text);
void ask_octets(struct ask *ask, enum kc_field field, const void *octets, size_t size);
void ask_secret(struct ask *ask, enum kc_field field, const void *octets, size_t size);
void ask_span(struct ask *ask, enum kc_field field, struct kc_span span);
void ask_number(struct ask *ask, enum kc_field field, uint64_t number);

/* A request about a key. */
struct ask key_ask(enum kc_operation operation, const char *key);
struct ask message_ask(enum kc_operation operation, const char *key, const char *message);

/* Sends a request with the records that its operation needs; the ticket. */
uint64_t bench_send(struct bench *bench, struct ask *ask);

/* The desk does what the vault asks of it, until nothing is left to do. */
void bench_pump(struct bench *bench);

/* Stores what COMMITs in the queue ask for, and says nothing: as when the vault dies then. */
void bench_store_unheard(struct bench *bench);

/* The answer to a ticket, if it has come. */
struct answer *bench_take(struct bench *bench, uint64_t ticket);

/* Sends, pumps, takes: there must be an answer. */
struct answer *bench_ask(struct bench *bench, struct ask *ask);

/* The same for one that must fail with this error, or with none and nobody looks at the answer. */
void bench_expect(struct bench *bench, struct ask *ask, enum kc_error error);

/* The same for a request about a key without other fields, and for one to sign with it. */
void bench_expect_key(
    struct bench *bench, enum kc_operation operation, const char *key, enum kc_error error);
void bench_expect_sign(struct bench *bench, const char *key, enum kc_error error);

void answer_done(struct answer *answer);

/* A field of an answer that must be there. */
const struct kc_value *answer_value(const struct answer *answer, enum kc_field field);
const char *answer_text(
    const struct answer *answer, enum kc_field field); /* static room, 4 texts */
size_t answer_secret(const struct answer *answer, enum kc_field field, uint8_t octets[64]);

/* A DATA or SECRET field, terminated; given (free). */
char *answer_octets(const struct answer *answer, enum kc_field field, size_t *size);

/* All that a store holds; of a bench, and put into one. */
struct bench_copy {
    struct kc_record records[BENCH_RECORDS];
    size_t record_count;
    struct bench_node nodes[BENCH_NODES];
    size_t node_count;
};
struct bench_copy *bench_copy(const struct bench *bench); /* given (free) */
void bench_restore(struct bench *bench, const struct bench_copy *copy);

/* The stored node of a number. */
struct bench_node *bench_node(struct bench *bench, uint32_t number);

/* The stored record of an id. */
struct kc_record *bench_record(struct bench *bench, uint8_t kind, const char *id);

/* Common askings. Ids are given (free). */
char *bench_generate(
    struct bench *bench, const char *algorithm, const char *role, const char *label);
void bench_set_pin(struct bench *bench);
char *bench_enrol(struct bench *service, struct bench *device, const char *algorithm);

/* Splits a key of the device to the service; both share ids are given. */
struct halves {
    char *device, *service;
};
struct halves bench_split(struct bench *device, struct bench *service, const char *key);
void halves_free(struct halves halves);

/* Whether a key opens an envelope that is encrypted to it, and the error if not. */
enum kc_error bench_opens(struct bench *bench, struct kc_mesh_source source, const char *key);

/* A peer to agree with: the public half of another key, whose id is given. */
struct kc_span bench_make_peer(struct bench *bench, const char *algorithm, char **id);

#endif
