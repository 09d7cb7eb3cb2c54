/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call: one request on its way through the vault.
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
#ifndef KC_CUSTODIAN_VAULT_CALL_H
#define KC_CUSTODIAN_VAULT_CALL_H

#include "base/secret.h"
#include "custodian/vault/clients.h"
#include "custodian/vault/map.h"
#include "custodian/vault/vault.h"
#include "proto/socket/transport.h"

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
    uint8_t awaited_kind; /* the record whose change KC_WISH_SETTLED waits for */
    char awaited_id[KC_RECORD_ID_SIZE];
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

/* A filter of a listing: the request leaves the field out, or it is this text. text may be NULL. */
bool kc_call_text_fits(const struct kc_call *call, enum kc_field field, const char *text);

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

/* --- list.c: listings --- */

typedef bool kc_call_is_listed(struct kc_call *call, const struct kc_record *record);
typedef enum kc_error kc_call_describe_item(
    struct kc_call *call, struct kc_values *item, const struct kc_record *record);

/*
 * Answers an operation that lists, if the caller may use it: an item for each record of the request's page
 * that is listed, and what comes after them. A record that is not believed is left out and harms no
 * other's listing. The desk puts pages together and cuts them to `count`: it alone knows what is on the
 * next one. KC_ERR_REFUSED; errors of describe_item
 */
KC_CHECKED enum kc_error kc_call_list(
    struct kc_call *call, kc_call_is_listed *listed, kc_call_describe_item *describe_item);

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

#endif
