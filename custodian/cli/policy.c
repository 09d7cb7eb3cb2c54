/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: predicted from PCR values, signed, tried, explained, withdrawn. */
#include "base/secret.h"
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/host.h"
#include "custodian/cli/keyring.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"
#include "custodian/root/policy_key.h"
#include "tpm/event_log.h"
#include "tpm/pcr.h"
#include "tpm/policy_counter.h"
#include "tpm/policy_file.h"
#include "tpm/policy_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX 4096
#define ABOVE_MAX 1000000

/* --- the values --- */

struct reading {
    bool has_counter; /* keys are sealed to what a policy key signs */
    uint32_t mask;
    struct kc_pcr_values values;
    struct kc_policy_counter counter;
};

static enum kc_error read_now(struct kc_tpm2 *tpm, void *arguments)
{
    struct reading *reading = arguments;
    enum kc_error error =
        reading->has_counter ? kc_policy_counter_read(tpm, &reading->counter) : KC_OK;
    return error == KC_OK ? kc_pcr_read(tpm, reading->mask, &reading->values) : error;
}

static int digit_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* "7=HEX": the value that PCR 7 is going to have. */
static bool read_given(const char *text, struct kc_pcr_values *values)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    bool is_one = text[0] >= '0' && text[0] <= '9' && *end == '=' && number < KC_PCR_COUNT &&
                  strlen(end + 1) == 2 * (size_t)KC_PCR_SIZE;
    for (size_t i = 0; is_one && i < KC_PCR_SIZE; i++) {
        int high = digit_of(end[1 + 2 * i]), low = digit_of(end[2 + 2 * i]);
        is_one = high >= 0 && low >= 0;
        if (is_one)
            values->value[number][i] = (uint8_t)(high << 4 | low);
    }
    if (is_one)
        values->mask |= 1u << number;
    return is_one;
}

static enum kc_error read_mask(
    const struct kc_cli *cli, const struct kc_cli_host *host, uint32_t *mask)
{
    const char *pcrs = host->host.settings->pcrs;
    if (pcrs[0] && kc_pcr_list_parse(pcrs, mask) == KC_OK)
        return KC_OK;
    return kc_cli_fail(cli, KC_ERR_CONFIG, "root.pcrs says which PCRs a policy is about");
}

static enum kc_error read_above(const struct kc_cli *cli, uint64_t *above)
{
    const char *text = cli->values[KC_CLI_ABOVE];
    char *end = NULL;
    *above = 0;
    if (!text)
        return KC_OK;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || number > ABOVE_MAX)
        return kc_cli_fail(cli, KC_ERR_USAGE, "--above takes a number up to %d", ABOVE_MAX);
    *above = number;
    return KC_OK;
}

/* --- predict --- */

static enum kc_error print_policy(
    const struct kc_cli *cli, const struct kc_signed_policy *policy, const char *path)
{
    char text[KC_POLICY_TEXT_MAX];
    kc_policy_file_write(policy, text);
    return kc_cli_write(
        cli, path ? path : "-", (struct kc_span){(uint8_t *)text, strlen(text)}, 0644);
}

static void replace(struct kc_signed_policy *policy, const struct kc_pcr_values *values)
{
    for (unsigned i = 0; i < KC_PCR_COUNT; i++)
        if (values->mask & policy->pcrs.mask & 1u << i)
            memcpy(policy->pcrs.value[i], values->value[i], KC_PCR_SIZE);
}

static enum kc_error apply_log(const struct kc_cli *cli, struct kc_signed_policy *policy)
{
    const char *path = cli->values[KC_CLI_EVENT_LOG];
    KC_AUTO_OCTETS log = {0};
    struct kc_pcr_values values;
    if (!path)
        return KC_OK;
    enum kc_error error = kc_cli_read(cli, path, KC_EVENT_LOG_MAX, &log);
    if (error != KC_OK)
        return error;
    if (kc_event_log_replay(kc_cli_span(&log), &values) != KC_OK)
        return kc_cli_fail(
            cli, KC_ERR_BAD_ARGUMENT, "%s: not an event log in the crypto agile form", path);
    replace(policy, &values);
    return KC_OK;
}

