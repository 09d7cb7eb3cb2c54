/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the custodian that has the other share of a key. They travel through desk and
 * courier, which may lose, delay or answer them as they like: an answer is worth what the handler
 * can check of it, and none in time ends the call.
 */
#include "custodian/vault/ask.h"
#include "custodian/vault/core.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/key.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN_MS 500 /* for the way to the courier and back */

/* How the courier did not get an answer. No peer answers a question so itself; and if one did, whoever
 * carries answers can say as much. */
static bool is_failure_to_ask(enum kc_error error)
{
    return error == KC_ERR_PEER_ABSENT || error == KC_ERR_PEER_LATE ||
           (error >= KC_ERR_PEER_CUT && error <= KC_ERR_PEER_REVOKED);
}

/* Of the operations that a question can be, in enum kc_error's words. */
static enum kc_error name_peer_error(struct kc_call *call, enum kc_error error)
{
    if (is_failure_to_ask(error))
        return error;
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_error_row(error)->name);
    return KC_ERR_PEER_REFUSED;
}

/* The id of the peer's share: as the peer made it, from the verification share that the record has. */
static enum kc_error set_peer_key(
    struct kc_call *call, const struct kc_record *share, struct kc_values *values)
{
    struct kc_record peer = {0};
    struct kc_point point;
    enum kc_error error = kc_point_decode(
        &point, (enum kc_curve)share->algorithm, share->peer_public, share->public_size);
    if (error == KC_OK)
        error = kc_record_of_share(&peer, &point);
    if (error == KC_OK)
        kc_values_set_text(values, KC_FIELD_KEY, kc_call_print(call, "%s", peer.id));
    return error;
}

enum kc_error kc_call_begin_question_to(struct kc_call *call, const struct kc_config_peer *peer,
    enum kc_operation operation, struct kc_values **values)
{
    if (!peer)
        return KC_ERR_PEER_UNSET;
    struct kc_question *question = calloc(1, sizeof *question);
    if (!question)
        return KC_ERR_NO_MEMORY;
    question->peer = peer;
    kc_message_init(&question->request, operation);
    kc_question_free(call->question);
    call->question = question;
    *values = &question->request.values;
    return KC_OK;
}

enum kc_error kc_call_begin_question(struct kc_call *call, const struct kc_record *share,
    enum kc_operation operation, struct kc_values **values)
{
    const struct kc_config_peer *peer = kc_config_peer_of(call->vault->config, share->keyring);
    enum kc_error error = kc_call_begin_question_to(call, peer, operation, values);
    return error == KC_OK ? set_peer_key(call, share, *values) : error;
}

enum kc_error kc_call_peer_answer(struct kc_call *call, const struct kc_values **values)
{
    const struct kc_question *question = call->question;
    *values = NULL;
    if (!question || !question->asked)
        return KC_OK;
    if (question->error != KC_OK)
        return name_peer_error(call, question->error);
    const struct kc_message *answer = &question->asked->in.message;
    if (answer->operation != question->request.operation || kc_answer_check(answer) != KC_OK)
        return name_peer_error(call, KC_ERR_BAD_REPLY);
    *values = &answer->values;
    return KC_OK;
}

void kc_call_ask(struct kc_call *call)
{
    struct kc_question *question = call->question;
    struct kc_vault_message out;
    const char *name = question->peer->name;
    out.type = KC_VAULT_ASK;
    out.ticket = call->in.ticket;
    out.ids[0] = (struct kc_span){(const uint8_t *)name, strlen(name)};
    out.id_count = 1;
    kc_message_copy(&out.message, &question->request);
    call->wait_until_ms = kc_call_now_ms(call) + question->peer->deadline_ms + MARGIN_MS;
    enum kc_error error = kc_call_pend_and_send(call, &out, &question->descriptors);
    if (error != KC_OK)
        kc_call_finish(call, error);
}

enum kc_error kc_vault_asked(struct kc_vault *vault, struct kc_call *asked)
{
    bool present = asked->desk == kc_vault_desk(vault);
    struct kc_call *call = present ? kc_vault_unpend(vault, asked->in.ticket, true) : NULL;
    if (!call) { /* too late, or of a desk that is gone */
        kc_call_free(asked);
        return KC_OK;
    }
    call->question->asked = asked;
    call->question->error = asked->in.error;
    kc_vault_resume(vault, &(struct kc_call_list){call, call});
    return KC_OK;
}

/* Calls fn for every call that waits for its answer; the lock is held. */
static void each_asking(struct kc_vault *vault, void (*fn)(struct kc_call *, void *), void *context)
{
    for (size_t i = 0; vault->asking_count > 0 && i < KC_PENDING_BUCKETS; i++)
        for (struct kc_call *call = vault->pending[i].first; call; call = call->next)
            if (call->wish == KC_WISH_ASK)
                fn(call, context);
}

struct nearest {
    uint64_t deadline_ms, ticket;
};

static void take_nearer(struct kc_call *call, void *context)
{
    struct nearest *nearest = context;
    if (call->wait_until_ms < nearest->deadline_ms)
        *nearest = (struct nearest){call->wait_until_ms, call->in.ticket};
}

static struct nearest find_nearest(struct kc_vault *vault)
{
    struct nearest nearest = {UINT64_MAX, 0};
    pthread_mutex_lock(&vault->lock);
    each_asking(vault, take_nearer, &nearest);
    pthread_mutex_unlock(&vault->lock);
    return nearest;
}

void kc_vault_expire_questions(struct kc_vault *vault, uint64_t now_ms)
{
    struct nearest nearest = find_nearest(vault);
    while (nearest.deadline_ms <= now_ms) {
        struct kc_call *call = kc_vault_unpend(vault, nearest.ticket, true);
        if (call)
            kc_call_finish(call, KC_ERR_PEER_LATE);
        nearest = find_nearest(vault);
    }
}

uint64_t kc_vault_question_deadline(struct kc_vault *vault)
{
    return find_nearest(vault).deadline_ms;
}

void kc_question_free(struct kc_question *question)
{
    if (!question)
        return;
    kc_call_free(question->asked);
    free(question);
}
