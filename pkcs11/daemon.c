/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/daemon.h"

#include "pkcs11/module.h"
#include "pkcs11/slot.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define DEADLINE_MS 20000
#define GENERATION_DEADLINE_MS 180000

/* A client and how many use it: the module itself, and each call under way. */
struct shared_client {
    struct kc_client *client;
    unsigned users;
};

/* A call under way, on the stack of its thread. A variable of each thread would do instead, but for the
 * memory that the dynamic linker then keeps of a module that was unloaded. */
struct part {
    struct shared_client *shared;
    pthread_t thread;
    struct part *next;
};

static struct shared_client *current; /* under the module's lock, as the calls under way are */
static struct part *parts;

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

/* A thread that forked amid a call returns into it; the others are not in the child. */
void kc_daemon_go_on_in_child(void)
{
    struct part **place = &parts;
    if (current != NULL)
        current->users = 1;
    while (*place != NULL) {
        if (pthread_equal((*place)->thread, pthread_self())) {
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a part is of a connection */
            (*place)->shared->users = (*place)->shared == current ? 2 : 1;
            place = &(*place)->next;
        } else {
            *place = (*place)->next;
        }
    }
}

/* Takes part in the client, so that it stays while a call is under way. False: not initialized. */
static bool take_part(struct part *part)
{
    if (kc_module_enter() != CKR_OK)
        return false;
    *part = (struct part){current, pthread_self(), parts};
    parts = part;
    current->users++;
    kc_module_unlock();
    return true;
}

/* With the module's lock held. Logins of a module that was initialized again are on another client. */
static void note_loss(const struct part *part, enum kc_error error)
{
    bool lost = error == KC_ERR_CONNECTION_LOST || error == KC_ERR_DAEMON_ABSENT;
    if (lost && part->shared == current)
        kc_slots_log_out();
}

static void leave(struct part *part, enum kc_error error)
{
    struct part **place = &parts;
    kc_module_lock();
    note_loss(part, error);
    while (*place != part)
        place = &(*place)->next;
    *place = part->next;
    let_go(part->shared);
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
    struct part part;
    if (!take_part(&part))
        return KC_ERR_DAEMON_ABSENT;
    struct kc_client_answer *result = NULL;
    enum kc_error error = kc_client_call(part.shared->client, request, DEADLINE_MS, &result);
    if (error == KC_ERR_CONNECTION_LOST) {
        kc_module_lock(); /* now, as another thread may log in before the repetition is answered */
        note_loss(&part, error);
        kc_module_unlock();
        kc_client_answer_free(result);
        error = kc_client_call(part.shared->client, request, DEADLINE_MS, &result);
    }
    leave(&part, error);
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
    struct part part;
    if (!take_part(&part))
        return KC_ERR_DAEMON_ABSENT;
    struct kc_client_answer *result = NULL;
    error = kc_client_call(
        part.shared->client, request, patience_for(request->message.operation), &result);
    leave(&part, error);
    return hand_out(error, result, answer);
}
