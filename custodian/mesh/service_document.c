/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/service_document.h"

#include "custodian/mesh/key_document.h"
#include "custodian/mesh/seed.h"
#include "proto/object.h"

#include <stdlib.h>
#include <string.h>

#define DOCUMENT_ROOM 4096
#define RECEIPT_ROOM 65536
#define PAYLOAD_MAX ((size_t)256 << 10)

/* --- keys --- */

static enum kc_error derive(struct kc_span seed, const char *name, struct kc_key *key)
{
    return kc_mesh_seed_key(seed, KC_MESH_SERVICE_CURVE, KC_DERIVATION_CURRENT, name, key);
}

enum kc_error kc_mesh_service_key(
    const struct kc_mesh_service_seeds *seeds, enum kc_mesh_service_key which, struct kc_key *key)
{
    switch (which) {
    case KC_MESH_SERVICE_PROFILE:
        return derive(seeds->service, "BaseServiceProfile", key);
    case KC_MESH_SERVICE_ENCRYPTION:
        return derive(seeds->service, "BaseServiceEncrypt", key);
    case KC_MESH_SERVICE_SIGNATURE:
        return derive(seeds->service, "BaseServiceSign", key);
    case KC_MESH_HOST_SIGNATURE:
        return derive(seeds->host, "BaseHostSign", key);
    case KC_MESH_CUSTODIAN:
        return derive(seeds->custodian, "", key);
    }
    return KC_ERR_INTERNAL;
}

/* --- writing --- */

/* The public half of a derived key, as a field. */
static enum kc_error write_derived(
    struct kc_object_writer *w, const char *field, struct kc_span seed, const char *name)
{
    KC_AUTO_KEY key = {0};
    struct kc_public_key public;
    enum kc_error error = derive(seed, name, &key);
    if (error == KC_OK)
        error = kc_mesh_public_key(&key.public, &public);
    if (error == KC_OK)
        kc_mesh_write_public(w, field, &public);
    return error;
}

struct field {
    const char *field, *key;
};

static enum kc_error write_all(
    struct kc_object_writer *w, struct kc_span seed, const struct field *fields, size_t count)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < count; i++)
        error = write_derived(w, fields[i].field, seed, fields[i].key);
    return error;
}

/* Ends what was written, and envelopes it. */
static enum kc_error seal(const struct kc_mesh_source *source, struct kc_object_writer *w,
    const struct kc_key *signer, const char *type, const char *id, char **text)
{
    size_t size;
    kc_object_write_end(w);
    enum kc_error error = kc_object_writer_finish(w);
    struct kc_mesh_letter letter = {.payload = {w->json.out.bytes, w->json.out.size},
        .type = type,
        .id = id,
        .unique_id = id,
        .signer = signer};
    return error == KC_OK ? kc_mesh_envelope_make(source, &letter, text, &size) : error;
}

/* --- the service's own --- */

static enum kc_error udf_of(struct kc_span seed, const char *name, char udf[KC_UDF_ID_SIZE])
{
    KC_AUTO_KEY key = {0};
    struct kc_public_key public;
    enum kc_error error = derive(seed, name, &key);
    if (error == KC_OK)
        error = kc_mesh_public_key(&key.public, &public);
    if (error == KC_OK)
        memcpy(udf, public.udf, KC_UDF_ID_SIZE);
    return error;
}

/* A profile with keys that are derived of one seed, signed by the first of them. */
static enum kc_error profile_make(const struct kc_mesh_source *source, enum kc_object_type type,
    struct kc_span seed, const struct field *fields, size_t count, char **text)
{
    uint8_t room[DOCUMENT_ROOM];
    char udf[KC_UDF_ID_SIZE];
    struct kc_object_writer w;
    KC_AUTO_KEY profile = {0};
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, type);
    enum kc_error error = write_all(&w, seed, fields, count);
    if (error == KC_OK)
        error = derive(seed, fields[0].key, &profile);
    if (error == KC_OK)
        error = udf_of(seed, fields[0].key, udf);
    return error == KC_OK ? seal(source, &w, &profile, kc_object_info(type)->name, udf, text)
                          : error;
}

static enum kc_error profile_service_make(
    const struct kc_mesh_source *source, const struct kc_mesh_service_seeds *seeds, char **text)
{
    static const struct field fields[] = {{"ProfileSignature", "BaseServiceProfile"},
        {"ServiceAuthentication", "BaseServiceAuthenticate"},
        {"ServiceEncryption", "BaseServiceEncrypt"}, {"ServiceSignature", "BaseServiceSign"}};
    return profile_make(source, KC_OBJECT_ProfileService, seeds->service, fields,
        sizeof fields / sizeof *fields, text);
}

static enum kc_error profile_host_make(
    const struct kc_mesh_source *source, const struct kc_mesh_service_seeds *seeds, char **text)
{
    static const struct field fields[] = {{"ProfileSignature", "BaseHostProfile"},
        {"Encryption", "BaseHostEncrypt"}, {"Signature", "BaseHostSign"},
        {"Authentication", "BaseHostAuthenticate"}};
    return profile_make(
        source, KC_OBJECT_ProfileHost, seeds->host, fields, sizeof fields / sizeof *fields, text);
}

