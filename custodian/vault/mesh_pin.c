/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs of the Mesh: shown once, kept salted and wrapped, good for one use.
 *
 * A record of KC_KIND_MESH_PIN is a PIN: id its PinId, account, label its action, confirm whether it
 * is accepted without asking; the secret is the salted PIN. Or it counts for an account how often a
 * message with a wrong PIN came since the last right one: its id is a digest of the address, and
 * failures the count, which is in the store before anything is compared. It is there from the account's
 * first PIN on; what names an account that has had none is counted nowhere, so that names alone fill no
 * store.
 */
#include "custodian/mesh/pin.h"
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_envelope.h"
#include "custodian/vault/operations.h"

#include "base/text.h"

#include <string.h>

#define LIFE 3600                 /* seconds, unless the request says */
#define LIFE_MAX UINT64_C(604800) /* and at most: seven days */
#define COUNTER_TYPE "application/custodian-pin-failures"

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- mesh-pin-create --- */

static enum kc_error read_wanted(struct kc_call *call, struct kc_mesh_pin *pin)
{
    const struct kc_value *values = call->in.message.values.value;
    uint64_t now = kc_call_now(call);
    uint64_t expiry =
        kc_call_has(call, KC_FIELD_EXPIRY) ? values[KC_FIELD_EXPIRY].number : now + LIFE;
    if (expiry <= now || expiry > now + LIFE_MAX)
        return wrong_field(call, KC_FIELD_EXPIRY);
    pin->expires = (int64_t)expiry;
    pin->is_automatic = kc_call_has(call, KC_FIELD_CONFIRM) && values[KC_FIELD_CONFIRM].number == 0;
    const struct kc_values *all = &call->in.message.values;
    if (kc_values_text_is(all, KC_FIELD_TAG, "RequestConnection"))
        pin->action = kc_mesh_pin_action(KC_OBJECT_RequestConnection);
    else if (kc_values_text_is(all, KC_FIELD_TAG, "MessageContact"))
        pin->action = kc_mesh_pin_action(KC_OBJECT_MessageContact);
    else
        return wrong_field(call, KC_FIELD_TAG);
    return KC_OK;
}

static enum kc_error stage_pin(
    struct kc_call *call, const struct kc_record *wanted, const struct kc_mesh_pin *pin)
{
    struct kc_record *staged, made = *wanted;
    KC_AUTO_SECRET secret = {0};
    if (!kc_text_copy(made.id, sizeof made.id, pin->id) ||
        !kc_text_copy(made.label, sizeof made.label, pin->action))
        return KC_ERR_INTERNAL;
    made.expiry = (uint64_t)pin->expires;
    made.confirm = !pin->is_automatic;
    enum kc_error error = kc_secret_init(&secret, strlen(pin->salted));
    if (error != KC_OK)
        return error;
    memcpy(secret.bytes, pin->salted, secret.size);
    error = kc_call_stage(call, &made, &staged);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, &secret) : error;
}

/* The message to other administrators, who can check the PIN too: encrypted to them, or not at all. */
static enum kc_error seal_message(struct kc_call *call, const struct kc_mesh_pin *pin)
{
    uint8_t text[KC_MESH_PIN_MESSAGE_MAX]; /* secret */
    size_t size = 0;
    if (!kc_call_has(call, KC_FIELD_KEY) && !kc_call_has(call, KC_FIELD_RECIPIENTS))
        return KC_OK;
    if (!kc_call_has(call, KC_FIELD_KEY) || !kc_call_has(call, KC_FIELD_RECIPIENTS))
        return wrong_field(call, KC_FIELD_RECIPIENTS);
    enum kc_error error = kc_mesh_pin_message(pin, text, &size);
    if (error == KC_OK)
        error = kc_call_seal_payload(call, (struct kc_span){text, size});
    kc_wipe(text, sizeof text);
    return error;
}

static enum kc_error counter_id(const char *account, char id[static KC_RECORD_ID_SIZE])
{
    struct kc_udf_digest digest;
    enum kc_error error = kc_udf_content_digest(KC_HASH_SHA512,
        (struct kc_span){(const uint8_t *)account, strlen(account)}, COUNTER_TYPE, &digest);
    return error == KC_OK ? kc_udf_digest_present(&digest, KC_UDF_BITS, id, KC_RECORD_ID_SIZE)
                          : error;
}

