/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in and PINs (PKCS#11 3.0, sections 5.5 and 5.6). PINs are the custodian's: it compares,
 * counts and makes wait. A login belongs to the one connection that the process has.
 */
#include "base/text.h"
#include "pkcs11/daemon.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"
#include "pkcs11/rv.h"
#include "pkcs11/session.h"

#include <string.h>

#define PIN_MIN 4 /* octets of a PIN of a keyring */
#define PIN_MAX 64

/* What a request needs, copied out from under the lock. */
struct attempt {
    struct kc_slot slot;
    enum kc_login as;
    char name[KC_LOGIN_NAME_SIZE]; /* "user", "so", or an operator's */
    char key[KC_KEY_TEXT_SIZE];    /* of a login for one use; else "" */
};

/* --- the requests --- */

/*
 * Sets the fields that requests about PINs have in common.
 *
 * pin, new_pin  NULL: the request has none
 */
static enum kc_error fill(struct kc_client_request *request, const struct attempt *attempt,
    const CK_UTF8CHAR *pin, CK_ULONG pin_size, const CK_UTF8CHAR *new_pin, CK_ULONG new_pin_size)
{
    struct kc_values *values = &request->message.values;
    enum kc_error error = KC_OK;
    kc_values_set_text(values, KC_FIELD_KEYRING, attempt->slot.keyring);
    kc_values_set_text(values, KC_FIELD_WHO, attempt->name);
    if (pin != NULL)
        error = kc_client_request_secret(request, values, KC_FIELD_PIN, pin, pin_size);
    if (error == KC_OK && new_pin != NULL)
        error = kc_client_request_secret(request, values, KC_FIELD_NEW_PIN, new_pin, new_pin_size);
    if (attempt->key[0] != '\0')
        kc_values_set_text(values, KC_FIELD_KEY, attempt->key);
    return error;
}

static CK_RV ask(enum kc_operation operation, const struct attempt *attempt, const CK_UTF8CHAR *pin,
    CK_ULONG pin_size, const CK_UTF8CHAR *new_pin, CK_ULONG new_pin_size)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, operation);
    enum kc_error error = fill(&request, attempt, pin, pin_size, new_pin, new_pin_size);
    if (error == KC_OK)
        error = kc_daemon_change(&request, &answer);
    kc_client_request_done(&request);
    kc_client_answer_free(answer);
    return kc_rv(error);
}

static enum kc_pin_state read_pin_state(const struct kc_values *values, enum kc_field field)
{
    if (kc_values_text_is(values, field, "none"))
        return KC_PIN_NONE;
    if (kc_values_text_is(values, field, "failed"))
        return KC_PIN_FAILED;
    return kc_values_text_is(values, field, "wait") ? KC_PIN_WAIT : KC_PIN_SET;
}

/* A request about a keyring that has no other field; answer and errors as of kc_daemon_call. */
static enum kc_error ask_about(
    enum kc_operation operation, const char *keyring, struct kc_client_answer **answer)
{
    struct kc_client_request request;
    kc_client_request_init(&request, operation);
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, keyring);
    enum kc_error error = kc_daemon_call(&request, answer);
    kc_client_request_done(&request);
    return error;
}

enum kc_error kc_login_show(const char *keyring, struct kc_login_state *state)
{
    struct kc_client_answer *answer = NULL;
    enum kc_error error = ask_about(KC_OPERATION_KEYRING_SHOW, keyring, &answer);
    if (error != KC_OK)
        return error;
    const struct kc_values *values = &kc_client_answer_message(answer)->values;
    *state = (struct kc_login_state){.required = values->value[KC_FIELD_LOGIN].number != 0,
        .user_pin = read_pin_state(values, KC_FIELD_USER_PIN),
        .so_pin = read_pin_state(values, KC_FIELD_SO_PIN)};
    kc_client_answer_free(answer);
    return KC_OK;
}

/* --- logging in --- */

/* Whoever is logged in to the keyring's other token is so on the same connection. */
static bool sibling_differs(const struct kc_slot *slot, const struct attempt *attempt)
{
    const struct kc_slot *sibling = kc_slot_sibling(slot);
    return sibling != NULL && sibling->login != KC_LOGIN_NONE &&
           strcmp(sibling->login_name, attempt->name) != 0;
}

/* The state that the standard wants for a login. */
static CK_RV check_state(const struct kc_slot *slot, const struct attempt *attempt)
{
    if (slot->login != KC_LOGIN_NONE)
        return slot->login == attempt->as && strcmp(slot->login_name, attempt->name) == 0
                   ? CKR_USER_ALREADY_LOGGED_IN
                   : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (sibling_differs(slot, attempt))
        return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (attempt->as == KC_LOGIN_SO && slot->rw_session_count < slot->session_count)
        return CKR_SESSION_READ_ONLY_EXISTS;
    return CKR_OK;
}

