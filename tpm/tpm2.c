/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of root.h on a TPM 2.0: each runs on a connection that was checked, once more if
 * the connection turns out to be an old one that died or the TPM to be full of what is left there,
 * and lets go of a connection that failed.
 */
#include "tpm/tpm2.h"

#include "base/secret.h"
#include "tpm/attest.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/connection.h"
#include "tpm/head.h"
#include "tpm/resident.h"
#include "tpm/seal.h"
#include "tpm/srk.h"
#include "tpm/status.h"

#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS_MAX 3600000

static struct kc_tpm2 *tpm_of(struct kc_root *root)
{
    return (struct kc_tpm2 *)root;
}

/* --- running an operation --- */

/* All of it or nothing: half a connection would be taken for a whole one. */
static enum kc_error connect_now(struct kc_tpm2 *tpm)
{
    if (tpm->is_connected)
        return KC_OK;
    enum kc_error error = kc_connection_open(tpm);
    if (error == KC_OK)
        error = kc_srk_find_pinned(tpm);
    if (error == KC_OK)
        error = kc_session_start(tpm, TPM2_SE_HMAC, &tpm->session);
    if (error != KC_OK)
        kc_connection_drop(tpm);
    return error;
}

/* An error that is about what was asked leaves the connection good; after any other it is not known
 * to be. */
static bool keeps_connection(enum kc_error error)
{
    return error == KC_OK || error == KC_ERR_RECORD_DAMAGED || error == KC_ERR_ROOT_POLICY ||
           error == KC_ERR_ROOT_LOCKOUT || error == KC_ERR_ROOT_HEAD ||
           error == KC_ERR_ROOT_HEAD_TAKEN || error == KC_ERR_EXISTS ||
           error == KC_ERR_BAD_ARGUMENT || error == KC_ERR_ROOT_UNFIT || error == KC_ERR_DECRYPTION;
}

/*
 * Whether a new connection may do what this one could not. A TPM without room gets some by it: of
 * what is in a TPM that has no resource manager all is ours, and what is ours goes with the
 * connection.
 */
static bool is_worth_repeating(const struct kc_tpm2 *tpm, bool was_connected)
{
    return was_connected && (kc_code_is_stale(tpm->code) || kc_code_is_full(tpm->code));
}

/*
 * Overwrites what the calls of an operation left below this point of the stack: the library and
 * libcrypto copy keys into locals that they do not wipe. Their deepest calls use some 30 KiB.
 */
static __attribute__((noinline)) void wipe_stack(void)
{
    uint8_t below[64 * 1024];
    kc_wipe(below, sizeof below);
}

/* The resident keys that stay loaded make room for what has none. */
static enum kc_error with_room(struct kc_tpm2 *tpm,
    enum kc_error (*operation)(struct kc_tpm2 *tpm, void *arguments), void *arguments)
{
    enum kc_error error = operation(tpm, arguments);
    if (error == KC_OK || !kc_code_is_full(tpm->code) || !kc_resident_is_hot(tpm))
        return error;
    kc_resident_flush(tpm);
    return operation(tpm, arguments);
}

static enum kc_error run_once(struct kc_tpm2 *tpm,
    enum kc_error (*operation)(struct kc_tpm2 *tpm, void *arguments), void *arguments)
{
    tpm->code = TSS2_RC_SUCCESS;
    tpm->cause[0] = 0;
    enum kc_error error = connect_now(tpm);
    if (error == KC_OK)
        error = with_room(tpm, operation, arguments);
    wipe_stack();
    if (!keeps_connection(error) || tpm->is_spoiled)
        kc_connection_drop(tpm);
    return error;
}

/* What an operation changes in the TPM it would change to the same again, so one that is repeated
 * does no harm. */
enum kc_error kc_tpm2_run(struct kc_tpm2 *tpm,
    enum kc_error (*operation)(struct kc_tpm2 *tpm, void *arguments), void *arguments)
{
    if (!tpm->is_pinned)
        return kc_code_refuse(tpm, KC_ERR_ROOT_NOT_PROVISIONED, "no SRK's Name is pinned");
    bool was_connected = tpm->is_connected;
    enum kc_error error = run_once(tpm, operation, arguments);
    if (error != KC_OK && is_worth_repeating(tpm, was_connected))
        error = run_once(tpm, operation, arguments);
    return error;
}

