/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/derived.h"
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define BODY_SIZE 512 /* octets of what is packed */

struct kc_derived kc_derived_of(uint8_t kind, const char *id, const char *name)
{
    struct kc_derived derived = {0};
    kc_derived_add(&derived, kind, id, name);
    return derived;
}

/* Ids and names come from records and tables, and fit. */
void kc_derived_add(struct kc_derived *derived, uint8_t kind, const char *id, const char *name)
{
    struct kc_derived_part *part = &derived->parts[derived->count++];
    part->kind = kind;
    if (!kc_text_copy(part->id, sizeof part->id, id) ||
        !kc_text_copy(part->name, sizeof part->name, name))
        abort();
}

/* --- packing --- */

static void pack(struct kc_writer *w, const struct kc_derived *derived)
{
    kc_writer_u8(w, (uint8_t)derived->count);
    for (size_t i = 0; i < derived->count; i++) {
        kc_writer_u8(w, derived->parts[i].kind);
        kc_writer_text(w, derived->parts[i].id);
        kc_writer_text(w, derived->parts[i].name);
    }
}

enum kc_error kc_derived_read(const struct kc_record *key, struct kc_derived *derived)
{
    struct kc_derived read = {0};
    struct kc_reader r;
    kc_reader_init(&r, key->body.bytes, key->body.size);
    if (key->body.size > 0)
        read.count = kc_reader_u8(&r);
    if (read.count > KC_DERIVED_PARTS_MAX)
        return KC_ERR_RECORD_DAMAGED;
    for (size_t i = 0; i < read.count; i++) {
        read.parts[i].kind = kc_reader_u8(&r);
        kc_reader_text(&r, read.parts[i].id, sizeof read.parts[i].id);
        kc_reader_text(&r, read.parts[i].name, sizeof read.parts[i].name);
    }
    if (kc_reader_finish(&r) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    *derived = read;
    return KC_OK;
}

/* --- computing --- */

static enum kc_error derive_part(
    struct kc_call *call, const struct kc_derived_part *part, struct kc_key *key)
{
    struct kc_record *seed;
    struct kc_span id = {(const uint8_t *)part->id, strlen(part->id)};
    if (part->kind != KC_KIND_SEED && part->kind != KC_KIND_COMPOSITE)
        return KC_ERR_RECORD_DAMAGED;
    enum kc_error error = kc_call_record(call, part->kind, id, &seed);
    if (error == KC_OK && seed->state != KC_STATE_ACTIVE)
        error = KC_ERR_REFUSED;
    return error == KC_OK ? kc_call_seed_key(call, seed, part->name, key) : error;
}

enum kc_error kc_call_derived_key(
    struct kc_call *call, const struct kc_record *record, struct kc_key *key)
{
    struct kc_derived derived;
    struct kc_key parts[KC_DERIVED_PARTS_MAX] = {0}; /* secret */
    enum kc_error error = kc_derived_read(record, &derived);
    if (error == KC_OK && derived.count == 0)
        error = KC_ERR_RECORD_DAMAGED;
    for (size_t i = 0; error == KC_OK && i < derived.count; i++)
        error = derive_part(call, &derived.parts[i], &parts[i]);
    if (error == KC_OK && derived.count == 1)
        *key = parts[0]; /* with the prefix that its nonces are made with */
    else if (error == KC_OK)
        error = kc_key_compose(key, parts, derived.count);
    for (size_t i = 0; i < KC_DERIVED_PARTS_MAX; i++)
        kc_key_wipe(&parts[i]);
    return error;
}

/* --- staging --- */

enum kc_error kc_call_wanted_key(struct kc_call *call, const struct kc_record *seed,
    enum kc_residence residence, struct kc_record *wanted)
{
    *wanted = (struct kc_record){.role = seed->role, .residence = (uint8_t)residence};
    memcpy(wanted->keyring, seed->keyring, sizeof wanted->keyring);
    memcpy(wanted->account, seed->account, sizeof wanted->account);
    kc_call_text(call, KC_FIELD_LABEL, wanted->label, sizeof wanted->label);
    return kc_call_allowed_new(call, wanted);
}

enum kc_error kc_call_key_place(
    struct kc_call *call, const struct kc_point *public, struct kc_record *wanted)
{
    struct kc_record named = {0}, *former = NULL;
    enum kc_error error = kc_record_of_public(&named, public);
    if (error == KC_OK)
        error = kc_call_own_key(call, named.id, &former);
    if (error != KC_OK || !former)
        return error;
    if (former->state != KC_STATE_DESTROYED)
        return KC_ERR_EXISTS;
    wanted->version = former->version;
    memcpy(wanted->mac, former->mac, sizeof wanted->mac);
    return KC_OK;
}

void kc_call_describe_made(struct kc_call *call, const struct kc_record *staged)
{
    const struct kc_operation_row *row = &kc_operations[call->in.message.operation];
    kc_call_describe(call, &call->answer.values, staged);
    call->answer.values.present = kc_field_set_and(
        call->answer.values.present, kc_field_set_or(row->answer, row->answer_optional));
}

enum kc_error kc_call_stage_key(struct kc_call *call, const struct kc_record *wanted,
    const struct kc_derived *derived, const struct kc_point *public, const struct kc_secret *secret,
    struct kc_record **staged)
{
    uint8_t body[BODY_SIZE];
    struct kc_writer w;
    struct kc_record named = *wanted;
    kc_writer_init(&w, body, sizeof body);
    pack(&w, derived);
    named.kind = KC_KIND_KEY;
    if (named.state != KC_STATE_DISABLED)
        named.state = KC_STATE_ACTIVE;
    named.created = kc_call_now(call);
    enum kc_error error = kc_writer_finish(&w) == KC_OK ? KC_OK : KC_ERR_INTERNAL;
    if (error == KC_OK)
        error = kc_record_of_public(&named, public);
    if (error == KC_OK)
        error = kc_call_stage(call, &named, staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, *staged, (struct kc_span){body, w.size});
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, *staged, secret) : error;
}
