/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/fake_peer.h"

#include "custodian/tls/frame.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRIP_MS 200 /* between two octets of a slow one */

struct fake_peer {
    enum fake_peer_manner manner;
    SSL_CTX *context;
    int listening;
    int stop[2]; /* closing one end ends the thread */
    pthread_t thread;
};

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fake_peer: %s\n", what);
    abort();
}

/* Whether the other side has hung up, or this peer is to stop, within some time; -1: for ever. */
static bool ends_within(const struct fake_peer *peer, int connection, int milliseconds)
{
    struct pollfd waits[2] = {
        {.fd = connection, .events = POLLRDHUP}, {.fd = peer->stop[0], .events = POLLIN}};
    return poll(waits, 2, milliseconds) > 0;
}

static void answer(const struct fake_peer *peer, SSL *ssl, int connection)
{
    static const uint8_t ping[] = "\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xa1\0\0";
    uint8_t octets[4096], greeting = KC_GREETING_SERVED;
    if (peer->manner == FAKE_UNGREETING) {
        (void)ends_within(peer, connection, -1);
        return;
    }
    if (peer->manner == FAKE_ABSENT)
        greeting = KC_GREETING_ABSENT;
    if (SSL_write(ssl, &greeting, 1) != 1 || SSL_read(ssl, octets, sizeof octets) <= 0)
        return;
    memset(octets, 0xff, sizeof octets);
    if (peer->manner == FAKE_TALKS_RUBBISH)
        (void)SSL_write(ssl, octets, sizeof octets);
    if (peer->manner == FAKE_ANSWERS_OTHER)
        (void)SSL_write(ssl, ping, sizeof ping - 1);
    if (peer->manner == FAKE_HALF_CLOSED)
        (void)shutdown(connection, SHUT_WR);
    for (size_t i = 0; peer->manner == FAKE_SLOW && !ends_within(peer, connection, DRIP_MS); i++)
        (void)SSL_write(ssl, &ping[i % 4], 1);
    (void)ends_within(peer, connection, -1);
}

static void serve(const struct fake_peer *peer, int connection)
{
    if (peer->manner == FAKE_SAYS_GOODBYE)
        return;
    if (peer->manner == FAKE_PLAIN_TEXT)
        (void)send(connection, "220 mail.test ESMTP ready, how do you do\r\n", 42, MSG_NOSIGNAL);
    if (peer->manner <= FAKE_PLAIN_TEXT) {
        (void)ends_within(peer, connection, -1);
        return;
    }
    SSL *ssl = SSL_new(peer->context);
    require(ssl && SSL_set_fd(ssl, connection) == 1, "ssl");
    if (SSL_accept(ssl) == 1)
        answer(peer, ssl, connection);
    SSL_free(ssl);
}

static void *work(void *argument)
{
    const struct fake_peer *peer = argument;
    while (!ends_within(peer, -1, 0)) {
        struct pollfd waits[2] = {
            {.fd = peer->listening, .events = POLLIN}, {.fd = peer->stop[0], .events = POLLIN}};
        (void)poll(waits, 2, -1);
        int connection = waits[0].revents ? accept(peer->listening, NULL, NULL) : -1;
        if (connection < 0)
            continue;
        serve(peer, connection);
        close(connection);
    }
    return NULL;
}

static SSL_CTX *new_context(enum fake_peer_manner manner, const char *folder, const char *name)
{
    char certificate[256], key[256];
    SSL_CTX *made = SSL_CTX_new(TLS_server_method());
    snprintf(certificate, sizeof certificate, "%s/%s.pem", folder, name);
    snprintf(key, sizeof key, "%s/%s.key", folder, name);
    require(made && SSL_CTX_use_certificate_file(made, certificate, SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_use_PrivateKey_file(made, key, SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_set_num_tickets(made, 0) == 1,
        certificate);
    if (manner == FAKE_OLD_TLS)
        require(SSL_CTX_set_max_proto_version(made, TLS1_2_VERSION) == 1, "version");
    return made;
}

struct fake_peer *fake_peer_start(
    enum fake_peer_manner manner, unsigned port, const char *folder, const char *name)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    struct fake_peer *peer = calloc(1, sizeof *peer);
    require(peer != NULL, "memory");
    peer->manner = manner;
    peer->context = new_context(manner, folder, name);
    peer->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(peer->listening >= 0 &&
                setsockopt(peer->listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                bind(peer->listening, (const struct sockaddr *)&address, sizeof address) == 0 &&
                listen(peer->listening, 8) == 0 && pipe2(peer->stop, O_CLOEXEC) == 0,
        "listen");
    require(pthread_create(&peer->thread, NULL, work, peer) == 0, "thread");
    return peer;
}

void fake_peer_stop(struct fake_peer *peer)
{
    close(peer->stop[1]);
    require(pthread_join(peer->thread, NULL) == 0, "join");
    close(peer->stop[0]);
    close(peer->listening);
    SSL_CTX_free(peer->context);
    free(peer);
}
