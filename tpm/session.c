/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/session.h"

#include "tpm/connection.h"

enum kc_error kc_session_start(struct kc_tpm2 *tpm, TPM2_SE type, ESYS_TR *session)
{
    static const TPMT_SYM_DEF cipher = {
        .algorithm = TPM2_ALG_AES, .keyBits = {.aes = 128}, .mode = {.aes = TPM2_ALG_CFB}};
    return kc_connection_check(tpm, "start a salted session",
        Esys_StartAuthSession(tpm->esys, tpm->srk, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
            ESYS_TR_NONE, NULL, type, &cipher, TPM2_ALG_SHA256, session));
}

enum kc_error kc_session_protect(struct kc_tpm2 *tpm, ESYS_TR session, TPMA_SESSION ways)
{
    return kc_connection_check(tpm, "set the session's attributes",
        Esys_TRSess_SetAttributes(
            tpm->esys, session, ways | TPMA_SESSION_CONTINUESESSION, UINT8_MAX));
}
