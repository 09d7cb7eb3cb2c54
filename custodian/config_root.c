/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware roots that a configuration names: `root`, which has the vault's own secret and the
 * store's head, and further ones in `roots`. */
#include "base/text.h"
#include "custodian/config_setting.h"
#include "tpm/address.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Keys name their root by it: short, and nothing that needs quoting anywhere. */
static enum kc_error read_name(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    char *name = destination;
    memset(name, 0, row->most); /* configurations are compared octet by octet */
    enum kc_error error = kc_parse_text(parse, setting, row, name);
    if (error == KC_OK && name[strspn(name, letters)] != 0)
        error = kc_parse_problem(parse, setting, "not a name of a-z, 0-9 and -:", name);
    return error;
}

/* What a module, or a TPM's library, finds in its environment, which is otherwise empty. */
static enum kc_error read_variable(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_config_root *root = destination;
    const char *equals = strchr(text, '=');

    if (!equals || equals == text ||
        !kc_text_copy(root->environment[root->environment_count], KC_CONFIG_VARIABLE_SIZE, text))
        return kc_parse_problem(parse, setting, "not a variable such as \"NAME=value\":", text);
    root->environment_count++;
    return KC_OK;
}

static enum kc_error read_environment(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_texts(parse, setting, KC_CONFIG_VARIABLES_MAX, read_variable, destination);
}

static enum kc_error read_tcti(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    struct kc_address address;
    enum kc_error error = kc_parse_text(parse, setting, row, destination);
    if (error == KC_OK && kc_address_parse(destination, &address) != KC_OK)
        error = kc_parse_problem(parse, setting, "not a way to a TPM:", destination);
    return error;
}

static enum kc_error read_pcrs(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    uint32_t mask = 0;
    enum kc_error error = kc_parse_text(parse, setting, row, destination);
    if (error == KC_OK && kc_pcr_list_parse(destination, &mask) != KC_OK)
        error = kc_parse_problem(
            parse, setting, "not a list of PCRs such as \"sha256:0,7\":", destination);
    return error;
}

#define ROOT_FIELD(field) offsetof(struct kc_config_root, field)
#define ROOT_TEXT(field, read)                                                                     \
    {                                                                                              \
#field, read, ROOT_FIELD(field), 0, sizeof(((struct kc_config_root *)0)->field), false     \
    }
static const struct kc_setting root_rows[] = {
    ROOT_TEXT(name, read_name),
    {"user", kc_parse_user, ROOT_FIELD(user), 1, UINT32_MAX - 1, false},
    {"srk_name_file", kc_parse_path, ROOT_FIELD(srk_name_file), 0, KC_CONFIG_PATH_SIZE, true},
    {"timeout_s", kc_parse_number, ROOT_FIELD(timeout_s), 1, 3600, false},
    ROOT_TEXT(tcti, read_tcti),
    {"srk_handle", kc_parse_number, ROOT_FIELD(srk_handle), 0x81000000, 0x817fffff, false},
    {"head_handle", kc_parse_number, ROOT_FIELD(head_handle), 0x01800000, 0x01bfffff, false},
    ROOT_TEXT(pcrs, read_pcrs),
    ROOT_TEXT(policy_key, kc_parse_path),
    ROOT_TEXT(policy_file, kc_parse_path),
    {"policy_counter", kc_parse_number, ROOT_FIELD(policy_counter), 0x01800000, 0x01bfffff, false},
    ROOT_TEXT(pkcs11, kc_parse_path),
    ROOT_TEXT(token, kc_parse_text),
    ROOT_TEXT(key_label, kc_parse_text),
    ROOT_TEXT(pin_file, kc_parse_path),
    {"environment", read_environment, 0, 0, 0, false},
};

/* The settings of each kind of root, by the one that says which it is; NULL ends them. */
static const char *const tpm_settings[] = {"tcti", "srk_handle", "head_handle", "pcrs",
    "policy_key", "policy_file", "policy_counter", NULL};
static const char *const token_settings[] = {"pkcs11", "token", "pin_file", "key_label", NULL};

static enum kc_error refuse_settings(
    struct kc_parse *parse, const config_setting_t *group, const char *const names[])
{
    for (size_t i = 0; names[i]; i++) {
        const config_setting_t *setting = config_setting_get_member(group, names[i]);
        if (setting)
            return kc_parse_problem(
                parse, setting, "not a setting of this kind of root:", names[i]);
    }
    return KC_OK;
}

static enum kc_error check_kind(
    struct kc_parse *parse, const config_setting_t *group, const struct kc_config_root *root)
{
    bool is_tpm = root->tcti[0] != 0, is_token = root->pkcs11[0] != 0;

    if (is_tpm == is_token)
        return kc_parse_problem(parse, group, "one of tcti and pkcs11 is needed in", "root");
    if (is_token && root->token[0] == 0)
        return kc_parse_problem(parse, group, "missing setting", "token");
    if (is_token && root->pin_file[0] == 0)
        return kc_parse_problem(parse, group, "missing setting", "pin_file");
    if ((root->policy_key[0] != 0) != (root->policy_file[0] != 0))
        return kc_parse_problem(
            parse, group, "policy_key and policy_file come together, and with pcrs, in", "root");
    if (root->policy_key[0] && !root->pcrs[0])
        return kc_parse_problem(parse, group, "missing setting", "pcrs");
    return refuse_settings(parse, group, is_tpm ? token_settings : tpm_settings);
}

enum kc_error kc_parse_root(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    enum kc_error error = kc_parse_group(parse, setting, root_rows, COUNT(root_rows), destination);
    return error == KC_OK ? check_kind(parse, setting, destination) : error;
}

struct kc_setting_group kc_config_root_group(void)
{
    return (struct kc_setting_group){
        "root", root_rows, COUNT(root_rows), offsetof(struct kc_config, roots)};
}

/* --- further roots --- */

/* A root that is two would be erased as the one while it is in use as the other. */
static enum kc_error check_against_others(
    struct kc_parse *parse, const config_setting_t *setting, const struct kc_config_root *root)
{
    for (const struct kc_config_root *other = parse->config->roots; other < root; other++) {
        if (strcmp(other->name, root->name) == 0)
            return kc_parse_problem(parse, setting, "this root is named twice:", root->name);
        if (strcmp(other->srk_name_file, root->srk_name_file) == 0)
            return kc_parse_problem(
                parse, setting, "another root has this srk_name_file:", root->srk_name_file);
    }
    return KC_OK;
}

enum kc_error kc_parse_roots(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    struct kc_config_root *roots = destination;
    size_t count = (size_t)config_setting_length(setting);

    if (!config_setting_is_list(setting))
        return kc_parse_problem(parse, setting, "this is not a list ( ... ):", row->name);
    if (count > KC_CONFIG_ROOTS_MAX - 1)
        return kc_parse_problem(parse, setting, "too many roots", NULL);
    for (size_t i = 1; i <= count; i++) {
        const config_setting_t *one = config_setting_get_elem(setting, (unsigned)i - 1);
        roots[i] = kc_config_root_usual();
        enum kc_error error = kc_parse_root(parse, one, row, &roots[i]);
        if (error == KC_OK)
            error = check_against_others(parse, one, &roots[i]);
        if (error != KC_OK)
            return error;
        parse->config->root_count = i + 1;
    }
    return KC_OK;
}

size_t kc_config_root_find(const struct kc_config *config, const char *name)
{
    size_t number = 0;
    while (number < config->root_count && strcmp(config->roots[number].name, name) != 0)
        number++;
    return number;
}