/* The count of an account's failures, or what it begins with: version 0. account: canonical. */
static enum kc_error find_counter(
    struct kc_call *call, const char *account, struct kc_record *counter)
{
    struct kc_record *found;
    *counter = (struct kc_record){.kind = KC_KIND_MESH_PIN,
        .role = KC_ROLE_ACCOUNT,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    if (!kc_text_copy(counter->account, sizeof counter->account, account))
        return wrong_field(call, KC_FIELD_ACCOUNT);
    enum kc_error error = counter_id(account, counter->id);
    if (error == KC_OK)
        error = kc_call_record(call, KC_KIND_MESH_PIN,
            (struct kc_span){(const uint8_t *)counter->id, strlen(counter->id)}, &found);
    if (error == KC_OK)
        *counter = *found;
    return error == KC_ERR_REFUSED ? KC_OK : error;
}

static enum kc_error stage_counter(
    struct kc_call *call, const struct kc_record *counter, uint32_t failures)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, counter, &staged);
    if (error != KC_OK)
        return error;
    staged->failures = failures;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

/* From the first PIN of an account on, wrong ones are counted. */
static enum kc_error begin_count(struct kc_call *call, const char *account)
{
    struct kc_record counter;
    enum kc_error error = find_counter(call, account, &counter);
    return error == KC_OK && counter.version == 0 ? stage_counter(call, &counter, 0) : error;
}

static enum kc_error make(
    struct kc_call *call, const struct kc_record *wanted, struct kc_mesh_pin *pin)
{
    struct kc_mesh_source source = kc_call_mesh_source(call);
    enum kc_error error = begin_count(call, wanted->account);
    if (error == KC_OK)
        error = kc_mesh_pin_make(&source, wanted->account, pin);
    if (error == KC_ERR_BAD_ARGUMENT)
        error = wrong_field(call, KC_FIELD_ACCOUNT);
    if (error == KC_OK)
        error = seal_message(call, pin);
    if (error == KC_OK)
        error = stage_pin(call, wanted, pin);
    if (error == KC_OK)
        error = kc_call_set_secret(
            call, KC_FIELD_SECRET, (const uint8_t *)pin->text, strlen(pin->text));
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_OBJECT, kc_call_print(call, "%s", pin->id));
    kc_call_set_number(call, KC_FIELD_EXPIRY, (uint64_t)pin->expires);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

enum kc_error kc_vault_mesh_pin_create(struct kc_call *call)
{
    struct kc_record wanted = {.kind = KC_KIND_MESH_PIN,
        .role = KC_ROLE_ACCOUNT,
        .residence = KC_RESIDENCE_WRAPPED,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    struct kc_mesh_pin pin = {0}; /* secret */
    char account[KC_ACCOUNT_SIZE];
    kc_call_text(call, KC_FIELD_KEYRING, wanted.keyring, sizeof wanted.keyring);
    kc_call_text(call, KC_FIELD_ACCOUNT, account, sizeof account);
    enum kc_error error = kc_account_canonical(account, pin.account);
    if (error != KC_OK || !kc_text_copy(wanted.account, sizeof wanted.account, pin.account))
        return wrong_field(call, KC_FIELD_ACCOUNT);
    error = kc_call_allowed_record(call, &wanted);
    if (error == KC_OK)
        error = read_wanted(call, &pin);
    if (error == KC_OK)
        error = make(call, &wanted, &pin);
    kc_wipe(&pin, sizeof pin);
    return error;
}

/* --- mesh-pin-close --- */

static enum kc_error close_pin(
    struct kc_call *call, const struct kc_record *pin, struct kc_record **staged)
{
    enum kc_error error = kc_call_stage(call, pin, staged);
    if (error != KC_OK)
        return error;
    (*staged)->state = KC_STATE_DESTROYED;
    (*staged)->secret_size = 0;
    memset((*staged)->secret, 0, sizeof(*staged)->secret);
    return kc_keeper_protect(call->vault->keeper, *staged, NULL);
}

enum kc_error kc_vault_mesh_pin_close(struct kc_call *call)
{
    struct kc_record *pin, *staged;
    enum kc_error error =
        kc_call_record(call, KC_KIND_MESH_PIN, kc_call_field(call, KC_FIELD_OBJECT), &pin);
    if (error == KC_OK && pin->label[0] == 0)
        error = KC_ERR_REFUSED; /* a count of failures */
    if (error == KC_OK)
        error = kc_call_allowed_record(call, pin);
    if (error == KC_OK && pin->state != KC_STATE_ACTIVE)
        error = KC_ERR_MESH_PIN_USED;
    if (error == KC_OK)
        error = close_pin(call, pin, &staged);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, staged->version);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

/* --- mesh-pin-check, mesh-pin-verify --- */

/* A message, the PIN that it names and the count of its account's failures. */
struct checking {
    struct kc_mesh_pin_proof proof;
    char account[KC_ACCOUNT_SIZE]; /* canonical */
    struct kc_record *pin;         /* NULL: there is none */
    struct kc_record counter;      /* version 0: the account has had no PIN */
};

static enum kc_error read_message(struct kc_call *call, struct checking *checking)
{
    char account[KC_ACCOUNT_SIZE];
    KC_AUTO_DATA document = {0};
    kc_call_text(call, KC_FIELD_ACCOUNT, account, sizeof account);
    if (kc_account_canonical(account, checking->account) != KC_OK)
        return wrong_field(call, KC_FIELD_ACCOUNT);
    enum kc_error error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    if (error == KC_OK)
        error = kc_mesh_pin_proof_read(document.span, &checking->proof);
    if (error == KC_ERR_BAD_ARGUMENT)
        kc_call_set_text(call, KC_FIELD_DETAIL, "document: the message was sent without a PIN");
    return error == KC_ERR_BAD_REQUEST ? wrong_field(call, KC_FIELD_DOCUMENT) : error;
}

/* What is there, before anything is counted; the policy's rules say of a PIN what they say of its
 * keyring, of none what they say of all. */
static enum kc_error find(struct kc_call *call, struct checking *checking)
{
    struct kc_span id = {(const uint8_t *)checking->proof.id, strlen(checking->proof.id)};
    enum kc_error error = kc_call_record(call, KC_KIND_MESH_PIN, id, &checking->pin);
    if (error == KC_OK && checking->pin->label[0] == 0)
        error = KC_ERR_REFUSED;
    if (error == KC_ERR_REFUSED) {
        checking->pin = NULL;
        error = kc_call_allowed(call);
    } else if (error == KC_OK) {
        error = kc_call_allowed_record(call, checking->pin);
    }
    return error == KC_OK ? find_counter(call, checking->account, &checking->counter) : error;
}

static enum kc_error count_failure(struct kc_call *call, const struct checking *checking)
{
    uint32_t failures = checking->counter.failures;
    call->pin_counted = true;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return stage_counter(call, &checking->counter, failures < UINT32_MAX ? failures + 1 : failures);
}

static enum kc_error open_pin(
    struct kc_call *call, const struct kc_record *record, struct kc_mesh_pin *pin)
{
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &secret);
    if (error == KC_OK && secret.size >= sizeof pin->salted)
        error = KC_ERR_RECORD_DAMAGED;
    if (error != KC_OK)
        return error;
    memcpy(pin->salted, secret.bytes, secret.size);
    pin->action = record->label;
    return kc_text_copy(pin->account, sizeof pin->account, record->account) ? KC_OK
                                                                            : KC_ERR_RECORD_DAMAGED;
}

