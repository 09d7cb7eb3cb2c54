/* SPDX-License-Identifier: Apache-2.0 */
/* A device of the Mesh: made or installed, connected to accounts, and taken off them. Documents come
 * from files and go to files; a client of the Mesh carries them. */
#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/text.h"
#include "base/wipe.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DOCUMENT_MAX ((size_t)KC_DATA_SIZE_MAX)
#define MESH_PIN_FILE_MAX 512 /* octets of a file with one, or with its URI */
#define MESH_PIN_LEAST 4      /* characters of the shortest that there could be */

/* --- files --- */

/* A call, with the documents that it sends and the file that one of its answer goes to. */
struct work {
    struct kc_cli_call call;
    struct kc_cli_octets files[2];
    size_t file_count;
    struct kc_cli_target target;
    bool has_target;
};

static void work_done(struct work *work)
{
    kc_cli_call_done(&work->call);
    for (size_t i = 0; i < work->file_count; i++)
        kc_cli_octets_done(&work->files[i]);
    if (work->has_target)
        kc_cli_target_done(&work->target);
}
#define AUTO_WORK __attribute__((cleanup(work_done))) struct work

static enum kc_error add_file(
    const struct kc_cli *cli, struct work *work, enum kc_field field, const char *path)
{
    struct kc_cli_octets *file = &work->files[work->file_count];
    enum kc_error error = kc_cli_read(cli, path, (size_t)kc_fields[field].most, file);
    if (error != KC_OK)
        return error;
    work->file_count++;
    if (file->size == 0)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "%s is empty", path);
    kc_cli_call_from_argument(&work->call, field, path);
    return kc_fields[field].type == KC_TYPE_SECRET
               ? kc_cli_call_secret(&work->call, field, kc_cli_span(file))
               : kc_cli_call_data(&work->call, field, kc_cli_span(file));
}

/* The file is made ready before anything is done that cannot be done twice. */
static enum kc_error open_target(const struct kc_cli *cli, struct work *work, mode_t mode)
{
    const char *path = cli->values[KC_CLI_OUTPUT];
    if (path == NULL)
        return KC_OK;
    enum kc_error error = kc_cli_target_open(cli, path, mode, DOCUMENT_MAX, &work->target);
    work->has_target = error == KC_OK;
    return error;
}

/* A document or a secret of the answer, into the file if one was named. */
static enum kc_error write_answer(const struct kc_cli *cli, struct work *work, enum kc_field field)
{
    const struct kc_values *values = &kc_cli_call_answer(&work->call)->values;
    KC_AUTO_OCTETS octets = {NULL, 0};
    size_t size = 0;
    if (!work->has_target || !kc_values_has(values, field))
        return KC_OK;
    enum kc_error error = kc_cli_octets_new(cli, DOCUMENT_MAX, &octets);
    if (error == KC_OK)
        error = kc_fields[field].type == KC_TYPE_SECRET
                    ? kc_client_answer_secret(
                          work->call.answer, values, field, octets.bytes, DOCUMENT_MAX, &size)
                    : kc_client_answer_data(
                          work->call.answer, values, field, octets.bytes, DOCUMENT_MAX, &size);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", kc_fields[field].name);
    return kc_cli_target_write(cli, &work->target, (struct kc_span){octets.bytes, size});
}

/* What the answer says besides documents: they are in their files. */
static void print_answer(const struct kc_cli *cli, const struct work *work, const char *items)
{
    const struct kc_message *answer = kc_cli_call_answer(&work->call);
    struct kc_values values = answer->values;
    static const enum kc_field documents[] = {
        KC_FIELD_DOCUMENT, KC_FIELD_PROFILE, KC_FIELD_SECRET, KC_FIELD_ITEMS};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        kc_field_set_remove(&values.present, documents[i]);
    json_t *object = kc_cli_object(&values);
    json_t *list = json_array();
    for (size_t i = 0; i < answer->item_count; i++)
        (void)kc_cli_collect(list, &answer->items[i]);
    if (items != NULL && kc_cli_given(cli, KC_CLI_JSON))
        json_object_set_new(object, items, list);
    kc_cli_print_object(cli, object);
    if (items != NULL && kc_cli_given(cli, KC_CLI_JSON))
        return;
    static const char *const keys[] = {"key", "label", "algorithm", "role", "use", NULL};
    static const char *const accounts[] = {"account_udf", NULL};
    if (answer->item_count > 0)
        kc_cli_print_list(
            cli, list, kc_values_has(&answer->items[0], KC_FIELD_KEY) ? keys : accounts);
    else
        json_decref(list);
}

/* --- which device --- */

struct search {
    const char *label;
    char device[65];
    size_t count;
};

