/* SPDX-License-Identifier: Apache-2.0 */
/* Random octets from the custodian (PKCS#11 3.0, section 5.20). */
#include "base/secret.h"
#include "pkcs11/daemon.h"
#include "pkcs11/module.h"
#include "pkcs11/rv.h"
#include "pkcs11/session.h"

#include <string.h>

static CK_RV check_session(CK_SESSION_HANDLE handle)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_session *session;
    return kc_module_leave(kc_session_find(handle, &session));
}

/* The custodian mixes enough sources of its own. */
CK_RV C_SeedRandom(CK_SESSION_HANDLE handle, CK_BYTE *seed, CK_ULONG size)
{
    if (seed == NULL && size > 0)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = check_session(handle);
    return rv != CKR_OK ? rv : CKR_RANDOM_SEED_NOT_SUPPORTED;
}

/* At most as much as one answer carries. */
static CK_RV fetch(CK_BYTE *out, size_t size)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_RANDOM);
    kc_values_set_number(&request.message.values, KC_FIELD_SIZE, size);
    enum kc_error error = kc_daemon_call(&request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return kc_rv(error);
    struct kc_span random = kc_client_answer_message(answer)->values.value[KC_FIELD_RANDOM].span;
    CK_RV rv = random.size == size ? CKR_OK : CKR_DEVICE_ERROR;
    if (rv == CKR_OK)
        memcpy(out, random.bytes, size);
    kc_client_answer_free(answer);
    return rv;
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE handle, CK_BYTE *out, CK_ULONG size)
{
    if (out == NULL && size > 0)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = check_session(handle);
    size_t most = kc_fields[KC_FIELD_RANDOM].most;
    for (CK_ULONG done = 0; rv == CKR_OK && done < size;) {
        size_t part = size - done < most ? size - done : most;
        rv = fetch(out + done, part);
        done += part;
    }
    return rv;
}