/* --- operations --- */

static enum kc_error do_nothing(struct kc_tpm2 *tpm, void *arguments)
{
    (void)tpm;
    (void)arguments;
    return KC_OK;
}

static enum kc_error tpm2_connect(struct kc_root *root)
{
    return kc_tpm2_run(tpm_of(root), do_nothing, NULL);
}

static void tpm2_disconnect(struct kc_root *root)
{
    kc_connection_close(tpm_of(root));
}

struct seal_arguments {
    const uint8_t *key, *about;
    uint8_t *blob;
    size_t *blob_size;
};

static enum kc_error do_seal(struct kc_tpm2 *tpm, void *arguments)
{
    struct seal_arguments *a = arguments;
    return kc_seal(tpm, a->key, a->about, a->blob, a->blob_size);
}

static enum kc_error tpm2_seal(struct kc_root *root, const uint8_t *key, const uint8_t *about,
    uint8_t *blob, size_t *blob_size)
{
    return kc_tpm2_run(
        tpm_of(root), do_seal, &(struct seal_arguments){key, about, blob, blob_size});
}

struct unseal_arguments {
    const uint8_t *blob;
    size_t blob_size;
    uint8_t *key;
};

static enum kc_error do_unseal(struct kc_tpm2 *tpm, void *arguments)
{
    struct unseal_arguments *a = arguments;
    return kc_unseal(tpm, a->blob, a->blob_size, a->key);
}

static enum kc_error tpm2_unseal(
    struct kc_root *root, const uint8_t *blob, size_t blob_size, uint8_t *key)
{
    return kc_tpm2_run(tpm_of(root), do_unseal, &(struct unseal_arguments){blob, blob_size, key});
}

struct random_arguments {
    uint8_t *random;
    size_t size;
};

/* One answer has at most as many octets as the TPM's largest digest. */
static enum kc_error get_some(struct kc_tpm2 *tpm, uint8_t *random, size_t wanted, size_t *got)
{
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "get random octets", TPM2_CC_GetRandom, KC_COMMAND_ANSWERS_SIZED);
    kc_writer_u16(&command.parameters, (uint16_t)wanted);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK)
        return error;
    struct kc_span answered = kc_command_read_sized(&command, wanted);
    if ((error = kc_command_finish(tpm, &command)) != KC_OK)
        return error;
    if (answered.size == 0)
        return kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "not as many octets as asked");
    memcpy(random, answered.bytes, answered.size);
    *got = answered.size;
    return KC_OK;
}

static enum kc_error do_random(struct kc_tpm2 *tpm, void *arguments)
{
    struct random_arguments *a = arguments;
    uint8_t random[KC_ROOT_RANDOM_MAX] = {0}; /* secret */
    enum kc_error error = KC_OK;
    for (size_t done = 0, got = 0; error == KC_OK && done < a->size; done += got)
        error = get_some(tpm, random + done, a->size - done, &got);
    if (error == KC_OK)
        memcpy(a->random, random, a->size);
    kc_wipe(random, sizeof random);
    return error;
}

static enum kc_error tpm2_random(struct kc_root *root, uint8_t *random, size_t size)
{
    return kc_tpm2_run(tpm_of(root), do_random, &(struct random_arguments){random, size});
}

/* --- resident keys --- */

struct make_arguments {
    enum kc_algorithm algorithm;
    enum kc_use use;
    const uint8_t *auth;
    struct kc_root_made *made;
};

static enum kc_error do_key_make(struct kc_tpm2 *tpm, void *arguments)
{
    struct make_arguments *a = arguments;
    return kc_resident_make(tpm, a->algorithm, a->use, a->auth, a->made);
}

static enum kc_error tpm2_key_make(struct kc_root *root, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t *auth, const uint8_t *tag, struct kc_root_made *made)
{
    (void)tag; /* nothing is left in the TPM */
    return kc_tpm2_run(
        tpm_of(root), do_key_make, &(struct make_arguments){algorithm, use, auth, made});
}

