/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault is given on the bench: a root that seals into a table, and clocks that stand still. */
#include "tests/vault/bench_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static void take_sent(
    void *context, const struct kc_vault_message *message, const struct kc_descriptors *descriptors)
{
    struct bench *bench = context;
    struct sent *sent = &bench->queue[bench->queued++];
    struct kc_writer w;
    assert_true(bench->queued < BENCH_QUEUE);
    *sent = (struct sent){.bytes = malloc(KC_VAULT_MESSAGE_MAX)};
    kc_writer_init(&w, sent->bytes, KC_VAULT_MESSAGE_MAX);
    assert_int_equal(kc_vault_message_pack(&w, message), KC_OK);
    sent->size = w.size;
    for (size_t i = 0; descriptors && i < descriptors->count; i++)
        sent->descriptors.fd[sent->descriptors.count++] = dup(descriptors->fd[i]);
}

static void keep_told(void *context, const struct kc_vault_event *event)
{
    struct bench *bench = context;
    bench->told = *event;
    memset(bench->told_key, 0, sizeof bench->told_key);
    if (event->key.size > 0)
        memcpy(bench->told_key, event->key.bytes, event->key.size);
}

/* A blob is of one root: its letter is the root's. */
static enum kc_error seal(struct bench *bench, size_t number, const struct kc_root_request *request,
    uint8_t *packet, struct kc_span *out)
{
    assert_true(bench->seal_count < BENCH_SEALS);
    memcpy(bench->seals[bench->seal_count], request->key, KC_ROOT_KEY_SIZE);
    memset(packet, 'b' + (int)number, 100);
    packet[0] = (uint8_t)bench->seal_count++;
    *out = (struct kc_span){packet, 100};
    return KC_OK;
}

static enum kc_error unseal(struct bench *bench, size_t number,
    const struct kc_root_request *request, uint8_t *packet, struct kc_span *out)
{
    struct kc_span blob = request->blob;
    if (blob.size != 100 || blob.bytes[0] >= bench->seal_count)
        return KC_ERR_RECORD_DAMAGED;
    for (size_t i = 1; i < blob.size; i++)
        if (blob.bytes[i] != 'b' + number)
            return KC_ERR_RECORD_DAMAGED;
    memcpy(packet, bench->seals[blob.bytes[0]], KC_ROOT_KEY_SIZE);
    *out = (struct kc_span){packet, KC_ROOT_KEY_SIZE};
    return KC_OK;
}

/* As a TPM's index: another authorisation value sees nothing. */
static enum kc_error use_head(struct bench *bench, size_t number,
    const struct kc_root_request *request, uint8_t *packet, struct kc_span *out)
{
    struct bench_head *head = &bench->heads[number];
    bool is_ours = memcmp(head->auth, request->auth, KC_ROOT_AUTH_SIZE) == 0;
    if (bench->head_error != KC_OK)
        return bench->head_error;
    if (head->is_there && !is_ours)
        return KC_ERR_ROOT_HEAD_TAKEN;
    if (request->type == KC_ROOT_REQUEST_HEAD_MAKE && head->is_there)
        return KC_ERR_EXISTS;
    if (request->type != KC_ROOT_REQUEST_HEAD_MAKE && !head->is_there)
        return KC_ERR_ROOT_HEAD;
    if (request->type == KC_ROOT_REQUEST_HEAD_REMOVE) {
        *head = (struct bench_head){.is_there = false};
        return KC_OK;
    }
    if (request->type == KC_ROOT_REQUEST_HEAD_READ) {
        memcpy(packet, head->content, KC_ROOT_HEAD_SIZE);
        *out = (struct kc_span){packet, KC_ROOT_HEAD_SIZE};
        return KC_OK;
    }
    memcpy(head->auth, request->auth, KC_ROOT_AUTH_SIZE);
    memcpy(head->content, request->head, KC_ROOT_HEAD_SIZE);
    head->is_there = true;
    bench->head_writes++;
    return KC_OK;
}

static enum kc_error tell_status(size_t number, uint8_t *packet, struct kc_span *out)
{
    struct kc_root_status status = {
        .manufacturer = "bench", .firmware = "1.2", .lockout_max_tries = 3};
    status.srk_name[0] = (uint8_t)number;
    struct kc_writer w;
    kc_writer_init(&w, packet, KC_ROOT_REPLY_MAX);
    kc_root_status_write(&status, &w);
    *out = (struct kc_span){packet, w.size};
    return kc_writer_finish(&w);
}

static enum kc_error ask_root(void *context, size_t number, const struct kc_root_request *request,
    uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_root_reply *reply)
{
    struct bench *bench = context;
    assert_true(number < bench->config.root_count);
    if (bench->is_dead)
        return KC_ERR_ROOT_UNAVAILABLE;
    if (bench->during_root)
        bench->during_root(bench);
    *reply = (struct kc_root_reply){
        .error = bench->root_error ? bench->root_error : bench->root_errors[number]};
    if (reply->error == KC_OK && bench->retired[number])
        reply->error = KC_ERR_ROOT_CHANGED;
    if (reply->error != KC_OK)
        return KC_OK;
    switch (request->type) {
    case KC_ROOT_REQUEST_SEAL:
        reply->error = seal(bench, number, request, packet, &reply->payload);
        break;
    case KC_ROOT_REQUEST_UNSEAL:
        reply->error = unseal(bench, number, request, packet, &reply->payload);
        break;
    case KC_ROOT_REQUEST_RANDOM:
        memset(packet, 'r', request->random_size);
        reply->payload = (struct kc_span){packet, request->random_size};
        break;
    case KC_ROOT_REQUEST_STATUS:
        reply->error = tell_status(number, packet, &reply->payload);
        break;
    case KC_ROOT_REQUEST_HEAD_READ:
    case KC_ROOT_REQUEST_HEAD_WRITE:
    case KC_ROOT_REQUEST_HEAD_MAKE:
    case KC_ROOT_REQUEST_HEAD_REMOVE:
        reply->error = use_head(bench, number, request, packet, &reply->payload);
        break;
    case KC_ROOT_REQUEST_RETIRE:
        bench->retired[number] = true;
        break;
    case KC_ROOT_REQUEST_KEY_MAKE:
    case KC_ROOT_REQUEST_KEY_LEFT:
    case KC_ROOT_REQUEST_KEY_KEEP:
    case KC_ROOT_REQUEST_KEY_DESTROY:
    case KC_ROOT_REQUEST_KEY_USE:
    case KC_ROOT_REQUEST_ATTEST:
        reply->error = KC_ERR_ROOT_UNFIT; /* it has no resident keys */
        break;
    }
    if (bench->dies_at_root > 0 && --bench->dies_at_root == 0)
        bench->is_dead = true;
    return bench->is_dead ? KC_ERR_ROOT_UNAVAILABLE : KC_OK;
}

static enum kc_error fill_random(void *context, uint8_t *octets, size_t size)
{
    struct bench *bench = context;
    if (bench->during_random != NULL)
        bench->during_random(bench);
    return getrandom(octets, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM;
}

static uint64_t tell_seconds(void *context)
{
    return ((struct bench *)context)->seconds;
}

static uint64_t tell_milliseconds(void *context)
{
    return ((struct bench *)context)->milliseconds;
}

struct kc_vault_outside bench_outside(struct bench *bench)
{
    return (struct kc_vault_outside){.context = bench,
        .send = take_sent,
        .root = ask_root,
        .tell = keep_told,
        .random = fill_random,
        .seconds = tell_seconds,
        .milliseconds = tell_milliseconds};
}
