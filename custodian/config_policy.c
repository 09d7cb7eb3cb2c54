/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a configuration's policy. */
#include "base/text.h"
#include "custodian/config_setting.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_ROLE                                                                                 \
    (1u << KC_ROLE_BASE | 1u << KC_ROLE_ACCOUNT | 1u << KC_ROLE_APPLICATION | 1u << KC_ROLE_WRAP | \
        1u << KC_ROLE_SHARE | 1u << KC_ROLE_DEVICE | 1u << KC_ROLE_QUORUM)

static struct kc_span span(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* A user or group may be given by number, for hosts whose names come and go. */
static bool is_number(const char *text, uint32_t *number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value >= UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    return true;
}

static enum kc_error read_user(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_policy_rule *rule = destination;
    uint32_t number;

    if (strcmp(text, "*") == 0) {
        rule->anyone = true;
        return KC_OK;
    }
    if (!is_number(text, &number)) {
        const struct passwd *entry = getpwnam(text);
        if (!entry)
            return kc_parse_problem(parse, setting, "no such user", text);
        number = entry->pw_uid;
    }
    rule->users[rule->user_count++] = number;
    return KC_OK;
}

static enum kc_error read_group(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_policy_rule *rule = destination;
    uint32_t number;

    if (!is_number(text, &number)) {
        const struct group *entry = getgrnam(text);
        if (!entry)
            return kc_parse_problem(parse, setting, "no such group", text);
        number = entry->gr_gid;
    }
    rule->groups[rule->group_count++] = number;
    return KC_OK;
}

static enum kc_error read_keyring(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_policy_rule *rule = destination;
    return kc_parse_keyring_bits(parse, setting, text, &rule->keyrings);
}

static enum kc_error read_glob(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_policy_rule *rule = destination;
    size_t size = strlen(text);

    if (size == 0 || size > KC_POLICY_GLOB_MAX)
        return kc_parse_problem(parse, setting, "empty, or too long:", text);
    memcpy(rule->keys[rule->key_count++], text, size + 1);
    return KC_OK;
}

static enum kc_error read_role(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_policy_rule *rule = destination;
    uint8_t role = kc_role_find(span(text));

    if (strcmp(text, "*") == 0) {
        rule->roles = EVERY_ROLE;
        return KC_OK;
    }
    if (role == KC_ROLE_NONE)
        return kc_parse_problem(parse, setting, "no such role", text);
    rule->roles |= 1u << role;
    return KC_OK;
}

static enum kc_error read_operator(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_policy_rule *rule = destination;

    if (strcmp(text, KC_WHO_SO) == 0)
        return kc_parse_problem(parse, setting, "the security officer uses no keys:", text);
    if (text[0] == '\0' || !kc_text_copy(rule->operators[rule->operator_count], KC_WHO_SIZE, text))
        return kc_parse_problem(parse, setting, "empty, or too long:", text);
    rule->operator_count++;
    return KC_OK;
}

static enum kc_error read_operation(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_policy_rule *rule = destination;
    enum kc_operation operation;

    if (strcmp(text, "*") == 0) {
        rule->any_operation = true;
        return KC_OK;
    }
    if (!kc_operation_find(text, strlen(text), &operation))
        return kc_parse_problem(parse, setting, "no such operation", text);
    kc_operation_set_add(&rule->operations, operation);
    return KC_OK;
}

/* The lists of a rule; every reader gets the rule itself. */
#define KC_RULE_LIST(function, reader, most)                                                       \
    static enum kc_error function(struct kc_parse *parse, const config_setting_t *setting,         \
        const struct kc_setting *row, void *rule)                                                  \
    {                                                                                              \
        (void)row;                                                                                 \
        return kc_parse_texts(parse, setting, most, reader, rule);                                 \
    }
KC_RULE_LIST(read_users, read_user, KC_POLICY_USERS_MAX)
KC_RULE_LIST(read_groups, read_group, KC_POLICY_USERS_MAX)
KC_RULE_LIST(read_keyrings, read_keyring, KC_KEYRINGS_MAX)
KC_RULE_LIST(read_globs, read_glob, KC_POLICY_GLOBS_MAX)
KC_RULE_LIST(read_roles, read_role, 8)
KC_RULE_LIST(read_operators, read_operator, KC_POLICY_OPERATORS_MAX)
KC_RULE_LIST(read_operations, read_operation, KC_OPERATIONS)

static enum kc_error read_truth(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
        return kc_parse_problem(parse, setting, "not true or false:", row->name);
    *(uint32_t *)destination = config_setting_get_bool(setting) != 0;
    return KC_OK;
}

static const struct kc_setting rule_rows[] = {
    {"name", kc_parse_text, offsetof(struct kc_policy_rule, name), 0, KC_POLICY_NAME_MAX + 1, true},
    {"users", read_users, 0, 0, 0, false},
    {"groups", read_groups, 0, 0, 0, false},
    {"keyrings", read_keyrings, 0, 0, 0, false},
    {"keys", read_globs, 0, 0, 0, false},
    {"roles", read_roles, 0, 0, 0, false},
    {"operations", read_operations, 0, 0, 0, true},
    {"login", read_truth, offsetof(struct kc_policy_rule, login), 0, 0, false},
    {"operators", read_operators, 0, 0, 0, false},
};

struct kc_setting_group kc_config_rule_group(void)
{
    return (struct kc_setting_group){"policy", rule_rows, sizeof rule_rows / sizeof *rule_rows,
        offsetof(struct kc_config, policy)};
}

static bool has_operations(const struct kc_policy_rule *rule)
{
    uint64_t any = rule->any_operation;

    for (size_t i = 0; i < KC_OPERATION_WORDS; i++)
        any |= rule->operations.words[i];
    return any != 0;
}

/* Who is named has to log in, to a keyring of the rule. */
static enum kc_error check_operators(
    struct kc_parse *parse, const config_setting_t *setting, struct kc_policy_rule *rule)
{
    int login = 1;

    if (rule->operator_count == 0 && config_setting_get_member(setting, "operators"))
        return kc_parse_problem(parse, setting, "nobody in operators of rule", rule->name);
    if (rule->operator_count == 0)
        return KC_OK;
    if (rule->keyrings == 0)
        return kc_parse_problem(parse, setting, "operators but no keyrings in rule", rule->name);
    if (config_setting_lookup_bool(setting, "login", &login) && !login)
        return kc_parse_problem(
            parse, setting, "operators, but no login wanted, in rule", rule->name);
    rule->login = 1;
    return KC_OK;
}

static enum kc_error read_rule(
    struct kc_parse *parse, const config_setting_t *setting, struct kc_policy_rule *rule)
{
    enum kc_error error =
        kc_parse_group(parse, setting, rule_rows, sizeof rule_rows / sizeof *rule_rows, rule);
    if (error != KC_OK)
        return error;
    if (!rule->anyone && rule->user_count == 0 && rule->group_count == 0)
        return kc_parse_problem(parse, setting, "nobody in users or groups of rule", rule->name);
    if (!has_operations(rule))
        return kc_parse_problem(parse, setting, "nothing in operations of rule", rule->name);
    error = check_operators(parse, setting, rule);
    if (error != KC_OK)
        return error;
    if (rule->key_count == 0) {
        KC_TEXT_COPY_ARRAY(rule->keys[0], "*");
        rule->key_count = 1;
    }
    if (rule->roles == 0)
        rule->roles = EVERY_ROLE;
    return KC_OK;
}

enum kc_error kc_parse_policy(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    struct kc_policy *policy = destination;
    size_t count = (size_t)config_setting_length(setting);

    if (!config_setting_is_list(setting))
        return kc_parse_problem(parse, setting, "this is not a list ( ... ):", row->name);
    if (count > KC_POLICY_RULES_MAX)
        return kc_parse_problem(parse, setting, "too many rules", NULL);
    policy->rules = calloc(count + 1, sizeof *policy->rules);
    if (!policy->rules)
        return KC_ERR_NO_MEMORY;
    policy->rule_count = count;
    for (size_t i = 0; i < count; i++) {
        enum kc_error error =
            read_rule(parse, config_setting_get_elem(setting, (unsigned)i), &policy->rules[i]);
        if (error != KC_OK)
            return error;
    }
    return KC_OK;
}
