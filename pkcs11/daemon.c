/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/daemon.h"

#include "pkcs11/module.h"
#include "pkcs11/slot.h"

#include <stdlib.h>

#define DEADLINE_MS 20000
#define GENERATION_DEADLINE_MS 180000

/* A client and how many use it: the module itself, and each call under way. */
struct shared_client {
    struct kc_client *client;
    unsigned users;
};

static struct shared_client *current; /* under the module's lock */

/* What this thread itself takes part in: a child that it forks amid a call returns into it. */
static _Thread_local const struct shared_client *own;

enum kc_error kc_daemon_open(void)
{
    struct shared_client *new = malloc(sizeof *new);
    if (new == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_client_new(NULL, &new->client);
    if (error != KC_OK) {
        free(new);
        return error;
    }
    new->users = 1;
    current = new;
    return KC_OK;
}

/* One user fewer; the last one frees. With the module's lock held. */
static void let_go(struct shared_client *shared)
{
    if (--shared->users > 0)
        return;
    kc_client_free(shared->client);
    free(shared);
}

void kc_daemon_close(void)
{
    let_go(current);
    current = NULL;
}

void kc_daemon_go_on_in_child(void)
{
    if (current != NULL)
        current->users = current == own ? 2 : 1;
}

/* Takes part in the client, so that it stays while a call is under way. NULL: not initialized. */
static struct shared_client *take_part(void)
{
    if (kc_module_enter() != CKR_OK)
        return NULL;
    struct shared_client *shared = current;
    shared->users++;
    own = shared;
    kc_module_unlock();
    return shared;
}

static void leave(struct shared_client *shared, enum kc_error error)
{
    kc_module_lock();
    if (error == KC_ERR_CONNECTION_LOST || error == KC_ERR_DAEMON_ABSENT)
        kc_slots_log_out();
    own = NULL;
    let_go(shared);
    kc_module_unlock();
}

/* Nothing is left of an answer that only says an error. */
static enum kc_error hand_out(
    enum kc_error error, struct kc_client_answer *result, struct kc_client_answer **answer)
{
    if (error == KC_OK)
        *answer = result;
    else
        kc_client_answer_free(result);
    return error;
}

enum kc_error kc_daemon_call(struct kc_client_request *request, struct kc_client_answer **answer)
{
    struct shared_client *shared = take_part();
    if (shared == NULL)
        return KC_ERR_DAEMON_ABSENT;
    struct kc_client_answer *result = NULL;
    enum kc_error error = kc_client_call(shared->client, request, DEADLINE_MS, &result);
    enum kc_error first = error;
    if (error == KC_ERR_CONNECTION_LOST) {
        kc_client_answer_free(result);
        error = kc_client_call(shared->client, request, DEADLINE_MS, &result);
    }
    leave(shared, first);
    return hand_out(error, result, answer);
}

enum kc_error kc_daemon_reach(void)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_PING);
    kc_values_set_text(&request.message.values, KC_FIELD_THROUGH, "desk");
    enum kc_error error = kc_daemon_call(&request, &answer);
    kc_client_request_done(&request);
    kc_client_answer_free(answer);
    return error;
}

/* The primes of an RSA key are found when they are found, and keys are made one at a time. */
static int patience_for(enum kc_operation operation)
{
    return operation == KC_OPERATION_KEY_GENERATE ? GENERATION_DEADLINE_MS : DEADLINE_MS;
}

enum kc_error kc_daemon_change(struct kc_client_request *request, struct kc_client_answer **answer)
{
    enum kc_error error = kc_daemon_reach();
    if (error != KC_OK)
        return error;
    struct shared_client *shared = take_part();
    if (shared == NULL)
        return KC_ERR_DAEMON_ABSENT;
    struct kc_client_answer *result = NULL;
    error =
        kc_client_call(shared->client, request, patience_for(request->message.operation), &result);
    leave(shared, error);
    return hand_out(error, result, answer);
}
