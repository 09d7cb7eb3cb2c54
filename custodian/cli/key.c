/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: making, listing, showing, agreeing, and their states. */
#include "custodian/cli/call.h"
#include "custodian/cli/keyring.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

/* What key-generate and key-update have in common. */
static enum kc_error add_details(struct kc_cli_call *call)
{
    enum kc_error error = kc_cli_call_hex(call, KC_FIELD_IDENTIFIER, KC_CLI_IDENTIFIER);
    if (error == KC_OK)
        error = kc_cli_call_time(call, KC_FIELD_START, KC_CLI_START);
    return error == KC_OK ? kc_cli_call_time(call, KC_FIELD_EXPIRY, KC_CLI_EXPIRY) : error;
}

enum kc_error kc_cli_key_generate(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    char keyring[65];
    enum kc_error error =
        kc_cli_call_begin_in_keyring(cli, &call, KC_OPERATION_KEY_GENERATE, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_ALGORITHM, KC_CLI_ALGORITHM);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    kc_cli_call_option(&call, KC_FIELD_ROLE, KC_CLI_ROLE);
    kc_cli_call_option(&call, KC_FIELD_RESIDENCE, KC_CLI_RESIDENCE);
    kc_cli_call_option(&call, KC_FIELD_KEY_ROOT, KC_CLI_ROOT);
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    kc_cli_call_option(&call, KC_FIELD_USE, KC_CLI_USE);
    kc_cli_call_flag(&call, KC_FIELD_CONFIRM, KC_CLI_CONFIRM);
    call.waits_for = "making the key";
    error = add_details(&call);
    if (error == KC_OK)
        error = kc_cli_login(cli, call.client, keyring, NULL);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

enum kc_error kc_cli_key_list(struct kc_cli *cli)
{
    static const char *const columns[] = {
        "key", "label", "keyring", "algorithm", "role", "residence", "state", NULL};
    json_t *list;
    enum kc_error error = kc_cli_key_collect(cli, NULL, &list);
    if (error == KC_OK)
        kc_cli_print_list(cli, list, columns);
    return error;
}

enum kc_error kc_cli_key_show(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find_any(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_KEY_SHOW);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

/* The text that the options ask for. */
static enum kc_error public_text(
    const struct kc_cli *cli, const struct kc_cli_key *key, char text[KC_CLI_PUBLIC_TEXT_SIZE])
{
    if (kc_cli_given(cli, KC_CLI_UDF)) {
        snprintf(
            text, KC_CLI_PUBLIC_TEXT_SIZE, "%s\n", kc_cli_key_is_share(key) ? key->group : key->id);
        return KC_OK;
    }
    if (kc_cli_given(cli, KC_CLI_RAW)) {
        json_t *hex = kc_cli_hex(key->public.octets, key->public.size);
        snprintf(text, KC_CLI_PUBLIC_TEXT_SIZE, "%s\n", json_string_value(hex));
        json_decref(hex);
        return KC_OK;
    }
    enum kc_error error = kc_cli_public_write(&key->public, kc_cli_given(cli, KC_CLI_SIGNED), text);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "%s", key->id);
}

enum kc_error kc_cli_key_public(struct kc_cli *cli)
{
    struct kc_cli_key key;
    char text[KC_CLI_PUBLIC_TEXT_SIZE];
    const char *output = cli->values[KC_CLI_OUTPUT];
    enum kc_error error = kc_cli_key_find_any(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = public_text(cli, &key, text);
    if (error != KC_OK)
        return error;
    struct kc_span octets = {(const uint8_t *)text, strlen(text)};
    if (output != NULL)
        return kc_cli_write(cli, output, octets, 0644);
    if (kc_cli_given(cli, KC_CLI_JSON))
        kc_cli_print_object(cli,
            json_pack("{s:s, s:s, s:o, s:s}", "key", kc_cli_key_is_share(&key) ? key.group : key.id,
                "algorithm", key.public.algorithm, "public",
                kc_cli_hex(key.public.octets, key.public.size), "text", text));
    else
        fputs(text, stdout);
    return KC_OK;
}

/* Agrees and writes the octets, which are secret. */
static enum kc_error agree(
    struct kc_cli *cli, const struct kc_cli_key *key, const struct kc_cli_public *peer)
{
    KC_AUTO_CALL call = {0};
    struct kc_client *client;
    uint8_t secret[KC_ALGORITHM_AGREED_MAX];
    size_t size = kc_cli_public_info(&key->public)->agreed_size;
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error != KC_OK)
        return error;
    kc_cli_call_init(&call, cli, client, KC_OPERATION_KEY_AGREE);
    kc_cli_call_text(&call, KC_FIELD_KEY, key->id);
    kc_cli_call_octets(&call, KC_FIELD_PEER, kc_cli_public_span(peer));
    error = kc_cli_login(cli, client, key->keyring, key);
    if (error != KC_OK)
        return error;
    error = kc_cli_call_try(&call);
    if (error != KC_OK)
        kc_cli_key_report(&call, key, error, "what is encrypted to it, custodian decrypt opens");
    if (error == KC_OK)
        error = kc_cli_call_answer_secret(&call, KC_FIELD_SECRET, secret, size);
    if (error == KC_OK)
        error = kc_cli_write(cli, cli->values[KC_CLI_OUTPUT], (struct kc_span){secret, size}, 0600);
    kc_wipe(secret, sizeof secret);
    return error;
}

/* Both are keys to agree with, and of one curve. */
static enum kc_error check_agree(
    const struct kc_cli *cli, const struct kc_cli_key *key, const struct kc_cli_public *peer)
{
    if (!kc_algorithm_can(kc_cli_public_info(&key->public), KC_USE_AGREE))
        return kc_cli_fail(cli, KC_ERR_BAD_ALGORITHM, "%s is an %s key, which can only sign",
            cli->arguments[0], key->public.algorithm);
    if (strcmp(key->public.algorithm, peer->algorithm) != 0)
        return kc_cli_fail(cli, KC_ERR_BAD_ALGORITHM, "%s is an %s key and %s an %s key",
            cli->arguments[0], key->public.algorithm, cli->arguments[1], peer->algorithm);
    return KC_OK;
}

enum kc_error kc_cli_key_agree(struct kc_cli *cli)
{
    struct kc_cli_key key;
    struct kc_cli_public peer;
    enum kc_error error = kc_cli_public_read(cli, cli->arguments[1], &peer);
    if (error == KC_OK)
        error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = check_agree(cli, &key, &peer);
    return error == KC_OK ? agree(cli, &key, &peer) : error;
}

/* An operation that changes a key's state. */
static enum kc_error change(
    struct kc_cli *cli, const struct kc_cli_key *key, enum kc_operation operation)
{
    KC_AUTO_CALL call = {0};
    struct kc_client *client;
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error != KC_OK)
        return error;
    kc_cli_call_init(&call, cli, client, operation);
    kc_cli_call_text(&call, KC_FIELD_KEY, key->id);
    if (operation == KC_OPERATION_KEY_UPDATE) {
        kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
        error = add_details(&call);
    }
    if (error == KC_OK)
        error = kc_cli_login(cli, client, key->keyring, NULL);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_JSON))
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

