/* SPDX-License-Identifier: Apache-2.0 */
/* Signing with a whole key, signing with a split key and its service, and verifying. */
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/keyring.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/output.h"
#include "custodian/cli/verify.h"
#include "custodian/cli/write.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNATURE_FILE_MAX 4096

/* What is signed; how, the options say. */
struct task {
    struct kc_cli_octets message;
};

static enum kc_error task_read(const struct kc_cli *cli, const char *path, struct task *task)
{
    return kc_cli_read(cli, path, (size_t)KC_DATA_SIZE_MAX, &task->message);
}

static void task_done(struct task *task)
{
    kc_cli_octets_done(&task->message);
}

#define AUTO_TASK __attribute__((cleanup(task_done))) struct task

/* A request about a key and what is signed with it. */
static enum kc_error call_begin(struct kc_cli_call *call, const struct kc_cli *cli,
    struct kc_client *client, enum kc_operation operation, const char *key, const struct task *task)
{
    kc_cli_call_init(call, cli, client, operation);
    kc_cli_call_text(call, KC_FIELD_KEY, key);
    kc_cli_call_option(call, KC_FIELD_SCHEME, KC_CLI_SCHEME);
    kc_cli_call_option(call, KC_FIELD_HASH, KC_CLI_HASH);
    kc_cli_call_option(call, KC_FIELD_MGF_HASH, KC_CLI_MGF_HASH);
    kc_cli_call_flag(call, KC_FIELD_HASHED, KC_CLI_HASHED);
    enum kc_error error = kc_cli_call_hex(call, KC_FIELD_CONTEXT, KC_CLI_CONTEXT);
    if (error == KC_OK)
        error = kc_cli_call_count(call, KC_FIELD_SALT_SIZE, KC_CLI_SALT_SIZE);
    if (error == KC_OK)
        error = kc_cli_call_data(call, KC_FIELD_MESSAGE, kc_cli_span(&task->message));
    return error;
}

/* Writes the signature of an answer. */
static enum kc_error write_signature(const struct kc_cli *cli, const struct kc_cli_key *key,
    const struct kc_cli_call *call, const char *path)
{
    const struct kc_algorithm_info *info = kc_cli_public_info(&key->public);
    struct kc_span signature;
    uint8_t der[KC_CLI_DER_MAX];
    enum kc_error error =
        kc_cli_call_exactly(call, KC_FIELD_SIGNATURE, info->signature_size, &signature);
    if (error == KC_OK && info->family == KC_FAMILY_EC)
        error = kc_cli_signature_der(signature, der, &signature);
    return error == KC_OK ? kc_cli_write(cli, path, signature, 0644) : error;
}

static enum kc_error sign_alone(
    struct kc_cli *cli, const struct kc_cli_key *key, const struct task *task, const char *path)
{
    KC_AUTO_CALL call = {0};
    struct kc_client *client;
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error == KC_OK)
        error = call_begin(&call, cli, client, KC_OPERATION_KEY_SIGN, key->id, task);
    if (error == KC_OK)
        error = kc_cli_login(cli, client, key->keyring, key);
    if (error != KC_OK)
        return error;
    error = kc_cli_call_try(&call);
    if (error == KC_OK)
        return write_signature(cli, key, &call, path);
    kc_cli_key_report(&call, key, error, "sign with custodian sign and --service");
    return error;
}

/* A signer: what key signs and where the signature goes. */
typedef enum kc_error (*signer)(
    struct kc_cli *cli, const struct kc_cli_key *key, const struct task *task, const char *path);

static enum kc_error sign_file(struct kc_cli *cli, signer sign)
{
    AUTO_TASK task = {.message = {NULL, 0}};
    struct kc_cli_key key;
    char *path = NULL;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = kc_cli_output_path(cli, cli->arguments[1], ".sig", true, &path);
    if (error == KC_OK)
        error = task_read(cli, cli->arguments[1], &task);
    if (error == KC_OK)
        error = sign(cli, &key, &task, path);
    free(path);
    return error;
}

enum kc_error kc_cli_key_sign(struct kc_cli *cli)
{
    return sign_file(cli, sign_alone);
}

/* The two parties of a signature with a split key. */
struct parties {
    struct kc_cli *cli;
    struct kc_client *own, *service;
    const struct kc_cli_key *share; /* here */
    struct kc_cli_key other;        /* at the service */
    const struct task *task;
};

