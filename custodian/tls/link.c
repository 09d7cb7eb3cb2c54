/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/tls/link.h"

#include "custodian/tls/identity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NAME_FLAGS (X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

struct kc_tls_link {
    SSL *ssl;
    int socket;
};

int64_t kc_tls_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum kc_error wait_for(int socket, short events, int64_t deadline_ms)
{
    struct pollfd wanted = {.fd = socket, .events = events};
    int ready;
    do {
        int64_t left = deadline_ms - kc_tls_now_ms();
        if (left <= 0)
            return KC_ERR_PEER_LATE;
        ready = poll(&wanted, 1, left < INT_MAX ? (int)left : INT_MAX);
    } while (ready < 0 && errno == EINTR);
    return ready == 0 ? KC_ERR_PEER_LATE : KC_OK;
}

/* --- what went wrong --- */

static enum kc_error verification_error(long result)
{
    switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
        return KC_ERR_PEER_NAME;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return KC_ERR_PEER_EXPIRED;
    case X509_V_ERR_CERT_REVOKED:
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
        return KC_ERR_PEER_REVOKED;
    default:
        return KC_ERR_PEER_AUTHORITY;
    }
}

/* What the other side says is wrong with us (RFC 8446, 6.2): numbers from SSL_AD_REASON_OFFSET. */
static enum kc_error alert_error(int alert)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case TLS13_AD_CERTIFICATE_REQUIRED:
        return KC_ERR_PEER_DENIED;
    default:
        return KC_ERR_PEER_TLS;
    }
}

static enum kc_error library_error(const SSL *ssl)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return verification_error(SSL_get_verify_result(ssl));
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return KC_ERR_PEER_CUT;
    if (reason > SSL_AD_REASON_OFFSET)
        return alert_error(reason - SSL_AD_REASON_OFFSET);
    return KC_ERR_PEER_TLS;
}

/* After a call that did not do all: KC_OK if it is to be repeated. */
static enum kc_error settle(struct kc_tls_link *link, int result, int64_t deadline_ms)
{
    enum kc_error error;
    switch (SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(link->socket, POLLIN, deadline_ms);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(link->socket, POLLOUT, deadline_ms);
    case SSL_ERROR_SSL:
        error = library_error(link->ssl);
        break;
    default:
        error = KC_ERR_PEER_CUT;
    }
    ERR_clear_error();
    return error;
}

static enum kc_error shake_hands(struct kc_tls_link *link, int64_t deadline_ms)
{
    int result;
    enum kc_error error = KC_OK;
    ERR_clear_error();
    while (error == KC_OK && (result = SSL_do_handshake(link->ssl)) != 1)
        error = settle(link, result, deadline_ms);
    return error;
}

/* --- making one --- */

/* Takes the socket, also on failure. */
static struct kc_tls_link *new_link(const struct kc_tls *tls, int socket)
{
    int one = 1;
    struct kc_tls_link *link = calloc(1, sizeof *link);
    if (!link) {
        close(socket);
        return NULL;
    }
    link->socket = socket;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    link->ssl = SSL_new(tls->context);
    if (!link->ssl || SSL_set_fd(link->ssl, socket) != 1) {
        kc_tls_link_free(link);
        return NULL;
    }
    return link;
}

static socklen_t parse_address(const char *text, uint16_t port, struct sockaddr_storage *address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    *address = (struct sockaddr_storage){.ss_family = AF_INET};
    four->sin_port = htons(port);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
        return sizeof *four;
    *address = (struct sockaddr_storage){.ss_family = AF_INET6};
    six->sin6_port = htons(port);
    return inet_pton(AF_INET6, text, &six->sin6_addr) == 1 ? sizeof *six : 0;
}

static enum kc_error finish_connecting(int descriptor, int64_t deadline_ms)
{
    int cause = 0;
    socklen_t size = sizeof cause;
    enum kc_error error = wait_for(descriptor, POLLOUT, deadline_ms);
    if (error == KC_OK &&
        (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &cause, &size) < 0 || cause != 0))
        error = KC_ERR_PEER_ABSENT;
    return error;
}

static enum kc_error open_socket(
    const char *text, uint16_t port, int64_t deadline_ms, int *descriptor)
{
    struct sockaddr_storage address;
    socklen_t size = parse_address(text, port, &address);
    int made = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return KC_ERR_PEER_ABSENT;
    enum kc_error error = KC_OK;
    if (connect(made, (const struct sockaddr *)&address, size) < 0)
        error = errno == EINPROGRESS ? finish_connecting(made, deadline_ms) : KC_ERR_PEER_ABSENT;
    if (error != KC_OK) {
        close(made);
        return error;
    }
    *descriptor = made;
    return KC_OK;
}

