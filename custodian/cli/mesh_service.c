/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator of a Mesh service does: makes it, looks at its accounts and capabilities, and takes
 * away in an emergency. */
#include "custodian/cli/answer.h"
#include "custodian/cli/document.h"
#include "custodian/cli/file.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include <string.h>

#define RESPONSE_MAX ((size_t)64 << 10)

static enum kc_error write_out(const struct kc_cli *cli, struct kc_span octets)
{
    struct kc_cli_target target;
    const char *path = cli->values[KC_CLI_OUTPUT];
    if (path == NULL)
        return KC_OK;
    enum kc_error error = kc_cli_target_open(cli, path, 0644, KC_DATA_SIZE_MAX, &target);
    if (error != KC_OK)
        return error;
    error = kc_cli_target_write(cli, &target, octets);
    kc_cli_target_done(&target);
    return error;
}

/* --- services --- */

static struct kc_span document_of(const struct kc_message *answer, const char *label)
{
    for (size_t i = 0; i < answer->item_count; i++)
        if (kc_values_text_is(&answer->items[i], KC_FIELD_LABEL, label))
            return answer->items[i].value[KC_FIELD_DOCUMENT].span;
    return (struct kc_span){NULL, 0};
}

/* The documents as they stand, for programs. */
static void add_documents(json_t *object, const struct kc_message *answer)
{
    for (size_t i = 0; i < answer->item_count; i++) {
        struct kc_span label = answer->items[i].value[KC_FIELD_LABEL].span;
        struct kc_span document = answer->items[i].value[KC_FIELD_DOCUMENT].span;
        char name[65] = {0};
        memcpy(name, label.bytes, label.size < sizeof name ? label.size : sizeof name - 1);
        json_object_set_new(
            object, name, json_loadb((const char *)document.bytes, document.size, 0, NULL));
    }
}

static enum kc_error show_service(struct kc_cli *cli, enum kc_operation operation)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, operation);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_SERVICE, cli->arguments[0]);
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = write_out(cli, document_of(kc_cli_call_answer(&call), "ProfileService"));
    if (error != KC_OK)
        return error;
    json_t *object = kc_cli_object(&kc_cli_call_answer(&call)->values);
    if (kc_cli_given(cli, KC_CLI_JSON))
        add_documents(object, kc_cli_call_answer(&call));
    kc_cli_print_object(cli, object);
    return KC_OK;
}

enum kc_error kc_cli_mesh_service_create(struct kc_cli *cli)
{
    return show_service(cli, KC_OPERATION_MESH_SERVICE_CREATE);
}

enum kc_error kc_cli_mesh_service_show(struct kc_cli *cli)
{
    return show_service(cli, KC_OPERATION_MESH_SERVICE_SHOW);
}

/* --- lists --- */

static enum kc_error list(struct kc_cli *cli, struct kc_cli_call *call, const char *const columns[])
{
    json_t *items = json_array();
    enum kc_error error = kc_cli_call_list(call, kc_cli_collect, items);
    if (error == KC_OK)
        kc_cli_print_list(cli, items, columns);
    else
        json_decref(items);
    return error;
}

enum kc_error kc_cli_mesh_account_list(struct kc_cli *cli)
{
    static const char *const columns[] = {"account", "account_udf", "state", NULL};
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ACCOUNT_LIST);
    return error == KC_OK ? list(cli, &call, columns) : error;
}

enum kc_error kc_cli_mesh_account_show(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ACCOUNT_SHOW);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_ACCOUNT, cli->arguments[0]);
    kc_cli_call_option(&call, KC_FIELD_SERVICE, KC_CLI_HOST);
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

enum kc_error kc_cli_mesh_capability_list(struct kc_cli *cli)
{
    static const char *const columns[] = {
        "capability", "tag", "account_udf", "device", "state", "uses", NULL};
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_CAPABILITY_LIST);
    if (error != KC_OK)
        return error;
    if (cli->argument_count > 0)
        kc_cli_call_text(&call, KC_FIELD_ACCOUNT_UDF, cli->arguments[0]);
    return list(cli, &call, columns);
}

/* --- taking away --- */

static enum kc_error withdraw(struct kc_cli *cli, enum kc_operation operation, enum kc_field field)
{
    KC_AUTO_CALL call = {0};
    if (!kc_cli_given(cli, KC_CLI_YES))
        return kc_cli_fail(cli, KC_ERR_USAGE, "this cannot be undone; with --yes it is done");
    enum kc_error error = kc_cli_call_begin(cli, &call, operation);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_ACCOUNT_UDF, cli->arguments[0]);
    kc_cli_call_text(&call, field, cli->arguments[1]);
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

enum kc_error kc_cli_mesh_capability_revoke(struct kc_cli *cli)
{
    return withdraw(cli, KC_OPERATION_MESH_CAPABILITY_WITHDRAW, KC_FIELD_CAPABILITY);
}

enum kc_error kc_cli_mesh_device_revoke(struct kc_cli *cli)
{
    return withdraw(cli, KC_OPERATION_MESH_DEVICE_WITHDRAW, KC_FIELD_DEVICE);
}

