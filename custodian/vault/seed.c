/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/seed.h"

#include <string.h>

#define SPECIFIER_SIZE 2

enum kc_error kc_call_make_seed(
    struct kc_call *call, enum kc_mesh_seed_type type, struct kc_secret *seed)
{
    struct kc_entropy *entropy = call->vault->entropy;
    KC_AUTO_SECRET made = {0};
    enum kc_error error = kc_entropy_stir(entropy, kc_keeper_home(call->vault->keeper));
    if (error == KC_OK)
        error = kc_secret_init(&made, SPECIFIER_SIZE + KC_MESH_SEED_SECRET);
    if (error == KC_OK)
        error = kc_entropy_fill(entropy, made.bytes + SPECIFIER_SIZE, KC_MESH_SEED_SECRET);
    if (error != KC_OK)
        return error;
    made.bytes[0] = (uint8_t)((unsigned)type >> 8);
    made.bytes[1] = (uint8_t)((unsigned)type & 0xff);
    *seed = kc_secret_take(&made);
    return KC_OK;
}

enum kc_error kc_call_seed(struct kc_call *call, struct kc_span id, struct kc_record **seed)
{
    struct kc_record *found;
    enum kc_error error = kc_call_record(call, KC_KIND_SEED, id, &found);
    if (error == KC_OK && found->state != KC_STATE_ACTIVE)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_allowed_record(call, found);
    if (error == KC_OK)
        *seed = found;
    return error;
}

enum kc_error kc_call_seed_key(
    struct kc_call *call, const struct kc_record *record, const char *name, struct kc_key *key)
{
    KC_AUTO_SECRET seed = {0};
    enum kc_derivation derivation =
        record->index == KC_DERIVATION_LEGACY ? KC_DERIVATION_LEGACY : KC_DERIVATION_CURRENT;
    if ((record->kind != KC_KIND_SEED && record->kind != KC_KIND_COMPOSITE) ||
        !kc_curve_info((enum kc_curve)record->algorithm))
        return KC_ERR_RECORD_DAMAGED;
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &seed);
    if (error != KC_OK)
        return error;
    return kc_mesh_seed_key((struct kc_span){seed.bytes, seed.size},
        (enum kc_curve)record->algorithm, derivation, name, key);
}

void kc_seed_set_pending(struct kc_record *seed)
{
    memset(seed->attributes, 0, sizeof seed->attributes);
    seed->attributes_size = sizeof KC_SEED_PENDING - 1;
    memcpy(seed->attributes, KC_SEED_PENDING, seed->attributes_size);
}

bool kc_seed_is_pending(const struct kc_record *seed)
{
    return seed->role == KC_ROLE_ACCOUNT && seed->attributes_size == sizeof KC_SEED_PENDING - 1 &&
           memcmp(seed->attributes, KC_SEED_PENDING, seed->attributes_size) == 0;
}

enum kc_error kc_call_seed_escrowed(struct kc_call *call, const struct kc_record *seed)
{
    struct kc_record *staged;
    KC_AUTO_SECRET secret = {0};
    if (!kc_seed_is_pending(seed))
        return KC_OK;
    enum kc_error error = kc_keeper_open(call->vault->keeper, seed, &secret);
    if (error == KC_OK)
        error = kc_call_stage(call, seed, &staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, seed->body);
    if (error != KC_OK)
        return error;
    memset(staged->attributes, 0, sizeof staged->attributes);
    staged->attributes_size = 0;
    return kc_keeper_protect(call->vault->keeper, staged, &secret);
}

enum kc_error kc_call_stage_seed(struct kc_call *call, const struct kc_record *wanted,
    const struct kc_secret *seed, struct kc_record **staged)
{
    enum kc_error error = kc_call_stage(call, wanted, staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, *staged, wanted->body);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, *staged, seed) : error;
}
