/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/record.h"

#include <string.h>

_Static_assert(KC_ALGORITHM_PUBLIC_MAX <= KC_RECORD_PUBLIC_MAX, "any public half fits");

static bool is_first(const struct kc_record *record)
{
    return record->format == KC_RECORD_FORMAT_FIRST;
}

/* In the first format a public half is a point with zeros behind it. */
static void write_public(struct kc_writer *w, const struct kc_record *record)
{
    if (is_first(record)) {
        kc_writer_u8(w, (uint8_t)record->public_size);
        kc_writer_bytes(w, record->public_key, KC_RECORD_POINT_SIZE);
        return;
    }
    kc_writer_u64(w, record->start);
    kc_writer_u8(w, record->confirm);
    kc_writer_u8(w, record->object);
    kc_writer_span(w, record->public_key, record->public_size);
    kc_writer_span(w, record->identifier, record->identifier_size);
    kc_writer_span(w, record->attributes, record->attributes_size);
}

/* The first octet says the format: what comes after it may change, this may not. */
void kc_record_associated_data(struct kc_writer *w, const struct kc_record *record)
{
    kc_writer_u8(w, record->format);
    kc_writer_u8(w, record->kind);
    kc_writer_text(w, record->id);
    kc_writer_text(w, record->keyring);
    kc_writer_text(w, record->label);
    kc_writer_text(w, record->account);
    kc_writer_u8(w, record->algorithm);
    kc_writer_u8(w, record->role);
    kc_writer_u8(w, record->use);
    kc_writer_u8(w, record->residence);
    kc_writer_u8(w, record->state);
    kc_writer_u32(w, record->version);
    kc_writer_u64(w, record->created);
    kc_writer_u64(w, record->expiry);
    write_public(w, record);
    kc_writer_text(w, record->group);
    kc_writer_bytes(w, record->group_public, sizeof record->group_public);
    kc_writer_bytes(w, record->peer_public, sizeof record->peer_public);
    kc_writer_u8(w, record->class);
    kc_writer_u8(w, record->index);
    kc_writer_u8(w, record->threshold);
    kc_writer_u8(w, record->dealer);
    kc_writer_span(w, record->envelope, record->envelope_size);
    kc_writer_u32(w, record->failures);
    kc_writer_u64(w, record->wait_until);
    kc_writer_u8(w, record->has_operator);
    if (!is_first(record))
        kc_writer_span(w, record->body.bytes, record->body.size);
    if (record->format >= KC_RECORD_FORMAT_ROOT)
        kc_writer_text(w, record->root);
}

void kc_record_pack(struct kc_writer *w, const struct kc_record *record)
{
    kc_record_associated_data(w, record);
    kc_writer_span(w, record->seal, record->seal_size);
    kc_writer_span(w, record->secret, record->secret_size);
    kc_writer_bytes(w, record->mac, sizeof record->mac);
}

/* A number that must lie in min..max. */
static uint8_t read_within(struct kc_reader *r, uint8_t min, uint8_t max)
{
    uint8_t value = kc_reader_u8(r);
    if (value < min || value > max)
        kc_reader_fail(r);
    return value;
}

static uint16_t read_sized(struct kc_reader *r, uint8_t *bytes, size_t limit)
{
    struct kc_span span = kc_reader_span(r, limit);
    if (span.size > 0)
        memcpy(bytes, span.bytes, span.size);
    return (uint16_t)span.size;
}

static void read_public(struct kc_reader *r, struct kc_record *record)
{
    if (is_first(record)) {
        record->public_size = read_within(r, 0, KC_RECORD_POINT_SIZE);
        kc_reader_copy(r, record->public_key, KC_RECORD_POINT_SIZE);
        return;
    }
    record->start = kc_reader_u64(r);
    record->confirm = read_within(r, 0, 1);
    record->object = read_within(r, KC_OBJECT_CLASS_NONE, KC_OBJECT_DATA);
    record->public_size = read_sized(r, record->public_key, sizeof record->public_key);
    record->identifier_size = read_sized(r, record->identifier, sizeof record->identifier);
    record->attributes_size = read_sized(r, record->attributes, sizeof record->attributes);
}

