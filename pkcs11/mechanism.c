/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/mechanism.h"

#include "pkcs11/module.h"
#include "pkcs11/slot.h"

#define SIGNS (CKF_SIGN | CKF_VERIFY)
#define CURVE (CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS)
#define PAIR (CKF_GENERATE_KEY_PAIR | CURVE | CKF_EC_CURVENAME)
#define ECDSA(mechanism, hash)                                                                     \
    {                                                                                              \
        mechanism, CKK_EC, {256, 384, SIGNS | CURVE}, "ecdsa", hash, KC_INPUT_MESSAGE              \
    }
#define RSA(mechanism, scheme, hash)                                                               \
    {                                                                                              \
        mechanism, CKK_RSA, {2048, 4096, SIGNS}, scheme, hash, KC_INPUT_MESSAGE                    \
    }

static const struct kc_mechanism_row rows[] = {
    {CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, {2048, 4096, CKF_GENERATE_KEY_PAIR}, NULL, NULL, 0},
    {CKM_RSA_PKCS, CKK_RSA, {2048, 4096, SIGNS | CKF_DECRYPT}, "pkcs1", NULL, KC_INPUT_DIGEST},
    RSA(CKM_SHA224_RSA_PKCS, "pkcs1", "SHA-224"),
    RSA(CKM_SHA256_RSA_PKCS, "pkcs1", "SHA-256"),
    RSA(CKM_SHA384_RSA_PKCS, "pkcs1", "SHA-384"),
    RSA(CKM_SHA512_RSA_PKCS, "pkcs1", "SHA-512"),
    {CKM_RSA_PKCS_PSS, CKK_RSA, {2048, 4096, SIGNS}, "pss", NULL, KC_INPUT_DIGEST},
    RSA(CKM_SHA224_RSA_PKCS_PSS, "pss", "SHA-224"),
    RSA(CKM_SHA256_RSA_PKCS_PSS, "pss", "SHA-256"),
    RSA(CKM_SHA384_RSA_PKCS_PSS, "pss", "SHA-384"),
    RSA(CKM_SHA512_RSA_PKCS_PSS, "pss", "SHA-512"),
    {CKM_RSA_PKCS_OAEP, CKK_RSA, {2048, 4096, CKF_DECRYPT}, "oaep", NULL, 0},

    {CKM_EC_KEY_PAIR_GEN, CKK_EC, {256, 384, PAIR}, NULL, NULL, 0},
    {CKM_ECDSA, CKK_EC, {256, 384, SIGNS | CURVE}, "ecdsa", NULL, KC_INPUT_DIGEST},
    ECDSA(CKM_ECDSA_SHA224, "SHA-224"),
    ECDSA(CKM_ECDSA_SHA256, "SHA-256"),
    ECDSA(CKM_ECDSA_SHA384, "SHA-384"),
    ECDSA(CKM_ECDSA_SHA512, "SHA-512"),
    {CKM_ECDH1_DERIVE, CKK_EC, {256, 384, CKF_DERIVE | CURVE}, NULL, NULL, 0},
    {CKM_ECDH1_COFACTOR_DERIVE, CKK_EC, {256, 384, CKF_DERIVE | CURVE}, NULL, NULL, 0},

    {CKM_AES_CBC, CKK_AES, {16, 32, CKF_ENCRYPT | CKF_DECRYPT}, "AES-CBC", NULL, 0},
    {CKM_AES_CBC_PAD, CKK_AES, {16, 32, CKF_ENCRYPT | CKF_DECRYPT}, "AES-CBC-PAD", NULL, 0},
    {CKM_AES_GCM, CKK_AES, {16, 32, CKF_ENCRYPT | CKF_DECRYPT}, "AES-GCM", NULL, 0},

    {CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS, {255, 448, PAIR}, NULL, NULL, 0},
    {CKM_EDDSA, CKK_EC_EDWARDS, {255, 448, SIGNS | CURVE}, NULL, NULL, KC_INPUT_MESSAGE},
    {CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKK_EC_MONTGOMERY, {255, 448, PAIR}, NULL, NULL, 0},
    {CKM_ECDH1_DERIVE, CKK_EC_MONTGOMERY, {255, 448, CKF_DERIVE | CURVE}, NULL, NULL, 0},
    {CKM_ECDH1_COFACTOR_DERIVE, CKK_EC_MONTGOMERY, {255, 448, CKF_DERIVE | CURVE}, NULL, NULL, 0},
    {CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE, CKK_EC_EDWARDS, {255, 448, CKF_SIGN | CURVE}, NULL, NULL,
        KC_INPUT_MESSAGE},
    {CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE, CKK_EC_MONTGOMERY, {255, 448, CKF_SIGN | CURVE}, NULL,
        NULL, KC_INPUT_POINT},
};

bool kc_mechanism_contributes(CK_MECHANISM_TYPE type)
{
    return type == CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE || type == CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE;
}

