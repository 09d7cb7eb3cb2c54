/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian's store while no custodian has it, with the vault's own keys: for a tool that writes
 * very many records at once. Keeper, map and head are the vault's, the hardware root is that of the
 * configuration; what the ledger does for one commit after the other is done here for all of them
 * together. What fails ends the program.
 */
#ifndef KC_TESTS_BENCH_VAULT_H
#define KC_TESTS_BENCH_VAULT_H

#include "custodian/root/host.h"
#include "custodian/root/service.h"
#include "custodian/store/store.h"
#include "custodian/vault/core.h"

#include <stdbool.h>

struct bench_vault {
    struct kc_config *config;
    struct kc_root_host host;
    struct kc_root_service service;
    struct kc_vault_outside outside;
    struct kc_vault *vault;
    struct kc_store *store;
};

/* Ends the program with a message; or does so unless the condition holds. */
_Noreturn void bench_fail(const char *what);

static inline void bench_require(bool condition, const char *what)
{
    if (!condition)
        bench_fail(what);
}
#define BENCH_GOOD(call) bench_require((call) == KC_OK, #call)

/* Opens the store that a configuration names, as the user who owns it. */
void bench_vault_open(struct bench_vault *v, const char *config);
void bench_vault_close(struct bench_vault *v);

/* The record of a kind and id, authenticated; it lends its body until the next is read. */
void bench_vault_record(
    struct bench_vault *v, uint8_t kind, const char *id, struct kc_record *record);

/* Stores records in one transaction: they count when the map has them. */
void bench_vault_store(struct bench_vault *v, const struct kc_record *records, size_t count);

/* Gives the map what it lacks to take a record. */
void bench_vault_fetch(struct bench_vault *v, const struct kc_record *record);

/* Stores nodes of the map; and with them a head over all that was applied, if it is the last. */
void bench_vault_store_nodes(
    struct bench_vault *v, struct kc_store_node *nodes, size_t count, bool is_last);

#endif
