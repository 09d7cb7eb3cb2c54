/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decrypting a DARE envelope: the custodian unwraps the base seed, with the service's contribution
 * if its key is split; the content is decrypted here. The service is a custodian, or a Mesh service
 * that is asked by Operate.
 */
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/opening.h"
#include "custodian/cli/operate.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/secret.h"
#include "proto/dare_envelope.h"

#include <stdlib.h>
#include <string.h>

static enum kc_error unwrap_with_info(struct kc_cli *cli, const struct kc_cli_opening *opening,
    const char *kek_info, struct kc_cli_call *call)
{
    enum kc_error error = kc_cli_call_begin(cli, call, KC_OPERATION_DECRYPT);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(call, KC_FIELD_KEY, opening->key.id);
    kc_cli_call_octets(call, KC_FIELD_PEER, (struct kc_span){opening->peer, opening->peer_size});
    kc_cli_call_octets(call, KC_FIELD_WRAPPED,
        (struct kc_span){opening->entry->wrapped, sizeof opening->entry->wrapped});
    if (*kek_info != '\0')
        kc_cli_call_octets(
            call, KC_FIELD_KEK_INFO, (struct kc_span){(const uint8_t *)kek_info, strlen(kek_info)});
    if (opening->contribution_size > 0)
        kc_cli_call_octets(call, KC_FIELD_CONTRIBUTION,
            (struct kc_span){opening->contribution, opening->contribution_size});
    return kc_cli_call_try(call);
}

static void report(
    const struct kc_cli_call *call, const struct kc_cli_opening *opening, enum kc_error error)
{
    if (opening->contribution_size == 0)
        kc_cli_key_report(call, &opening->key, error,
            "decrypt where the first one is, with --service for the other, or with --post or "
            "--response if a Mesh service has it");
    else
        kc_cli_call_report(call, error);
}

/* The base seed. Older envelopes have another kek_info and do not say so: the key wrap tells. */
static enum kc_error unwrap(
    struct kc_cli *cli, const struct kc_cli_opening *opening, uint8_t seed[KC_DARE_SEED_SIZE])
{
    static const char *const infos[] = {KC_DARE_KEK_INFO, ""};
    enum kc_error error = KC_ERR_DECRYPTION;
    for (size_t i = 0; i < 2 && error == KC_ERR_DECRYPTION; i++) {
        KC_AUTO_CALL call = {0};
        error = unwrap_with_info(cli, opening, infos[i], &call);
        if (error == KC_OK)
            error = kc_cli_call_answer_secret(&call, KC_FIELD_SECRET, seed, KC_DARE_SEED_SIZE);
        else if (error != KC_ERR_DECRYPTION || i == 1)
            report(&call, opening, error);
    }
    return error;
}

static enum kc_error unlock(
    struct kc_cli *cli, struct kc_cli_opening *opening, uint8_t seed[KC_DARE_SEED_SIZE])
{
    enum kc_error error = kc_cli_opening_ask(cli, opening);
    if (error == KC_OK)
        error = unwrap(cli, opening, seed);
    kc_wipe(opening->contribution, sizeof opening->contribution);
    return error;
}

static enum kc_error decrypt_body(const struct kc_cli *cli, const struct kc_dare_envelope *envelope,
    const uint8_t seed[KC_DARE_SEED_SIZE], const char *path)
{
    struct kc_dare_content content;
    KC_AUTO_OCTETS plaintext = {NULL, 0};
    size_t size = 0;
    enum kc_error error = kc_cli_octets_new(cli, envelope->body_size, &plaintext);
    if (error != KC_OK)
        return error;
    error = kc_dare_content_derive(
        seed, (struct kc_span){envelope->salt, envelope->salt_size}, &content);
    if (error == KC_OK)
        error = kc_dare_content_decrypt(&content,
            (struct kc_span){envelope->body, envelope->body_size}, plaintext.bytes, &size);
    kc_wipe(&content, sizeof content);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, NULL);
    return kc_cli_write(cli, path, (struct kc_span){plaintext.bytes, size}, 0600);
}

static enum kc_error decrypt(
    struct kc_cli *cli, const struct kc_dare_envelope *envelope, const char *path)
{
    struct kc_cli_opening opening;
    uint8_t seed[KC_DARE_SEED_SIZE];
    enum kc_error error = kc_cli_opening_find(cli, envelope, &opening);
    if (error == KC_OK)
        error = unlock(cli, &opening, seed);
    if (error == KC_OK)
        error = decrypt_body(cli, envelope, seed, path);
    kc_wipe(seed, sizeof seed);
    return error;
}

static enum kc_error read_envelope(const struct kc_cli *cli, struct kc_dare_envelope *envelope)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    enum kc_error error = kc_cli_read(cli, cli->arguments[0], KC_DARE_FILE_MAX, &text);
    if (error != KC_OK)
        return error;
    kc_cli_wait_begin(cli, "reading the envelope");
    error = kc_dare_envelope_read(kc_cli_span(&text), envelope);
    if (error == KC_OK && envelope->recipient_count == 0)
        error = KC_ERR_ENVELOPE;
    kc_cli_wait_end();
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "%s", cli->arguments[0]);
}

/* Reads the envelope that the first argument names, and does something with it. */
typedef enum kc_error with_envelope(
    struct kc_cli *cli, const struct kc_dare_envelope *envelope, const char *path);

static enum kc_error run(struct kc_cli *cli, with_envelope *what, const char *path)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    enum kc_error error = read_envelope(cli, envelope);
    if (error == KC_OK)
        error = what(cli, envelope, path);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

enum kc_error kc_cli_decrypt(struct kc_cli *cli)
{
    char *path = NULL;
    enum kc_error error = kc_cli_output_path(cli, cli->arguments[0], ".dare", false, &path);
    if (error == KC_OK)
        error = run(cli, decrypt, path);
    free(path);
    return error;
}

static enum kc_error write_request(
    struct kc_cli *cli, const struct kc_dare_envelope *envelope, const char *path)
{
    struct kc_cli_opening opening;
    KC_AUTO_OCTETS request = {NULL, 0};
    enum kc_error error = kc_cli_opening_find(cli, envelope, &opening);
    if (error == KC_OK && !kc_cli_key_is_share(&opening.key))
        error = kc_cli_refuse(
            cli, KC_ERR_USAGE, "the key %s is whole: custodian decrypt opens it", opening.key.id);
    if (error == KC_OK)
        error = kc_cli_operate_agree(
            cli, &opening.key, (struct kc_span){opening.peer, opening.peer_size}, &request);
    return error == KC_OK ? kc_cli_write(cli, path, kc_cli_span(&request), 0644) : error;
}

enum kc_error kc_cli_mesh_request_decrypt(struct kc_cli *cli)
{
    return run(cli, write_request, cli->values[KC_CLI_OUTPUT]);
}
