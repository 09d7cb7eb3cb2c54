/* SPDX-License-Identifier: Apache-2.0 */
/* The function lists, and the three functions by which a client gets at them (3.0, section 5.3). */
#include "pkcs11/module.h"

#include <stdbool.h>
#include <string.h>

/* The only symbols that the module shows. */
#define EXPORTED __attribute__((visibility("default")))

/* Clients of 2.40 are told so by C_GetInfo too; everything else is the same function. */
#define C_GetInfo kc_module_info_2_40
static CK_FUNCTION_LIST list_2_40 = {
    {2, 40},
#define KC_FUNCTION(name) name,
#define KC_FUNCTION_3_0(name)
#include "pkcs11/functions.def"
#undef KC_FUNCTION
};
#undef C_GetInfo

static CK_FUNCTION_LIST_3_0 list_3_0 = {
    {3, 0},
#define KC_FUNCTION(name) name,
#include "pkcs11/functions.def"
#undef KC_FUNCTION
};

static CK_CHAR standard_name[] = "PKCS 11";

/* The first is the default. */
static CK_INTERFACE interfaces[] = {
    {standard_name, &list_3_0, CKF_INTERFACE_FORK_SAFE},
    {standard_name, &list_2_40, CKF_INTERFACE_FORK_SAFE},
};
#define INTERFACE_COUNT (sizeof interfaces / sizeof *interfaces)

EXPORTED CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    if (list == NULL)
        return CKR_ARGUMENTS_BAD;
    *list = &list_2_40;
    return CKR_OK;
}

EXPORTED CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
{
    if (count == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_ULONG room = *count;
    *count = INTERFACE_COUNT;
    if (list == NULL)
        return CKR_OK;
    if (room < INTERFACE_COUNT)
        return CKR_BUFFER_TOO_SMALL;
    memcpy(list, interfaces, sizeof interfaces);
    return CKR_OK;
}

/* Each list starts with its version. */
static bool fits(const CK_INTERFACE *interface, const CK_UTF8CHAR *name, const CK_VERSION *version,
    CK_FLAGS flags)
{
    const CK_VERSION *own = interface->pFunctionList;
    if (name != NULL && strcmp((const char *)name, (const char *)interface->pInterfaceName) != 0)
        return false;
    if (version != NULL && (version->major != own->major || version->minor != own->minor))
        return false;
    return (flags & ~interface->flags) == 0;
}

EXPORTED CK_RV C_GetInterface(
    CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface, CK_FLAGS flags)
{
    if (interface == NULL)
        return CKR_ARGUMENTS_BAD;
    for (size_t i = 0; i < INTERFACE_COUNT; i++) {
        if (!fits(&interfaces[i], name, version, flags))
            continue;
        *interface = &interfaces[i];
        return CKR_OK;
    }
    return CKR_FUNCTION_FAILED;
}