static bool visit(void *context, const struct kc_values *item)
{
    struct search *search = context;
    if (!kc_values_text_is(item, KC_FIELD_LABEL, search->label))
        return true;
    struct kc_span device = item->value[KC_FIELD_DEVICE].span;
    snprintf(search->device, sizeof search->device, "%.*s", (int)device.size,
        (const char *)device.bytes);
    search->count++;
    return true;
}

/* By its UDF or its label. */
static enum kc_error find_device(struct kc_cli *cli, const char *name, char device[65])
{
    AUTO_WORK work = {0};
    struct search search = {.label = name};
    enum kc_error error = kc_cli_call_begin(cli, &work.call, KC_OPERATION_MESH_DEVICE_LIST);
    if (error == KC_OK)
        error = kc_cli_call_list(&work.call, visit, &search);
    if (error != KC_OK)
        return error;
    if (search.count > 1)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "several devices have the label %s", name);
    if (!kc_text_copy(device, 65, search.count == 1 ? search.device : name))
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "%s is no label or UDF of a device", name);
    return KC_OK;
}

static enum kc_error begin_with_device(
    struct kc_cli *cli, enum kc_operation operation, struct work *work, char device[65])
{
    enum kc_error error = find_device(cli, cli->arguments[0], device);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &work->call, operation);
    if (error == KC_OK)
        kc_cli_call_text(&work->call, KC_FIELD_DEVICE, device);
    return error;
}

/* --- create, install --- */

static enum kc_error begin_new(
    struct kc_cli *cli, enum kc_operation operation, struct work *work, char keyring[65])
{
    enum kc_error error = kc_cli_call_begin_in_keyring(cli, &work->call, operation, keyring);
    if (error == KC_OK)
        error = kc_cli_label_check(cli, cli->values[KC_CLI_LABEL]);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&work->call, KC_FIELD_LABEL, KC_CLI_LABEL);
    return KC_OK;
}

/* Runs it, writes what goes to the file, and prints the rest. */
static enum kc_error run(
    struct kc_cli *cli, struct work *work, enum kc_field written, mode_t mode, const char *items)
{
    enum kc_error error = open_target(cli, work, mode);
    if (error == KC_OK)
        error = kc_cli_call_run(&work->call);
    if (error == KC_OK)
        error = write_answer(cli, work, written);
    if (error == KC_OK)
        print_answer(cli, work, items);
    return error;
}

enum kc_error kc_cli_mesh_device_create(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    char keyring[65];
    enum kc_error error = begin_new(cli, KC_OPERATION_MESH_DEVICE_CREATE, &work, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&work.call, KC_FIELD_ALGORITHM, KC_CLI_ALGORITHM);
    kc_cli_call_option(&work.call, KC_FIELD_DETAIL, KC_CLI_DESCRIPTION);
    return run(cli, &work, KC_FIELD_DOCUMENT, 0644, "keys");
}

enum kc_error kc_cli_mesh_device_install(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    char keyring[65];
    enum kc_error error = begin_new(cli, KC_OPERATION_MESH_DEVICE_INSTALL, &work, keyring);
    if (error == KC_OK)
        error = add_file(cli, &work, KC_FIELD_INPUT, cli->arguments[0]);
    return error == KC_OK ? run(cli, &work, KC_FIELD_SECRET, 0600, "keys") : error;
}

/* --- list, show --- */

static enum kc_error list(
    struct kc_cli *cli, enum kc_operation operation, const char *const *columns)
{
    AUTO_WORK work = {0};
    enum kc_error error = kc_cli_call_begin(cli, &work.call, operation);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&work.call, KC_FIELD_KEYRING, KC_CLI_KEYRING);
    kc_cli_call_option(&work.call, KC_FIELD_LABEL, KC_CLI_LABEL);
    json_t *items = json_array();
    error = kc_cli_call_list(&work.call, kc_cli_collect, items);
    if (error == KC_OK)
        kc_cli_print_list(cli, items, columns);
    else
        json_decref(items);
    return error;
}

enum kc_error kc_cli_mesh_device_list(struct kc_cli *cli)
{
    static const char *const columns[] = {"device", "label", "keyring", "algorithm", NULL};
    return list(cli, KC_OPERATION_MESH_DEVICE_LIST, columns);
}

enum kc_error kc_cli_mesh_device_pending(struct kc_cli *cli)
{
    static const char *const columns[] = {"connection", "label", "account", "witness", NULL};
    return list(cli, KC_OPERATION_MESH_DEVICE_PENDING, columns);
}

