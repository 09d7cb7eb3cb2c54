/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both rounds of a signature by holders of a dealt key, by one command: this custodian takes part, and
 * passes on to the peers that are named. Those who do not answer in round one are left out as long as
 * others make up for them; what goes wrong after that ends it, with the name of who it was.
 */
#include "custodian/cli/frost.h"
#include "custodian/cli/keyring.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/reader.h"
#include "base/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_SIZE 16
#define SIGNERS_MAX 16
#define COMMITMENT_MAX (KC_CLI_INDEX_SIZE + 2 * KC_POINT_SIZE_MAX)

struct signer {
    const char *peer; /* NULL: this custodian */
    uint32_t index;   /* among the holders, as it says */
    bool is_open;     /* it waits for round two */
    uint8_t session[SESSION_SIZE];
    uint8_t commitment[COMMITMENT_MAX];
    uint8_t part[KC_SCALAR_SIZE_MAX];
};

struct ceremony {
    struct kc_cli *cli;
    size_t first_peer; /* among the arguments */
    bool proves;       /* what is written is a proof of the quorum, and not the signature */
    struct kc_cli_key key;
    struct kc_cli_octets message;
    struct kc_cli_octets list; /* of commitments, as all signers get it */
    struct signer signers[SIGNERS_MAX];
    size_t count;
};

static size_t commitment_size(const struct ceremony *c)
{
    return KC_CLI_INDEX_SIZE + 2 * kc_cli_frost_curve(&c->key)->point_size;
}

static const char *name_of(const struct signer *signer)
{
    return signer->peer ? signer->peer : "this custodian";
}

/* --- requests --- */

static enum kc_error begin(const struct ceremony *c, struct kc_cli_call *call,
    enum kc_operation operation, const struct signer *signer, bool with_message)
{
    enum kc_error error =
        kc_cli_frost_begin(c->cli, call, operation, &c->key, with_message ? &c->message : NULL);
    if (error == KC_OK && signer->peer)
        kc_cli_call_text(call, KC_FIELD_PEER_NAME, signer->peer);
    call->waits_for = name_of(signer);
    return error;
}

/* What a failure was, in a word or two: the error, and of a peer its own. */
static const char *reason_of(const struct kc_cli_call *call, enum kc_error error, char text[128])
{
    struct kc_span detail = {NULL, 0};
    if (call->answer)
        detail = kc_cli_call_span(call, KC_FIELD_DETAIL);
    snprintf(text, 128, detail.size > 0 ? "%s (%.*s)" : "%s", kc_error_name(error),
        (int)detail.size, (const char *)detail.bytes);
    return text;
}

static void tell_failure(const struct ceremony *c, const struct signer *signer,
    const struct kc_cli_call *call, enum kc_error error)
{
    char text[128];
    kc_cli_say(c->cli, "  %s: %s", name_of(signer), reason_of(call, error, text));
}

/* Best effort: what is not given up ends at its deadline. */
static void give_up(struct ceremony *c)
{
    for (size_t i = 0; i < c->count; i++) {
        KC_AUTO_CALL call = {0};
        struct signer *signer = &c->signers[i];
        if (!signer->is_open || begin(c, &call, KC_OPERATION_FROST_ABORT, signer, false) != KC_OK)
            continue;
        kc_cli_call_octets(
            &call, KC_FIELD_SESSION, (struct kc_span){signer->session, SESSION_SIZE});
        signer->is_open = kc_cli_call_try(&call) != KC_OK;
    }
}

/* --- round one --- */

static enum kc_error take_commitment(
    struct ceremony *c, struct signer *signer, const struct kc_cli_call *call)
{
    struct kc_span commitment, session;
    struct kc_reader r;
    enum kc_error error =
        kc_cli_call_exactly(call, KC_FIELD_COMMITMENTS, commitment_size(c), &commitment);
    if (error == KC_OK)
        error = kc_cli_call_exactly(call, KC_FIELD_SESSION, SESSION_SIZE, &session);
    if (error != KC_OK)
        return error;
    kc_reader_init(&r, commitment.bytes, commitment.size);
    signer->index = kc_reader_u32(&r);
    signer->is_open = true;
    memcpy(signer->commitment, commitment.bytes, commitment.size);
    memcpy(signer->session, session.bytes, SESSION_SIZE);
    return KC_OK;
}

static enum kc_error check_others(const struct ceremony *c, const struct signer *signer)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->signers[i].index == signer->index)
            return kc_cli_fail(c->cli, KC_ERR_CONTRIBUTION, "%s and %s both answer as holder %u",
                name_of(&c->signers[i]), name_of(signer), signer->index);
    return KC_OK;
}

