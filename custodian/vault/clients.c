/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/clients.h"
#include "base/text.h"
#include "custodian/closer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    uint64_t connection;
    int descriptor; /* -1: no client here */
    struct kc_peer peer;
    char confirmed[KC_CLIENT_CONFIRMED_MAX][KC_RECORD_ID_SIZE]; /* ids of keys; empty: none here */
};

struct kc_clients {
    pthread_mutex_t lock;
    const char *socket_path;
    int epoll;
    size_t limit, count;
    struct client client[];
};

enum kc_error kc_clients_new(const char *socket_path, size_t limit, struct kc_clients **clients)
{
    struct kc_clients *c = calloc(1, sizeof *c + limit * sizeof c->client[0]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!c || epoll < 0) {
        free(c);
        if (epoll >= 0)
            close(epoll);
        return KC_ERR_NO_MEMORY;
    }
    pthread_mutex_init(&c->lock, NULL);
    c->socket_path = socket_path;
    c->epoll = epoll;
    c->limit = limit;
    for (size_t i = 0; i < limit; i++)
        c->client[i].descriptor = -1;
    *clients = c;
    return KC_OK;
}

/* --- who is it --- */

static int option(int descriptor, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

static bool is_bound_to(int descriptor, const char *path)
{
    struct sockaddr_un name = {0};
    socklen_t size = sizeof name;
    if (getsockname(descriptor, (struct sockaddr *)&name, &size) != 0 || size > sizeof name ||
        size <= offsetof(struct sockaddr_un, sun_path))
        return false;
    size_t path_size = size - offsetof(struct sockaddr_un, sun_path);
    return strnlen(name.sun_path, path_size) == strlen(path) &&
           memcmp(name.sun_path, path, strlen(path)) == 0;
}

static bool is_accepted_here(int descriptor, const char *path)
{
    return option(descriptor, SO_DOMAIN) == AF_UNIX &&
           option(descriptor, SO_TYPE) == SOCK_SEQPACKET &&
           option(descriptor, SO_ACCEPTCONN) == 0 && is_bound_to(descriptor, path);
}

/* Groups that do not fit count as none: the policy only ever allows more for a group. */
static bool read_peer(int descriptor, struct kc_peer *peer)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return false;
    *peer = (struct kc_peer){.user = credentials.uid};
    peer->groups[peer->group_count++] = credentials.gid;
    size = (socklen_t)(sizeof peer->groups - sizeof peer->groups[0]);
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, &peer->groups[1], &size) == 0)
        peer->group_count += size / sizeof peer->groups[0];
    return true;
}

/* --- the table; the lock is held --- */

static struct client *find(struct kc_clients *clients, uint64_t connection)
{
    for (size_t i = 0; i < clients->limit; i++)
        if (clients->client[i].descriptor >= 0 && clients->client[i].connection == connection)
            return &clients->client[i];
    return NULL;
}

static struct client *find_free(struct kc_clients *clients)
{
    for (size_t i = 0; i < clients->limit; i++)
        if (clients->client[i].descriptor < 0)
            return &clients->client[i];
    return NULL;
}

/* The desk's copy may stay open, so closing ours alone would not end the watch. */
static void forget(struct kc_clients *clients, struct client *client)
{
    epoll_ctl(clients->epoll, EPOLL_CTL_DEL, client->descriptor, NULL);
    kc_close_later(client->descriptor);
    *client = (struct client){.descriptor = -1};
    clients->count--;
}

/* Takes the descriptor if it is a client's; false if it is not to be had. */
static bool take(struct kc_clients *clients, uint64_t connection, int descriptor)
{
    struct client *client = find_free(clients);
    struct epoll_event hang_up = {.data.u64 = connection}; /* EPOLLHUP always comes */
    if (!client || !is_accepted_here(descriptor, clients->socket_path) ||
        !read_peer(descriptor, &client->peer) ||
        epoll_ctl(clients->epoll, EPOLL_CTL_ADD, descriptor, &hang_up) != 0)
        return false;
    client->connection = connection;
    client->descriptor = descriptor;
    clients->count++;
    return true;
}

/* --- the interface --- */

enum kc_error kc_clients_connect(struct kc_clients *clients, uint64_t connection, int descriptor)
{
    pthread_mutex_lock(&clients->lock);
    bool known = find(clients, connection) != NULL;
    bool taken = !known && descriptor >= 0 && take(clients, connection, descriptor);
    pthread_mutex_unlock(&clients->lock);
    if (!taken && descriptor >= 0)
        kc_close_later(descriptor);
    return known ? KC_ERR_BAD_REQUEST : KC_OK;
}

void kc_clients_disconnect(struct kc_clients *clients, uint64_t connection)
{
    pthread_mutex_lock(&clients->lock);
    struct client *client = find(clients, connection);
    if (client)
        forget(clients, client);
    pthread_mutex_unlock(&clients->lock);
}