/* What is given replaces what is there now; what the policy is not about is refused. */
static enum kc_error apply_given(const struct kc_cli *cli, struct kc_signed_policy *policy)
{
    struct kc_pcr_values given = {.mask = 0};
    for (size_t i = 0; i < cli->argument_count; i++)
        if (!read_given(cli->arguments[i], &given))
            return kc_cli_fail(cli, KC_ERR_USAGE, "not a PCR's value such as 7=(64 hex digits): %s",
                cli->arguments[i]);
    if (given.mask & ~policy->pcrs.mask)
        return kc_cli_fail(cli, KC_ERR_USAGE, "a PCR that root.pcrs does not have");
    replace(policy, &given);
    return KC_OK;
}

enum kc_error kc_cli_policy_predict(struct kc_cli *cli)
{
    KC_AUTO_HOST host;
    struct reading now = {.mask = 0};
    uint64_t above = 0;
    enum kc_error error = kc_cli_host_open(cli, &host);
    now.has_counter = host.host.has_policy;
    if (error != KC_OK || (error = read_mask(cli, &host, &now.mask)) != KC_OK ||
        (error = read_above(cli, &above)) != KC_OK ||
        (error = kc_cli_host_run(cli, &host, read_now, &now)) != KC_OK)
        return error;
    struct kc_signed_policy policy = {.version = now.counter.value + above, .pcrs = now.values};
    memcpy(policy.host, host.host.srk_name, sizeof policy.host);
    memcpy(policy.counter, now.counter.index.name.name, sizeof policy.counter);
    if ((error = apply_log(cli, &policy)) != KC_OK || (error = apply_given(cli, &policy)) != KC_OK)
        return error;
    return print_policy(cli, &policy, cli->values[KC_CLI_OUTPUT]);
}

/* --- sign --- */

/* One policy of a file. */
static enum kc_error read_one(
    const struct kc_cli *cli, const char *path, struct kc_signed_policy *policy)
{
    KC_AUTO_OCTETS octets = {0};
    char text[KC_POLICY_TEXT_MAX];
    size_t count = 0;
    unsigned line = 0;
    enum kc_error error = kc_cli_read(cli, path, sizeof text - 1, &octets);
    if (error != KC_OK)
        return error;
    memcpy(text, octets.bytes, octets.size);
    text[octets.size] = 0;
    if (strlen(text) != octets.size ||
        kc_policy_file_read(text, policy, 1, &count, &line) != KC_OK || count != 1)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "%s:%u: not a policy", path, line);
    return KC_OK;
}

static enum kc_error sign_by_file(const struct kc_cli *cli, struct kc_signed_policy *policy)
{
    KC_AUTO_OCTETS pem = {0};
    uint8_t point[KC_POLICY_POINT_SIZE];
    enum kc_error error = kc_cli_read(cli, cli->values[KC_CLI_SIGNER], KEY_FILE_MAX, &pem);
    if (error != KC_OK)
        return error;
    error = kc_policy_key_sign(kc_cli_span(&pem), policy, point);
    kc_wipe(pem.bytes, pem.size);
    return error == KC_OK ? KC_OK
                          : kc_cli_fail(cli, error, "%s: not a private key on P-256",
                                cli->values[KC_CLI_SIGNER]);
}

/* The custodian signs the digest as it stands; what it gives is verified before it is written. */
static enum kc_error call_custodian(struct kc_cli *cli, const struct kc_cli_key *key,
    struct kc_cli_call *call, struct kc_signed_policy *policy)
{
    struct kc_span signature;
    enum kc_error error = kc_cli_call_run(call);
    if (error == KC_OK)
        error = kc_cli_call_exactly(call, KC_FIELD_SIGNATURE, sizeof policy->signature, &signature);
    if (error != KC_OK)
        return error;
    memcpy(policy->signature, signature.bytes, sizeof policy->signature);
    policy->is_signed = true;
    bool is_good = key->public.size == KC_POLICY_POINT_SIZE &&
                   kc_policy_key_verifies(key->public.octets, policy);
    return is_good ? KC_OK : kc_cli_fail(cli, KC_ERR_BAD_REPLY, "the signature of %s", key->id);
}

