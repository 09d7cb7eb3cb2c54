/* SPDX-License-Identifier: Apache-2.0 */
/* Generating key pairs (PKCS#11 3.0, section 5.18.2). */
#include "pkcs11/daemon.h"
#include "pkcs11/key_template.h"
#include "pkcs11/listing.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/module.h"
#include "pkcs11/rv.h"
#include "pkcs11/session.h"

#include <stdio.h>
#include <sys/random.h>

/* What of the wishes a key of this type can fulfil; it is for one thing, and signing goes first, as
 * clients ask for everything. False: nothing of what was asked for. */
static bool choose_use(const struct kc_key_wishes *wishes, const char **use)
{
    const struct kc_key_type *type = wishes->type;
    unsigned can = (type->signature_size > 0 ? KC_WISH_SIGN : 0) |
                   (type->agreed_size > 0 ? KC_WISH_DERIVE : 0) |
                   (type->type == CKK_RSA ? KC_WISH_DECRYPT : 0);
    unsigned asked = wishes->wishes & (KC_WISH_SIGN | KC_WISH_DERIVE | KC_WISH_DECRYPT);
    unsigned left = asked != 0 ? asked & can : can;
    if (left == 0)
        return false;
    *use = (left & KC_WISH_SIGN) != 0 ? "sign" : (left & KC_WISH_DERIVE) != 0 ? "agree" : "decrypt";
    return true;
}

/* Labels are unique in a keyring; who gives none gets one that no other key has. */
static CK_RV choose_label(struct kc_label *label)
{
    uint64_t number;
    if (label->text[0] != '\0')
        return CKR_OK;
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return CKR_FUNCTION_FAILED;
    snprintf(label->text, sizeof label->text, "key-%016llx", (unsigned long long)number);
    return CKR_OK;
}

static CK_RV prepare(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, struct kc_slot *slot)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    *slot = *kc_session_slot(session);
    rv = kc_mechanism_check(slot->kinds, mechanism, CKF_GENERATE_KEY_PAIR);
    if (rv == CKR_OK && mechanism->ulParameterLen != 0)
        rv = CKR_MECHANISM_PARAM_INVALID;
    if (rv == CKR_OK && !session->writes)
        rv = CKR_SESSION_READ_ONLY;
    return kc_module_leave(rv);
}

/* Both halves of the key that the custodian made. */
static CK_RV read_pair(
    const struct kc_values *values, CK_SLOT_ID slot, struct kc_object halves[static 2])
{
    static const enum kc_object_kind kinds[2] = {KC_OBJECT_PUBLIC, KC_OBJECT_PRIVATE};
    for (size_t i = 0; i < 2; i++) {
        enum kc_error error = kc_listing_read_key(values, kinds[i], &halves[i]);
        if (error != KC_OK)
            return kc_rv(error);
        halves[i].slot = slot;
    }
    return CKR_OK;
}

static CK_RV request_pair(const struct kc_slot *slot, const struct kc_key_wishes *wishes,
    struct kc_object halves[static 2])
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    const char *use;
    if (!choose_use(wishes, &use))
        return CKR_TEMPLATE_INCONSISTENT;
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, KC_FIELD_ALGORITHM, wishes->type->algorithm);
    kc_values_set_text(values, KC_FIELD_KEYRING, slot->keyring);
    kc_values_set_text(values, KC_FIELD_LABEL, wishes->label.text);
    kc_values_set_text(values, KC_FIELD_USE, use);
    if (wishes->identifier.size > 0)
        kc_values_set_span(
            values, KC_FIELD_IDENTIFIER, wishes->identifier.bytes, wishes->identifier.size);
    if ((wishes->wishes & KC_WISH_AUTHENTICATE) != 0)
        kc_values_set_number(values, KC_FIELD_CONFIRM, true);
    enum kc_error error = kc_daemon_change(&request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return kc_rv(error);
    CK_RV rv = read_pair(&kc_client_answer_message(answer)->values, slot->id, halves);
    kc_client_answer_free(answer);
    return rv;
}

/* Makes the objects, if the session is still there. */
static CK_RV keep(CK_SESSION_HANDLE handle, struct kc_object halves[static 2],
    CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
    struct kc_session *session;
    struct kc_object *objects[2];
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    for (size_t i = 0; i < 2 && rv == CKR_OK; i++)
        rv = kc_object_of_token(&halves[i], &objects[i]);
    if (rv == CKR_OK) {
        *public = objects[0]->handle;
        *private = objects[1]->handle;
    }
    return kc_module_leave(rv);
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism,
    CK_ATTRIBUTE *public_template, CK_ULONG public_count, CK_ATTRIBUTE *private_template,
    CK_ULONG private_count, CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
    if (public == NULL || private == NULL || (public_template == NULL && public_count > 0) ||
        (private_template == NULL && private_count > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_slot slot;
    struct kc_key_wishes wishes;
    struct kc_object halves[2] = {0};
    CK_RV rv = prepare(handle, mechanism, &slot);
    if (rv == CKR_OK)
        rv = kc_key_templates_read(mechanism->mechanism, public_template, public_count,
            private_template, private_count, &wishes);
    if (rv == CKR_OK)
        rv = choose_label(&wishes.label);
    if (rv == CKR_OK)
        rv = request_pair(&slot, &wishes, halves);
    if (rv == CKR_OK)
        rv = keep(handle, halves, public, private);
    kc_object_done(&halves[0]);
    kc_object_done(&halves[1]);
    return rv;
}
