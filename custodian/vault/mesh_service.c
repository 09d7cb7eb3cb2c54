/* SPDX-License-Identifier: Apache-2.0 */
/* Mesh services: made, shown, and what they sign. */
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh.h"
#include "custodian/vault/operations.h"

#include "custodian/mesh/seed.h"
#include "custodian/vault/seed.h"

#include <stdio.h>
#include <string.h>

#define ALGORITHM_ED448 4         /* code of a seed that makes one key of that curve */
#define BODY_ROOM ((size_t)12288) /* octets of three documents */
#define SEEDS_ROOM 160

void kc_call_service_name(const struct kc_call *call, char name[static KC_RECORD_TEXT_SIZE])
{
    kc_call_text(call, KC_FIELD_SERVICE, name, KC_RECORD_TEXT_SIZE);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
}

/* --- the record --- */

/* What the body holds, lent by it. */
struct shown {
    struct kc_span udf, profile_service, profile_host, connection_host;
};

static enum kc_error read_shown(const struct kc_record *service, struct shown *shown)
{
    struct kc_reader r;
    kc_reader_init(&r, service->body.bytes, service->body.size);
    shown->udf = kc_reader_span(&r, KC_UDF_ID_SIZE - 1);
    shown->profile_service = kc_reader_span(&r, BODY_ROOM);
    shown->profile_host = kc_reader_span(&r, BODY_ROOM);
    shown->connection_host = kc_reader_span(&r, BODY_ROOM);
    return kc_reader_finish(&r) == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

enum kc_error kc_mesh_service_udf(const struct kc_record *service, char udf[static KC_UDF_ID_SIZE])
{
    struct shown shown;
    enum kc_error error = read_shown(service, &shown);
    if (error != KC_OK)
        return error;
    memset(udf, 0, KC_UDF_ID_SIZE);
    memcpy(udf, shown.udf.bytes, shown.udf.size);
    return KC_OK;
}

static void pack_shown(struct kc_writer *w, const void *content)
{
    const struct kc_mesh_service_documents *documents = content;
    kc_writer_text(w, documents->udf);
    kc_writer_text(w, documents->profile_service);
    kc_writer_text(w, documents->profile_host);
    kc_writer_text(w, documents->connection_host);
}

static enum kc_error protect_seeds(
    struct kc_call *call, struct kc_record *staged, const struct kc_mesh_service_seeds *seeds)
{
    KC_AUTO_SECRET secret = {0};
    struct kc_writer w;
    enum kc_error error = kc_secret_init(&secret, SEEDS_ROOM);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, secret.bytes, secret.size);
    kc_writer_span(&w, seeds->service.bytes, seeds->service.size);
    kc_writer_span(&w, seeds->host.bytes, seeds->host.size);
    kc_writer_span(&w, seeds->custodian.bytes, seeds->custodian.size);
    error = kc_writer_finish(&w);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, &secret) : error;
}

