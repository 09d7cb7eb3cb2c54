/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/connection.h"

#include "base/ct.h"
#include "base/wipe.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

#define DOCUMENT_SIZE_MAX (64u << 10) /* octets of a profile or a message */
#define PAYLOAD_SIZE (64u << 10)
#define WITNESS_CHARACTERS 28

/* --- the request --- */

static enum kc_error profile_digest(struct kc_span profile, uint8_t digest[KC_DARE_DIGEST_SIZE])
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(profile, envelope);
    if (error == KC_OK)
        memcpy(digest, envelope->digest, KC_DARE_DIGEST_SIZE);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

static void pin_write(struct kc_object_writer *w, const char *id, const uint8_t *witness)
{
    kc_object_write_text(w, "PinId", id);
    kc_object_write_octets(w, "PinWitness", (struct kc_span){witness, KC_PIN_WITNESS_SIZE});
}

/* That its maker knows the PIN: over the account, the nonce and the profile. */
static enum kc_error pin_prove(const struct kc_mesh_connect *connect,
    const struct kc_mesh_connecting_device *known, struct kc_object_writer *w)
{
    char salted[KC_UDF_ID_SIZE], id[KC_UDF_ID_SIZE]; /* salted is secret */
    uint8_t witness[KC_PIN_WITNESS_SIZE], digest[KC_DARE_DIGEST_SIZE];
    enum kc_error error = kc_pin_salt(connect->pin, "Device", salted);
    if (error == KC_OK)
        error = kc_pin_id(salted, known->account, id);
    if (error == KC_OK)
        error = profile_digest(connect->profile, digest);
    if (error == KC_OK)
        error = kc_pin_witness(salted, known->account,
            (struct kc_span){known->nonce, sizeof known->nonce}, digest, witness);
    kc_wipe(salted, sizeof salted);
    if (error == KC_OK)
        pin_write(w, id, witness);
    return error;
}

static enum kc_error request_write(const struct kc_mesh_connect *connect,
    const struct kc_mesh_connecting_device *known, struct kc_object_writer *w)
{
    enum kc_error error = KC_OK;
    kc_object_write_tagged(w, NULL, KC_OBJECT_RequestConnection);
    kc_object_write_text(w, "MessageId", known->id);
    kc_object_write_source(w, "AuthenticatedData", connect->profile);
    kc_object_write_octets(w, "ClientNonce", (struct kc_span){known->nonce, sizeof known->nonce});
    if (connect->pin != NULL)
        error = pin_prove(connect, known, w);
    kc_object_write_text(w, "AccountAddress", known->account);
    kc_object_write_end(w);
    return error == KC_OK ? kc_object_writer_finish(w) : error;
}

static enum kc_error known_make(const struct kc_mesh_source *source,
    const struct kc_mesh_connect *connect, struct kc_mesh_connecting_device *known)
{
    uint8_t octets[KC_MESH_NONCE_SIZE];
    enum kc_error error = kc_account_canonical(connect->account, known->account);
    if (error == KC_OK && !kc_account_is_address(known->account))
        error = KC_ERR_BAD_ARGUMENT;
    if (error == KC_OK)
        error = source->random(source->context, octets, sizeof octets);
    if (error == KC_OK)
        error = source->random(source->context, known->nonce, sizeof known->nonce);
    return error == KC_OK ? kc_udf_present(KC_UDF_NONCE, (struct kc_span){octets, sizeof octets}, 0,
                                known->id, sizeof known->id)
                          : error;
}

static enum kc_error request_envelope(const struct kc_mesh_source *source,
    const struct kc_mesh_connect *connect, const struct kc_mesh_connecting_device *known,
    struct kc_span payload, char **text, size_t *size)
{
    char id[KC_UDF_ID_SIZE];
    enum kc_error error = kc_make_id(known->id, KC_ID_OF_ENVELOPE, id);
    struct kc_mesh_letter letter = {.payload = payload,
        .type = "RequestConnection",
        .id = id,
        .unique_id = known->id,
        .signer = connect->signer};
    return error == KC_OK ? kc_mesh_envelope_make(source, &letter, text, size) : error;
}

enum kc_error kc_mesh_connect_make(const struct kc_mesh_source *source,
    const struct kc_mesh_connect *connect, struct kc_mesh_connecting_device *known, char **text,
    size_t *size)
{
    struct kc_mesh_connecting_device made = {0};
    struct kc_object_writer w;
    uint8_t *payload = malloc(PAYLOAD_SIZE);
    if (payload == NULL)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&w, payload, PAYLOAD_SIZE);
    enum kc_error error = known_make(source, connect, &made);
    if (error == KC_OK)
        error = request_write(connect, &made, &w);
    struct kc_span written = {payload, w.json.out.size};
    if (error == KC_OK)
        error = kc_hash_digest(KC_HASH_SHA512, written, made.digest);
    if (error == KC_OK)
        error = request_envelope(source, connect, &made, written, text, size);
    free(payload);
    if (error == KC_OK)
        *known = made;
    return error;
}

/* --- the acknowledgement --- */

