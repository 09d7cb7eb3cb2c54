/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root/host.h"

#include "base/secret.h"
#include "base/text.h"
#include "custodian/process.h"
#include "custodian/root/login.h"
#include "custodian/root/pin.h"
#include "custodian/root/policy_key.h"
#include "custodian/root/settings.h"
#include "tpm/policy_counter.h"
#include "tpm/policy_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum kc_error failed(
    struct kc_root_trouble *trouble, const char *step, enum kc_error error, const char *detail)
{
    trouble->step = step;
    snprintf(trouble->detail, sizeof trouble->detail, "%.200s", detail);
    return error;
}

/* --- a token --- */

static enum kc_error read_login(
    const struct kc_config_root *config, struct kc_secret *pin, struct kc_root_trouble *trouble)
{
    struct kc_config_problem problem = {""};
    if (!config->pkcs11[0])
        return KC_OK;
    enum kc_error error = kc_root_login_read(config->pin_file, pin, &problem);
    return error == KC_OK ? KC_OK : failed(trouble, "login", error, problem.text);
}

/* A module is code in this process: it must be as well protected as the configuration is. */
static enum kc_error check_module(
    const struct kc_config_root *config, struct kc_root_trouble *trouble)
{
    struct kc_config_problem problem = {""};
    int descriptor = -1;
    if (!config->pkcs11[0])
        return KC_OK;
    enum kc_error error = kc_config_open(config->pkcs11, &descriptor, &problem);
    if (error != KC_OK)
        return failed(trouble, "module", error, problem.text);
    close(descriptor);
    return KC_OK;
}

/* The supervisor gives none: a module has the variables that the configuration lists, each of which
 * has a name and a '='. */
static enum kc_error set_environment(
    const struct kc_config_root *config, struct kc_root_trouble *trouble)
{
    for (size_t i = 0; i < config->environment_count; i++) {
        char name[KC_CONFIG_VARIABLE_SIZE];
        KC_TEXT_COPY_ARRAY(name, config->environment[i]);
        char *value = strchr(name, '=');
        *value++ = 0;
        if (setenv(name, value, 1) != 0)
            return failed(trouble, "environment", KC_ERR_NO_MEMORY, name);
    }
    return KC_OK;
}

/* --- policies --- */

/* A file that is protected as the configuration is; *text is given. */
static enum kc_error read_text(
    const char *path, char **text, struct kc_root_trouble *trouble, const char *step)
{
    struct kc_config_problem problem = {""};
    int descriptor = -1;
    enum kc_error error = kc_config_open(path, &descriptor, &problem);
    if (error == KC_OK) {
        error = kc_config_read(descriptor, path, text, &problem);
        close(descriptor);
    }
    return error == KC_OK ? KC_OK : failed(trouble, step, error, problem.text);
}

static enum kc_error read_policy_key(struct kc_root_host *host, struct kc_root_trouble *trouble)
{
    const char *path = host->settings->policy_key;
    char *text = NULL;
    enum kc_error error = read_text(path, &text, trouble, "policy-key");
    if (error == KC_OK && kc_policy_key_public(text, host->policy.key) != KC_OK)
        error = failed(
            trouble, "policy-key", KC_ERR_CONFIG, "root.policy_key is no public key on P-256");
    free(text);
    return error;
}

/* A file that is not there has no policies yet. */
static enum kc_error read_policies(struct kc_root_host *host, struct kc_root_trouble *trouble)
{
    const char *path = host->settings->policy_file;
    char *text = NULL;
    unsigned line = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return KC_OK;
    enum kc_error error = read_text(path, &text, trouble, "policy-file");
    if (error == KC_OK && kc_policy_file_read(text, host->policy.policies, KC_POLICIES_MAX,
                              &host->policy.count, &line) != KC_OK) {
        error = failed(trouble, "policy-file", KC_ERR_CONFIG, "");
        snprintf(trouble->detail, sizeof trouble->detail, "%.120s:%u: no policy", path, line);
    }
    free(text);
    return error;
}

