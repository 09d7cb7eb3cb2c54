/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: what keeps the store fresh. It commits changes, keeps the store's head, and anchors it
 * in the hardware root (head.h, map.h, docs/freshness.md). Part of the core; commit.c, open.c,
 * anchor.c and erase.c implement it.
 *
 *   commit   calls that want to store something wait in a queue; one change at a time takes what is
 *            there, up to a message, into the map, and goes to the desk with a new head. All of it
 *            is stored or nothing; if one record is refused its call fails, and the others go again.
 *   open     before the first record is believed, the head is compared with the root's anchor. An
 *            older store, or another one, is not opened. Then there is a new head, and it is
 *            anchored: what was left over from before this start is worth nothing any more.
 *   anchor   the head is written into the root: at once for those who wait for it, otherwise some
 *            time after a change, and never more often than the root's life allows.
 *
 * One thread at a time has the turn: it builds a change, takes its outcome, or anchors.
 */
#ifndef KC_CUSTODIAN_VAULT_LEDGER_H
#define KC_CUSTODIAN_VAULT_LEDGER_H

#include "custodian/vault/call_list.h"
#include "custodian/vault/head.h"
#include "custodian/vault/map.h"

#include <stdatomic.h>

struct kc_call;
struct kc_vault;

enum kc_ledger_state {
    KC_LEDGER_CLOSED,      /* the store was not compared with the root yet */
    KC_LEDGER_UNSETTLED,   /* another desk: which head the store has is to be seen */
    KC_LEDGER_OPEN,        /* records are believed */
    KC_LEDGER_ROLLED_BACK, /* the store is older than the root says, or another one */
};

enum kc_ledger_turn {
    KC_TURN_FREE,
    KC_TURN_TAKEN,    /* a thread has it */
    KC_TURN_FETCHING, /* the change waits for nodes */
    KC_TURN_STORING,  /* the change waits for STORED */
};

/* How far an opening is. */
struct kc_opening {
    struct kc_call *_Atomic call; /* that opens; NULL: none does */
    bool has_octets;              /* what the store has as its head was fetched */
    uint8_t octets[KC_HEAD_SIZE];
    size_t octets_size;
    bool is_making;   /* the store is new: its first record is on its way */
    bool is_compared; /* it is the one that the root has, or made from it, or is taken */
    bool is_older;    /* it is neither, and the operator takes it */
    bool is_anchored; /* a new one was made from it, and anchored */
};

/* How far the replacing of a root is; each step begins with its commit. */
enum kc_replacement_step {
    KC_REPLACEMENT_KEYS = 1, /* keys are sealed anew, one after the other; then, in one commit, the
                               * vault's own secret and the wrapping keys */
    KC_REPLACEMENT_HEAD = 2, /* the former root's copy of the head is to be removed */
    KC_REPLACEMENT_RETIRE = 3, /* and what else is in it */
};

/* One root is replaced by another: what the record of KC_KIND_ROOT with the id below says. Once it is
 * over the record is destroyed, with the step 0; one that was given up keeps the step that it was at. */
struct kc_replacement {
    char from[KC_RECORD_ROOT_SIZE]; /* empty: none is */
    char to[KC_RECORD_ROOT_SIZE];
    uint8_t step;
    bool leaves; /* resident keys stay where they are */
};

#define KC_RECORD_ID_REPLACEMENT "replacement"

struct kc_ledger {
    struct kc_map *map;
    atomic_int state; /* enum kc_ledger_state */
    bool made;        /* by this process, so that what was looked for before may be there */
    struct kc_opening opening;     /* its call's */
    enum kc_ledger_turn turn;      /* under the vault's lock, and so are the lists */
    struct kc_call_list queue;     /* wait to be stored */
    struct kc_call_list batch;     /* of the present change */
    struct kc_call_list anchoring; /* stored; wait for the anchor */
    size_t waiting;                /* calls in all three */

