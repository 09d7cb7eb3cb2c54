/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator of Mesh accounts and groups: files in, files out. What goes to the service goes as
 * it is written here, at once; what goes to a device or a member is a document of its own. */
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/operator.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"
#include "proto/udf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX KC_DATA_SIZE_MAX

/* A call with the files that it brings, and those that it fills. */
struct work {
    struct kc_cli *cli;
    struct kc_cli_call call;
    struct kc_cli_octets files[3];
    size_t file_count;
    struct kc_cli_target document, request;
    bool has_document, has_request;
};

static void work_done(struct work *work)
{
    kc_cli_call_done(&work->call);
    for (size_t i = 0; i < work->file_count; i++)
        kc_cli_octets_done(&work->files[i]);
    if (work->has_document)
        kc_cli_target_done(&work->document);
    if (work->has_request)
        kc_cli_target_done(&work->request);
}
#define AUTO_WORK __attribute__((cleanup(work_done))) struct work

/* --- what goes in --- */

static enum kc_error work_begin(struct kc_cli *cli, enum kc_operation operation, struct work *work)
{
    work->cli = cli;
    return kc_cli_call_begin(cli, &work->call, operation);
}

static enum kc_error file_add(struct work *work, enum kc_field field, const char *path)
{
    struct kc_cli_octets *file = &work->files[work->file_count];
    enum kc_error error = kc_cli_read(work->cli, path, DOCUMENT_MAX, file);
    if (error != KC_OK)
        return error;
    work->file_count++;
    if (file->size == 0)
        return kc_cli_fail(work->cli, KC_ERR_BAD_ARGUMENT, "%s is empty", path);
    kc_cli_call_from_argument(&work->call, field, path);
    return kc_cli_call_data(&work->call, field, kc_cli_span(file));
}

static enum kc_error file_add_option(
    struct work *work, enum kc_field field, enum kc_cli_option option)
{
    kc_cli_call_from_option(&work->call, field, option);
    return kc_cli_given(work->cli, option) ? file_add(work, field, work->cli->values[option])
                                           : KC_OK;
}

/* What many of these take: the service's profile, what it assigned, its name. */
static enum kc_error service_add(struct work *work)
{
    kc_cli_call_option(&work->call, KC_FIELD_SERVICE, KC_CLI_HOST);
    enum kc_error error = file_add_option(work, KC_FIELD_PROFILE, KC_CLI_SERVICE_PROFILE);
    return error == KC_OK ? file_add_option(work, KC_FIELD_RESPONSE, KC_CLI_ASSIGNMENT) : error;
}

/* The account or group that the first argument names. */
static enum kc_error account_add(struct work *work)
{
    struct kc_udf udf;
    const char *account = work->cli->arguments[0];
    struct kc_span text = {(const uint8_t *)account, strlen(account)};
    if (kc_udf_parse_canonical(text, &udf) != KC_OK)
        return kc_cli_fail(work->cli, KC_ERR_BAD_ARGUMENT,
            "%s is no UDF: that of an account or a group is the key of its profile in custodian "
            "key list --role account",
            account);
    kc_cli_call_text(&work->call, KC_FIELD_ACCOUNT_UDF, account);
    return KC_OK;
}

/* The account, and the holder that --recipient names, if it is there. */
static enum kc_error parties_add(struct work *work, char recipient[65])
{
    enum kc_error error = account_add(work);
    if (error != KC_OK || !kc_cli_given(work->cli, KC_CLI_RECIPIENT))
        return error;
    error = kc_cli_recipient_find(work->cli, work->cli->values[KC_CLI_RECIPIENT], recipient);
    if (error == KC_OK)
        kc_cli_call_text(&work->call, KC_FIELD_RECIPIENT, recipient);
    return error;
}

/* --- what comes out --- */

