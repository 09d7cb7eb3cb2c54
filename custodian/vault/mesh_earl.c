/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EARLs: publications that the first who proves their secret has claimed.
 *
 * A record of KC_KIND_EARL: id that of the publication, account its publisher; the secret of the
 * record are the authenticators, of the service and, where the publication was made, of the device;
 * never the secret of the EARL. The body says who claimed it. failures counts claims that did not
 * hold, before they are looked at; after some of them the next that does not hold has to wait.
 */
#include "custodian/mesh/claim.h"
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_envelope.h"
#include "custodian/vault/operations.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define LIFE UINT64_C(7776000)       /* seconds, 90 days, unless the request says */
#define LIFE_MAX UINT64_C(315360000) /* ten years */
#define FREE_CLAIMS 8                /* that do not hold, before there is a wait */
#define WAIT 60                      /* seconds */

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- the record --- */

static enum kc_error protect(
    struct kc_call *call, struct kc_record *staged, const char *service, const char *device)
{
    KC_AUTO_SECRET secret = {0};
    size_t service_size = strlen(service), device_size = strlen(device);
    enum kc_error error = kc_secret_init(&secret, service_size + 1 + device_size);
    if (error != KC_OK)
        return error;
    memcpy(secret.bytes, service, service_size);
    secret.bytes[service_size] = '\n';
    memcpy(secret.bytes + service_size + 1, device, device_size);
    return kc_keeper_protect(call->vault->keeper, staged, &secret);
}

/* The authenticators; device is empty where just the service's is kept. Secret. */
static enum kc_error open_record(struct kc_call *call, const struct kc_record *record,
    char service[static KC_EARL_SECRET_TEXT], char device[static KC_EARL_SECRET_TEXT])
{
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &secret);
    if (error != KC_OK)
        return error;
    const uint8_t *end = memchr(secret.bytes, '\n', secret.size);
    size_t size = end ? (size_t)(end - secret.bytes) : 0;
    if (!end || size >= KC_EARL_SECRET_TEXT || secret.size - size - 1 >= KC_EARL_SECRET_TEXT)
        return KC_ERR_RECORD_DAMAGED;
    memset(service, 0, KC_EARL_SECRET_TEXT);
    memset(device, 0, KC_EARL_SECRET_TEXT);
    memcpy(service, secret.bytes, size);
    memcpy(device, end + 1, secret.size - size - 1);
    return KC_OK;
}

/* Protects a change: the secret is bound to the rest of the record, and so protected anew. */
static enum kc_error protect_again(
    struct kc_call *call, const struct kc_record *record, struct kc_record *staged)
{
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &secret);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, &secret) : error;
}

/* What the request says of a new record: its keyring, publisher and end. */
static enum kc_error read_wanted(struct kc_call *call, struct kc_record *wanted)
{
    char account[KC_ACCOUNT_SIZE], canonical[KC_ACCOUNT_SIZE];
    *wanted = (struct kc_record){.kind = KC_KIND_EARL,
        .role = KC_ROLE_ACCOUNT,
        .residence = KC_RESIDENCE_WRAPPED,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    kc_call_text(call, KC_FIELD_KEYRING, wanted->keyring, sizeof wanted->keyring);
    kc_call_text(call, KC_FIELD_ACCOUNT, account, sizeof account);
    if (kc_account_canonical(account, canonical) != KC_OK ||
        !kc_text_copy(wanted->account, sizeof wanted->account, canonical))
        return wrong_field(call, KC_FIELD_ACCOUNT);
    uint64_t now = wanted->created;
    wanted->expiry = kc_call_has(call, KC_FIELD_EXPIRY)
                         ? call->in.message.values.value[KC_FIELD_EXPIRY].number
                         : now + LIFE;
    if (wanted->expiry <= now || wanted->expiry > now + LIFE_MAX)
        return wrong_field(call, KC_FIELD_EXPIRY);
    return kc_call_allowed_record(call, wanted);
}

static enum kc_error stage(struct kc_call *call, struct kc_record *wanted, const char *id,
    const char *service, const char *device)
{
    struct kc_record *staged;
    if (!kc_text_copy(wanted->id, sizeof wanted->id, id))
        return KC_ERR_INTERNAL;
    enum kc_error error = kc_call_stage(call, wanted, &staged);
    if (error == KC_OK)
        error = protect(call, staged, service, device);
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_OBJECT, kc_call_print(call, "%s", id));
    kc_call_set_number(call, KC_FIELD_EXPIRY, wanted->expiry);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

/* --- mesh-earl-create --- */

static enum kc_error answer_uri(
    struct kc_call *call, const struct kc_record *wanted, const struct kc_mesh_earl *earl)
{
    struct kc_mesh_uri uri = {.scheme = "mcu"}; /* secret */
    char text[KC_URI_SIZE];                     /* secret */
    enum kc_error error = kc_text_copy(uri.account, sizeof uri.account, wanted->account) &&
                                  kc_text_copy(uri.secret, sizeof uri.secret, earl->secret)
                              ? kc_mesh_uri_print(&uri, text, sizeof text)
                              : KC_ERR_INTERNAL;
    if (error == KC_ERR_BAD_ARGUMENT)
        error = wrong_field(call, KC_FIELD_ACCOUNT);
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_SECRET, (const uint8_t *)text, strlen(text));
    kc_wipe(&uri, sizeof uri);
    kc_wipe(text, sizeof text);
    return error;
}

