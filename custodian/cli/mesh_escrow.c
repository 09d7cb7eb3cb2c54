/* SPDX-License-Identifier: Apache-2.0 */
/* Escrow of seeds: shares are shown, and read from a terminal or a file; never from the command's own
 * arguments, which others can see. And of keys, by an account's escrow key. */
#include "custodian/cli/document.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/operator.h"
#include "custodian/cli/output.h"
#include "custodian/cli/qr.h"
#include "custodian/cli/write.h"

#include "base/wipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHARES_SIZE 2048
#define LINE_SIZE 256

/* What an answer says, but what is in descriptors. */
static void print(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    kc_cli_print_object(cli, kc_cli_object_of(&kc_cli_call_answer(call)->values, "escrow"));
}

/* What a command ends with, unless an error came before. */
static enum kc_error run_and_print(
    const struct kc_cli *cli, struct kc_cli_call *call, enum kc_error error)
{
    if (error == KC_OK)
        error = kc_cli_call_run(call);
    if (error == KC_OK)
        print(cli, call);
    return error;
}

static enum kc_error write_document(
    const struct kc_cli *cli, struct kc_cli_call *call, struct kc_cli_target *target)
{
    KC_AUTO_OCTETS document = {NULL, 0};
    enum kc_error error = kc_cli_call_read(call, KC_FIELD_DOCUMENT, &document);
    return error == KC_OK ? kc_cli_target_write(cli, target, kc_cli_span(&document)) : error;
}

/* --- showing shares --- */

/* Between two shares who writes them down is given time, and the screen is cleared. */
static void pause_after(const struct kc_cli *cli, bool more)
{
    if (kc_cli_given(cli, KC_CLI_JSON) || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return;
    printf("Write it down. Enter %s.", more ? "shows the next share" : "clears the screen");
    fflush(stdout);
    for (int c = getchar(); c != '\n' && c != EOF; c = getchar())
        ;
    fputs("\033[2J\033[3J\033[H", stdout);
    fflush(stdout);
}

/* What an escrow is, and with it the list of its shares, which are printed as they come. */
static void begin_json(const struct kc_cli_call *made)
{
    json_t *object = kc_cli_object_of(&kc_cli_call_answer(made)->values, "escrow");
    char *text = json_dumps(object, JSON_INDENT(2));
    json_decref(object);
    if (text != NULL)
        printf("%.*s,\n  \"shares\": [", (int)(strlen(text) - strlen("\n}")), text);
    free(text);
}

static void print_json_share(const struct kc_values *values, const char *share)
{
    uint64_t index = values->value[KC_FIELD_INDEX].number;
    printf("%s\n    {\"index\": %llu, \"share\": \"%s\"}", index > 1 ? "," : "",
        (unsigned long long)index, share);
    fflush(stdout);
}

static enum kc_error print_share(
    const struct kc_cli *cli, const struct kc_cli_call *call, const char *share)
{
    if (kc_cli_given(cli, KC_CLI_JSON)) {
        print_json_share(&kc_cli_call_answer(call)->values, share);
        return KC_OK;
    }
    puts(share);
    return kc_cli_given(cli, KC_CLI_QR) ? kc_cli_print_qr(cli, share) : KC_OK;
}

/* Shows one share; *more: there are others. */
static enum kc_error show_share(struct kc_cli *cli, const char *escrow, bool *more)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS share = {NULL, 0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ESCROW_SHARE);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_OBJECT, escrow);
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = kc_cli_call_read(&call, KC_FIELD_SECRET, &share);
    if (error == KC_OK)
        error = print_share(cli, &call, (const char *)share.bytes);
    if (error != KC_OK)
        return error;
    *more = kc_cli_call_answer(&call)->values.value[KC_FIELD_MORE].number != 0;
    pause_after(cli, *more);
    return KC_OK;
}

static enum kc_error show_shares(struct kc_cli *cli, const struct kc_cli_call *made)
{
    char escrow[65] = "";
    struct kc_span id = kc_cli_call_span(made, KC_FIELD_OBJECT);
    memcpy(escrow, id.bytes, id.size < sizeof escrow ? id.size : sizeof escrow - 1);
    bool more = true, is_json = kc_cli_given(cli, KC_CLI_JSON);
    enum kc_error error = KC_OK;
    if (is_json)
        begin_json(made);
    else
        print(cli, made);
    while (error == KC_OK && more)
        error = show_share(cli, escrow, &more);
    if (is_json)
        puts("\n  ]\n}"); /* also of the shares that were shown before one failed */
    if (error == KC_OK)
        kc_cli_say(cli,
            "each share was shown once; now see that they open it: custodian mesh escrow verify");
    return error;
}

/* The record is in its file before any share is shown. */
enum kc_error kc_cli_mesh_escrow_create(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_target target = {.descriptor = -1};
    enum kc_error error = kc_cli_target_open(
        cli, cli->values[KC_CLI_OUTPUT], 0644, kc_fields[KC_FIELD_DOCUMENT].most, &target);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ESCROW_CREATE);
    if (error == KC_OK) {
        kc_cli_call_text(&call, KC_FIELD_KEY, cli->arguments[0]);
        kc_cli_call_flag(&call, KC_FIELD_FORCE, KC_CLI_YES);
        error = kc_cli_call_count(&call, KC_FIELD_COUNT, KC_CLI_COUNT);
    }
    if (error == KC_OK)
        error = kc_cli_call_count(&call, KC_FIELD_THRESHOLD, KC_CLI_THRESHOLD);
    if (error == KC_OK)
        error = kc_cli_call_pin(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = write_document(cli, &call, &target);
    if (error == KC_OK)
        error = show_shares(cli, &call);
    kc_cli_target_done(&target);
    return error;
}

