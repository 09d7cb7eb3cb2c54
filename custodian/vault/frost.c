/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures by the holders of a dealt key (FROST, RFC 9591). Who carries commitments and parts
 * between them is trusted for nothing: what he alters gives no signature.
 */
#include "threshold/frost.h"
#include "custodian/mesh/verify.h"
#include "custodian/vault/access.h"
#include "custodian/vault/frost.h"
#include "custodian/vault/frost_peer.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_envelope.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/quorum.h"
#include "proto/hkdf.h"

#include <string.h>

/* What is signed with the scheme quorum: this, and SHA-256 of the quorum. */
static const char proof_text[] = "custodian quorum, 1: ";
#define PROOF_TEXT_SIZE (sizeof proof_text - 1)
#define PROOF_SIZE (PROOF_TEXT_SIZE + KC_QUORUM_DIGEST_SIZE)

/* What the holders of a key do together. */
struct round {
    enum kc_frost_suite suite;
    bool is_envelope; /* the message is the payload of a DARE envelope */
    bool is_quorum;   /* the message is what the holders have in common */
    struct kc_quorum quorum;
    struct kc_frost_commitment commitments[KC_QUORUM_HOLDERS_MAX];
    struct kc_frost_package package;
    uint8_t digest[KC_DARE_DIGEST_SIZE]; /* SHA-512 of what is to be signed */
    uint8_t proof[PROOF_SIZE];
};

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- what is signed, and how --- */

static bool scheme_is(const struct kc_call *call, const char *name)
{
    return kc_values_text_is(&call->in.message.values, KC_FIELD_SCHEME, name);
}

/* ctx: with an empty context, as envelopes are signed on Ed25519; on Ed448 that is no other one. */
static enum kc_error find_suite(
    struct kc_call *call, const struct kc_record *key, struct round *round)
{
    bool is_plain =
        !kc_call_has(call, KC_FIELD_SCHEME) || scheme_is(call, "plain") || round->is_quorum;
    bool has_context = round->is_envelope || scheme_is(call, "ctx");
    if (!is_plain && !has_context)
        return wrong_field(call, KC_FIELD_SCHEME);
    switch ((enum kc_curve)key->algorithm) {
    case KC_CURVE_ED25519:
        round->suite = has_context ? KC_FROST_ED25519_CONTEXT : KC_FROST_ED25519;
        return KC_OK;
    case KC_CURVE_ED448:
        round->suite = KC_FROST_ED448;
        return KC_OK;
    case KC_CURVE_P256:
        round->suite = KC_FROST_P256;
        return is_plain ? KC_OK : wrong_field(call, KC_FIELD_SCHEME);
    case KC_CURVE_X25519:
    case KC_CURVE_X448:
        break;
    }
    return KC_ERR_RECORD_DAMAGED;
}

/* An account's key signs no raw octets: they could be a request. */
static enum kc_error read_scheme(
    struct kc_call *call, const struct kc_record *key, struct round *round)
{
    round->is_envelope = scheme_is(call, "envelope");
    round->is_quorum = scheme_is(call, "quorum");
    if (!round->is_envelope && !round->is_quorum && key->class != KC_ROLE_APPLICATION) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_SCHEME].name);
        return KC_ERR_REFUSED;
    }
    enum kc_error error = find_suite(call, key, round);
    if (error == KC_OK && round->is_envelope)
        error = kc_frost_check_envelope(round->suite);
    return error == KC_OK ? kc_quorum_read(key, &round->quorum) : error;
}

/* The signers: as many as it takes, and no others than there are. */
static enum kc_error read_signers(struct kc_call *call, struct round *round)
{
    struct kc_reader r;
    struct kc_span list = kc_call_field(call, KC_FIELD_COMMITMENTS);
    size_t count = 0;
    bool known = true;
    kc_reader_init(&r, list.bytes, list.size);
    while (r.left > 0 && count < KC_QUORUM_HOLDERS_MAX) {
        struct kc_frost_commitment *read = &round->commitments[count++];
        enum kc_error error = kc_frost_commitment_read(&r, round->suite, read);
        if (error == KC_ERR_BAD_REQUEST)
            return wrong_field(call, KC_FIELD_COMMITMENTS);
        if (error != KC_OK)
            return error;
        known = known && read->index <= round->quorum.holders;
    }
    if (kc_reader_finish(&r) != KC_OK || !known || count < round->quorum.threshold)
        return wrong_field(call, KC_FIELD_COMMITMENTS);
    round->package.commitments = round->commitments;
    round->package.count = count;
    return KC_OK;
}

static enum kc_error make_proof(struct kc_span quorum, struct round *round)
{
    memcpy(round->proof, proof_text, PROOF_TEXT_SIZE);
    round->package.message = (struct kc_span){round->proof, sizeof round->proof};
    return kc_quorum_digest(quorum, round->proof + PROOF_TEXT_SIZE);
}