    /* whose turn it is has these */
    uint64_t desk;                    /* that the present change is for */
    unsigned tries;                   /* fetches for the present change */
    uint8_t *packed;                  /* KC_VAULT_MESSAGE_MAX octets: its records and nodes */
    struct kc_vault_message *message; /* that it is sent in */
    struct kc_span records[KC_VAULT_CHANGES_MAX];
    struct kc_call *owners[KC_VAULT_CHANGES_MAX];
    size_t record_count;
    size_t packed_size;
    struct kc_head next; /* the change's */
    uint8_t next_digest[KC_HEAD_DIGEST_SIZE];
    bool has_next; /* it was sent, and may be stored */

    /* written by whose turn it is, under the vault's lock */
    struct kc_head head; /* of the store */
    uint8_t digest[KC_HEAD_DIGEST_SIZE];
    struct kc_anchor *anchor; /* of the root; secret, in the arena */
    bool has_anchor;          /* there is one in the root */
    bool detects;             /* the root can keep one */
    bool is_dirty;            /* the head is not anchored */
    uint64_t anchor_at_ms;    /* the earliest time for it */
    uint64_t credit_ms;       /* saved up for writes; one costs the configured interval */
    uint64_t credited_at_ms;
    bool accepts;   /* the operator takes the store whose head was found, as it is */
    uint64_t least; /* the next head has at least this number */
    uint64_t found; /* number of the head that was rolled back to */
    uint8_t found_digest[KC_HEAD_DIGEST_SIZE];

    /* of erasing, under the vault's lock */
    struct kc_record generations[KC_GENERATIONS]; /* their records; no id: none */
    bool is_moving;                               /* secrets, from one to the other */
    bool is_erasing;                     /* a call of the vault's own does it, or opens for it */
    char moved_until[KC_RECORD_ID_SIZE]; /* up to this id all are under the newest */
    uint64_t erase_at_ms;                /* not before, however due */
    uint64_t open_at_ms;                 /* to see what is due, if nobody has opened it */

    /* of replacing a root, under the vault's lock */
    struct kc_replacement replacement;
    char replaced_until[KC_RECORD_ID_SIZE]; /* up to this id no key is sealed by the former root */
};

/* KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_ledger_init(struct kc_vault *vault);
void kc_ledger_done(struct kc_vault *vault);

/* --- open.c --- */

bool kc_ledger_is_open(const struct kc_vault *vault);

/* It is, or was until the desk went, and nothing was on its way then: the head in memory is the newest
 * that was stored. */
bool kc_ledger_knows_head(const struct kc_vault *vault);

/*
 * Goes on with the opening of the ledger, or has the call wait for who does. If the call is to wish
 * for something, *that* comes first; when nothing is left to wish for and KC_OK is returned, the
 * ledger is open.
 *
 * makes  a store that is empty gets a root secret; if not, KC_ERR_REFUSED
 *
 * KC_ERR_STORE_ROLLED_BACK, KC_ERR_STORE_HEAD, KC_ERR_ROOT_HEAD, KC_ERR_ROOT_HEAD_TAKEN,
 * KC_ERR_RECORD_DAMAGED, and the root's
 */
KC_CHECKED enum kc_error kc_ledger_open(struct kc_call *call, bool makes);

/* The desk is gone, and with it all calls: an opening begins anew. The vault's lock is held. */
void kc_ledger_forget_opening(struct kc_vault *vault);

/* A call ends: if it was opening, another one may. */
void kc_ledger_leave(struct kc_call *call);

/* A generation whose record was not stored, or that the root did not take: nothing is under it. Whose
 * turn it is, or a call that began it. */
void kc_ledger_not_begun(struct kc_vault *vault, uint32_t number);

/* --- replace.c --- */

/* The replacement that is under way; from is empty if none is. */
struct kc_replacement kc_ledger_replacement(struct kc_vault *vault);

/* Takes note of it as its record has it now: when the ledger opens, and when a change to it was stored.
 * Of one that was given up the root that does not go on loses its anchor, if it is there. Whose turn it
 * is, or who opens. */