static enum kc_error compare(struct kc_call *call, const struct checking *checking)
{
    struct kc_mesh_pin pin = {0}; /* secret */
    const struct kc_record *record = checking->pin;
    if (!record || strcmp(record->account, checking->account) != 0)
        return KC_ERR_MESH_PIN;
    if (record->state != KC_STATE_ACTIVE)
        return KC_ERR_MESH_PIN_USED;
    if (kc_call_now(call) >= record->expiry)
        return KC_ERR_MESH_PIN_EXPIRED;
    enum kc_error error = open_pin(call, record, &pin);
    if (error == KC_OK)
        error = kc_mesh_pin_check(&pin, &checking->proof);
    kc_wipe(&pin, sizeof pin);
    return error;
}

/* The count ends, and with it, in one transaction, the PIN if it is used. */
static enum kc_error accept_pin(struct kc_call *call, const struct checking *checking, bool closes)
{
    struct kc_record *staged;
    enum kc_error error = stage_counter(call, &checking->counter, 0);
    if (error == KC_OK && closes)
        error = close_pin(call, checking->pin, &staged);
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_OBJECT, kc_call_print(call, "%s", checking->pin->id));
    kc_call_set_number(call, KC_FIELD_CONFIRM, checking->pin->confirm);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

static enum kc_error check(struct kc_call *call, bool closes)
{
    struct checking checking = {0};
    enum kc_error error = read_message(call, &checking);
    if (error == KC_OK)
        error = find(call, &checking);
    if (error != KC_OK)
        return error;
    if (checking.counter.version == 0)
        return KC_ERR_MESH_PIN;
    if (!call->pin_counted)
        return count_failure(call, &checking);
    error = compare(call, &checking);
    if (error == KC_OK)
        return accept_pin(call, &checking, closes);
    kc_call_set_text(call, KC_FIELD_DETAIL,
        kc_call_print(call, "%u since the last right one", (unsigned)checking.counter.failures));
    return error;
}

enum kc_error kc_vault_mesh_pin_check(struct kc_call *call)
{
    return check(call, true);
}

enum kc_error kc_vault_mesh_pin_verify(struct kc_call *call)
{
    return check(call, false);
}
