/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the vault's core: the vault, and a call, which is one request on its way.
 *
 *     receive -> call -> handler: checks, then wishes ----> ANSWER: done
 *                           ^                         |---> COMMIT: waits for STORED -> answer
 *                           |                         |---> ASK: waits for ASKED -----------+
 *                           |                         |---> COMMIT AGAIN: waits for STORED --+
 *                           |                         |---> TURN: waits for a share's turn --+
 *                           |                         |---> SLOW: waits until the rest is done +
 *                           |                         |---> FETCH: waits for nodes ----------+
 *                           |                         |---> OPENED: waits for the ledger ----+
 *                           |                         |---> SETTLED: waits for a change -----+
 *                           |                         `---> NEED: forgotten, the desk asks again
 *                           `----------------------------------------------------------------'
 *
 * A handler runs from its start each time, over the request and its records, and does nothing that
 * lasts before its wish: what lasts are the changes that it staged, after STORED says so.
 */
#ifndef KC_CUSTODIAN_VAULT_CORE_H
#define KC_CUSTODIAN_VAULT_CORE_H

#include "base/secret.h"
#include "custodian/mesh/envelope_make.h"
#include "custodian/vault/brought.h"
#include "custodian/vault/cache.h"
#include "custodian/vault/clients.h"
#include "custodian/vault/entropy.h"
#include "custodian/vault/frost_sessions.h"
#include "custodian/vault/keeper.h"
#include "custodian/vault/ledger.h"
#include "custodian/vault/sealer.h"
#include "custodian/vault/sessions.h"
#include "custodian/vault/vault.h"
#include "proto/socket/transport.h"

#include <pthread.h>
#include <stdatomic.h>

#define KC_CALL_CHANGES_MAX ((size_t)24)
#define KC_CALL_KEPT_SIZE 8192 /* bytes of an answer that the call itself keeps */

enum kc_call_wish {
    KC_WISH_ANSWER,
    KC_WISH_COMMIT,
    KC_WISH_COMMIT_AGAIN,
    KC_WISH_TURN,
    KC_WISH_SLOW,
    KC_WISH_NEED,
    KC_WISH_FETCH,
    KC_WISH_OPENED,
    KC_WISH_SETTLED,
    KC_WISH_ASK,
};

/* Octets that a call keeps until it ends. */
struct kc_call_body {
    struct kc_call_body *next;
    uint8_t bytes[];
};

struct kc_call {
    struct kc_vault *vault;
    struct kc_call *next;              /* in the one list that it waits in */
    uint64_t desk;                     /* which desk it came from */
    uint8_t *packet;                   /* what the request lends from */
    struct kc_descriptors descriptors; /* the request's */
    struct kc_peer peer;
    struct kc_record *records; /* those of the request that are well formed; not believed yet */
    size_t record_count;
    bool damaged; /* one was not */

    enum kc_call_wish wish;
    size_t needed_count;           /* ids; KC_WISH_NEED */
    bool is_own;                   /* the vault's: no client and no call of the desk's */
    bool opens;                    /* the vault's own: it opens the ledger, and that is all */
    const char *note;              /* what came of it, for the log; static text; NULL: its error */
    bool is_slow;                  /* it has waited until it may take long */
    bool known;                    /* peer is read */
    bool made_in_root;             /* a key, whose record is on its way to the store */
    bool changed;                  /* records were changed for it, also if it fails after that */
    bool pin_counted;              /* this try of the PIN is in the store */
    bool is_confirmed;             /* the use of the key was, and that is used up */
    bool pin_proven;               /* it was right, and that is in the store too */
    bool proof_staged;             /* the first of the changes is that it was, and nothing else */
    enum kc_error outcome;         /* the answer's error when the changes are stored */
    struct kc_question *question;  /* to a peer; NULL: none was asked */
    struct kc_session *session;    /* a commitment that is open as long as the call */
    struct kc_mesh_making *making; /* an envelope that lacks its signature; NULL: none */
    bool has_turn;                 /* of the share that `turn` names */
    char turn[KC_RECORD_ID_SIZE];
    uint64_t wait_until_ms;
    size_t change_count;
    size_t settled_count; /* of `changes`, those that its last commit stored */
    uint8_t before[KC_CALL_CHANGES_MAX][KC_MAP_TAG_SIZE]; /* tags of what is changed */