static enum kc_error target_open(
    struct work *work, enum kc_cli_option option, struct kc_cli_target *target, bool *is_open)
{
    const char *path = work->cli->values[option];
    if (path == NULL)
        return KC_OK;
    enum kc_error error = kc_cli_target_open(work->cli, path, 0644, DOCUMENT_MAX, target);
    *is_open = error == KC_OK;
    return error;
}

static enum kc_error target_fill(
    struct work *work, enum kc_field field, struct kc_cli_target *target, bool is_open)
{
    const struct kc_values *values = &kc_cli_call_answer(&work->call)->values;
    KC_AUTO_OCTETS octets = {NULL, 0};
    size_t size = 0;
    if (!is_open)
        return KC_OK;
    if (!kc_values_has(values, field))
        return kc_cli_fail(work->cli, KC_ERR_BAD_REPLY, NULL);
    enum kc_error error = kc_cli_octets_new(work->cli, DOCUMENT_MAX, &octets);
    if (error == KC_OK && (error = kc_client_answer_data(work->call.answer, values, field,
                               octets.bytes, DOCUMENT_MAX, &size)) != KC_OK)
        error = kc_cli_fail(work->cli, error, NULL);
    return error == KC_OK
               ? kc_cli_target_write(work->cli, target, (struct kc_span){octets.bytes, size})
               : error;
}

static void path_add(
    const struct kc_cli *cli, json_t *object, const char *name, enum kc_cli_option option)
{
    if (kc_cli_given(cli, option))
        json_object_set_new(object, name, json_string(cli->values[option]));
}

static void name_add(const struct work *work, json_t *object, enum kc_field field)
{
    struct kc_span name = kc_cli_call_span(&work->call, field);
    if (name.size > 0)
        json_object_set_new(
            object, kc_fields[field].name, json_stringn((const char *)name.bytes, name.size));
}

/* Which files were written, the account that was made, and the Id of the right to have keys made. */
static void work_print(const struct work *work)
{
    json_t *object = json_object();
    name_add(work, object, KC_FIELD_ACCOUNT_UDF);
    name_add(work, object, KC_FIELD_CAPABILITY);
    path_add(work->cli, object, "document", KC_CLI_OUTPUT);
    path_add(work->cli, object, "request", KC_CLI_REQUEST);
    kc_cli_print_object(work->cli, object);
}

/* The files are made ready before anything is done: what was made cannot be had twice. */
static enum kc_error work_run(struct work *work)
{
    if (kc_cli_given(work->cli, KC_CLI_REQUEST) && !kc_cli_given(work->cli, KC_CLI_HOST))
        return kc_cli_fail(
            work->cli, KC_ERR_USAGE, "--host NAME is missing: the service that the request is for");
    enum kc_error error = target_open(work, KC_CLI_OUTPUT, &work->document, &work->has_document);
    if (error == KC_OK)
        error = target_open(work, KC_CLI_REQUEST, &work->request, &work->has_request);
    if (error == KC_OK)
        error = kc_cli_call_pin(work->cli, &work->call);
    if (error == KC_OK)
        error = kc_cli_call_run(&work->call);
    if (error == KC_OK)
        error = target_fill(work, KC_FIELD_DOCUMENT, &work->document, work->has_document);
    if (error == KC_OK)
        error = target_fill(work, KC_FIELD_REQUEST, &work->request, work->has_request);
    if (error == KC_OK)
        work_print(work);
    return error;
}

/* --- commands --- */

static enum kc_error create(struct kc_cli *cli, enum kc_operation operation)
{
    AUTO_WORK work = {0};
    char keyring[65];
    enum kc_error error = work_begin(cli, operation, &work);
    if (error == KC_OK)
        error = kc_cli_keyring(cli, keyring);
    if (error == KC_OK)
        error = kc_cli_label_check(cli, cli->values[KC_CLI_LABEL]);
    if (error == KC_OK)
        error = service_add(&work);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_KEYRING, keyring);
    kc_cli_call_option(&work.call, KC_FIELD_LABEL, KC_CLI_LABEL);
    kc_cli_call_option(&work.call, KC_FIELD_ALGORITHM, KC_CLI_ALGORITHM);
    kc_cli_call_text(&work.call, KC_FIELD_ACCOUNT, cli->arguments[0]);
    return work_run(&work);
}

