/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's owner does with the hardware root: makes and pins it, looks at it, checks it. */
#include "base/secret.h"
#include "custodian/cli/host.h"
#include "custodian/cli/output.h"
#include "tpm/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_SIZE 65536 /* for a token's PIN */

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

enum kc_error kc_cli_host_config(const struct kc_cli *cli, struct kc_config **config)
{
    struct kc_config_problem problem = {""};
    const char *path = cli->values[KC_CLI_CONFIG] ? cli->values[KC_CLI_CONFIG] : KC_DEFAULT_CONFIG;
    enum kc_error error = load(path, config, &problem);
    bool is_absent = cli->values[KC_CLI_CONFIG] == NULL && access(path, F_OK) != 0;
    return error == KC_OK ? KC_OK
                          : kc_cli_fail(cli, error, "%s%s", problem.text,
                                is_absent ? "; --config FILE names another configuration" : "");
}

/* What stands behind the cause: the usual one is not at fault itself. */
static const char *hint_of(enum kc_error error)
{
    return error == KC_ERR_ROOT_UNAVAILABLE
               ? "; if the daemon runs and has its only connection, stop the daemon first"
               : "";
}

enum kc_error kc_cli_host_open(const struct kc_cli *cli, struct kc_cli_host *host)
{
    struct kc_root_trouble trouble = {"", ""};
    size_t number = 0;
    const char *name = cli->values[KC_CLI_ROOT];
    *host = (struct kc_cli_host){.config = NULL};
    enum kc_error error = kc_arena_init(ARENA_SIZE);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, NULL);
    if ((error = kc_cli_host_config(cli, &host->config)) != KC_OK)
        return error;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it was read */
    if (name && (number = kc_config_root_find(host->config, name)) == host->config->root_count)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "the configuration has no root %s", name);
    error = kc_root_host_open(host->config, number, &host->host, &trouble);
    if (error != KC_OK)
        (void)kc_cli_fail(cli, error, "%s: %s%s", trouble.step, trouble.detail, hint_of(error));
    return error;
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
    return kc_cli_fail(cli, error, "%s%s", kc_root_cause(host->host.root), hint_of(error));
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
    const struct kc_config_root *config = host->host.settings;
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(config->name));
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an open host has its settings */
    const char *root = config->tcti[0] ? config->tcti : config->token;
    json_object_set_new(object, "root", json_string(root));
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
        json_object_set_new(object, "srk-handle", json_sprintf("0x%08x", status->srk_handle));
    json_object_set_new(object, "in-lockout", json_boolean(status->in_lockout));
    json_object_set_new(object, "lockout-counter", json_integer(status->lockout_counter));
    json_object_set_new(object, "lockout-max-tries", json_integer(status->lockout_max_tries));
    json_object_set_new(object, "lockout-interval", json_integer(status->lockout_interval));
    json_object_set_new(object, "lockout-recovery", json_integer(status->lockout_recovery));
}

static void add_word(json_t *words, const char *word)
{
    json_array_append_new(words, json_string(word));
}

/* The name of a curve in the TCG Algorithm Registry; its number if it is newer than this. */
static void add_curve(json_t *curves, TPM2_ECC_CURVE curve)
{
    static const struct {
        TPM2_ECC_CURVE number;
        const char *name;
    } known[] = {{TPM2_ECC_NIST_P192, "P-192"}, {TPM2_ECC_NIST_P224, "P-224"},
        {TPM2_ECC_NIST_P256, "P-256"}, {TPM2_ECC_NIST_P384, "P-384"}, {TPM2_ECC_NIST_P521, "P-521"},
        {TPM2_ECC_BN_P256, "BN-P256"}, {TPM2_ECC_BN_P638, "BN-P638"},
        {TPM2_ECC_SM2_P256, "SM2-P256"}};
    char number[8];
    snprintf(number, sizeof number, "0x%04x", (unsigned)curve);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].number == curve) {
            add_word(curves, known[i].name);
            return;
        }
    }
    add_word(curves, number);
}

static enum kc_error describe_tpm(
    const struct kc_cli *cli, struct kc_cli_host *host, json_t *object)
{
    struct kc_status_curves curves = {.count = 0};
    bool has_p384 = false;
    enum kc_error error = kc_cli_host_run(cli, host, kc_status_curves, &curves);
    if (error != KC_OK)
        return error;
    json_t *names = json_array();
    for (size_t i = 0; i < curves.count; i++) {
        add_curve(names, curves.list[i]);
        has_p384 = has_p384 || curves.list[i] == TPM2_ECC_NIST_P384;
    }
    json_object_set_new(object, "curves", names);
    json_object_set_new(object, "has-P-384", json_boolean(has_p384));
    return KC_OK;
}

/* How a token says one algorithm, in words. */
static json_t *words_of(const struct kc_root_quirk *quirk, const struct kc_algorithm_info *info)
{
    json_t *words = json_array();
    if (!quirk->is_there) {
        add_word(words, "absent");
        return words;
    }
    bool is_agreed_on_only = !kc_algorithm_can(info, KC_USE_SIGN);
    if (is_agreed_on_only)
        add_word(words, quirk->is_montgomery ? "montgomery-key" : "edwards-key");
    add_word(words, quirk->curve_by_name ? "curve-by-name" : "curve-by-oid");
    add_word(words, quirk->point_is_der ? "point-in-octet-string" : "raw-point");
    if (!kc_algorithm_can(info, KC_USE_AGREE))
        return words;
    add_word(words, quirk->derives ? "derives" : "derives-nothing");
    if (quirk->derives_of_der)
        add_word(words, "peer-in-octet-string");
    if (quirk->takes_small_order)
        add_word(words, "takes-small-order");
    return words;
}

static enum kc_error describe_token(
    const struct kc_cli *cli, struct kc_cli_host *host, json_t *object)
{
    struct kc_root_quirks quirks;
    enum kc_error error = report(cli, host, kc_root_find_quirks(host->host.root, &quirks));
    if (error != KC_OK)
        return error;
    for (unsigned number = KC_ALGORITHM_ED25519; number <= KC_ALGORITHM_P384; number++) {
        const struct kc_algorithm_info *info = kc_algorithm_info(number);
        json_object_set_new(object, info->name, words_of(&quirks.of[number], info));
    }
    return KC_OK;
}

/* A token whose PIN is locked is asked no more. */
static enum kc_error describe_kind(const struct kc_cli *cli, struct kc_cli_host *host,
    const struct kc_root_status *status, json_t *object)
{
    if (kc_tpm2_of(host->host.root))
        return describe_tpm(cli, host, object);
    return status->in_lockout ? KC_OK : describe_token(cli, host, object);
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
    error = describe_kind(cli, &host, &status, object);
    if (error == KC_OK)
        kc_cli_print_object(cli, object);
    else
        json_decref(object);
    return error;
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
    error = report(
        cli, &host, kc_root_seal(host.host.root, key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size));
    if (error != KC_OK)
        return error;
    json_t *object = describe(&host);
    json_object_set_new(object, "result", json_string("ok"));
    kc_cli_print_object(cli, object);
    return KC_OK;
}
