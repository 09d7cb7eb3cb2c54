/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/clients.h"
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