/* Adds a signer if it commits. Whether it did not is told; only what nobody else can make up for is an
 * error. */
static enum kc_error try_signer(struct ceremony *c, const char *peer, enum kc_error *last)
{
    KC_AUTO_CALL call = {0};
    struct signer *signer = &c->signers[c->count];
    *signer = (struct signer){.peer = peer};
    enum kc_error error = begin(c, &call, KC_OPERATION_FROST_COMMIT, signer, true);
    if (error != KC_OK)
        return error;
    error = kc_cli_call_try(&call);
    if (error != KC_OK) {
        tell_failure(c, signer, &call, error);
        *last = error;
        return KC_OK;
    }
    error = take_commitment(c, signer, &call);
    if (error == KC_OK)
        error = check_others(c, signer);
    c->count += signer->is_open;
    if (error == KC_OK)
        kc_cli_say(c->cli, "  %s has committed, as holder %u", name_of(signer), signer->index);
    return error;
}

/* This custodian first, then the peers in their order, until there are enough. */
static enum kc_error commit_all(struct ceremony *c)
{
    struct kc_cli *cli = c->cli;
    enum kc_error last = KC_OK;
    kc_cli_say(cli, "Round one: %u holders are needed.", c->key.threshold);
    enum kc_error error = try_signer(c, NULL, &last);
    for (size_t i = c->first_peer; error == KC_OK && i < cli->argument_count; i++) {
        if (c->count >= c->key.threshold)
            break;
        error = try_signer(c, cli->arguments[i], &last);
    }
    if (error == KC_OK && c->count < c->key.threshold)
        error = kc_cli_fail(cli, last != KC_OK ? last : KC_ERR_BAD_ARGUMENT,
            "%zu of the %u holders that are needed have committed; name more peers, or see why the "
            "others did not",
            c->count, c->key.threshold);
    return error;
}

static enum kc_error make_list(struct ceremony *c)
{
    size_t size = commitment_size(c);
    enum kc_error error = kc_cli_octets_new(c->cli, c->count * size, &c->list);
    for (size_t i = 0; error == KC_OK && i < c->count; i++)
        memcpy(c->list.bytes + i * size, c->signers[i].commitment, size);
    if (error == KC_OK)
        kc_cli_frost_sort(&c->list, size);
    return error;
}

/* --- round two --- */

/* Its session is over, whatever comes of it. */
static enum kc_error contribute(struct ceremony *c, struct signer *signer)
{
    KC_AUTO_CALL call = {0};
    char text[128];
    struct kc_span part;
    size_t size = kc_cli_frost_curve(&c->key)->scalar_size;
    enum kc_error error = begin(c, &call, KC_OPERATION_FROST_CONTRIBUTE, signer, true);
    if (error != KC_OK)
        return error;
    kc_cli_call_octets(&call, KC_FIELD_SESSION, (struct kc_span){signer->session, SESSION_SIZE});
    kc_cli_call_octets(&call, KC_FIELD_COMMITMENTS, kc_cli_span(&c->list));
    error = kc_cli_call_try(&call);
    signer->is_open = error == KC_ERR_PEER_LATE || error == KC_ERR_PEER_ABSENT;
    if (error != KC_OK)
        return kc_cli_fail(
            c->cli, error, "%s, in round two: %s", name_of(signer), reason_of(&call, error, text));
    error = kc_cli_call_exactly(&call, KC_FIELD_SIGNATURE_SHARE, size, &part);
    if (error != KC_OK)
        return error;
    memcpy(signer->part, part.bytes, part.size);
    kc_cli_say(c->cli, "  %s has signed", name_of(signer));
    return KC_OK;
}

static enum kc_error contribute_all(struct ceremony *c)
{
    enum kc_error error = KC_OK;
    kc_cli_say(c->cli, "Round two:");
    for (size_t i = 0; error == KC_OK && i < c->count; i++)
        error = contribute(c, &c->signers[i]);
    return error;
}

/* --- the signature --- */

static int compare_signers(const void *a, const void *b)
{
    const struct signer *one = a, *other = b;
    return (one->index > other->index) - (one->index < other->index);
}

