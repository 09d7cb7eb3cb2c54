/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/signed_object.h"

#include "proto/udf_key.h"

#include <stdlib.h>
#include <string.h>

void kc_signed_object_done(struct kc_signed_object *object)
{
    if (object->envelope != NULL)
        kc_dare_envelope_done(object->envelope);
    free(object->envelope);
    kc_json_done(&object->document);
    *object = (struct kc_signed_object){0};
}

/* Reads the envelope alone. */
static enum kc_error envelope_open(
    struct kc_span text, size_t size_max, struct kc_signed_object *object)
{
    *object = (struct kc_signed_object){0};
    if (text.size > size_max)
        return KC_ERR_TOO_LARGE;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    if (error != KC_OK) {
        free(envelope);
        return error;
    }
    object->envelope = envelope;
    return envelope->salt_size > 0 ? KC_ERR_ENVELOPE : KC_OK;
}

static enum kc_error payload_parse(struct kc_signed_object *object, enum kc_object_type base)
{
    struct kc_span payload = {object->envelope->body, object->envelope->body_size};
    return kc_object_parse(
        payload, payload.size, base, &object->document, &object->object, &object->notes);
}

static enum kc_error verify_and_parse(struct kc_signed_object *object, enum kc_object_type base,
    const struct kc_public_key *signer, kc_dare_verify verify)
{
    enum kc_error error =
        kc_dare_envelope_verify(object->envelope, signer, verify, &object->signature);
    return error != KC_OK ? error : payload_parse(object, base);
}

/* Values point into the document where it lies, so an object is opened in its place. */
static enum kc_error give(enum kc_error error, struct kc_signed_object *object)
{
    if (error != KC_OK)
        kc_signed_object_done(object);
    return error;
}

enum kc_error kc_signed_object_open(struct kc_span text, size_t size_max, enum kc_object_type base,
    const struct kc_public_key *signer, kc_dare_verify verify, struct kc_signed_object *object)
{
    enum kc_error error = envelope_open(text, size_max, object);
    if (error == KC_OK)
        error = verify_and_parse(object, base, signer, verify);
    return give(error, object);
}

enum kc_error kc_object_key(
    const struct kc_object *object, const char *name, struct kc_public_key *key)
{
    return kc_public_key_read(kc_object_member(object, name), key);
}

/* The key that a profile says is its own: read before anything is verified, as it is what verifies. */
static enum kc_error profile_key(struct kc_signed_object *object, enum kc_object_type base,
    const char *udf, kc_dare_verify verify, struct kc_public_key *key)
{
    enum kc_error error = payload_parse(object, base);
    if (error == KC_OK)
        error = kc_object_key(&object->object, "ProfileSignature", key);
    if (error != KC_OK)
        return error == KC_ERR_REFUSED || error == KC_ERR_BAD_ALGORITHM ? KC_ERR_SIGNATURE : error;
    struct kc_span octets = {key->octets, key->size};
    if (udf != NULL && !kc_udf_names_key(udf, key->algorithm, octets))
        return KC_ERR_SIGNATURE;
    return kc_dare_envelope_verify(object->envelope, key, verify, &object->signature);
}

enum kc_error kc_signed_object_open_profile(struct kc_span text, size_t size_max,
    enum kc_object_type base, const char *udf, kc_dare_verify verify,
    struct kc_signed_object *object, struct kc_public_key *key)
{
    struct kc_public_key found = {0};
    enum kc_error error = envelope_open(text, size_max, object);
    if (error == KC_OK)
        error = profile_key(object, base, udf, verify, &found);
    if (error == KC_OK && key != NULL)
        *key = found;
    return give(error, object);
}

/* --- requests --- */

void kc_accredited_request_done(struct kc_accredited_request *request)
{
    kc_signed_object_done(&request->connection);
    kc_signed_object_done(&request->request);
}

/* "AuthorityUdf (if present) = account UDF." */
static bool is_of_account(const struct kc_object *connection, const char *account_udf)
{
    struct kc_json authority = kc_object_member(connection, "Authority");
    return !kc_json_is_there(authority) || kc_json_is_text(authority, account_udf);
}

