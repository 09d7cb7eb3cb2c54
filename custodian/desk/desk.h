/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk: reads what clients send, keeps the store, and carries between clients, vault and store.
 * It decides nothing and holds no secret: those pass through in descriptors that it cannot read.
 *
 * One thread runs all of it but the store, which has a thread of its own (desk_store.h). A request
 * becomes a call, and a call goes from hand to hand until it is answered:
 *
 *     client -> desk_clients -> desk_call -> desk_vault -> vault
 *                                  ^             |
 *                                  |   ANSWER, NEED
 *                              desk_store <------ COMMIT, FETCH: desk_commit
 *
 * Private to the desk and its tests.
 */
#ifndef KC_CUSTODIAN_DESK_H
#define KC_CUSTODIAN_DESK_H

#include "custodian/config.h"
#include "custodian/desk/cache.h"
#include "custodian/desk/store.h"
#include "custodian/vault_message.h"
#include "proto/socket/transport.h"

/* Bytes that wait to be sent, with their descriptors. */
struct kc_packet {
    struct kc_packet *next;
    struct kc_descriptors descriptors;
    size_t size;
    uint8_t bytes[];
};

struct kc_packet_queue {
    struct kc_packet *first, *last;
};

struct kc_connection {
    struct kc_connection *next;
    uint64_t id;
    int socket;
    uid_t user;
    bool closed;      /* freed when the events at hand are done */
    bool introduced;  /* the vault knows who it is; until then its requests wait */
    uint32_t events;  /* that epoll watches */
    size_t in_flight; /* requests whose answer is not sent */
    struct kc_packet_queue answers;
};

struct kc_call {
    uint64_t ticket;
    struct kc_connection *connection; /* NULL: the client is gone */
    struct kc_message request;        /* points into bytes, or into the parent's */
    struct kc_descriptors descriptors;
    bool committed; /* the store may have changed for it */
    bool needed;    /* the vault has said which records it wants: job.ids */
    bool working;   /* the store's thread has its job */
    bool answered;  /* waits just for the store's thread */
    bool watching;  /* waits for another vault */
    bool asking;    /* the courier carries a question of the vault's for it */
    struct kc_job job;
    struct kc_job_records records; /* what goes with the request */
    uint64_t changes;              /* desk->changes when the job was given */

    /* of a listing, and of the doctor: what the vault has answered so far, packed */
    struct kc_packet_queue collection;
    size_t item_count, rounds, collected_size;

    /* of a batch, and of a request in one */
    struct kc_call *parent;
    size_t place;                /* in the parent's batch */
    size_t open;                 /* children that are not answered */
    struct kc_packet **children; /* their answers, packed; NULL until there is one */
    size_t child_count;

    uint8_t bytes[]; /* the request as it was received */
};

struct kc_desk {
    const struct kc_config *config;
    struct kc_desk_store *store;
    struct kc_desk_cache *cache;
    uint64_t seen;    /* number of the vault, for those who wait for another */
    uint64_t changes; /* given to the store, or done: what was read before one is not kept */
    uint64_t holder;  /* connection that the store is held for; 0: none */
    bool holding;     /* the store's thread is about to hold it, whoever still wants that */
    int listen;       /* -1: no new clients */
    int vault;        /* -1: the vault is gone */
    uint64_t vaults;  /* how many were there before */
    int courier;      /* -1: it is gone, or there is none */
    int clients;      /* epoll over listen and the connections */
    int lowest;       /* descriptors below it are never closed */
    bool stopping;

    struct kc_connection *connections;
    size_t connection_count;
    uint64_t next_connection;

    struct kc_call **calls; /* by the low half of the ticket */
    size_t call_limit, call_count, next_slot;
    size_t idle_count; /* of the calls: watches that wait */
    uint32_t next_ticket;

    struct kc_packet_queue to_vault;  /* while it is not empty nothing is read from clients */
    size_t packed_size, packed_count; /* bytes and messages in packet, which are not sent yet */

    /* room for one message at a time */
    struct kc_vault_message message;
    struct kc_values items[2 * KC_ITEMS_MAX]; /* some collected, and room for another message's */
    struct kc_message batch[KC_BATCH_MAX];
    uint8_t received[KC_VAULT_MESSAGE_MAX]; /* from the vault */
    uint8_t packet[KC_VAULT_MESSAGE_MAX];   /* to the vault */
    uint8_t cbor[KC_MESSAGE_SIZE_MAX + 1];
};

