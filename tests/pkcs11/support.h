/* SPDX-License-Identifier: Apache-2.0 */
/* The module as a client has it: loaded from its file, with a fake custodian behind it. */
#ifndef KC_TESTS_PKCS11_SUPPORT_H
#define KC_TESTS_PKCS11_SUPPORT_H

#include "pkcs11/pkcs11_extra.h"
#include "tests/pkcs11/fake_daemon.h"
#include "tests/support/cmocka.h"

#include <sys/types.h>

extern CK_FUNCTION_LIST_3_0 *p11;

/* Loads the module and gets its list, and gives it back. */
void load_module(void);
void unload_module(void);

/* The same as CMocka's fixtures of a group. */
int load_group(void **state);
int unload_group(void **state);

/* CMocka fixtures: a fresh custodian, the module initialized. */
int start_module(void **state);
int stop_module(void **state);

#define assert_rv(call, expected) assert_int_equal((call), (expected))
#define assert_ok(call) assert_rv(call, CKR_OK)

/* The slot of a token, by its label; fails the test if there is none. */
CK_SLOT_ID slot_of(const char *label);

/* A read-only session with a token. */
CK_SESSION_HANDLE open_session(const char *label);

/* The only object that fits; fails the test if it is not just one. */
CK_OBJECT_HANDLE find_one(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label);

/* How many objects fit a template. */
CK_ULONG count_found(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count);

/* Signs with CKM_EDDSA in one go; returns what C_Sign did, or C_SignInit if that failed. */
CK_RV sign_with(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const void *message, CK_ULONG size,
    CK_BYTE signature[static 114], CK_ULONG *signature_size);

/* Waits for a forked child, which must exit with 0. */
void assert_child_exits_well(pid_t child);

#endif
