/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pkcs11/support.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

CK_FUNCTION_LIST_3_0 *p11;

static void *module;

void load_module(void)
{
    const char *other = getenv("KC_TEST_MODULE"); /* a mutated one: tests/mutation */
    module =
        dlopen(other != NULL ? other : KC_BUILD_DIR "/custodian-pkcs11.so", RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
    CK_C_GetInterface get = (CK_C_GetInterface)dlsym(module, "C_GetInterface");
    CK_INTERFACE *interface;
    if (get == NULL || get(NULL, NULL, &interface, 0) != CKR_OK)
        abort();
    p11 = interface->pFunctionList;
}

void unload_module(void)
{
    if (dlclose(module) != 0)
        abort();
    p11 = NULL;
}

int load_group(void **state)
{
    (void)state;
    load_module();
    return 0;
}

int unload_group(void **state)
{
    (void)state;
    unload_module();
    return 0;
}

int start_module(void **state)
{
    (void)state;
    fake_daemon_start();
    return p11->C_Initialize(NULL) == CKR_OK ? 0 : -1;
}

int stop_module(void **state)
{
    (void)state;
    CK_RV rv = p11->C_Finalize(NULL);
    fake_daemon_stop();
    return rv == CKR_OK ? 0 : -1;
}

CK_SLOT_ID slot_of(const char *label)
{
    CK_SLOT_ID slots[64];
    CK_ULONG count = 0;
    CK_TOKEN_INFO info;
    assert_ok(p11->C_GetSlotList(CK_TRUE, NULL, &count));
    count = 64;
    assert_ok(p11->C_GetSlotList(CK_TRUE, slots, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        assert_ok(p11->C_GetTokenInfo(slots[i], &info));
        size_t size = strlen(label);
        if (memcmp(info.label, label, size) == 0 && (size == 32 || info.label[size] == ' '))
            return slots[i];
    }
    fail_msg("no token %s", label);
    return 0;
}

CK_SESSION_HANDLE open_session(const char *label)
{
    CK_SESSION_HANDLE session;
    assert_ok(p11->C_OpenSession(slot_of(label), CKF_SERIAL_SESSION, NULL, NULL, &session));
    return session;
}

CK_OBJECT_HANDLE find_one(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label)
{
    char text[64];
    snprintf(text, sizeof text, "%s", label);
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_LABEL, text, strlen(text)},
    };
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count;
    assert_ok(p11->C_FindObjectsInit(session, template, 2));
    assert_ok(p11->C_FindObjects(session, found, 2, &count));
    assert_ok(p11->C_FindObjectsFinal(session));
    assert_int_equal(count, 1);
    return found[0];
}

CK_ULONG count_found(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_OBJECT_HANDLE found[1000];
    CK_ULONG result;
    assert_ok(p11->C_FindObjectsInit(session, template, count));
    assert_ok(p11->C_FindObjects(session, found, 1000, &result));
    assert_ok(p11->C_FindObjectsFinal(session));
    return result;
}

CK_RV sign_with(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const void *message, CK_ULONG size,
    CK_BYTE signature[static 114], CK_ULONG *signature_size)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_EDDSA};
    CK_BYTE copy[64];
    memcpy(copy, message, size < sizeof copy ? size : sizeof copy);
    CK_RV rv = p11->C_SignInit(session, &mechanism, key);
    *signature_size = 114;
    return rv != CKR_OK ? rv : p11->C_Sign(session, copy, size, signature, signature_size);
}

void assert_child_exits_well(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}
