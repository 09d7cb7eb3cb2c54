/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator of a Mesh service does: makes it, looks at its accounts and capabilities, and takes
 * away in an emergency. */
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include <string.h>

#define RESPONSE_MAX ((size_t)64 << 10)

static enum kc_error begin(
    struct kc_cli *cli, enum kc_operation operation, struct kc_cli_call *call)
{
    struct kc_client *client;
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error == KC_OK)
        kc_cli_call_init(call, cli, client, operation);
    return error;
}

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
    enum kc_error error = begin(cli, operation, &call);
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
    enum kc_error error = begin(cli, KC_OPERATION_MESH_ACCOUNT_LIST, &call);
    return error == KC_OK ? list(cli, &call, columns) : error;
}

enum kc_error kc_cli_mesh_account_show(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = begin(cli, KC_OPERATION_MESH_ACCOUNT_SHOW, &call);
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
    enum kc_error error = begin(cli, KC_OPERATION_MESH_CAPABILITY_LIST, &call);
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
    enum kc_error error = begin(cli, operation, &call);
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

/* --- a request, played by hand --- */

/* What the requester would be told, as an error of this command; the response is there all the same. */
static enum kc_error tell_status(struct kc_cli *cli, uint64_t status)
{
    static const struct {
        uint64_t status;
        enum kc_error error;
    } errors[] = {{400, KC_ERR_BAD_REQUEST}, {401, KC_ERR_SIGNATURE}, {429, KC_ERR_LIMIT},
        {503, KC_ERR_UNAVAILABLE}};
    if (status == 201)
        return KC_OK;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].status == status)
            return kc_cli_fail(
                cli, errors[i].error, "the request is answered with %u", (unsigned)status);
    return kc_cli_fail(cli, KC_ERR_REFUSED, "the request is answered with %u", (unsigned)status);
}

enum kc_error kc_cli_mesh_operate(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS request = {NULL, 0}, response = {NULL, 0};
    size_t size = 0;
    enum kc_error error = begin(cli, KC_OPERATION_MESH_OPERATE, &call);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[0], KC_DATA_SIZE_MAX, &request);
    if (error == KC_OK)
        error = kc_cli_call_data(&call, KC_FIELD_REQUEST, kc_cli_span(&request));
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
    json_t *object = json_object();
    json_object_set_new(
        object, "status", json_integer((json_int_t)values->value[KC_FIELD_STATUS].number));
    if (kc_cli_given(cli, KC_CLI_JSON))
        json_object_set_new(
            object, "response", json_loadb((const char *)response.bytes, size, 0, NULL));
    kc_cli_print_object(cli, object);
    return error == KC_OK ? tell_status(cli, values->value[KC_FIELD_STATUS].number) : error;
}
