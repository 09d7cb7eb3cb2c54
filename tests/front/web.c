/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/front/web.h"

#include "tests/support/cmocka.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 60 /* a test that waits longer for an octet has failed */

/* -1: nobody listens there. */
static int connect_to(uint16_t port)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    const int yes = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(made >= 0);
    assert_int_equal(setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), 0);
    if (connect(made, (const struct sockaddr *)&address, sizeof address) == 0)
        return made;
    close(made);
    return -1;
}

bool web_try(struct web *web, uint16_t port, const char *certificate, const char *priorities)
{
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    *web = (struct web){.socket = connect_to(port), .host = "localhost"};
    if (web->socket < 0)
        return false;
    assert_int_equal(gnutls_certificate_allocate_credentials(&credentials), 0);
    web->credentials = credentials;
    assert_true(
        gnutls_certificate_set_x509_trust_file(credentials, certificate, GNUTLS_X509_FMT_PEM) > 0);
    assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), 0);
    assert_int_equal(gnutls_priority_set_direct(session, priorities, NULL), 0);
    assert_int_equal(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), 0);
    gnutls_session_set_verify_cert(session, "localhost", 0);
    gnutls_transport_set_int(session, web->socket);
    int result;
    do
        result = gnutls_handshake(session);
    while (result < 0 && !gnutls_error_is_fatal(result));
    web->session = session;
    return result == 0;
}

void web_open(struct web *web, uint16_t port, const char *certificate)
{
    if (certificate)
        assert_true(web_try(web, port, certificate, "NORMAL"));
    else
        *web = (struct web){.socket = connect_to(port), .host = "localhost"};
    assert_true(web->socket >= 0);
}

bool web_was_asked_for_certificate(const struct web *web)
{
    return gnutls_certificate_client_get_request_status(web->session) != 0;
}

void web_close(struct web *web)
{
    if (web->session)
        gnutls_deinit(web->session);
    if (web->credentials)
        gnutls_certificate_free_credentials(web->credentials);
    if (web->socket >= 0)
        close(web->socket);
}

bool web_write(struct web *web, const void *octets, size_t size)
{
    for (size_t done = 0; done < size;) {
        const char *rest = (const char *)octets + done;
        ssize_t wrote = web->session ? gnutls_record_send(web->session, rest, size - done)
                                     : send(web->socket, rest, size - done, MSG_NOSIGNAL);
        if (wrote <= 0)
            return false;
        done += (size_t)wrote;
    }
    return true;
}

/* At most one octet of room is wasted on a length: 0 is the end, or an error. */
static size_t read_some(struct web *web, void *room, size_t size)
{
    ssize_t got = web->session ? gnutls_record_recv(web->session, room, size)
                               : recv(web->socket, room, size, 0);
    return got > 0 ? (size_t)got : 0;
}

static bool read_head(struct web *web, struct web_answer *answer)
{
    size_t size = 0;
    while (!strstr(answer->head, "\r\n\r\n")) {
        if (size + 1 == sizeof answer->head || read_some(web, answer->head + size, 1) == 0)
            return false;
        answer->head[++size] = '\0';
    }
    return true;
}

void web_read(struct web *web, struct web_answer *answer)
{
    *answer = (struct web_answer){.status = 0};
    if (!read_head(web, answer))
        return;
    if (strncmp(answer->head, "HTTP/1.1 100", 12) == 0) {
        web_read(web, answer);
        return;
    }
    const char *length = strstr(answer->head, "Content-Length: ");
    assert_non_null(length);
    answer->size = strtoul(length + 16, NULL, 10);
    answer->body = calloc(1, answer->size + 1);
    assert_non_null(answer->body);
    for (size_t done = 0; done < answer->size;) {
        size_t got = read_some(web, answer->body + done, answer->size - done);
        if (got == 0)
            return;
        done += got;
    }
    answer->status = atoi(answer->head + 9);
}

void web_answer_done(struct web_answer *answer)
{
    free(answer->body);
    *answer = (struct web_answer){.status = 0};
}

void web_post(struct web *web, const char *body, size_t size, struct web_answer *answer)
{
    char head[256];
    int head_size = snprintf(head, sizeof head,
        "POST /.well-known/mmm HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        web->host, size);
    *answer = (struct web_answer){.status = 0};
    if (web_write(web, head, (size_t)head_size) && web_write(web, body, size))
        web_read(web, answer);
}

int web_status(uint16_t port, const char *request)
{
    struct web web;
    struct web_answer answer;
    web_open(&web, port, NULL);
    (void)web_write(&web, request, strlen(request));
    web_read(&web, &answer);
    int status = answer.status;
    web_answer_done(&answer);
    web_close(&web);
    return status;
}

int web_post_status(uint16_t port, const char *body)
{
    struct web web;
    struct web_answer answer;
    web_open(&web, port, NULL);
    web_post(&web, body, strlen(body), &answer);
    int status = answer.status;
    web_answer_done(&answer);
    web_close(&web);
    return status;
}
