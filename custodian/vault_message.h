/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What desk and vault say to each other, over one SOCK_SEQPACKET pair; fixed layouts. A packet holds
 * one message, or several without descriptors, one behind the other, in at most KC_VAULT_MESSAGE_MAX
 * bytes; one worker of the vault does what is in it. A malformed one ends the process that receives
 * it.
 *
 * From desk to vault:
 *
 *   CONNECT     connection, one descriptor: a client connected. The vault reads the peer's
 *               credentials from the descriptor itself and keeps it to see the peer go. What it
 *               does not like gets no credentials, so that every request is refused. The desk never
 *               chooses a number twice, and sends no request of it before CONNECTED.
 *   DISCONNECT  connection: the client is gone. Before CONNECTED it may be overtaken; the vault then
 *               sees by itself that the peer has gone.
 *   REQUEST     ticket, connection, the request, the records it needs as far as the desk has them;
 *               and, if it is asked again after a NEED, that one's ids. Descriptors: the request's
 *   FETCHED     ticket, error, nodes, and for a page records: what a FETCH asked for, as far as it is
 *               there; or ids and records: those of a NEED of the vault's own. The ticket's call goes
 *               on with it.
 *   STORED      ticket, error: the outcome of the COMMIT that was under way, and for an error that is
 *               one record's its place among the records
 *   ASKED       ticket, error, the peer's answer: the outcome of an ASK
 *
 * From vault to desk:
 *
 *   CONNECTED   connection: CONNECT was done. The vault's workers take messages together, and what
 *               was sent later may be done earlier; so this is what requests wait for.
 *   ANSWER      ticket, the answer. Descriptors: the answer's
 *   NEED        ticket, ids: the vault wants every record with one of these ids too, whatever its
 *               kind. The desk sends the REQUEST again, with the same descriptors, the records it
 *               sent and those that there are, and the ids to say that it has looked. A further
 *               NEED of the ticket names the ids of the former ones again. With the ticket
 *               KC_VAULT_TICKET_OWN it is of no request, and what comes is FETCHED.
 *   FETCH       ticket, nodes by their numbers; ids: none, or one, after which a page of keys is
 *               wanted too
 *   COMMIT      tickets, records, nodes: store all of them in one transaction, then say STORED. One
 *               COMMIT is under way at a time; the tickets are of the requests that it is for, as far
 *               as there is room. The ticket of its own FETCH and STORED is 0, which no request has.
 *   ASK         ticket, one id: the name of a peer; the request for it. The desk passes it on to the
 *               courier as it came, and what the courier says, ASKED, back to the vault. Descriptors:
 *               the request's. A peer's answer brings none.
 *
 * A request and its answer name each other by the ticket, which the desk chooses, and does not
 * choose again before the ANSWER. A change takes effect in the vault when STORED says that it is
 * durable, and only then come the ANSWERs, or another COMMIT.
 *
 * Nodes are parts of the map of all records and have numbers; the one that is numbered
 * KC_VAULT_NODE_HEAD is the head. The desk keeps them as octets and looks into none.
 *
 * A COMMIT stores all or nothing. A record of version 1 is new: KC_ERR_EXISTS if there is one of
 * its kind and id. Any other version replaces a lower one: KC_ERR_CONFLICT if what is stored is not
 * lower. Two keys that are not destroyed never have the same keyring and label, nor two
 * recipients: KC_ERR_LABEL_TAKEN.
 *
 * What the desk adds to the vault's answers: to STATUS the field KEYS, to DOCTOR items about store
 * and files; of a listing the desk puts pages together, cuts them to `count`, and says what comes
 * after. A page of keys or recipients is as many records as fit, in the order of their ids, up to
 * KC_VAULT_PAGE_MAX: if there are fewer, there is nothing after them.
 */
#ifndef KC_CUSTODIAN_VAULT_MESSAGE_H
#define KC_CUSTODIAN_VAULT_MESSAGE_H

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "proto/socket/message.h"

#define KC_VAULT_MESSAGE_MAX ((size_t)192 * 1024)
#define KC_VAULT_RECORDS_MAX 80 /* records with one message: a Mesh request may name 64 keys */
#define KC_VAULT_CHANGES_MAX 32 /* records of a COMMIT, and its tickets: their nodes fit as well */
#define KC_VAULT_PAGE_MAX 32    /* records of a page */
#define KC_VAULT_IDS_MAX 80
#define KC_VAULT_NODES_MAX 200 /* nodes with one message */
#define KC_NODE_SIZE_MAX 8192  /* octets of a node */
#define KC_VAULT_NODE_HEAD UINT32_MAX
#define KC_VAULT_TICKET_OWN                                                                        \
    UINT64_MAX /* of what the vault does by itself: the desk gives none like it */

enum kc_vault_type {
    KC_VAULT_CONNECT = 1,
    KC_VAULT_DISCONNECT = 2,
    KC_VAULT_REQUEST = 3,
    KC_VAULT_STORED = 4,
    KC_VAULT_ANSWER = 5,
    KC_VAULT_NEED = 6,
    KC_VAULT_COMMIT = 7,
    KC_VAULT_CONNECTED = 8,
    KC_VAULT_FETCH = 9,
    KC_VAULT_FETCHED = 10,
    KC_VAULT_ASK = 11,
    KC_VAULT_ASKED = 12,
};

struct kc_vault_node {
    uint32_t number;
    struct kc_span content; /* empty: it is asked for, or is not there */
};

struct kc_vault_message {
    enum kc_vault_type type;
    uint64_t ticket;
    uint64_t connection;
    enum kc_error error;                          /* STORED, FETCHED, ASKED */
    uint32_t place;                               /* STORED: of the record that the error is of */
    struct kc_message message;                    /* REQUEST, ANSWER, ASK, ASKED */
    struct kc_span records[KC_VAULT_RECORDS_MAX]; /* REQUEST, COMMIT, FETCHED: packed */
    size_t record_count;
    struct kc_span ids[KC_VAULT_IDS_MAX]; /* NEED, REQUEST, FETCH, FETCHED, ASK: text */
    size_t id_count;
    struct kc_vault_node nodes[KC_VAULT_NODES_MAX];
    size_t node_count;
    uint64_t tickets[KC_VAULT_CHANGES_MAX]; /* COMMIT */
    size_t ticket_count;
};

/* Packs a message. KC_ERR_TOO_LARGE: it does not fit. */
KC_CHECKED enum kc_error kc_vault_message_pack(
    struct kc_writer *w, const struct kc_vault_message *m);

/* Reads the next message of a packet, as kc_vault_message_unpack; a malformed one fails the reader. */
void kc_vault_message_read(
    struct kc_reader *r, struct kc_values *items, struct kc_vault_message *m);

/*
 * Unpacks a packet of one message; spans point into bytes, and records are not looked into.
 *
 * items  room for KC_ITEMS_MAX, lent to m->message; NULL where no list may come
 * m      what the type does not have is zero, but for the message, which then is as it was. On
 *        failure it says nothing.
 *
 * KC_ERR_BAD_REQUEST  malformed; the caller ends the process
 */
KC_CHECKED enum kc_error kc_vault_message_unpack(
    const void *bytes, size_t size, struct kc_values *items, struct kc_vault_message *m);

#endif