enum kc_error kc_cli_mesh_device_show(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    char device[65];
    enum kc_error error = begin_with_device(cli, KC_OPERATION_MESH_DEVICE_SHOW, &work, device);
    if (error != KC_OK)
        return error;
    if (cli->argument_count > 1)
        kc_cli_call_text(&work.call, KC_FIELD_ACCOUNT_UDF, cli->arguments[1]);
    return run(cli, &work, KC_FIELD_DOCUMENT, 0644, "accounts");
}

/* --- connecting --- */

/* Whether what stands before a PIN is nothing, or the URI with this address. */
static bool is_pin_of(const struct kc_cli_octets *file, size_t begin, const char *address)
{
    static const char scheme[] = "mcu://";
    size_t head = sizeof scheme - 1, size = strlen(address);
    if (begin == 0)
        return true;
    return begin == head + size + 1 && strncasecmp((const char *)file->bytes, scheme, head) == 0 &&
           strncasecmp((const char *)file->bytes + head, address, size) == 0;
}

/* The PIN, or what custodian mesh pin create shows: the URI that ends with it. */
static enum kc_error add_pin(const struct kc_cli *cli, struct work *work)
{
    KC_AUTO_OCTETS file = {NULL, 0};
    if (!kc_cli_given(cli, KC_CLI_MESH_PIN_FILE))
        return KC_OK;
    enum kc_error error =
        kc_cli_read_secret(cli, cli->values[KC_CLI_MESH_PIN_FILE], MESH_PIN_FILE_MAX, &file);
    if (error != KC_OK)
        return error;
    size_t begin = 0, end = file.size;
    while (end > 0 && strchr("\r\n ", file.bytes[end - 1]) != NULL)
        end--;
    for (size_t i = 0; i < end; i++)
        if (file.bytes[i] == '/')
            begin = i + 1;
    if (end - begin < MESH_PIN_LEAST || end - begin > KC_CLI_PIN_MAX)
        return kc_cli_refuse(
            cli, KC_ERR_BAD_ARGUMENT, "there is no PIN in %s", cli->values[KC_CLI_MESH_PIN_FILE]);
    if (!is_pin_of(&file, begin, cli->arguments[1]))
        return kc_cli_refuse(cli, KC_ERR_BAD_ARGUMENT, "the PIN in %s is for another account",
            cli->values[KC_CLI_MESH_PIN_FILE]);
    kc_cli_call_from_option(&work->call, KC_FIELD_PIN, KC_CLI_MESH_PIN_FILE);
    return kc_cli_call_secret(
        &work->call, KC_FIELD_PIN, (struct kc_span){file.bytes + begin, end - begin});
}

enum kc_error kc_cli_mesh_device_request(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    char device[65];
    enum kc_error error = begin_with_device(cli, KC_OPERATION_MESH_DEVICE_REQUEST, &work, device);
    if (error == KC_OK)
        error = add_pin(cli, &work);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_ACCOUNT, cli->arguments[1]);
    kc_cli_call_option(&work.call, KC_FIELD_ACCOUNT_UDF, KC_CLI_EXPECT);
    return run(cli, &work, KC_FIELD_DOCUMENT, 0644, NULL);
}

/* "Show all 28 characters; the default is to refuse." They stand in the answer that was printed. */
static void tell_witness(const struct kc_cli *cli, const struct work *work)
{
    const struct kc_value *value = kc_cli_call_answer(&work->call)->values.value;
    if (value[KC_FIELD_CONFIRM].number != 0) {
        kc_cli_say(cli, "The witness is the one that was given.");
        return;
    }
    kc_cli_say(cli, "Compare ALL of the witness with what the administrator's device shows, then "
                    "give it with --witness.");
    kc_cli_say(cli, "If a single character differs, somebody stands between: do not connect.");
}

enum kc_error kc_cli_mesh_device_check(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    enum kc_error error = kc_cli_call_begin(cli, &work.call, KC_OPERATION_MESH_DEVICE_CHECK);
    if (error == KC_OK)
        error = add_file(cli, &work, KC_FIELD_DOCUMENT, cli->arguments[1]);
    if (error == KC_OK)
        error = add_file(cli, &work, KC_FIELD_PROFILE, cli->arguments[2]);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_CONNECTION, cli->arguments[0]);
    kc_cli_call_option(&work.call, KC_FIELD_WITNESS, KC_CLI_WITNESS);
    error = kc_cli_call_run(&work.call);
    if (error != KC_OK)
        return error;
    print_answer(cli, &work, NULL);
    tell_witness(cli, &work);
    return KC_OK;
}

