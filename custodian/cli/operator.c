/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/operator.h"

#include "custodian/cli/file.h"
#include "custodian/cli/output.h"
#include "custodian/cli/public.h"

#include "base/secret.h"

#include <string.h>

/* A PIN on its way from a file or the terminal into a request. */
static enum kc_error add_pin(const struct kc_cli *cli, struct kc_cli_call *call,
    enum kc_field field, enum kc_cli_option option, const char *prompt, enum kc_cli_pin_how how)
{
    uint8_t pin[KC_CLI_PIN_MAX];
    size_t size = 0;
    enum kc_error error = kc_cli_read_pin(cli, option, prompt, how, KC_CLI_PIN_MIN, pin, &size);
    if (error == KC_OK && size > 0)
        error = kc_cli_call_secret(call, field, (struct kc_span){pin, size});
    kc_wipe(pin, sizeof pin);
    return error;
}

enum kc_error kc_cli_call_pin(const struct kc_cli *cli, struct kc_cli_call *call)
{
    return add_pin(cli, call, KC_FIELD_PIN, KC_CLI_PIN_FILE, "Operator's PIN", KC_CLI_PIN_ONCE);
}

static void print_answer(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    if (kc_cli_given(cli, KC_CLI_JSON))
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(call)->values));
}

static bool is_anchored(const struct kc_cli_call *call)
{
    const struct kc_values *values = &kc_cli_call_answer(call)->values;
    return values->value[KC_FIELD_ANCHORED].number >= values->value[KC_FIELD_EFFECTIVE].number;
}

static enum kc_error add_current(
    const struct kc_cli *cli, struct kc_cli_call *call, const char *prompt, enum kc_cli_pin_how how)
{
    return add_pin(cli, call, KC_FIELD_PIN, KC_CLI_PIN_FILE, prompt, how);
}

/* Both PINs, the current one first. With the new one in a file there may be no terminal to ask on,
 * and no current PIN to be asked for: the custodian tells. */
static enum kc_error add_both(const struct kc_cli *cli, struct kc_cli_call *call)
{
    enum kc_error error = KC_OK;
    if (kc_cli_given(cli, KC_CLI_PIN_FILE) || !kc_cli_given(cli, KC_CLI_NEW_PIN_FILE))
        error = add_current(cli, call, "Current PIN (nothing if there is none)",
            kc_cli_given(cli, KC_CLI_PIN_FILE) ? KC_CLI_PIN_ONCE : KC_CLI_PIN_PERHAPS);
    if (error != KC_OK)
        return error;
    return add_pin(cli, call, KC_FIELD_NEW_PIN, KC_CLI_NEW_PIN_FILE, "New PIN", KC_CLI_PIN_TWICE);
}

static enum kc_error set_pin(struct kc_cli *cli, struct kc_client *client)
{
    KC_AUTO_CALL call = {0};
    kc_cli_call_init(&call, cli, client, KC_OPERATION_OPERATOR_PIN);
    enum kc_error error = add_both(cli, &call);
    if (error != KC_OK)
        return error;
    error = kc_cli_call_try(&call);
    if (error == KC_ERR_OPERATOR_PROOF &&
        !kc_values_has(&call.request.message.values, KC_FIELD_PIN)) {
        error = add_current(cli, &call, "Current PIN", KC_CLI_PIN_ONCE);
        if (error == KC_OK)
            error = kc_cli_call_run(&call);
    } else if (error != KC_OK) {
        kc_cli_call_report(&call, error);
    }
    if (error == KC_OK)
        print_answer(cli, &call);
    if (error == KC_OK && !is_anchored(&call))
        kc_cli_say(cli, "The hardware root has not taken it yet: until then the former PIN still "
                        "accepts a store that is put back.");
    return error;
}

enum kc_error kc_cli_operator_pin(struct kc_cli *cli)
{
    struct kc_client *client;
    enum kc_error error = kc_cli_custodian(cli, &client);
    return error == KC_OK ? set_pin(cli, client) : error;
}

static enum kc_error add(struct kc_cli *cli, const struct kc_cli_public *public)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_RECIPIENT_ADD);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_LABEL, cli->arguments[0]);
    kc_cli_call_text(&call, KC_FIELD_ALGORITHM, public->algorithm);
    kc_cli_call_octets(&call, KC_FIELD_PUBLIC, kc_cli_public_span(public));
    error = kc_cli_call_pin(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

enum kc_error kc_cli_recipient_add(struct kc_cli *cli)
{
    struct kc_cli_public public;
    const char *path = cli->values[KC_CLI_PUBLIC];
    enum kc_error error = kc_cli_label_check(cli, cli->arguments[0]);
    if (error == KC_OK)
        error = kc_cli_public_read(cli, path, &public);
    if (error != KC_OK)
        return error;
    if (!public.whole)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
            "%s lacks the sign of the point: make it with custodian key public --signed", path);
    return add(cli, &public);
}

static enum kc_error walk(struct kc_cli *cli, kc_cli_visitor *visit, void *context)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_RECIPIENT_LIST);
    if (error != KC_OK)
        return error;
    return kc_cli_call_list(&call, visit, context);
}

enum kc_error kc_cli_recipient_list(struct kc_cli *cli)
{
    static const char *const columns[] = {"recipient", "label", "algorithm", "created", NULL};
    json_t *list = json_array();
    enum kc_error error = walk(cli, kc_cli_collect, list);
    if (error == KC_OK)
        kc_cli_print_list(cli, list, columns);
    else
        json_decref(list);
    return error;
}

/* The recipients that a name fits. */
struct found {
    const char *name;
    char *recipient; /* id of the last one */
    size_t count;
};

static bool keep_named(void *context, const struct kc_values *item)
{
    struct found *found = context;
    if (!kc_values_text_is(item, KC_FIELD_RECIPIENT, found->name) &&
        !kc_values_text_is(item, KC_FIELD_LABEL, found->name))
        return true;
    struct kc_span id = item->value[KC_FIELD_RECIPIENT].span;
    snprintf(found->recipient, 65, "%.*s", (int)id.size, (const char *)id.bytes);
    found->count++;
    return true;
}

enum kc_error kc_cli_recipient_find(struct kc_cli *cli, const char *name, char recipient[65])
{
    struct found found = {.name = name, .recipient = recipient};
    enum kc_error error = walk(cli, keep_named, &found);
    if (error != KC_OK || found.count == 1)
        return error;
    if (found.count == 0)
        return kc_cli_refuse(cli, KC_ERR_REFUSED,
            "no recipient %s is enrolled: custodian recipient list has them", name);
    return kc_cli_fail(
        cli, KC_ERR_BAD_ARGUMENT, "several recipients are called %s: name one by its id", name);
}

enum kc_error kc_cli_recipient_remove(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    char recipient[65];
    enum kc_error error = kc_cli_recipient_find(cli, cli->arguments[0], recipient);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_RECIPIENT_REMOVE);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_RECIPIENT, recipient);
    error = kc_cli_call_pin(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        print_answer(cli, &call);
    return error;
}
