/* SPDX-License-Identifier: Apache-2.0 */
/* Keyrings: what there are, logging in to them, and their PINs. */
#include "custodian/cli/keyring.h"

#include "custodian/cli/file.h"
#include "custodian/cli/operator.h"
#include "custodian/cli/output.h"

#include "base/secret.h"

#define PIN_MIN 4 /* octets of a keyring's PIN */

static enum kc_error add_pin(struct kc_cli_call *call, enum kc_field field,
    enum kc_cli_option option, const char *prompt, enum kc_cli_pin_how how)
{
    uint8_t pin[KC_CLI_PIN_MAX];
    size_t size = 0;
    enum kc_error error = kc_cli_read_pin(call->cli, option, prompt, how, PIN_MIN, pin, &size);
    if (error == KC_OK)
        error = kc_cli_call_secret(call, field, (struct kc_span){pin, size});
    kc_wipe(pin, sizeof pin);
    return error;
}

/* key: of a login that confirms a use; NULL. */
static enum kc_error log_in(
    struct kc_cli *cli, struct kc_client *client, const char *keyring, const char *key)
{
    KC_AUTO_CALL call = {0};
    kc_cli_call_init(&call, cli, client, KC_OPERATION_KEYRING_LOGIN);
    kc_cli_call_text(&call, KC_FIELD_KEYRING, keyring);
    kc_cli_call_option(&call, KC_FIELD_WHO, KC_CLI_LOGIN);
    if (key != NULL)
        kc_cli_call_text(&call, KC_FIELD_KEY, key);
    enum kc_error error =
        add_pin(&call, KC_FIELD_PIN, KC_CLI_LOGIN_PIN_FILE, "PIN of the keyring", KC_CLI_PIN_ONCE);
    return error == KC_OK ? kc_cli_call_run(&call) : error;
}

enum kc_error kc_cli_login(
    struct kc_cli *cli, struct kc_client *client, const char *keyring, const struct kc_cli_key *key)
{
    if (!kc_cli_given(cli, KC_CLI_LOGIN))
        return KC_OK;
    enum kc_error error = log_in(cli, client, keyring, NULL);
    if (error == KC_OK && key != NULL && key->confirmed)
        error = log_in(cli, client, keyring, key->id);
    return error;
}

/* Begins a request about the keyring that the options name, as logged in as they say. */
static enum kc_error begin(
    struct kc_cli *cli, struct kc_cli_call *call, enum kc_operation operation, char keyring[65])
{
    struct kc_client *client;
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error == KC_OK)
        error = kc_cli_keyring(cli, keyring);
    if (error == KC_OK)
        error = kc_cli_login(cli, client, keyring, NULL);
    if (error != KC_OK)
        return error;
    kc_cli_call_init(call, cli, client, operation);
    kc_cli_call_text(call, KC_FIELD_KEYRING, keyring);
    return KC_OK;
}

static enum kc_error run_and_print(struct kc_cli_call *call, bool always)
{
    enum kc_error error = kc_cli_call_run(call);
    if (error == KC_OK && (always || kc_cli_given(call->cli, KC_CLI_JSON)))
        kc_cli_print_object(call->cli, kc_cli_object(&kc_cli_call_answer(call)->values));
    return error;
}

enum kc_error kc_cli_keyring_show(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    char keyring[65];
    enum kc_error error = begin(cli, &call, KC_OPERATION_KEYRING_SHOW, keyring);
    return error == KC_OK ? run_and_print(&call, true) : error;
}

/* A login ends with the command's connection: this one says whether the PIN is right. */
enum kc_error kc_cli_keyring_login(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    char keyring[65];
    enum kc_error error = begin(cli, &call, KC_OPERATION_KEYRING_LOGIN, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_WHO, cli->arguments[0]);
    error = add_pin(&call, KC_FIELD_PIN, KC_CLI_PIN_FILE, "PIN of the keyring", KC_CLI_PIN_ONCE);
    return error == KC_OK ? run_and_print(&call, false) : error;
}

/* The operator's PIN, if nobody logs in. */
static enum kc_error add_proof(const struct kc_cli *cli, struct kc_cli_call *call)
{
    return kc_cli_given(cli, KC_CLI_LOGIN) ? KC_OK : kc_cli_call_pin(cli, call);
}

enum kc_error kc_cli_keyring_pin(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    char keyring[65];
    enum kc_error error = begin(cli, &call, KC_OPERATION_KEYRING_PIN_INIT, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_WHO, cli->arguments[0]);
    error = add_proof(cli, &call);
    if (error == KC_OK)
        error = add_pin(&call, KC_FIELD_NEW_PIN, KC_CLI_NEW_PIN_FILE, "New PIN", KC_CLI_PIN_TWICE);
    return error == KC_OK ? run_and_print(&call, false) : error;
}

enum kc_error kc_cli_keyring_change(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    char keyring[65];
    enum kc_error error = begin(cli, &call, KC_OPERATION_KEYRING_PIN_CHANGE, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_WHO, cli->arguments[0]);
    error = add_pin(&call, KC_FIELD_PIN, KC_CLI_PIN_FILE, "Current PIN", KC_CLI_PIN_ONCE);
    if (error == KC_OK)
        error = add_pin(&call, KC_FIELD_NEW_PIN, KC_CLI_NEW_PIN_FILE, "New PIN", KC_CLI_PIN_TWICE);
    return error == KC_OK ? run_and_print(&call, false) : error;
}

enum kc_error kc_cli_keyring_remove(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    char keyring[65];
    enum kc_error error = begin(cli, &call, KC_OPERATION_KEYRING_PIN_REMOVE, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_WHO, cli->arguments[0]);
    error = add_proof(cli, &call);
    return error == KC_OK ? run_and_print(&call, false) : error;
}
