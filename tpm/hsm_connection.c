/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_connection.h"

#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <string.h>

#define SLOTS_MAX 64 /* with a token in them */

/* Since PKCS#11 3.0; the headers are of 2.40. */
#define CKR_AEAD_DECRYPT_FAILED 0x42UL

/* --- codes --- */

enum kc_error kc_hsm_connection_refuse(
    struct kc_hsm_token *token, enum kc_error error, const char *reason)
{
    token->code = CKR_OK;
    snprintf(token->cause, sizeof token->cause, "%s", reason);
    return error;
}

/* What is in no row is an answer that cannot be right. */
static const struct code_row {
    CK_RV code;
    enum kc_error error;
} code_rows[] = {
    {CKR_OK, KC_OK},
    {CKR_HOST_MEMORY, KC_ERR_NO_MEMORY},
    {CKR_PIN_INCORRECT, KC_ERR_ROOT_PIN},
    {CKR_PIN_INVALID, KC_ERR_ROOT_PIN},
    {CKR_PIN_LEN_RANGE, KC_ERR_ROOT_PIN},
    {CKR_PIN_EXPIRED, KC_ERR_ROOT_PIN},
    {CKR_USER_PIN_NOT_INITIALIZED, KC_ERR_ROOT_PIN},
    {CKR_PIN_LOCKED, KC_ERR_ROOT_LOCKOUT},
    {CKR_ENCRYPTED_DATA_INVALID, KC_ERR_RECORD_DAMAGED},
    {CKR_ENCRYPTED_DATA_LEN_RANGE, KC_ERR_RECORD_DAMAGED},
    {CKR_AEAD_DECRYPT_FAILED, KC_ERR_RECORD_DAMAGED},
    {CKR_SIGNATURE_INVALID, KC_ERR_RECORD_DAMAGED},
    {CKR_MECHANISM_INVALID, KC_ERR_ROOT_UNFIT},
    {CKR_MECHANISM_PARAM_INVALID, KC_ERR_ROOT_UNFIT},
    {CKR_FUNCTION_NOT_SUPPORTED, KC_ERR_ROOT_UNFIT},
    {CKR_RANDOM_NO_RNG, KC_ERR_ROOT_UNFIT},
    {CKR_TOKEN_WRITE_PROTECTED, KC_ERR_ROOT_UNFIT},
    {CKR_SESSION_READ_ONLY, KC_ERR_ROOT_UNFIT},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, KC_ERR_ROOT_UNFIT},
    {CKR_KEY_TYPE_INCONSISTENT, KC_ERR_ROOT_UNFIT},
    {CKR_GENERAL_ERROR, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_FUNCTION_FAILED, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_FUNCTION_CANCELED, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_DEVICE_ERROR, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_DEVICE_MEMORY, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_DEVICE_REMOVED, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_TOKEN_NOT_PRESENT, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_TOKEN_NOT_RECOGNIZED, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_SLOT_ID_INVALID, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_SESSION_CLOSED, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_SESSION_COUNT, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_SESSION_HANDLE_INVALID, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_OBJECT_HANDLE_INVALID, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_KEY_HANDLE_INVALID, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_USER_NOT_LOGGED_IN, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_OPERATION_ACTIVE, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_OPERATION_NOT_INITIALIZED, KC_ERR_ROOT_UNAVAILABLE},
    {CKR_CRYPTOKI_NOT_INITIALIZED, KC_ERR_ROOT_UNAVAILABLE},
};

static enum kc_error translate(CK_RV code)
{
    for (size_t i = 0; i < sizeof code_rows / sizeof code_rows[0]; i++) {
        if (code_rows[i].code == code)
            return code_rows[i].error;
    }
    return KC_ERR_ROOT_ANSWER;
}

enum kc_error kc_hsm_connection_check(struct kc_hsm_token *token, const char *step, CK_RV code)
{
    enum kc_error error = translate(code);
    if (error != KC_OK) {
        token->code = code;
        snprintf(token->cause, sizeof token->cause, "%s: %s (0x%08lx)", step,
            p11_kit_strerror(code), (unsigned long)code);
    }
    return error;
}

/* --- the module --- */

