/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's core: decides and does what clients ask for. It takes the desk's messages and gives
 * messages back; everything else that it needs of the world comes through struct kc_vault_outside,
 * so that a test runs all of it in one process. vault_main.c puts it into a process.
 *
 * The desk is not believed. It carries requests and records; the vault reads the caller's
 * credentials itself, and believes a record that its own MAC covers and that is not older than what
 * it has seen.
 *
 * Thread-safe. Every thread that calls in has its stack in the arena: secrets pass over it. The
 * arena is made first.
 */
#ifndef KC_CUSTODIAN_VAULT_H
#define KC_CUSTODIAN_VAULT_H

#include "custodian/config.h"
#include "custodian/root_message.h"
#include "custodian/vault_message.h"
#include "proto/socket/transport.h"

struct kc_vault;

/* What was decided about a request; no values. */
struct kc_vault_event {
    enum kc_operation operation;
    struct kc_span key; /* id, as far as the request or its answer names one; lent */
    uint64_t connection;
    bool known;       /* the client's credentials were there */
    uid_t user;       /* if known */
    bool changed;     /* records were changed */
    const char *note; /* what came of it beside its error; static text, or NULL */
    enum kc_error error;
};

/* What the vault is given by its process. All functions are thread-safe. */
struct kc_vault_outside {
    void *context;

    /* Sends a message to the desk; if the desk is gone, drops it. When it returns the message is
     * not looked at any more. Descriptors stay the caller's. */
    void (*send)(void *context, const struct kc_vault_message *message,
        const struct kc_descriptors *descriptors);

    /* Asks a root, by its number in the configuration. The packet takes the answer, which reply->payload points into: it can be
     * secret, and the caller wipes it. KC_ERR_ROOT_UNAVAILABLE: no answer in time. */
    enum kc_error (*root)(void *context, size_t number, const struct kc_root_request *request,
        uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_root_reply *reply);

    /* Tells of a request that was decided, before its answer is sent; for the log. */
    void (*tell)(void *context, const struct kc_vault_event *event);

    /* Octets of the kernel's random source. KC_ERR_RANDOM. */
    enum kc_error (*random)(void *context, uint8_t *octets, size_t size);

    uint64_t (*seconds)(void *context);      /* since 1970 */
    uint64_t (*milliseconds)(void *context); /* of a clock that only goes forward */
};

/*
 * Makes a vault. It has no keys yet: it loads, or makes, its own root secret when it is first
 * needed.
 *
 * config, outside, users  borrowed until kc_vault_free; users is what `status` says of them
 *
 * KC_ERR_NO_MEMORY, KC_ERR_RANDOM
 */
KC_CHECKED enum kc_error kc_vault_new(const struct kc_config *config, const char *users,
    const struct kc_vault_outside *outside, struct kc_vault **vault);

/* Wipes and frees all; no other thread is in the vault any more. NULL is fine. */
void kc_vault_free(struct kc_vault *vault);

/*
 * Takes one packet from the desk, and sends what there is to answer: now, or when another packet
 * lets it go on.
 *
 * desk         which desk it came from: what kc_vault_desk said before the packet was received. A
 *              packet of a desk that is gone is dropped.
 * bytes        borrowed
 * descriptors  given
 *
 * KC_ERR_BAD_REQUEST  the desk is out of its mind: the caller ends the process
 */
KC_CHECKED enum kc_error kc_vault_receive(struct kc_vault *vault, uint64_t desk, const void *bytes,
    size_t size, const struct kc_descriptors *descriptors);

/* Does the calls that take seconds (RSA keys), one after the other, if no other thread does; to be
 * called when the packet's answers are on their way, and after kc_vault_hangups and
 * kc_vault_expire, as each runs what it finds. Says whether there was one. */
bool kc_vault_do_slow(struct kc_vault *vault);

/* The number of the desk that the vault serves now. */
uint64_t kc_vault_desk(struct kc_vault *vault);

/* The desk is gone: drops all clients' credentials, sessions and requests that wait. The next desk
 * has another number, and gets no answers to what its predecessor asked. Call it before the edge to
 * the next one is in use. */
void kc_vault_desk_gone(struct kc_vault *vault);

/* A descriptor that gets readable when a client has hung up: then call kc_vault_hangups. */
int kc_vault_hangup_descriptor(const struct kc_vault *vault);
void kc_vault_hangups(struct kc_vault *vault);

/* Closes what is past its deadline. To be called at kc_vault_deadline, milliseconds of the vault's
 * clock, UINT64_MAX for none; the deadline can only come nearer by kc_vault_receive. */
void kc_vault_expire(struct kc_vault *vault);
uint64_t kc_vault_deadline(struct kc_vault *vault);

/* From here on every request is answered with KC_ERR_STOPPING; those that wait may end. Says
 * whether none waits any more. */
bool kc_vault_stop(struct kc_vault *vault);

#endif