static enum kc_error publish(struct kc_call *call, const struct kc_record *wanted,
    const struct kc_mesh_earl *earl, struct kc_span payload)
{
    char *text = NULL;
    size_t size = 0;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    enum kc_error error =
        kc_mesh_publication_make(&source, earl, payload, (int64_t)wanted->expiry, &text, &size);
    if (error == KC_OK)
        error = kc_call_set_data(
            call, KC_FIELD_DOCUMENT, (struct kc_span){(const uint8_t *)text, size});
    free(text);
    return error;
}

enum kc_error kc_vault_mesh_earl_create(struct kc_call *call)
{
    struct kc_record wanted;
    struct kc_mesh_earl earl = {0}; /* secret */
    KC_AUTO_DATA payload = {0};
    struct kc_mesh_source source = kc_call_mesh_source(call);
    enum kc_error error = read_wanted(call, &wanted);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_MESSAGE, &payload);
    if (error == KC_OK)
        error = kc_mesh_earl_make(&source, &earl);
    if (error == KC_OK)
        error = answer_uri(call, &wanted, &earl);
    if (error == KC_OK)
        error = publish(call, &wanted, &earl, payload.span);
    if (error == KC_OK)
        error = stage(call, &wanted, earl.id, earl.service, earl.device);
    kc_wipe(&earl, sizeof earl);
    return error;
}

/* --- mesh-earl-publish: at the service --- */

/* What is there stays: a claim of it would be forgotten. */
static enum kc_error check_new(struct kc_call *call, const char *id)
{
    struct kc_record *found;
    enum kc_error error = kc_call_record(
        call, KC_KIND_EARL, (struct kc_span){(const uint8_t *)id, strlen(id)}, &found);
    if (error == KC_OK)
        return KC_ERR_EXISTS;
    return error == KC_ERR_REFUSED ? KC_OK : error;
}

enum kc_error kc_vault_mesh_earl_publish(struct kc_call *call)
{
    struct kc_record wanted;
    struct kc_mesh_publication publication = {0}; /* secret */
    KC_AUTO_DATA document = {0};
    enum kc_error error = read_wanted(call, &wanted);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    if (error == KC_OK)
        error = kc_mesh_publication_read(document.span, &publication);
    if (error == KC_ERR_BAD_REQUEST)
        error = wrong_field(call, KC_FIELD_DOCUMENT);
    if (error == KC_OK)
        error = check_new(call, publication.id);
    if (error == KC_OK && publication.expires > 0 && (uint64_t)publication.expires < wanted.expiry)
        wanted.expiry = (uint64_t)publication.expires;
    if (error == KC_OK)
        error = stage(call, &wanted, publication.id, publication.service, "");
    kc_wipe(&publication, sizeof publication);
    return error;
}

/* --- mesh-earl-claim, mesh-earl-open: with the secret --- */

