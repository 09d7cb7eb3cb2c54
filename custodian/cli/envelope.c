/* SPDX-License-Identifier: Apache-2.0 */
/* Whole DARE envelopes, opened and made in the custodian. */
#include "base/wipe.h"
#include "custodian/cli/document.h"
#include "custodian/cli/opening.h"
#include "custodian/cli/operate.h"
#include "custodian/cli/output.h"
#include "custodian/cli/request.h"
#include "custodian/cli/write.h"
#include "custodian/mesh/purpose.h"
#include "custodian/mesh/verify.h"

#include <stdlib.h>
#include <string.h>

/* The tag of what is in it, and of a signature nothing else. */
static void print_tag(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    struct kc_span tag = kc_cli_call_span(call, KC_FIELD_TAG);
    if (tag.size > 0)
        kc_cli_say(cli, "a %.*s", (int)tag.size, (const char *)tag.bytes);
}

/* Begins a request with the key and the file that the arguments name. */
static enum kc_error begin(struct kc_cli *cli, struct kc_cli_call *call,
    enum kc_operation operation, enum kc_field field, struct kc_cli_key *key,
    struct kc_cli_octets *octets)
{
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], key);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, call, operation);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(call, KC_FIELD_KEY, key->id);
    return kc_cli_call_file(call, field, cli->arguments[1], octets);
}

static enum kc_error run(const struct kc_cli *cli, struct kc_cli_call *call,
    const struct kc_cli_key *key, enum kc_field field, const char *path, mode_t mode)
{
    enum kc_error error = kc_cli_call_try(call);
    if (error != KC_OK) {
        kc_cli_key_report(call, key, error,
            "use it where the first one is, with a peer for the other, or with --post if a "
            "Mesh service has that");
        return error;
    }
    error = kc_cli_call_write(call, field, path, mode);
    if (error == KC_OK)
        print_tag(cli, call);
    return error;
}

/* With a share, the contribution of whom the options name. */
static enum kc_error add_contribution(struct kc_cli *cli, struct kc_cli_call *call,
    const struct kc_cli_key *key, struct kc_span text, struct kc_cli_opening *opening)
{
    bool is_named = kc_cli_given(cli, KC_CLI_SERVICE) || kc_cli_given(cli, KC_CLI_POST) ||
                    kc_cli_given(cli, KC_CLI_RESPONSE);
    if (!kc_cli_key_is_share(key) || !is_named)
        return KC_OK; /* the custodian asks its peer, if it has one */
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    if (error != KC_OK || envelope->recipient_count == 0)
        error = kc_cli_fail(cli, KC_ERR_ENVELOPE, "%s", cli->arguments[1]);
    else
        error = kc_cli_opening_of_key(cli, envelope, key, opening);
    if (error == KC_OK)
        error = kc_cli_opening_ask(cli, opening);
    if (error == KC_OK && opening->contribution_size > 0)
        kc_cli_call_octets(call, KC_FIELD_CONTRIBUTION,
            (struct kc_span){opening->contribution, opening->contribution_size});
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

enum kc_error kc_cli_envelope_open(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS document = {NULL, 0};
    struct kc_cli_opening opening = {.entry = NULL};
    struct kc_cli_key key;
    struct kc_cli_public signer;
    char *path = NULL;
    enum kc_error error = kc_cli_output_path(cli, cli->arguments[1], ".dare", false, &path);
    if (error == KC_OK)
        error = begin(cli, &call, KC_OPERATION_ENVELOPE_OPEN, KC_FIELD_DOCUMENT, &key, &document);
    if (error == KC_OK)
        error = add_contribution(cli, &call, &key, kc_cli_span(&document), &opening);
    if (error == KC_OK)
        kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    if (error == KC_OK && kc_cli_given(cli, KC_CLI_PUBLIC))
        error = kc_cli_call_signer(
            cli, &call, cli->values[KC_CLI_PUBLIC], kc_cli_span(&document), &signer);
    if (error == KC_OK)
        error = run(cli, &call, &key, KC_FIELD_OUTPUT, path, 0600);
    if (error == KC_OK && !kc_cli_given(cli, KC_CLI_PUBLIC))
        kc_cli_say(cli, "nobody is known to have signed it: --public names who must have");
    kc_wipe(opening.contribution, sizeof opening.contribution);
    free(path);
    return error;
}

/* Signing, with --to sealing too. */
static enum kc_error make(struct kc_cli *cli, enum kc_operation operation)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS payload = {NULL, 0};
    struct kc_cli_key key;
    char *path = NULL, *recipients = NULL;
    enum kc_error error = kc_cli_output_path(cli, cli->arguments[1], ".dare", true, &path);
    if (error == KC_OK)
        error = begin(cli, &call, operation, KC_FIELD_MESSAGE, &key, &payload);
    if (error == KC_OK)
        error = kc_cli_call_recipients(cli, &call, &recipients);
    if (error == KC_OK)
        error = run(cli, &call, &key, KC_FIELD_DOCUMENT, path, 0644);
    free(recipients);
    free(path);
    return error;
}