static enum kc_error read_policy(struct kc_root_host *host, struct kc_root_trouble *trouble)
{
    const struct kc_config_root *config = host->settings;
    host->has_policy = config->policy_key[0] != 0;
    if (!host->has_policy)
        return KC_OK;
    host->policy.counter_handle = config->policy_counter;
    enum kc_error error = read_policy_key(host, trouble);
    return error == KC_OK ? read_policies(host, trouble) : error;
}

/* --- opening --- */

static enum kc_error read_pin(struct kc_root_host *host, struct kc_root_trouble *trouble)
{
    struct kc_config_problem problem = {""};
    enum kc_error error = kc_root_pin_read(host->settings->srk_name_file, host->srk_name, &problem);
    host->is_pinned = error == KC_OK;
    if (error == KC_OK || error == KC_ERR_ROOT_NOT_PROVISIONED)
        return KC_OK;
    return failed(trouble, "pin", error, problem.text);
}

static enum kc_error make_root(struct kc_root_host *host, struct kc_root_trouble *trouble)
{
    const struct kc_config_root *config = host->settings;
    KC_AUTO_SECRET pin = {0};
    const char *setting = "";
    enum kc_error error = read_login(config, &pin, trouble);
    if (error != KC_OK)
        return error;
    error = kc_root_make(config, host->is_pinned ? host->srk_name : NULL,
        host->has_policy ? &host->policy : NULL, &pin, &host->root, &setting);
    return error == KC_OK ? KC_OK : failed(trouble, "root", error, setting);
}

enum kc_error kc_root_host_open(const struct kc_config *config, size_t number,
    struct kc_root_host *host, struct kc_root_trouble *trouble)
{
    *host = (struct kc_root_host){
        .config = config, .settings = &config->roots[number], .number = number};
    enum kc_error error;
    if ((error = read_pin(host, trouble)) != KC_OK ||
        (error = read_policy(host, trouble)) != KC_OK ||
        (error = check_module(host->settings, trouble)) != KC_OK ||
        (error = set_environment(host->settings, trouble)) != KC_OK)
        return error;
    return make_root(host, trouble);
}

void kc_root_host_close(struct kc_root_host *host)
{
    kc_root_free(host->root);
    host->root = NULL;
}

/* --- provisioning --- */

/*
 * A token in files belongs to the process's own user, and so must the key that is made in it; the
 * pin is written by the host's owner.
 */
static bool act_as(const struct kc_root_host *host, uid_t user, gid_t group)
{
    if (!host->config->drops_rights || !host->settings->pkcs11[0])
        return true;
    /* each needs the right that the other gives up or takes back */
    return user == 0 ? seteuid(user) == 0 && setegid(group) == 0
                     : setegid(group) == 0 && seteuid(user) == 0;
}

static enum kc_error provision_root(struct kc_root_host *host)
{
    const struct kc_config_user *user = &host->config->users[kc_process_of_root(host->number)];
    if (!act_as(host, user->user, user->group))
        return KC_ERR_SANDBOX;
    enum kc_error error = kc_root_provision(host->root, host->srk_name);
    return act_as(host, 0, 0) ? error : KC_ERR_SANDBOX;
}

static enum kc_error make_counter(struct kc_tpm2 *tpm, void *arguments)
{
    (void)arguments;
    return kc_policy_counter_make(tpm);
}

/* With the pin that was just written. */
static enum kc_error provision_counter(struct kc_root_host *host, struct kc_root_trouble *trouble)
{
    if (!host->has_policy)
        return KC_OK;
    kc_root_host_close(host);
    enum kc_error error = make_root(host, trouble);
    if (error != KC_OK)
        return error;
    error = kc_tpm2_run(kc_tpm2_of(host->root), make_counter, NULL);
    return error == KC_OK ? KC_OK : failed(trouble, "counter", error, kc_root_cause(host->root));
}

enum kc_error kc_root_host_provision(
    struct kc_root_host *host, bool *is_new, struct kc_root_trouble *trouble)
{
    const char *path = host->settings->srk_name_file;
    enum kc_error error = provision_root(host);
    if (error != KC_OK)
        return failed(trouble, "provision", error, kc_root_cause(host->root));
    *is_new = !host->is_pinned;
    if (*is_new && (error = kc_root_pin_write(path, host->srk_name)) != KC_OK)
        return failed(trouble, "pin", error, path);
    host->is_pinned = true;
    return provision_counter(host, trouble);
}