    /* what its commit is besides its changes */
    bool erases;         /* something was destroyed: the generation is to end */
    bool anchors;        /* it goes on when the root has the new head */
    bool is_last;        /* it goes on to answer: if that waits for the anchor, it does too */
    uint32_t generation; /* begins with it; 0: none does */
    enum kc_error anchor_error;
    size_t moved;             /* records, to another generation */
    bool has_ended;           /* the former generation is destroyed, or the former root replaced */
    bool moves_home;          /* the vault's own secret, and with it the head, to another root */
    bool has_looked;          /* all keys were looked through, for those that cannot move */
    bool has_looked_for_keys; /* pages are those of keys to be moved */
    unsigned page_again;      /* times that the page was read again */
    uint64_t began_ms;

    /* what it fetches */
    unsigned fetches;
    size_t wanted_count;
    bool wants_page;
    char page_after[KC_RECORD_ID_SIZE];
    size_t page_looked;      /* records of the page, that no more nodes are needed for */
    struct kc_call *page;    /* the message that the records of the page are in */
    struct kc_call *brought; /* the vault's own: the message that its records are in, and so on */

    struct kc_values *items; /* KC_VAULT_PAGE_MAX, when there are items */
    struct kc_descriptors answer_descriptors;
    uint8_t *given; /* octets of the answer; owned */
    size_t kept_size;

    struct kc_record *changes;                /* KC_CALL_CHANGES_MAX, when there are changes */
    struct kc_call_body *bodies;              /* of changes, where they are not the request's */
    struct kc_brought_record *brought_before; /* records that the desk brought for others */

    /* 10 KiB of which a call uses little: not zeroed with the rest, and written before they are read */
    struct kc_vault_message in;
    uint32_t wanted[KC_VAULT_NODES_MAX];
    const char *needed[KC_VAULT_IDS_MAX];
    struct kc_message answer;
    uint8_t kept[KC_CALL_KEPT_SIZE];
};

/* Calls in the order in which they came. */
struct kc_call_list {
    struct kc_call *first, *last;
};

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

/* Gives the turn of a share up; the next in line runs when the present packet is done. */
void kc_vault_leave(struct kc_vault *vault, const char *share);

/* Closes the open session of a share that must not be used any more. */
void kc_vault_close_share(struct kc_vault *vault, const char *share);

/* Appends to the calls that go on when the present packet is done. */
void kc_vault_resume(struct kc_vault *vault, struct kc_call_list *calls);

/* Sends a message to the desk that a call came from, if that is still there. */
void kc_call_send(struct kc_call *call, const struct kc_vault_message *message,
    const struct kc_descriptors *descriptors);

void kc_call_list_append(struct kc_call_list *list, struct kc_call *call);
struct kc_call *kc_call_list_take(struct kc_call_list *list);

/* --- call.c: what a request holds, and what its answer shall hold --- */

/* Reads the first message of a packet, of any type, and says how many bytes it has. descriptors are
 * given, also on failure. KC_ERR_BAD_REQUEST, KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_call_new(struct kc_vault *vault, uint64_t desk, struct kc_span packet,
    const struct kc_descriptors *descriptors, struct kc_call **call, size_t *size);
void kc_call_free(struct kc_call *call);

/* A call of the vault's own, without fields; it needs no policy. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_call_new_own(
    struct kc_vault *vault, enum kc_operation operation, struct kc_call **call);

/* The handler will run from its start: forgets what it staged and answered. */
void kc_call_restart(struct kc_call *call);

/* Takes the message that has the records of a page, in place of the former one. */
void kc_call_take_page(struct kc_call *call, struct kc_call *answer);

/* Takes the message that has the records that a call of the vault's own needed: all of them. */
void kc_call_take_needed(struct kc_call *call, struct kc_call *answer);

/* Sends the answer and frees the call. */
void kc_call_finish(struct kc_call *call, enum kc_error error);

