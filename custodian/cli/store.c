/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator does with the store as a whole (docs/freshness.md). */
#include "custodian/cli/call.h"
#include "custodian/cli/operator.h"
#include "custodian/cli/output.h"

static uint64_t number_of(const struct kc_cli_call *call, enum kc_field field)
{
    return kc_cli_call_answer(call)->values.value[field].number;
}

/* Of the last answer, but with the records of all. */
static void print_rotated(const struct kc_cli *cli, const struct kc_cli_call *call, uint64_t moved)
{
    json_t *object = kc_cli_object(&kc_cli_call_answer(call)->values);
    json_object_set_new(object, "records", json_integer((json_int_t)moved));
    kc_cli_print_object(cli, object);
}

enum kc_error kc_cli_store_rotate(struct kc_cli *cli)
{
    struct kc_client *client;
    uint64_t moved = 0;
    bool has_more = true;
    enum kc_error error = kc_cli_custodian(cli, &client);
    while (error == KC_OK && has_more) {
        KC_AUTO_CALL call = {0};
        kc_cli_call_init(&call, cli, client, KC_OPERATION_STORE_ROTATE);
        if ((error = kc_cli_call_run(&call)) != KC_OK)
            return error;
        moved += number_of(&call, KC_FIELD_RECORDS);
        has_more = number_of(&call, KC_FIELD_MORE) != 0;
        if (has_more)
            kc_cli_say(cli, "%llu records moved so far", (unsigned long long)moved);
        else
            print_rotated(cli, &call, moved);
    }
    return error;
}

enum kc_error kc_cli_store_accept(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_STORE_ACCEPT);
    if (error != KC_OK)
        return error;
    error = kc_cli_call_count(&call, KC_FIELD_HEAD, KC_CLI_HEAD);
    if (error == KC_OK && !kc_cli_given(cli, KC_CLI_HEAD))
        kc_cli_call_number(&call, KC_FIELD_HEAD, 0); /* no store's: the refusal says which it is */
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_HEAD))
        error = kc_cli_call_pin(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error != KC_OK)
        return error;
    kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    kc_cli_say(cli, "The store goes back from %llu to %llu: what was revoked in between is not.",
        (unsigned long long)number_of(&call, KC_FIELD_ANCHORED),
        (unsigned long long)number_of(&call, KC_FIELD_HEAD));
    return KC_OK;
}
