/* SPDX-License-Identifier: Apache-2.0 */
/* DARE envelopes and sequences as files: what they say of themselves, and whether it is true. Needs
 * no custodian, unless a signer is named by a key of it. */
#include "custodian/cli/file.h"
#include "custodian/cli/output.h"
#include "custodian/cli/signer.h"

#include "custodian/mesh/verify.h"
#include "proto/object.h"
#include "proto/sequence.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

/* --- envelopes --- */

static enum kc_error read_envelope(
    const struct kc_cli *cli, struct kc_cli_octets *text, struct kc_dare_envelope **envelope)
{
    *envelope = calloc(1, sizeof **envelope);
    if (*envelope == NULL)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    enum kc_error error = kc_cli_read(cli, cli->arguments[0], KC_DARE_FILE_MAX, text);
    if (error == KC_OK && (error = kc_dare_envelope_read(kc_cli_span(text), *envelope)) != KC_OK)
        error = kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    return error;
}

static void free_envelope(struct kc_dare_envelope *envelope)
{
    if (envelope != NULL)
        kc_dare_envelope_done(envelope);
    free(envelope);
}

static json_t *ids_of_recipients(const struct kc_dare_envelope *envelope)
{
    json_t *list = json_array();
    for (size_t i = 0; i < envelope->recipient_count; i++)
        json_array_append_new(list, json_string(envelope->recipients[i].kid));
    return list;
}

static json_t *ids_of_signers(const struct kc_dare_envelope *envelope)
{
    json_t *list = json_array();
    for (size_t i = 0; i < envelope->signature_count; i++)
        json_array_append_new(list, json_string(envelope->signatures[i].kid));
    return list;
}

/* The type of the object in a plain envelope. */
static void add_payload(json_t *object, const struct kc_dare_envelope *envelope)
{
    struct kc_json_document document = {0};
    struct kc_object read;
    struct kc_object_notes notes;
    struct kc_span payload = {envelope->body, envelope->body_size};
    if (envelope->salt_size > 0 ||
        kc_object_parse(payload, payload.size, KC_OBJECT_NONE, &document, &read, &notes) != KC_OK)
        return;
    json_object_set_new(object, "payload", json_string(kc_object_info(read.type)->name));
    json_object_set_new(object, "unknown", json_integer((json_int_t)notes.unknown_count));
    kc_json_done(&document);
}

/* A list, or nothing if it is empty. */
static void add_list(json_t *object, const char *name, json_t *list)
{
    if (json_array_size(list) > 0)
        json_object_set_new(object, name, list);
    else
        json_decref(list);
}

static json_t *describe(const struct kc_dare_envelope *envelope)
{
    json_t *object = json_object();
    if (envelope->id[0] != '\0')
        json_object_set_new(object, "id", json_string(envelope->id));
    json_object_set_new(object, "size", json_integer((json_int_t)envelope->body_size));
    json_object_set_new(object, "encrypted", json_boolean(envelope->salt_size > 0));
    add_list(object, "recipients", ids_of_recipients(envelope));
    add_list(object, "signers", ids_of_signers(envelope));
    add_payload(object, envelope);
    json_object_set_new(object, "digest", kc_cli_hex(envelope->digest, sizeof envelope->digest));
    return object;
}

enum kc_error kc_cli_dare_show(struct kc_cli *cli)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    struct kc_dare_envelope *envelope;
    enum kc_error error = read_envelope(cli, &text, &envelope);
    if (error == KC_OK)
        kc_cli_print_object(cli, describe(envelope));
    free_envelope(envelope);
    return error;
}

static void print_signer(const struct kc_cli *cli, const char *udf)
{
    json_t *object = json_object();
    json_object_set_new(object, "signer", json_string(udf));
    kc_cli_print_object(cli, object);
}

enum kc_error kc_cli_dare_verify(struct kc_cli *cli)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    struct kc_dare_envelope *envelope = NULL;
    struct kc_cli_public public;
    struct kc_public_key key;
    const struct kc_dare_signature *signature;
    enum kc_error error = read_envelope(cli, &text, &envelope);
    if (error == KC_OK)
        error = kc_cli_signer_find(cli, cli->arguments[1], envelope, &public);
    if (error == KC_OK) {
        error = kc_public_key_make(public.algorithm, kc_cli_public_span(&public), &key);
        if (error == KC_OK)
            error = kc_dare_envelope_verify(envelope, &key, kc_mesh_verify, &signature);
        if (error != KC_OK)
            (void)kc_cli_fail(cli, error, "%s", cli->arguments[0]);
        else
            print_signer(cli, key.udf);
    }
    free_envelope(envelope);
    return error;
}

/* --- sequences --- */

enum kc_error kc_cli_sequence_list(struct kc_cli *cli)
{
    static const char *const columns[] = {"index", "offset", "size", "signers", NULL};
    struct kc_sequence sequence;
    enum kc_error error = kc_sequence_open(cli->arguments[0], false, &sequence);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    json_t *list = json_array();
    for (size_t i = 0; i < sequence.count && error == KC_OK; i++) {
        struct kc_sequence_frame frame;
        error = kc_sequence_read(&sequence, i, &frame);
        if (error != KC_OK)
            break;
        json_t *item = describe(frame.envelope);
        json_object_set_new(item, "index", json_integer((json_int_t)i));
        json_object_set_new(item, "offset", json_integer((json_int_t)sequence.entries[i].offset));
        json_array_append_new(list, item);
        kc_sequence_frame_done(&frame);
    }
    kc_cli_print_list(cli, list, columns);
    kc_sequence_close(&sequence);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "%s", cli->arguments[0]);
}

/* How many frames, and the first of them. */
static void set_frames(
    json_t *object, const char *name, size_t count, const char *first_name, size_t first)
{
    json_object_set_new(object, name, json_integer((json_int_t)count));
    if (count > 0)
        json_object_set_new(object, first_name, json_integer((json_int_t)first));
}

static void print_report(const struct kc_cli *cli, const struct kc_sequence *sequence,
    const struct kc_sequence_report *report)
{
    json_t *object = json_object();
    json_object_set_new(object, "type", json_string(kc_sequence_type_name(sequence->type)));
    json_object_set_new(object, "frames", json_integer((json_int_t)report->frames));
    set_frames(object, "damaged", report->damaged, "first-damaged", report->first_damaged);
    set_frames(object, "unlinked", report->unlinked, "first-unlinked", report->first_unlinked);
    json_object_set_new(object, "truncated", json_integer((json_int_t)sequence->beyond));
    kc_cli_print_object(cli, object);
}

enum kc_error kc_cli_sequence_verify(struct kc_cli *cli)
{
    struct kc_sequence sequence;
    struct kc_sequence_report report;
    enum kc_error error = kc_sequence_open(cli->arguments[0], false, &sequence);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    error = kc_sequence_verify(&sequence, &report);
    if (error == KC_OK) {
        print_report(cli, &sequence, &report);
        cli->unwell = report.damaged + report.unlinked + sequence.beyond > 0;
    }
    kc_sequence_close(&sequence);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "%s", cli->arguments[0]);
}

enum kc_error kc_cli_sequence_recover(struct kc_cli *cli)
{
    struct kc_sequence sequence;
    enum kc_error error = kc_sequence_open(cli->arguments[0], true, &sequence);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    kc_cli_say(cli, "%zu frames; %llu octets cut off", sequence.count,
        (unsigned long long)sequence.beyond);
    kc_sequence_close(&sequence);
    return KC_OK;
}