static enum kc_error verify_by(const struct kc_dare_memory *memory, kc_dare_verify verify,
    const struct kc_public_key *key, const struct kc_dare_envelope *envelope,
    const struct kc_dare_signature *signature)
{
    struct kc_span octets = {signature->octets, signature->size};
    return memory->verify != NULL ? memory->verify(memory->memory, key, envelope->digest, octets)
                                  : verify(key, envelope->digest, octets);
}

/* Whether the administrator signed a ConnectionDevice, which is read after that. */
static enum kc_error connection_verify(const struct kc_accreditation *accreditation,
    kc_dare_verify verify, struct kc_signed_object *connection)
{
    const struct kc_dare_envelope *envelope = connection->envelope;
    enum kc_error error = KC_ERR_SIGNATURE;
    for (size_t i = 0; i < envelope->signature_count && error != KC_OK; i++) {
        connection->signature = &envelope->signatures[i];
        error = verify_by(&accreditation->connections, verify, accreditation->administrator,
            envelope, connection->signature);
    }
    return error;
}

/* Opens a ConnectionDevice and takes the device's key from it. */
static enum kc_error connection_open(struct kc_span text,
    const struct kc_accreditation *accreditation, kc_dare_verify verify,
    struct kc_accredited_request *request)
{
    enum kc_error error = envelope_open(text, text.size, &request->connection);
    if (error == KC_OK)
        error = connection_verify(accreditation, verify, &request->connection);
    if (error == KC_OK)
        error = payload_parse(&request->connection, KC_OBJECT_ConnectionDevice);
    if (error != KC_OK)
        return give(error, &request->connection);
    if (!is_of_account(&request->connection.object, accreditation->account_udf) ||
        kc_object_key(&request->connection.object, "Signature", &request->device) != KC_OK) {
        kc_signed_object_done(&request->connection);
        return KC_ERR_SIGNATURE;
    }
    return KC_OK;
}

/* Follows the chain from one signature. */
static enum kc_error follow(const struct kc_dare_signature *signature,
    const struct kc_accreditation *accreditation, kc_dare_verify verify,
    struct kc_accredited_request *request)
{
    struct kc_span connection =
        signature->manifest.size > 0 ? signature->manifest : accreditation->connection;
    if (connection.size == 0 ||
        connection_open(connection, accreditation, verify, request) != KC_OK)
        return KC_ERR_SIGNATURE;
    if (verify_by(&accreditation->devices, verify, &request->device, request->request.envelope,
            signature) == KC_OK) {
        request->request.signature = signature;
        return KC_OK;
    }
    kc_signed_object_done(&request->connection);
    return KC_ERR_SIGNATURE;
}

enum kc_error kc_accredited_request_verify(struct kc_span text, size_t size_max,
    const struct kc_accreditation *accreditation, kc_dare_verify verify,
    struct kc_accredited_request *request)
{
    *request = (struct kc_accredited_request){0};
    enum kc_error error = envelope_open(text, size_max, &request->request);
    if (error == KC_OK) {
        const struct kc_dare_envelope *envelope = request->request.envelope;
        error = KC_ERR_SIGNATURE;
        for (size_t i = 0; i < envelope->signature_count && error != KC_OK; i++)
            error = follow(&envelope->signatures[i], accreditation, verify, request);
    }
    if (error != KC_OK)
        kc_accredited_request_done(request);
    return error;
}

enum kc_error kc_accredited_request_open(struct kc_span text, size_t size_max,
    enum kc_object_type base, const struct kc_accreditation *accreditation, kc_dare_verify verify,
    struct kc_accredited_request *request)
{
    enum kc_error error =
        kc_accredited_request_verify(text, size_max, accreditation, verify, request);
    if (error != KC_OK)
        return error;
    error = payload_parse(&request->request, base);
    if (error != KC_OK)
        kc_accredited_request_done(request);
    return error;
}
