/* SPDX-License-Identifier: Apache-2.0 */
/* Making keys. */
#include "base/text.h"
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/evp.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/resident.h"

#include <string.h>

#define STIRRED_SIZE 48 /* octets for libcrypto's source before it makes a key */

/* --- what is wanted --- */

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

static uint8_t wanted_role(const struct kc_call *call)
{
    return kc_call_has(call, KC_FIELD_ROLE) ? kc_role_find(kc_call_field(call, KC_FIELD_ROLE))
                                            : KC_ROLE_APPLICATION;
}

static uint8_t wanted_residence(const struct kc_call *call)
{
    return kc_call_has(call, KC_FIELD_RESIDENCE)
               ? kc_residence_find(kc_call_field(call, KC_FIELD_RESIDENCE))
               : KC_RESIDENCE_SEALED;
}

/* Sealed and resident keys are of a root: the one that is wanted, else the vault's own. */
static enum kc_error read_root(struct kc_call *call, struct kc_record *wanted)
{
    struct kc_vault_root root = kc_keeper_home(call->vault->keeper);
    bool is_named = kc_call_has(call, KC_FIELD_KEY_ROOT);
    if (!kc_residence_has_root(wanted->residence))
        return is_named ? wrong_field(call, KC_FIELD_KEY_ROOT) : KC_OK;
    enum kc_error error = is_named ? kc_call_named_root(call, &root) : KC_OK;
    if (error == KC_OK)
        KC_TEXT_COPY_ARRAY(wanted->root, call->vault->config->roots[root.number].name);
    struct kc_replacement replacement = kc_ledger_replacement(call->vault);
    if (error != KC_OK || strcmp(wanted->root, replacement.from) != 0)
        return error;
    if (is_named)
        return KC_ERR_CONFLICT; /* it is being replaced */
    KC_TEXT_COPY_ARRAY(wanted->root, replacement.to);
    return KC_OK;
}

/* A split alone makes shares, an activation composite keys, and the operations of the Mesh what is
 * derived of seeds; the Mesh knows no keys but on its curves. */
static enum kc_error check_role(
    struct kc_call *call, const struct kc_record *wanted, const struct kc_algorithm_info *info)
{
    if (wanted->role == KC_ROLE_SHARE || wanted->role == KC_ROLE_DEVICE)
        return wrong_field(call, KC_FIELD_ROLE);
    if (wanted->residence == KC_RESIDENCE_DERIVED)
        return wrong_field(call, KC_FIELD_RESIDENCE);
    if (info->family != KC_FAMILY_CURVE && wanted->role != KC_ROLE_APPLICATION)
        return KC_ERR_BAD_ALGORITHM;
    if (wanted->confirm && wanted->role != KC_ROLE_APPLICATION)
        return wrong_field(call, KC_FIELD_CONFIRM);
    bool signs = wanted->use == KC_USE_SIGN;
    return wanted->role == KC_ROLE_WRAP && signs ? KC_ERR_BAD_ALGORITHM : KC_OK;
}

static enum kc_error read_use(
    struct kc_call *call, struct kc_record *wanted, const struct kc_algorithm_info *info)
{
    enum kc_use use = kc_call_has(call, KC_FIELD_USE)
                          ? (enum kc_use)kc_use_find(kc_call_field(call, KC_FIELD_USE))
                          : info->use;
    if (!kc_algorithm_can(info, use))
        return KC_ERR_BAD_ALGORITHM;
    wanted->use = (uint8_t)use;
    return KC_OK;
}

enum kc_error kc_call_read_details(struct kc_call *call, struct kc_record *record)
{
    const struct kc_value *values = call->in.message.values.value;
    struct kc_span identifier = kc_call_field(call, KC_FIELD_IDENTIFIER);
    struct kc_span attributes = kc_call_field(call, KC_FIELD_ATTRIBUTES);
    if (kc_call_has(call, KC_FIELD_IDENTIFIER)) {
        memset(record->identifier, 0, sizeof record->identifier);
        memcpy(record->identifier, identifier.bytes, identifier.size);
        record->identifier_size = (uint16_t)identifier.size;
    }
    if (kc_call_has(call, KC_FIELD_ATTRIBUTES)) {
        memset(record->attributes, 0, sizeof record->attributes);
        memcpy(record->attributes, attributes.bytes, attributes.size);
        record->attributes_size = (uint16_t)attributes.size;
    }
    if (kc_call_has(call, KC_FIELD_START))
        record->start = values[KC_FIELD_START].number;
    if (kc_call_has(call, KC_FIELD_EXPIRY))
        record->expiry = values[KC_FIELD_EXPIRY].number;
    return record->expiry != 0 && record->expiry <= record->start
               ? wrong_field(call, KC_FIELD_EXPIRY)
               : KC_OK;
}

/* What the request says of the key; public half and secret come later. */
static enum kc_error read_wanted(
    struct kc_call *call, struct kc_record *wanted, const struct kc_algorithm_info **info)
{
    struct kc_span algorithm = kc_call_field(call, KC_FIELD_ALGORITHM);
    *info = kc_algorithm_by_name((const char *)algorithm.bytes, algorithm.size);
    if (!*info)
        return KC_ERR_BAD_ALGORITHM;
    wanted->kind = KC_KIND_KEY;
    wanted->role = wanted_role(call);
    wanted->residence = wanted_residence(call);
    kc_call_text(call, KC_FIELD_KEYRING, wanted->keyring, sizeof wanted->keyring);
    kc_call_text(call, KC_FIELD_LABEL, wanted->label, sizeof wanted->label);
    kc_call_text(call, KC_FIELD_ACCOUNT, wanted->account, sizeof wanted->account);
    wanted->state = KC_STATE_ACTIVE;
    wanted->created = kc_call_now(call);
    if (kc_call_has(call, KC_FIELD_CONFIRM))
        wanted->confirm = call->in.message.values.value[KC_FIELD_CONFIRM].number != 0;
    enum kc_error error = read_use(call, wanted, *info);
    if (error == KC_OK)
        error = read_root(call, wanted);
    if (error == KC_OK)
        error = kc_call_read_details(call, wanted);
    return error == KC_OK ? check_role(call, wanted, *info) : error;
}

