/* SPDX-License-Identifier: Apache-2.0 */
/* A device asks to be connected to an account. */
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_device.h"
#include "custodian/vault/operations.h"

#include "proto/udf.h"

#include <stdlib.h>
#include <string.h>

/* --- a pending connection --- */

static void pack(struct kc_writer *w, const void *content)
{
    const struct kc_pending *pending = content;
    kc_writer_text(w, pending->device);
    kc_writer_text(w, pending->known.id);
    kc_writer_text(w, pending->known.account);
    kc_writer_text(w, pending->known.account_udf);
    kc_writer_bytes(w, pending->known.nonce, sizeof pending->known.nonce);
    kc_writer_bytes(w, pending->known.digest, sizeof pending->known.digest);
    kc_writer_u8(w, pending->has_pin);
    kc_writer_u8(w, pending->is_confirmed);
    kc_writer_text(w, pending->acknowledged.account_udf);
    kc_writer_text(w, pending->acknowledged.witness);
    kc_writer_text(w, pending->acknowledged.response_id);
    kc_writer_span(w, pending->account_profile.bytes, pending->account_profile.size);
}

static enum kc_error unpack(struct kc_span body, struct kc_pending *pending)
{
    struct kc_reader r;
    kc_reader_init(&r, body.bytes, body.size);
    kc_reader_text(&r, pending->device, sizeof pending->device);
    kc_reader_text(&r, pending->known.id, sizeof pending->known.id);
    kc_reader_text(&r, pending->known.account, sizeof pending->known.account);
    kc_reader_text(&r, pending->known.account_udf, sizeof pending->known.account_udf);
    kc_reader_copy(&r, pending->known.nonce, sizeof pending->known.nonce);
    kc_reader_copy(&r, pending->known.digest, sizeof pending->known.digest);
    pending->has_pin = kc_reader_u8(&r) != 0;
    pending->is_confirmed = kc_reader_u8(&r) != 0;
    kc_reader_text(&r, pending->acknowledged.account_udf, sizeof pending->acknowledged.account_udf);
    kc_reader_text(&r, pending->acknowledged.witness, sizeof pending->acknowledged.witness);
    kc_reader_text(&r, pending->acknowledged.response_id, sizeof pending->acknowledged.response_id);
    pending->account_profile = kc_reader_span(&r, KC_RECORD_BODY_MAX);
    return kc_reader_finish(&r) == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

enum kc_error kc_call_pending(
    struct kc_call *call, struct kc_record **record, struct kc_pending *pending)
{
    struct kc_record *found;
    enum kc_error error =
        kc_call_record(call, KC_KIND_CONNECTION, kc_call_field(call, KC_FIELD_CONNECTION), &found);
    if (error == KC_OK && found->state != KC_STATE_ACTIVE)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_allowed_record(call, found);
    if (error == KC_OK)
        error = unpack(found->body, pending);
    if (error == KC_OK)
        *record = found;
    return error;
}

enum kc_error kc_call_put_pending(
    struct kc_call *call, struct kc_record *staged, const struct kc_pending *pending)
{
    enum kc_error error = kc_call_pack_body(call, staged, pack, pending);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, NULL) : error;
}

enum kc_error kc_call_end_pending(struct kc_call *call, const struct kc_record *record)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, record, &staged);
    if (error != KC_OK)
        return error;
    staged->state = KC_STATE_DESTROYED;
    staged->body = (struct kc_span){NULL, 0};
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

/* --- mesh-device-request --- */

#define PIN_TEXT_MAX 64

/* The text of a PIN of the Mesh; *has: there is one. text is secret. */
static enum kc_error read_pin(struct kc_call *call, char text[PIN_TEXT_MAX + 1], bool *has)
{
    KC_AUTO_SECRET pin = {0};
    *has = kc_call_has(call, KC_FIELD_PIN);
    if (!*has)
        return KC_OK;
    enum kc_error error = kc_call_secret(call, KC_FIELD_PIN, 1, PIN_TEXT_MAX, &pin);
    if (error != KC_OK)
        return error;
    memcpy(text, pin.bytes, pin.size);
    text[pin.size] = '\0';
    return KC_OK;
}

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* A fingerprint that an account cannot have would be found out only when its profile is there. */
static enum kc_error check_wanted(struct kc_call *call, const char *account)
{
    struct kc_udf udf;
    struct kc_span expected = kc_call_field(call, KC_FIELD_ACCOUNT_UDF);
    if (!kc_account_is_address(account))
        return wrong_field(call, KC_FIELD_ACCOUNT);
    if (expected.size > 0 && (kc_udf_parse_canonical(expected, &udf) != KC_OK ||
                                 udf.type < KC_UDF_DIGEST_SHA3 || udf.type >= KC_UDF_NONCE))
        return wrong_field(call, KC_FIELD_ACCOUNT_UDF);
    return KC_OK;
}

