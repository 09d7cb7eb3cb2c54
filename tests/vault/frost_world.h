/* SPDX-License-Identifier: Apache-2.0 */
/* Three custodians, of which the first deals a key to all, and what a coordinator does with them. */
#ifndef KC_TESTS_VAULT_FROST_WORLD_H
#define KC_TESTS_VAULT_FROST_WORLD_H

#include "custodian/vault/core.h"
#include "tests/vault/bench.h"

#define HOLDERS 3
#define THRESHOLD 2

/* The first holder dealt the key. */
struct world {
    struct bench *bench[HOLDERS];
    char *wrap[HOLDERS];  /* key and recipient of the others */
    char *key;            /* that was dealt */
    char *share[HOLDERS]; /* NULL: not accepted yet */
    uint8_t envelopes[8192];
    size_t envelopes_size;
    uint8_t public[KC_POINT_SIZE_MAX];
    size_t public_size;
};

/* CMocka's fixtures: *state is a struct world. */
int frost_setup(void **state);
int frost_teardown(void **state);

/* Enrols a new wrap key of a holder's with the first; its id is given. */
char *enrol(struct world *w, size_t holder, const char *label);

/* The request is refused so, with this detail. */
void expect_detail(struct bench *bench, struct ask *ask, enum kc_error error, const char *detail);

/* --- dealing and accepting --- */

struct ask deal_ask_by(const struct world *w, uint64_t threshold, const char *pin);
struct ask deal_ask(const struct world *w, uint64_t threshold);
void take_envelopes(struct world *w, const struct answer *answer);
void deal(struct world *w, const char *algorithm, const char *role);

/* The envelope of a holder, of those that were dealt. */
struct kc_span envelope_of(const struct world *w, size_t holder);
struct ask accept_ask(const struct world *w, size_t holder, struct kc_span envelope);
void accept_share(struct world *w, size_t holder);
void deal_to_all(struct world *w, const char *algorithm, const char *role);

/* --- signing --- */

/* What the coordinator carries. */
struct ceremony {
    const char *scheme; /* NULL: none is said */
    const char *message;
    size_t signers[HOLDERS], count; /* holders, ascending */
    uint8_t session[HOLDERS][KC_FROST_HANDLE_SIZE];
    uint8_t list[512], parts[256];
    size_t list_size, parts_size, commitment_size;
};

struct ask frost_ask(
    const struct world *w, enum kc_operation operation, size_t holder, const struct ceremony *c);
struct ask contribute_ask(const struct world *w, size_t holder, const struct ceremony *c);
struct ask aggregate_ask(const struct world *w, size_t holder, const struct ceremony *c);

/* A holder's part of a round, into the ceremony. The `ask` ones send what was asked already. */
void commit(struct world *w, size_t holder, struct ceremony *c);
void commit_by(struct bench *bench, struct ask *ask, size_t holder, struct ceremony *c);
void contribute(struct world *w, size_t holder, struct ceremony *c);
void contribute_by(struct bench *bench, struct ask *ask, struct ceremony *c);

/* Both rounds by the second and the third holder. */
struct ceremony rounds(struct world *w, const char *scheme, const char *message);
struct answer *sign(struct world *w, const char *scheme, const char *message);

/* How many sessions a holder has open. */
size_t open_sessions(const struct world *w, size_t holder);

#endif