/* That this host, and this custodian's key on it, speak for the service. */
static enum kc_error connection_host_make(const struct kc_mesh_source *source,
    const struct kc_mesh_service_seeds *seeds, const char *service_udf, char **text)
{
    static const struct field fields[] = {
        {"Authentication", "BaseHostAuthenticate"}, {"Signature", "BaseHostSign"}};
    uint8_t room[DOCUMENT_ROOM];
    char host_udf[KC_UDF_ID_SIZE];
    struct kc_object_writer w;
    KC_AUTO_KEY signer = {0};
    enum kc_error error = udf_of(seeds->host, "BaseHostProfile", host_udf);
    if (error == KC_OK)
        error = kc_mesh_service_key(seeds, KC_MESH_SERVICE_SIGNATURE, &signer);
    if (error != KC_OK)
        return error;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ConnectionHost);
    kc_object_write_time(&w, "Updated", (int64_t)source->now);
    kc_object_write_text(&w, "Subject", host_udf);
    kc_object_write_text(&w, "Authority", service_udf);
    error = write_all(&w, seeds->host, fields, sizeof fields / sizeof *fields);
    if (error == KC_OK)
        error = write_derived(&w, "CustodianSignature", seeds->custodian, "");
    return error == KC_OK ? seal(source, &w, &signer, "ConnectionHost", NULL, text) : error;
}

enum kc_error kc_mesh_service_documents_make(const struct kc_mesh_source *source,
    const struct kc_mesh_service_seeds *seeds, struct kc_mesh_service_documents *documents)
{
    struct kc_mesh_service_documents made = {0};
    enum kc_error error = udf_of(seeds->service, "BaseServiceProfile", made.udf);
    if (error == KC_OK)
        error = profile_service_make(source, seeds, &made.profile_service);
    if (error == KC_OK)
        error = profile_host_make(source, seeds, &made.profile_host);
    if (error == KC_OK)
        error = connection_host_make(source, seeds, made.udf, &made.connection_host);
    if (error == KC_OK)
        *documents = made;
    else
        kc_mesh_service_documents_done(&made);
    return error;
}

void kc_mesh_service_documents_done(struct kc_mesh_service_documents *documents)
{
    free(documents->profile_service);
    free(documents->profile_host);
    free(documents->connection_host);
    *documents = (struct kc_mesh_service_documents){0};
}

/* --- for accounts --- */

enum kc_error kc_mesh_assignment_make(const struct kc_mesh_source *source,
    const struct kc_key *signer, const char *address, const char *host,
    const struct kc_public_key *access, char **text, size_t *size)
{
    uint8_t room[DOCUMENT_ROOM];
    struct kc_object_writer w;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_AccountHostAssignment);
    kc_object_write_text(&w, "AccountAddess", address);
    kc_object_write_list(&w, "HostAddresses");
    kc_object_write_text(&w, NULL, host);
    kc_object_write_end(&w);
    kc_mesh_write_public(&w, "AccessEncrypt", access);
    enum kc_error error = seal(source, &w, signer, "AccountHostAssignment", NULL, text);
    if (error == KC_OK)
        *size = strlen(*text);
    return error;
}

static void receipt_write(struct kc_object_writer *w, const struct kc_mesh_source *source,
    const struct kc_mesh_receipt *receipt)
{
    kc_object_write_tagged(w, NULL, KC_OBJECT_CustodianReceipt);
    kc_object_write_octets(
        w, "RequestDigest", (struct kc_span){receipt->request_digest, KC_DARE_DIGEST_SIZE});
    kc_object_write_text(w, "Service", receipt->service);
    kc_object_write_text(w, "AccountUdf", receipt->account_udf);
    kc_object_write_text(w, "Done", receipt->done);
    kc_object_write_list(w, "Subjects");
    for (size_t i = 0; i < receipt->subject_count; i++)
        kc_object_write_text(w, NULL, receipt->subjects[i]);
    kc_object_write_end(w);
    kc_object_write_integer(w, "Effective", (int64_t)receipt->effective);
    kc_object_write_integer(w, "Anchored", (int64_t)receipt->anchored);
    kc_object_write_time(w, "Updated", (int64_t)source->now);
}

enum kc_error kc_mesh_receipt_make(const struct kc_mesh_source *source, const struct kc_key *signer,
    const struct kc_mesh_receipt *receipt, char **text, size_t *size)
{
    struct kc_object_writer w;
    uint8_t *room = malloc(RECEIPT_ROOM);
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    kc_object_writer_init(&w, room, RECEIPT_ROOM);
    receipt_write(&w, source, receipt);
    enum kc_error error = seal(source, &w, signer, "CustodianReceipt", NULL, text);
    if (error == KC_OK)
        *size = strlen(*text);
    free(room);
    return error;
}

/* --- responses --- */

enum kc_error kc_mesh_response_sign(const struct kc_mesh_source *source,
    const struct kc_key *signer, struct kc_span payload, char **text, size_t *size)
{
    struct kc_json_document document = {0};
    struct kc_object response;
    enum kc_error error =
        kc_object_parse(payload, PAYLOAD_MAX, KC_OBJECT_NONE, &document, &response, NULL);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? error : KC_ERR_BAD_REQUEST;
    struct kc_mesh_letter letter = {
        .payload = payload, .type = kc_object_info(response.type)->name, .signer = signer};
    bool may = kc_object_type_is(response.type, KC_OBJECT_Response) &&
               !kc_object_type_is(response.type, KC_OBJECT_OperateResponse);
    error = may ? kc_mesh_envelope_make(source, &letter, text, size) : KC_ERR_REFUSED;
    kc_json_done(&document);
    return error;
}