uint64_t kc_call_now(const struct kc_call *call);    /* seconds since 1970 */
uint64_t kc_call_now_ms(const struct kc_call *call); /* as deadlines count */

/* A field of the request; {NULL, 0} if it is not there. */
struct kc_span kc_call_field(const struct kc_call *call, enum kc_field field);
bool kc_call_has(const struct kc_call *call, enum kc_field field);

/* A TEXT field as a string; cut to text_size - 1 bytes. */
void kc_call_text(const struct kc_call *call, enum kc_field field, char *text, size_t text_size);

/* A DATA field, wherever it is. Borrowed from the request, or in `owned`, which is freed by
 * kc_data_done. KC_ERR_BAD_ARGUMENT: the descriptor is not a sealed memfd, or holds too much. */
struct kc_data {
    struct kc_span span;
    uint8_t *owned;
};
KC_CHECKED enum kc_error kc_call_data(
    struct kc_call *call, enum kc_field field, struct kc_data *data);
void kc_data_done(struct kc_data *data);
#define KC_AUTO_DATA __attribute__((cleanup(kc_data_done))) struct kc_data

/* A SECRET field. *secret is given. KC_ERR_BAD_ARGUMENT: not least..most octets in a sealed memfd. */
KC_CHECKED enum kc_error kc_call_secret(
    struct kc_call *call, enum kc_field field, size_t least, size_t most, struct kc_secret *secret);

/* Fields of the answer: text is borrowed, octets are copied, secret
 * octets go into a sealed memfd. */
void kc_call_set_text(struct kc_call *call, enum kc_field field, const char *text);
void kc_call_set_number(struct kc_call *call, enum kc_field field, uint64_t number);
void kc_call_set_octets(
    struct kc_call *call, enum kc_field field, const uint8_t *octets, size_t size);
KC_CHECKED enum kc_error kc_call_set_secret(
    struct kc_call *call, enum kc_field field, const uint8_t *octets, size_t size);

/*
 * The same for octets that are larger than the call's own room, once in a call; given (free), also on
 * failure. What is too long for the message goes into a memfd.
 *
 * KC_ERR_TOO_LARGE  more than the field may have
 * KC_ERR_INTERNAL, KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_call_give_octets(
    struct kc_call *call, enum kc_field field, uint8_t *octets, size_t size);

/* A DATA field of the answer, in a descriptor: as long as documents are. KC_ERR_TOO_LARGE: longer than
 * the field may be; KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_call_set_data(
    struct kc_call *call, enum kc_field field, struct kc_span octets);

/* Room in the call, as long as the call; wiped after it. */
uint8_t *kc_call_keep(struct kc_call *call, size_t size);

/* Tells the log about a record at once, whatever comes of the call; note: static text. */
void kc_call_tell(struct kc_call *call, struct kc_span key, const char *note);