/* --- signing with a share, and a Mesh service that has the other --- */

/* What is signed: an envelope that lacks just that. */
struct signing {
    struct kc_cli *cli;
    struct kc_client *custodian;
    struct kc_cli_key key;
    struct kc_cli_octets payload;
    struct kc_mesh_making *making;
};

/* What the vault would sign with the whole key. */
static enum kc_error begin_making(struct signing *s)
{
    struct kc_span payload = kc_cli_span(&s->payload);
    enum kc_object_type type = KC_OBJECT_NONE;
    struct kc_mesh_source source = kc_cli_source();
    bool is_account = strcmp(s->key.class, "account") == 0;
    enum kc_error error = kc_mesh_purpose_check(
        is_account ? KC_MESH_PURPOSE_ACCOUNT : KC_MESH_PURPOSE_APPLICATION, payload, &type);
    if (error == KC_ERR_REFUSED)
        return kc_cli_refuse(s->cli, error, "%s: %s", s->cli->arguments[1],
            is_account ? "an account's key signs the Mesh's messages and contacts, and this is none"
                       : "an application's key signs no objects of the Mesh");
    struct kc_mesh_letter letter = {
        .payload = payload, .type = type == KC_OBJECT_NONE ? NULL : kc_object_info(type)->name};
    if (error == KC_OK)
        error = kc_mesh_making_new(&source, &letter, &s->making);
    return error == KC_OK ? KC_OK : kc_cli_fail(s->cli, error, NULL);
}

/* The first party's commitment, to a payload that the vault sees. It ends with this process, whatever
 * comes of it. */
static enum kc_error commit(const struct signing *s, struct kc_cli_call *call)
{
    kc_cli_call_init(call, s->cli, s->custodian, KC_OPERATION_SIGNATURE_COMMIT);
    kc_cli_call_text(call, KC_FIELD_KEY, s->key.id);
    kc_cli_call_text(call, KC_FIELD_SCHEME, "envelope");
    enum kc_error error = kc_cli_call_data(call, KC_FIELD_MESSAGE, kc_cli_span(&s->payload));
    return error == KC_OK ? kc_cli_call_run(call) : error;
}

static enum kc_error ask_mesh(
    const struct signing *s, struct kc_span commitment, struct kc_cli_contribution *contribution)
{
    KC_AUTO_OCTETS request = {NULL, 0}, answer = {NULL, 0};
    enum kc_error error = kc_cli_operate_sign(
        s->cli, &s->key, kc_mesh_making_digest(s->making), commitment, &request);
    if (error == KC_OK)
        error = kc_cli_post(s->cli, &request, &answer);
    return error == KC_OK ? kc_cli_operate_signed(
                                s->cli, &s->key, commitment, kc_cli_span(&answer), contribution)
                          : error;
}