static enum kc_error sign_by_custodian(struct kc_cli *cli, struct kc_signed_policy *policy)
{
    KC_AUTO_CALL call = {0};
    struct kc_client *client;
    struct kc_cli_key key;
    uint8_t digest[KC_POLICY_SIZE];
    enum kc_error error = kc_cli_key_find(cli, cli->values[KC_CLI_KEY], &key);
    if (error == KC_OK && strcmp(key.public.algorithm, "P-256") != 0)
        error = kc_cli_fail(cli, KC_ERR_BAD_ALGORITHM, "%s is not on P-256", key.id);
    if (error == KC_OK)
        error = kc_cli_custodian(cli, &client);
    if (error == KC_OK && kc_policy_to_be_signed(policy, digest) != KC_OK)
        error = kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    if (error != KC_OK)
        return error;
    kc_cli_call_init(&call, cli, client, KC_OPERATION_KEY_SIGN);
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    kc_cli_call_text(&call, KC_FIELD_HASH, "SHA-256");
    kc_cli_call_number(&call, KC_FIELD_HASHED, 1);
    error = kc_cli_call_data(&call, KC_FIELD_MESSAGE, (struct kc_span){digest, sizeof digest});
    if (error == KC_OK)
        error = kc_cli_login(cli, client, key.keyring, &key);
    return error == KC_OK ? call_custodian(cli, &key, &call, policy) : error;
}

enum kc_error kc_cli_policy_sign(struct kc_cli *cli)
{
    struct kc_signed_policy policy = {.version = 0};
    bool by_file = kc_cli_given(cli, KC_CLI_SIGNER);
    if (by_file == kc_cli_given(cli, KC_CLI_KEY))
        return kc_cli_fail(cli, KC_ERR_USAGE, "one of --signer and --key says who signs");
    enum kc_error error = read_one(cli, cli->arguments[0], &policy);
    if (error == KC_OK)
        error = by_file ? sign_by_file(cli, &policy) : sign_by_custodian(cli, &policy);
    return error == KC_OK ? print_policy(cli, &policy, cli->values[KC_CLI_OUTPUT]) : error;
}

/* --- test, withdraw --- */

/* Goes all the way that opening a key goes, but for the key. */
static enum kc_error try_policy(struct kc_tpm2 *tpm, void *arguments)
{
    (void)arguments;
    enum kc_error error = kc_policy_session_authorize(tpm);
    kc_session_flush(tpm, &tpm->policy);
    return error;
}

static enum kc_error open_with_policy(const struct kc_cli *cli, struct kc_cli_host *host)
{
    enum kc_error error = kc_cli_host_open(cli, host);
    if (error == KC_OK && !host->host.has_policy)
        error = kc_cli_fail(cli, KC_ERR_CONFIG, "root.policy_key says whose policies count");
    return error;
}

enum kc_error kc_cli_policy_test(struct kc_cli *cli)
{
    KC_AUTO_HOST host;
    enum kc_error error = open_with_policy(cli, &host);
    if (error == KC_OK)
        error = kc_cli_host_run(cli, &host, try_policy, NULL);
    if (error != KC_OK)
        return error;
    kc_cli_print_object(cli, json_pack("{s:s}", "result", "ok"));
    return KC_OK;
}

static enum kc_error count_up(struct kc_tpm2 *tpm, void *arguments)
{
    struct kc_policy_counter *counter = arguments;
    enum kc_error error = kc_policy_counter_up(tpm);
    return error == KC_OK ? kc_policy_counter_read(tpm, counter) : error;
}

enum kc_error kc_cli_policy_withdraw(struct kc_cli *cli)
{
    KC_AUTO_HOST host;
    struct kc_policy_counter counter;
    enum kc_error error = open_with_policy(cli, &host);
    if (error != KC_OK)
        return error;
    if (!kc_cli_given(cli, KC_CLI_YES))
        return kc_cli_fail(cli, KC_ERR_USAGE,
            "policies of the present version are refused for good after this: --yes");
    error = kc_cli_host_run(cli, &host, count_up, &counter);
    if (error != KC_OK)
        return error;
    kc_cli_print_object(cli, json_pack("{s:I}", "counter", (json_int_t)counter.value));
    return KC_OK;
}