static enum kc_error find_and_change(struct kc_cli *cli, enum kc_operation operation)
{
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    return error == KC_OK ? change(cli, &key, operation) : error;
}

enum kc_error kc_cli_key_update(struct kc_cli *cli)
{
    return find_and_change(cli, KC_OPERATION_KEY_UPDATE);
}

enum kc_error kc_cli_key_enable(struct kc_cli *cli)
{
    return find_and_change(cli, KC_OPERATION_KEY_ENABLE);
}

enum kc_error kc_cli_key_disable(struct kc_cli *cli)
{
    return find_and_change(cli, KC_OPERATION_KEY_DISABLE);
}

/* Asks on the terminal; --yes is the answer where there is none. */
static bool is_meant(const struct kc_cli *cli, const struct kc_cli_key *key)
{
    char line[16] = "";
    if (kc_cli_given(cli, KC_CLI_YES))
        return true;
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (terminal == NULL)
        return false;
    fprintf(terminal, "Destroy %s (%s) for good? Type yes: ", key->label, key->id);
    bool meant = fflush(terminal) == 0 && fgets(line, sizeof line, terminal) != NULL &&
                 strcmp(line, "yes\n") == 0;
    fclose(terminal);
    return meant;
}

enum kc_error kc_cli_key_destroy(struct kc_cli *cli)
{
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error != KC_OK)
        return error;
    if (!is_meant(cli, &key))
        return kc_cli_fail(
            cli, KC_ERR_USAGE, "%s was not destroyed: confirm it with --yes", key.id);
    return change(cli, &key, KC_OPERATION_KEY_DESTROY);
}