static enum kc_error do_key_check(struct kc_tpm2 *tpm, void *arguments)
{
    return kc_resident_check(tpm, arguments);
}

static enum kc_error tpm2_key_keep(struct kc_root *root, const struct kc_root_key *key)
{
    struct kc_root_key kept = *key;
    return kc_tpm2_run(tpm_of(root), do_key_check, &kept);
}

static enum kc_error tpm2_key_left(
    struct kc_root *root, const uint8_t *tag, uint32_t number, struct kc_root_made *left)
{
    (void)root;
    (void)tag;
    (void)number;
    *left = (struct kc_root_made){.blob_size = 0};
    return KC_OK;
}

struct use_arguments {
    const struct kc_root_use_of_key *use;
    uint8_t *result;
    size_t *result_size;
};

static enum kc_error do_key_use(struct kc_tpm2 *tpm, void *arguments)
{
    struct use_arguments *a = arguments;
    return kc_resident_use(tpm, a->use, a->result, a->result_size);
}

static enum kc_error tpm2_key_use(struct kc_root *root, const struct kc_root_use_of_key *use,
    uint8_t *result, size_t *result_size)
{
    return kc_tpm2_run(tpm_of(root), do_key_use, &(struct use_arguments){use, result, result_size});
}

struct attest_arguments {
    const struct kc_root_attest *request;
    uint8_t *evidence;
    size_t *evidence_size;
};

static enum kc_error do_attest(struct kc_tpm2 *tpm, void *arguments)
{
    struct attest_arguments *a = arguments;
    return kc_attest(tpm, a->request, a->evidence, a->evidence_size);
}

static enum kc_error tpm2_attest(struct kc_root *root, const struct kc_root_attest *request,
    uint8_t *evidence, size_t *evidence_size)
{
    return kc_tpm2_run(
        tpm_of(root), do_attest, &(struct attest_arguments){request, evidence, evidence_size});
}

static enum kc_error tpm2_key_destroy(struct kc_root *root, const struct kc_root_key *key)
{
    struct kc_tpm2 *tpm = tpm_of(root);
    if (tpm->is_connected)
        kc_resident_forget(tpm, key);
    return KC_OK;
}

static enum kc_error do_status(struct kc_tpm2 *tpm, void *arguments)
{
    return kc_status_read(tpm, arguments);
}

static enum kc_error tpm2_status(struct kc_root *root, struct kc_root_status *status)
{
    return kc_tpm2_run(tpm_of(root), do_status, status);
}

static enum kc_error do_head(struct kc_tpm2 *tpm, void *arguments)
{
    const struct kc_root_head *head = arguments;
    return kc_head_do(tpm, head);
}

static enum kc_error tpm2_head(struct kc_root *root, const struct kc_root_head *head)
{
    struct kc_root_head arguments = *head;
    return kc_tpm2_run(tpm_of(root), do_head, &arguments);
}

static const char *tpm2_cause(const struct kc_root *root)
{
    return ((const struct kc_tpm2 *)root)->cause;
}

/* --- provisioning --- */

static enum kc_error find_or_make(struct kc_tpm2 *tpm, TPM2B_PUBLIC *public, struct kc_entity *srk)
{
    enum kc_error error = kc_srk_find(tpm, public, srk);
    if (error != KC_ERR_ROOT_NOT_PROVISIONED)
        return error;
    error = kc_srk_make(tpm);
    return error == KC_OK ? kc_srk_find(tpm, public, srk) : error;
}

/* A key that the TPM cannot use, or uses only with an authorisation, is found out now; policies are
 * signed later. */
static enum kc_error try_out(struct kc_tpm2 *tpm)
{
    static const uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size = 0;
    bool has_policy = tpm->has_policy;
    enum kc_error error = kc_session_start(tpm, TPM2_SE_HMAC, &tpm->session);
    tpm->has_policy = false;
    if (error == KC_OK)
        error = kc_seal(tpm, key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size);
    tpm->has_policy = has_policy;
    return error;
}

