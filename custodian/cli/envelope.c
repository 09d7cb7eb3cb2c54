/* SPDX-License-Identifier: Apache-2.0 */
/* Whole DARE envelopes, opened and made in the custodian. */
#include "custodian/cli/document.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include <stdlib.h>

/* The tag of what is in it, and of a signature nothing else. */
static void print_tag(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    struct kc_span tag = kc_cli_call_span(call, KC_FIELD_TAG);
    if (tag.size > 0)
        kc_cli_say(cli, "a %.*s", (int)tag.size, (const char *)tag.bytes);
}

/* Begins a request with the key and the file that the arguments name. */
static enum kc_error begin(struct kc_cli *cli, struct kc_cli_call *call,
    enum kc_operation operation, enum kc_field field, struct kc_cli_key *key,
    struct kc_cli_octets *octets)
{
    struct kc_client *client;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], key);
    if (error == KC_OK)
        error = kc_cli_custodian(cli, &client);
    if (error != KC_OK)
        return error;
    kc_cli_call_init(call, cli, client, operation);
    kc_cli_call_text(call, KC_FIELD_KEY, key->id);
    return kc_cli_call_file(call, field, cli->arguments[1], octets);
}

static enum kc_error run(const struct kc_cli *cli, struct kc_cli_call *call,
    const struct kc_cli_key *key, enum kc_field field, const char *path, mode_t mode)
{
    enum kc_error error = kc_cli_call_try(call);
    if (error != KC_OK) {
        kc_cli_key_report(
            call, key, error, "use it where the first one is, with a peer for the other");
        return error;
    }
    error = kc_cli_call_write(call, field, path, mode);
    if (error == KC_OK)
        print_tag(cli, call);
    return error;
}

enum kc_error kc_cli_envelope_open(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS document = {NULL, 0};
    struct kc_cli_key key;
    struct kc_cli_public signer;
    char *path = NULL;
    enum kc_error error = kc_cli_output_path(cli, cli->arguments[1], ".dare", false, &path);
    if (error == KC_OK)
        error = begin(cli, &call, KC_OPERATION_ENVELOPE_OPEN, KC_FIELD_DOCUMENT, &key, &document);
    if (error == KC_OK)
        kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_PUBLIC))
        error = kc_cli_call_signer(cli, &call, cli->values[KC_CLI_PUBLIC], &signer);
    if (error == KC_OK)
        error = run(cli, &call, &key, KC_FIELD_OUTPUT, path, 0600);
    if (error == KC_OK && !kc_cli_given(cli, KC_CLI_PUBLIC))
        kc_cli_say(cli, "nobody is known to have signed it: --public names who must have");
    free(path);
    return error;
}

/* Signing, with --to sealing too. */
static enum kc_error make(struct kc_cli *cli, enum kc_operation operation)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS payload = {NULL, 0};
    struct kc_cli_key key;
    char *path = NULL, *recipients = NULL;
    enum kc_error error = kc_cli_output_path(cli, cli->arguments[1], ".dare", true, &path);
    if (error == KC_OK)
        error = begin(cli, &call, operation, KC_FIELD_MESSAGE, &key, &payload);
    if (error == KC_OK)
        error = kc_cli_call_recipients(cli, &call, &recipients);
    if (error == KC_OK)
        error = run(cli, &call, &key, KC_FIELD_DOCUMENT, path, 0644);
    free(recipients);
    free(path);
    return error;
}

enum kc_error kc_cli_envelope_sign(struct kc_cli *cli)
{
    return make(cli, KC_OPERATION_ENVELOPE_SIGN);
}

enum kc_error kc_cli_envelope_seal(struct kc_cli *cli)
{
    return make(cli, KC_OPERATION_ENVELOPE_SEAL);
}
