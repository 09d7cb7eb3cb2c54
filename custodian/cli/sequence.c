/* SPDX-License-Identifier: Apache-2.0 */
/* DARE sequences as files that are made here. Needs no custodian. */
#include "custodian/cli/file.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "proto/sequence.h"

#include <stdlib.h>

/* The type by its name; Merkle unless it is given. */
static bool find_type(const struct kc_cli *cli, enum kc_sequence_type *type)
{
    const char *name = cli->values[KC_CLI_TYPE];
    if (name == NULL)
        *type = KC_SEQUENCE_MERKLE;
    return name == NULL || kc_sequence_type_find(name, type);
}

enum kc_error kc_cli_sequence_create(struct kc_cli *cli)
{
    struct kc_sequence sequence;
    enum kc_sequence_type type;
    if (!find_type(cli, &type))
        return kc_cli_fail(cli, KC_ERR_USAGE, "--type is List, Digest, Chain, Tree or Merkle");
    enum kc_error error =
        kc_sequence_create(cli->arguments[0], type, (struct kc_span){NULL, 0}, &sequence);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    kc_sequence_close(&sequence);
    return KC_OK;
}

static enum kc_error append(
    struct kc_cli *cli, struct kc_sequence *sequence, struct kc_dare_envelope *envelope)
{
    enum kc_error error = kc_sequence_append(sequence, envelope);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    kc_cli_say(cli, "frame %zu", sequence->count - 1);
    return KC_OK;
}

/* Each of the envelopes, in the order of the arguments. */
static enum kc_error append_file(struct kc_cli *cli, struct kc_sequence *sequence, const char *path)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    enum kc_error error = kc_cli_read(cli, path, KC_DARE_FILE_MAX, &text);
    if (error == KC_OK && (error = kc_dare_envelope_read(kc_cli_span(&text), envelope)) != KC_OK)
        error = kc_cli_fail(cli, error, "%s", path);
    if (error == KC_OK)
        error = append(cli, sequence, envelope);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

enum kc_error kc_cli_sequence_append(struct kc_cli *cli)
{
    struct kc_sequence sequence;
    enum kc_error error = kc_sequence_open(cli->arguments[0], true, &sequence);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    for (size_t i = 1; error == KC_OK && i < cli->argument_count; i++)
        error = append_file(cli, &sequence, cli->arguments[i]);
    kc_sequence_close(&sequence);
    return error;
}

static bool parse_index(const char *text, size_t *index)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *index = value;
    return *text >= '0' && *text <= '9' && *end == '\0';
}

static enum kc_error write_frame(struct kc_cli *cli, struct kc_dare_envelope *envelope)
{
    const char *path = kc_cli_given(cli, KC_CLI_OUTPUT) ? cli->values[KC_CLI_OUTPUT] : "-";
    return kc_cli_write_envelope(cli, path, envelope);
}

enum kc_error kc_cli_sequence_show(struct kc_cli *cli)
{
    struct kc_sequence sequence;
    struct kc_sequence_frame frame = {0};
    size_t index;
    if (!parse_index(cli->arguments[1], &index))
        return kc_cli_fail(cli, KC_ERR_USAGE, "%s is no number of a frame", cli->arguments[1]);
    enum kc_error error = kc_sequence_open(cli->arguments[0], false, &sequence);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    error = kc_sequence_read(&sequence, index, &frame);
    if (error == KC_OK)
        error = write_frame(cli, frame.envelope);
    else if (error == KC_ERR_BAD_ARGUMENT)
        error = kc_cli_fail(cli, error, "%s has no frame %zu: custodian sequence list has them",
            cli->arguments[0], index);
    else
        error = kc_cli_fail(cli, error, "%s, frame %zu", cli->arguments[0], index);
    kc_sequence_frame_done(&frame);
    kc_sequence_close(&sequence);
    return error;
}