/* Loaded once: unloading a module that has threads of its own is not safe. */
static enum kc_error load(struct kc_hsm_token *token)
{
    if (token->functions)
        return KC_OK;
    token->functions = p11_kit_module_load(token->module_path, P11_KIT_MODULE_UNMANAGED);
    if (token->functions)
        return KC_OK;
    const char *message = p11_kit_message();
    return kc_hsm_connection_refuse(
        token, KC_ERR_ROOT_UNAVAILABLE, message ? message : "the module does not load");
}

static enum kc_error initialize(struct kc_hsm_token *token)
{
    if (token->is_initialized)
        return KC_OK;
    enum kc_error error = kc_hsm_connection_check(
        token, "initialise the module", p11_kit_module_initialize(token->functions));
    token->is_initialized = error == KC_OK;
    return error;
}

/* --- the token --- */

static bool is_wanted(const struct kc_hsm_token *token, const CK_TOKEN_INFO *information)
{
    return (information->flags & CKF_TOKEN_INITIALIZED) != 0 &&
           memcmp(information->label, token->token_label, sizeof information->label) == 0;
}

/* A slot whose token cannot be asked is passed over: it may be empty by now. */
static size_t count_wanted(
    struct kc_hsm_token *token, const CK_SLOT_ID slots[static SLOTS_MAX], CK_ULONG slot_count)
{
    size_t wanted = 0;
    for (CK_ULONG i = 0; i < slot_count; i++) {
        CK_TOKEN_INFO information;
        CK_RV code = token->functions->C_GetTokenInfo(slots[i], &information);
        if (code != CKR_OK || !is_wanted(token, &information))
            continue;
        token->slot = slots[i];
        token->information = information;
        wanted++;
    }
    return wanted;
}

static enum kc_error find_slot(struct kc_hsm_token *token)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG slot_count = SLOTS_MAX;
    enum kc_error error = kc_hsm_connection_check(
        token, "list the tokens", token->functions->C_GetSlotList(CK_TRUE, slots, &slot_count));
    if (error != KC_OK)
        return error;
    if (slot_count > SLOTS_MAX)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_ANSWER, "the list of tokens is longer than asked for");
    size_t wanted = count_wanted(token, slots, slot_count);
    if (wanted == 0)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_UNAVAILABLE, "no token has the label of root.token");
    if (wanted > 1)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_HANDLE, "several tokens have the label of root.token");
    return KC_OK;
}

enum kc_error kc_hsm_connection_find(struct kc_hsm_token *token)
{
    enum kc_error error;
    if ((error = load(token)) != KC_OK || (error = initialize(token)) != KC_OK)
        return error;
    return find_slot(token);
}

/* --- the session --- */

static enum kc_error may_try_pin(struct kc_hsm_token *token)
{
    if (token->information.flags & CKF_USER_PIN_LOCKED)
        return kc_hsm_connection_refuse(token, KC_ERR_ROOT_LOCKOUT, "the token's PIN is locked");
    if (token->pin_was_refused)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_PIN, "the token refused the PIN before; it is not tried again");
    if (token->information.flags & CKF_USER_PIN_FINAL_TRY)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_PIN, "one more wrong PIN would lock the token; none is tried");
    return KC_OK;
}

/* For writing too: the head is, and resident keys are made. */
static enum kc_error open_session(struct kc_hsm_token *token)
{
    return kc_hsm_connection_check(token, "open a session",
        token->functions->C_OpenSession(
            token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &token->session));
}

enum kc_error kc_hsm_connection_login(struct kc_hsm_token *token)
{
    enum kc_error error;
    if ((error = may_try_pin(token)) != KC_OK || (error = open_session(token)) != KC_OK)
        return error;
    CK_RV code = token->functions->C_Login(token->session, CKU_USER, token->pin, token->pin_size);
    if (code == CKR_USER_ALREADY_LOGGED_IN)
        return KC_OK;
    error = kc_hsm_connection_check(token, "log in", code);
    token->pin_was_refused = error == KC_ERR_ROOT_PIN;
    return error;
}

void kc_hsm_connection_close(struct kc_hsm_token *token)
{
    if (token->session != CK_INVALID_HANDLE) {
        (void)token->functions->C_Logout(token->session);
        (void)token->functions->C_CloseSession(token->session);
    }
    if (token->is_initialized)
        (void)p11_kit_module_finalize(token->functions);
    token->session = token->key = CK_INVALID_HANDLE;
    memset(token->hot, 0, sizeof token->hot);
    token->is_initialized = token->is_connected = false;
}