static enum kc_error make_request(struct kc_call *call, const struct kc_record *device,
    struct kc_pending *pending, char **text, size_t *size)
{
    char pin[PIN_TEXT_MAX + 1]; /* secret */
    char account[KC_ACCOUNT_SIZE];
    KC_AUTO_KEY signer = {0};
    struct kc_mesh_source source = kc_call_mesh_source(call);
    kc_call_text(call, KC_FIELD_ACCOUNT, account, sizeof account);
    enum kc_error error =
        kc_call_seed_key(call, device, kc_mesh_device_names[KC_MESH_DEVICE_PROFILE], &signer);
    if (error == KC_OK)
        error = check_wanted(call, account);
    if (error == KC_OK)
        error = read_pin(call, pin, &pending->has_pin);
    if (error != KC_OK)
        return error;
    struct kc_mesh_connect connect = {.account = account,
        .profile = device->body,
        .signer = &signer,
        .pin = pending->has_pin ? pin : NULL};
    error = kc_mesh_connect_make(&source, &connect, &pending->known, text, size);
    kc_wipe(pin, sizeof pin);
    if (error == KC_ERR_BAD_ARGUMENT)
        return wrong_field(call, pending->has_pin ? KC_FIELD_PIN : KC_FIELD_ACCOUNT);
    return error;
}

static enum kc_error stage_pending(
    struct kc_call *call, const struct kc_record *device, const struct kc_pending *pending)
{
    struct kc_record wanted = {.kind = KC_KIND_CONNECTION,
        .state = KC_STATE_ACTIVE,
        .role = device->role,
        .created = kc_call_now(call)};
    struct kc_record *staged;
    memcpy(wanted.id, pending->known.id, sizeof pending->known.id);
    memcpy(wanted.keyring, device->keyring, sizeof wanted.keyring);
    memcpy(wanted.label, device->label, sizeof wanted.label);
    kc_call_text(call, KC_FIELD_ACCOUNT, wanted.account, sizeof wanted.account);
    enum kc_error error = kc_call_stage(call, &wanted, &staged);
    return error == KC_OK ? kc_call_put_pending(call, staged, pending) : error;
}

enum kc_error kc_vault_mesh_device_request(struct kc_call *call)
{
    struct kc_record *device;
    struct kc_pending pending = {0};
    char *text = NULL;
    size_t size = 0;
    enum kc_error error = kc_call_device(call, &device);
    if (error == KC_OK)
        error = make_request(call, device, &pending, &text, &size);
    if (error == KC_OK) {
        memcpy(pending.device, device->id, sizeof pending.device);
        kc_call_text(call, KC_FIELD_ACCOUNT_UDF, pending.known.account_udf,
            sizeof pending.known.account_udf);
        error = stage_pending(call, device, &pending);
    }
    if (error == KC_OK)
        error = kc_call_set_data(
            call, KC_FIELD_DOCUMENT, (struct kc_span){(const uint8_t *)text, size});
    free(text);
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_CONNECTION, kc_call_print(call, "%s", pending.known.id));
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

/* --- mesh-device-check --- */

static enum kc_error read_acknowledgement(
    struct kc_call *call, struct kc_pending *pending, struct kc_data *profile)
{
    struct kc_record *device;
    KC_AUTO_KEY key = {0};
    struct kc_public_key public;
    KC_AUTO_DATA document = {0};
    enum kc_error error = kc_call_device_of(call, pending->device, &device);
    if (error == KC_OK)
        error = kc_call_seed_key(call, device, kc_mesh_device_names[KC_MESH_DEVICE_PROFILE], &key);
    if (error == KC_OK)
        error = kc_mesh_public_key(&key.public, &public);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_PROFILE, profile);
    return error == KC_OK ? kc_mesh_acknowledge_read(document.span, profile->span, &public,
                                &pending->known, &pending->acknowledged)
                          : error;
}

