/* SPDX-License-Identifier: Apache-2.0 */
/* What goes between a device, or an administrator, and the account's service: requests that are
 * written here, and what came back. Whoever speaks HTTPS carries both. */
#include "custodian/cli/answer.h"
#include "custodian/cli/output.h"
#include "custodian/cli/request.h"
#include "custodian/cli/write.h"
#include "custodian/mesh/acknowledgement.h"

#define DOCUMENT_MAX ((size_t)KC_DATA_SIZE_MAX)

/* --- requests --- */

enum kc_error kc_cli_mesh_request_status(struct kc_cli *cli)
{
    struct kc_cli_request request;
    struct kc_cli_key device;
    KC_AUTO_OCTETS text = {NULL, 0};
    enum kc_error error = kc_cli_key_find_device(cli, cli->arguments[0], &device);
    if (error == KC_OK)
        error = kc_cli_request_begin(cli, KC_OBJECT_StatusRequest, &request);
    if (error != KC_OK)
        return error;
    kc_object_write_text(&request.w, "Account", cli->arguments[0]);
    error = kc_cli_request_sign(cli, &request, &device, &text);
    return error == KC_OK ? kc_cli_write(cli, cli->values[KC_CLI_OUTPUT], kc_cli_span(&text), 0644)
                          : error;
}

/* Operations as the file has them, but each of a kind that there is. */
static enum kc_error write_operations(
    const struct kc_cli *cli, struct kc_json list, struct kc_cli_request *request)
{
    if (kc_json_kind(list) != KC_JSON_ARRAY || kc_json_count(list) == 0)
        return kc_cli_refuse(
            cli, KC_ERR_BAD_REQUEST, "%s is no JSON array of operations", cli->arguments[1]);
    kc_object_write_list(&request->w, "Operations");
    for (size_t i = 0; i < kc_json_count(list); i++) {
        struct kc_object operation;
        enum kc_error error = kc_object_read_tagged(
            kc_json_item(list, i), KC_OBJECT_CryptographicOperation, &operation, NULL);
        if (error != KC_OK || operation.type == KC_OBJECT_NONE)
            return kc_cli_refuse(cli, KC_ERR_BAD_REQUEST,
                "item %zu of %s is none of the operations that Operate has", i, cli->arguments[1]);
        kc_object_write_copy(&request->w, NULL, &operation, true);
    }
    kc_object_write_end(&request->w);
    return KC_OK;
}

static enum kc_error operate_begin(struct kc_cli *cli, struct kc_cli_request *request)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    struct kc_json_document document = {0};
    enum kc_error error = kc_cli_read(cli, cli->arguments[1], KC_CLI_REQUEST_ROOM, &text);
    if (error == KC_OK)
        error = kc_cli_request_begin(cli, KC_OBJECT_OperateRequest, request);
    if (error != KC_OK)
        return error;
    kc_object_write_text(&request->w, "AccountAddress", cli->arguments[0]);
    error = kc_json_read(kc_cli_span(&text), text.size, &document);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[1]);
    error = write_operations(cli, kc_json_root(&document), request);
    kc_json_done(&document);
    return error;
}

enum kc_error kc_cli_mesh_request_operate(struct kc_cli *cli)
{
    struct kc_cli_request request;
    struct kc_cli_key device;
    KC_AUTO_OCTETS text = {NULL, 0};
    enum kc_error error = kc_cli_key_find_device(cli, cli->arguments[0], &device);
    if (error == KC_OK)
        error = operate_begin(cli, &request);
    if (error == KC_OK)
        error = kc_cli_request_sign(cli, &request, &device, &text);
    return error == KC_OK ? kc_cli_write(cli, cli->values[KC_CLI_OUTPUT], kc_cli_span(&text), 0644)
                          : error;
}

/* --- a device that asks for a connection --- */

static void print_acknowledged(const struct kc_cli *cli, const struct kc_mesh_acknowledgement *made)
{
    json_t *object = json_object();
    json_object_set_new(object, "connection", json_string(made->witness));
    json_object_set_new(object, "witness", json_string(made->witness));
    json_object_set_new(object, "device", json_string(made->device_udf));
    json_object_set_new(object, "account", json_string(made->account));
    json_object_set_new(object, "pin", json_boolean(made->has_pin));
    kc_cli_print_object(cli, object);
    kc_cli_say(cli,
        "Connect the device only if it shows the same witness, in all of its "
        "characters%s.",
        made->has_pin ? ", or custodian mesh pin check accepts its PIN" : "");
}

