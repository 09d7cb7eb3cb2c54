/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypting and decrypting (PKCS#11 3.0, sections 5.8 and 5.10). */
#include "base/secret.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"

#include <stdlib.h>
#include <string.h>

/* Which of a session's two. */
typedef struct kc_ciphering *select_ciphering(struct kc_session *session);

static struct kc_ciphering *encrypting_of(struct kc_session *session)
{
    return &session->encrypting;
}

static struct kc_ciphering *decrypting_of(struct kc_session *session)
{
    return &session->decrypting;
}

static CK_RV start(CK_SESSION_HANDLE handle, select_ciphering *select, CK_FLAGS flag,
    const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_ciphering *ciphering = select(session);
    if (mechanism == NULL) /* 3.0: gives it up */
        kc_ciphering_done(ciphering);
    else if (ciphering->active)
        rv = CKR_OPERATION_ACTIVE;
    else
        rv = kc_ciphering_start(kc_object_find(key, session->slot), kc_session_slot(session)->kinds,
            mechanism, flag, ciphering);
    return kc_module_leave(rv);
}

CK_RV C_EncryptInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return start(handle, encrypting_of, CKF_ENCRYPT, mechanism, key);
}

CK_RV C_DecryptInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return start(handle, decrypting_of, CKF_DECRYPT, mechanism, key);
}

/*
 * Takes what is under way out of the session; with final it is in parts, else not. If the client
 * only asks for the size, it stays, *size says the most that can come out, and nothing is taken.
 */
static CK_RV take(CK_SESSION_HANDLE handle, select_ciphering *select, bool final,
    CK_ULONG input_size, const CK_BYTE *output, CK_ULONG *size, struct kc_ciphering *taken)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_ciphering *ciphering = select(session);
    if (!ciphering->active || ciphering->in_parts != final)
        return kc_module_leave(CKR_OPERATION_NOT_INITIALIZED);
    if (output == NULL) {
        *size = kc_ciphering_most(ciphering, final ? ciphering->input_size : input_size);
        return kc_module_leave(CKR_OK);
    }
    *taken = *ciphering;
    *ciphering = (struct kc_ciphering){0};
    return kc_module_leave(CKR_OK);
}

/* What was taken is under way again, as the client had too little room. */
static void put_back(
    CK_SESSION_HANDLE handle, select_ciphering *select, struct kc_ciphering *ciphering)
{
    struct kc_session *session;
    if (kc_session_enter(handle, &session) == CKR_OK) {
        if (!select(session)->active) {
            *select(session) = *ciphering;
            *ciphering = (struct kc_ciphering){0};
        }
        kc_module_unlock();
    }
}

/* Runs it into the client's room. */
static CK_RV run(const struct kc_ciphering *ciphering, const CK_BYTE *input, CK_ULONG input_size,
    CK_BYTE *output, CK_ULONG *size)
{
    CK_ULONG most = kc_ciphering_most(ciphering, input_size);
    size_t made = 0;
    CK_BYTE *buffer = malloc(most + 1); /* secret */
    if (buffer == NULL)
        return CKR_HOST_MEMORY;
    CK_RV rv = kc_ciphering_run(ciphering, input, input_size, buffer, &made);
    if (rv == CKR_OK && made > *size)
        rv = CKR_BUFFER_TOO_SMALL;
    if (rv == CKR_OK)
        memcpy(output, buffer, made);
    if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL)
        *size = made;
    kc_wipe(buffer, most);
    free(buffer);
    return rv;
}

static CK_RV finish(CK_SESSION_HANDLE handle, select_ciphering *select, bool final,
    const CK_BYTE *input, CK_ULONG input_size, CK_BYTE *output, CK_ULONG *size)
{
    struct kc_ciphering taken = {0};
    CK_RV rv = take(handle, select, final, input_size, output, size, &taken);
    if (!taken.active)
        return rv;
    if (final)
        rv = run(&taken, taken.input, taken.input_size, output, size);
    else
        rv = run(&taken, input, input_size, output, size);
    if (rv == CKR_BUFFER_TOO_SMALL)
        put_back(handle, select, &taken);
    kc_ciphering_done(&taken);
    return rv;
}

static CK_RV finish_whole(CK_SESSION_HANDLE handle, select_ciphering *select, const CK_BYTE *input,
    CK_ULONG input_size, CK_BYTE *output, CK_ULONG *size)
{
    if (size == NULL || (input == NULL && input_size > 0))
        return CKR_ARGUMENTS_BAD;
    return finish(handle, select, false, input, input_size, output, size);
}

CK_RV C_Encrypt(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG data_size, CK_BYTE *encrypted,
    CK_ULONG *encrypted_size)
{
    return finish_whole(handle, encrypting_of, data, data_size, encrypted, encrypted_size);
}

CK_RV C_Decrypt(CK_SESSION_HANDLE handle, CK_BYTE *encrypted, CK_ULONG encrypted_size,
    CK_BYTE *data, CK_ULONG *data_size)
{
    return finish_whole(handle, decrypting_of, encrypted, encrypted_size, data, data_size);
}

/* Nothing comes out before the end: of GCM nothing may, before the tag was looked at. */
static CK_RV update(CK_SESSION_HANDLE handle, select_ciphering *select, const CK_BYTE *part,
    CK_ULONG part_size, CK_ULONG *size)
{
    if (size == NULL || (part == NULL && part_size > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    rv = kc_ciphering_append(select(session), part, part_size);
    if (rv == CKR_OK)
        *size = 0;
    return kc_module_leave(rv);
}

CK_RV C_EncryptUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG part_size,
    CK_BYTE *encrypted, CK_ULONG *encrypted_size)
{
    (void)encrypted;
    return update(handle, encrypting_of, part, part_size, encrypted_size);
}

CK_RV C_DecryptUpdate(CK_SESSION_HANDLE handle, CK_BYTE *encrypted, CK_ULONG encrypted_size,
    CK_BYTE *part, CK_ULONG *part_size)
{
    (void)part;
    return update(handle, decrypting_of, encrypted, encrypted_size, part_size);
}

CK_RV C_EncryptFinal(CK_SESSION_HANDLE handle, CK_BYTE *encrypted, CK_ULONG *size)
{
    if (size == NULL)
        return CKR_ARGUMENTS_BAD;
    return finish(handle, encrypting_of, true, NULL, 0, encrypted, size);
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG *size)
{
    if (size == NULL)
        return CKR_ARGUMENTS_BAD;
    return finish(handle, decrypting_of, true, NULL, 0, data, size);
}
