/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/seed.h"

#include "base/wipe.h"
#include "proto/udf.h"

#include <stdbool.h>
#include <string.h>

#define SPECIFIER_SIZE 2
#define TYPE_MASK 0x3fffu /* the two bits above say the use */

struct operation {
    const char *name;
    enum kc_use use;
};

static const struct operation base_operations[] = {{"Profile", KC_USE_SIGN}, {"Sign", KC_USE_SIGN},
    {"Encrypt", KC_USE_AGREE}, {"Authenticate", KC_USE_AGREE}, {NULL, KC_USE_NONE}};

static const struct operation account_operations[] = {{"Profile", KC_USE_SIGN},
    {"AdminSign", KC_USE_SIGN}, {"AdminEncrypt", KC_USE_AGREE}, {"Encrypt", KC_USE_AGREE},
    {"Authenticate", KC_USE_AGREE}, {"Sign", KC_USE_SIGN}, {"Escrow", KC_USE_AGREE},
    {NULL, KC_USE_NONE}};

/* An activation adds to keys; nothing is added to the one that a profile is known by. */
static const struct operation activation_operations[] = {{"Sign", KC_USE_SIGN},
    {"Encrypt", KC_USE_AGREE}, {"Authenticate", KC_USE_AGREE}, {NULL, KC_USE_NONE}};

/* A row for each type and actor of a seed. */
static const struct {
    enum kc_mesh_seed_type type;
    const char *prefix;
    const struct operation *operations;
    bool has_stores; /* the encryption key's name may go on with the name of a store */
} rows[] = {
    {KC_MESH_SEED_PROFILE_DEVICE, "BaseDevice", base_operations, false},
    {KC_MESH_SEED_ACTIVATION_DEVICE, "ActivationDevice", activation_operations, false},
    {KC_MESH_SEED_PROFILE_ACCOUNT, "CompleteAccount", account_operations, true},
    {KC_MESH_SEED_ACTIVATION_ACCOUNT, "ActivationAccount", activation_operations, false},
    {KC_MESH_SEED_ACTIVATION_ACCOUNT, "ActivationMember", activation_operations, false},
    {KC_MESH_SEED_PROFILE_SERVICE, "BaseService", base_operations, false},
    {KC_MESH_SEED_PROFILE_SERVICE, "BaseHost", base_operations, false},
    {KC_MESH_SEED_ACTIVATION_SERVICE, "ActivationService", activation_operations, false},
    {KC_MESH_SEED_ACTIVATION_SERVICE, "ActivationHost", activation_operations, false},
};

unsigned kc_mesh_seed_type(struct kc_span seed)
{
    return seed.size > SPECIFIER_SIZE ? ((unsigned)seed.bytes[0] << 8 | seed.bytes[1]) & TYPE_MASK
                                      : 0;
}

enum kc_error kc_mesh_seed_read(struct kc_json value, enum kc_mesh_seed_type type,
    uint8_t octets[KC_AT_LEAST(KC_MESH_SEED_SIZE_MAX)], size_t *size)
{
    char text[KC_UDF_TEXT_SIZE]; /* secret */
    struct kc_udf udf = {0};     /* secret */
    enum kc_error error = kc_json_text(value, text, sizeof text);
    if (error == KC_OK)
        error = kc_udf_parse((struct kc_span){(const uint8_t *)text, strlen(text)}, &udf);
    struct kc_span seed = {udf.data, udf.data_size};
    bool fits = error == KC_OK && udf.type == KC_UDF_SEED && seed.size <= KC_MESH_SEED_SIZE_MAX &&
                kc_mesh_seed_type(seed) == (unsigned)type;
    if (fits) {
        memcpy(octets, seed.bytes, seed.size);
        *size = seed.size;
    }
    kc_wipe(text, sizeof text);
    kc_wipe(&udf, sizeof udf);
    return fits ? KC_OK : KC_ERR_BAD_REQUEST;
}

static const char encrypt[] = "Encrypt";
static const char store_prefix[] = "MMM_";

/* "EncryptMMM_Contact": letters, digits and _ after the prefix that all stores have. */
static bool is_store_key(const char *operation)
{
    size_t prefix = strlen(encrypt) + strlen(store_prefix);
    if (strncmp(operation, encrypt, strlen(encrypt)) != 0 ||
        strncmp(operation + strlen(encrypt), store_prefix, strlen(store_prefix)) != 0 ||
        operation[prefix] == '\0')
        return false;
    for (const char *c = operation + prefix; *c != '\0'; c++)
        if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
                *c == '_'))
            return false;
    return true;
}

static enum kc_use find(const struct operation *operations, const char *name)
{
    for (; operations->name != NULL; operations++)
        if (strcmp(operations->name, name) == 0)
            return operations->use;
    return KC_USE_NONE;
}

enum kc_use kc_mesh_key_use(unsigned seed_type, const char *name)
{
    if (strlen(name) >= KC_MESH_KEY_NAME_SIZE)
        return KC_USE_NONE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size = strlen(rows[i].prefix);
        if ((unsigned)rows[i].type != seed_type || strncmp(name, rows[i].prefix, size) != 0)
            continue;
        if (rows[i].has_stores && is_store_key(name + size))
            return KC_USE_AGREE;
        return find(rows[i].operations, name + size);
    }
    return KC_USE_NONE;
}

enum kc_curve kc_mesh_key_curve(enum kc_use use, enum kc_curve signing)
{
    if (use == KC_USE_SIGN)
        return signing;
    return signing == KC_CURVE_ED25519 ? KC_CURVE_X25519 : KC_CURVE_X448;
}

enum kc_error kc_mesh_seed_key(struct kc_span seed, enum kc_curve signing,
    enum kc_derivation derivation, const char *name, struct kc_key *key)
{
    unsigned type = kc_mesh_seed_type(seed);
    struct kc_span span = {(const uint8_t *)name, strlen(name)};
    if (type < KC_MESH_SEED_PROFILE_DEVICE)
        return span.size == 0 ? kc_derive_key(key, signing, derivation, seed, span)
                              : KC_ERR_BAD_ARGUMENT;
    enum kc_use use = kc_mesh_key_use(type, name);
    if (use == KC_USE_NONE)
        return KC_ERR_BAD_ARGUMENT;
    return kc_derive_key(key, kc_mesh_key_curve(use, signing), derivation, seed, span);
}