/* The custodian names holders by their index; who that is only this command knows. */
static void name_liars(const struct ceremony *c, const struct kc_cli_call *call)
{
    char detail[128] = "", names[SIGNERS_MAX * 48] = "";
    struct kc_span said = kc_cli_call_span(call, KC_FIELD_DETAIL);
    snprintf(detail, sizeof detail, "%.*s", (int)said.size, (const char *)said.bytes);
    const char *at = strstr(detail, "of holder ");
    for (at = at ? at + strlen("of holder ") : ""; *at; at += strspn(at, ", ")) {
        char *end;
        unsigned long index = strtoul(at, &end, 10);
        if (end == at)
            break;
        at = end;
        for (size_t i = 0; i < c->count; i++)
            if (c->signers[i].index == index)
                snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                    names[0] ? ", " : "", name_of(&c->signers[i]));
    }
    (void)kc_cli_fail(c->cli, KC_ERR_CONTRIBUTION, "%s: %s", names, detail);
}

/* What share-retire takes, each as a span. */
static enum kc_error write_proof(const struct ceremony *c, const struct kc_cli_call *call,
    const struct kc_cli_octets *parts, const char *path)
{
    uint8_t proof[KC_CLI_PROOF_MAX];
    struct kc_span quorum = kc_cli_call_span(call, KC_FIELD_QUORUM);
    struct kc_writer w;
    kc_writer_init(&w, proof, sizeof proof);
    kc_writer_span(&w, quorum.bytes, quorum.size);
    kc_writer_span(&w, c->list.bytes, c->list.size);
    kc_writer_span(&w, parts->bytes, parts->size);
    if (kc_writer_finish(&w) != KC_OK)
        return kc_cli_fail(c->cli, KC_ERR_BAD_REPLY, "the proof is too long");
    return kc_cli_write(c->cli, path, (struct kc_span){proof, w.size}, 0644);
}

static enum kc_error aggregate(struct ceremony *c, const char *path)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS parts = {NULL, 0};
    const struct signer here = {.peer = NULL};
    size_t size = kc_cli_frost_curve(&c->key)->scalar_size;
    qsort(c->signers, c->count, sizeof c->signers[0], compare_signers);
    enum kc_error error = kc_cli_octets_new(c->cli, c->count * size, &parts);
    for (size_t i = 0; error == KC_OK && i < c->count; i++)
        memcpy(parts.bytes + i * size, c->signers[i].part, size);
    if (error == KC_OK)
        error = begin(c, &call, KC_OPERATION_FROST_AGGREGATE, &here, true);
    if (error != KC_OK)
        return error;
    kc_cli_call_octets(&call, KC_FIELD_COMMITMENTS, kc_cli_span(&c->list));
    kc_cli_call_octets(&call, KC_FIELD_SIGNATURE_SHARES, kc_cli_span(&parts));
    error = kc_cli_call_try(&call);
    if (error == KC_ERR_CONTRIBUTION)
        name_liars(c, &call);
    else if (error != KC_OK)
        kc_cli_call_report(&call, error);
    if (error != KC_OK)
        return error;
    return c->proves
               ? write_proof(c, &call, &parts, path)
               : kc_cli_write(c->cli, path, kc_cli_call_span(&call, KC_FIELD_SIGNATURE), 0644);
}

static enum kc_error log_in(struct ceremony *c)
{
    struct kc_client *client;
    enum kc_error error = kc_cli_custodian(c->cli, &client);
    return error == KC_OK ? kc_cli_login(c->cli, client, c->key.keyring, &c->key) : error;
}

static enum kc_error run(struct ceremony *c, const char *path)
{
    enum kc_error error = log_in(c);
    if (error == KC_OK)
        error = commit_all(c);
    if (error == KC_OK)
        error = make_list(c);
    if (error == KC_OK)
        error = contribute_all(c);
    if (error == KC_OK)
        error = aggregate(c, path);
    give_up(c);
    kc_cli_octets_done(&c->message);
    kc_cli_octets_done(&c->list);
    return error;
}

enum kc_error kc_cli_frost_sign(struct kc_cli *cli)
{
    struct ceremony c = {.cli = cli, .first_peer = 2};
    char *path = NULL;
    enum kc_error error = kc_cli_frost_find(cli, &c.key);
    if (error == KC_OK)
        error = kc_cli_output_path(cli, cli->arguments[1], ".sig", true, &path);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[1], KC_DATA_SIZE_MAX, &c.message);
    if (error == KC_OK)
        error = run(&c, path);
    free(path);
    return error;
}

enum kc_error kc_cli_share_prove(struct kc_cli *cli)
{
    struct ceremony c = {.cli = cli, .first_peer = 1, .proves = true};
    cli->values[KC_CLI_SCHEME] = "quorum";
    enum kc_error error = kc_cli_frost_find(cli, &c.key);
    if (error == KC_OK)
        error = kc_cli_octets_new(cli, 0, &c.message);
    return error == KC_OK ? run(&c, cli->values[KC_CLI_OUTPUT]) : error;
}