/* --- explain --- */

static void explain_pcrs(
    json_t *list, const struct kc_signed_policy *policy, const struct kc_pcr_values *present)
{
    for (unsigned i = 0; i < KC_PCR_COUNT; i++) {
        if (!(policy->pcrs.mask >> i & 1))
            continue;
        bool is_same = memcmp(policy->pcrs.value[i], present->value[i], KC_PCR_SIZE) == 0;
        json_t *row = json_object();
        json_object_set_new(row, "version", json_integer((json_int_t)policy->version));
        json_object_set_new(row, "what", json_sprintf("pcr %u", i));
        json_object_set_new(row, "expected", kc_cli_hex(policy->pcrs.value[i], KC_PCR_SIZE));
        json_object_set_new(row, "present", kc_cli_hex(present->value[i], KC_PCR_SIZE));
        json_object_set_new(row, "result", json_string(is_same ? "same" : "changed"));
        json_array_append_new(list, row);
    }
}

static void explain_text(json_t *list, const struct kc_signed_policy *policy, const char *what,
    const char *expected, json_t *present, bool is_good)
{
    json_t *row = json_object();
    json_object_set_new(row, "version", json_integer((json_int_t)policy->version));
    json_object_set_new(row, "what", json_string(what));
    json_object_set_new(row, "expected", json_string(expected));
    json_object_set_new(row, "present", present);
    json_object_set_new(row, "result", json_string(is_good ? "same" : "changed"));
    json_array_append_new(list, row);
}

static void explain_rest(json_t *list, const struct kc_cli_host *host,
    const struct kc_signed_policy *policy, const struct kc_policy_counter *counter)
{
    char version[32];
    bool is_valid = counter->value <= policy->version;
    bool is_signed = kc_policy_key_verifies(host->host.policy.key, policy);
    bool is_ours = memcmp(policy->host, host->host.srk_name, sizeof policy->host) == 0;
    snprintf(version, sizeof version, "at most %llu", (unsigned long long)policy->version);
    explain_text(
        list, policy, "counter", version, json_integer((json_int_t)counter->value), is_valid);
    explain_text(list, policy, "signature", "by the policy key",
        json_string(is_signed ? "by the policy key" : "missing, or another's"), is_signed);
    explain_text(
        list, policy, "host", "this one", json_string(is_ours ? "this one" : "another"), is_ours);
}

static enum kc_error explain(const struct kc_cli *cli, struct kc_cli_host *host,
    const struct kc_signed_policy *policy, json_t *list)
{
    struct reading now = {.has_counter = host->host.has_policy, .mask = policy->pcrs.mask};
    enum kc_error error = kc_cli_host_run(cli, host, read_now, &now);
    if (error != KC_OK)
        return error;
    explain_pcrs(list, policy, &now.values);
    if (now.has_counter) /* else keys are bound to the values alone */
        explain_rest(list, host, policy, &now.counter);
    return KC_OK;
}

/* The policies that are given, else those that are configured. */
enum kc_error kc_cli_policy_explain(struct kc_cli *cli)
{
    static const char *const columns[] = {"version", "what", "result", "expected", "present", NULL};
    KC_AUTO_HOST host;
    enum kc_error error =
        cli->argument_count > 0 ? kc_cli_host_open(cli, &host) : open_with_policy(cli, &host);
    if (error != KC_OK)
        return error;
    json_t *list = json_array();
    for (size_t i = 0; error == KC_OK && i < cli->argument_count; i++) {
        struct kc_signed_policy policy = {.version = 0};
        error = read_one(cli, cli->arguments[i], &policy);
        if (error == KC_OK)
            error = explain(cli, &host, &policy, list);
    }
    for (size_t i = 0; error == KC_OK && cli->argument_count == 0 && i < host.host.policy.count;
         i++)
        error = explain(cli, &host, &host.host.policy.policies[i], list);
    if (error == KC_OK)
        kc_cli_print_list(cli, list, columns);
    else
        json_decref(list);
    return error;
}
