/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What desk and vault say to each other, over one SOCK_SEQPACKET pair; fixed layouts, at most
 * KC_VAULT_MESSAGE_MAX bytes. A malformed one ends the process that receives it.
 *
 *   desk to vault   CONNECT     connection, one descriptor: a client connected. The vault reads the
 * peer's credentials from the descriptor itself and keeps it to see the peer go. DISCONNECT
 * connection: the client is gone REQUEST     ticket, connection, the request, the records it needs
 * (as far as the desk knows) STORED      ticket, error: the outcome of a COMMIT vault to desk
 * ANSWER      ticket, the answer NEED        ticket, ids: the records that the vault wants with the
 * request; ask again with them COMMIT      ticket, records: store all of them in one transaction,
 * then say STORED
 *
 * A request and its answer name each other by the ticket, which the desk chooses. A change takes
 * effect in the vault when STORED says that it is durable, and only then comes the ANSWER.
 */
#ifndef KC_CUSTODIAN_VAULT_MESSAGE_H
#define KC_CUSTODIAN_VAULT_MESSAGE_H

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "proto/socket/message.h"

#define KC_VAULT_MESSAGE_MAX (160 * 1024)
#define KC_VAULT_RECORDS_MAX 32 /* records with one message */
#define KC_VAULT_IDS_MAX 4

enum kc_vault_type {
    KC_VAULT_CONNECT = 1,
    KC_VAULT_DISCONNECT = 2,
    KC_VAULT_REQUEST = 3,
    KC_VAULT_STORED = 4,
    KC_VAULT_ANSWER = 5,
    KC_VAULT_NEED = 6,
    KC_VAULT_COMMIT = 7,
};

struct kc_vault_message {
    enum kc_vault_type type;
    uint64_t ticket;
    uint64_t connection;
    enum kc_error error;                          /* STORED */
    struct kc_message message;                    /* REQUEST, ANSWER */
    struct kc_span records[KC_VAULT_RECORDS_MAX]; /* REQUEST, COMMIT: packed records */
    size_t record_count;
    struct kc_span ids[KC_VAULT_IDS_MAX]; /* NEED: text */
    size_t id_count;
};

/* Packs a message. KC_ERR_TOO_LARGE: it does not fit. */
KC_CHECKED enum kc_error kc_vault_message_pack(
    struct kc_writer *w, const struct kc_vault_message *m);

/*
 * Unpacks; spans point into bytes. `items` has room for KC_ITEMS_MAX and is lent to m->message.
 * KC_ERR_BAD_REQUEST: malformed; the caller ends the process.
 */
KC_CHECKED enum kc_error kc_vault_message_unpack(
    const void *bytes, size_t size, struct kc_values *items, struct kc_vault_message *m);

#endif
