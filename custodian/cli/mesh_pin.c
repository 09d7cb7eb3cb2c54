/* SPDX-License-Identifier: Apache-2.0 */
/* PINs of the Mesh, and EARLs. */
#include "custodian/cli/document.h"
#include "custodian/cli/output.h"
#include "custodian/cli/qr.h"
#include "custodian/cli/write.h"

#include "base/wipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The answer, and the URI that whoever may is given: shown once. */
static enum kc_error print_with_uri(
    const struct kc_cli *cli, const struct kc_cli_call *call, const char *kind, const char *prefix)
{
    KC_AUTO_OCTETS secret = {NULL, 0};
    char uri[768]; /* secret */
    enum kc_error error = kc_cli_call_read(call, KC_FIELD_SECRET, &secret);
    if (error != KC_OK)
        return error;
    snprintf(uri, sizeof uri, "%s%s", prefix, (const char *)secret.bytes);
    json_t *object = kc_cli_object_of(&kc_cli_call_answer(call)->values, kind);
    json_object_set_new(object, "uri", json_string(uri));
    kc_cli_print_object(cli, object);
    if (kc_cli_given(cli, KC_CLI_QR))
        error = kc_cli_print_qr(cli, uri);
    kc_wipe(uri, sizeof uri);
    return error;
}

/* --- PINs --- */

static enum kc_error add_sealing(
    struct kc_cli *cli, struct kc_cli_call *call, struct kc_cli_key *key, char **recipients)
{
    enum kc_error error = KC_OK;
    if (kc_cli_given(cli, KC_CLI_KEY)) {
        error = kc_cli_key_find(cli, cli->values[KC_CLI_KEY], key);
        kc_cli_call_text(call, KC_FIELD_KEY, key->id);
    }
    return error == KC_OK ? kc_cli_call_recipients(cli, call, recipients) : error;
}

static enum kc_error create_pin(struct kc_cli *cli, struct kc_cli_call *call)
{
    char prefix[320];
    enum kc_error error = kc_cli_call_time(call, KC_FIELD_EXPIRY, KC_CLI_EXPIRY);
    if (error == KC_OK)
        error = kc_cli_call_run(call);
    if (error == KC_OK && kc_values_has(&kc_cli_call_answer(call)->values, KC_FIELD_DOCUMENT))
        error = kc_cli_call_write(call, KC_FIELD_DOCUMENT,
            kc_cli_given(cli, KC_CLI_OUTPUT) ? cli->values[KC_CLI_OUTPUT] : "-", 0644);
    if (error != KC_OK)
        return error;
    snprintf(prefix, sizeof prefix, "mcu://%s/", cli->values[KC_CLI_ACCOUNT]);
    return print_with_uri(cli, call, "pin", prefix);
}

enum kc_error kc_cli_mesh_pin_create(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    char keyring[65], *recipients = NULL;
    bool is_device = strcmp(cli->arguments[0], "device") == 0;
    if (!is_device && strcmp(cli->arguments[0], "contact") != 0)
        return kc_cli_fail(cli, KC_ERR_USAGE, "a PIN is for a device or a contact");
    enum kc_error error =
        kc_cli_call_begin_in_keyring(cli, &call, KC_OPERATION_MESH_PIN_CREATE, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    kc_cli_call_text(&call, KC_FIELD_TAG, is_device ? "RequestConnection" : "MessageContact");
    if (kc_cli_given(cli, KC_CLI_YES))
        kc_cli_call_number(&call, KC_FIELD_CONFIRM, 0);
    error = add_sealing(cli, &call, &key, &recipients);
    if (error == KC_OK)
        error = create_pin(cli, &call);
    free(recipients);
    return error;
}

static enum kc_error check(struct kc_cli *cli, enum kc_operation operation)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS document = {NULL, 0};
    enum kc_error error = kc_cli_call_begin(cli, &call, operation);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    error = kc_cli_call_file(&call, KC_FIELD_DOCUMENT, cli->arguments[0], &document);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object_of(&kc_cli_call_answer(&call)->values, "pin"));
    return error;
}

