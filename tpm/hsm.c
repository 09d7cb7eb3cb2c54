/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of root.h on a token: each is handed to the worker's thread with copies of what it
 * needs, runs there on a connection that was checked, and is repeated once when the connection
 * turns out to be an old one that died.
 */
#include "tpm/hsm.h"

#include "base/secret.h"
#include "tpm/hsm_connection.h"
#include "tpm/hsm_operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS_MAX 3600000

static struct kc_hsm *hsm_of(struct kc_root *root)
{
    return (struct kc_hsm *)root;
}

/* --- in the worker's thread --- */

/* An error that is about what was asked leaves the connection good; after any other it is not known
 * to be. */
static bool keeps_connection(enum kc_error error)
{
    return error == KC_OK || error == KC_ERR_RECORD_DAMAGED || error == KC_ERR_ROOT_HEAD ||
           error == KC_ERR_ROOT_HEAD_TAKEN || error == KC_ERR_EXISTS ||
           error == KC_ERR_ROOT_UNFIT || error == KC_ERR_BAD_ARGUMENT || error == KC_ERR_DECRYPTION;
}

static enum kc_error run_once(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    token->code = CKR_OK;
    token->cause[0] = 0;
    enum kc_error error = call->connects ? kc_hsm_connect_now(token) : KC_OK;
    if (error == KC_OK)
        error = call->operation(token, call);
    if (!keeps_connection(error))
        kc_hsm_connection_close(token);
    return error;
}

/*
 * Overwrites what the calls of an operation left below this point of the stack: modules keep keys
 * in locals that they do not wipe.
 */
static __attribute__((noinline)) void wipe_stack(void)
{
    uint8_t below[64 * 1024];
    kc_wipe(below, sizeof below);
}

static void work(void *context)
{
    struct kc_hsm *hsm = context;
    bool was_connected = hsm->token.is_connected;
    hsm->call.error = run_once(&hsm->token, &hsm->call);
    bool may_be_stale =
        hsm->call.error == KC_ERR_ROOT_UNAVAILABLE || hsm->call.error == KC_ERR_ROOT_KEY;
    if (may_be_stale && was_connected) /* a key that is missing may be so in an exchanged token */
        hsm->call.error = run_once(&hsm->token, &hsm->call);
    wipe_stack();
}

static void forget_call(void *context)
{
    struct kc_hsm *hsm = context;
    kc_wipe(&hsm->call, sizeof hsm->call);
}

static void finish(void *context)
{
    struct kc_hsm *hsm = context;
    kc_hsm_connection_close(&hsm->token);
}

static void release(void *context)
{
    struct kc_hsm *hsm = context;
    if (hsm->token.pin)
        kc_wipe(hsm->token.pin, hsm->token.pin_size);
    free(hsm->token.pin);
    free(hsm->token.module_path);
    free(hsm->token.key_label);
    kc_wipe(hsm, sizeof *hsm);
    free(hsm);
}

static const struct kc_hsm_duties duties = {
    .work = work, .discard = forget_call, .finish = finish, .release = release};

/* --- for the caller --- */

static enum kc_error refuse(struct kc_hsm *hsm, enum kc_error error, const char *reason)
{
    snprintf(hsm->cause, sizeof hsm->cause, "%s", reason);
    return error;
}

/*
 * Whether there is a call to be filled in: not while the token still works on one that nobody waits
 * for any more.
 */
static enum kc_error begin(struct kc_hsm *hsm)
{
    if (!kc_hsm_worker_is_idle(&hsm->worker))
        return refuse(
            hsm, KC_ERR_ROOT_UNAVAILABLE, "the token still has not answered an earlier call");
    hsm->call = (struct kc_hsm_call){.connects = true};
    return KC_OK;
}

