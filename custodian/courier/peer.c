/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/courier/peer.h"

#include "custodian/log.h"
#include "custodian/tls/frame.h"
#include "proto/socket/cbor.h"

#include <pthread.h>
#include <stdlib.h>

#define IDLE_MAX 2 /* links that are kept for the next question */

struct kc_peer_way {
    const struct kc_config_peer *config;
    struct kc_client *client; /* over a socket; NULL: over TLS */

    const struct kc_tls *tls;
    pthread_mutex_t lock;
    struct kc_tls_link *idle[IDLE_MAX];
    size_t idle_count;
};

enum kc_error kc_peer_way_new(
    const struct kc_config_peer *config, const struct kc_tls *tls, struct kc_peer_way **way)
{
    struct kc_peer_way *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->config = config;
    made->tls = tls;
    pthread_mutex_init(&made->lock, NULL);
    enum kc_error error = config->socket[0] ? kc_client_new(config->socket, &made->client) : KC_OK;
    if (error != KC_OK) {
        free(made);
        return error;
    }
    *way = made;
    return KC_OK;
}

/* --- over a socket --- */

/* How the peer failed to answer, in words that do not mean this custodian. */
static enum kc_error translate(enum kc_error error)
{
    return error == KC_ERR_TIMED_OUT ? KC_ERR_PEER_LATE : KC_ERR_PEER_ABSENT;
}

static enum kc_error ask_over_socket(
    struct kc_peer_way *way, struct kc_client_request *request, struct kc_peer_answer *answer)
{
    enum kc_error error =
        kc_client_call(way->client, request, (int)way->config->deadline_ms, &answer->held);
    if (!answer->held)
        return translate(error);
    answer->message = *kc_client_answer_message(answer->held);
    return KC_OK;
}

/* --- over TLS --- */

static struct kc_tls_link *take_idle(struct kc_peer_way *way)
{
    pthread_mutex_lock(&way->lock);
    struct kc_tls_link *link = way->idle_count > 0 ? way->idle[--way->idle_count] : NULL;
    pthread_mutex_unlock(&way->lock);
    return link;
}

/* Few: a link that waits takes a place at the peer's, which has some for everybody. */
static void keep_idle(struct kc_peer_way *way, struct kc_tls_link *link)
{
    pthread_mutex_lock(&way->lock);
    if (way->idle_count < IDLE_MAX) {
        way->idle[way->idle_count++] = link;
        link = NULL;
    }
    pthread_mutex_unlock(&way->lock);
    kc_tls_link_free(link);
}

/* One that the peer has ended meanwhile is of no use, and neither is one on which it spoke first. */
static enum kc_error find_link(
    struct kc_peer_way *way, int64_t deadline_ms, struct kc_tls_link **link)
{
    const struct kc_config_peer *config = way->config;
    while ((*link = take_idle(way)) != NULL) {
        if (kc_tls_link_is_quiet(*link))
            return KC_OK;
        kc_tls_link_free(*link);
    }
    return kc_tls_connect(way->tls, config->address, (uint16_t)config->port,
        config->certificate_name, deadline_ms, link);
}

static enum kc_error exchange(struct kc_tls_link *link, struct kc_client_request *request,
    uint8_t *bytes, size_t *size, int64_t deadline_ms)
{
    struct kc_descriptors none;
    request->message.id = 1; /* the one on its connection */
    enum kc_error error =
        kc_cbor_request_encode(&request->message, bytes, KC_MESSAGE_SIZE_MAX, size);
    if (error == KC_OK)
        error = kc_frame_send(link, bytes, *size, &request->descriptors, deadline_ms);
    if (error == KC_OK)
        error = kc_frame_receive(link, bytes, size, 0, &none, deadline_ms);
    return error == KC_ERR_BAD_REQUEST ? KC_ERR_BAD_REPLY : error;
}

static enum kc_error decode(enum kc_operation operation, size_t size, struct kc_peer_answer *answer)
{
    kc_message_init(&answer->message, operation);
    enum kc_error error = kc_cbor_answer_decode(answer->bytes, size, 0, &answer->message);
    return error == KC_OK && answer->message.id != 1 ? KC_ERR_BAD_REPLY : error;
}

static enum kc_error ask_over_tls(
    struct kc_peer_way *way, struct kc_client_request *request, struct kc_peer_answer *answer)
{
    int64_t deadline = kc_tls_now_ms() + way->config->deadline_ms;
    struct kc_tls_link *link = NULL;
    size_t size = 0;
    answer->bytes = malloc(KC_MESSAGE_SIZE_MAX);
    if (!answer->bytes)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = find_link(way, deadline, &link);
    if (error != KC_OK)
        return error;
    error = exchange(link, request, answer->bytes, &size, deadline);
    if (error == KC_OK)
        error = decode(request->message.operation, size, answer);
    if (error == KC_OK)
        keep_idle(way, link);
    else
        kc_tls_link_free(link);
    return error;
}

/* --- either --- */

enum kc_error kc_peer_ask(
    struct kc_peer_way *way, struct kc_client_request *request, struct kc_peer_answer *answer)
{
    *answer = (struct kc_peer_answer){.held = NULL};
    enum kc_error error =
        way->client ? ask_over_socket(way, request, answer) : ask_over_tls(way, request, answer);
    if (error != KC_OK)
        kc_log(KC_LOG_WARNING, "peer-failed", kc_log_text("name", way->config->name),
            kc_log_error(error));
    return error;
}

void kc_peer_answer_done(struct kc_peer_answer *answer)
{
    kc_client_answer_free(answer->held);
    free(answer->bytes);
}
