/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/daemon.h"

#include "pkcs11/module.h"

#include <stdlib.h>

#define DEADLINE_MS 20000

/* A client and how many use it: the module itself, and each call under way. */
struct shared_client {
    struct kc_client *client;
    unsigned users;
};

static struct shared_client *current; /* under the module's lock */

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

enum kc_error kc_daemon_call(struct kc_client_request *request, struct kc_client_answer **answer)
{
    if (kc_module_enter() != CKR_OK)
        return KC_ERR_DAEMON_ABSENT;
    struct shared_client *shared = current;
    shared->users++;
    kc_module_unlock();

    struct kc_client_answer *result = NULL;
    enum kc_error error = kc_client_call(shared->client, request, DEADLINE_MS, &result);
    if (error == KC_ERR_CONNECTION_LOST) {
        kc_client_answer_free(result);
        error = kc_client_call(shared->client, request, DEADLINE_MS, &result);
    }

    kc_module_lock();
    let_go(shared);
    kc_module_unlock();
    if (error == KC_OK)
        *answer = result;
    else
        kc_client_answer_free(result);
    return error;
}