enum kc_error kc_cli_mesh_account_create(struct kc_cli *cli)
{
    return create(cli, KC_OPERATION_MESH_ACCOUNT_CREATE);
}

enum kc_error kc_cli_mesh_group_create(struct kc_cli *cli)
{
    return create(cli, KC_OPERATION_MESH_GROUP_CREATE);
}

/* Those for one holder; with its profile as the second argument, if there is one. */
static enum kc_error with_holder(struct kc_cli *cli, enum kc_operation operation)
{
    AUTO_WORK work = {0};
    char recipient[65];
    enum kc_error error = work_begin(cli, operation, &work);
    if (error == KC_OK)
        error = parties_add(&work, recipient);
    if (error == KC_OK && cli->argument_count > 1)
        error = file_add(&work, KC_FIELD_DOCUMENT, cli->arguments[1]);
    if (error == KC_OK)
        error = service_add(&work);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&work.call, KC_FIELD_RIGHTS, KC_CLI_RIGHTS);
    kc_cli_call_option(&work.call, KC_FIELD_CONNECTION, KC_CLI_CONNECTION);
    kc_cli_call_option(&work.call, KC_FIELD_USE, KC_CLI_USE);
    kc_cli_call_flag(&work.call, KC_FIELD_FORCE, KC_CLI_ANEW);
    kc_cli_call_flag(&work.call, KC_FIELD_MESSAGES, KC_CLI_MESSAGES);
    return work_run(&work);
}

/* What somebody who connects a first device may not know yet. */
static void tell_service(const struct kc_cli *cli)
{
    bool shares = strstr(cli->values[KC_CLI_RIGHTS], "=threshold") != NULL;
    if (!kc_cli_given(cli, KC_CLI_REQUEST))
        kc_cli_say(cli, "The account's service does not know of the device: with --host NAME "
                        "--request FILE there is a request that tells it.");
    if (shares && !kc_cli_given(cli, KC_CLI_ASSIGNMENT))
        kc_cli_say(cli, "The shares are encrypted to the service's own key: what it assigned when "
                        "it bound the account, --assignment, has one of the account's.");
}

enum kc_error kc_cli_mesh_account_activate(struct kc_cli *cli)
{
    enum kc_error error = with_holder(cli, KC_OPERATION_MESH_ACCOUNT_ACTIVATE);
    if (error == KC_OK)
        tell_service(cli);
    return error;
}

enum kc_error kc_cli_mesh_account_refresh(struct kc_cli *cli)
{
    return with_holder(cli, KC_OPERATION_MESH_ACCOUNT_REFRESH);
}

enum kc_error kc_cli_mesh_account_disconnect(struct kc_cli *cli)
{
    enum kc_error error = with_holder(cli, KC_OPERATION_MESH_ACCOUNT_DISCONNECT);
    if (error == KC_OK)
        kc_cli_say(cli, "A service that took the request refuses the device for good: to be "
                        "connected again it needs a new profile.");
    return error;
}

enum kc_error kc_cli_mesh_group_add(struct kc_cli *cli)
{
    return with_holder(cli, KC_OPERATION_MESH_GROUP_MEMBER_ADD);
}

enum kc_error kc_cli_mesh_group_remove(struct kc_cli *cli)
{
    return with_holder(cli, KC_OPERATION_MESH_GROUP_MEMBER_REMOVE);
}

/* Those of an account as a whole. */
static enum kc_error of_account(struct kc_cli *cli, enum kc_operation operation)
{
    AUTO_WORK work = {0};
    enum kc_error error = work_begin(cli, operation, &work);
    if (error == KC_OK)
        error = service_add(&work);
    if (error == KC_OK)
        error = account_add(&work);
    return error == KC_OK ? work_run(&work) : error;
}

