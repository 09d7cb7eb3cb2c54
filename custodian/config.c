/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "custodian/config_setting.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Octal digits in a text: libconfig has no octal numbers, and 0666 would be 666. */
static enum kc_error read_mode(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    const char *text = config_setting_get_string(setting);
    char *end = NULL;
    unsigned long mode = text ? strtoul(text, &end, 8) : 0;

    if (!text || *end != '\0' || mode < row->least || mode > row->most)
        return kc_parse_problem(parse, setting, "not a mode such as \"0666\":", row->name);
    *(uint32_t *)destination = (uint32_t)mode;
    return KC_OK;
}

static enum kc_error read_keyring(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_policy *policy = destination;
    size_t size = strlen(text);

    if (size == 0 || size > KC_KEYRING_NAME_MAX || strcmp(text, "*") == 0)
        return kc_parse_problem(parse, setting, "not a name for a keyring:", text);
    for (size_t i = 0; i < policy->keyring_count; i++)
        if (strcmp(policy->keyrings[i], text) == 0)
            return kc_parse_problem(parse, setting, "this keyring is listed twice:", text);
    memcpy(policy->keyrings[policy->keyring_count++], text, size + 1);
    return KC_OK;
}

static enum kc_error read_keyrings(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_texts(parse, setting, KC_KEYRINGS_MAX, read_keyring, destination);
}

enum kc_error kc_parse_user(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    struct kc_config_user user = {0};
    const char *name = config_setting_get_string(setting);

    if (name) {
        const struct passwd *entry = getpwnam(name);
        if (!entry || !kc_text_copy(user.name, sizeof user.name, name))
            return kc_parse_problem(parse, setting, "no such user", name);
        user.user = entry->pw_uid;
        user.group = entry->pw_gid;
    } else {
        uint32_t number = 0;
        enum kc_error error = kc_parse_number(parse, setting, row, &number);
        if (error != KC_OK)
            return error;
        user.user = user.group = number;
        snprintf(user.name, sizeof user.name, "%u", (unsigned)number);
    }
    if (user.user == 0)
        return kc_parse_problem(
            parse, setting, "no process of the custodian runs as root:", row->name);
    *(struct kc_config_user *)destination = user;
    return KC_OK;
}

static const struct kc_setting user_rows[] = {
    {"desk", kc_parse_user, 0 * sizeof(struct kc_config_user), 1, UINT32_MAX - 1, true},
    {"vault", kc_parse_user, 1 * sizeof(struct kc_config_user), 1, UINT32_MAX - 1, true},
    {"root", kc_parse_user, 2 * sizeof(struct kc_config_user), 1, UINT32_MAX - 1, true},
    {"courier", kc_parse_user, 3 * sizeof(struct kc_config_user), 1, UINT32_MAX - 1, false},
    {"listener", kc_parse_user, KC_CONFIG_LISTENER * sizeof(struct kc_config_user), 1,
        UINT32_MAX - 1, false},
};

static enum kc_error read_users(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_group(parse, setting, user_rows, COUNT(user_rows), destination);
}

#define LIMIT(field, least, most)                                                                  \
    {                                                                                              \
#field, kc_parse_number, offsetof(struct kc_config_limits, field), least, most, false      \
    }
static const struct kc_setting limit_rows[] = {
    LIMIT(clients, 1, 65536),
    LIMIT(in_flight, 1, 65536),
    LIMIT(sessions, 1, 65536),
    LIMIT(cache, 1, 1u << 20),
    LIMIT(session_deadline_ms, 100, 3600000),
    LIMIT(frost_deadline_ms, 100, 3600000),
    LIMIT(session_wait_ms, 100, 3600000),
    LIMIT(stop_deadline_ms, 100, 60000),
};

static enum kc_error read_limits(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_group(parse, setting, limit_rows, COUNT(limit_rows), destination);
}

#define FRESHNESS(field, most)                                                                     \
    {                                                                                              \
#field, kc_parse_number, offsetof(struct kc_config_freshness, field), 0, most, false       \
    }
static const struct kc_setting freshness_rows[] = {
    FRESHNESS(interval_s, 86400),
    FRESHNESS(burst, 1000),
    FRESHNESS(rotate_after_h, 87600),
    FRESHNESS(required, 1),
};

static enum kc_error read_freshness(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_group(parse, setting, freshness_rows, COUNT(freshness_rows), destination);
}

#define OPERATE(field, most)                                                                       \
    {                                                                                              \
#field, kc_parse_number, offsetof(struct kc_config_operate, field), 0, most, false         \
    }
static const struct kc_setting operate_rows[] = {
    OPERATE(rate, 1000000000),
    OPERATE(total, UINT32_MAX),
    OPERATE(member_age_h, 87600),
    OPERATE(exports, 1),
    OPERATE(offsets, 1),
};

static enum kc_error read_operate(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_group(parse, setting, operate_rows, COUNT(operate_rows), destination);
}

