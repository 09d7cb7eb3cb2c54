/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/opening.h"

#include "custodian/cli/operate.h"
#include "custodian/cli/output.h"

#include <string.h>

/* Finds the first entry that a key here can open. */
static enum kc_error find_entry(
    struct kc_cli *cli, const struct kc_dare_envelope *envelope, struct kc_cli_opening *opening)
{
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        opening->entry = &envelope->recipients[i];
        enum kc_error error = kc_cli_key_find_recipient(
            cli, opening->entry->algorithm, opening->entry->kid, &opening->key);
        if (error != KC_ERR_REFUSED)
            return error;
    }
    return kc_cli_fail(cli, KC_ERR_REFUSED,
        "no key here is among the %zu recipients, first of them %s", envelope->recipient_count,
        envelope->recipients[0].kid);
}

/* Finds the entry for a key. */
static enum kc_error find_entry_of_key(
    struct kc_cli *cli, const struct kc_dare_envelope *envelope, struct kc_cli_opening *opening)
{
    char other[KC_UDF_ID_SIZE] = "";
    const struct kc_cli_key *key = &opening->key;
    const char *id = kc_cli_key_is_share(key) ? key->group : key->id;
    if (kc_cli_public_other_id(&key->public, other) != KC_OK)
        other[0] = '\0';
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        opening->entry = &envelope->recipients[i];
        if (strcmp(opening->entry->kid, id) == 0 || strcmp(opening->entry->kid, other) == 0)
            return KC_OK;
    }
    return kc_cli_fail(cli, KC_ERR_ENVELOPE, "%s is not among the recipients", id);
}

/* The ephemeral key as all shares take it: whoever wrote u alone is given the even root. */
static void take_peer(struct kc_cli_opening *opening)
{
    const struct kc_dare_recipient *entry = opening->entry;
    memcpy(opening->peer, entry->ephemeral, entry->ephemeral_size);
    opening->peer_size = entry->ephemeral_size;
    bool is_plain = (strcmp(entry->algorithm, "X448") == 0 && entry->ephemeral_size == 56) ||
                    (strcmp(entry->algorithm, "X25519") == 0 && entry->ephemeral_size == 32);
    if (is_plain)
        opening->peer[opening->peer_size++] = 0x00;
}

/* Asks the service for its contribution. */
static enum kc_error ask_service(struct kc_cli *cli, struct kc_cli_opening *opening)
{
    KC_AUTO_CALL call = {0};
    struct kc_client *service;
    struct kc_cli_key share;
    enum kc_error error = kc_cli_service(cli, &service);
    if (error == KC_OK)
        error = kc_cli_key_find_share(cli, service, opening->key.group, &share);
    if (error != KC_OK)
        return error;
    kc_cli_call_init(&call, cli, service, KC_OPERATION_AGREEMENT_CONTRIBUTE);
    kc_cli_call_text(&call, KC_FIELD_KEY, share.id);
    kc_cli_call_octets(&call, KC_FIELD_PEER, (struct kc_span){opening->peer, opening->peer_size});
    error = kc_cli_call_run(&call);
    struct kc_span contribution;
    if (error == KC_OK)
        error = kc_cli_call_exactly(&call, KC_FIELD_CONTRIBUTION,
            kc_cli_public_info(&opening->key.public)->public_size, &contribution);
    if (error != KC_OK)
        return error;
    memcpy(opening->contribution, contribution.bytes, contribution.size);
    opening->contribution_size = contribution.size;
    return KC_OK;
}

/* What a Mesh service answered: in a file, or to a request that is posted now. */
static enum kc_error answer_get(
    struct kc_cli *cli, const struct kc_cli_opening *opening, struct kc_cli_octets *answer)
{
    KC_AUTO_OCTETS request = {NULL, 0};
    struct kc_span peer = {opening->peer, opening->peer_size};
    if (kc_cli_given(cli, KC_CLI_RESPONSE))
        return kc_cli_read(cli, cli->values[KC_CLI_RESPONSE], (size_t)KC_DATA_SIZE_MAX, answer);
    enum kc_error error = kc_cli_operate_agree(cli, &opening->key, peer, &request);
    return error == KC_OK ? kc_cli_post(cli, &request, answer) : error;
}

static enum kc_error ask_mesh(struct kc_cli *cli, struct kc_cli_opening *opening)
{
    KC_AUTO_OCTETS answer = {NULL, 0};
    enum kc_error error = answer_get(cli, opening, &answer);
    return error == KC_OK ? kc_cli_operate_agreed(cli, &opening->key, kc_cli_span(&answer),
                                opening->contribution, &opening->contribution_size)
                          : error;
}

enum kc_error kc_cli_opening_of_key(struct kc_cli *cli, const struct kc_dare_envelope *envelope,
    const struct kc_cli_key *key, struct kc_cli_opening *opening)
{
    *opening = (struct kc_cli_opening){.key = *key, .entry = envelope->recipients};
    enum kc_error error = find_entry_of_key(cli, envelope, opening);
    if (error == KC_OK)
        take_peer(opening);
    return error;
}

enum kc_error kc_cli_opening_find(
    struct kc_cli *cli, const struct kc_dare_envelope *envelope, struct kc_cli_opening *opening)
{
    struct kc_cli_key key;
    *opening = (struct kc_cli_opening){.entry = envelope->recipients};
    enum kc_error error;
    if (kc_cli_given(cli, KC_CLI_KEY)) {
        error = kc_cli_key_find(cli, cli->values[KC_CLI_KEY], &key);
        return error == KC_OK ? kc_cli_opening_of_key(cli, envelope, &key, opening) : error;
    }
    error = find_entry(cli, envelope, opening);
    if (error == KC_OK)
        take_peer(opening);
    return error;
}

enum kc_error kc_cli_opening_ask(struct kc_cli *cli, struct kc_cli_opening *opening)
{
    if (!kc_cli_key_is_share(&opening->key))
        return KC_OK;
    if (kc_cli_given(cli, KC_CLI_SERVICE))
        return ask_service(cli, opening);
    return kc_cli_given(cli, KC_CLI_POST) || kc_cli_given(cli, KC_CLI_RESPONSE)
               ? ask_mesh(cli, opening)
               : KC_OK; /* alone, the custodian refuses it */
}
