/* SPDX-License-Identifier: Apache-2.0 */
/* Signing with as many holders of a dealt key as it takes: each step writes a file, which somebody
 * carries to the other custodians. */
#include "custodian/cli/frost.h"
#include "custodian/cli/keyring.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what the holders send each other --- */

const struct kc_curve_info *kc_cli_frost_curve(const struct kc_cli_key *key)
{
    return kc_curve_info((enum kc_curve)kc_cli_public_info(&key->public)->algorithm);
}

enum kc_error kc_cli_frost_find(struct kc_cli *cli, struct kc_cli_key *key)
{
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], key);
    if (error == KC_OK && (!key->dealt || kc_cli_frost_curve(key) == NULL))
        return kc_cli_fail(
            cli, KC_ERR_BAD_ARGUMENT, "%s is no share of a key that was dealt", key->id);
    return error;
}

static int compare_indices(const void *a, const void *b)
{
    return memcmp(a, b, KC_CLI_INDEX_SIZE);
}

void kc_cli_frost_sort(struct kc_cli_octets *list, size_t size)
{
    qsort(list->bytes, list->size / size, size, compare_indices);
}

/* All signers' commitments, one behind the other, in whatever order; sorted as they have to be. */
static enum kc_error read_list(
    struct kc_cli *cli, const struct kc_cli_key *key, const char *path, struct kc_cli_octets *list)
{
    size_t size = KC_CLI_INDEX_SIZE + 2 * kc_cli_frost_curve(key)->point_size;
    enum kc_error error =
        kc_cli_read(cli, path, (size_t)kc_fields[KC_FIELD_COMMITMENTS].most, list);
    if (error != KC_OK)
        return error;
    if (list->size == 0 || list->size % size != 0)
        return kc_cli_fail(
            cli, KC_ERR_BAD_ARGUMENT, "%s: these are no commitments of this key's holders", path);
    kc_cli_frost_sort(list, size);
    return KC_OK;
}

enum kc_error kc_cli_frost_begin(struct kc_cli *cli, struct kc_cli_call *call,
    enum kc_operation operation, const struct kc_cli_key *key, const struct kc_cli_octets *message)
{
    enum kc_error error = kc_cli_call_begin(cli, call, operation);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(call, KC_FIELD_KEY, key->id);
    if (operation != KC_OPERATION_FROST_ABORT)
        kc_cli_call_option(call, KC_FIELD_SCHEME, KC_CLI_SCHEME); /* where there is one */
    if (message != NULL)
        error = kc_cli_call_data(call, KC_FIELD_MESSAGE, kc_cli_span(message));
    return error;
}

/* --- frost commit, contribute, abort --- */

enum kc_error kc_cli_frost_commit(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    struct kc_cli_target target;
    enum kc_error error = kc_cli_frost_find(cli, &key);
    if (error == KC_OK)
        error = kc_cli_frost_begin(cli, &call, KC_OPERATION_FROST_COMMIT, &key, NULL);
    if (error == KC_OK)
        error = kc_cli_target_open(cli, cli->values[KC_CLI_OUTPUT], 0644,
            (size_t)kc_fields[KC_FIELD_COMMITMENTS].most, &target);
    if (error != KC_OK)
        return error;
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = kc_cli_target_write(cli, &target, kc_cli_call_span(&call, KC_FIELD_COMMITMENTS));
    kc_cli_target_done(&target);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}

/* The part goes into its file behind the holder's index: so it is told from the others. */
static enum kc_error write_part(const struct kc_cli *cli, const struct kc_cli_key *key,
    const struct kc_cli_call *call, struct kc_cli_target *target)
{
    struct kc_span part;
    uint8_t octets[KC_CLI_INDEX_SIZE + KC_SCALAR_SIZE_MAX];
    struct kc_writer w;
    enum kc_error error = kc_cli_call_exactly(
        call, KC_FIELD_SIGNATURE_SHARE, kc_cli_frost_curve(key)->scalar_size, &part);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_u32(&w, key->index);
    kc_writer_bytes(&w, part.bytes, part.size);
    return kc_cli_target_write(cli, target, (struct kc_span){octets, w.size});
}

/* The second round can be run once: the part's file is ready before it. */
static enum kc_error contribute_into_file(
    struct kc_cli *cli, struct kc_cli_call *call, const struct kc_cli_key *key)
{
    struct kc_cli_target target;
    enum kc_error error = kc_cli_target_open(
        cli, cli->values[KC_CLI_OUTPUT], 0644, KC_CLI_INDEX_SIZE + KC_SCALAR_SIZE_MAX, &target);
    if (error != KC_OK)
        return error;
    error = kc_cli_call_run(call);
    if (error == KC_ERR_BAD_ARGUMENT)
        kc_cli_say(cli,
            "  The list has to have the commitments of this session here, and those of as "
            "many holders as the key needs, each once.");
    if (error == KC_OK)
        error = write_part(cli, key, call, &target);
    kc_cli_target_done(&target);
    if (error == KC_OK)
        kc_cli_print_written(cli, cli->values[KC_CLI_OUTPUT],
            KC_CLI_INDEX_SIZE + kc_cli_frost_curve(key)->scalar_size);
    return error;
}

