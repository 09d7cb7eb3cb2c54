/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/config_setting.h"

#include <stdio.h>
#include <string.h>

enum kc_error kc_parse_problem(
    struct kc_parse *parse, const config_setting_t *setting, const char *words, const char *value)
{
    char line[16] = "";
    if (config_setting_source_line(setting) > 0) /* the file as a whole has none */
        snprintf(line, sizeof line, ":%u", (unsigned)config_setting_source_line(setting));
    snprintf(parse->problem->text, sizeof parse->problem->text, "%s%s: %s%s%s%s", parse->name, line,
        words, value ? " '" : "", value ? value : "", value ? "'" : "");
    return KC_ERR_CONFIG;
}

enum kc_error kc_parse_file(struct kc_parse *parse, const char *text, config_t *file)
{
    config_init(file);
    if (strstr(text, "@include"))
        return kc_parse_problem(
            parse, config_root_setting(file), "@include is not supported", NULL);
    if (config_read_string(file, text))
        return KC_OK;
    snprintf(parse->problem->text, sizeof parse->problem->text, "%s:%d: %s", parse->name,
        config_error_line(file), config_error_text(file));
    return KC_ERR_CONFIG;
}

static const struct kc_setting *find_row(
    const struct kc_setting *rows, size_t row_count, const char *name)
{
    for (size_t i = 0; i < row_count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static enum kc_error check_names(struct kc_parse *parse, const config_setting_t *group,
    const struct kc_setting *rows, size_t row_count)
{
    if (!config_setting_is_group(group))
        return kc_parse_problem(
            parse, group, "this is not a group { ... }:", config_setting_name(group));
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        if (!find_row(rows, row_count, config_setting_name(setting)))
            return kc_parse_problem(
                parse, setting, "unknown setting", config_setting_name(setting));
    }
    return KC_OK;
}

/* In the order of the rows, not of the file: a policy needs the keyrings first. */
enum kc_error kc_parse_group(struct kc_parse *parse, const config_setting_t *group,
    const struct kc_setting *rows, size_t row_count, void *destination)
{
    enum kc_error error = check_names(parse, group, rows, row_count);

    for (size_t i = 0; error == KC_OK && i < row_count; i++) {
        const config_setting_t *setting = config_setting_get_member(group, rows[i].name);
        if (setting)
            error = rows[i].read(parse, setting, &rows[i], (char *)destination + rows[i].offset);
        else if (rows[i].required)
            error = kc_parse_problem(parse, group, "missing setting", rows[i].name);
    }
    return error;
}

enum kc_error kc_parse_texts(struct kc_parse *parse, const config_setting_t *list, size_t most,
    enum kc_error (*read)(struct kc_parse *, const config_setting_t *, const char *, void *),
    void *destination)
{
    if (!config_setting_is_list(list) && !config_setting_is_array(list))
        return kc_parse_problem(
            parse, list, "this is not a list [ ... ]:", config_setting_name(list));
    if ((size_t)config_setting_length(list) > most)
        return kc_parse_problem(parse, list, "too many entries in", config_setting_name(list));
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *element = config_setting_get_elem(list, (unsigned)i);
        const char *text = config_setting_get_string(element);
        if (!text)
            return kc_parse_problem(
                parse, element, "an entry is not a text in", config_setting_name(list));
        enum kc_error error = read(parse, element, text, destination);
        if (error != KC_OK)
            return error;
    }
    return KC_OK;
}

enum kc_error kc_parse_groups(struct kc_parse *parse, const config_setting_t *list, size_t most,
    enum kc_error (*read)(struct kc_parse *, const config_setting_t *))
{
    if (!config_setting_is_list(list))
        return kc_parse_problem(
            parse, list, "this is not a list ( ... ):", config_setting_name(list));
    if ((size_t)config_setting_length(list) > most)
        return kc_parse_problem(parse, list, "too many entries in", config_setting_name(list));
    for (int i = 0; i < config_setting_length(list); i++) {
        enum kc_error error = read(parse, config_setting_get_elem(list, (unsigned)i));
        if (error != KC_OK)
            return error;
    }
    return KC_OK;
}

enum kc_error kc_parse_number(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    int type = config_setting_type(setting);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        return kc_parse_problem(parse, setting, "this is not a number:", row->name);

    long long number = config_setting_get_int64(setting);
    /* a hexadecimal number with its top bit set, such as a TPM handle, is read as a negative int */
    if (type == CONFIG_TYPE_INT && config_setting_get_format(setting) == CONFIG_FORMAT_HEX)
        number = (uint32_t)config_setting_get_int(setting);
    if (number < row->least || number > row->most) {
        bool hex = config_setting_get_format(setting) == CONFIG_FORMAT_HEX;
        char words[64];
        snprintf(words, sizeof words,
            hex ? "not within 0x%x to 0x%x:" : "not within %u to %u:", (unsigned)row->least,
            (unsigned)row->most);
        return kc_parse_problem(parse, setting, words, row->name);
    }

    *(uint32_t *)destination = (uint32_t)number;
    return KC_OK;
}

enum kc_error kc_parse_text(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    const char *text = config_setting_get_string(setting);
    if (!text)
        return kc_parse_problem(parse, setting, "this is not a text:", row->name);
    if (!*text)
        return kc_parse_problem(parse, setting, "this may not be empty:", row->name);

    size_t size = strlen(text) + 1;
    if (size > row->most)
        return kc_parse_problem(parse, setting, "this is too long:", row->name);
    memcpy(destination, text, size);
    return KC_OK;
}

enum kc_error kc_parse_path(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    const char *text = config_setting_get_string(setting);
    if (text && *text && *text != '/')
        return kc_parse_problem(parse, setting, "not an absolute path:", row->name);
    return kc_parse_text(parse, setting, row, destination);
}

enum kc_error kc_parse_certificate_name(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    const char *text = config_setting_get_string(setting);
    if (text && *text == '.')
        return kc_parse_problem(parse, setting, "not the name of one certificate:", row->name);
    return kc_parse_text(parse, setting, row, destination);
}

enum kc_error kc_parse_keyring_bits(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, uint64_t *keyrings)
{
    const struct kc_policy *policy = &parse->config->policy;
    bool found = false;

    for (size_t i = 0; i < policy->keyring_count; i++) {
        if (strcmp(text, "*") != 0 && strcmp(text, policy->keyrings[i]) != 0)
            continue;
        *keyrings |= UINT64_C(1) << i;
        found = true;
    }
    return found ? KC_OK : kc_parse_problem(parse, setting, "not one of the keyrings:", text);
}