static enum kc_error write_acknowledged(
    const struct kc_cli *cli, const struct kc_mesh_acknowledgement *made)
{
    const char *profile = cli->values[KC_CLI_DEVICE_PROFILE];
    struct kc_span text = {(const uint8_t *)made->text, made->size};
    struct kc_span device = {(const uint8_t *)made->profile_device, made->profile_device_size};
    struct kc_cli_target target;
    enum kc_error error = KC_OK;
    if (profile != NULL)
        error = kc_cli_target_open(cli, profile, 0644, device.size, &target);
    if (error != KC_OK)
        return error;
    struct kc_cli_target own;
    error = kc_cli_target_open(cli, cli->values[KC_CLI_OUTPUT], 0644, text.size, &own);
    if (error == KC_OK) {
        error = kc_cli_target_write(cli, &own, text);
        kc_cli_target_done(&own);
    }
    if (profile != NULL) {
        if (error == KC_OK)
            error = kc_cli_target_write(cli, &target, device);
        kc_cli_target_done(&target);
    }
    return error;
}

enum kc_error kc_cli_mesh_account_acknowledge(struct kc_cli *cli)
{
    KC_AUTO_OCTETS request = {NULL, 0}, profile = {NULL, 0};
    struct kc_mesh_acknowledgement made = {.text = NULL};
    struct kc_mesh_source source = kc_cli_source();
    enum kc_error error = kc_cli_read(cli, cli->arguments[0], DOCUMENT_MAX, &request);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[1], DOCUMENT_MAX, &profile);
    if (error != KC_OK)
        return error;
    error = kc_mesh_acknowledge_make(&source, kc_cli_span(&request), kc_cli_span(&profile), &made);
    if (error == KC_ERR_PROFILE)
        return kc_cli_fail(cli, error, "%s", cli->arguments[1]);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s or %s", cli->arguments[0], cli->arguments[1]);
    error = write_acknowledged(cli, &made);
    if (error == KC_OK)
        print_acknowledged(cli, &made);
    kc_mesh_acknowledgement_done(&made);
    return error;
}

/* --- answers --- */

/* Whatever stands in an answer and is a document of its own, the most wanted first. */
static struct kc_json document_in(const struct kc_cli_answer *answer)
{
    static const char *const names[] = {
        "EnvelopedProfileService", "EnvelopedAccountHostAssignment"};
    struct kc_json found = {.document = NULL};
    for (size_t i = 0; !kc_json_is_there(found) && i < sizeof names / sizeof *names; i++)
        if (kc_object_field_named(answer->object.type, names[i]) != NULL)
            found = kc_object_member(&answer->object, names[i]);
    return found;
}

static enum kc_error write_document(const struct kc_cli *cli, const struct kc_cli_answer *answer)
{
    struct kc_cli_target target;
    struct kc_json document = document_in(answer);
    if (!kc_cli_given(cli, KC_CLI_OUTPUT))
        return KC_OK;
    if (!kc_json_is_there(document))
        return kc_cli_refuse(cli, KC_ERR_BAD_ARGUMENT,
            "there is no profile of a service in it, and no assignment: nothing for --output");
    struct kc_span source = kc_json_source(document);
    enum kc_error error =
        kc_cli_target_open(cli, cli->values[KC_CLI_OUTPUT], 0644, source.size, &target);
    if (error != KC_OK)
        return error;
    error = kc_cli_target_write(cli, &target, source);
    kc_cli_target_done(&target);
    return error;
}

enum kc_error kc_cli_mesh_answer(struct kc_cli *cli)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    KC_AUTO_ANSWER answer = {0};
    enum kc_error error = kc_cli_read(cli, cli->arguments[0], DOCUMENT_MAX, &text);
    if (error == KC_OK)
        error = kc_cli_answer_read(cli, kc_cli_span(&text), &answer);
    if (error != KC_OK)
        return error;
    json_t *object = kc_cli_answer_describe(&answer);
    if (kc_cli_given(cli, KC_CLI_OUTPUT) && kc_json_is_there(document_in(&answer)))
        json_object_set_new(object, "document", json_string(cli->values[KC_CLI_OUTPUT]));
    struct kc_span payload = kc_json_source(answer.object.value);
    if (kc_cli_given(cli, KC_CLI_JSON))
        json_object_set_new(
            object, "payload", json_loadb((const char *)payload.bytes, payload.size, 0, NULL));
    kc_cli_print_object(cli, object);
    error = kc_cli_answer_check(cli, &answer);
    if (error == KC_OK)
        error = write_document(cli, &answer);
    return error == KC_OK ? kc_cli_answer_check_results(cli, &answer) : error;
}