/* What shows that there are other shares is signed by these, and by nobody as a message. */
static bool is_proof(struct kc_span message)
{
    return message.size >= PROOF_TEXT_SIZE &&
           memcmp(message.bytes, proof_text, PROOF_TEXT_SIZE) == 0;
}

/* Of an envelope the payload decides, which each holder sees, whether the key may sign it. */
static enum kc_error read_message(
    struct kc_call *call, const struct kc_record *key, struct kc_data *data, struct round *round)
{
    enum kc_error error = kc_call_data(call, KC_FIELD_MESSAGE, data);
    round->package.message = data->span;
    if (error == KC_OK && round->is_quorum && data->span.size > 0)
        error = wrong_field(call, KC_FIELD_MESSAGE);
    if (error == KC_OK && is_proof(data->span))
        error = KC_ERR_REFUSED;
    if (error == KC_OK && round->is_quorum)
        error = make_proof(key->body, round);
    if (error == KC_OK)
        error = kc_hash_digest(KC_HASH_SHA512, data->span, round->digest);
    if (error != KC_OK || !round->is_envelope)
        return error;
    error = kc_call_check_letter(call, key, data->span);
    if (error == KC_OK)
        round->package.message =
            kc_mesh_signed_message((enum kc_curve)key->algorithm, round->digest).message;
    return error;
}

/* All that a signer, or who adds the parts, is told; it lends from data. */
static enum kc_error read_round(
    struct kc_call *call, const struct kc_record *key, struct kc_data *data, struct round *round)
{
    enum kc_error error = read_scheme(call, key, round);
    if (error == KC_OK)
        error = read_signers(call, round);
    return error == KC_OK ? read_message(call, key, data, round) : error;
}

/* --- round one --- */

