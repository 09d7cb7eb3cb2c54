/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/acknowledgement.h"

#include "custodian/mesh/connection.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

#define DOCUMENT_SIZE_MAX (64u << 10)    /* octets of a profile or a message */
#define PAYLOAD_SIZE ((size_t)192 << 10) /* with the request in it */

/* What a request says and who says it. */
struct asked {
    struct kc_public_key device; /* whose profile came along, and signed all of it */
    uint8_t nonce[KC_NONCE_SIZE_MAX];
    size_t nonce_size;
};

/* --- the request --- */

static enum kc_error copy_source(struct kc_json value, char **text, size_t *size)
{
    struct kc_span source = kc_json_source(value);
    char *copy = malloc(source.size + 1);
    if (copy == NULL)
        return KC_ERR_NO_MEMORY;
    memcpy(copy, source.bytes, source.size);
    copy[source.size] = '\0';
    *text = copy;
    *size = source.size;
    return KC_OK;
}

/* The profile in a request that nobody has verified yet: it signs itself. */
static enum kc_error device_read(
    struct kc_span request, struct kc_mesh_acknowledgement *made, struct kc_public_key *device)
{
    struct kc_json_document document = {0};
    struct kc_object message;
    struct kc_signed_object profile;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(request, envelope);
    if (error == KC_OK && envelope->salt_size != 0)
        error = KC_ERR_ENVELOPE;
    if (error == KC_OK)
        error = kc_object_parse((struct kc_span){envelope->body, envelope->body_size},
            DOCUMENT_SIZE_MAX, KC_OBJECT_RequestConnection, &document, &message, NULL);
    struct kc_json enclosed = {.document = NULL};
    if (error == KC_OK)
        enclosed = kc_object_member(&message, "AuthenticatedData");
    if (error == KC_OK && !kc_json_is_there(enclosed))
        error = KC_ERR_BAD_REQUEST;
    if (error == KC_OK)
        error = kc_signed_object_open_profile(kc_json_source(enclosed), DOCUMENT_SIZE_MAX,
            KC_OBJECT_ProfileDevice, NULL, kc_mesh_verify, &profile, device);
    if (error == KC_OK) {
        kc_signed_object_done(&profile);
        error = copy_source(enclosed, &made->profile_device, &made->profile_device_size);
    }
    kc_json_done(&document);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

static enum kc_error request_read(
    struct kc_span request, struct kc_mesh_acknowledgement *made, struct asked *asked)
{
    struct kc_signed_object opened;
    char said[KC_ACCOUNT_SIZE];
    enum kc_error error = device_read(request, made, &asked->device);
    if (error == KC_OK)
        error = kc_signed_object_open(request, DOCUMENT_SIZE_MAX, KC_OBJECT_RequestConnection,
            &asked->device, kc_mesh_verify, &opened);
    if (error != KC_OK)
        return error;
    const struct kc_object *object = &opened.object;
    asked->nonce_size = sizeof asked->nonce;
    error =
        kc_json_octets(kc_object_member(object, "ClientNonce"), asked->nonce, &asked->nonce_size);
    if (error == KC_OK)
        error = kc_json_text(kc_object_member(object, "AccountAddress"), said, sizeof said);
    if (error == KC_OK)
        error = kc_account_canonical(said, made->account);
    made->has_pin = kc_json_is_there(kc_object_member(object, "PinId"));
    memcpy(made->device_udf, asked->device.udf, sizeof made->device_udf);
    kc_signed_object_done(&opened);
    return error == KC_OK ? KC_OK : KC_ERR_BAD_REQUEST;
}

/* --- the account --- */

static enum kc_error account_read(
    struct kc_span profile, const char *wanted, struct kc_public_key *account)
{
    struct kc_signed_object opened;
    char said[KC_ACCOUNT_SIZE], address[KC_ACCOUNT_SIZE];
    enum kc_error error = kc_signed_object_open_profile(profile, DOCUMENT_SIZE_MAX,
        KC_OBJECT_ProfileAccount, NULL, kc_mesh_verify, &opened, account);
    if (error != KC_OK)
        return error;
    bool fits = kc_json_text(kc_object_member(&opened.object, "AccountAddress"), said,
                    sizeof said) == KC_OK &&
                kc_account_canonical(said, address) == KC_OK && strcmp(address, wanted) == 0;
    kc_signed_object_done(&opened);
    return fits ? KC_OK : KC_ERR_PROFILE;
}

/* --- the answer --- */

static enum kc_error write(const struct kc_mesh_source *source, struct kc_span request,
    struct kc_span nonce, struct kc_mesh_acknowledgement *made)
{
    struct kc_object_writer w;
    uint8_t *room = malloc(PAYLOAD_SIZE);
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&w, room, PAYLOAD_SIZE);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_AcknowledgeConnection);
    kc_object_write_text(&w, "MessageId", made->witness);
    kc_object_write_source(&w, "EnvelopedRequestConnection", request);
    kc_object_write_octets(&w, "ServerNonce", nonce);
    kc_object_write_text(&w, "Witness", made->witness);
    kc_object_write_end(&w);
    enum kc_error error = kc_object_writer_finish(&w);
    struct kc_mesh_letter letter = {
        .payload = {room, w.json.out.size}, .type = "AcknowledgeConnection"};
    if (error == KC_OK)
        error = kc_mesh_envelope_make(source, &letter, &made->text, &made->size);
    free(room);
    return error;
}

static enum kc_error make(const struct kc_mesh_source *source, struct kc_span request,
    struct kc_span profile, struct kc_mesh_acknowledgement *made)
{
    struct asked asked;
    struct kc_public_key account;
    uint8_t octets[KC_MESH_NONCE_SIZE];
    struct kc_span nonce = {octets, sizeof octets};
    enum kc_error error = request_read(request, made, &asked);
    if (error == KC_OK)
        error = account_read(profile, made->account, &account);
    if (error == KC_OK)
        error = source->random(source->context, octets, sizeof octets);
    if (error == KC_OK)
        error = kc_connection_witness(&account, nonce, &asked.device,
            (struct kc_span){asked.nonce, asked.nonce_size}, made->witness);
    return error == KC_OK ? write(source, request, nonce, made) : error;
}

enum kc_error kc_mesh_acknowledge_make(const struct kc_mesh_source *source, struct kc_span request,
    struct kc_span profile, struct kc_mesh_acknowledgement *made)
{
    struct kc_mesh_acknowledgement acknowledgement = {.text = NULL};
    enum kc_error error = make(source, request, profile, &acknowledgement);
    if (error == KC_OK)
        *made = acknowledgement;
    else
        kc_mesh_acknowledgement_done(&acknowledgement);
    return error;
}

void kc_mesh_acknowledgement_done(struct kc_mesh_acknowledgement *made)
{
    free(made->profile_device);
    free(made->text);
    *made = (struct kc_mesh_acknowledgement){.text = NULL};
}