/* What somebody read on the other side, in full. */
static enum kc_error compare_witness(struct kc_call *call, struct kc_pending *pending)
{
    char said[KC_RECORD_ID_SIZE + 1];
    if (!kc_call_has(call, KC_FIELD_WITNESS))
        return KC_OK;
    kc_call_text(call, KC_FIELD_WITNESS, said, sizeof said);
    pending->is_confirmed = kc_mesh_witness_is(pending->acknowledged.witness, said);
    return pending->is_confirmed ? KC_OK : KC_ERR_WITNESS;
}

/* The first acknowledgement that holds is the one: another would be of another nonce or account. */
enum kc_error kc_vault_mesh_device_check(struct kc_call *call)
{
    struct kc_record *record, *staged;
    struct kc_pending pending = {0};
    struct kc_mesh_acknowledged former;
    KC_AUTO_DATA profile = {0};
    enum kc_error error = kc_call_pending(call, &record, &pending);
    former = pending.acknowledged;
    if (error == KC_OK)
        error = read_acknowledgement(call, &pending, &profile);
    if (error == KC_OK && former.witness[0] != '\0' &&
        strcmp(former.witness, pending.acknowledged.witness) != 0)
        error = KC_ERR_WITNESS;
    if (error == KC_OK)
        error = compare_witness(call, &pending);
    if (error != KC_OK)
        return error;
    pending.account_profile = profile.span;
    error = kc_call_stage(call, record, &staged);
    if (error == KC_OK)
        error = kc_call_put_pending(call, staged, &pending);
    if (error != KC_OK)
        return error;
    kc_call_set_text(
        call, KC_FIELD_WITNESS, kc_call_print(call, "%s", pending.acknowledged.witness));
    kc_call_set_text(
        call, KC_FIELD_ACCOUNT_UDF, kc_call_print(call, "%s", pending.acknowledged.account_udf));
    kc_call_set_number(call, KC_FIELD_CONFIRM, pending.is_confirmed);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

/* --- mesh-device-pending --- */

static bool is_listed(struct kc_call *call, const struct kc_record *record)
{
    return record->kind == KC_KIND_CONNECTION && record->state == KC_STATE_ACTIVE &&
           kc_call_text_fits(call, KC_FIELD_KEYRING, record->keyring) &&
           kc_call_text_fits(call, KC_FIELD_LABEL, record->label) && kc_call_sees(call, record);
}

static enum kc_error describe(
    struct kc_call *call, struct kc_values *item, const struct kc_record *record)
{
    struct kc_pending pending = {0};
    enum kc_error error = unpack(record->body, &pending);
    if (error != KC_OK)
        return error;
    kc_values_set_text(item, KC_FIELD_CONNECTION, record->id);
    kc_values_set_text(item, KC_FIELD_DEVICE, kc_call_print(call, "%s", pending.device));
    kc_values_set_text(item, KC_FIELD_KEYRING, record->keyring);
    kc_values_set_text(item, KC_FIELD_LABEL, record->label);
    kc_values_set_text(item, KC_FIELD_ACCOUNT, record->account);
    if (pending.acknowledged.witness[0] != '\0')
        kc_values_set_text(
            item, KC_FIELD_WITNESS, kc_call_print(call, "%s", pending.acknowledged.witness));
    kc_values_set_number(item, KC_FIELD_CREATED, record->created);
    return KC_OK;
}

enum kc_error kc_vault_mesh_device_pending(struct kc_call *call)
{
    return kc_call_list(call, is_listed, describe);
}

/* --- mesh-device-cancel --- */

enum kc_error kc_vault_mesh_device_cancel(struct kc_call *call)
{
    struct kc_record *record;
    struct kc_pending pending = {0};
    enum kc_error error = kc_call_pending(call, &record, &pending);
    if (error == KC_OK)
        error = kc_call_end_pending(call, record);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, call->changes[0].version);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
