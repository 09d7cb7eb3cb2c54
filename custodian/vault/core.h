/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the vault's core: the vault. What a call is, is in call.h; what handlers need of the store,
 * the caller's rights, PINs and keys in fetch.h, access.h, pin.h and key.h.
 */
#ifndef KC_CUSTODIAN_VAULT_CORE_H
#define KC_CUSTODIAN_VAULT_CORE_H

#include "custodian/vault/brought.h"
#include "custodian/vault/cache.h"
#include "custodian/vault/call.h"
#include "custodian/vault/call_list.h"
#include "custodian/vault/entropy.h"
#include "custodian/vault/frost_sessions.h"
#include "custodian/vault/keeper.h"
#include "custodian/vault/ledger.h"
#include "custodian/vault/sealer.h"
#include "custodian/vault/sessions.h"

#include <pthread.h>
#include <stdatomic.h>

#define KC_PENDING_BUCKETS 256

/* Of keys that are made in roots (resident.h), under the vault's lock. */
struct kc_resident_life {
    uint8_t tag[KC_ROOT_KEY_TAG_SIZE - KC_ROOT_MAKER_SIZE]; /* random, of this life */
    size_t under_way; /* keys that are made, or wait for their records to be stored */
    bool has_left;    /* a root did not say that it made, keeps or destroyed one of this life */
};

struct kc_vault {
    const struct kc_config *config;
    const struct kc_vault_outside *outside;
    const char *users;
    uint64_t started; /* seconds since 1970 */
    struct kc_resident_life resident;
    atomic_bool stopping;

    /* The lock is held for reading while something is done for the desk of this number, for writing
     * while the number changes. */
    pthread_rwlock_t desk_lock;
    atomic_uint_fast64_t desk;

    struct kc_entropy *entropy;
    struct kc_keeper *keeper;
    struct kc_clients *clients;
    struct kc_cache *cache;
    struct kc_brought *brought;
    struct kc_sessions *sessions;
    struct kc_frost_sessions *frost;
    struct kc_sealer *sealer;
    struct kc_handouts *handouts; /* handouts.h */
    struct kc_mesh_state *mesh;
    struct kc_ledger ledger;

    pthread_mutex_t lock;                            /* of what follows */
    struct kc_call_list pending[KC_PENDING_BUCKETS]; /* wait for FETCHED or ASKED, by ticket */
    size_t pending_count;
    size_t asking_count;          /* of those: wait for ASKED */
    struct kc_call_list runnable; /* go on when the present packet is done */
    struct kc_call_list slow;     /* take seconds: one at a time, after what came with them */
    bool is_slow;                 /* somebody does one of them */
    struct kc_call_list waiting;  /* for the ledger that another opens */
    struct kc_call_list settling; /* for a change that is on its way */
};

/* --- run.c: how calls run, wait and go on --- */

/* Runs a call until it ends or waits; it is not the caller's any more. */
void kc_call_run(struct kc_call *call);

/* Runs what is runnable, until nothing is. */
void kc_vault_run_all(struct kc_vault *vault);

/* Commits together what the packet has brought, and runs what that lets go on. */
void kc_vault_begin_changes(struct kc_vault *vault);

/* Appends to what is runnable: it goes on when the present packet is done. */
void kc_vault_resume(struct kc_vault *vault, struct kc_call_list *calls);

/* Gives the turn of a share up: the next in line is runnable. */
void kc_vault_leave(struct kc_vault *vault, const char *share);

/* Closes the open session of a share that must not be used any more. */
void kc_vault_close_share(struct kc_vault *vault, const char *share);

/* Sends a message to the desk that a call came from, if that is still there. */
void kc_call_send(struct kc_call *call, const struct kc_vault_message *message,
    const struct kc_descriptors *descriptors);

#endif