enum kc_error kc_call_stage_service(struct kc_call *call, const char *name,
    const struct kc_mesh_service_seeds *seeds, struct kc_record **staged)
{
    struct kc_record wanted = {.kind = KC_KIND_SERVICE,
        .residence = KC_RESIDENCE_WRAPPED,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    struct kc_mesh_service_documents documents = {0};
    struct kc_mesh_source source = kc_call_mesh_source(call);
    kc_mesh_service_record_id(name, wanted.id);
    snprintf(wanted.account, sizeof wanted.account, "%s", name);
    enum kc_error error = kc_mesh_service_documents_make(&source, seeds, &documents);
    if (error == KC_OK)
        error = kc_call_stage_or_wait(call, &wanted, staged);
    if (error == KC_OK)
        error = kc_call_pack_body(call, *staged, pack_shown, &documents);
    if (error == KC_OK)
        error = protect_seeds(call, *staged, seeds);
    kc_mesh_service_documents_done(&documents);
    return error;
}

/* --- its keys --- */

static enum kc_error open_key(struct kc_call *call, const struct kc_record *service,
    enum kc_mesh_service_key which, struct kc_key *key)
{
    KC_AUTO_SECRET secret = {0};
    struct kc_mesh_service_seeds seeds;
    struct kc_reader r;
    enum kc_error error = kc_keeper_open(call->vault->keeper, service, &secret);
    if (error != KC_OK)
        return error;
    kc_reader_init(&r, secret.bytes, secret.size);
    seeds.service = kc_reader_span(&r, secret.size);
    seeds.host = kc_reader_span(&r, secret.size);
    seeds.custodian = kc_reader_span(&r, secret.size);
    return r.failed ? KC_ERR_RECORD_DAMAGED : kc_mesh_service_key(&seeds, which, key);
}

/* The one that answers each request is derived once. */
enum kc_error kc_call_service_key(struct kc_call *call, const struct kc_record *service,
    enum kc_mesh_service_key which, struct kc_key *key)
{
    struct kc_cache *cache = call->vault->cache;
    KC_AUTO_MATERIAL material = {0};
    if (which == KC_MESH_CUSTODIAN && kc_cache_get(cache, service, &material)) {
        *key = material.key;
        return KC_OK;
    }
    enum kc_error error = open_key(call, service, which, &material.key);
    if (error != KC_OK)
        return error;
    if (which == KC_MESH_CUSTODIAN)
        kc_cache_put(cache, service, &material);
    *key = material.key;
    return KC_OK;
}

enum kc_error kc_call_service(struct kc_call *call, struct kc_record **service)
{
    char name[KC_RECORD_TEXT_SIZE];
    kc_call_service_name(call, name);
    char id[KC_RECORD_ID_SIZE];
    kc_mesh_service_record_id(name, id);
    return kc_call_record(
        call, KC_KIND_SERVICE, (struct kc_span){(const uint8_t *)id, strlen(id)}, service);
}

/* --- mesh-service-create, mesh-service-show --- */

static enum kc_error add_document(struct kc_call *call, const char *label, struct kc_span document)
{
    struct kc_values *item;
    enum kc_error error = kc_call_add_item(call, &item);
    if (error != KC_OK)
        return error;
    kc_values_set_text(item, KC_FIELD_LABEL, label);
    kc_values_set_span(item, KC_FIELD_DOCUMENT, document.bytes, document.size);
    return KC_OK;
}

static enum kc_error describe(struct kc_call *call, const struct kc_record *service)
{
    struct shown shown;
    enum kc_error error = read_shown(service, &shown);
    kc_field_set_add(&call->answer.values.present, KC_FIELD_ITEMS);
    if (error == KC_OK)
        error = add_document(call, "ProfileService", shown.profile_service);
    if (error == KC_OK)
        error = add_document(call, "ProfileHost", shown.profile_host);
    if (error == KC_OK)
        error = add_document(call, "ConnectionHost", shown.connection_host);
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_SERVICE, kc_call_print(call, "%s", service->account));
    kc_call_set_text(call, KC_FIELD_KEY,
        kc_call_print(call, "%.*s", (int)shown.udf.size, (const char *)shown.udf.bytes));
    kc_call_set_number(call, KC_FIELD_CREATED, service->created);
    return KC_OK;
}

/* A name of hosts: letters, digits, "-" and "." between them. */
static bool is_host_name(const char *name)
{
    char before = '.';
    for (const char *c = name; *c; before = *c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        bool is_between = (*c == '-' || *c == '.') && before != '.' && before != '-';
        if (!is_letter && !is_between)
            return false;
    }
    return before != '.' && before != '-';
}

static enum kc_error make_seeds(struct kc_call *call, struct kc_secret secrets[static 3])
{
    enum kc_error error = kc_call_make_seed(call, KC_MESH_SEED_PROFILE_SERVICE, &secrets[0]);
    if (error == KC_OK)
        error = kc_call_make_seed(call, KC_MESH_SEED_PROFILE_SERVICE, &secrets[1]);
    if (error == KC_OK)
        error = kc_call_make_seed(call, (enum kc_mesh_seed_type)ALGORITHM_ED448, &secrets[2]);
    return error;
}

