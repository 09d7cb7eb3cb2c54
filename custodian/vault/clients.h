/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients that are connected, and who they are: read by the vault itself from the descriptor
 * that the desk passes, kept until the client hangs up. Thread-safe.
 */
#ifndef KC_CUSTODIAN_VAULT_CLIENTS_H
#define KC_CUSTODIAN_VAULT_CLIENTS_H

#include "custodian/policy.h"

struct kc_clients;

/*
 * socket_path  borrowed; a client is one that is connected to a socket that is bound to it
 * limit        clients at once
 */
KC_CHECKED enum kc_error kc_clients_new(
    const char *socket_path, size_t limit, struct kc_clients **clients);
void kc_clients_free(struct kc_clients *clients);

/*
 * Takes a client. A descriptor that is not a SOCK_SEQPACKET connection accepted at socket_path is
 * closed and forgotten, so that all requests of this connection are refused: a socket which the
 * desk connected somewhere itself would show a server's credentials as a client's. The same beyond
 * the limit.
 *
 * descriptor  given
 *
 * KC_ERR_BAD_REQUEST  there is such a connection already
 */
KC_CHECKED enum kc_error kc_clients_connect(
    struct kc_clients *clients, uint64_t connection, int descriptor);

/* Forgets a client; fine if there is none. */
void kc_clients_disconnect(struct kc_clients *clients, uint64_t connection);
void kc_clients_disconnect_all(struct kc_clients *clients);

/* Who the client is. KC_ERR_REFUSED: there is no such client. */
KC_CHECKED enum kc_error kc_clients_find(
    struct kc_clients *clients, uint64_t connection, struct kc_peer *peer);

/* --- logins to keyrings; they end with the connection --- */

#define KC_CLIENT_CONFIRMED_MAX 8 /* uses that are confirmed and were not made yet */

/*
 * Notes that a client is logged in.
 *
 * keyring  its place in the configuration
 * is_so    as security officer; else as user or by a name
 *
 * KC_ERR_LOGGED_IN  it is so already
 * KC_ERR_LIMIT, KC_ERR_REFUSED (no such client)
 */
KC_CHECKED enum kc_error kc_clients_login(
    struct kc_clients *clients, uint64_t connection, size_t keyring, const char *who, bool is_so);

/* Fine if there is no login. */
void kc_clients_logout(struct kc_clients *clients, uint64_t connection, size_t keyring);

/* Confirms one use of a key; and takes that one use: false if there is none. Errors as for a login. */
KC_CHECKED enum kc_error kc_clients_confirm(
    struct kc_clients *clients, uint64_t connection, const char *key);
bool kc_clients_take_confirmed(struct kc_clients *clients, uint64_t connection, const char *key);

size_t kc_clients_count(struct kc_clients *clients);

/* A descriptor that is readable while kc_clients_hung_up has something to say. */
int kc_clients_descriptor(const struct kc_clients *clients);

/* Forgets one client that has hung up, and names it; false if there is none. */
bool kc_clients_hung_up(struct kc_clients *clients, uint64_t *connection);

#endif