/* The EARL in the URI that the request brings. Secret. */
static enum kc_error read_uri(
    struct kc_call *call, struct kc_mesh_uri *uri, struct kc_mesh_earl *earl)
{
    char text[KC_URI_SIZE]; /* secret */
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_call_secret(call, KC_FIELD_SECRET, 1, 512, &secret);
    if (error != KC_OK)
        return error;
    bool fits = secret.size < sizeof text && !memchr(secret.bytes, 0, secret.size);
    if (fits) {
        memcpy(text, secret.bytes, secret.size);
        text[secret.size] = 0;
        error = kc_mesh_uri_parse(text, uri);
    }
    if (fits && error == KC_OK)
        error = kc_mesh_earl_of(uri->secret, earl);
    kc_wipe(text, sizeof text);
    return !fits || error == KC_ERR_BAD_ARGUMENT ? wrong_field(call, KC_FIELD_SECRET) : error;
}

static enum kc_error sign_claim(struct kc_call *call, const struct kc_mesh_earl *earl,
    const char *claimant, const char *publisher)
{
    uint8_t text[KC_CLAIM_TEXT_MAX];
    size_t size = 0;
    KC_AUTO_DATA profile = {0};
    struct kc_mesh_source source = kc_call_mesh_source(call);
    enum kc_error error = kc_call_data(call, KC_FIELD_PROFILE, &profile);
    if (error == KC_OK)
        error = kc_mesh_claim_write(&source, earl, claimant, publisher, text, &size);
    if (error == KC_ERR_BAD_ARGUMENT)
        error = wrong_field(call, KC_FIELD_ACCOUNT);
    return error == KC_OK ? kc_call_sign_payload(call, (struct kc_span){text, size}, profile.span)
                          : error;
}

enum kc_error kc_vault_mesh_earl_claim(struct kc_call *call)
{
    char claimant[KC_ACCOUNT_SIZE];
    struct kc_mesh_uri uri = {0};   /* secret */
    struct kc_mesh_earl earl = {0}; /* secret */
    kc_call_text(call, KC_FIELD_ACCOUNT, claimant, sizeof claimant);
    enum kc_error error = read_uri(call, &uri, &earl);
    if (error == KC_OK)
        error = sign_claim(call, &earl, claimant, uri.account);
    if (error == KC_OK && call->wish == KC_WISH_ANSWER)
        kc_call_set_text(call, KC_FIELD_OBJECT, kc_call_print(call, "%s", earl.id));
    kc_wipe(&uri, sizeof uri);
    kc_wipe(&earl, sizeof earl);
    return error;
}

static enum kc_error open_publication(struct kc_call *call, const struct kc_mesh_earl *earl)
{
    uint8_t *plaintext = NULL; /* secret */
    size_t size = 0;
    KC_AUTO_DATA document = {0};
    enum kc_error error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    if (error == KC_OK)
        error = kc_mesh_publication_open(document.span, earl, &plaintext, &size);
    if (error == KC_ERR_BAD_REQUEST)
        error = wrong_field(call, KC_FIELD_DOCUMENT);
    if (error != KC_OK)
        return error;
    error = kc_call_set_secret(call, KC_FIELD_OUTPUT, plaintext, size);
    kc_room_free(plaintext);
    return error;
}

enum kc_error kc_vault_mesh_earl_open(struct kc_call *call)
{
    struct kc_mesh_uri uri = {0};   /* secret */
    struct kc_mesh_earl earl = {0}; /* secret */
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = read_uri(call, &uri, &earl);
    if (error == KC_OK)
        error = open_publication(call, &earl);
    kc_wipe(&uri, sizeof uri);
    kc_wipe(&earl, sizeof earl);
    return error;
}

/* --- mesh-earl-check --- */

/* The publication that a claim is of; what there is none of has the answer of a wrong claim. */
static enum kc_error find(
    struct kc_call *call, const struct kc_mesh_claim *claim, struct kc_record **record)
{
    enum kc_error error = kc_call_record(call, KC_KIND_EARL,
        (struct kc_span){(const uint8_t *)claim->id, strlen(claim->id)}, record);
    if (error == KC_ERR_REFUSED) {
        error = kc_call_allowed(call);
        return error == KC_OK ? KC_ERR_CLAIM : error;
    }
    return error == KC_OK ? kc_call_allowed_record(call, *record) : error;
}