static struct kc_span span_of(const struct kc_secret *secret)
{
    return (struct kc_span){secret->bytes, secret->size};
}

static enum kc_error create(struct kc_call *call, const char *name)
{
    struct kc_secret secrets[3] = {{0}};
    struct kc_record *staged;
    enum kc_error error = make_seeds(call, secrets);
    struct kc_mesh_service_seeds seeds = {
        span_of(&secrets[0]), span_of(&secrets[1]), span_of(&secrets[2])};
    if (error == KC_OK)
        error = kc_call_stage_service(call, name, &seeds, &staged);
    if (error == KC_OK)
        error = describe(call, staged);
    for (size_t i = 0; i < 3; i++)
        kc_secret_done(&secrets[i]);
    call->wish = KC_WISH_COMMIT;
    return error;
}

enum kc_error kc_vault_mesh_service_create(struct kc_call *call)
{
    struct kc_record *present;
    char name[KC_RECORD_TEXT_SIZE];
    kc_call_service_name(call, name);
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK && !is_host_name(name)) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_SERVICE].name);
        return KC_ERR_BAD_ARGUMENT;
    }
    if (error != KC_OK)
        return error;
    error = kc_call_service(call, &present);
    if (error == KC_ERR_REFUSED)
        return create(call, name);
    return error == KC_OK ? KC_ERR_EXISTS : error;
}

enum kc_error kc_vault_mesh_service_show(struct kc_call *call)
{
    struct kc_record *service;
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = kc_call_service(call, &service);
    return error == KC_OK ? describe(call, service) : error;
}

/* --- mesh-host-sign --- */

enum kc_error kc_vault_mesh_host_sign(struct kc_call *call)
{
    struct kc_record *service;
    KC_AUTO_DATA payload = {0};
    KC_AUTO_KEY key = {0};
    char *text;
    size_t size;
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &payload);
    if (error == KC_OK)
        error = kc_call_service(call, &service);
    if (error == KC_OK)
        error = kc_call_service_key(call, service, KC_MESH_HOST_SIGNATURE, &key);
    if (error != KC_OK)
        return error;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    error = kc_mesh_response_sign(&source, &key, payload.span, &text, &size);
    if (error == KC_ERR_BAD_REQUEST) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_DOCUMENT].name);
        return KC_ERR_BAD_ARGUMENT;
    }
    return error == KC_OK ? kc_call_give_octets(call, KC_FIELD_RESPONSE, (uint8_t *)text, size)
                          : error;
}

/* --- receipts --- */

enum kc_error kc_call_set_receipt(struct kc_call *call, const struct kc_record *service,
    const struct kc_mesh_request *request, const struct kc_mesh_told *told)
{
    struct kc_vault *vault = call->vault;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    KC_AUTO_KEY key = {0};
    char *text;
    size_t size;
    pthread_mutex_lock(&vault->lock);
    uint64_t effective = vault->ledger.head.number, anchored = vault->ledger.anchor->number;
    pthread_mutex_unlock(&vault->lock);
    struct kc_mesh_receipt receipt = {.request_digest = request->envelope->digest,
        .service = service->account,
        .account_udf = told->account_udf,
        .done = told->done,
        .subjects = told->subjects,
        .subject_count = told->subject_count,
        .effective = effective,
        .anchored = anchored};
    enum kc_error error = kc_call_service_key(call, service, KC_MESH_CUSTODIAN, &key);
    if (error == KC_OK)
        error = kc_mesh_receipt_make(&source, &key, &receipt, &text, &size);
    if (error == KC_OK)
        error = kc_call_give_octets(call, KC_FIELD_RESPONSE, (uint8_t *)text, size);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_EFFECTIVE, receipt.effective);
    kc_call_set_number(call, KC_FIELD_ANCHORED, receipt.anchored);
    return KC_OK;
}