/* A text of the call's own, as long as the call. */
const char *kc_call_print(struct kc_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends an empty item to the answer; NULL if there is no more room. */
KC_CHECKED enum kc_error kc_call_add_item(struct kc_call *call, struct kc_values **item);

/* --- change.c: changes to records --- */

/*
 * Stages a change: a copy of the record with its next version, to be altered and then protected
 * (kc_keeper_protect). A new record comes with version 0. *staged lives in the call, and so must its
 * body: the request's, or kc_call_set_body.
 *
 * KC_ERR_CONFLICT  it is being changed, or was
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_call_stage(
    struct kc_call *call, const struct kc_record *record, struct kc_record **staged);

/* Gives what was staged a copy of a body. KC_ERR_NO_MEMORY; KC_ERR_TOO_LARGE: KC_RECORD_BODY_MAX */
KC_CHECKED enum kc_error kc_call_set_body(
    struct kc_call *call, struct kc_record *staged, struct kc_span body);

/* The same with a body that is written for it: pack writes the content. Errors as kc_call_set_body. */
typedef void kc_call_pack(struct kc_writer *w, const void *content);
KC_CHECKED enum kc_error kc_call_pack_body(
    struct kc_call *call, struct kc_record *staged, kc_call_pack *pack, const void *content);

/* Drops what was staged; or all but the first of it. */
void kc_call_unstage(struct kc_call *call);
void kc_call_unstage_from(struct kc_call *call, size_t count);

/* A call that proved a PIN fails for another reason: drops what else was staged, and commits that the
 * PIN was right, as its try would stay counted as a wrong one. True: it ends with the error when that
 * is stored. */
bool kc_call_keep_proof(struct kc_call *call, enum kc_error error);

/* The changes of the call are durable: they take effect. */
void kc_call_settle(struct kc_call *call);

/* --- fetch.c: what else a call waits for --- */

/* Wishes for a node; with what is wished for already. */
void kc_call_want_node(struct kc_call *call, uint32_t number);

/* Wishes for the nodes that the map lacks to know about a name. KC_ERR_UNAVAILABLE;
 * KC_ERR_RECORD_DAMAGED: they were fetched, and are not the right ones */
KC_CHECKED enum kc_error kc_call_want_path(struct kc_call *call, uint8_t kind, const char *id);

/* Wishes for the records of keys that come after an id: call->page has them then. */
void kc_call_want_page(struct kc_call *call, const char *after);

/* Wishes for the same page again, as others change what is on it. KC_ERR_CONFLICT: too often. */
KC_CHECKED enum kc_error kc_call_want_page_again(struct kc_call *call);

/* Wishes for the page after the present one; if there is none, for that after an id. */
void kc_call_want_next_page(struct kc_call *call, const char *first);

/* A request that takes more than one does a part of it in about this time. */
#define KC_CALL_SLICE_MS 500
static inline bool kc_call_has_had_its_time(const struct kc_call *call)
{
    return !call->is_own && kc_call_now_ms(call) >= call->began_ms + KC_CALL_SLICE_MS;
}

/* Sends the FETCH. The call is the pending table's from here on. */
void kc_call_fetch(struct kc_call *call);

/* FETCHED came, given: the call goes on. KC_ERR_BAD_REQUEST: nothing waits for it. */
KC_CHECKED enum kc_error kc_vault_fetched(struct kc_call *answer);

/* Waits until the changes that are on their way have ended; then it goes on. */
void kc_call_wait_settled(struct kc_call *call);
void kc_vault_settled(struct kc_vault *vault);

/* Sends a message that the desk is to answer with this ticket, and puts the call into the pending
 * table: from then on another thread may have it. KC_ERR_LIMIT; KC_ERR_CONFLICT: the ticket is in
 * use; KC_ERR_CONNECTION_LOST: the desk is gone */
KC_CHECKED enum kc_error kc_call_pend_and_send(struct kc_call *call,
    const struct kc_vault_message *out, const struct kc_descriptors *descriptors);

/* Takes the call with this ticket that waits for ASKED, or for FETCHED; NULL: none. */
struct kc_call *kc_vault_unpend(struct kc_vault *vault, uint64_t ticket, bool asking);

/* --- ask.c: questions to the custodian that has the other share --- */

/* A question, and its answer as soon as there is one. */
struct kc_question {
    const struct kc_config_peer *peer;
    struct kc_message request;         /* lends from the call */
    struct kc_descriptors descriptors; /* lent by the call's request */
    struct kc_call *asked;             /* ASKED, of which the answer lends; NULL: none yet */
    enum kc_error error;               /* of the courier or the peer */
};

/*
 * Begins a question to the peer that has the other share of this key: `key` is filled in. The caller
 * sets the other fields, wishes KC_WISH_ASK and returns KC_ERR_UNAVAILABLE; the handler that runs
 * again finds it answered.
 *
 * KC_ERR_PEER_UNSET  the configuration names none
 */
KC_CHECKED enum kc_error kc_call_begin_question(struct kc_call *call, const struct kc_record *share,
    enum kc_operation operation, struct kc_values **values);

/* The same to a peer, without `key`. KC_ERR_PEER_UNSET: it is NULL */
KC_CHECKED enum kc_error kc_call_begin_question_to(struct kc_call *call,
    const struct kc_config_peer *peer, enum kc_operation operation, struct kc_values **values);

/*
 * The answer's fields; NULL with KC_OK if nothing was asked yet.
 *
 * KC_ERR_PEER_REFUSED  the peer answered with an error, which the detail names
 * KC_ERR_PEER_ABSENT, KC_ERR_PEER_LATE
 */
KC_CHECKED enum kc_error kc_call_peer_answer(struct kc_call *call, const struct kc_values **values);

/* Sends the question. The call is the pending table's from here on. */
void kc_call_ask(struct kc_call *call);

/* ASKED came; it is given. */
KC_CHECKED enum kc_error kc_vault_asked(struct kc_vault *vault, struct kc_call *asked);

/* Ends the calls whose question was not answered in time. */
void kc_vault_expire_questions(struct kc_vault *vault, uint64_t now_ms);
uint64_t kc_vault_question_deadline(struct kc_vault *vault); /* the nearest; UINT64_MAX: none */
void kc_question_free(struct kc_question *question);

/* --- access.c: what the caller may --- */

/* Whether the policy allows the request's operation on the keyring that it names. KC_ERR_REFUSED */
KC_CHECKED enum kc_error kc_call_allowed_keyring(const struct kc_call *call);

/* Whether the policy gives the use of a key, but not before a login. */
bool kc_call_needs_login(const struct kc_call *call, const struct kc_record *key);

/* Whether the policy allows the request's operation without a key. KC_ERR_REFUSED */
KC_CHECKED enum kc_error kc_call_allowed(const struct kc_call *call);

/* The same with an object, which the policy sees as an application's key. KC_ERR_REFUSED, KC_ERR_LOGIN */
KC_CHECKED enum kc_error kc_call_allowed_object(
    const struct kc_call *call, const struct kc_record *object);

/* The same with a record that is there, by its keyring, label, id and role. KC_ERR_REFUSED,
 * KC_ERR_LOGIN */
KC_CHECKED enum kc_error kc_call_allowed_record(
    const struct kc_call *call, const struct kc_record *record);

/* The same with a key that is still to be made. */
KC_CHECKED enum kc_error kc_call_allowed_new(
    const struct kc_call *call, const struct kc_record *record);

/*
 * The record of a kind and an id, believed. If the store may have a newer one, or has not been
 * asked, or nodes are missing, the call wishes for what it needs and the error is KC_ERR_UNAVAILABLE.
 *
 * KC_ERR_REFUSED         there is none, as the map shows
 * KC_ERR_RECORD_DAMAGED  it fails its authentication, is an old one played again, or is hidden
 */
KC_CHECKED enum kc_error kc_call_record(
    struct kc_call *call, uint8_t kind, struct kc_span id, struct kc_record **record);

/* Whether shares of a service may be here: the root notices a rollback, or the configuration does not
 * require that. KC_ERR_STORE_FRESHNESS */
KC_CHECKED enum kc_error kc_call_fresh(const struct kc_call *call);

/*
 * The key that the request names: believed, allowed by the policy, in a state, of a role and a use
 * that fit the operation (the table in access.c), not expired. A confirmation that it needs is used up
 * by this.
 *
 * KC_ERR_REFUSED for each of these alike, and the errors of kc_call_record
 * KC_ERR_LOGIN    the policy allows it after a login
 * KC_ERR_CONFIRM  there was no login for this use
 * KC_ERR_STORE_FRESHNESS  it is a share of a service (kc_call_fresh)
 */
KC_CHECKED enum kc_error kc_call_key(struct kc_call *call, struct kc_record **key);

/* The same for the key with this id, which the request names in another way. */
KC_CHECKED enum kc_error kc_call_key_of(
    struct kc_call *call, struct kc_span id, struct kc_record **key);

/* Wishes for the records with an id, which lives as long as the call; with what is needed already, so
 * that a handler looks for several before it returns. */
void kc_call_need(struct kc_call *call, const char *id);

/* Whether, and how often, the desk has looked into the store for this id, after a NEED. */
bool kc_call_looked_for(const struct kc_call *call, const char *id);
size_t kc_call_times_looked_for(const struct kc_call *call, const char *id);

/* Whether a record is the vault's, and its newest. KC_ERR_RECORD_DAMAGED; KC_ERR_CONFLICT: not the
 * newest; KC_ERR_UNAVAILABLE: the call wishes for something first */
KC_CHECKED enum kc_error kc_call_believe(struct kc_call *call, const struct kc_record *record);

/* The recipient that the request names: believed and enrolled. Errors of kc_call_record. */
KC_CHECKED enum kc_error kc_call_recipient(struct kc_call *call, struct kc_record **recipient);

/* Stages the tombstone of a key. */
KC_CHECKED enum kc_error kc_call_destroy(struct kc_call *call, const struct kc_record *key);

/* Whether the policy lets the caller see a record of a key in a list. */
bool kc_call_sees(const struct kc_call *call, const struct kc_record *record);

/* Whether a rule lets the caller contribute with a service's share, and lists that by its name. */
bool kc_call_contributes(const struct kc_call *call, const struct kc_record *share);

/* The opened key of a record, from the cache or the record itself. Errors of kc_keeper_open. */
KC_CHECKED enum kc_error kc_call_material(
    struct kc_call *call, const struct kc_record *record, struct kc_material *material);

/* --- pin.c: PINs of every kind; their records have a verifier as their secret --- */

struct kc_pin_kind {
    size_t size_min;         /* octets; at most 64 */
    enum kc_error wrong;     /* the answer to a wrong or missing one */
    enum kc_error must_wait; /* and to any, before there was time to wait */
};

/* Whether a verifier, as records have it, is of this PIN. */
bool kc_call_is_pin(struct kc_call *call, const uint8_t verifier[static KC_PIN_VERIFIER_SIZE],
    const struct kc_secret *pin);

/* Proves the field `pin` against a record, counted before it is compared: first wishes for
 * KC_WISH_COMMIT_AGAIN, then the handler returns KC_OK at once. *proven: go on; the counter's reset is
 * staged, the last of the changes. It is to be the first of them: then it is stored whatever else the
 * handler refuses or the store does not take (kc_call_keep_proof). */
KC_CHECKED enum kc_error kc_call_prove_pin(struct kc_call *call, const struct kc_record *record,
    const struct kc_pin_kind *kind, bool *proven);

/* Makes `new_pin` the PIN of what was staged, and the wish to store it. */
KC_CHECKED enum kc_error kc_call_put_pin(
    struct kc_call *call, struct kc_record *staged, const struct kc_pin_kind *kind);

/* The operator's proof, counted before it is compared: may wish for KC_WISH_COMMIT_AGAIN, then the
 * handler returns KC_OK at once. *proven: go on; the counter's reset is staged. */
KC_CHECKED enum kc_error kc_call_operator(struct kc_call *call, bool *proven);

/*
 * The ledger opens: the operator's PIN is one and the same in the store and in the anchor. It is the
 * store's, but for an older store that the operator took: that gets the one of the anchor, staged, as
 * the operator may have changed it because others know the former one.
 *
 * KC_ERR_RECORD_DAMAGED  the operator's record is hidden; and the errors of kc_call_record
 */
KC_CHECKED enum kc_error kc_call_settle_operator(struct kc_call *call, bool is_older);

/* The record of a key by its id, whoever may see it and whatever its state; NULL with KC_OK: there is
 * none. Errors of kc_call_record but KC_ERR_REFUSED. */
KC_CHECKED enum kc_error kc_call_own_key(
    struct kc_call *call, const char *id, struct kc_record **key);

/* --- list.c --- */

/* Says of an answer with items what comes after the records of the request. */
void kc_call_set_page(struct kc_call *call);

/* --- key.c --- */

/* Makes the record of a key from its public half: id, algorithm, public key; of a point also the use. */
KC_CHECKED enum kc_error kc_record_of_octets(
    struct kc_record *record, const struct kc_algorithm_info *info, struct kc_span public);
KC_CHECKED enum kc_error kc_record_of_public(
    struct kc_record *record, const struct kc_point *point);

/* The same for a share. Its id is that of a whole key with this public half, which of P-256 has its
 * point uncompressed; in the share's record the point is in threshold's encoding. */
KC_CHECKED enum kc_error kc_record_of_share(struct kc_record *record, const struct kc_point *point);

/* Reads into a record what the request says of identifier, attributes, start and expiry, as far as it
 * does. KC_ERR_BAD_ARGUMENT: it would expire before it starts */
KC_CHECKED enum kc_error kc_call_read_details(struct kc_call *call, struct kc_record *record);

/* Agrees with a key that kc_call_key gave and the request's peer. agreed: secret, the caller wipes it. */
KC_CHECKED enum kc_error kc_call_agree(struct kc_call *call, const struct kc_record *key,
    uint8_t agreed[static KC_ALGORITHM_AGREED_MAX], size_t *size);

/* The name of the root that a key depends on; lent. */
const char *kc_call_root_name(const struct kc_call *call, const struct kc_record *record);

/* The root that the request names. KC_ERR_BAD_ARGUMENT, the field as detail: the configuration has
 * none of that name */
KC_CHECKED enum kc_error kc_call_named_root(struct kc_call *call, struct kc_vault_root *root);

/* Describes a key in the answer's fields or an item's. */
void kc_call_describe(
    struct kc_call *call, struct kc_values *values, const struct kc_record *record);

/* --- scheme.c --- */

/* key-sign by a key that libcrypto works with. */
KC_CHECKED enum kc_error kc_call_sign_by_libcrypto(
    struct kc_call *call, const struct kc_record *key);

/* The same for verifying, with the request's public key of this algorithm. KC_ERR_SIGNATURE */
KC_CHECKED enum kc_error kc_call_verify_by_libcrypto(
    struct kc_call *call, const struct kc_algorithm_info *info);

/* What the request says of how to sign with P-256, P-384 or RSA. KC_ERR_BAD_ARGUMENT, the field as
 * detail */
struct kc_evp_scheme;
KC_CHECKED enum kc_error kc_call_read_signing(
    struct kc_call *call, const struct kc_algorithm_info *info, struct kc_evp_scheme *scheme);

/* --- agree.c --- */

/*
 * Agrees with a share: its contribution and the other party's, which the request has or the peer is
 * asked for, added. agreed is secret. May wish KC_WISH_ASK.
 */
KC_CHECKED enum kc_error kc_call_agree_with_other(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, uint8_t agreed[static KC_POINT_SIZE_MAX]);

/* Agrees by a whole key or a share, to open what is encrypted to it. Errors and wishes as above; also
 * KC_ERR_BAD_ARGUMENT: the caller brought a contribution for a whole key. */
KC_CHECKED enum kc_error kc_call_agree_for_opening(struct kc_call *call,
    const struct kc_record *key, const struct kc_point *peer,
    uint8_t agreed[static KC_POINT_SIZE_MAX]);

/* --- sign.c --- */

/*
 * Signs the digest of an envelope's body, as its curve does, by a whole key or by a share and its
 * peer. With KC_OK there is a signature only if the call wishes for nothing: else the handler
 * returns, and comes here again with the same digest.
 */
KC_CHECKED enum kc_error kc_call_sign_digest(struct kc_call *call, const struct kc_record *key,
    const uint8_t digest[static KC_DARE_DIGEST_SIZE],
    uint8_t signature[static KC_SIGNATURE_SIZE_MAX]);

/* --- mesh_source.c --- */

/* Randomness and time for what custodian/mesh makes; borrows the call. */
struct kc_mesh_source kc_call_mesh_source(struct kc_call *call);

/* --- the handlers, named as their operations --- */

typedef enum kc_error kc_handler(struct kc_call *call);

kc_handler kc_vault_ping, kc_vault_status, kc_vault_doctor, kc_vault_random, kc_vault_keyring_list;
kc_handler kc_vault_key_generate, kc_vault_key_list, kc_vault_key_show, kc_vault_key_sign,
    kc_vault_key_agree, kc_vault_key_disable, kc_vault_key_enable, kc_vault_key_destroy,
    kc_vault_key_update, kc_vault_key_decrypt;
kc_handler kc_vault_object_import, kc_vault_object_list, kc_vault_object_show,
    kc_vault_object_update, kc_vault_object_destroy;
kc_handler kc_vault_keyring_show, kc_vault_keyring_login, kc_vault_keyring_logout,
    kc_vault_keyring_pin_init, kc_vault_keyring_pin_change, kc_vault_keyring_pin_remove;
kc_handler kc_vault_verify, kc_vault_secret_derive, kc_vault_secret_encrypt,
    kc_vault_secret_decrypt;
kc_handler kc_vault_share_split, kc_vault_share_envelope, kc_vault_share_accept,
    kc_vault_share_join, kc_vault_share_form;
kc_handler kc_vault_attest, kc_vault_attest_enrol, kc_vault_attest_activate;
kc_handler kc_vault_agreement_contribute, kc_vault_agreement_combine, kc_vault_decrypt;
kc_handler kc_vault_signature_commit, kc_vault_signature_contribute, kc_vault_signature_finish,
    kc_vault_signature_abort;
kc_handler kc_vault_share_redeal, kc_vault_share_gather, kc_vault_share_retire;
kc_handler kc_vault_share_deal, kc_vault_share_dealt, kc_vault_frost_commit,
    kc_vault_frost_contribute, kc_vault_frost_aggregate, kc_vault_frost_abort;
kc_handler kc_vault_envelope_open, kc_vault_envelope_verify, kc_vault_envelope_sign,
    kc_vault_envelope_seal;
kc_handler kc_vault_mesh_escrow_create, kc_vault_mesh_escrow_share, kc_vault_mesh_escrow_show,
    kc_vault_mesh_escrow_verify, kc_vault_mesh_escrow_recover, kc_vault_mesh_escrow_retire,
    kc_vault_mesh_escrow_seal, kc_vault_mesh_escrow_open;
kc_handler kc_vault_key_derive;
kc_handler kc_vault_mesh_device_create, kc_vault_mesh_device_install, kc_vault_mesh_device_list,
    kc_vault_mesh_device_show, kc_vault_mesh_device_destroy, kc_vault_mesh_device_request,
    kc_vault_mesh_device_check, kc_vault_mesh_device_activate, kc_vault_mesh_device_cancel,
    kc_vault_mesh_device_leave;
kc_handler kc_vault_mesh_pin_create, kc_vault_mesh_pin_check, kc_vault_mesh_pin_verify,
    kc_vault_mesh_pin_close;
kc_handler kc_vault_mesh_earl_create, kc_vault_mesh_earl_publish, kc_vault_mesh_earl_claim,
    kc_vault_mesh_earl_open, kc_vault_mesh_earl_check;
kc_handler kc_vault_operator_pin, kc_vault_recipient_add, kc_vault_recipient_list,
    kc_vault_recipient_remove, kc_vault_store_rotate, kc_vault_store_accept, kc_vault_store_backup,
    kc_vault_root_replace, kc_vault_key_seal;
kc_handler kc_vault_mesh_account_create, kc_vault_mesh_account_activate,
    kc_vault_mesh_account_refresh, kc_vault_mesh_account_disconnect, kc_vault_mesh_account_move,
    kc_vault_mesh_account_close, kc_vault_mesh_device_refresh, kc_vault_mesh_account_profile,
    kc_vault_mesh_group_create, kc_vault_mesh_group_member_add, kc_vault_mesh_group_member_remove,
    kc_vault_mesh_group_rotate, kc_vault_mesh_group_join;
kc_handler kc_vault_mesh_service_create, kc_vault_mesh_service_show, kc_vault_mesh_host_sign;
kc_handler kc_vault_mesh_account_bind, kc_vault_mesh_account_unbind, kc_vault_mesh_account_list,
    kc_vault_mesh_account_show;
kc_handler kc_vault_mesh_capability_accept, kc_vault_mesh_capability_revoke,
    kc_vault_mesh_capability_withdraw, kc_vault_mesh_capability_list;
kc_handler kc_vault_mesh_device_revoke, kc_vault_mesh_device_withdraw, kc_vault_mesh_operate;

#endif
