/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/mechanism.h"

#include "pkcs11/module.h"
#include "pkcs11/slot.h"

#define CURVE_FLAGS (CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS)

static const struct kc_mechanism_row rows[] = {
    {CKM_EDDSA, {255, 448, CKF_SIGN | CURVE_FLAGS}},
    {CKM_ECDH1_DERIVE, {255, 448, CKF_DERIVE | CURVE_FLAGS}},
};

const struct kc_mechanism_row *kc_mechanism_at(size_t position)
{
    return position < sizeof rows / sizeof *rows ? &rows[position] : NULL;
}

static const struct kc_mechanism_row *find(CK_MECHANISM_TYPE type)
{
    const struct kc_mechanism_row *row;
    for (size_t i = 0; (row = kc_mechanism_at(i)) != NULL; i++)
        if (row->type == type)
            return row;
    return NULL;
}

CK_RV kc_mechanism_check(const CK_MECHANISM *mechanism, CK_FLAGS flag)
{
    if (mechanism == NULL)
        return CKR_ARGUMENTS_BAD;
    const struct kc_mechanism_row *row = find(mechanism->mechanism);
    return row != NULL && (row->info.flags & flag) != 0 ? CKR_OK : CKR_MECHANISM_INVALID;
}

static CK_RV token_check(CK_SLOT_ID id)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_slot *slot;
    return kc_module_leave(kc_slot_with_token(id, &slot));
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    if (count == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = token_check(slot);
    if (rv != CKR_OK)
        return rv;
    CK_ULONG room = *count;
    *count = sizeof rows / sizeof *rows;
    if (list == NULL)
        return CKR_OK;
    if (room < *count)
        return CKR_BUFFER_TOO_SMALL;
    for (size_t i = 0; i < *count; i++)
        list[i] = rows[i].type;
    return CKR_OK;
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = token_check(slot);
    if (rv != CKR_OK)
        return rv;
    const struct kc_mechanism_row *row = find(type);
    if (row == NULL)
        return CKR_MECHANISM_INVALID;
    *info = row->info;
    return CKR_OK;
}