/* In TLS 1.3 who connects has done his part before the other side has looked at his certificate: its
 * greeting is the first that he hears of the verdict. */
static enum kc_error be_greeted(struct kc_tls_link *link, int64_t deadline_ms)
{
    uint8_t greeting = 0;
    enum kc_error error = kc_tls_link_read(link, &greeting, sizeof greeting, deadline_ms);
    if (error != KC_OK || greeting == KC_GREETING_SERVED)
        return error;
    return greeting == KC_GREETING_DENIED   ? KC_ERR_PEER_DENIED
           : greeting == KC_GREETING_ABSENT ? KC_ERR_PEER_ABSENT
                                            : KC_ERR_PEER_TLS;
}

enum kc_error kc_tls_connect(const struct kc_tls *tls, const char *address, uint16_t port,
    const char *name, int64_t deadline_ms, struct kc_tls_link **link)
{
    int socket = -1;
    enum kc_error error = open_socket(address, port, deadline_ms, &socket);
    if (error != KC_OK)
        return error;
    struct kc_tls_link *made = new_link(tls, socket);
    if (!made)
        return KC_ERR_NO_MEMORY;
    SSL_set_connect_state(made->ssl);
    SSL_set_hostflags(made->ssl, NAME_FLAGS);
    if (SSL_set1_host(made->ssl, name) != 1)
        error = KC_ERR_NO_MEMORY;
    if (error == KC_OK)
        error = shake_hands(made, deadline_ms);
    if (error == KC_OK)
        error = be_greeted(made, deadline_ms);
    if (error != KC_OK) {
        kc_tls_link_free(made);
        return error;
    }
    *link = made;
    return KC_OK;
}

enum kc_error kc_tls_accept(
    const struct kc_tls *tls, int socket, int64_t deadline_ms, struct kc_tls_link **link)
{
    struct kc_tls_link *made = new_link(tls, socket);
    if (!made)
        return KC_ERR_NO_MEMORY;
    SSL_set_accept_state(made->ssl);
    enum kc_error error = shake_hands(made, deadline_ms);
    if (error != KC_OK) {
        kc_tls_link_free(made);
        return error;
    }
    *link = made;
    return KC_OK;
}

/* --- using it --- */

bool kc_tls_link_has_name(const struct kc_tls_link *link, const char *name)
{
    X509 *certificate = SSL_get0_peer_certificate(link->ssl);
    return certificate && X509_check_host(certificate, name, 0, NAME_FLAGS, NULL) == 1;
}

enum kc_error kc_tls_greet(struct kc_tls_link *link, enum kc_greeting greeting, int64_t deadline_ms)
{
    uint8_t octet = (uint8_t)greeting;
    return kc_tls_link_write(link, &octet, sizeof octet, deadline_ms);
}

enum kc_error kc_tls_link_read(
    struct kc_tls_link *link, void *bytes, size_t size, int64_t deadline_ms)
{
    enum kc_error error = KC_OK;
    size_t done = 0, got = 0;
    ERR_clear_error();
    while (error == KC_OK && done < size) {
        int result = SSL_read_ex(link->ssl, (uint8_t *)bytes + done, size - done, &got);
        if (result == 1)
            done += got;
        else
            error = settle(link, result, deadline_ms);
    }
    return error;
}

enum kc_error kc_tls_link_write(
    struct kc_tls_link *link, const void *bytes, size_t size, int64_t deadline_ms)
{
    enum kc_error error = KC_OK;
    size_t done = 0;
    int result;
    ERR_clear_error();
    while (error == KC_OK && (result = SSL_write_ex(link->ssl, bytes, size, &done)) != 1)
        error = settle(link, result, deadline_ms);
    return error;
}

int kc_tls_link_socket(const struct kc_tls_link *link)
{
    return link->socket;
}

bool kc_tls_link_is_quiet(const struct kc_tls_link *link)
{
    struct pollfd readable = {.fd = link->socket, .events = POLLIN | POLLRDHUP};
    return SSL_pending(link->ssl) == 0 && poll(&readable, 1, 0) == 0;
}

void kc_tls_link_free(struct kc_tls_link *link)
{
    if (!link)
        return;
    if (link->ssl && SSL_is_init_finished(link->ssl))
        (void)SSL_shutdown(link->ssl);
    SSL_free(link->ssl);
    ERR_clear_error();
    (void)shutdown(link->socket, SHUT_WR);
    close(link->socket);
    free(link);
}
