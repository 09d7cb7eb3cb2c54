/* SPDX-License-Identifier: Apache-2.0 */
/* Replacing a hardware root by another, by as many requests as it takes (docs/roots.md). */
#include "custodian/cli/call.h"
#include "custodian/cli/operator.h"
#include "custodian/cli/output.h"

/* What all requests came to. */
struct progress {
    uint64_t moved;
    bool has_more;
};

static const char *mode_of(const struct kc_cli *cli)
{
    return kc_cli_given(cli, KC_CLI_ABANDON) ? "abandon"
           : kc_cli_given(cli, KC_CLI_LEAVE) ? "leave"
                                             : NULL;
}

/* One request. It begins with the PIN, and goes on without. */
static enum kc_error ask(
    struct kc_cli *cli, struct kc_client *client, bool with_pin, struct progress *progress)
{
    KC_AUTO_CALL call = {0};
    kc_cli_call_init(&call, cli, client, KC_OPERATION_ROOT_REPLACE);
    kc_cli_call_text(&call, KC_FIELD_KEY_ROOT, cli->arguments[0]);
    kc_cli_call_text(&call, KC_FIELD_NEW_ROOT, cli->arguments[1]);
    if (mode_of(cli))
        kc_cli_call_text(&call, KC_FIELD_MODE, mode_of(cli));
    call.waits_for = "moving keys";
    enum kc_error error = with_pin ? kc_cli_call_pin(cli, &call) : KC_OK;
    if (error != KC_OK)
        return error;
    error = kc_cli_call_try(&call);
    if (error == KC_ERR_OPERATOR_PROOF && !with_pin)
        return error; /* it is to be begun: the PIN is asked for */
    if (error != KC_OK) {
        kc_cli_call_report(&call, error);
        return error;
    }
    const struct kc_value *values = kc_cli_call_answer(&call)->values.value;
    progress->moved += values[KC_FIELD_RECORDS].number;
    progress->has_more = values[KC_FIELD_MORE].number != 0;
    return KC_OK;
}

enum kc_error kc_cli_root_replace(struct kc_cli *cli)
{
    struct kc_client *client;
    struct progress progress = {.has_more = true};
    bool with_pin = kc_cli_given(cli, KC_CLI_ABANDON);
    enum kc_error error = kc_cli_custodian(cli, &client);
    while (error == KC_OK && progress.has_more) {
        error = ask(cli, client, with_pin, &progress);
        if (error == KC_ERR_OPERATOR_PROOF && !with_pin)
            error = ask(cli, client, true, &progress);
        with_pin = false;
        if (error == KC_OK && progress.has_more)
            kc_cli_say(cli, "%llu keys moved so far", (unsigned long long)progress.moved);
    }
    if (error != KC_OK)
        return error;
    bool is_abandoned = kc_cli_given(cli, KC_CLI_ABANDON);
    kc_cli_print_object(cli,
        json_pack("{s:s, s:s, s:I}", is_abandoned ? "abandoned" : "replaced", cli->arguments[0],
            "by", cli->arguments[1], "records", (json_int_t)progress.moved));
    if (!is_abandoned)
        kc_cli_say(cli, "Now take %s out of the configuration, and name %s there as root.",
            cli->arguments[0], cli->arguments[1]);
    return KC_OK;
}