static enum kc_error provision_connected(struct kc_tpm2 *tpm)
{
    if (tpm->is_pinned)
        return kc_srk_find_pinned(tpm);
    enum kc_error error = find_or_make(tpm, &tpm->srk_public, &tpm->srk);
    if (error == KC_OK)
        memcpy(tpm->pin, tpm->srk.name.name, sizeof tpm->pin);
    return error;
}

static enum kc_error tpm2_provision(struct kc_root *root, uint8_t *srk_name)
{
    struct kc_tpm2 *tpm = tpm_of(root);
    kc_connection_close(tpm);
    tpm->code = TSS2_RC_SUCCESS;
    tpm->cause[0] = 0;
    enum kc_error error = kc_connection_open(tpm);
    if (error == KC_OK)
        error = provision_connected(tpm);
    if (error == KC_OK)
        error = try_out(tpm);
    if (error != KC_OK) {
        kc_connection_drop(tpm);
        return kc_code_wants_authorisation(tpm->code) ? KC_ERR_ROOT_HANDLE : error;
    }
    memcpy(srk_name, tpm->pin, KC_ROOT_NAME_SIZE);
    kc_connection_close(tpm);
    return KC_OK;
}

/* --- making and freeing --- */

static void tpm2_free(struct kc_root *root)
{
    kc_connection_close(tpm_of(root));
    free(root);
}

static const struct kc_root_kind tpm2_kind = {
    .free = tpm2_free,
    .connect = tpm2_connect,
    .disconnect = tpm2_disconnect,
    .provision = tpm2_provision,
    .seal = tpm2_seal,
    .unseal = tpm2_unseal,
    .random = tpm2_random,
    .key_make = tpm2_key_make,
    .key_keep = tpm2_key_keep,
    .key_left = tpm2_key_left,
    .key_use = tpm2_key_use,
    .key_destroy = tpm2_key_destroy,
    .attest = tpm2_attest,
    .status = tpm2_status,
    .head = tpm2_head,
    .cause = tpm2_cause,
};

struct kc_tpm2 *kc_tpm2_of(struct kc_root *root)
{
    return root->kind == &tpm2_kind ? tpm_of(root) : NULL;
}

static bool is_valid(const struct kc_root_settings *settings)
{
    bool head_is_valid =
        settings->head_handle == 0 || settings->head_handle >> 22 == 0x01800000 >> 22;
    return head_is_valid &&
           (settings->srk_handle == 0 || settings->srk_handle >> 24 == TPM2_HT_PERSISTENT) &&
           settings->deadline_ms <= DEADLINE_MS_MAX && settings->pcr_mask >> KC_ROOT_PCR_COUNT == 0;
}

enum kc_error kc_tpm2_new(const struct kc_root_settings *settings, struct kc_root **root)
{
    struct kc_address address;
    if (!is_valid(settings) || kc_address_parse(settings->tcti, &address) != KC_OK)
        return KC_ERR_CONFIG;
    struct kc_tpm2 *tpm = malloc(sizeof *tpm);
    /* The library's log goes by this variable alone: not what we were started with counts. */
    if (!tpm || setenv("TSS2_LOG", "all+none", 1) != 0) {
        free(tpm);
        return KC_ERR_NO_MEMORY;
    }
    *tpm = (struct kc_tpm2){
        .root = {&tpm2_kind},
        .address = address,
        .srk_handle = settings->srk_handle ? settings->srk_handle : KC_ROOT_SRK_HANDLE,
        .head_handle = settings->head_handle ? settings->head_handle : KC_ROOT_HEAD_HANDLE,
        .deadline_ms = settings->deadline_ms ? settings->deadline_ms : KC_ROOT_DEADLINE_MS,
        .pcr_mask = settings->pcr_mask,
        .is_pinned = settings->srk_name != NULL,
        .connects_once = settings->connects_once,
        .has_policy = settings->policy != NULL,
        .tcti = {.fd = -1},
    };
    if (settings->srk_name)
        memcpy(tpm->pin, settings->srk_name, sizeof tpm->pin);
    if (settings->policy)
        tpm->policy_settings = *settings->policy;
    *root = &tpm->root;
    return KC_OK;
}
