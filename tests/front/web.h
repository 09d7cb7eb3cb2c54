/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of HTTP for tests of the front end: over a plain socket or TLS 1.3, octet by octet where
 * that is the case. What fails here fails the test.
 */
#ifndef KC_TESTS_FRONT_WEB_H
#define KC_TESTS_FRONT_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct web {
    int socket;
    void *session, *credentials; /* of GnuTLS; NULL: plain */
    char host[64];
};

struct web_answer {
    int status; /* 0: the connection ended before there was one */
    char head[4096];
    char *body; /* terminated; web_answer_done */
    size_t size;
};

/* Connects to 127.0.0.1; certificate: PEM file that is trusted, NULL: plain. */
void web_open(struct web *web, uint16_t port, const char *certificate);

/* The same for TLS of one's choice; false: nobody listens, or the handshake failed. web_close anyway. */
bool web_try(struct web *web, uint16_t port, const char *certificate, const char *priorities);
void web_close(struct web *web);

/* Whether the other side wanted a certificate of ours. */
bool web_was_asked_for_certificate(const struct web *web);

/* False: the other side is gone. */
bool web_write(struct web *web, const void *octets, size_t size);

/* Reads one answer. */
void web_read(struct web *web, struct web_answer *answer);
void web_answer_done(struct web_answer *answer);

/* One POST of JSON and its answer, on a connection that stays. */
void web_post(struct web *web, const char *body, size_t size, struct web_answer *answer);

/* One POST, or a request as it is written, on a plain connection of its own; the status of the answer. */
int web_post_status(uint16_t port, const char *body);
int web_status(uint16_t port, const char *request);

#endif