/* The key of the operation that is under way and waits to be confirmed. */
static CK_RV waiting_key(const struct kc_session *session, char key[static KC_KEY_TEXT_SIZE])
{
    const char *found = session->signing.active      ? session->signing.key
                        : session->decrypting.active ? session->decrypting.key
                                                     : "";
    return found[0] != '\0' && kc_text_copy(key, KC_KEY_TEXT_SIZE, found)
               ? CKR_OK
               : CKR_OPERATION_NOT_INITIALIZED;
}

/* With the module's lock held. */
static CK_RV prepare(
    const struct kc_session *session, CK_USER_TYPE type, const char *name, struct attempt *attempt)
{
    *attempt = (struct attempt){.slot = *kc_session_slot(session)};
    if (type != CKU_USER && type != CKU_SO && type != CKU_CONTEXT_SPECIFIC)
        return CKR_USER_TYPE_INVALID;
    attempt->as = type == CKU_SO ? KC_LOGIN_SO : KC_LOGIN_USER;
    if (type == CKU_CONTEXT_SPECIFIC && attempt->slot.login != KC_LOGIN_NONE && name[0] == '\0')
        name = attempt->slot.login_name;
    if (name[0] == '\0')
        name = type == CKU_SO ? "so" : "user";
    if (!kc_text_copy(attempt->name, sizeof attempt->name, name))
        return CKR_PIN_INCORRECT; /* nobody is called so, and nobody learns that */
    if (type == CKU_CONTEXT_SPECIFIC)
        return waiting_key(session, attempt->key);
    return check_state(&attempt->slot, attempt);
}

/*
 * A keyring whose users need no login, and which has no PIN to compare with, takes any: a client
 * that logs in because it always does goes on, and gains nothing by it. To confirm a use without a
 * PIN would not do it.
 */
static CK_RV verify(const struct attempt *attempt, const CK_UTF8CHAR *pin, CK_ULONG pin_size)
{
    static const CK_UTF8CHAR no_pin[1];
    struct kc_login_state state;
    enum kc_error error = kc_login_show(attempt->slot.keyring, &state);
    if (error != KC_OK)
        return kc_rv(error);
    bool user = attempt->as == KC_LOGIN_USER && strcmp(attempt->name, "user") == 0;
    if (user && !state.required && state.user_pin == KC_PIN_NONE && attempt->key[0] == '\0')
        return CKR_OK;
    if ((user && state.user_pin == KC_PIN_NONE) ||
        (attempt->as == KC_LOGIN_SO && state.so_pin == KC_PIN_NONE))
        return CKR_USER_PIN_NOT_INITIALIZED;
    if (pin_size < PIN_MIN || pin_size > PIN_MAX)
        return CKR_PIN_INCORRECT;
    return ask(KC_OPERATION_KEYRING_LOGIN, attempt, pin != NULL ? pin : no_pin, pin_size, NULL, 0);
}

/* Notes the login, if the session is still there. */
static CK_RV note(CK_SESSION_HANDLE handle, const struct attempt *attempt)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_slot *slot = kc_session_slot(session);
    slot->login = attempt->as;
    KC_TEXT_COPY_ARRAY(slot->login_name, attempt->name);
    return kc_module_leave(CKR_OK);
}

static CK_RV login(CK_SESSION_HANDLE handle, CK_USER_TYPE type, const char *name,
    const CK_UTF8CHAR *pin, CK_ULONG pin_size)
{
    struct kc_session *session;
    struct attempt attempt;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    kc_module_unlock();
    /* A former login may have gone with its connection; that the custodian is away is told below. */
    enum kc_error reached = kc_daemon_reach();
    (void)reached;
    rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    rv = kc_module_leave(prepare(session, type, name, &attempt));
    if (rv == CKR_OK)
        rv = verify(&attempt, pin, pin_size);
    return rv == CKR_OK && type != CKU_CONTEXT_SPECIFIC ? note(handle, &attempt) : rv;
}

CK_RV C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG pin_size)
{
    if (pin == NULL && pin_size > 0)
        return CKR_ARGUMENTS_BAD;
    return login(handle, type, "", pin, pin_size);
}