enum kc_error kc_cli_mesh_device_activate(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    enum kc_error error = kc_cli_call_begin(cli, &work.call, KC_OPERATION_MESH_DEVICE_ACTIVATE);
    if (error == KC_OK)
        error = add_file(cli, &work, KC_FIELD_DOCUMENT, cli->arguments[1]);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_CONNECTION, cli->arguments[0]);
    kc_cli_call_option(&work.call, KC_FIELD_WITNESS, KC_CLI_WITNESS);
    kc_cli_call_flag(&work.call, KC_FIELD_CONFIRM, KC_CLI_SECOND);
    return run(cli, &work, KC_FIELD_DOCUMENT, 0644, "keys");
}

/* --- what ends --- */

/* The request's version tells people nothing. */
static enum kc_error run_end(struct kc_cli *cli, struct work *work)
{
    enum kc_error error = kc_cli_call_run(&work->call);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_JSON))
        print_answer(cli, work, NULL);
    return error;
}

enum kc_error kc_cli_mesh_device_cancel(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    enum kc_error error = kc_cli_call_begin(cli, &work.call, KC_OPERATION_MESH_DEVICE_CANCEL);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_CONNECTION, cli->arguments[0]);
    return run_end(cli, &work);
}

enum kc_error kc_cli_mesh_device_refresh(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    char device[65];
    enum kc_error error = begin_with_device(cli, KC_OPERATION_MESH_DEVICE_REFRESH, &work, device);
    if (error == KC_OK)
        error = add_file(cli, &work, KC_FIELD_DOCUMENT, cli->arguments[2]);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_ACCOUNT_UDF, cli->arguments[1]);
    error = kc_cli_call_run(&work.call);
    if (error == KC_OK)
        print_answer(cli, &work, NULL);
    return error;
}

/* There is no way back from either: it is to be said. */
static enum kc_error check_meant(const struct kc_cli *cli)
{
    return kc_cli_given(cli, KC_CLI_YES) ? KC_OK
                                         : kc_cli_refuse(cli, KC_ERR_USAGE,
                                               "this cannot be undone: say --yes if it is meant");
}

enum kc_error kc_cli_mesh_device_leave(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    char device[65];
    enum kc_error error = check_meant(cli);
    if (error == KC_OK)
        error = begin_with_device(cli, KC_OPERATION_MESH_DEVICE_LEAVE, &work, device);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_ACCOUNT_UDF, cli->arguments[1]);
    return run_end(cli, &work);
}

enum kc_error kc_cli_mesh_device_destroy(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    char device[65];
    enum kc_error error = check_meant(cli);
    if (error == KC_OK)
        error = begin_with_device(cli, KC_OPERATION_MESH_DEVICE_DESTROY, &work, device);
    return error == KC_OK ? run_end(cli, &work) : error;
}

/* --- keys of seeds --- */

enum kc_error kc_cli_key_derive(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    enum kc_error error = kc_cli_call_begin(cli, &work.call, KC_OPERATION_KEY_DERIVE);
    if (error == KC_OK)
        error = kc_cli_label_check(cli, cli->values[KC_CLI_LABEL]);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_KEY, cli->arguments[0]);
    kc_cli_call_text(&work.call, KC_FIELD_DETAIL, cli->arguments[1]);
    kc_cli_call_from_argument(&work.call, KC_FIELD_DETAIL, cli->arguments[1]);
    kc_cli_call_option(&work.call, KC_FIELD_LABEL, KC_CLI_LABEL);
    return run(cli, &work, KC_FIELD_DOCUMENT, 0644, NULL);
}

/* --- a member of a group --- */

enum kc_error kc_cli_mesh_group_join(struct kc_cli *cli)
{
    AUTO_WORK work = {0};
    struct kc_cli_key key;
    enum kc_error error = kc_cli_label_check(cli, cli->values[KC_CLI_LABEL]);
    if (error == KC_OK)
        error = kc_cli_key_find(cli, cli->values[KC_CLI_KEY], &key);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &work.call, KC_OPERATION_MESH_GROUP_JOIN);
    if (error == KC_OK)
        error = add_file(cli, &work, KC_FIELD_DOCUMENT, cli->arguments[1]);
    if (error == KC_OK)
        kc_cli_call_from_option(&work.call, KC_FIELD_PROFILE, KC_CLI_PROFILE);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_PROFILE))
        error = add_file(cli, &work, KC_FIELD_PROFILE, cli->values[KC_CLI_PROFILE]);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&work.call, KC_FIELD_KEY, key.id);
    kc_cli_call_text(&work.call, KC_FIELD_ACCOUNT_UDF, cli->arguments[0]);
    kc_cli_call_option(&work.call, KC_FIELD_LABEL, KC_CLI_LABEL);
    return run(cli, &work, KC_FIELD_DOCUMENT, 0644, NULL);
}
