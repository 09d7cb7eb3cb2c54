/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/document.h"

#include "custodian/cli/output.h"
#include "custodian/cli/signer.h"
#include "custodian/cli/write.h"
#include "proto/json_write.h"

#include <stdlib.h>
#include <string.h>

#define KEY_ROOM 256 /* octets of a KeyData */

enum kc_error kc_cli_call_read(
    const struct kc_cli_call *call, enum kc_field field, struct kc_cli_octets *octets)
{
    KC_AUTO_OCTETS read = {NULL, 0};
    const struct kc_values *values = &kc_cli_call_answer(call)->values;
    size_t room = (size_t)kc_fields[field].most, size = 0;
    enum kc_error error = kc_cli_octets_new(call->cli, room + 1, &read);
    if (error != KC_OK)
        return error;
    error = kc_fields[field].type == KC_TYPE_SECRET
                ? kc_client_answer_secret(call->answer, values, field, read.bytes, room, &size)
                : kc_client_answer_data(call->answer, values, field, read.bytes, room, &size);
    if (error != KC_OK)
        return kc_cli_fail(call->cli, error, "%s", kc_fields[field].name);
    read.size = size; /* what is behind it is zero */
    *octets = read;
    read = (struct kc_cli_octets){NULL, 0};
    return KC_OK;
}

enum kc_error kc_cli_call_write(
    const struct kc_cli_call *call, enum kc_field field, const char *path, mode_t mode)
{
    KC_AUTO_OCTETS octets = {NULL, 0};
    enum kc_error error = kc_cli_call_read(call, field, &octets);
    return error == KC_OK ? kc_cli_write(call->cli, path, kc_cli_span(&octets), mode) : error;
}

static void write_key(struct kc_json_writer *w, const struct kc_cli_public *public)
{
    kc_json_write_object(w);
    kc_json_write_name(w, "PublicParameters");
    kc_json_write_object(w);
    kc_json_write_name(w, "PublicKeyECDH");
    kc_json_write_object(w);
    kc_json_write_name(w, "crv");
    kc_json_write_text(w, public->algorithm);
    kc_json_write_name(w, "Public");
    kc_json_write_octets(w, kc_cli_public_span(public));
    for (int i = 0; i < 3; i++)
        kc_json_write_end(w);
}

static enum kc_error write_recipients(struct kc_cli *cli, struct kc_json_writer *w)
{
    kc_json_write_array(w);
    for (size_t i = 0; i < cli->recipient_count; i++) {
        struct kc_cli_public public;
        enum kc_error error = kc_cli_public_find_recipient(cli, cli->recipients[i], &public);
        if (error != KC_OK)
            return error;
        write_key(w, &public);
    }
    kc_json_write_end(w);
    enum kc_error error = kc_json_writer_finish(w);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, NULL);
}

enum kc_error kc_cli_call_recipients(struct kc_cli *cli, struct kc_cli_call *call, char **text)
{
    struct kc_json_writer w;
    size_t room = cli->recipient_count * KEY_ROOM + 16;
    if (cli->recipient_count == 0)
        return KC_OK;
    char *made = malloc(room);
    if (made == NULL)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    kc_json_writer_init(&w, made, room);
    enum kc_error error = write_recipients(cli, &w);
    if (error == KC_OK)
        error = kc_cli_call_data(
            call, KC_FIELD_RECIPIENTS, (struct kc_span){(const uint8_t *)made, w.out.size});
    if (error == KC_OK)
        *text = made;
    else
        free(made);
    return error;
}

enum kc_error kc_cli_call_signer(struct kc_cli *cli, struct kc_cli_call *call, const char *name,
    struct kc_span text, struct kc_cli_public *public)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    enum kc_error error =
        envelope != NULL ? kc_dare_envelope_read(text, envelope) : KC_ERR_NO_MEMORY;
    error = error == KC_OK ? kc_cli_signer_find(cli, name, envelope, public)
                           : kc_cli_fail(cli, error, "%s", name);
    if (envelope != NULL)
        kc_dare_envelope_done(envelope);
    free(envelope);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(call, KC_FIELD_ALGORITHM, public->algorithm);
    kc_cli_call_octets(call, KC_FIELD_PUBLIC, kc_cli_public_span(public));
    return KC_OK;
}

enum kc_error kc_cli_call_file(
    struct kc_cli_call *call, enum kc_field field, const char *path, struct kc_cli_octets *octets)
{
    kc_cli_call_from_argument(call, field, path);
    enum kc_error error = kc_cli_read(call->cli, path, (size_t)kc_fields[field].most, octets);
    return error == KC_OK ? kc_cli_call_data(call, field, kc_cli_span(octets)) : error;
}