/* --- requests, brought by hand --- */

static enum kc_error find_deed(
    const struct kc_cli *cli, const char *name, enum kc_operation *operation)
{
    static const struct {
        const char *name;
        enum kc_operation operation;
    } deeds[] = {{"bind", KC_OPERATION_MESH_ACCOUNT_BIND},
        {"unbind", KC_OPERATION_MESH_ACCOUNT_UNBIND},
        {"accept", KC_OPERATION_MESH_CAPABILITY_ACCEPT},
        {"revoke", KC_OPERATION_MESH_CAPABILITY_REVOKE},
        {"revoke-device", KC_OPERATION_MESH_DEVICE_REVOKE}};
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].name, name) == 0) {
            *operation = deeds[i].operation;
            return KC_OK;
        }
    return kc_cli_refuse(
        cli, KC_ERR_USAGE, "%s is none of bind, unbind, accept, revoke and revoke-device", name);
}

/* The receipt in words; what else is a document goes to the file: of bind the assignment, else the
 * receipt. */
static enum kc_error tell_taken(const struct kc_cli *cli, struct kc_cli_call *call)
{
    KC_AUTO_OCTETS receipt = {NULL, 0}, document = {NULL, 0};
    struct kc_values values = kc_cli_call_answer(call)->values;
    bool has_document = kc_values_has(&values, KC_FIELD_DOCUMENT);
    enum kc_error error = kc_cli_call_read(call, KC_FIELD_RESPONSE, &receipt);
    if (error == KC_OK && has_document)
        error = kc_cli_call_read(call, KC_FIELD_DOCUMENT, &document);
    if (error == KC_OK)
        error = write_out(cli, kc_cli_span(has_document ? &document : &receipt));
    if (error != KC_OK)
        return error;
    kc_field_set_remove(&values.present, KC_FIELD_DOCUMENT);
    kc_field_set_remove(&values.present, KC_FIELD_RESPONSE);
    json_t *object = kc_cli_object(&values), *told = kc_cli_receipt_describe(kc_cli_span(&receipt));
    if (told != NULL)
        json_object_set_new(object, "receipt", told);
    kc_cli_print_object(cli, object);
    return KC_OK;
}

enum kc_error kc_cli_mesh_service_take(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS request = {NULL, 0};
    enum kc_operation operation = KC_OPERATION_MESH_ACCOUNT_BIND;
    enum kc_error error = find_deed(cli, cli->arguments[0], &operation);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, operation);
    if (error == KC_OK)
        error = kc_cli_call_file(&call, KC_FIELD_REQUEST, cli->arguments[1], &request);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_SERVICE, KC_CLI_HOST);
    error = kc_cli_call_run(&call);
    return error == KC_OK ? tell_taken(cli, &call) : error;
}

enum kc_error kc_cli_mesh_service_sign(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS payload = {NULL, 0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_HOST_SIGN);
    if (error == KC_OK)
        error = kc_cli_call_file(&call, KC_FIELD_DOCUMENT, cli->arguments[1], &payload);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_SERVICE, cli->arguments[0]);
    error = kc_cli_call_run(&call);
    return error == KC_OK
               ? kc_cli_call_write(&call, KC_FIELD_RESPONSE, cli->values[KC_CLI_OUTPUT], 0644)
               : error;
}

/* What the requester would be told, which may be an error of this command; the response is there all
 * the same. */
static enum kc_error tell_answer(struct kc_cli *cli, struct kc_span response)
{
    KC_AUTO_ANSWER answer = {0};
    enum kc_error error = kc_cli_answer_read(cli, response, &answer);
    if (error != KC_OK)
        return error;
    json_t *object = kc_cli_answer_describe(&answer);
    if (kc_cli_given(cli, KC_CLI_JSON))
        json_object_set_new(
            object, "response", json_loadb((const char *)response.bytes, response.size, 0, NULL));
    kc_cli_print_object(cli, object);
    error = kc_cli_answer_check(cli, &answer);
    return error == KC_OK ? kc_cli_answer_check_results(cli, &answer) : error;
}

enum kc_error kc_cli_mesh_operate(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS request = {NULL, 0}, response = {NULL, 0};
    size_t size = 0;
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_OPERATE);
    if (error == KC_OK)
        error = kc_cli_call_file(&call, KC_FIELD_REQUEST, cli->arguments[0], &request);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_SERVICE, KC_CLI_HOST);
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = kc_cli_octets_new(cli, RESPONSE_MAX, &response);
    if (error != KC_OK)
        return error;
    const struct kc_values *values = &kc_cli_call_answer(&call)->values;
    error = kc_client_answer_data(
        call.answer, values, KC_FIELD_RESPONSE, response.bytes, RESPONSE_MAX, &size);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, NULL);
    error = write_out(cli, (struct kc_span){response.bytes, size});
    return error == KC_OK ? tell_answer(cli, (struct kc_span){response.bytes, size}) : error;
}