static enum kc_error make_nonces(struct kc_call *call, const struct kc_frost_signer *signer,
    struct kc_frost_session *session, struct kc_frost_commitment *commitment)
{
    struct kc_fresh fresh = {.counter = kc_entropy_count(call->vault->entropy)}; /* secret */
    enum kc_error error =
        kc_entropy_fill(call->vault->entropy, session->handle, sizeof session->handle);
    if (error == KC_OK)
        error = kc_entropy_fill(call->vault->entropy, fresh.random, sizeof fresh.random);
    if (error == KC_OK)
        error = kc_frost_commit(&session->nonces, commitment, signer,
            (struct kc_span){session->handle, sizeof session->handle}, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    return error;
}

static struct kc_frost_signer signer_of(
    const struct kc_record *key, const struct round *round, const struct kc_material *material)
{
    return (struct kc_frost_signer){.suite = round->suite,
        .index = key->index,
        .share = &material->key.scalar,
        .group = &round->quorum.commitments[0]};
}

/* What is known to be signed is looked at before anything is opened. */
static enum kc_error bind_message(struct kc_call *call, const struct kc_record *key,
    struct round *round, struct kc_frost_session *session)
{
    KC_AUTO_DATA data = {0};
    if (!kc_call_has(call, KC_FIELD_MESSAGE))
        return KC_OK;
    enum kc_error error = read_message(call, key, &data, round);
    if (error != KC_OK)
        return error;
    session->has_message = true;
    memcpy(session->message, round->digest, sizeof session->message);
    return KC_OK;
}

static enum kc_error open_session(struct kc_call *call, const struct kc_record *key,
    const struct round *round, struct kc_frost_session *session)
{
    KC_AUTO_MATERIAL material = {0};
    struct kc_frost_commitment commitment;
    struct kc_frost_signer signer = signer_of(key, round, &material);
    uint8_t encoded[KC_FROST_COMMITMENT_SIZE_MAX];
    struct kc_writer w;
    kc_writer_init(&w, encoded, sizeof encoded);
    session->user = call->peer.user;
    session->deadline_ms = kc_call_now_ms(call) + call->vault->config->limits.frost_deadline_ms;
    memcpy(session->share, key->id, sizeof session->share);
    enum kc_error error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = make_nonces(call, &signer, session, &commitment);
    if (error != KC_OK)
        return error;
    kc_frost_commitment_write(&w, &commitment);
    kc_call_set_octets(call, KC_FIELD_COMMITMENTS, encoded, w.size);
    kc_call_set_octets(call, KC_FIELD_SESSION, session->handle, sizeof session->handle);
    return kc_frost_sessions_put(call->vault->frost, session);
}

static enum kc_error commit(struct kc_call *call, const struct kc_record *key, struct round *round)
{
    struct kc_frost_session *session;
    enum kc_error error = kc_frost_session_new(&session);
    if (error != KC_OK)
        return error;
    error = bind_message(call, key, round, session);
    if (error == KC_OK)
        error = open_session(call, key, round, session);
    if (error != KC_OK)
        kc_frost_session_free(session);
    return error;
}

/* One commitment, by another holder. Whose it is shows when his part is verified. */
static bool is_of_another(
    struct kc_span octets, const struct kc_record *key, const struct round *round)
{
    struct kc_reader r;
    struct kc_frost_commitment read;
    kc_reader_init(&r, octets.bytes, octets.size);
    return kc_frost_commitment_read(&r, round->suite, &read) == KC_OK &&
           kc_reader_finish(&r) == KC_OK && read.index >= 1 &&
           read.index <= round->quorum.holders && read.index != key->index;
}

static enum kc_error commit_elsewhere(
    struct kc_call *call, const struct kc_record *key, const struct round *round)
{
    const struct kc_values *answer;
    enum kc_error error = kc_frost_pass_on(call, key, &answer);
    if (error != KC_OK)
        return error;
    struct kc_span commitment = answer->value[KC_FIELD_COMMITMENTS].span;
    struct kc_span session = answer->value[KC_FIELD_SESSION].span;
    if (!is_of_another(commitment, key, round))
        return KC_ERR_CONTRIBUTION;
    kc_call_set_octets(call, KC_FIELD_COMMITMENTS, commitment.bytes, commitment.size);
    kc_call_set_octets(call, KC_FIELD_SESSION, session.bytes, session.size);
    return KC_OK;
}

enum kc_error kc_vault_frost_commit(struct kc_call *call)
{
    struct kc_record *key;
    struct round round;
    char share[KC_RECORD_ID_SIZE];
    enum kc_error error = kc_frost_share(call, share, &key);
    if (error == KC_OK)
        error = read_scheme(call, key, &round);
    if (error != KC_OK)
        return error;
    return kc_call_has(call, KC_FIELD_PEER_NAME) ? commit_elsewhere(call, key, &round)
                                                 : commit(call, key, &round);
}

/* --- round two --- */

static void end_session(struct kc_frost_session **session)
{
    kc_frost_session_free(*session);
}
#define AUTO_SESSION __attribute__((cleanup(end_session))) struct kc_frost_session *

/* The session ends with this call, whatever comes of it; but whom the policy refuses the key ends
 * nobody's, nor does a call that waits for something. One that is elsewhere ends there. */
static enum kc_error take(
    struct kc_call *call, struct kc_record **key, struct kc_frost_session **session)
{
    char share[KC_RECORD_ID_SIZE];
    enum kc_error error = kc_frost_share(call, share, key);
    if (error != KC_OK || kc_call_has(call, KC_FIELD_PEER_NAME))
        return error;
    *session = kc_frost_sessions_take(
        call->vault->frost, kc_call_field(call, KC_FIELD_SESSION), share, call->peer.user);
    return *session ? KC_OK : KC_ERR_SESSION;
}

static bool is_message_of(const struct kc_frost_session *session, const struct round *round)
{
    return !session->has_message ||
           memcmp(session->message, round->digest, sizeof session->message) == 0;
}

static enum kc_error sign(struct kc_call *call, const struct kc_record *key,
    const struct round *round, struct kc_frost_session *session)
{
    KC_AUTO_MATERIAL material = {0};
    struct kc_frost_signer signer = signer_of(key, round, &material);
    struct kc_scalar response;
    uint8_t encoded[KC_SCALAR_SIZE_MAX];
    if (!is_message_of(session, round))
        return wrong_field(call, KC_FIELD_MESSAGE);
    enum kc_error error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_frost_sign(&response, &session->nonces, &signer,
            (struct kc_span){session->handle, sizeof session->handle}, &round->package);
    if (error == KC_ERR_BAD_ARGUMENT)
        return wrong_field(call, KC_FIELD_COMMITMENTS);
    if (error != KC_OK)
        return error;
    kc_scalar_encode(&response, encoded);
    kc_call_set_octets(call, KC_FIELD_SIGNATURE_SHARE, encoded,
        kc_curve_info((enum kc_curve)key->algorithm)->scalar_size);
    return KC_OK;
}

static enum kc_error contribute_elsewhere(struct kc_call *call, const struct kc_record *key)
{
    const struct kc_values *answer;
    enum kc_error error = kc_frost_pass_on(call, key, &answer);
    if (error != KC_OK)
        return error;
    struct kc_span part = answer->value[KC_FIELD_SIGNATURE_SHARE].span;
    kc_call_set_octets(call, KC_FIELD_SIGNATURE_SHARE, part.bytes, part.size);
    return KC_OK;
}

enum kc_error kc_vault_frost_contribute(struct kc_call *call)
{
    struct kc_record *key;
    struct round round;
    AUTO_SESSION session = NULL;
    KC_AUTO_DATA data = {0};
    enum kc_error error = take(call, &key, &session);
    if (error == KC_OK && !session) /* it is elsewhere */
        return contribute_elsewhere(call, key);
    if (error == KC_OK)
        error = read_round(call, key, &data, &round);
    return error == KC_OK ? sign(call, key, &round, session) : error;
}

enum kc_error kc_vault_frost_abort(struct kc_call *call)
{
    struct kc_record *key;
    AUTO_SESSION session = NULL;
    const struct kc_values *answer;
    enum kc_error error = take(call, &key, &session);
    if (error == KC_OK && kc_call_has(call, KC_FIELD_PEER_NAME))
        error = kc_frost_pass_on(call, key, &answer);
    return error;
}

/* --- the signature --- */

static enum kc_error read_responses(
    struct kc_call *call, const struct round *round, struct kc_scalar responses[])
{
    struct kc_span octets = kc_call_field(call, KC_FIELD_SIGNATURE_SHARES);
    enum kc_curve curve = round->quorum.commitments[0].curve;
    size_t size = kc_curve_info(curve)->scalar_size;
    if (octets.size != size * round->package.count)
        return wrong_field(call, KC_FIELD_SIGNATURE_SHARES);
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < round->package.count; i++)
        error = kc_scalar_decode(&responses[i], curve, octets.bytes + i * size, size);
    return error;
}