/* Counted before it is looked at. */
static enum kc_error count_claim(struct kc_call *call, const struct kc_record *record)
{
    struct kc_record *staged;
    uint64_t now = kc_call_now(call);
    enum kc_error error = kc_call_stage(call, record, &staged);
    if (error != KC_OK)
        return error;
    if (staged->failures < UINT32_MAX)
        staged->failures++;
    staged->wait_until = staged->failures >= FREE_CLAIMS ? now + WAIT : 0;
    call->pin_counted = true;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return protect_again(call, record, staged);
}

/* The first that holds counts, and no other, nor itself again. */
static enum kc_error check_state(struct kc_call *call, const struct kc_record *record)
{
    if (record->body.size > 0) {
        kc_call_set_text(call, KC_FIELD_DETAIL,
            kc_call_print(call, "by %.*s", (int)(record->body.size < 200 ? record->body.size : 200),
                (const char *)record->body.bytes));
        return KC_ERR_CLAIMED;
    }
    return record->state != KC_STATE_ACTIVE || kc_call_now(call) >= record->expiry
               ? KC_ERR_CLAIM_EXPIRED
               : KC_OK;
}

static enum kc_error compare(
    struct kc_call *call, const struct kc_record *record, const struct kc_mesh_claim *claim)
{
    char service[KC_EARL_SECRET_TEXT] = "", device[KC_EARL_SECRET_TEXT] = ""; /* secret */
    enum kc_error error = open_record(call, record, service, device);
    if (error == KC_OK)
        error =
            kc_mesh_claim_check(claim, service, device[0] != 0 ? device : NULL, kc_call_now(call));
    if (error == KC_OK)
        error = check_state(call, record); /* told to nobody without the secret */
    kc_wipe(service, sizeof service);
    kc_wipe(device, sizeof device);
    return error;
}

/* Who tries many claims has to wait, and nothing is stored for him. One that holds does not: the secret
 * is too long to be tried, so that the wait guards the store alone, and whoever knows a publication's id
 * shall not keep others from it. */
static enum kc_error compare_waiting(
    struct kc_call *call, const struct kc_record *record, const struct kc_mesh_claim *claim)
{
    enum kc_error error = compare(call, record, claim);
    if (error == KC_ERR_CLAIM)
        kc_call_set_text(call, KC_FIELD_DETAIL,
            kc_call_print(call, "wait %llu seconds",
                (unsigned long long)(record->wait_until - kc_call_now(call))));
    return error;
}

static enum kc_error take(
    struct kc_call *call, const struct kc_record *record, const struct kc_mesh_claim *claim)
{
    struct kc_record *staged;
    const char *who = kc_call_print(call, "%s %s", claim->claimant.udf, claim->claimant.address);
    enum kc_error error = kc_call_stage(call, record, &staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, (struct kc_span){(const uint8_t *)who, strlen(who)});
    if (error != KC_OK)
        return error;
    staged->failures = 0;
    staged->wait_until = 0;
    kc_call_set_text(call, KC_FIELD_OBJECT, kc_call_print(call, "%s", record->id));
    kc_call_set_text(call, KC_FIELD_ACCOUNT, kc_call_print(call, "%s", claim->claimant.address));
    kc_call_set_text(call, KC_FIELD_ACCOUNT_UDF, kc_call_print(call, "%s", claim->claimant.udf));
    call->wish = KC_WISH_COMMIT;
    return protect_again(call, record, staged);
}

static enum kc_error check(struct kc_call *call, const struct kc_mesh_claim *claim)
{
    struct kc_record *record;
    enum kc_error error = find(call, claim, &record);
    if (error != KC_OK)
        return error;
    bool waits = !call->pin_counted && kc_call_now(call) < record->wait_until;
    if (!call->pin_counted && !waits)
        return count_claim(call, record);
    if (strlen(claim->claimant.address) >= KC_RECORD_TEXT_SIZE)
        return KC_ERR_CLAIM; /* of no account that a record has room for */
    error = waits ? compare_waiting(call, record, claim) : compare(call, record, claim);
    return error == KC_OK ? take(call, record, claim) : error;
}

enum kc_error kc_vault_mesh_earl_check(struct kc_call *call)
{
    KC_AUTO_DATA document = {0};
    struct kc_mesh_claim *claim = calloc(1, sizeof *claim);
    if (!claim)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    if (error == KC_OK)
        error = kc_mesh_claim_read(document.span, claim);
    if (error == KC_OK)
        error = check(call, claim);
    free(claim);
    return error;
}