static enum kc_error contribute(struct kc_cli *cli, const struct kc_cli_key *key,
    const struct kc_cli_octets *message, const struct kc_cli_octets *list)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error =
        kc_cli_frost_begin(cli, &call, KC_OPERATION_FROST_CONTRIBUTE, key, message);
    if (error != KC_OK)
        return error;
    kc_cli_call_octets(&call, KC_FIELD_COMMITMENTS, kc_cli_span(list));
    error = kc_cli_call_hex(&call, KC_FIELD_SESSION, KC_CLI_SESSION);
    if (error == KC_OK)
        error = kc_cli_login(cli, call.client, key->keyring, key);
    return error == KC_OK ? contribute_into_file(cli, &call, key) : error;
}

enum kc_error kc_cli_frost_contribute(struct kc_cli *cli)
{
    KC_AUTO_OCTETS message = {NULL, 0};
    KC_AUTO_OCTETS list = {NULL, 0};
    struct kc_cli_key key;
    enum kc_error error = kc_cli_frost_find(cli, &key);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[1], KC_DATA_SIZE_MAX, &message);
    if (error == KC_OK)
        error = read_list(cli, &key, cli->arguments[2], &list);
    return error == KC_OK ? contribute(cli, &key, &message, &list) : error;
}

enum kc_error kc_cli_frost_abort(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    enum kc_error error = kc_cli_frost_find(cli, &key);
    if (error == KC_OK)
        error = kc_cli_frost_begin(cli, &call, KC_OPERATION_FROST_ABORT, &key, NULL);
    if (error == KC_OK)
        error = kc_cli_call_hex(&call, KC_FIELD_SESSION, KC_CLI_SESSION);
    return error == KC_OK ? kc_cli_call_run(&call) : error;
}

/* --- frost aggregate --- */

/* Nothing was put there yet: no part is zero. */
static bool is_empty(const uint8_t *place, size_t size)
{
    static const uint8_t zero[KC_SCALAR_SIZE_MAX];
    return memcmp(place, zero, size) == 0;
}

/* Puts a part where its holder's commitments are in the list. */
static enum kc_error take_part(struct kc_cli *cli, const struct kc_cli_key *key, const char *path,
    const struct kc_cli_octets *list, struct kc_cli_octets *parts)
{
    KC_AUTO_OCTETS part = {NULL, 0};
    size_t entry = KC_CLI_INDEX_SIZE + 2 * kc_cli_frost_curve(key)->point_size;
    size_t size = kc_cli_frost_curve(key)->scalar_size;
    enum kc_error error = kc_cli_read(cli, path, KC_CLI_INDEX_SIZE + KC_SCALAR_SIZE_MAX, &part);
    if (error != KC_OK)
        return error;
    for (size_t i = 0; part.size == KC_CLI_INDEX_SIZE + size && i < list->size / entry; i++) {
        if (memcmp(list->bytes + i * entry, part.bytes, KC_CLI_INDEX_SIZE) == 0) {
            if (!is_empty(parts->bytes + i * size, size))
                return kc_cli_fail(
                    cli, KC_ERR_BAD_ARGUMENT, "%s: a second part of the same holder", path);
            memcpy(parts->bytes + i * size, part.bytes + KC_CLI_INDEX_SIZE, size);
            return KC_OK;
        }
    }
    return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "%s: no part by a holder who committed", path);
}

static enum kc_error read_parts(struct kc_cli *cli, const struct kc_cli_key *key,
    const struct kc_cli_octets *list, struct kc_cli_octets *parts)
{
    size_t signers = list->size / (KC_CLI_INDEX_SIZE + 2 * kc_cli_frost_curve(key)->point_size);
    if (cli->argument_count - 3 != signers)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
            "%zu holders committed: as many parts make the signature", signers);
    enum kc_error error =
        kc_cli_octets_new(cli, signers * kc_cli_frost_curve(key)->scalar_size, parts);
    for (size_t i = 3; error == KC_OK && i < cli->argument_count; i++)
        error = take_part(cli, key, cli->arguments[i], list, parts);
    return error;
}

static enum kc_error aggregate(struct kc_cli *cli, const struct kc_cli_key *key,
    const struct kc_cli_octets *message, const struct kc_cli_octets *list, const char *path)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS parts = {NULL, 0};
    enum kc_error error = read_parts(cli, key, list, &parts);
    if (error == KC_OK)
        error = kc_cli_frost_begin(cli, &call, KC_OPERATION_FROST_AGGREGATE, key, message);
    if (error != KC_OK)
        return error;
    kc_cli_call_octets(&call, KC_FIELD_COMMITMENTS, kc_cli_span(list));
    kc_cli_call_octets(&call, KC_FIELD_SIGNATURE_SHARES, kc_cli_span(&parts));
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        error = kc_cli_write(cli, path, kc_cli_call_span(&call, KC_FIELD_SIGNATURE), 0644);
    return error;
}

enum kc_error kc_cli_frost_aggregate(struct kc_cli *cli)
{
    KC_AUTO_OCTETS message = {NULL, 0};
    KC_AUTO_OCTETS list = {NULL, 0};
    struct kc_cli_key key;
    char *path = NULL;
    enum kc_error error = kc_cli_frost_find(cli, &key);
    if (error == KC_OK)
        error = kc_cli_output_path(cli, cli->arguments[1], ".sig", true, &path);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[1], KC_DATA_SIZE_MAX, &message);
    if (error == KC_OK)
        error = read_list(cli, &key, cli->arguments[2], &list);
    if (error == KC_OK)
        error = aggregate(cli, &key, &message, &list, path);
    free(path);
    return error;
}