void kc_ledger_note_replacement(struct kc_vault *vault, const struct kc_record *record);

/* Whether a record is a new one under the root that is being replaced, and would be left behind. */
bool kc_ledger_is_left_behind(struct kc_vault *vault, const struct kc_record *record);

/*
 * Between the vault's own step and the next, each of both roots has an anchor that some store fits.
 * Once it is known which one goes on, and before anything else is acknowledged, the other root loses
 * its anchor, as far as it can be reached. Whose turn it is, or who opens.
 */
void kc_ledger_drop_other_anchor(struct kc_vault *vault);

/* --- anchor.c --- */

/* The next anchor has the PIN's verifier of this record. Whose turn it is, or who opens. */
void kc_ledger_note_operator(struct kc_vault *vault, const struct kc_record *record);

/* Puts a copy of the anchor into the root with this name. Whose turn it is. Errors of the root. */
KC_CHECKED enum kc_error kc_ledger_copy_anchor(struct kc_vault *vault, const char *name);

/* --- commit.c --- */

/* Stores what the call has staged, when it is its turn. The call is the ledger's from here on. */
void kc_ledger_commit(struct kc_call *call);

/* Begins what can begin; after each packet. */
void kc_ledger_run(struct kc_vault *vault);

/* Whether a change waits that can begin. The vault's lock is held. */
bool kc_ledger_may_begin(const struct kc_vault *vault);

/* Takes the turn if it is as `from` says. Who gives it back begins afterwards what came meanwhile
 * (kc_vault_begin_changes). */
KC_CHECKED bool kc_ledger_take_turn(struct kc_vault *vault, enum kc_ledger_turn from);
void kc_ledger_give_turn(struct kc_vault *vault);

/* The desk's answers with the ticket 0. KC_ERR_BAD_REQUEST: nothing waits for it. */
KC_CHECKED enum kc_error kc_ledger_stored(
    struct kc_vault *vault, enum kc_error error, uint32_t place);
KC_CHECKED enum kc_error kc_ledger_fetched(
    struct kc_vault *vault, const struct kc_vault_message *message);

/* The desk is gone: gives the calls that wait to the list, to be freed. */
void kc_ledger_desk_gone(struct kc_vault *vault, struct kc_call_list *calls);

/* --- anchor.c --- */

/* Writes the head into the root; whose turn it is. What fails stays planned. Errors of the root. */
enum kc_error kc_ledger_anchor(struct kc_vault *vault);

/* A change was stored: says when it is to be anchored at the latest. */
void kc_ledger_plan(struct kc_vault *vault);

/* Whether it is to be anchored now; takes the credit. */
bool kc_ledger_is_due(struct kc_vault *vault);

/* When to call kc_ledger_expire: milliseconds of the vault's clock, UINT64_MAX for never. */
uint64_t kc_ledger_deadline(struct kc_vault *vault);
void kc_ledger_expire(struct kc_vault *vault);

/* --- erase.c --- */

/* A generation was loaded from this record. */
void kc_ledger_keep_generation(struct kc_vault *vault, const struct kc_record *record);

/* Whether there are two generations, of which one is to end. */
void kc_ledger_note_moving(struct kc_vault *vault, bool is_moving);

/* There is a store to be opened, of which it is not known what is due: by who uses it, or by itself
 * some time from now. */
void kc_ledger_open_later(struct kc_vault *vault);

/* The call that rotates, or that opens the ledger to see whether that is due; given. NULL: not now. */
struct kc_call *kc_ledger_begin_erasing(struct kc_vault *vault);
void kc_ledger_erasing_ended(struct kc_vault *vault);

/* When to look whether it is due: milliseconds of the vault's clock, UINT64_MAX for never. */
uint64_t kc_ledger_erase_deadline(struct kc_vault *vault);

/* --- anchor.c --- */

/* Anchors before the process ends, if no change is on its way. */
void kc_ledger_stop(struct kc_vault *vault);

#endif