enum kc_error kc_cli_mesh_group_rotate(struct kc_cli *cli)
{
    return of_account(cli, KC_OPERATION_MESH_GROUP_ROTATE);
}

enum kc_error kc_cli_mesh_account_move(struct kc_cli *cli)
{
    return of_account(cli, KC_OPERATION_MESH_ACCOUNT_MOVE);
}

enum kc_error kc_cli_mesh_account_unbind(struct kc_cli *cli)
{
    return of_account(cli, KC_OPERATION_MESH_ACCOUNT_CLOSE);
}

enum kc_error kc_cli_mesh_account_repeat(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    char recipient[65];
    enum kc_error error = work_begin(cli, KC_OPERATION_MESH_ACCOUNT_REPEAT, &work);
    if (error == KC_OK)
        error = parties_add(&work, recipient);
    if (error == KC_OK)
        error = file_add(&work, KC_FIELD_REQUEST, cli->arguments[1]);
    return error == KC_OK ? work_run(&work) : error;
}

enum kc_error kc_cli_mesh_account_profile(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    enum kc_error error = work_begin(cli, KC_OPERATION_MESH_ACCOUNT_PROFILE, &work);
    if (error == KC_OK)
        error = account_add(&work);
    if (error != KC_OK)
        return error;
    error = target_open(&work, KC_CLI_OUTPUT, &work.document, &work.has_document);
    if (error == KC_OK)
        error = kc_cli_call_run(&work.call);
    if (error == KC_OK)
        error = target_fill(&work, KC_FIELD_DOCUMENT, &work.document, work.has_document);
    if (error != KC_OK)
        return error;
    json_t *object = kc_cli_object(&kc_cli_call_answer(&work.call)->values);
    json_object_del(object, kc_fields[KC_FIELD_DOCUMENT].name);
    path_add(cli, object, "document", KC_CLI_OUTPUT);
    kc_cli_print_object(cli, object);
    return KC_OK;
}

/* --- who is known by a profile --- */

/* The key that a profile is known by, of whichever kind; it must have signed it. */
static enum kc_error profile_key_read(
    const struct kc_cli *cli, const char *path, struct kc_public_key *key)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    struct kc_signed_object opened;
    enum kc_error error = kc_cli_read(cli, path, DOCUMENT_MAX, &text);
    if (error != KC_OK)
        return error;
    error = kc_signed_object_open_profile(
        kc_cli_span(&text), DOCUMENT_MAX, KC_OBJECT_Profile, NULL, kc_mesh_verify, &opened, key);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", path);
    bool is_holder = opened.object.type == KC_OBJECT_ProfileDevice ||
                     opened.object.type == KC_OBJECT_ProfileUser;
    kc_signed_object_done(&opened);
    return is_holder ? KC_OK
                     : kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
                           "%s is no profile of a device or a person", path);
}

enum kc_error kc_cli_recipient_profile(struct kc_cli *cli)
{
    struct work work = {0};
    struct kc_public_key key;
    enum kc_error error = kc_cli_label_check(cli, cli->arguments[0]);
    if (error == KC_OK)
        error = profile_key_read(cli, cli->arguments[1], &key);
    if (error == KC_OK)
        error = work_begin(cli, KC_OPERATION_RECIPIENT_ADD, &work);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_LABEL, cli->arguments[0]);
    kc_cli_call_text(&work.call, KC_FIELD_ALGORITHM, key.algorithm);
    kc_cli_call_octets(&work.call, KC_FIELD_PUBLIC, (struct kc_span){key.octets, key.size});
    error = kc_cli_call_pin(cli, &work.call);
    if (error == KC_OK)
        error = kc_cli_call_run(&work.call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&work.call)->values));
    work_done(&work);
    return error;
}