static void give_up(const struct parties *p, struct kc_span session)
{
    KC_AUTO_CALL call = {0};
    kc_cli_call_init(&call, p->cli, p->own, KC_OPERATION_SIGNATURE_ABORT);
    kc_cli_call_text(&call, KC_FIELD_KEY, p->share->id);
    kc_cli_call_octets(&call, KC_FIELD_SESSION, session);
    if (kc_cli_call_try(&call) != KC_OK)
        kc_cli_say(p->cli, "The open commitment ends by itself.");
}

/* Asks the service for its final contribution to our commitment. */
static enum kc_error contribute(
    const struct parties *p, struct kc_span commitment, struct kc_cli_call *call)
{
    enum kc_error error = call_begin(
        call, p->cli, p->service, KC_OPERATION_SIGNATURE_CONTRIBUTE, p->other.id, p->task);
    if (error != KC_OK)
        return error;
    kc_cli_call_octets(call, KC_FIELD_COMMITMENT, commitment);
    return kc_cli_call_run(call);
}

static enum kc_error finish(const struct parties *p, struct kc_span session,
    const struct kc_cli_call *contribution, const char *path)
{
    KC_AUTO_CALL call = {0};
    kc_cli_call_init(&call, p->cli, p->own, KC_OPERATION_SIGNATURE_FINISH);
    kc_cli_call_text(&call, KC_FIELD_KEY, p->share->id);
    kc_cli_call_octets(&call, KC_FIELD_SESSION, session);
    kc_cli_call_octets(
        &call, KC_FIELD_COMMITMENT, kc_cli_call_span(contribution, KC_FIELD_COMMITMENT));
    kc_cli_call_octets(
        &call, KC_FIELD_SIGNATURE_SHARE, kc_cli_call_span(contribution, KC_FIELD_SIGNATURE_SHARE));
    enum kc_error error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = write_signature(p->cli, p->share, &call, path);
    return error;
}

/* Commitment here, contribution there, the signature here. */
static enum kc_error sign_together(const struct parties *p, const char *path)
{
    KC_AUTO_CALL commit = {0};
    KC_AUTO_CALL contribution = {0};
    enum kc_error error =
        call_begin(&commit, p->cli, p->own, KC_OPERATION_SIGNATURE_COMMIT, p->share->id, p->task);
    if (error == KC_OK)
        error = kc_cli_call_run(&commit);
    if (error != KC_OK)
        return error;
    struct kc_span session = kc_cli_call_span(&commit, KC_FIELD_SESSION);
    error = contribute(p, kc_cli_call_span(&commit, KC_FIELD_COMMITMENT), &contribution);
    if (error == KC_OK)
        return finish(p, session, &contribution, path);
    give_up(p, session);
    return error;
}

static enum kc_error sign_split(
    struct kc_cli *cli, const struct kc_cli_key *key, const struct task *task, const char *path)
{
    struct parties parties = {.cli = cli, .share = key, .task = task};
    if (!kc_cli_key_is_share(key))
        return kc_cli_fail(
            cli, KC_ERR_BAD_ARGUMENT, "the key %s is not split: use custodian key sign", key->id);
    if (key->dealt)
        return kc_cli_fail(
            cli, KC_ERR_BAD_ARGUMENT, "the key %s was dealt: " KC_CLI_HOLDERS_SIGN, key->group);
    if (key->index != 1)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
            "here is the service's share of %s: sign where the first share is", key->group);
    enum kc_error error = kc_cli_custodian(cli, &parties.own);
    if (error == KC_OK)
        error = kc_cli_service(cli, &parties.service);
    if (error == KC_OK)
        error = kc_cli_key_find_share(cli, parties.service, key->group, &parties.other);
    return error == KC_OK ? sign_together(&parties, path) : error;
}

enum kc_error kc_cli_sign(struct kc_cli *cli)
{
    return sign_file(cli, sign_split);
}

enum kc_error kc_cli_verify(struct kc_cli *cli)
{
    AUTO_TASK task = {.message = {NULL, 0}};
    KC_AUTO_OCTETS signature = {NULL, 0};
    struct kc_cli_public public;
    enum kc_error error = kc_cli_public_find(cli, cli->arguments[0], &public);
    if (error == KC_OK)
        error = task_read(cli, cli->arguments[1], &task);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[2], SIGNATURE_FILE_MAX, &signature);
    if (error == KC_OK)
        error = kc_cli_signature_check(
            cli, &public, kc_cli_span(&task.message), kc_cli_span(&signature));
    if (error != KC_OK)
        return error;
    kc_cli_say(cli, "The signature is good.");
    if (kc_cli_given(cli, KC_CLI_JSON))
        kc_cli_print_object(
            cli, json_pack("{s:b, s:s}", "verified", 1, "algorithm", public.algorithm));
    return KC_OK;
}