/* Secret results are the caller's to copy and forget_call. */
static enum kc_error run(struct kc_hsm *hsm,
    enum kc_error (*operation)(struct kc_hsm_token *token, struct kc_hsm_call *call))
{
    hsm->call.operation = operation;
    if (!kc_hsm_worker_run(&hsm->worker, hsm->deadline_ms))
        return refuse(hsm, KC_ERR_ROOT_UNAVAILABLE, "the token did not answer in time");
    memcpy(hsm->cause, hsm->token.cause, sizeof hsm->cause);
    return hsm->call.error;
}

static enum kc_error begin_pinned(struct kc_hsm *hsm)
{
    if (!hsm->is_pinned)
        return refuse(hsm, KC_ERR_ROOT_NOT_PROVISIONED, "no token is pinned");
    return begin(hsm);
}

static enum kc_error hsm_connect(struct kc_root *root)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    return error == KC_OK ? run(hsm, kc_hsm_do_nothing) : error;
}

static void hsm_disconnect(struct kc_root *root)
{
    struct kc_hsm *hsm = hsm_of(root);
    if (begin(hsm) != KC_OK)
        return;
    hsm->call.connects = false;
    (void)run(hsm, kc_hsm_do_disconnect);
}

static enum kc_error hsm_seal(struct kc_root *root, const uint8_t *key, const uint8_t *about,
    uint8_t *blob, size_t *blob_size)
{
    (void)about; /* a token certifies nothing */
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    if (error != KC_OK)
        return error;
    memcpy(hsm->call.octets, key, KC_ROOT_KEY_SIZE);
    if ((error = run(hsm, kc_hsm_do_seal)) == KC_OK) {
        memcpy(blob, hsm->call.blob, hsm->call.size);
        *blob_size = hsm->call.size;
    }
    if (kc_hsm_worker_is_idle(&hsm->worker))
        forget_call(hsm);
    return error;
}

static enum kc_error hsm_unseal(
    struct kc_root *root, const uint8_t *blob, size_t blob_size, uint8_t *key)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    if (error != KC_OK)
        return error;
    if (blob_size > sizeof hsm->call.blob)
        return refuse(hsm, KC_ERR_RECORD_DAMAGED, "the blob is too large");
    memcpy(hsm->call.blob, blob, blob_size);
    hsm->call.size = blob_size;
    if ((error = run(hsm, kc_hsm_do_unseal)) == KC_OK)
        memcpy(key, hsm->call.octets, KC_ROOT_KEY_SIZE);
    if (kc_hsm_worker_is_idle(&hsm->worker))
        forget_call(hsm);
    return error;
}

static enum kc_error hsm_random(struct kc_root *root, uint8_t *random, size_t size)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    if (error != KC_OK)
        return error;
    hsm->call.size = size;
    if ((error = run(hsm, kc_hsm_do_random)) == KC_OK)
        memcpy(random, hsm->call.octets, size);
    if (kc_hsm_worker_is_idle(&hsm->worker))
        forget_call(hsm);
    return error;
}

static enum kc_error hsm_status(struct kc_root *root, struct kc_root_status *status)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    if (error != KC_OK)
        return error;
    hsm->call.connects = false;
    if ((error = run(hsm, kc_hsm_do_status)) == KC_OK)
        *status = hsm->call.status;
    return error;
}

/* --- resident keys, for the caller --- */

static enum kc_error hsm_key_make(struct kc_root *root, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t *auth, const uint8_t *tag, struct kc_root_made *made)
{
    (void)auth; /* the token has its PIN */
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    if (error != KC_OK)
        return error;
    hsm->call.algorithm = algorithm;
    hsm->call.use = use;
    memcpy(hsm->call.tag, tag, sizeof hsm->call.tag);
    if ((error = run(hsm, kc_hsm_do_key_make)) == KC_OK)
        *made = hsm->call.made;
    return error;
}