static void read_description(struct kc_reader *r, struct kc_record *record)
{
    record->format = read_within(r, KC_RECORD_FORMAT_FIRST, KC_RECORD_FORMAT);
    record->kind = read_within(r, KC_KIND_VAULT, KC_KIND_LAST);
    kc_reader_text(r, record->id, sizeof record->id);
    kc_reader_text(r, record->keyring, sizeof record->keyring);
    kc_reader_text(r, record->label, sizeof record->label);
    kc_reader_text(r, record->account, sizeof record->account);
    record->algorithm = read_within(r, KC_ALGORITHM_NONE, KC_ALGORITHM_LAST);
    record->role = read_within(r, KC_ROLE_NONE, KC_ROLE_LAST);
    record->use = read_within(r, KC_USE_NONE, KC_USE_DECRYPT);
    record->residence = read_within(r, KC_RESIDENCE_NONE, KC_RESIDENCE_DERIVED);
    record->state = read_within(r, KC_STATE_ACTIVE, KC_STATE_DESTROYED);
    record->version = kc_reader_u32(r);
    record->created = kc_reader_u64(r);
    record->expiry = kc_reader_u64(r);
    read_public(r, record);
}

static void read_share(struct kc_reader *r, struct kc_record *record)
{
    kc_reader_text(r, record->group, sizeof record->group);
    kc_reader_copy(r, record->group_public, sizeof record->group_public);
    kc_reader_copy(r, record->peer_public, sizeof record->peer_public);
    record->class = read_within(r, KC_ROLE_NONE, KC_ROLE_LAST);
    record->index = kc_reader_u8(r);
    record->threshold = kc_reader_u8(r);
    record->dealer = read_within(r, 0, 1);
    record->envelope_size = read_sized(r, record->envelope, sizeof record->envelope);
}

enum kc_error kc_record_unpack(struct kc_span packed, struct kc_record *record)
{
    struct kc_record read = {0};
    struct kc_reader r;
    kc_reader_init(&r, packed.bytes, packed.size);
    read_description(&r, &read);
    read_share(&r, &read);
    read.failures = kc_reader_u32(&r);
    read.wait_until = kc_reader_u64(&r);
    read.has_operator = read_within(&r, 0, 1);
    if (!is_first(&read))
        read.body = kc_reader_span(&r, KC_RECORD_BODY_MAX);
    if (read.format >= KC_RECORD_FORMAT_ROOT)
        kc_reader_text(&r, read.root, sizeof read.root);
    read.seal_size = read_sized(&r, read.seal, sizeof read.seal);
    read.secret_size = read_sized(&r, read.secret, sizeof read.secret);
    kc_reader_copy(&r, read.mac, sizeof read.mac);
    if (read.id[0] == 0 || read.version == 0)
        kc_reader_fail(&r);
    if (kc_reader_finish(&r) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    *record = read;
    return KC_OK;
}

/* --- texts: the position is the enum's value --- */

static const char *const roles[] = {
    NULL, "base", "account", "application", "wrap", "share", "device", "quorum"};
static const char *const uses[] = {NULL, "sign", "agree", "decrypt"};
static const char *const residences[] = {NULL, "sealed", "wrapped", "resident", "derived"};
static const char *const states[] = {NULL, "active", "disabled", "destroyed"};
static const char *const objects[] = {NULL, "certificate", "public", "data"};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *text_at(const char *const *table, size_t count, uint8_t value)
{
    return value < count ? table[value] : NULL;
}

static uint8_t find(const char *const *table, size_t count, struct kc_span text)
{
    for (size_t i = 1; i < count; i++)
        if (strlen(table[i]) == text.size && memcmp(table[i], text.bytes, text.size) == 0)
            return (uint8_t)i;
    return 0;
}

const char *kc_role_text(uint8_t role)
{
    return text_at(roles, COUNT(roles), role);
}

const char *kc_use_text(uint8_t use)
{
    return text_at(uses, COUNT(uses), use);
}

const char *kc_residence_text(uint8_t residence)
{
    return text_at(residences, COUNT(residences), residence);
}

const char *kc_state_text(uint8_t state)
{
    return text_at(states, COUNT(states), state);
}

const char *kc_object_text(uint8_t object)
{
    return text_at(objects, COUNT(objects), object);
}

uint8_t kc_role_find(struct kc_span text)
{
    return find(roles, COUNT(roles), text);
}

uint8_t kc_use_find(struct kc_span text)
{
    return find(uses, COUNT(uses), text);
}

uint8_t kc_object_find(struct kc_span text)
{
    return find(objects, COUNT(objects), text);
}

uint8_t kc_residence_find(struct kc_span text)
{
    return find(residences, COUNT(residences), text);
}

uint8_t kc_state_find(struct kc_span text)
{
    return find(states, COUNT(states), text);
}