/* Who sent a wrong part, by index. */
static void name_culprits(struct kc_call *call, const struct round *round, uint32_t culprits)
{
    const char *names = "", *separator = "";
    for (size_t i = 0; i < round->package.count; i++) {
        if ((culprits >> i & 1) == 0)
            continue;
        names = kc_call_print(call, "%s%s%u", names, separator, round->commitments[i].index);
        separator = ", ";
    }
    kc_call_set_text(call, KC_FIELD_DETAIL,
        kc_call_print(call, "%s: of holder %s", kc_fields[KC_FIELD_SIGNATURE_SHARES].name, names));
}

static enum kc_error aggregate(struct kc_call *call, const struct round *round)
{
    struct kc_point publics[KC_QUORUM_HOLDERS_MAX];
    struct kc_scalar responses[KC_QUORUM_HOLDERS_MAX];
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    size_t size = 0;
    uint32_t culprits = 0;
    enum kc_error error = read_responses(call, round, responses);
    for (size_t i = 0; error == KC_OK && i < round->package.count; i++)
        error = kc_quorum_public(&round->quorum, round->commitments[i].index, &publics[i]);
    if (error == KC_OK)
        error = kc_frost_aggregate(signature, &size, round->suite, &round->quorum.commitments[0],
            &round->package, publics, responses, &culprits);
    if (error == KC_ERR_CONTRIBUTION)
        name_culprits(call, round, culprits);
    if (error == KC_ERR_BAD_ARGUMENT && !kc_values_has(&call->answer.values, KC_FIELD_DETAIL))
        return wrong_field(call, KC_FIELD_COMMITMENTS);
    if (error == KC_OK && call->in.message.operation == KC_OPERATION_FROST_AGGREGATE)
        kc_call_set_octets(call, KC_FIELD_SIGNATURE, signature, size);
    return error;
}

/* As if it were the body of a share; with as many points as there are. */
enum kc_error kc_frost_check_quorum(
    struct kc_call *call, const struct kc_record *share, struct kc_span quorum)
{
    struct kc_record other = *share;
    struct round round = {.is_quorum = true};
    size_t threshold = (quorum.size - KC_QUORUM_DIGEST_SIZE) / share->public_size;
    other.threshold = (uint8_t)(threshold <= KC_QUORUM_HOLDERS_MAX ? threshold : 0);
    other.index = 1;
    other.body = quorum;
    if (kc_quorum_read(&other, &round.quorum) != KC_OK)
        return wrong_field(call, KC_FIELD_QUORUM);
    enum kc_error error = find_suite(call, &other, &round);
    if (error == KC_OK)
        error = read_signers(call, &round);
    if (error == KC_OK)
        error = make_proof(quorum, &round);
    return error == KC_OK ? aggregate(call, &round) : error;
}

enum kc_error kc_vault_frost_aggregate(struct kc_call *call)
{
    struct kc_record *key;
    struct round round;
    KC_AUTO_DATA data = {0};
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = read_round(call, key, &data, &round);
    if (error == KC_OK)
        error = aggregate(call, &round);
    if (error == KC_OK && scheme_is(call, "quorum"))
        kc_call_set_octets(call, KC_FIELD_QUORUM, key->body.bytes, key->body.size);
    return error;
}
