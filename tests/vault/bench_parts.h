/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the bench: private to its files. */
#ifndef KC_TESTS_VAULT_BENCH_PARTS_H
#define KC_TESTS_VAULT_BENCH_PARTS_H

#include "tests/vault/bench.h"

/* --- bench_outside.c --- */

struct kc_vault_outside bench_outside(struct bench *bench);

/* --- bench_store.c --- */

/* Stores what a COMMIT asks for, or nothing of it. place: of the record that the error is of. */
enum kc_error bench_commit(
    struct bench *bench, const struct kc_vault_message *message, uint32_t *place);

/* --- bench_desk.c --- */

/* descriptors: given */
void bench_give_packet(
    struct bench *bench, const struct kc_vault_message *message, const struct kc_descriptors *d);

/* Drops what the vault sent, by its place in the queue. */
void bench_drop_sent(struct bench *bench, size_t at);

/* The request was answered: its descriptors are closed. */
void bench_forget_ask(uint64_t ticket);

/* --- bench_deaths.c --- */

/* Fails unless it is known of each operation of the Mesh whether it changes something. */
void bench_check_operations(void);

/* Whether this request is one that the bench dies of. */
bool bench_dies_of(struct bench *bench, const struct ask *ask);

/* The answer of the vault that lived. The request's descriptors are closed. */
struct answer *bench_ask_with_deaths(struct bench *bench, struct ask *ask);

#endif
