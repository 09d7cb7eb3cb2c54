/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_operation.h"

#include "tpm/hsm_attest.h"
#include "tpm/hsm_connection.h"
#include "tpm/hsm_head.h"
#include "tpm/hsm_key.h"
#include "tpm/hsm_quirks.h"
#include "tpm/hsm_resident.h"
#include "tpm/hsm_seal.h"
#include "tpm/hsm_status.h"

#include <string.h>

enum kc_error kc_hsm_connect_now(struct kc_hsm_token *token)
{
    enum kc_error error;
    if (token->is_connected)
        return KC_OK;
    kc_hsm_connection_close(token);
    if ((error = kc_hsm_connection_find(token)) != KC_OK ||
        (error = kc_hsm_key_check_identity(token)) != KC_OK ||
        (error = kc_hsm_connection_login(token)) != KC_OK ||
        (error = kc_hsm_key_find_pinned(token)) != KC_OK)
        return error;
    token->is_connected = true;
    return KC_OK;
}

enum kc_error kc_hsm_do_nothing(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    (void)token;
    (void)call;
    return KC_OK;
}

enum kc_error kc_hsm_do_disconnect(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    (void)call;
    kc_hsm_connection_close(token);
    return KC_OK;
}

enum kc_error kc_hsm_do_seal(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_seal(token, call->octets, call->blob, &call->size);
}

enum kc_error kc_hsm_do_unseal(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_unseal(token, call->blob, call->size, call->octets);
}

enum kc_error kc_hsm_do_random(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_connection_check(token, "get random octets",
        token->functions->C_GenerateRandom(token->session, call->octets, call->size));
}

enum kc_error kc_hsm_do_key_make(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_resident_make(token, call->algorithm, call->use, call->tag, &call->made);
}

enum kc_error kc_hsm_do_key_keep(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_resident_keep(token, call->key.blob);
}

enum kc_error kc_hsm_do_key_left(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_resident_left(token, call->tag, call->number, &call->made);
}

enum kc_error kc_hsm_do_key_use(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_resident_use(token, &call->use_of_key, call->result, &call->result_size);
}

enum kc_error kc_hsm_do_find_quirks(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_quirks_find(token, &call->quirks);
}

enum kc_error kc_hsm_do_attest(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_attest(
        token, call->attest_step, call->key.blob, call->result, &call->result_size);
}

enum kc_error kc_hsm_do_key_destroy(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_resident_destroy(token, call->key.blob);
}

/* That the PIN is locked is what a status has to say, and no failure of it. */
enum kc_error kc_hsm_do_status(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    enum kc_error error = kc_hsm_connect_now(token);
    if (error != KC_OK && error != KC_ERR_ROOT_LOCKOUT)
        return error;
    return kc_hsm_status_read(token, &call->status);
}

enum kc_error kc_hsm_do_head(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    return kc_hsm_head_do(token, call->head_step, call->auth, call->content);
}

enum kc_error kc_hsm_do_retire(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    CK_OBJECT_HANDLE key;
    (void)call;
    enum kc_error error = kc_hsm_key_find(token, &key);
    if (error == KC_OK)
        error = kc_hsm_connection_check(token, "destroy the wrapping key",
            token->functions->C_DestroyObject(token->session, key));
    return error == KC_ERR_ROOT_NOT_PROVISIONED ? KC_OK : error;
}

/* --- provisioning, in the worker's thread --- */

static enum kc_error find_or_make(struct kc_hsm_token *token, CK_OBJECT_HANDLE *key)
{
    enum kc_error error = kc_hsm_key_find(token, key);
    if (error != KC_ERR_ROOT_NOT_PROVISIONED)
        return error;
    error = kc_hsm_key_make(token);
    return error == KC_OK ? kc_hsm_key_find(token, key) : error;
}

static enum kc_error look_for_gcm(struct kc_hsm_token *token)
{
    CK_MECHANISM_INFO information;
    return kc_hsm_connection_check(token, "look for AES-GCM",
        token->functions->C_GetMechanismInfo(token->slot, CKM_AES_GCM, &information));
}

static enum kc_error take_possession(struct kc_hsm_token *token)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    enum kc_error error;
    if ((error = kc_hsm_connection_find(token)) != KC_OK ||
        (error = look_for_gcm(token)) != KC_OK ||
        (error = kc_hsm_connection_login(token)) != KC_OK ||
        (error = find_or_make(token, &key)) != KC_OK ||
        (error = kc_hsm_key_name(token, key, token->name)) != KC_OK)
        return error;
    token->key = key;
    return KC_OK;
}

/* A key that the token cannot use so is found out now. */
enum kc_error kc_hsm_do_provision(struct kc_hsm_token *token, struct kc_hsm_call *call)
{
    kc_hsm_connection_close(token);
    enum kc_error error = token->is_pinned ? kc_hsm_connect_now(token) : take_possession(token);
    if (error == KC_OK)
        error = kc_hsm_seal(token, call->octets, call->blob, &call->size);
    if (error == KC_OK)
        memcpy(call->name, token->name, sizeof call->name);
    kc_hsm_connection_close(token);
    return error;
}
