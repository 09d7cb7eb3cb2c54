/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/settings.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A name of the DNS in letters, digits, points and hyphens; kept as it is written. */
static bool is_name(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size < KC_FRONT_NAME_SIZE && text[0] != '.' && text[size - 1] != '.' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
               size;
}

static enum kc_error read_name(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    enum kc_error error = kc_parse_text(parse, setting, row, destination);
    if (error == KC_OK && !is_name(destination))
        error = kc_parse_problem(parse, setting, "not a DNS name:", destination);
    return error;
}

static enum kc_error read_host(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_front_settings *settings = destination;
    if (!is_name(text) ||
        !kc_text_copy(settings->hosts[settings->host_count], KC_FRONT_NAME_SIZE, text))
        return kc_parse_problem(parse, setting, "not a DNS name:", text);
    settings->host_count++;
    return KC_OK;
}

static enum kc_error read_hosts(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_texts(parse, setting, KC_FRONT_HOSTS_MAX, read_host, destination);
}

static enum kc_error read_address(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    struct in6_addr unused;
    enum kc_error error = kc_parse_text(parse, setting, row, destination);
    if (error == KC_OK && inet_pton(AF_INET, destination, &unused) != 1 &&
        inet_pton(AF_INET6, destination, &unused) != 1)
        error = kc_parse_problem(parse, setting, "not a numeric address:", destination);
    return error;
}

#define TLS(field) offsetof(struct kc_front_tls, field), 1, sizeof((struct kc_front_tls *)0)->field
static const struct kc_setting tls_rows[] = {
    {"certificate", kc_parse_path, TLS(certificate), false},
    {"object", kc_parse_text, TLS(object), false},
    {"key", kc_parse_text, TLS(key), true},
};

static enum kc_error read_tls(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    struct kc_front_settings *settings = destination;
    (void)row;
    enum kc_error error = kc_parse_group(parse, setting, tls_rows, COUNT(tls_rows), &settings->tls);
    if (error == KC_OK && !settings->tls.certificate[0] == !settings->tls.object[0])
        error = kc_parse_problem(parse, setting, "either certificate or object is needed", NULL);
    settings->has_tls = true;
    return error;
}

#define LIMIT(field, least, most)                                                                  \
    {                                                                                              \
#field, kc_parse_number, offsetof(struct kc_front_limits, field), least, most, false       \
    }
static const struct kc_setting limit_rows[] = {
    LIMIT(connections, 1, 65536),
    LIMIT(connections_per_address, 1, 65536),
    LIMIT(rate, 0, 1000000),
    LIMIT(burst, 1, 1000000),
    LIMIT(body_size, 1024, 262144),
    LIMIT(message_size, 1024, 131072),
    LIMIT(pending, 1, 65536),
    LIMIT(workers, 1, 64),
    LIMIT(accounts, 1, 100000000),
    LIMIT(frames, 2, 16777216),
    LIMIT(request_deadline_s, 1, 3600),
    LIMIT(handshake_deadline_ms, 100, 60000),
    LIMIT(custodian_deadline_ms, 100, 60000),
    LIMIT(stop_deadline_ms, 100, 60000),
};

static enum kc_error read_limits(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_group(parse, setting, limit_rows, COUNT(limit_rows), destination);
}

#define FIELD(field)                                                                               \
    offsetof(struct kc_front_settings, field), 1, sizeof((struct kc_front_settings *)0)->field
static const struct kc_setting rows[] = {
    {"service", read_name, FIELD(service), true},
    {"hosts", read_hosts, 0, 0, 0, false},
    {"path", kc_parse_path, FIELD(path), false},
    {"address", read_address, FIELD(address), false},
    {"port", kc_parse_number, offsetof(struct kc_front_settings, port), 0, 65535, false},
    {"custodian", kc_parse_path, FIELD(custodian), false},
    {"store", kc_parse_path, FIELD(store), true},
    {"user", kc_parse_user, offsetof(struct kc_front_settings, user), 1, UINT32_MAX - 1, false},
    {"tls", read_tls, 0, 0, 0, false},
    {"limits", read_limits, offsetof(struct kc_front_settings, limits), 0, 0, false},
};

void kc_front_setting_groups(struct kc_setting_group groups[static KC_FRONT_SETTING_GROUPS])
{
    groups[0] = (struct kc_setting_group){"", rows, COUNT(rows), 0};
    groups[1] = (struct kc_setting_group){
        "tls", tls_rows, COUNT(tls_rows), offsetof(struct kc_front_settings, tls)};
    groups[2] = (struct kc_setting_group){
        "limits", limit_rows, COUNT(limit_rows), offsetof(struct kc_front_settings, limits)};
}

bool kc_front_is_loopback(const char *address)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, address, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static const struct kc_front_settings defaults = {
    .path = "/.well-known/mmm",
    .address = "::",
    .port = 443,
    .custodian = "/run/custodian/socket",
    .limits = {.connections = 256,
        .connections_per_address = 32,
        .rate = 50,
        .burst = 100,
        .body_size = 131072,
        .message_size = 65536,
        .pending = 256,
        .workers = 16,
        .accounts = 100000,
        .frames = 65536,
        .request_deadline_s = 20,
        .handshake_deadline_ms = 1000,
        .custodian_deadline_ms = 5000,
        .stop_deadline_ms = 5000},
};

static enum kc_error check_whole(
    struct kc_parse *parse, const config_setting_t *file, const struct kc_front_settings *settings)
{
    if (!settings->has_tls && !kc_front_is_loopback(settings->address))
        return kc_parse_problem(
            parse, file, "without tls the address has to be a loopback one:", settings->address);
    return KC_OK;
}

enum kc_error kc_front_settings_parse(const char *name, const char *text,
    struct kc_front_settings *settings, struct kc_config_problem *problem)
{
    struct kc_parse parse = {.name = name, .problem = problem};
    struct kc_front_settings made = defaults;
    config_t file;

    enum kc_error error = kc_parse_file(&parse, text, &file);
    if (error == KC_OK)
        error = kc_parse_group(&parse, config_root_setting(&file), rows, COUNT(rows), &made);
    if (error == KC_OK)
        error = check_whole(&parse, config_root_setting(&file), &made);
    config_destroy(&file);
    if (error == KC_OK)
        *settings = made;
    return error;
}

enum kc_error kc_front_settings_load(
    const char *path, struct kc_front_settings *settings, struct kc_config_problem *problem)
{
    char *text = NULL;
    int file = -1;
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

    enum kc_error error = kc_config_open(path, &file, problem);
    if (error == KC_OK)
        error = kc_config_read(file, path, &text, problem);
    if (error == KC_OK)
        error = kc_front_settings_parse(name, text, settings, problem);
    free(text);
    if (file >= 0)
        close(file);
    return error;
}