static enum kc_error hsm_key_left(
    struct kc_root *root, const uint8_t *tag, uint32_t number, struct kc_root_made *left)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    if (error != KC_OK)
        return error;
    hsm->call.number = number;
    memcpy(hsm->call.tag, tag, sizeof hsm->call.tag);
    if ((error = run(hsm, kc_hsm_do_key_left)) == KC_OK)
        *left = hsm->call.made;
    return error;
}

static enum kc_error hsm_find_quirks(struct kc_root *root, struct kc_root_quirks *quirks)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    if (error == KC_OK && (error = run(hsm, kc_hsm_do_find_quirks)) == KC_OK)
        *quirks = hsm->call.quirks;
    return error;
}

/* A call about a key: copies of what names it. */
static enum kc_error begin_key(struct kc_hsm *hsm, const struct kc_root_key *key)
{
    enum kc_error error = begin_pinned(hsm);
    if (error != KC_OK)
        return error;
    if (key->blob.size > sizeof hsm->call.blob)
        return refuse(hsm, KC_ERR_RECORD_DAMAGED, "the blob is too large");
    if (key->blob.size > 0)
        memcpy(hsm->call.blob, key->blob.bytes, key->blob.size);
    hsm->call.key.blob = (struct kc_span){hsm->call.blob, key->blob.size};
    return KC_OK;
}

static enum kc_error hsm_key_keep(struct kc_root *root, const struct kc_root_key *key)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_key(hsm, key);
    return error == KC_OK ? run(hsm, kc_hsm_do_key_keep) : error;
}

static enum kc_error hsm_key_destroy(struct kc_root *root, const struct kc_root_key *key)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_key(hsm, key);
    return error == KC_OK ? run(hsm, kc_hsm_do_key_destroy) : error;
}

static enum kc_error hsm_key_use(struct kc_root *root, const struct kc_root_use_of_key *use,
    uint8_t *result, size_t *result_size)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_key(hsm, use->key);
    if (error != KC_OK)
        return error;
    if (use->input.size > sizeof hsm->call.input)
        return refuse(hsm, KC_ERR_BAD_ARGUMENT, "the input is too large");
    if (use->input.size > 0)
        memcpy(hsm->call.input, use->input.bytes, use->input.size);
    hsm->call.use_of_key = *use;
    hsm->call.use_of_key.key = &hsm->call.key;
    hsm->call.use_of_key.input.bytes = hsm->call.input;
    if ((error = run(hsm, kc_hsm_do_key_use)) == KC_OK) {
        memcpy(result, hsm->call.result, hsm->call.result_size);
        *result_size = hsm->call.result_size;
    }
    if (kc_hsm_worker_is_idle(&hsm->worker))
        forget_call(hsm);
    return error;
}

static enum kc_error hsm_attest(struct kc_root *root, const struct kc_root_attest *request,
    uint8_t *evidence, size_t *evidence_size)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_key(hsm, &request->key);
    if (error != KC_OK)
        return error;
    hsm->call.attest_step = request->step;
    if ((error = run(hsm, kc_hsm_do_attest)) == KC_OK) {
        memcpy(evidence, hsm->call.result, hsm->call.result_size);
        *evidence_size = hsm->call.result_size;
    }
    return error;
}

static enum kc_error hsm_provision(struct kc_root *root, uint8_t *name)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin(hsm);
    if (error != KC_OK)
        return error;
    hsm->call.connects = false;
    if ((error = run(hsm, kc_hsm_do_provision)) == KC_OK)
        memcpy(name, hsm->call.name, KC_ROOT_NAME_SIZE);
    return error;
}

static enum kc_error hsm_head(struct kc_root *root, const struct kc_root_head *head)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    if (error != KC_OK)
        return error;
    hsm->call.head_step = head->step;
    memcpy(hsm->call.auth, head->auth, sizeof hsm->call.auth);
    if (head->step != KC_ROOT_HEAD_READ)
        memcpy(hsm->call.content, head->content, sizeof hsm->call.content);
    error = run(hsm, kc_hsm_do_head);
    if (error == KC_OK && head->step == KC_ROOT_HEAD_READ)
        memcpy(head->content, hsm->call.content, sizeof hsm->call.content);
    if (kc_hsm_worker_is_idle(&hsm->worker))
        forget_call(hsm);
    return error;
}