/*
 * Makes a desk over open sockets and a store.
 *
 * listen, vault, courier  given
 * store          given; NULL with the error that every use of the store is answered with
 */
KC_CHECKED enum kc_error kc_desk_new(const struct kc_config *config, int listen, int vault,
    int courier, struct kc_store *store, enum kc_error store_error, struct kc_desk **desk);

/* Serves until the supervisor says stop, and then until nothing is in flight, or the configured
 * time is over. */
void kc_desk_run(struct kc_desk *desk);

void kc_desk_free(struct kc_desk *desk);

/* --- packets --- */

/* A packet with a copy of bytes; the descriptors' numbers are copied. NULL: no memory. */
struct kc_packet *kc_packet_new(
    const void *bytes, size_t size, const struct kc_descriptors *descriptors);
void kc_packet_append(struct kc_packet_queue *queue, struct kc_packet *packet);
struct kc_packet *kc_packet_take(struct kc_packet_queue *queue); /* the first; NULL: none */
/* Closes the descriptors if they are the packets' own. */
void kc_packets_free(struct kc_packet_queue *queue, bool close_descriptors);

/* --- clients.c --- */

/* Handles what has happened on the listening socket and on connections. */
void kc_desk_clients_ready(struct kc_desk *desk);

/* Sends an answer, or keeps it until the client takes it. The descriptors are given. */
void kc_desk_send_answer(struct kc_desk *desk, struct kc_connection *connection,
    const struct kc_message *answer, struct kc_descriptors *descriptors);

/* Tells a new vault of all clients. */
void kc_desk_introduce_all(struct kc_desk *desk);

/* The vault knows a client: its requests are read now. KC_ERR_BAD_REQUEST: there never was one. */
KC_CHECKED enum kc_error kc_desk_introduced(struct kc_desk *desk, uint64_t connection);

/* The vault is gone, and with it whom it knew. */
void kc_desk_forget_introductions(struct kc_desk *desk);

/* Stops taking new clients. */
void kc_desk_stop_listening(struct kc_desk *desk);

/* Whether an answer waits to be taken by its client. */
bool kc_desk_has_unsent_answers(const struct kc_desk *desk);

/* --- call.c --- */

/* Takes a message from a client; the descriptors are given. Returns whether the connection may go
 * on. */
bool kc_desk_take_request(struct kc_desk *desk, struct kc_connection *connection,
    const uint8_t *bytes, size_t size, struct kc_descriptors *descriptors);

/* Whether there is room for another request. What waits for another vault takes none of it: it may
 * wait for ever, and nobody would be read from. */
bool kc_desk_has_room(const struct kc_desk *desk);

/* The call of a ticket; NULL: none. */
struct kc_call *kc_desk_find_call(const struct kc_desk *desk, uint64_t ticket);

/* A new call of a connection for `size` bytes, with a ticket. NULL: no memory. */
struct kc_call *kc_desk_new_call(
    struct kc_desk *desk, struct kc_connection *connection, size_t size);

/* Starts a call: its request is set. */
void kc_desk_start_call(struct kc_desk *desk, struct kc_call *call);

/* Brings the records that the operation's row names, then asks the vault. */
void kc_desk_load(struct kc_desk *desk, struct kc_call *call);

/* Asks the vault, with the records that the call has. */
void kc_desk_ask_vault(struct kc_desk *desk, struct kc_call *call);

/* Answers a call and ends it; the descriptors are given. */
void kc_desk_finish(struct kc_desk *desk, struct kc_call *call, struct kc_message *answer,
    struct kc_descriptors *descriptors);

/* Answers a call with an error. */
void kc_desk_fail(
    struct kc_desk *desk, struct kc_call *call, enum kc_error error, const char *detail);

/* The vault is gone: every call is answered with an error that says whether something may have been
 * done. */
void kc_desk_fail_all(struct kc_desk *desk);

/* The client is gone: its calls go on, their answers are dropped. */
void kc_desk_forget_client(struct kc_desk *desk, const struct kc_connection *connection);

/* Gives the call's job to the store's thread; kc_desk_job_done goes on. */
void kc_desk_submit(struct kc_desk *desk, struct kc_call *call, enum kc_job_type type);
void kc_desk_jobs_done(struct kc_desk *desk);

/* The vault has answered, or needs records: desk->message, which came as `packed`. The descriptors
 * are given. */
void kc_desk_take_answer(struct kc_desk *desk, struct kc_call *call, struct kc_span packed,
    struct kc_descriptors *descriptors);