/* --- making it --- */

/* A whole signing key keeps its seed, as RFC 8032 makes the nonce's prefix from it; any other its
 * scalar. */
static enum kc_error make_on_curve(
    struct kc_call *call, struct kc_record *wanted, struct kc_secret *secret)
{
    const struct kc_curve_info *curve = kc_curve_info((enum kc_curve)wanted->algorithm);
    KC_AUTO_SECRET seed = {0};
    KC_AUTO_KEY key = {0};
    enum kc_error error = kc_secret_init(&seed, curve->seed_size);
    if (error == KC_OK)
        error = kc_entropy_fill(call->vault->entropy, seed.bytes, seed.size);
    if (error == KC_OK)
        error = kc_key_from_seed(&key, curve->curve, seed.bytes, seed.size);
    if (error == KC_OK)
        error = kc_record_of_public(wanted, &key.public);
    if (error != KC_OK)
        return error;
    if (!curve->signs) {
        uint8_t encoded[KC_SCALAR_SIZE_MAX]; /* secret */
        kc_scalar_encode(&key.scalar, encoded);
        seed.size = curve->scalar_size; /* not more than the seed's */
        memcpy(seed.bytes, encoded, seed.size);
        kc_wipe(encoded, sizeof encoded);
    }
    *secret = kc_secret_take(&seed);
    return KC_OK;
}

static enum kc_error stir_libcrypto(struct kc_call *call)
{
    uint8_t octets[STIRRED_SIZE]; /* secret */
    enum kc_error error = kc_entropy_fill(call->vault->entropy, octets, sizeof octets);
    if (error == KC_OK)
        kc_evp_stir(octets, sizeof octets);
    kc_wipe(octets, sizeof octets);
    return error;
}

static enum kc_error make_by_libcrypto(struct kc_call *call, struct kc_record *wanted,
    const struct kc_algorithm_info *info, struct kc_secret *secret)
{
    KC_AUTO_MATERIAL material = {0};
    uint8_t public[KC_ALGORITHM_PUBLIC_MAX];
    enum kc_error error = stir_libcrypto(call);
    if (error == KC_OK)
        error = kc_evp_generate(info, &material.evp);
    if (error == KC_OK)
        error = kc_evp_public(info, material.evp, public);
    if (error == KC_OK)
        error = kc_record_of_octets(wanted, info, (struct kc_span){public, info->public_size});
    return error == KC_OK ? kc_evp_secret(info, material.evp, secret) : error;
}

static enum kc_error make(struct kc_call *call, struct kc_record *wanted,
    const struct kc_algorithm_info *info, struct kc_secret *secret)
{
    struct kc_vault_root root;
    enum kc_error error = kc_keeper_root_of(call->vault->keeper, wanted, &root);
    if (error == KC_OK)
        error = kc_entropy_stir(call->vault->entropy, root);
    if (error != KC_OK)
        return error;
    wanted->algorithm = (uint8_t)info->algorithm;
    if (kc_resident_is(wanted))
        return kc_resident_generate(call, wanted, info, secret);
    return info->family == KC_FAMILY_CURVE ? make_on_curve(call, wanted, secret)
                                           : make_by_libcrypto(call, wanted, info, secret);
}

/* Primes take seconds: they wait until nobody else does. */
static bool must_wait(struct kc_call *call, const struct kc_algorithm_info *info)
{
    bool waits = info->family == KC_FAMILY_RSA && !call->is_slow;
    if (waits)
        call->wish = KC_WISH_SLOW;
    return waits;
}

static enum kc_error stage(
    struct kc_call *call, const struct kc_record *wanted, const struct kc_secret *secret)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, wanted, &staged);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, secret) : error;
}

/* The record is stored: so is a resident key that it describes. */
static enum kc_error finish(struct kc_call *call)
{
    const struct kc_record *made = &call->changes[0];
    kc_resident_keep(call, made);
    kc_call_describe(call, &call->answer.values, made);
    return KC_OK;
}

enum kc_error kc_vault_key_generate(struct kc_call *call)
{
    struct kc_record wanted = {0};
    const struct kc_algorithm_info *info;
    KC_AUTO_SECRET secret = {0};
    if (call->made_in_root)
        return finish(call);
    enum kc_error error = read_wanted(call, &wanted, &info);
    if (error == KC_OK)
        error = kc_call_allowed_new(call, &wanted);
    if (error != KC_OK || must_wait(call, info))
        return error;
    error = make(call, &wanted, info, &secret);
    bool is_made_in_root = error == KC_OK && kc_resident_is(&wanted);
    if (error == KC_OK)
        error = stage(call, &wanted, &secret);
    if (error != KC_OK && is_made_in_root)
        kc_resident_discard(call, &wanted, &secret);
    if (error != KC_OK)
        return error;
    kc_call_describe(call, &call->answer.values, &call->changes[0]);
    call->made_in_root = is_made_in_root;
    call->wish = is_made_in_root ? KC_WISH_COMMIT_AGAIN : KC_WISH_COMMIT;
    return KC_OK;
}