#define FIELD(field) offsetof(struct kc_config, field)
static const struct kc_setting top_rows[] = {
    {"socket", kc_parse_path, FIELD(socket), 0, KC_CONFIG_SOCKET_PATH_SIZE, true},
    {"socket_mode", read_mode, FIELD(socket_mode), 0600, 0777, false},
    {"store", kc_parse_path, FIELD(store), 0, KC_CONFIG_PATH_SIZE, true},
    {"arena_size", kc_parse_number, FIELD(arena_size), 256 * 1024, 1u << 30, false},
    {"users", read_users, FIELD(users), 0, 0, false},
    {"root", kc_parse_root, FIELD(roots), 0, 0, true},
    {"roots", kc_parse_roots, FIELD(roots), 0, 0, false},
    {"limits", read_limits, FIELD(limits), 0, 0, false},
    {"freshness", read_freshness, FIELD(freshness), 0, 0, false},
    {"operate", read_operate, FIELD(operate), 0, 0, false},
    {"keyrings", read_keyrings, FIELD(policy), 0, 0, true},
    {"policy", kc_parse_policy, FIELD(policy), 0, 0, true},
    {"peers", kc_parse_peers, FIELD(peers), 0, 0, false},
    {"tls", kc_parse_tls, FIELD(tls), 0, 0, false},
    {"listen", kc_parse_listen, FIELD(listen), 0, 0, false},
};

void kc_config_groups(struct kc_setting_group groups[static KC_SETTING_GROUPS])
{
    groups[0] = (struct kc_setting_group){"", top_rows, COUNT(top_rows), 0};
    groups[1] = (struct kc_setting_group){"users", user_rows, COUNT(user_rows), FIELD(users)};
    groups[2] = kc_config_root_group();
    groups[3] = (struct kc_setting_group){"limits", limit_rows, COUNT(limit_rows), FIELD(limits)};
    groups[4] = kc_config_rule_group();
    groups[5] = (struct kc_setting_group){
        "freshness", freshness_rows, COUNT(freshness_rows), FIELD(freshness)};
    groups[6] = kc_config_peer_group();
    kc_config_tls_groups(&groups[7]);
    groups[10] =
        (struct kc_setting_group){"operate", operate_rows, COUNT(operate_rows), FIELD(operate)};
}

static const struct kc_config defaults = {
    .socket_mode = 0666,
    .arena_size = 4 * 1024 * 1024,
    .roots = {{.name = KC_CONFIG_ROOT_NAME,
        .srk_handle = 0x81000001,
        .policy_counter = 0x01804b50,
        .head_handle = 0x01804b43,
        .key_label = "custodian",
        .timeout_s = 20}},
    .root_count = 1,
    .limits = {.clients = 256,
        .in_flight = 1024,
        .sessions = 1024,
        .cache = 1024,
        .session_deadline_ms = 10000,
        .frost_deadline_ms = 120000,
        .session_wait_ms = 5000,
        .stop_deadline_ms = 5000},
    .peers = {{.deadline_ms = 5000, .port = 7415}},
    .listen = {.port = 7415, .connections = 16},
    .freshness = {.interval_s = 600, .burst = 32, .rotate_after_h = 168, .required = 1},
    .operate = {.rate = 3600, .member_age_h = 24},
};

struct kc_config_root kc_config_root_usual(void)
{
    return defaults.roots[0];
}

/* Whether a process is there at all. */
static bool is_needed(const struct kc_config *config, size_t process)
{
    if (process == KC_CONFIG_COURIER)
        return config->peer_count > 0;
    if (process == KC_CONFIG_LISTENER)
        return config->listen.address[0] != 0;
    return process < KC_CONFIG_ROOT_2 || process - KC_CONFIG_ROOT_2 + 1 < config->root_count;
}

static bool no_two_are_the_same(const struct kc_config *config)
{
    for (size_t i = 1; i < KC_CONFIG_PROCESSES; i++)
        for (size_t j = 0; j < i; j++)
            if (is_needed(config, i) && is_needed(config, j) &&
                config->users[i].user == config->users[j].user)
                return false;
    return true;
}

/* A root has the user of its own settings, else the one of all roots. */
static void settle_root_users(struct kc_config *config)
{
    const struct kc_config_user usual = config->users[KC_CONFIG_ROOT];
    for (size_t i = 0; i < config->root_count; i++) {
        const struct kc_config_user *own = &config->roots[i].user;
        size_t process = i == 0 ? KC_CONFIG_ROOT : KC_CONFIG_ROOT_2 + i - 1;
        config->users[process] = own->user != 0 ? *own : usual;
    }
}

static void become_oneself(struct kc_config_user *user)
{
    const struct passwd *entry = getpwuid(geteuid());
    *user = (struct kc_config_user){.user = geteuid(), .group = getegid()};
    if (!entry || !kc_text_copy(user->name, sizeof user->name, entry->pw_name))
        snprintf(user->name, sizeof user->name, "%u", (unsigned)geteuid());
}

/* Rights can be dropped just by root; anyone else runs all processes as himself, whatever `users`
 * says. */
static enum kc_error settle_users(struct kc_parse *parse, const config_setting_t *top)
{
    struct kc_config *config = parse->config;

