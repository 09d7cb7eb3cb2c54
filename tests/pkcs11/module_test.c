/* SPDX-License-Identifier: Apache-2.0 */
/* The module as a whole: initializing, function lists, what it is linked with. */
#include "tests/pkcs11/support.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static CK_RV no_create(void **mutex)
{
    (void)mutex;
    return CKR_OK;
}

static CK_RV no_mutex(void *mutex)
{
    (void)mutex;
    return CKR_OK;
}

static void keeps_the_rules_of_initialize_arguments(void **state)
{
    (void)state;
    CK_C_INITIALIZE_ARGS args = {.CreateMutex = no_create};
    assert_rv(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
    args = (CK_C_INITIALIZE_ARGS){.pReserved = &args};
    assert_rv(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
    args = (CK_C_INITIALIZE_ARGS){no_create, no_mutex, no_mutex, no_mutex, 0, NULL};
    assert_rv(p11->C_Initialize(&args), CKR_CANT_LOCK);
    args.flags = CKF_OS_LOCKING_OK;
    assert_ok(p11->C_Initialize(&args));
    assert_rv(p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    assert_rv(p11->C_Finalize(&args), CKR_ARGUMENTS_BAD);
    assert_ok(p11->C_Finalize(NULL));
    assert_rv(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void needs_initializing_before_anything_else(void **state)
{
    (void)state;
    CK_ULONG n = 1;
    CK_BYTE byte[1];
    CK_INFO info;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;
    CK_MECHANISM_INFO mechanism_info;
    CK_SESSION_INFO session;
    CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
    const CK_RV results[] = {
        p11->C_GetInfo(&info),
        p11->C_GetSlotList(CK_FALSE, NULL, &n),
        p11->C_GetSlotInfo(0, &slot),
        p11->C_GetTokenInfo(0, &token),
        p11->C_GetMechanismList(0, NULL, &n),
        p11->C_GetMechanismInfo(0, CKM_EDDSA, &mechanism_info),
        p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &n),
        p11->C_CloseSession(1),
        p11->C_CloseAllSessions(0),
        p11->C_GetSessionInfo(1, &session),
        p11->C_Login(1, CKU_USER, NULL, 0),
        p11->C_Logout(1),
        p11->C_SessionCancel(1, 0),
        p11->C_FindObjectsInit(1, NULL, 0),
        p11->C_FindObjects(1, NULL, 0, &n),
        p11->C_FindObjectsFinal(1),
        p11->C_GetAttributeValue(1, 1, NULL, 0),
        p11->C_SetAttributeValue(1, 1, NULL, 0),
        p11->C_CopyObject(1, 1, NULL, 0, &n),
        p11->C_DestroyObject(1, 1),
        p11->C_GetObjectSize(1, 1, &n),
        p11->C_SignInit(1, &mechanism, 1),
        p11->C_Sign(1, byte, 1, byte, &n),
        p11->C_SignUpdate(1, byte, 1),
        p11->C_SignFinal(1, byte, &n),
        p11->C_DeriveKey(1, &mechanism, 1, NULL, 0, &n),
        p11->C_InitToken(0, byte, 1, byte),
        p11->C_InitPIN(1, byte, 1),
        p11->C_SetPIN(1, byte, 1, byte, 1),
        p11->C_LoginUser(1, CKU_USER, byte, 1, byte, 1),
        p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &n, NULL),
        p11->C_WaitForSlotEvent(0, &n, NULL),
        p11->C_CreateObject(1, NULL, 0, &n),
        p11->C_EncryptInit(1, &mechanism, 1),
        p11->C_Encrypt(1, byte, 1, byte, &n),
        p11->C_EncryptUpdate(1, byte, 1, byte, &n),
        p11->C_EncryptFinal(1, byte, &n),
        p11->C_DecryptInit(1, &mechanism, 1),
        p11->C_Decrypt(1, byte, 1, byte, &n),
        p11->C_DecryptUpdate(1, byte, 1, byte, &n),
        p11->C_DecryptFinal(1, byte, &n),
        p11->C_VerifyInit(1, &mechanism, 1),
        p11->C_Verify(1, byte, 1, byte, 1),
        p11->C_VerifyUpdate(1, byte, 1),
        p11->C_VerifyFinal(1, byte, 1),
        p11->C_GenerateKey(1, &mechanism, NULL, 0, &n),
        p11->C_GenerateKeyPair(1, &mechanism, NULL, 0, NULL, 0, &n, &n),
        p11->C_WrapKey(1, &mechanism, 1, 1, byte, &n),
        p11->C_UnwrapKey(1, &mechanism, 1, byte, 1, NULL, 0, &n),
        p11->C_MessageSignInit(1, &mechanism, 1),
        p11->C_SignMessage(1, NULL, 0, byte, 1, byte, &n),
        p11->C_SignMessageBegin(1, NULL, 0),
        p11->C_SignMessageNext(1, NULL, 0, byte, 1, byte, &n),
        p11->C_MessageSignFinal(1),
        p11->C_MessageVerifyInit(1, &mechanism, 1),
        p11->C_VerifyMessage(1, NULL, 0, byte, 1, byte, 1),
        p11->C_VerifyMessageBegin(1, NULL, 0),
        p11->C_VerifyMessageNext(1, NULL, 0, byte, 1, byte, 1),
        p11->C_MessageVerifyFinal(1),
        p11->C_SeedRandom(1, byte, 1),
        p11->C_GenerateRandom(1, byte, 1),
    };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        assert_rv(results[i], CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void tells_its_version_by_list(void **state)
{
    start_module(state);
    CK_INFO info;
    CK_FUNCTION_LIST *old;
    assert_ok(p11->C_GetFunctionList(&old));
    assert_ok(p11->C_GetInfo(&info));
    assert_int_equal(info.cryptokiVersion.major, 3);
    assert_ok(old->C_GetInfo(&info));
    assert_int_equal(info.cryptokiVersion.major, 2);
    assert_int_equal(info.cryptokiVersion.minor, 40);
    assert_memory_equal(info.manufacturerID, "Custodian                       ", 32);
    assert_rv(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
    stop_module(state);
}

static void lists_its_interfaces(void **state)
{
    (void)state;
    CK_ULONG count = 0;
    CK_INTERFACE list[2];
    assert_ok(p11->C_GetInterfaceList(NULL, &count));
    assert_int_equal(count, 2);
    count = 1;
    assert_rv(p11->C_GetInterfaceList(list, &count), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(count, 2);
    assert_ok(p11->C_GetInterfaceList(list, &count));
    assert_string_equal((char *)list[0].pInterfaceName, "PKCS 11");
    assert_int_equal(list[0].flags, CKF_INTERFACE_FORK_SAFE);
    assert_ptr_equal(list[0].pFunctionList, p11);
    CK_FUNCTION_LIST *old = list[1].pFunctionList;
    assert_int_equal(old->version.major, 2);
    assert_rv(p11->C_GetInterfaceList(NULL, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
}

static void finds_an_interface_by_name_version_and_flags(void **state)
{
    (void)state;
    CK_INTERFACE *interface;
    CK_UTF8CHAR name[] = "PKCS 11", other[] = "Vendor";
    CK_VERSION old = {2, 40}, never = {2, 39};
    assert_ok(p11->C_GetInterface(name, &old, &interface, CKF_INTERFACE_FORK_SAFE));
    assert_int_equal(((CK_VERSION *)interface->pFunctionList)->minor, 40);
    assert_rv(p11->C_GetInterface(name, &never, &interface, 0), CKR_FUNCTION_FAILED);
    assert_rv(p11->C_GetInterface(other, NULL, &interface, 0), CKR_FUNCTION_FAILED);
    assert_rv(p11->C_GetInterface(NULL, NULL, &interface, 1UL << 9), CKR_FUNCTION_FAILED);
    assert_rv(p11->C_GetInterface(NULL, NULL, NULL, 0), CKR_ARGUMENTS_BAD);
}

static void both_lists_hold_the_same_functions(void **state)
{
    (void)state;
    CK_FUNCTION_LIST *old;
    assert_ok(p11->C_GetFunctionList(&old));
#define KC_FUNCTION(name)                                                                          \
    assert_non_null(p11->name);                                                                    \
    if (strcmp(#name, "C_GetInfo") != 0)                                                           \
        assert_true((void *)old->name == (void *)p11->name);
#define KC_FUNCTION_3_0(name) assert_non_null(p11->name);
#include "pkcs11/functions.def"
#undef KC_FUNCTION
}

static void says_what_it_does_not_support(void **state)
{
    (void)state;
    CK_ULONG n = 0;
    CK_BYTE b[4] = {0};
    const CK_RV results[] = {
        p11->C_GetOperationState(1, b, &n),
        p11->C_SetOperationState(1, b, 4, 0, 0),
        p11->C_DigestInit(1, NULL),
        p11->C_Digest(1, b, 1, b, &n),
        p11->C_DigestUpdate(1, b, 1),
        p11->C_DigestKey(1, 1),
        p11->C_DigestFinal(1, b, &n),
        p11->C_SignRecoverInit(1, NULL, 1),
        p11->C_SignRecover(1, b, 1, b, &n),
        p11->C_VerifyRecoverInit(1, NULL, 1),
        p11->C_VerifyRecover(1, b, 1, b, &n),
        p11->C_DigestEncryptUpdate(1, b, 1, b, &n),
        p11->C_DecryptDigestUpdate(1, b, 1, b, &n),
        p11->C_SignEncryptUpdate(1, b, 1, b, &n),
        p11->C_DecryptVerifyUpdate(1, b, 1, b, &n),
        p11->C_MessageEncryptInit(1, NULL, 1),
        p11->C_EncryptMessage(1, NULL, 0, b, 1, b, 1, b, &n),
        p11->C_EncryptMessageBegin(1, NULL, 0, b, 1),
        p11->C_EncryptMessageNext(1, NULL, 0, b, 1, b, &n, 0),
        p11->C_MessageEncryptFinal(1),
        p11->C_MessageDecryptInit(1, NULL, 1),
        p11->C_DecryptMessage(1, NULL, 0, b, 1, b, 1, b, &n),
        p11->C_DecryptMessageBegin(1, NULL, 0, b, 1),
        p11->C_DecryptMessageNext(1, NULL, 0, b, 1, b, &n, 0),
        p11->C_MessageDecryptFinal(1),
    };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        assert_rv(results[i], CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(p11->C_GetFunctionStatus(1), CKR_FUNCTION_NOT_PARALLEL);
    assert_rv(p11->C_CancelFunction(1), CKR_FUNCTION_NOT_PARALLEL);
}

/* Calls back with each line that a command prints. */
static void each_line(const char *command, void (*callback)(const char *line))
{
    char line[512];
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe) != NULL)
        callback(line);
    assert_int_equal(pclose(pipe), 0);
}

static void is_system_library(const char *line)
{
    if (strstr(line, "(NEEDED)") == NULL)
        return;
    static const char *const allowed[] = {"[libc.so.", "[libcbor.so.", "[ld-linux", "[libasan.",
        "[libubsan.", "[libtsan.", "[libgcc_s.", "[libm.so.", "[libpthread.", "[libgcov"};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strstr(line, allowed[i]) != NULL)
            return;
    fail_msg("the module needs %s", line);
}

static void is_one_of_three_symbols(const char *line)
{
    static const char *const allowed[] = {
        "C_GetFunctionList", "C_GetInterface", "C_GetInterfaceList"};
    char address[32], type[8], name[256];
    assert_int_equal(sscanf(line, "%31s %7s %255s", address, type, name), 3);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strcmp(name, allowed[i]) == 0)
            return;
    fail_msg("the module shows %s", name);
}

static void brings_no_library_and_shows_three_symbols(void **state)
{
    (void)state;
    each_line("readelf -d " KC_BUILD_DIR "/custodian-pkcs11.so", is_system_library);
    each_line("nm -D --defined-only " KC_BUILD_DIR "/custodian-pkcs11.so", is_one_of_three_symbols);
}

/* The least of several: the machine may do other things too. */
static void loads_in_less_than_five_milliseconds(void **state)
{
    (void)state;
    double least = 1e9;
    if (getenv("KC_MEMCHECK") != NULL)
        skip();
    assert_int_equal(system("cp " KC_BUILD_DIR "/custodian-pkcs11.so load-copy.so"), 0);
    for (int i = 0; i < 10; i++) {
        struct timespec before, after;
        CK_FUNCTION_LIST *list;
        clock_gettime(CLOCK_MONOTONIC, &before);
        void *module = dlopen("./load-copy.so", RTLD_NOW | RTLD_LOCAL);
        assert_non_null(module);
        CK_C_GetFunctionList get = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
        assert_ok(get(&list));
        assert_ok(list->C_Initialize(NULL));
        clock_gettime(CLOCK_MONOTONIC, &after);
        assert_ok(list->C_Finalize(NULL));
        assert_int_equal(dlclose(module), 0);
        double ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
                    (double)(after.tv_nsec - before.tv_nsec) / 1e6;
        least = ms < least ? ms : least;
    }
    unlink("load-copy.so");
    assert_true(least < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_rules_of_initialize_arguments),
        cmocka_unit_test(needs_initializing_before_anything_else),
        cmocka_unit_test(tells_its_version_by_list),
        cmocka_unit_test(lists_its_interfaces),
        cmocka_unit_test(finds_an_interface_by_name_version_and_flags),
        cmocka_unit_test(both_lists_hold_the_same_functions),
        cmocka_unit_test(says_what_it_does_not_support),
        cmocka_unit_test(loads_in_less_than_five_milliseconds),
        cmocka_unit_test(brings_no_library_and_shows_three_symbols),
    };
    return cmocka_run_group_tests_name("pkcs11 module", tests, load_group, unload_group);
}