static enum kc_error finish(const struct signing *s, const struct kc_cli_call *commitment,
    const struct kc_cli_contribution *contribution, struct kc_cli_call *call)
{
    kc_cli_call_init(call, s->cli, s->custodian, KC_OPERATION_SIGNATURE_FINISH);
    kc_cli_call_text(call, KC_FIELD_KEY, s->key.id);
    kc_cli_call_octets(call, KC_FIELD_SESSION, kc_cli_call_span(commitment, KC_FIELD_SESSION));
    kc_cli_call_octets(call, KC_FIELD_COMMITMENT,
        (struct kc_span){contribution->commitment, contribution->commitment_size});
    kc_cli_call_octets(call, KC_FIELD_SIGNATURE_SHARE,
        (struct kc_span){contribution->part, contribution->part_size});
    return kc_cli_call_run(call);
}

static enum kc_error write_signed(
    const struct signing *s, struct kc_span signature, const char *path)
{
    struct kc_public_key signer;
    char *text = NULL;
    size_t size = 0;
    enum kc_error error =
        kc_public_key_make(s->key.public.algorithm, kc_cli_public_span(&s->key.public), &signer);
    if (error == KC_OK)
        error = kc_mesh_making_sign(s->making, &signer, signature, (struct kc_span){NULL, 0});
    if (error == KC_OK)
        error = kc_mesh_making_write(s->making, &text, &size);
    if (error != KC_OK)
        return kc_cli_fail(s->cli, error, NULL);
    error = kc_cli_write(s->cli, path, (struct kc_span){(const uint8_t *)text, size}, 0644);
    free(text);
    return error;
}

static enum kc_error sign_together(const struct signing *s, const char *path)
{
    KC_AUTO_CALL commitment = {0}, finished = {0};
    struct kc_cli_contribution contribution;
    struct kc_span own, signature;
    size_t size = kc_cli_public_info(&s->key.public)->signature_size;
    enum kc_error error = commit(s, &commitment);
    if (error != KC_OK)
        return error;
    own = kc_cli_call_span(&commitment, KC_FIELD_COMMITMENT);
    error = ask_mesh(s, own, &contribution);
    if (error == KC_OK)
        error = finish(s, &commitment, &contribution, &finished);
    if (error == KC_OK)
        error = kc_cli_call_exactly(&finished, KC_FIELD_SIGNATURE, size, &signature);
    return error == KC_OK ? write_signed(s, signature, path) : error;
}

static enum kc_error sign_with_mesh(struct kc_cli *cli)
{
    struct signing s = {.cli = cli};
    char *path = NULL;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &s.key);
    if (error == KC_OK && !kc_cli_key_is_share(&s.key))
        error = kc_cli_refuse(
            cli, KC_ERR_USAGE, "the key %s is whole: it signs without --post", s.key.id);
    if (error == KC_OK)
        error = kc_cli_custodian(cli, &s.custodian);
    if (error == KC_OK)
        error = kc_cli_output_path(cli, cli->arguments[1], ".dare", true, &path);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[1], (size_t)KC_DATA_SIZE_MAX, &s.payload);
    if (error == KC_OK)
        error = begin_making(&s);
    if (error == KC_OK)
        error = sign_together(&s, path);
    kc_cli_octets_done(&s.payload);
    kc_mesh_making_free(s.making);
    free(path);
    return error;
}

enum kc_error kc_cli_envelope_sign(struct kc_cli *cli)
{
    return kc_cli_given(cli, KC_CLI_POST) ? sign_with_mesh(cli)
                                          : make(cli, KC_OPERATION_ENVELOPE_SIGN);
}

enum kc_error kc_cli_envelope_seal(struct kc_cli *cli)
{
    return make(cli, KC_OPERATION_ENVELOPE_SEAL);
}
