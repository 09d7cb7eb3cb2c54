/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/module.h"

#include "pkcs11/config.h"
#include "pkcs11/daemon.h"
#include "pkcs11/object.h"
#include "pkcs11/rv.h"
#include "pkcs11/session.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_handlers = PTHREAD_ONCE_INIT;

/* Under the lock. */
static bool initialized;
static unsigned initializations; /* how often it was */
static pid_t initialized_by;     /* differs from getpid() in the child of a fork */

void kc_module_lock(void)
{
    pthread_mutex_lock(&lock);
}

void kc_module_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* The child will have a connection of its own, on which nobody has logged in. */
static void go_on_in_child(void)
{
    kc_slots_log_out();
    kc_daemon_go_on_in_child();
    kc_module_unlock();
}

/* So that a child never finds the lock held by a thread that it does not have. The handlers go away
 * when the module is unloaded. */
static void register_fork_handlers(void)
{
    (void)pthread_atfork(kc_module_lock, kc_module_unlock, go_on_in_child);
}

CK_RV kc_module_enter(void)
{
    kc_module_lock();
    if (initialized)
        return CKR_OK;
    kc_module_unlock();
    return CKR_CRYPTOKI_NOT_INITIALIZED;
}

/*
 * PKCS#11 3.0, section 5.4: the four functions for mutexes come together or not at all. Only the
 * system's locks are used here, so a client that demands its own and does not allow the system's is
 * told so.
 */
static CK_RV check_arguments(const CK_C_INITIALIZE_ARGS *arguments)
{
    if (arguments == NULL)
        return CKR_OK;
    int given = (arguments->CreateMutex != NULL) + (arguments->DestroyMutex != NULL) +
                (arguments->LockMutex != NULL) + (arguments->UnlockMutex != NULL);
    if (arguments->pReserved != NULL || (given != 0 && given != 4))
        return CKR_ARGUMENTS_BAD;
    if (given == 4 && (arguments->flags & CKF_OS_LOCKING_OK) == 0)
        return CKR_CANT_LOCK;
    return CKR_OK;
}

unsigned kc_module_initialization(void)
{
    return initializations;
}

static CK_RV initialize(void)
{
    pid_t self = getpid();
    if (initialized && initialized_by == self)
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    /* A child inherits all there is; what it was told to do first, it has to be allowed to do. */
    if (!initialized) {
        initializations++;
        enum kc_error error = kc_config_read();
        if (error == KC_OK)
            error = kc_daemon_open();
        if (error != KC_OK)
            return kc_rv(error);
    }
    initialized = true;
    initialized_by = self;
    return CKR_OK;
}

CK_RV C_Initialize(void *arguments)
{
    CK_RV rv = check_arguments(arguments);
    if (rv != CKR_OK)
        return rv;
    pthread_once(&fork_handlers, register_fork_handlers);
    kc_module_lock();
    return kc_module_leave(initialize());
}

CK_RV C_Finalize(void *reserved)
{
    if (reserved != NULL)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    kc_sessions_clear();
    kc_objects_clear();
    kc_slots_clear();
    kc_daemon_close();
    initialized = false;
    return kc_module_leave(CKR_OK);
}

void kc_module_pad(CK_UTF8CHAR *field, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length > size) {
        length = size;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) /* inside a character */
            length--;
    }
    memset(field, ' ', size);
    memcpy(field, text, length); /* NOLINT(bugprone-not-null-terminated-result): as it shall be */
}

static CK_RV info_of_version(CK_INFO *info, CK_VERSION version)
{
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    *info = (CK_INFO){
        .cryptokiVersion = version,
        .libraryVersion = {KC_VERSION_MAJOR, KC_VERSION_MINOR},
    };
    kc_module_pad(info->manufacturerID, sizeof info->manufacturerID, "Custodian");
    kc_module_pad(
        info->libraryDescription, sizeof info->libraryDescription, "Keys of the custodian");
    return kc_module_leave(CKR_OK);
}

CK_RV C_GetInfo(CK_INFO *info)
{
    return info_of_version(info, (CK_VERSION){3, 0});
}

CK_RV kc_module_info_2_40(CK_INFO *info)
{
    return info_of_version(info, (CK_VERSION){2, 40});
}