/* A message that nobody needs to have signed. */
static enum kc_error message_open(struct kc_span text, struct kc_dare_envelope *envelope,
    struct kc_json_document *document, struct kc_object *message)
{
    if (text.size > DOCUMENT_SIZE_MAX)
        return KC_ERR_TOO_LARGE;
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    if (error == KC_OK && envelope->salt_size != 0)
        error = KC_ERR_ENVELOPE;
    return error == KC_OK
               ? kc_object_parse((struct kc_span){envelope->body, envelope->body_size},
                     DOCUMENT_SIZE_MAX, KC_OBJECT_AcknowledgeConnection, document, message, NULL)
               : error;
}

/* The request that is acknowledged is the device's own, in all that it says. */
static enum kc_error own_request_check(
    const struct kc_object *message, const struct kc_mesh_connecting_device *known)
{
    struct kc_json request = kc_object_member(message, "EnvelopedRequestConnection");
    uint8_t digest[KC_DARE_DIGEST_SIZE];
    if (!kc_json_is_there(request))
        return KC_ERR_WITNESS;
    enum kc_error error = profile_digest(kc_json_source(request), digest);
    if (error != KC_OK)
        return error;
    return memcmp(digest, known->digest, sizeof digest) == 0 ? KC_OK : KC_ERR_WITNESS;
}

static enum kc_error account_read(struct kc_span profile,
    const struct kc_mesh_connecting_device *known, struct kc_public_key *key)
{
    struct kc_signed_object opened;
    char said[KC_ACCOUNT_SIZE], canonical[KC_ACCOUNT_SIZE];
    enum kc_error error = kc_signed_object_open_profile(
        profile, DOCUMENT_SIZE_MAX, KC_OBJECT_ProfileAccount, NULL, kc_mesh_verify, &opened, key);
    if (error != KC_OK)
        return error;
    bool fits = kc_json_text(kc_object_member(&opened.object, "AccountAddress"), said,
                    sizeof said) == KC_OK &&
                kc_account_canonical(said, canonical) == KC_OK &&
                strcmp(canonical, known->account) == 0 &&
                (known->account_udf[0] == '\0' || strcmp(known->account_udf, key->udf) == 0);
    kc_signed_object_done(&opened);
    return fits ? KC_OK : KC_ERR_PROFILE;
}

static enum kc_error witness_check(const struct kc_object *message,
    const struct kc_public_key *account, const struct kc_public_key *device,
    const struct kc_mesh_connecting_device *known, char witness[KC_UDF_ID_SIZE])
{
    uint8_t nonce[KC_NONCE_SIZE_MAX];
    size_t size = sizeof nonce;
    char said[KC_UDF_TEXT_SIZE];
    enum kc_error error = kc_json_octets(kc_object_member(message, "ServerNonce"), nonce, &size);
    if (error == KC_OK)
        error = kc_connection_witness(account, (struct kc_span){nonce, size}, device,
            (struct kc_span){known->nonce, sizeof known->nonce}, witness);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? error : KC_ERR_BAD_REQUEST;
    static const char *const fields[] = {"Witness", "MessageId"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (kc_json_text(kc_object_member(message, fields[i]), said, sizeof said) != KC_OK ||
            !kc_mesh_witness_is(witness, said))
            return KC_ERR_WITNESS;
    return KC_OK;
}

enum kc_error kc_mesh_acknowledge_read(struct kc_span text, struct kc_span profile,
    const struct kc_public_key *device, const struct kc_mesh_connecting_device *known,
    struct kc_mesh_acknowledged *acknowledged)
{
    struct kc_mesh_acknowledged read = {0};
    struct kc_public_key account;
    struct kc_json_document document = {0};
    struct kc_object message;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = message_open(text, envelope, &document, &message);
    if (error == KC_OK)
        error = account_read(profile, known, &account);
    if (error == KC_OK)
        error = own_request_check(&message, known);
    if (error == KC_OK)
        error = witness_check(&message, &account, device, known, read.witness);
    if (error == KC_OK)
        error = kc_make_id(read.witness, KC_ID_OF_RESPONSE, read.response_id);
    kc_json_done(&document);
    kc_dare_envelope_done(envelope);
    free(envelope);
    if (error != KC_OK)
        return error;
    memcpy(read.account_udf, account.udf, sizeof read.account_udf);
    *acknowledged = read;
    return KC_OK;
}

/* --- what people compare --- */

static bool is_space(char c)
{
    return c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char upper(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    return c;
}

/* The characters that count. False: there are not as many as a witness has. */
static bool characters_of(const char *text, char characters[WITNESS_CHARACTERS])
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (is_space(*text))
            continue;
        if (count == WITNESS_CHARACTERS)
            return false;
        characters[count++] = upper(*text);
    }
    return count == WITNESS_CHARACTERS;
}

bool kc_mesh_witness_is(const char *witness, const char *said)
{
    char a[WITNESS_CHARACTERS], b[WITNESS_CHARACTERS];
    return characters_of(witness, a) && characters_of(said, b) &&
           kc_ct_bytes_equal(a, b, sizeof a) != 0;
}
