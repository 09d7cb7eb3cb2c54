/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a share of a key that was dealt anew, and ending the former one. */
#include "custodian/cli/frost.h"
#include "custodian/cli/output.h"

#include "base/reader.h"
#include "base/writer.h"

#include <string.h>

/* --- share gather --- */

/* All files' envelopes, each as a span. */
static enum kc_error read_parts(struct kc_cli *cli, struct kc_cli_octets *parts)
{
    struct kc_writer w;
    size_t limit = (size_t)kc_fields[KC_FIELD_ENVELOPES].most;
    enum kc_error error = kc_cli_octets_new(cli, limit, parts);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, parts->bytes, limit);
    for (size_t i = 0; error == KC_OK && i < cli->argument_count; i++) {
        KC_AUTO_OCTETS part = {NULL, 0};
        error =
            kc_cli_read(cli, cli->arguments[i], (size_t)kc_fields[KC_FIELD_ENVELOPE].most, &part);
        if (error == KC_OK)
            kc_writer_span(&w, part.bytes, part.size);
    }
    if (error == KC_OK && kc_writer_finish(&w) != KC_OK)
        error = kc_cli_fail(cli, KC_ERR_TOO_LARGE, "too many files");
    parts->size = w.size;
    return error;
}

enum kc_error kc_cli_share_gather(struct kc_cli *cli)
{
    KC_AUTO_OCTETS parts = {NULL, 0};
    enum kc_error error = read_parts(cli, &parts);
    return error == KC_OK
               ? kc_cli_share_take(cli, KC_OPERATION_SHARE_GATHER, KC_FIELD_ENVELOPES, &parts)
               : error;
}

/* --- share retire --- */

enum kc_error kc_cli_share_retire(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS proof = {NULL, 0};
    static const enum kc_field fields[] = {
        KC_FIELD_QUORUM, KC_FIELD_COMMITMENTS, KC_FIELD_SIGNATURE_SHARES};
    struct kc_cli_key key;
    struct kc_reader r;
    enum kc_error error = kc_cli_frost_find(cli, &key);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[1], KC_CLI_PROOF_MAX, &proof);
    if (error == KC_OK)
        error = kc_cli_frost_begin(cli, &call, KC_OPERATION_SHARE_RETIRE, &key, NULL);
    if (error != KC_OK)
        return error;
    kc_reader_init(&r, proof.bytes, proof.size);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        kc_cli_call_octets(&call, fields[i], kc_reader_span(&r, (size_t)kc_fields[fields[i]].most));
    if (kc_reader_finish(&r) != KC_OK)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
            "%s: this is not what custodian share prove writes", cli->arguments[1]);
    error = kc_cli_call_run(&call);
    if (error == KC_OK)
        kc_cli_print_object(cli, kc_cli_object(&kc_cli_call_answer(&call)->values));
    return error;
}