    config->drops_rights = geteuid() == 0;
    if (config->drops_rights && config->users[0].user == 0)
        return kc_parse_problem(parse, top, "started as root, so this is needed:", "users");
    if (config->drops_rights && is_needed(config, KC_CONFIG_COURIER) &&
        config->users[KC_CONFIG_COURIER].user == 0)
        return kc_parse_problem(parse, top, "there are peers, so this user is needed:", "courier");
    settle_root_users(config);
    if (config->drops_rights && is_needed(config, KC_CONFIG_LISTENER) &&
        config->users[KC_CONFIG_LISTENER].user == 0)
        return kc_parse_problem(parse, top, "it listens, so this user is needed:", "listener");
    for (size_t i = 0; !config->drops_rights && i < KC_CONFIG_PROCESSES; i++)
        become_oneself(&config->users[i]);
    for (size_t i = 0; !config->drops_rights && i < config->listen.remote_count; i++)
        become_oneself(&config->listen.remotes[i].user);
    config->separate_users = no_two_are_the_same(config);
    return KC_OK;
}

static enum kc_error parse_text(struct kc_parse *parse, config_t *file, const char *text)
{
    enum kc_error error = kc_parse_file(parse, text, file);
    const config_setting_t *top = config_root_setting(file);
    if (error == KC_OK)
        error = kc_parse_group(parse, top, top_rows, COUNT(top_rows), parse->config);
    if (error == KC_OK)
        error = kc_parse_check_tls(parse, top);
    return error == KC_OK ? settle_users(parse, top) : error;
}

enum kc_error kc_config_parse(const char *name, const char *text, struct kc_config **config,
    struct kc_config_problem *problem)
{
    struct kc_config *made = malloc(sizeof *made);
    struct kc_parse parse = {.name = name, .config = made, .problem = problem};
    config_t file;

    if (!made)
        return KC_ERR_NO_MEMORY;
    *made = defaults;
    enum kc_error error = parse_text(&parse, &file, text);
    config_destroy(&file);
    if (error != KC_OK) {
        kc_config_free(made);
        return error;
    }
    *config = made;
    return KC_OK;
}

static enum kc_error say(
    struct kc_config_problem *problem, enum kc_error error, const char *name, const char *words)
{
    snprintf(problem->text, sizeof problem->text, "%.120s: %.120s", name, words);
    return error;
}

enum kc_error kc_config_read(
    int descriptor, const char *name, char **text, struct kc_config_problem *problem)
{
    char *bytes = malloc(KC_CONFIG_SIZE_MAX + 1);
    size_t size = 0;
    ssize_t got = 1;

    if (!bytes)
        return KC_ERR_NO_MEMORY;
    while (got > 0 && size <= KC_CONFIG_SIZE_MAX) {
        got = pread(descriptor, bytes + size, KC_CONFIG_SIZE_MAX + 1 - size, (off_t)size);
        size += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 || size > KC_CONFIG_SIZE_MAX || memchr(bytes, '\0', size)) {
        free(bytes);
        return say(problem, KC_ERR_CONFIG, name, "cannot be read, is too large, or is not text");
    }
    bytes[size] = '\0';
    *text = bytes;
    return KC_OK;
}

static bool is_protected(const struct stat *status)
{
    return (status->st_uid == 0 || status->st_uid == geteuid()) &&
           (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static enum kc_error check_folder(const char *path, struct kc_config_problem *problem)
{
    char copy[KC_CONFIG_PATH_SIZE];
    struct stat status;

    if (!kc_text_copy(copy, sizeof copy, path))
        return say(problem, KC_ERR_CONFIG, path, "the path is too long");
    const char *folder = dirname(copy);
    if (stat(folder, &status) < 0)
        return say(problem, KC_ERR_CONFIG, folder, strerrordesc_np(errno));
    if (!is_protected(&status))
        return say(problem, KC_ERR_CONFIG_PERMISSIONS, folder,
            "the folder must be owned by root or this user, and only writable for its owner");
    return KC_OK;
}

enum kc_error kc_config_open(const char *path, int *descriptor, struct kc_config_problem *problem)
{
    struct stat status;
    enum kc_error error = check_folder(path, problem);

    if (error != KC_OK)
        return error;
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (opened < 0)
        return say(problem, KC_ERR_CONFIG, path, strerrordesc_np(errno));
    /* looked at through the descriptor: what was checked is what is read */
    if (fstat(opened, &status) < 0 || !S_ISREG(status.st_mode) || !is_protected(&status)) {
        close(opened);
        return say(problem, KC_ERR_CONFIG_PERMISSIONS, path,
            "must be a file, owned by root or this user, and only writable for its owner");
    }
    *descriptor = opened;
    return KC_OK;
}

const char *kc_config_users_text(const struct kc_config *config)
{
    const struct kc_config_user *users = config->users;
    bool one = users[0].user == users[1].user && users[0].user == users[2].user;
    return config->separate_users ? "separate" : one ? users[0].name : "partly separate";
}

void kc_config_free(struct kc_config *config)
{
    if (!config)
        return;
    free(config->policy.rules);
    free(config);
}
