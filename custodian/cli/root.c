/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's owner does with the hardware root: makes and pins it, looks at it, checks it. */
#include "custodian/cli/host.h"
#include "custodian/cli/output.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the configuration --- */

static enum kc_error load(
    const char *path, struct kc_config **config, struct kc_config_problem *problem)
{
    char *text = NULL;
    int file = -1;
    enum kc_error error = kc_config_open(path, &file, problem);
    if (error == KC_OK)
        error = kc_config_read(file, path, &text, problem);
    if (error == KC_OK)
        error = kc_config_parse(path, text, config, problem);
    free(text);
    if (file >= 0)
        close(file);
    return error;
}

enum kc_error kc_cli_host_open(const struct kc_cli *cli, struct kc_cli_host *host)
{
    struct kc_config_problem problem = {""};
    struct kc_root_trouble trouble = {"", ""};
    const char *path = cli->values[KC_CLI_CONFIG] ? cli->values[KC_CLI_CONFIG] : KC_DEFAULT_CONFIG;
    *host = (struct kc_cli_host){.config = NULL};
    enum kc_error error = load(path, &host->config, &problem);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", problem.text);
    error = kc_root_host_open(host->config, &host->host, &trouble);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s: %s", trouble.step, trouble.detail);
    return KC_OK;
}

void kc_cli_host_done(struct kc_cli_host *host)
{
    kc_root_host_close(&host->host);
    kc_config_free(host->config);
}

static enum kc_error report(const struct kc_cli *cli, struct kc_cli_host *host, enum kc_error error)
{
    if (error == KC_OK)
        return KC_OK;
    return kc_cli_fail(cli, error, "%s", kc_root_cause(host->host.root));
}

enum kc_error kc_cli_host_run(const struct kc_cli *cli, struct kc_cli_host *host,
    enum kc_error (*operation)(struct kc_tpm2 *tpm, void *arguments), void *arguments)
{
    struct kc_tpm2 *tpm = kc_tpm2_of(host->host.root);
    if (!tpm)
        return kc_cli_fail(cli, KC_ERR_CONFIG, "the hardware root is no TPM");
    return report(cli, host, kc_tpm2_run(tpm, operation, arguments));
}

/* --- the commands --- */

static json_t *describe(const struct kc_cli_host *host)
{
    const struct kc_config_root *config = &host->host.config->root;
    json_t *object = json_object();
    json_object_set_new(
        object, "root", json_string(config->tcti[0] ? config->tcti : config->token));
    json_object_set_new(object, "srk-name-file", json_string(config->srk_name_file));
    if (host->host.is_pinned)
        json_object_set_new(
            object, "srk-name", kc_cli_hex(host->host.srk_name, sizeof host->host.srk_name));
    json_object_set_new(object, "pinned", json_boolean(host->host.is_pinned));
    if (config->pcrs[0])
        json_object_set_new(object, "pcrs", json_string(config->pcrs));
    if (host->host.has_policy)
        json_object_set_new(object, "policies", json_integer((json_int_t)host->host.policy.count));
    return object;
}

static void describe_status(json_t *object, const struct kc_root_status *status)
{
    json_object_set_new(object, "manufacturer", json_string(status->manufacturer));
    json_object_set_new(object, "firmware", json_string(status->firmware));
    if (status->srk_handle)
        json_object_set_new(object, "srk-handle", json_integer(status->srk_handle));
    json_object_set_new(object, "in-lockout", json_boolean(status->in_lockout));
    json_object_set_new(object, "lockout-counter", json_integer(status->lockout_counter));
    json_object_set_new(object, "lockout-max-tries", json_integer(status->lockout_max_tries));
    json_object_set_new(object, "lockout-interval", json_integer(status->lockout_interval));
    json_object_set_new(object, "lockout-recovery", json_integer(status->lockout_recovery));
}

enum kc_error kc_cli_root_init(struct kc_cli *cli)
{
    KC_AUTO_HOST host;
    struct kc_root_trouble trouble = {"", ""};
    bool is_new = false;
    enum kc_error error = kc_cli_host_open(cli, &host);
    if (error != KC_OK)
        return error;
    error = kc_root_host_provision(&host.host, &is_new, &trouble);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s: %s", trouble.step, trouble.detail);
    json_t *object = describe(&host);
    json_object_set_new(object, "new", json_boolean(is_new));
    kc_cli_print_object(cli, object);
    return KC_OK;
}

enum kc_error kc_cli_root_show(struct kc_cli *cli)
{
    KC_AUTO_HOST host;
    struct kc_root_status status;
    enum kc_error error = kc_cli_host_open(cli, &host);
    if (error != KC_OK)
        return error;
    error = report(cli, &host, kc_root_status(host.host.root, &status));
    if (error != KC_OK)
        return error;
    json_t *object = describe(&host);
    describe_status(object, &status);
    kc_cli_print_object(cli, object);
    return KC_OK;
}

/* Is the pinned root there, and does it open what it sealed? */
enum kc_error kc_cli_root_check(struct kc_cli *cli)
{
    static const uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    KC_AUTO_HOST host;
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size = 0;
    enum kc_error error = kc_cli_host_open(cli, &host);
    if (error != KC_OK)
        return error;
    error = report(cli, &host, kc_root_seal(host.host.root, key, blob, &blob_size));
    if (error != KC_OK)
        return error;
    json_t *object = describe(&host);
    json_object_set_new(object, "result", json_string("ok"));
    kc_cli_print_object(cli, object);
    return KC_OK;
}
