/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting a key between this custodian and another, and taking a share. */
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/frost.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/operator.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/secret.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints what was split; the envelope is in its file. */
static void print_split(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    json_t *object = kc_cli_object(&kc_cli_call_answer(call)->values);
    json_object_del(object, kc_fields[KC_FIELD_ENVELOPE].name);
    kc_cli_print_object(cli, object);
}

/* An answer that did not come leaves open whether the key is split. */
static bool is_in_doubt(enum kc_error error)
{
    return error == KC_ERR_TIMED_OUT || error == KC_ERR_CONNECTION_LOST ||
           error == KC_ERR_BAD_REPLY;
}

/* Splits, with the envelope's file ready before the whole key is gone. */
static enum kc_error split_into(
    struct kc_cli *cli, struct kc_cli_call *call, struct kc_cli_target *target)
{
    char rescue[160];
    signal(SIGPIPE, SIG_IGN); /* the envelope may go into a pipe: failing is to be told */
    enum kc_error error = kc_cli_call_run(call);
    if (is_in_doubt(error))
        kc_cli_say(cli, "  If the key is split now, custodian share envelope has the other share.");
    if (error != KC_OK)
        return error;
    struct kc_span id = kc_cli_call_span(call, KC_FIELD_KEY);
    snprintf(rescue, sizeof rescue,
        "the key is split; for the other share: custodian share envelope %.*s --output FILE",
        (int)id.size, (const char *)id.bytes);
    target->rescue = rescue;
    error = kc_cli_target_write(cli, target, kc_cli_call_span(call, KC_FIELD_ENVELOPE));
    target->rescue = NULL;
    if (error == KC_OK)
        print_split(cli, call);
    return error;
}

static enum kc_error split(struct kc_cli *cli, const struct kc_cli_key *key, const char *recipient)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_target target;
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_SHARE_SPLIT);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key->id);
    kc_cli_call_text(&call, KC_FIELD_RECIPIENT, recipient);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    error = kc_cli_call_pin(cli, &call);
    if (error == KC_OK)
        error = kc_cli_target_open(cli, cli->values[KC_CLI_OUTPUT], 0644,
            (size_t)kc_fields[KC_FIELD_ENVELOPE].most, &target);
    if (error != KC_OK)
        return error;
    error = split_into(cli, &call, &target);
    kc_cli_target_done(&target);
    return error;
}

enum kc_error kc_cli_share_split(struct kc_cli *cli)
{
    struct kc_cli_key key;
    char recipient[65];
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = kc_cli_recipient_find(cli, cli->values[KC_CLI_RECIPIENT], recipient);
    return error == KC_OK ? split(cli, &key, recipient) : error;
}

enum kc_error kc_cli_share_envelope(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_SHARE_ENVELOPE);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    error = kc_cli_call_run(&call);
    if (error != KC_OK)
        return error;
    return kc_cli_write(
        cli, cli->values[KC_CLI_OUTPUT], kc_cli_call_span(&call, KC_FIELD_ENVELOPE), 0644);
}

enum kc_error kc_cli_share_take(struct kc_cli *cli, enum kc_operation operation,
    enum kc_field field, const struct kc_cli_octets *octets)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key wrap, former = {0};
    char keyring[65];
    enum kc_error error = kc_cli_key_find_wrap(cli, &wrap);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_FORMER))
        error = kc_cli_key_find(cli, cli->values[KC_CLI_FORMER], &former);
    if (error == KC_OK)
        error = kc_cli_call_begin_in_keyring(cli, &call, operation, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, wrap.id);
    if (kc_cli_given(cli, KC_CLI_FORMER))
        kc_cli_call_text(&call, KC_FIELD_FORMER, former.id);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    kc_cli_call_octets(&call, field, kc_cli_span(octets));
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

enum kc_error kc_cli_share_accept(struct kc_cli *cli)
{
    KC_AUTO_OCTETS envelope = {NULL, 0};
    enum kc_error error =
        kc_cli_read(cli, cli->arguments[0], (size_t)kc_fields[KC_FIELD_ENVELOPE].most, &envelope);
    return error == KC_OK
               ? kc_cli_share_take(cli, KC_OPERATION_SHARE_ACCEPT, KC_FIELD_ENVELOPE, &envelope)
               : error;
}

enum kc_error kc_cli_share_list(struct kc_cli *cli)
{
    static const char *const columns[] = {
        "key", "label", "keyring", "algorithm", "group", "index", "threshold", "state", NULL};
    json_t *list, *dealt;
    enum kc_error error = kc_cli_key_collect(cli, "share", &list);
    if (error != KC_OK)
        return error;
    error = kc_cli_key_collect(cli, "quorum", &dealt);
    if (error == KC_OK) {
        json_array_extend(list, dealt);
        json_decref(dealt);
        kc_cli_print_list(cli, list, columns);
    } else {
        json_decref(list);
    }
    return error;
}

enum kc_error kc_cli_share_show(struct kc_cli *cli)
{
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find_any(cli, cli->arguments[0], &key);
    if (error != KC_OK)
        return error;
    if (!kc_cli_key_is_share(&key))
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "%s is a whole key, not a share", key.id);
    return kc_cli_key_show(cli);
}
