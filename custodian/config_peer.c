/* SPDX-License-Identifier: Apache-2.0 */
/* The other custodians that a configuration names. */
#include "custodian/config_setting.h"

#include <string.h>

static enum kc_error read_keyring(
    struct kc_parse *parse, const config_setting_t *setting, const char *text, void *destination)
{
    struct kc_config_peer *peer = destination;
    return kc_parse_keyring_bits(parse, setting, text, &peer->keyrings);
}

static enum kc_error read_keyrings(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *peer)
{
    (void)row;
    return kc_parse_texts(parse, setting, KC_KEYRINGS_MAX, read_keyring, peer);
}

#define FIELD(field) offsetof(struct kc_config_peer, field)
#define SIZE(field) sizeof(((struct kc_config_peer *)0)->field)
static const struct kc_setting peer_rows[] = {
    {"name", kc_parse_text, FIELD(name), 0, SIZE(name), true},
    {"socket", kc_parse_path, FIELD(socket), 0, SIZE(socket), false},
    {"address", kc_parse_address, FIELD(address), 0, SIZE(address), false},
    {"port", kc_parse_number, FIELD(port), 1, 65535, false},
    {"certificate_name", kc_parse_certificate_name, FIELD(certificate_name), 0,
        SIZE(certificate_name), false},
    {"keyrings", read_keyrings, 0, 0, 0, false},
    {"deadline_ms", kc_parse_number, FIELD(deadline_ms), 100, 600000, false},
};

struct kc_setting_group kc_config_peer_group(void)
{
    return (struct kc_setting_group){"peers", peer_rows, sizeof peer_rows / sizeof *peer_rows,
        offsetof(struct kc_config, peers)};
}

/* Names tell peers apart, and a keyring's keys have their second shares in one place. */
static enum kc_error check_against_others(
    struct kc_parse *parse, const config_setting_t *setting, const struct kc_config_peer *peer)
{
    for (const struct kc_config_peer *other = parse->config->peers; other < peer; other++) {
        if (strcmp(other->name, peer->name) == 0)
            return kc_parse_problem(parse, setting, "this peer is named twice:", peer->name);
        if (other->keyrings & peer->keyrings)
            return kc_parse_problem(
                parse, setting, "a keyring of this peer has another already:", peer->name);
    }
    return KC_OK;
}

/* A socket, or an address and whose certificate is expected there. */
static enum kc_error check_way(
    struct kc_parse *parse, const config_setting_t *setting, const struct kc_config_peer *peer)
{
    bool by_address = peer->address[0] != 0;
    if (by_address == (peer->socket[0] != 0))
        return kc_parse_problem(
            parse, setting, "one of socket and address is needed for", peer->name);
    if (by_address != (peer->certificate_name[0] != 0))
        return kc_parse_problem(
            parse, setting, "address and certificate_name come together for", peer->name);
    return KC_OK;
}

static enum kc_error read_peer(struct kc_parse *parse, const config_setting_t *setting)
{
    struct kc_config *config = parse->config;
    struct kc_config_peer *peer = &config->peers[config->peer_count];
    enum kc_error error =
        kc_parse_group(parse, setting, peer_rows, sizeof peer_rows / sizeof *peer_rows, peer);
    if (error == KC_OK)
        error = check_way(parse, setting, peer);
    if (error == KC_OK)
        error = check_against_others(parse, setting, peer);
    if (error == KC_OK)
        config->peer_count++;
    return error;
}

enum kc_error kc_parse_peers(struct kc_parse *parse, const config_setting_t *setting,
    const struct kc_setting *row, void *destination)
{
    struct kc_config_peer *peers = destination;
    (void)row;
    for (size_t i = 1; i < KC_CONFIG_PEERS_MAX; i++)
        peers[i] = peers[0]; /* what is usual */
    return kc_parse_groups(parse, setting, KC_CONFIG_PEERS_MAX, read_peer);
}

const struct kc_config_peer *kc_config_peer_of(const struct kc_config *config, const char *keyring)
{
    for (size_t i = 0; i < config->policy.keyring_count; i++) {
        if (strcmp(config->policy.keyrings[i], keyring) != 0)
            continue;
        for (size_t j = 0; j < config->peer_count; j++)
            if (config->peers[j].keyrings >> i & 1)
                return &config->peers[j];
    }
    return NULL;
}

const struct kc_config_peer *kc_config_peer_named(
    const struct kc_config *config, const char *name, size_t size)
{
    for (size_t i = 0; i < config->peer_count; i++)
        if (strlen(config->peers[i].name) == size && memcmp(config->peers[i].name, name, size) == 0)
            return &config->peers[i];
    return NULL;
}