static enum kc_error hsm_retire(struct kc_root *root)
{
    struct kc_hsm *hsm = hsm_of(root);
    enum kc_error error = begin_pinned(hsm);
    return error == KC_OK ? run(hsm, kc_hsm_do_retire) : error;
}

static const char *hsm_cause(const struct kc_root *root)
{
    return ((const struct kc_hsm *)root)->cause;
}

static void hsm_free(struct kc_root *root)
{
    struct kc_hsm *hsm = hsm_of(root);
    /* one whose deadline passed before was waited for long enough */
    bool answers = kc_hsm_worker_is_idle(&hsm->worker);
    kc_hsm_worker_end(&hsm->worker, answers ? hsm->deadline_ms : 0);
}

/* --- making --- */

static const struct kc_root_kind hsm_kind = {
    .free = hsm_free,
    .connect = hsm_connect,
    .disconnect = hsm_disconnect,
    .provision = hsm_provision,
    .seal = hsm_seal,
    .unseal = hsm_unseal,
    .random = hsm_random,
    .key_make = hsm_key_make,
    .key_keep = hsm_key_keep,
    .key_left = hsm_key_left,
    .key_use = hsm_key_use,
    .key_destroy = hsm_key_destroy,
    .find_quirks = hsm_find_quirks,
    .attest = hsm_attest,
    .status = hsm_status,
    .head = hsm_head,
    .retire = hsm_retire,
    .cause = hsm_cause,
};

static bool is_text(const char *text, size_t size_max)
{
    return text && text[0] != 0 && strlen(text) <= size_max;
}

static bool is_valid(const struct kc_hsm_settings *settings)
{
    return settings->module && settings->module[0] == '/' &&
           is_text(settings->token, KC_HSM_LABEL_SIZE) &&
           is_text(settings->key_label, KC_HSM_LABEL_SIZE) && settings->pin &&
           settings->pin_size > 0 && settings->pin_size <= KC_HSM_PIN_MAX &&
           settings->deadline_ms <= DEADLINE_MS_MAX;
}

/* Copies of what is borrowed. What is missing after this is for lack of memory. */
static bool copy_settings(struct kc_hsm *hsm, const struct kc_hsm_settings *settings)
{
    struct kc_hsm_token *token = &hsm->token;
    token->module_path = strdup(settings->module);
    token->key_label = strdup(settings->key_label);
    token->pin = malloc(settings->pin_size);
    if (token->pin)
        memcpy(token->pin, settings->pin, settings->pin_size);
    token->pin_size = settings->pin_size;
    memset(token->token_label, ' ', sizeof token->token_label);
    memcpy(token->token_label, settings->token, strlen(settings->token));
    hsm->deadline_ms = settings->deadline_ms ? settings->deadline_ms : KC_ROOT_DEADLINE_MS;
    hsm->is_pinned = token->is_pinned = settings->name != NULL;
    if (settings->name)
        memcpy(token->name, settings->name, sizeof token->name);
    return token->module_path && token->key_label && token->pin;
}

enum kc_error kc_hsm_new(const struct kc_hsm_settings *settings, struct kc_root **root)
{
    if (!is_valid(settings))
        return KC_ERR_CONFIG;
    struct kc_hsm *hsm = calloc(1, sizeof *hsm);
    if (!hsm)
        return KC_ERR_NO_MEMORY;
    hsm->root.kind = &hsm_kind;
    if (!copy_settings(hsm, settings) || kc_hsm_worker_start(&hsm->worker, &duties, hsm) != KC_OK) {
        release(hsm);
        return KC_ERR_NO_MEMORY;
    }
    *root = &hsm->root;
    return KC_OK;
}