/* "The user name": here an operator's, to whom the security officer gave a PIN of his own. */
CK_RV C_LoginUser(CK_SESSION_HANDLE handle, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG pin_size,
    CK_UTF8CHAR *name, CK_ULONG name_size)
{
    char text[KC_LOGIN_NAME_SIZE] = "";
    if ((pin == NULL && pin_size > 0) || (name == NULL && name_size > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    kc_module_unlock();
    if (name_size >= sizeof text || (name_size > 0 && memchr(name, 0, name_size) != NULL))
        return CKR_PIN_INCORRECT;
    if (name_size > 0)
        memcpy(text, name, name_size);
    if (type == CKU_SO && name_size > 0)
        return CKR_USER_TYPE_INVALID; /* there is one */
    return login(handle, type, text, pin, pin_size);
}

bool kc_login_forget(struct kc_slot *slot)
{
    const struct kc_slot *sibling = kc_slot_sibling(slot);
    if (slot->login == KC_LOGIN_NONE)
        return false;
    slot->login = KC_LOGIN_NONE;
    kc_object_remove_private(slot->id);
    return sibling == NULL || sibling->login == KC_LOGIN_NONE;
}

void kc_login_end(const char *keyring)
{
    struct kc_client_answer *answer = NULL;
    enum kc_error error = ask_about(KC_OPERATION_KEYRING_LOGOUT, keyring, &answer);
    kc_client_answer_free(answer);
    /* A connection that is lost took its logins with it, and so did one that had none. */
    (void)error;
}

CK_RV C_Logout(CK_SESSION_HANDLE handle)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_slot *slot = kc_session_slot(session);
    if (slot->login == KC_LOGIN_NONE)
        return kc_module_leave(CKR_USER_NOT_LOGGED_IN);
    char keyring[KC_KEYRING_SIZE];
    KC_TEXT_COPY_ARRAY(keyring, slot->keyring);
    bool ends = kc_login_forget(slot);
    kc_module_unlock();
    if (ends)
        kc_login_end(keyring);
    return CKR_OK;
}

/* --- PINs --- */

static CK_RV check_pin(const CK_UTF8CHAR *pin, CK_ULONG size)
{
    if (pin == NULL)
        return CKR_ARGUMENTS_BAD;
    return size < PIN_MIN || size > PIN_MAX ? CKR_PIN_LEN_RANGE : CKR_OK;
}

/* By the security officer: the user's PIN. */
CK_RV C_InitPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR *pin, CK_ULONG pin_size)
{
    struct kc_session *session;
    struct attempt attempt = {.name = "user"};
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    attempt.slot = *kc_session_slot(session);
    kc_module_unlock();
    if (attempt.slot.login != KC_LOGIN_SO)
        return CKR_USER_NOT_LOGGED_IN;
    rv = check_pin(pin, pin_size);
    if (rv != CKR_OK)
        return rv;
    return ask(KC_OPERATION_KEYRING_PIN_INIT, &attempt, NULL, 0, pin, pin_size);
}

/* Whoever is logged in changes his own PIN; in a public session it is the user's. */
CK_RV C_SetPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR *old_pin, CK_ULONG old_size,
    CK_UTF8CHAR *new_pin, CK_ULONG new_size)
{
    struct kc_session *session;
    struct attempt attempt = {.name = "user"};
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    attempt.slot = *kc_session_slot(session);
    if (attempt.slot.login != KC_LOGIN_NONE)
        KC_TEXT_COPY_ARRAY(attempt.name, attempt.slot.login_name);
    bool writes = session->writes;
    kc_module_unlock();
    if (old_pin == NULL)
        return CKR_ARGUMENTS_BAD;
    if (!writes)
        return CKR_SESSION_READ_ONLY;
    rv = check_pin(new_pin, new_size);
    if (rv != CKR_OK)
        return rv;
    if (old_size < PIN_MIN || old_size > PIN_MAX)
        return CKR_PIN_INCORRECT;
    return ask(KC_OPERATION_KEYRING_PIN_CHANGE, &attempt, old_pin, old_size, new_pin, new_size);
}

/*
 * A keyring comes from the custodian's configuration, its security officer's PIN from the
 * operator, and no client erases its keys all at once: whatever the PIN, the token is not
 * initialized again.
 */
CK_RV C_InitToken(CK_SLOT_ID id, CK_UTF8CHAR *pin, CK_ULONG pin_size, CK_UTF8CHAR *label)
{
    if (label == NULL || (pin == NULL && pin_size > 0))
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_slot *slot;
    rv = kc_slot_with_token(id, &slot);
    if (rv == CKR_OK)
        rv = slot->session_count > 0 ? CKR_SESSION_EXISTS : CKR_FUNCTION_REJECTED;
    return kc_module_leave(rv);
}