void kc_clients_disconnect_all(struct kc_clients *clients)
{
    pthread_mutex_lock(&clients->lock);
    for (size_t i = 0; i < clients->limit; i++)
        if (clients->client[i].descriptor >= 0)
            forget(clients, &clients->client[i]);
    pthread_mutex_unlock(&clients->lock);
}

enum kc_error kc_clients_find(struct kc_clients *clients, uint64_t connection, struct kc_peer *peer)
{
    pthread_mutex_lock(&clients->lock);
    const struct client *client = find(clients, connection);
    if (client)
        *peer = client->peer;
    pthread_mutex_unlock(&clients->lock);
    return client ? KC_OK : KC_ERR_REFUSED;
}

/* --- logins; the lock is held --- */

static struct kc_peer_login *find_login(struct client *client, size_t keyring)
{
    for (size_t i = 0; i < KC_PEER_LOGINS_MAX; i++)
        if (client->peer.login[i].who[0] != 0 && client->peer.login[i].keyring == keyring)
            return &client->peer.login[i];
    return NULL;
}

static struct kc_peer_login *free_login(struct client *client)
{
    for (size_t i = 0; i < KC_PEER_LOGINS_MAX; i++)
        if (client->peer.login[i].who[0] == 0)
            return &client->peer.login[i];
    return NULL;
}

static enum kc_error log_in(struct client *client, size_t keyring, const char *who, bool is_so)
{
    struct kc_peer_login *login = client ? free_login(client) : NULL;
    if (!client)
        return KC_ERR_REFUSED;
    if (find_login(client, keyring))
        return KC_ERR_LOGGED_IN;
    if (!login || !kc_text_copy(login->who, sizeof login->who, who))
        return KC_ERR_LIMIT;
    login->keyring = keyring;
    *(is_so ? &client->peer.so_logins : &client->peer.logins) |= UINT64_C(1) << keyring;
    return KC_OK;
}

static void log_out(struct client *client, size_t keyring)
{
    struct kc_peer_login *login = find_login(client, keyring);
    client->peer.logins &= ~(UINT64_C(1) << keyring);
    client->peer.so_logins &= ~(UINT64_C(1) << keyring);
    memset(client->confirmed, 0, sizeof client->confirmed);
    if (login)
        *login = (struct kc_peer_login){0};
}

/* The place of a key among the confirmed ones; of "": a free one. NULL: there is none. */
static char *find_confirmed(struct client *client, const char *key)
{
    for (size_t i = 0; i < KC_CLIENT_CONFIRMED_MAX; i++)
        if (strcmp(client->confirmed[i], key) == 0)
            return client->confirmed[i];
    return NULL;
}

enum kc_error kc_clients_login(
    struct kc_clients *clients, uint64_t connection, size_t keyring, const char *who, bool is_so)
{
    pthread_mutex_lock(&clients->lock);
    enum kc_error error = log_in(find(clients, connection), keyring, who, is_so);
    pthread_mutex_unlock(&clients->lock);
    return error;
}

void kc_clients_logout(struct kc_clients *clients, uint64_t connection, size_t keyring)
{
    pthread_mutex_lock(&clients->lock);
    struct client *client = find(clients, connection);
    if (client)
        log_out(client, keyring);
    pthread_mutex_unlock(&clients->lock);
}

enum kc_error kc_clients_confirm(struct kc_clients *clients, uint64_t connection, const char *key)
{
    pthread_mutex_lock(&clients->lock);
    struct client *client = find(clients, connection);
    char *place = client ? find_confirmed(client, "") : NULL;
    if (place)
        memcpy(place, key, strlen(key) + 1);
    pthread_mutex_unlock(&clients->lock);
    return place ? KC_OK : client ? KC_ERR_LIMIT : KC_ERR_REFUSED;
}

bool kc_clients_take_confirmed(struct kc_clients *clients, uint64_t connection, const char *key)
{
    pthread_mutex_lock(&clients->lock);
    struct client *client = find(clients, connection);
    char *place = client ? find_confirmed(client, key) : NULL;
    if (place)
        place[0] = 0;
    pthread_mutex_unlock(&clients->lock);
    return place != NULL;
}

size_t kc_clients_count(struct kc_clients *clients)
{
    pthread_mutex_lock(&clients->lock);
    size_t count = clients->count;
    pthread_mutex_unlock(&clients->lock);
    return count;
}

int kc_clients_descriptor(const struct kc_clients *clients)
{
    return clients->epoll;
}

bool kc_clients_hung_up(struct kc_clients *clients, uint64_t *connection)
{
    pthread_mutex_lock(&clients->lock);
    struct epoll_event event;
    struct client *client = NULL;
    if (epoll_wait(clients->epoll, &event, 1, 0) == 1)
        client = find(clients, event.data.u64);
    if (client) {
        *connection = client->connection;
        forget(clients, client);
    }
    pthread_mutex_unlock(&clients->lock);
    return client != NULL;
}

void kc_clients_free(struct kc_clients *clients)
{
    if (!clients)
        return;
    kc_clients_disconnect_all(clients);
    close(clients->epoll);
    pthread_mutex_destroy(&clients->lock);
    free(clients);
}
