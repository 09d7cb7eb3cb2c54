/* SPDX-License-Identifier: Apache-2.0 */
/* Custodians that are reached, or reach this one, over TLS. */
#include "custodian/config_setting.h"

#include <arpa/inet.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* In digits: who looks names up would need files and sockets that courier and listener do not have. */
enum kc_error kc_parse_address(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    struct in6_addr binary; /* the larger of the two */
    enum kc_error error = kc_parse_text(parse, setting, row, destination);
    if (error == KC_OK && inet_pton(AF_INET, destination, &binary) != 1 &&
        inet_pton(AF_INET6, destination, &binary) != 1)
        error =
            kc_parse_problem(parse, setting, "not an address such as \"192.0.2.1\":", destination);
    return error;
}

#define TLS(field)                                                                                 \
    {                                                                                              \
#field, kc_parse_path, offsetof(struct kc_config_tls, field), 0, KC_CONFIG_PATH_SIZE, true \
    }
static const struct kc_setting tls_rows[] = {TLS(certificate), TLS(key), TLS(authorities),
    {"revocations", kc_parse_path, offsetof(struct kc_config_tls, revocations), 0,
        KC_CONFIG_PATH_SIZE, false}};

enum kc_error kc_parse_tls(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_group(parse, setting, tls_rows, COUNT(tls_rows), destination);
}

#define REMOTE(field) offsetof(struct kc_config_remote, field)
static const struct kc_setting remote_rows[] = {
    {"certificate_name", kc_parse_certificate_name, REMOTE(certificate_name), 0,
        KC_CONFIG_HOST_NAME_SIZE, true},
    {"user", kc_parse_user, REMOTE(user), 1, UINT32_MAX - 1, true},
    {"connections", kc_parse_number, REMOTE(connections), 0, 256, false},
    {"rate", kc_parse_number, REMOTE(rate), 0, 1000000, false},
};

static enum kc_error read_remote(struct kc_parse *parse, const config_setting_t *setting)
{
    struct kc_config_listen *listen = &parse->config->listen;
    struct kc_config_remote *remote = &listen->remotes[listen->remote_count];
    enum kc_error error = kc_parse_group(parse, setting, remote_rows, COUNT(remote_rows), remote);
    for (size_t i = 0; error == KC_OK && i < listen->remote_count; i++)
        if (strcasecmp(listen->remotes[i].certificate_name, remote->certificate_name) == 0)
            error = kc_parse_problem(
                parse, setting, "this certificate is named twice:", remote->certificate_name);
    if (error == KC_OK)
        listen->remote_count++;
    return error;
}

static enum kc_error read_remotes(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    (void)destination;
    return kc_parse_groups(parse, setting, KC_CONFIG_REMOTES_MAX, read_remote);
}

/* Ports below 1024 are for root, which the listener is not. */
#define LISTEN(field) offsetof(struct kc_config_listen, field)
static const struct kc_setting listen_rows[] = {
    {"address", kc_parse_address, LISTEN(address), 0, KC_CONFIG_ADDRESS_SIZE, true},
    {"port", kc_parse_number, LISTEN(port), 1024, 65535, false},
    {"connections", kc_parse_number, LISTEN(connections), 1, 256, false},
    {"remotes", read_remotes, LISTEN(remotes), 0, 0, true},
};

enum kc_error kc_parse_listen(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    (void)row;
    return kc_parse_group(parse, setting, listen_rows, COUNT(listen_rows), destination);
}

void kc_config_tls_groups(struct kc_setting_group groups[static 3])
{
    groups[0] = (struct kc_setting_group){
        "tls", tls_rows, COUNT(tls_rows), offsetof(struct kc_config, tls)};
    groups[1] = (struct kc_setting_group){
        "listen", listen_rows, COUNT(listen_rows), offsetof(struct kc_config, listen)};
    groups[2] = (struct kc_setting_group){
        "remotes", remote_rows, COUNT(remote_rows), offsetof(struct kc_config, listen.remotes)};
}

enum kc_error kc_parse_check_tls(struct kc_parse *parse, const config_setting_t *top)
{
    const struct kc_config *config = parse->config;
    bool needed = config->listen.address[0] != 0;
    for (size_t i = 0; i < config->peer_count; i++)
        needed = needed || config->peers[i].address[0] != 0;
    return needed && !config->tls.certificate[0]
               ? kc_parse_problem(parse, top, "listen and address need", "tls")
               : KC_OK;
}