enum kc_error kc_cli_mesh_pin_check(struct kc_cli *cli)
{
    return check(cli, KC_OPERATION_MESH_PIN_CHECK);
}

enum kc_error kc_cli_mesh_pin_verify(struct kc_cli *cli)
{
    return check(cli, KC_OPERATION_MESH_PIN_VERIFY);
}

enum kc_error kc_cli_mesh_pin_close(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_PIN_CLOSE);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_OBJECT, cli->arguments[0]);
    error = kc_cli_call_run(&call);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_JSON))
        kc_cli_print_object(cli, kc_cli_object_of(&kc_cli_call_answer(&call)->values, "pin"));
    return error;
}

/* --- EARLs --- */

enum kc_error kc_cli_mesh_earl_create(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS payload = {NULL, 0};
    char keyring[65];
    enum kc_error error =
        kc_cli_call_begin_in_keyring(cli, &call, KC_OPERATION_MESH_EARL_CREATE, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    error = kc_cli_call_time(&call, KC_FIELD_EXPIRY, KC_CLI_EXPIRY);
    if (error == KC_OK)
        error = kc_cli_call_file(&call, KC_FIELD_MESSAGE, cli->arguments[0], &payload);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = kc_cli_call_write(&call, KC_FIELD_DOCUMENT, cli->values[KC_CLI_OUTPUT], 0600);
    return error == KC_OK ? print_with_uri(cli, &call, "publication", "") : error;
}

enum kc_error kc_cli_mesh_earl_publish(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS document = {NULL, 0};
    char keyring[65];
    enum kc_error error =
        kc_cli_call_begin_in_keyring(cli, &call, KC_OPERATION_MESH_EARL_PUBLISH, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    error = kc_cli_call_file(&call, KC_FIELD_DOCUMENT, cli->arguments[0], &document);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(
            cli, kc_cli_object_of(&kc_cli_call_answer(&call)->values, "publication"));
    return error;
}

/* The URI in a file: it is a bearer's secret. */
static enum kc_error add_uri(const struct kc_cli *cli, struct kc_cli_call *call)
{
    KC_AUTO_OCTETS uri = {NULL, 0};
    enum kc_error error =
        kc_cli_read_secret(cli, cli->arguments[0], kc_fields[KC_FIELD_SECRET].most, &uri);
    if (error != KC_OK)
        return error;
    size_t size = uri.size;
    while (size > 0 && strchr("\r\n ", uri.bytes[size - 1]) != NULL)
        size--;
    return kc_cli_call_secret(call, KC_FIELD_SECRET, (struct kc_span){uri.bytes, size});
}

enum kc_error kc_cli_mesh_earl_claim(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS profile = {NULL, 0};
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find(cli, cli->values[KC_CLI_KEY], &key);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_EARL_CLAIM);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    error = kc_cli_call_file(&call, KC_FIELD_PROFILE, cli->values[KC_CLI_PROFILE], &profile);
    if (error == KC_OK)
        error = add_uri(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    return error == KC_OK
               ? kc_cli_call_write(&call, KC_FIELD_DOCUMENT, cli->values[KC_CLI_OUTPUT], 0644)
               : error;
}

enum kc_error kc_cli_mesh_earl_open(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS document = {NULL, 0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_EARL_OPEN);
    if (error == KC_OK)
        error = add_uri(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_file(&call, KC_FIELD_DOCUMENT, cli->arguments[1], &document);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    return error == KC_OK
               ? kc_cli_call_write(&call, KC_FIELD_OUTPUT, cli->values[KC_CLI_OUTPUT], 0600)
               : error;
}

enum kc_error kc_cli_mesh_earl_check(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS document = {NULL, 0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_EARL_CHECK);
    if (error == KC_OK)
        error = kc_cli_call_file(&call, KC_FIELD_DOCUMENT, cli->arguments[0], &document);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(
            cli, kc_cli_object_of(&kc_cli_call_answer(&call)->values, "publication"));
    return error;
}