/* For a person, `start` is when it was verified. */
static void print_shown(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    json_t *object = kc_cli_object_of(&kc_cli_call_answer(call)->values, "escrow");
    json_t *start = json_object_get(object, kc_fields[KC_FIELD_START].name);
    if (start != NULL && !kc_cli_given(cli, KC_CLI_JSON)) {
        json_object_set(object, "verified", start);
        json_object_del(object, kc_fields[KC_FIELD_START].name);
    }
    kc_cli_print_object(cli, object);
}

enum kc_error kc_cli_mesh_escrow_show(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ESCROW_SHOW);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_OBJECT, cli->arguments[0]);
    error = kc_cli_call_run(&call);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_OUTPUT))
        return kc_cli_call_write(&call, KC_FIELD_DOCUMENT, cli->values[KC_CLI_OUTPUT], 0644);
    if (error == KC_OK)
        print_shown(cli, &call);
    return error;
}

/* --- reading shares --- */

/* Lines of the terminal until an empty one. */
static enum kc_error ask_shares(const struct kc_cli *cli, struct kc_cli_octets *shares)
{
    char line[LINE_SIZE]; /* secret */
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (terminal == NULL)
        return kc_cli_fail(cli, KC_ERR_USAGE, "no terminal to ask on: --shares-file FILE");
    enum kc_error error = kc_cli_octets_new(cli, SHARES_SIZE, shares);
    size_t used = 0;
    setvbuf(terminal, NULL, _IONBF, 0); /* nothing is left in a buffer */
    for (unsigned number = 1; error == KC_OK; number++) {
        fprintf(terminal, "Share %u (nothing if there are no more): ", number);
        fflush(terminal);
        if (fgets(line, sizeof line, terminal) == NULL || line[0] == '\n')
            break;
        size_t size = strlen(line);
        if (used + size > SHARES_SIZE) {
            error = kc_cli_fail(cli, KC_ERR_TOO_LARGE, "that is more than shares have");
            break;
        }
        memcpy(shares->bytes + used, line, size);
        used += size;
        fflush(terminal); /* between reading and writing, as C wants it */
    }
    shares->size = used;
    kc_wipe(line, sizeof line);
    fclose(terminal);
    return error;
}

static enum kc_error add_shares(const struct kc_cli *cli, struct kc_cli_call *call)
{
    KC_AUTO_OCTETS shares = {NULL, 0};
    enum kc_error error =
        kc_cli_given(cli, KC_CLI_SHARES_FILE)
            ? kc_cli_read_secret(cli, cli->values[KC_CLI_SHARES_FILE], SHARES_SIZE, &shares)
            : ask_shares(cli, &shares);
    return error == KC_OK ? kc_cli_call_secret(call, KC_FIELD_SHARES, kc_cli_span(&shares)) : error;
}

enum kc_error kc_cli_mesh_escrow_verify(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ESCROW_VERIFY);
    if (error == KC_OK)
        error = add_shares(cli, &call);
    return run_and_print(cli, &call, error);
}

/* What is known besides the shares: the record and the profile, as far as they are there. */
static enum kc_error add_documents(struct kc_cli *cli, struct kc_cli_call *call,
    struct kc_cli_octets *record, struct kc_cli_octets *profile)
{
    enum kc_error error = KC_OK;
    if (cli->argument_count > 1)
        error = kc_cli_call_file(call, KC_FIELD_DOCUMENT, cli->arguments[1], record);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_PROFILE))
        error = kc_cli_call_file(call, KC_FIELD_PROFILE, cli->values[KC_CLI_PROFILE], profile);
    return error;
}

enum kc_error kc_cli_mesh_escrow_recover(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS record = {NULL, 0}, profile = {NULL, 0};
    char keyring[65];
    enum kc_error error = kc_cli_label_check(cli, cli->values[KC_CLI_LABEL]);
    if (error == KC_OK)
        error = kc_cli_call_begin_in_keyring(cli, &call, KC_OPERATION_MESH_ESCROW_RECOVER, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, cli->arguments[0]);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    error = add_documents(cli, &call, &record, &profile);
    if (error == KC_OK)
        error = add_shares(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_pin(cli, &call);
    return run_and_print(cli, &call, error);
}

enum kc_error kc_cli_mesh_escrow_retire(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ESCROW_RETIRE);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_OBJECT, cli->arguments[0]);
    error = kc_cli_call_pin(cli, &call);
    return run_and_print(cli, &call, error);
}

/* --- keys --- */

/* The document is in its file before anything is told. */
enum kc_error kc_cli_mesh_escrow_seal(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    struct kc_cli_target target = {.descriptor = -1};
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[1], &key);
    if (error == KC_OK)
        error = kc_cli_target_open(
            cli, cli->values[KC_CLI_OUTPUT], 0644, kc_fields[KC_FIELD_DOCUMENT].most, &target);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ESCROW_SEAL);
    if (error == KC_OK) {
        kc_cli_call_text(&call, KC_FIELD_ACCOUNT_UDF, cli->arguments[0]);
        kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
        error = kc_cli_call_pin(cli, &call);
    }
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = write_document(cli, &call, &target);
    if (error == KC_OK)
        print(cli, &call);
    kc_cli_target_done(&target);
    return error;
}

enum kc_error kc_cli_mesh_escrow_open(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS document = {NULL, 0};
    enum kc_error error = kc_cli_label_check(cli, cli->values[KC_CLI_LABEL]);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_MESH_ESCROW_OPEN);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_ACCOUNT_UDF, cli->arguments[0]);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    error = kc_cli_call_file(&call, KC_FIELD_DOCUMENT, cli->arguments[1], &document);
    if (error == KC_OK)
        error = kc_cli_call_pin(cli, &call);
    return run_and_print(cli, &call, error);
}