void kc_desk_take_need(struct kc_desk *desk, struct kc_call *call);

/* --- commit.c: what the vault itself wants of the store --- */

/* The vault wants records and nodes stored, or nodes and a page of keys read: desk->message. */
void kc_desk_take_commit(struct kc_desk *desk);
void kc_desk_take_fetch(struct kc_desk *desk);

/* It needs records for something of its own: desk->message. */
void kc_desk_take_own_need(struct kc_desk *desk);

/* The store's thread is done with such a job, which is given. */
void kc_desk_work_done(struct kc_desk *desk, struct kc_job *job);

/* --- vault.c --- */

/* Handles messages from the vault, as many as there are now. */
void kc_desk_vault_readable(struct kc_desk *desk);

/* Sends desk->message: in one packet with others, kc_desk_vault_flush at the latest, or when the
 * vault takes it. The descriptors stay the caller's, open until the vault has answered or is gone. */
void kc_desk_vault_send(struct kc_desk *desk, const struct kc_descriptors *descriptors);

/* Sends what was packed; called before the desk waits. */
void kc_desk_vault_flush(struct kc_desk *desk);

/* Sends what waits. */
void kc_desk_vault_writable(struct kc_desk *desk);

/* The vault was started again: tells it of all clients. The descriptor is given. */
void kc_desk_vault_replace(struct kc_desk *desk, int descriptor);

/* Empties desk->message and gives it a type and a connection. */
struct kc_vault_message *kc_desk_vault_message(struct kc_desk *desk, enum kc_vault_type type);

/* --- courier.c: questions of the vault to other custodians, and their answers --- */

/* Passes a question on, as it came; the descriptors are given. */
void kc_desk_ask_courier(struct kc_desk *desk, struct kc_call *call, struct kc_span packed,
    struct kc_descriptors *descriptors);

/* Handles answers, as many as there are now. */
void kc_desk_courier_readable(struct kc_desk *desk);

/* The courier was started again; the descriptor is given. */
void kc_desk_courier_replace(struct kc_desk *desk, int descriptor);

/* --- collect.c: answers that are put together from several --- */

/* Whether a call asks for what is in many records, which go to the vault page by page. */
bool kc_desk_is_listing(const struct kc_call *call);

/* Whether the vault's answer is a part of the call's. */
bool kc_desk_is_collected(const struct kc_call *call);

/* Loads the next page of a listing from the store. */
void kc_desk_list_next(struct kc_desk *desk, struct kc_call *call);

/* Keeps the vault's answer as it came, and goes on to the next part. */
void kc_desk_collect(struct kc_desk *desk, struct kc_call *call, struct kc_span packed);

/* The store was looked at for the doctor. */
void kc_desk_doctor_checked(struct kc_desk *desk, struct kc_call *call);

/* Adds to the vault's answer what the desk knows. */
void kc_desk_add_status(const struct kc_desk *desk, struct kc_message *answer);

/* --- watch.c --- */

void kc_desk_watch_init(struct kc_desk *desk);

/* Answers a watch, or lets it wait. KC_ERR_LIMIT: its connection has one that waits. */
void kc_desk_watch(struct kc_desk *desk, struct kc_call *call);

/* There is another vault: answers all that wait. */
void kc_desk_tell_watchers(struct kc_desk *desk);

/* A client is gone, and its calls know. */
void kc_desk_forget_watches(struct kc_desk *desk);

/* Nobody waits any more: the desk stops. */
void kc_desk_end_watches(struct kc_desk *desk);

/* --- backup.c --- */

/* The vault allows a backup: holds the store for the call's connection, or releases it. */
void kc_desk_backup(struct kc_desk *desk, struct kc_call *call);

/* The store's thread has done so: takes note of it, though the call may be answered already; and
 * answers it. */
void kc_desk_backup_done(struct kc_desk *desk, const struct kc_call *call);
void kc_desk_backup_answer(struct kc_desk *desk, struct kc_call *call);

/* The client is gone. */
void kc_desk_forget_backup(struct kc_desk *desk, const struct kc_connection *connection);

/* --- batch.c --- */

/* Starts the requests of desk->batch, all at once; the batch is answered when all of them are. */
void kc_desk_start_batch(struct kc_desk *desk, struct kc_call *call);

/* Keeps the answer of one of them. The descriptors are given. */
void kc_desk_child_finished(struct kc_desk *desk, struct kc_call *child,
    const struct kc_message *answer, struct kc_descriptors *descriptors);

#endif
