/* SPDX-License-Identifier: Apache-2.0 */
/* What a request says of how to sign or decrypt with a key that libcrypto works with, and doing it. */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/evp.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/resident.h"

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* The first of the fields that does not belong to a scheme. */
static enum kc_error refuse_fields(struct kc_call *call, const enum kc_field fields[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kc_call_has(call, fields[i]))
            return wrong_field(call, fields[i]);
    }
    return KC_OK;
}

static const struct kc_evp_hash *find_hash(const struct kc_call *call, enum kc_field field)
{
    return kc_call_has(call, field) ? kc_evp_hash_find(kc_call_field(call, field)) : NULL;
}

static bool scheme_is(const struct kc_call *call, const char *name)
{
    return kc_values_text_is(&call->in.message.values, KC_FIELD_SCHEME, name);
}

static uint64_t number_or(const struct kc_call *call, enum kc_field field, uint64_t otherwise)
{
    return kc_call_has(call, field) ? call->in.message.values.value[field].number : otherwise;
}

static enum kc_error refuse_pss(struct kc_call *call)
{
    static const enum kc_field fields[] = {KC_FIELD_MGF_HASH, KC_FIELD_SALT_SIZE};
    return refuse_fields(call, fields, 2);
}

/* --- signing --- */

static enum kc_error read_ecdsa(struct kc_call *call, struct kc_evp_scheme *scheme)
{
    if (kc_call_has(call, KC_FIELD_SCHEME) && !scheme_is(call, "ecdsa"))
        return wrong_field(call, KC_FIELD_SCHEME);
    if (!scheme->hash && !scheme->hashed)
        return wrong_field(call, KC_FIELD_HASH);
    scheme->padding = KC_EVP_ECDSA;
    return refuse_pss(call);
}

static enum kc_error read_pss(struct kc_call *call, struct kc_evp_scheme *scheme)
{
    if (!scheme->hash)
        return wrong_field(call, KC_FIELD_HASH);
    scheme->padding = KC_EVP_PSS;
    scheme->mgf = find_hash(call, KC_FIELD_MGF_HASH);
    if (!scheme->mgf)
        scheme->mgf = scheme->hash;
    scheme->salt_size = (size_t)number_or(call, KC_FIELD_SALT_SIZE, scheme->hash->size);
    return KC_OK;
}

static enum kc_error read_rsa(struct kc_call *call, struct kc_evp_scheme *scheme)
{
    if (scheme_is(call, "pss"))
        return read_pss(call, scheme);
    if (!scheme_is(call, "pkcs1"))
        return wrong_field(call, KC_FIELD_SCHEME);
    scheme->padding = KC_EVP_PKCS1;
    return refuse_pss(call);
}

/* Signatures over SHA-1 can be moved to other documents: it is for OAEP, where that does no harm. */
enum kc_error kc_call_read_signing(
    struct kc_call *call, const struct kc_algorithm_info *info, struct kc_evp_scheme *scheme)
{
    *scheme = (struct kc_evp_scheme){
        .hash = find_hash(call, KC_FIELD_HASH), .hashed = number_or(call, KC_FIELD_HASHED, 0) != 0};
    if (kc_values_text_is(&call->in.message.values, KC_FIELD_HASH, "SHA-1"))
        return wrong_field(call, KC_FIELD_HASH);
    if (kc_call_has(call, KC_FIELD_CONTEXT))
        return wrong_field(call, KC_FIELD_CONTEXT);
    return info->family == KC_FAMILY_EC ? read_ecdsa(call, scheme) : read_rsa(call, scheme);
}

enum kc_error kc_call_sign_by_libcrypto(struct kc_call *call, const struct kc_record *key)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(key->algorithm);
    struct kc_evp_scheme scheme;
    uint8_t signature[KC_ALGORITHM_SIGNATURE_MAX];
    KC_AUTO_MATERIAL material = {0};
    KC_AUTO_DATA data = {0};
    enum kc_error error = kc_call_read_signing(call, info, &scheme);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_MESSAGE, &data);
    if (error == KC_OK)
        error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_evp_sign(material.evp, info, &scheme, data.span, signature);
    if (error == KC_ERR_BAD_ARGUMENT && !kc_values_has(&call->answer.values, KC_FIELD_DETAIL))
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_MESSAGE].name);
    if (error == KC_OK)
        kc_call_set_octets(call, KC_FIELD_SIGNATURE, signature, info->signature_size);
    return error;
}

/* --- verify --- */

enum kc_error kc_call_verify_by_libcrypto(
    struct kc_call *call, const struct kc_algorithm_info *info)
{
    struct kc_evp_scheme scheme;
    KC_AUTO_DATA data = {0};
    enum kc_error error = kc_call_read_signing(call, info, &scheme);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_MESSAGE, &data);
    if (error != KC_OK)
        return error;
    return kc_evp_verify(info, kc_call_field(call, KC_FIELD_PUBLIC), &scheme, data.span,
        kc_call_field(call, KC_FIELD_SIGNATURE));
}

/* --- key-decrypt --- */

static enum kc_error read_decrypting(struct kc_call *call, struct kc_evp_scheme *scheme)
{
    *scheme = (struct kc_evp_scheme){.padding = KC_EVP_PKCS1};
    static const enum kc_field of_oaep[] = {KC_FIELD_HASH, KC_FIELD_MGF_HASH, KC_FIELD_OAEP_LABEL};
    if (scheme_is(call, "pkcs1"))
        return refuse_fields(call, of_oaep, 3);
    if (!scheme_is(call, "oaep"))
        return wrong_field(call, KC_FIELD_SCHEME);
    *scheme = (struct kc_evp_scheme){.padding = KC_EVP_OAEP,
        .hash = find_hash(call, KC_FIELD_HASH),
        .mgf = find_hash(call, KC_FIELD_MGF_HASH),
        .label = kc_call_field(call, KC_FIELD_OAEP_LABEL)};
    if (!scheme->hash)
        return wrong_field(call, KC_FIELD_HASH);
    if (!scheme->mgf)
        scheme->mgf = scheme->hash;
    return KC_OK;
}

enum kc_error kc_vault_key_decrypt(struct kc_call *call)
{
    struct kc_record *key;
    struct kc_evp_scheme scheme;
    KC_AUTO_MATERIAL material = {0};
    KC_AUTO_SECRET plain = {0};
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK && kc_resident_is(key))
        return kc_resident_decrypt(call, key);
    if (error == KC_OK)
        error = read_decrypting(call, &scheme);
    if (error == KC_OK)
        error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_evp_decrypt(material.evp, kc_algorithm_info(key->algorithm), &scheme,
            kc_call_field(call, KC_FIELD_CIPHERTEXT), &plain);
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_SECRET, plain.bytes, plain.size);
    return error;
}
