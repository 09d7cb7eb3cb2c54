/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in a keyring: certificates, public keys and data; and decrypting with an RSA key. */
#include "custodian/cli/file.h"
#include "custodian/cli/keyring.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/secret.h"

enum kc_error kc_cli_object_import(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS value = {NULL, 0};
    struct kc_client *client;
    char keyring[65];
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error == KC_OK)
        error = kc_cli_keyring(cli, keyring);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[0], kc_fields[KC_FIELD_VALUE].most, &value);
    if (error == KC_OK)
        error = kc_cli_login(cli, client, keyring, NULL);
    if (error != KC_OK)
        return error;
    kc_cli_call_init(&call, cli, client, KC_OPERATION_OBJECT_IMPORT);
    kc_cli_call_text(&call, KC_FIELD_KEYRING, keyring);
    kc_cli_call_option(&call, KC_FIELD_KIND, KC_CLI_KIND);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    kc_cli_call_octets(&call, KC_FIELD_VALUE, kc_cli_span(&value));
    error = kc_cli_call_hex(&call, KC_FIELD_IDENTIFIER, KC_CLI_IDENTIFIER);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

enum kc_error kc_cli_object_list(struct kc_cli *cli)
{
    static const char *const columns[] = {"kind", "object", "key", "label", "algorithm", NULL};
    KC_AUTO_CALL call = {0};
    char keyring[65];
    enum kc_error error =
        kc_cli_call_begin_in_keyring(cli, &call, KC_OPERATION_OBJECT_LIST, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_KIND, KC_CLI_KIND);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    json_t *list = json_array();
    error = kc_cli_call_list(&call, kc_cli_collect, list);
    if (error == KC_OK)
        kc_cli_print_list(cli, list, columns);
    else
        json_decref(list);
    return error;
}

/* Begins a request about the object that is named. */
static enum kc_error begin(
    struct kc_cli *cli, struct kc_cli_call *call, enum kc_operation operation)
{
    struct kc_client *client;
    char keyring[65];
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_LOGIN)) {
        error = kc_cli_keyring(cli, keyring);
        if (error == KC_OK)
            error = kc_cli_login(cli, client, keyring, NULL);
    }
    if (error != KC_OK)
        return error;
    kc_cli_call_init(call, cli, client, operation);
    kc_cli_call_text(call, KC_FIELD_OBJECT, cli->arguments[0]);
    return KC_OK;
}

enum kc_error kc_cli_object_show(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = begin(cli, &call, KC_OPERATION_OBJECT_SHOW);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error != KC_OK)
        return error;
    if (kc_cli_given(cli, KC_CLI_OUTPUT))
        return kc_cli_write(
            cli, cli->values[KC_CLI_OUTPUT], kc_cli_call_span(&call, KC_FIELD_VALUE), 0644);
    kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return KC_OK;
}

enum kc_error kc_cli_object_remove(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = begin(cli, &call, KC_OPERATION_OBJECT_DESTROY);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_JSON))
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

/* --- key decrypt --- */

static enum kc_error write_plain(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    uint8_t plain[512]; /* secret */
    size_t size = 0;
    enum kc_error error = kc_client_answer_secret(call->answer, &kc_cli_call_answer(call)->values,
        KC_FIELD_SECRET, plain, sizeof plain, &size);
    if (error != KC_OK)
        error = kc_cli_fail(cli, error, "%s", kc_fields[KC_FIELD_SECRET].name);
    else
        error = kc_cli_write(cli, cli->values[KC_CLI_OUTPUT], (struct kc_span){plain, size}, 0600);
    kc_wipe(plain, sizeof plain);
    return error;
}

enum kc_error kc_cli_key_decrypt(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS ciphertext = {NULL, 0};
    struct kc_client *client;
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error =
            kc_cli_read(cli, cli->arguments[1], kc_fields[KC_FIELD_CIPHERTEXT].most, &ciphertext);
    if (error == KC_OK)
        error = kc_cli_custodian(cli, &client);
    if (error == KC_OK)
        error = kc_cli_login(cli, client, key.keyring, &key);
    if (error != KC_OK)
        return error;
    kc_cli_call_init(&call, cli, client, KC_OPERATION_KEY_DECRYPT);
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    kc_cli_call_option(&call, KC_FIELD_SCHEME, KC_CLI_SCHEME);
    kc_cli_call_option(&call, KC_FIELD_HASH, KC_CLI_HASH);
    kc_cli_call_option(&call, KC_FIELD_MGF_HASH, KC_CLI_MGF_HASH);
    kc_cli_call_octets(&call, KC_FIELD_CIPHERTEXT, kc_cli_span(&ciphertext));
    error = kc_cli_call_hex(&call, KC_FIELD_OAEP_LABEL, KC_CLI_OAEP_LABEL);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    return error == KC_OK ? write_plain(cli, &call) : error;
}
