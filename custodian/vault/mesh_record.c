/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the records of the Mesh's service: ids and bodies. */
#include "custodian/vault/mesh.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ID_OCTETS 20
#define FORMAT 1 /* the first octet of a body */
#define BODY_ROOM 2048

/* --- ids --- */

/* "account:" and the hash of the parts, each behind its size. */
static void make_id(
    const char *kind, const char *const *parts, size_t count, char id[static KC_RECORD_ID_SIZE])
{
    crypto_generichash_state hash;
    uint8_t digest[ID_OCTETS];
    char text[2 * ID_OCTETS + 1];
    (void)crypto_generichash_init(&hash, NULL, 0, sizeof digest);
    for (size_t i = 0; i < count; i++) {
        uint8_t size[] = {(uint8_t)(strlen(parts[i]) >> 8), (uint8_t)strlen(parts[i])};
        (void)crypto_generichash_update(&hash, size, sizeof size);
        (void)crypto_generichash_update(&hash, (const uint8_t *)parts[i], strlen(parts[i]));
    }
    (void)crypto_generichash_final(&hash, digest, sizeof digest);
    memset(id, 0, KC_RECORD_ID_SIZE);
    snprintf(id, KC_RECORD_ID_SIZE, "%s:%s", kind,
        sodium_bin2hex(text, sizeof text, digest, sizeof digest));
}

void kc_mesh_service_record_id(const char *name, char id[static KC_RECORD_ID_SIZE])
{
    make_id("service", (const char *const[]){name}, 1, id);
}

void kc_mesh_account_record_id(
    const char *service, const char *address, char id[static KC_RECORD_ID_SIZE])
{
    make_id("account", (const char *const[]){service, address}, 2, id);
}

void kc_mesh_capability_record_id(
    const char *account_udf, const char *capability, char id[static KC_RECORD_ID_SIZE])
{
    make_id("capability", (const char *const[]){account_udf, capability}, 2, id);
}

void kc_mesh_revocation_id(enum kc_mesh_revoked what, const char *account_udf, const char *name,
    char id[static KC_RECORD_ID_SIZE])
{
    static const char *const whats[] = {[KC_MESH_REVOKED_DEVICE] = "device",
        [KC_MESH_REVOKED_CAPABILITY] = "capability",
        [KC_MESH_REVOKED_SHARE] = "share"};
    make_id("revoked", (const char *const[]){whats[what], account_udf, name}, 3, id);
}

/* --- bodies --- */

/* The vault made it, so anything else is damage. */
static enum kc_error finish(const struct kc_reader *r)
{
    return kc_reader_finish(r) == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

static void begin(struct kc_reader *r, const struct kc_record *record)
{
    kc_reader_init(r, record->body.bytes, record->body.size);
    if (kc_reader_u8(r) != FORMAT)
        kc_reader_fail(r);
}

static enum kc_error keep_body(
    struct kc_call *call, struct kc_record *staged, const struct kc_writer *w)
{
    enum kc_error error = kc_writer_finish(w);
    return error == KC_OK ? kc_call_set_body(call, staged, (struct kc_span){w->bytes, w->size})
                          : error;
}

enum kc_error kc_mesh_bound_read(const struct kc_record *record, struct kc_mesh_bound *bound)
{
    struct kc_reader r;
    begin(&r, record);
    bound->binding = kc_reader_u32(&r);
    bound->unbound_ms = kc_reader_u64(&r);
    bound->is_active = record->state == KC_STATE_ACTIVE;
    kc_mesh_account_kept(&r, &bound->account);
    return finish(&r);
}

enum kc_error kc_mesh_bound_write(
    struct kc_call *call, struct kc_record *staged, const struct kc_mesh_bound *bound)
{
    uint8_t room[BODY_ROOM];
    struct kc_writer w;
    kc_writer_init(&w, room, sizeof room);
    kc_writer_u8(&w, FORMAT);
    kc_writer_u32(&w, bound->binding);
    kc_writer_u64(&w, bound->unbound_ms);
    kc_mesh_account_keep(&w, &bound->account);
    return keep_body(call, staged, &w);
}

static void granted_begin(
    struct kc_reader *r, const struct kc_record *record, struct kc_mesh_granted *granted)
{
    begin(r, record);
    granted->binding = kc_reader_u32(r);
    granted->usage.window = kc_reader_u64(r);
    granted->usage.in_window = kc_reader_u64(r);
    granted->usage.total = kc_reader_u64(r);
    granted->usage.block = kc_reader_u32(r);
    granted->is_active = record->state == KC_STATE_ACTIVE;
}

enum kc_error kc_mesh_granted_read(const struct kc_record *record, struct kc_mesh_granted *granted)
{
    struct kc_reader r;
    granted_begin(&r, record, granted);
    kc_mesh_capability_kept(&r, &granted->capability);
    return finish(&r);
}

enum kc_error kc_mesh_granted_texts(
    const struct kc_record *record, struct kc_mesh_capability_texts *texts)
{
    struct kc_reader r;
    struct kc_mesh_granted granted;
    granted_begin(&r, record, &granted);
    kc_mesh_capability_kept_texts(&r, texts);
    return r.failed ? KC_ERR_RECORD_DAMAGED : KC_OK;
}

enum kc_error kc_mesh_granted_write(
    struct kc_call *call, struct kc_record *staged, const struct kc_mesh_granted *granted)
{
    uint8_t room[BODY_ROOM];
    struct kc_writer w;
    kc_writer_init(&w, room, sizeof room);
    kc_writer_u8(&w, FORMAT);
    kc_writer_u32(&w, granted->binding);
    kc_writer_u64(&w, granted->usage.window);
    kc_writer_u64(&w, granted->usage.in_window);
    kc_writer_u64(&w, granted->usage.total);
    kc_writer_u32(&w, granted->usage.block);
    kc_mesh_capability_keep(&w, &granted->capability);
    return keep_body(call, staged, &w);
}
