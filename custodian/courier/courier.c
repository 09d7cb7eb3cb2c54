/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/courier/courier.h"

#include "custodian/courier/peer.h"
#include "custodian/log.h"
#include "custodian/tls/frame.h"
#include "custodian/vault_message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct kc_courier {
    const struct kc_config *config;
    int desk;
    struct kc_peer_way *peers[KC_CONFIG_PEERS_MAX];

    /* An answer goes to the desk that asked, or nowhere. Who receives holds `receives`, so that what
     * comes is of the generation that he knows. */
    pthread_rwlock_t receives;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t generation; /* of the desk */
};

/* --- one question --- */

/* The vault asks for contributions of every kind (tls/frame.h), and nothing else is carried. */
static enum kc_error carry(struct kc_courier *courier, const struct kc_vault_message *question,
    const struct kc_descriptors *descriptors, struct kc_peer_answer *answer)
{
    const struct kc_config *config = courier->config;
    struct kc_span name = question->ids[0];
    if (question->type != KC_VAULT_ASK || question->id_count != 1 ||
        !kc_is_carried(&question->message))
        return KC_ERR_BAD_REQUEST;
    const struct kc_config_peer *peer =
        kc_config_peer_named(config, (const char *)name.bytes, name.size);
    if (!peer)
        return KC_ERR_BAD_REQUEST;
    struct kc_client_request request = {question->message, *descriptors};
    return kc_peer_ask(courier->peers[peer - config->peers], &request, answer);
}

/* Packs ASKED. An answer that does not fit was none to a question of ours. */
static size_t pack_answer(const struct kc_vault_message *question, enum kc_error error,
    const struct kc_message *answer, uint8_t packet[static KC_VAULT_MESSAGE_MAX])
{
    struct kc_vault_message out = {
        .type = KC_VAULT_ASKED, .ticket = question->ticket, .error = error};
    struct kc_writer w;
    kc_message_init(&out.message, question->message.operation);
    if (error == KC_OK)
        out.message = *answer;
    kc_writer_init(&w, packet, KC_VAULT_MESSAGE_MAX);
    return kc_vault_message_pack(&w, &out) == KC_OK ? w.size : 0;
}

static void send_answer(
    struct kc_courier *courier, uint64_t generation, const uint8_t *packet, size_t size)
{
    struct pollfd writable = {.fd = courier->desk, .events = POLLOUT};
    pthread_mutex_lock(&courier->lock);
    while (generation == courier->generation &&
           kc_transport_send(courier->desk, packet, size, NULL) == KC_ERR_LIMIT)
        (void)poll(&writable, 1, -1);
    pthread_mutex_unlock(&courier->lock);
}

static void answer_question(struct kc_courier *courier, uint64_t generation,
    const struct kc_vault_message *question, const struct kc_descriptors *descriptors)
{
    static _Thread_local uint8_t packet[KC_VAULT_MESSAGE_MAX];
    struct kc_peer_answer answer = {.held = NULL};
    enum kc_error error = carry(courier, question, descriptors, &answer);
    if (error == KC_OK)
        error = answer.message.error;
    size_t size = pack_answer(question, error, &answer.message, packet);
    if (size == 0)
        size = pack_answer(question, KC_ERR_BAD_REPLY, NULL, packet);
    kc_peer_answer_done(&answer);
    send_answer(courier, generation, packet, size);
}

/* --- workers --- */

static uint64_t present_generation(struct kc_courier *courier)
{
    pthread_mutex_lock(&courier->lock);
    uint64_t generation = courier->generation;
    pthread_mutex_unlock(&courier->lock);
    return generation;
}

static enum kc_error receive_question(struct kc_courier *courier, uint64_t *generation,
    uint8_t packet[static KC_VAULT_MESSAGE_MAX], size_t *size, struct kc_descriptors *descriptors)
{
    pthread_rwlock_rdlock(&courier->receives);
    *generation = present_generation(courier);
    enum kc_error error =
        kc_transport_wait(courier->desk, packet, KC_VAULT_MESSAGE_MAX, size, descriptors);
    pthread_rwlock_unlock(&courier->receives);
    return error;
}

static void wait_for_desk(struct kc_courier *courier, uint64_t generation)
{
    pthread_mutex_lock(&courier->lock);
    while (courier->generation == generation)
        pthread_cond_wait(&courier->changed, &courier->lock);
    pthread_mutex_unlock(&courier->lock);
}

static _Noreturn void end(const char *why)
{
    kc_log(KC_LOG_ERROR, "process-ends", kc_log_text("why", why));
    _exit(KC_CLASS_INTERNAL);
}

static void *work(void *argument)
{
    static _Thread_local uint8_t packet[KC_VAULT_MESSAGE_MAX];
    static _Thread_local struct kc_vault_message question;
    struct kc_courier *courier = argument;
    for (;;) {
        struct kc_descriptors descriptors = {.count = 0};
        size_t size = 0;
        uint64_t generation;
        enum kc_error error = receive_question(courier, &generation, packet, &size, &descriptors);
        if (error == KC_ERR_CONNECTION_LOST) {
            wait_for_desk(courier, generation);
            continue;
        }
        if (error != KC_OK || kc_vault_message_unpack(packet, size, NULL, &question) != KC_OK)
            end("malformed-message-from-desk");
        answer_question(courier, generation, &question, &descriptors);
        kc_descriptors_close(&descriptors);
    }
    return NULL;
}

/* --- life --- */

static bool set_blocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

static enum kc_error make_ways(struct kc_courier *courier, const struct kc_tls *tls)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < courier->config->peer_count; i++)
        error = kc_peer_way_new(&courier->config->peers[i], tls, &courier->peers[i]);
    return error;
}

enum kc_error kc_courier_new(
    const struct kc_config *config, const struct kc_tls *tls, int desk, struct kc_courier **courier)
{
    struct kc_courier *made = calloc(1, sizeof *made);
    if (!made || !set_blocking(desk)) {
        free(made);
        return KC_ERR_NO_MEMORY;
    }
    made->config = config;
    made->desk = desk;
    pthread_rwlock_init(&made->receives, NULL);
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    enum kc_error error = make_ways(made, tls);
    for (size_t i = 0; error == KC_OK && i < KC_COURIER_WORKERS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, made) != 0)
            error = KC_ERR_NO_MEMORY; /* the process ends, and its threads with it */
    }
    *courier = made;
    return error;
}

/* Workers that wait on the old end see its end; those that are on their way send nothing. */
void kc_courier_new_desk(struct kc_courier *courier, int descriptor)
{
    (void)shutdown(courier->desk, SHUT_RDWR);
    pthread_rwlock_wrlock(&courier->receives);
    pthread_mutex_lock(&courier->lock);
    if (!set_blocking(descriptor) || dup3(descriptor, courier->desk, O_CLOEXEC) != courier->desk)
        end("no-desk");
    close(descriptor);
    courier->generation++;
    pthread_cond_broadcast(&courier->changed);
    pthread_mutex_unlock(&courier->lock);
    pthread_rwlock_unlock(&courier->receives);
}