const struct kc_mechanism_row *kc_mechanism_at(size_t position)
{
    return position < sizeof rows / sizeof *rows ? &rows[position] : NULL;
}

unsigned kc_mechanism_kinds(const struct kc_mechanism_row *row)
{
    switch (row->key_type) {
    case CKK_RSA:
    case CKK_EC:
        return KC_TOKEN_NIST;
    case CKK_EC_EDWARDS:
    case CKK_EC_MONTGOMERY:
        return KC_TOKEN_EDWARDS;
    default: /* the secrets of sessions */
        return KC_TOKEN_ALL;
    }
}

static const struct kc_mechanism_row *find(unsigned kinds, CK_MECHANISM_TYPE type)
{
    const struct kc_mechanism_row *row;
    for (size_t i = 0; (row = kc_mechanism_at(i)) != NULL; i++)
        if (row->type == type && (kc_mechanism_kinds(row) & kinds) != 0)
            return row;
    return NULL;
}

CK_RV kc_mechanism_check(unsigned kinds, const CK_MECHANISM *mechanism, CK_FLAGS flag)
{
    if (mechanism == NULL)
        return CKR_ARGUMENTS_BAD;
    const struct kc_mechanism_row *row = find(kinds, mechanism->mechanism);
    return row != NULL && (row->info.flags & flag) != 0 ? CKR_OK : CKR_MECHANISM_INVALID;
}

const struct kc_mechanism_row *kc_mechanism_for(CK_MECHANISM_TYPE type, CK_KEY_TYPE key_type)
{
    const struct kc_mechanism_row *row;
    for (size_t i = 0; (row = kc_mechanism_at(i)) != NULL; i++)
        if (row->type == type && row->key_type == key_type)
            return row;
    return NULL;
}

static CK_FLAGS use_flag(const struct kc_object *key)
{
    bool private = key->kind == KC_OBJECT_PRIVATE;
    if (key->key.contributes)
        return CKF_SIGN;
    switch (key->key.use) {
    case KC_KEY_SIGNS:
        return private ? CKF_SIGN : CKF_VERIFY;
    case KC_KEY_AGREES:
        return CKF_DERIVE;
    case KC_KEY_DECRYPTS:
        return CKF_DECRYPT;
    }
    return 0;
}

size_t kc_mechanisms_allowed(
    const struct kc_object *key, CK_MECHANISM_TYPE list[static KC_MECHANISMS_MAX])
{
    const struct kc_mechanism_row *row;
    size_t count = 0;
    for (size_t i = 0; (row = kc_mechanism_at(i)) != NULL && count < KC_MECHANISMS_MAX; i++)
        if (row->key_type == key->key.public.type->type && (row->info.flags & use_flag(key)) != 0 &&
            kc_mechanism_contributes(row->type) == key->key.contributes)
            list[count++] = row->type;
    return count;
}

/* --- the functions --- */

/* What a token's keys are; its mechanisms follow from that. */
static CK_RV kinds_of(CK_SLOT_ID id, unsigned *kinds)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_slot *slot;
    rv = kc_slot_with_token(id, &slot);
    if (rv == CKR_OK)
        *kinds = slot->kinds;
    return kc_module_leave(rv);
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    if (count == NULL)
        return CKR_ARGUMENTS_BAD;
    unsigned kinds;
    CK_RV rv = kinds_of(slot, &kinds);
    if (rv != CKR_OK)
        return rv;
    CK_ULONG room = *count, found = 0;
    const struct kc_mechanism_row *row;
    for (size_t i = 0; (row = kc_mechanism_at(i)) != NULL; i++) {
        if (find(kinds, row->type) != row) /* on another token, or told already */
            continue;
        if (list != NULL && found < room)
            list[found] = row->type;
        found++;
    }
    *count = found;
    return list != NULL && room < found ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

/* A mechanism of several types of keys has the widest of their sizes. */
static CK_MECHANISM_INFO info_of(unsigned kinds, CK_MECHANISM_TYPE type)
{
    CK_MECHANISM_INFO info = find(kinds, type)->info;
    const struct kc_mechanism_row *row;
    for (size_t i = 0; (row = kc_mechanism_at(i)) != NULL; i++) {
        if (row->type != type || (kc_mechanism_kinds(row) & kinds) == 0)
            continue;
        if (row->info.ulMinKeySize < info.ulMinKeySize)
            info.ulMinKeySize = row->info.ulMinKeySize;
        if (row->info.ulMaxKeySize > info.ulMaxKeySize)
            info.ulMaxKeySize = row->info.ulMaxKeySize;
    }
    return info;
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    unsigned kinds;
    CK_RV rv = kinds_of(slot, &kinds);
    if (rv != CKR_OK)
        return rv;
    if (find(kinds, type) == NULL)
        return CKR_MECHANISM_INVALID;
    *info = info_of(kinds, type);
    return CKR_OK;
}
