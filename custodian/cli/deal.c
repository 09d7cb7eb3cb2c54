/* SPDX-License-Identifier: Apache-2.0 */
/* Dealing a key to holders, and a dealt one anew by some of them: each envelope goes into a file, which
 * somebody carries to the other custodians. */
#include "custodian/cli/frost.h"
#include "custodian/cli/keyring.h"
#include "custodian/cli/operator.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ID_SIZE 65
#define HOLDERS_MAX 12
#define SESSION_SIZE 16

static void print_dealt(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    json_t *object = kc_cli_object(&kc_cli_call_answer(call)->values);
    json_object_del(object, kc_fields[KC_FIELD_ENVELOPES].name);
    kc_cli_print_object(cli, object);
}

struct envelope_file {
    char *path;
    struct kc_cli_target target;
};

/* There is a file for each holder: standard output is one. */
static enum kc_error check_output(const struct kc_cli *cli)
{
    return strcmp(cli->values[KC_CLI_OUTPUT], "-") != 0
               ? KC_OK
               : kc_cli_refuse(cli, KC_ERR_USAGE,
                     "each envelope goes to a file of its own: --output names what all begin with");
}

/* The file of a holder's envelope: its name ends with the holder's index. Given: close_file. */
static enum kc_error open_file(
    struct kc_cli *cli, size_t index, size_t size, struct envelope_file *file)
{
    if (asprintf(&file->path, "%s.%zu", cli->values[KC_CLI_OUTPUT], index) < 0)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    enum kc_error error = kc_cli_target_open(cli, file->path, 0644, size, &file->target);
    if (error != KC_OK)
        free(file->path);
    return error;
}

static void close_file(struct envelope_file *file)
{
    kc_cli_target_done(&file->target);
    free(file->path);
}

/* Whether all files can be made is found before the key is dealt, as that cannot be undone. */
static enum kc_error try_files(struct kc_cli *cli)
{
    size_t kept = kc_cli_given(cli, KC_CLI_KEEP) ? 1 : 0;
    for (size_t i = 1; i < cli->argument_count; i++) {
        struct envelope_file file;
        enum kc_error error =
            open_file(cli, i + kept, (size_t)kc_fields[KC_FIELD_ENVELOPE].most, &file);
        if (error != KC_OK)
            return error;
        close_file(&file);
    }
    return KC_OK;
}

/* Each envelope into a file of its own. */
static enum kc_error write_envelopes(struct kc_cli *cli, const struct kc_cli_call *call)
{
    const struct kc_values *values = &kc_cli_call_answer(call)->values;
    struct kc_span all = kc_cli_call_span(call, KC_FIELD_ENVELOPES);
    uint64_t holders = values->value[KC_FIELD_HOLDER_COUNT].number;
    struct kc_span envelopes[16];
    size_t count = 0;
    struct kc_reader r;
    kc_reader_init(&r, all.bytes, all.size);
    while (r.left > 0 && count < sizeof envelopes / sizeof *envelopes)
        envelopes[count++] = kc_reader_span(&r, (size_t)kc_fields[KC_FIELD_ENVELOPE].most);
    if (kc_reader_finish(&r) != KC_OK || count == 0 || count > holders)
        return kc_cli_fail(cli, KC_ERR_BAD_REPLY, "the envelopes are not as they should be");
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < count; i++) {
        struct envelope_file file;
        error = open_file(cli, (size_t)holders - count + i + 1, envelopes[i].size, &file);
        if (error == KC_OK) {
            error = kc_cli_target_write(cli, &file.target, envelopes[i]);
            close_file(&file);
        }
    }
    return error;
}

/* A recipient; or, where that is possible, "." for this custodian, by its wrap key. */
static enum kc_error find_holder(
    struct kc_cli *cli, const char *name, bool to_itself, char id[static ID_SIZE])
{
    struct kc_cli_key wrap;
    if (!to_itself || strcmp(name, ".") != 0)
        return kc_cli_recipient_find(cli, name, id);
    enum kc_error error = kc_cli_key_find_wrap(cli, &wrap);
    if (error == KC_OK)
        memcpy(id, wrap.id, ID_SIZE);
    return error;
}

/* The ids of the recipients that are named, a comma between. */
static enum kc_error find_holders(struct kc_cli *cli, bool to_itself, char *holders, size_t size)
{
    size_t used = 0;
    for (size_t i = 1; i < cli->argument_count; i++) {
        char id[ID_SIZE];
        enum kc_error error = find_holder(cli, cli->arguments[i], to_itself, id);
        if (error != KC_OK)
            return error;
        used += (size_t)snprintf(holders + used, size - used, "%s%s", i > 1 ? "," : "", id);
        if (used >= size)
            return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "too many recipients");
    }
    return KC_OK;
}

static enum kc_error deal(struct kc_cli *cli, const struct kc_cli_key *key, const char *holders)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_SHARE_DEAL);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key->id);
    kc_cli_call_text(&call, KC_FIELD_HOLDERS, holders);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    kc_cli_call_flag(&call, KC_FIELD_KEEP, KC_CLI_KEEP);
    error = kc_cli_call_count(&call, KC_FIELD_THRESHOLD, KC_CLI_THRESHOLD);
    if (error == KC_OK)
        error = kc_cli_call_pin(cli, &call);
    if (error == KC_OK)
        error = try_files(cli);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error != KC_OK)
        return error;
    error = write_envelopes(cli, &call);
    if (error == KC_OK)
        print_dealt(cli, &call);
    else
        kc_cli_say(cli, "  The key is dealt: custodian share dealt %s has the envelopes.", key->id);
    return error;
}

enum kc_error kc_cli_share_deal(struct kc_cli *cli)
{
    struct kc_cli_key key;
    char holders[16 * ID_SIZE];
    enum kc_error error = check_output(cli);
    if (error == KC_OK)
        error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = find_holders(cli, false, holders, sizeof holders);
    return error == KC_OK ? deal(cli, &key, holders) : error;
}

enum kc_error kc_cli_share_dealt(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find_any(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_SHARE_DEALT);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = write_envelopes(cli, &call);
    if (error == KC_OK)
        print_dealt(cli, &call);
    return error;
}

/* --- share redeal --- */

/* "1,3": an octet for each. */
static enum kc_error read_dealers(
    const struct kc_cli *cli, uint8_t dealers[static HOLDERS_MAX], size_t *count)
{
    const char *at = cli->values[KC_CLI_DEALERS];
    for (*count = 0; *at != '\0' && *count < HOLDERS_MAX; (*count)++) {
        char *end;
        unsigned long index = strtoul(at, &end, 10);
        if (end == at || index == 0 || index > HOLDERS_MAX || (*end != ',' && *end != '\0'))
            break;
        dealers[*count] = (uint8_t)index;
        at = *end == ',' ? end + 1 : end;
    }
    return *at == '\0' && *count >= 2 ? KC_OK
                                      : kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
                                            "--dealers takes the indices of holders: 1,3");
}

static enum kc_error make_session(const struct kc_cli *cli, struct kc_cli_call *call)
{
    if (kc_cli_given(cli, KC_CLI_SESSION))
        return kc_cli_call_hex(call, KC_FIELD_SESSION, KC_CLI_SESSION);
    if (getrandom(call->octets, SESSION_SIZE, 0) != SESSION_SIZE)
        return kc_cli_fail(cli, KC_ERR_RANDOM, "the kernel gives no random octets");
    call->octet_count = SESSION_SIZE;
    kc_cli_call_octets(call, KC_FIELD_SESSION, (struct kc_span){call->octets, SESSION_SIZE});
    return KC_OK;
}

static void print_redealt(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    json_t *object = kc_cli_object(&kc_cli_call_answer(call)->values);
    json_object_del(object, kc_fields[KC_FIELD_ENVELOPES].name);
    json_object_set_new(
        object, kc_fields[KC_FIELD_SESSION].name, kc_cli_hex(call->octets, SESSION_SIZE));
    kc_cli_print_object(cli, object);
}

static enum kc_error redeal(
    struct kc_cli *cli, const struct kc_cli_key *key, const char *holders, struct kc_span dealers)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_frost_begin(cli, &call, KC_OPERATION_SHARE_REDEAL, key, NULL);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_HOLDERS, holders);
    kc_cli_call_octets(&call, KC_FIELD_DEALERS, dealers);
    error = make_session(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_count(&call, KC_FIELD_THRESHOLD, KC_CLI_THRESHOLD);
    if (error == KC_OK)
        error = kc_cli_login(cli, call.client, key->keyring, key);
    if (error == KC_OK)
        error = kc_cli_call_pin(cli, &call);
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = write_envelopes(cli, &call);
    if (error == KC_OK)
        print_redealt(cli, &call);
    return error;
}

enum kc_error kc_cli_share_redeal(struct kc_cli *cli)
{
    struct kc_cli_key key;
    char holders[16 * ID_SIZE];
    uint8_t dealers[HOLDERS_MAX];
    size_t count = 0;
    enum kc_error error = check_output(cli);
    if (error == KC_OK)
        error = kc_cli_frost_find(cli, &key);
    if (error == KC_OK)
        error = read_dealers(cli, dealers, &count);
    if (error == KC_OK)
        error = find_holders(cli, true, holders, sizeof holders);
    if (error == KC_OK)
        error = try_files(cli);
    return error == KC_OK ? redeal(cli, &key, holders, (struct kc_span){dealers, count}) : error;
}
