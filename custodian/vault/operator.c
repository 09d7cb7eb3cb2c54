/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator, who proves with a PIN (pin.c) that he is it. The anchor in the hardware root has the
 * PIN's verifier too: a PIN that was changed takes no store from the time before.
 */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/find.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"

#include <string.h>

static const struct kc_pin_kind operator_pin = {
    .size_min = 8, .wrong = KC_ERR_OPERATOR_PROOF, .must_wait = KC_ERR_OPERATOR_WAIT};

static const struct kc_span operator_id = {
    (const uint8_t *)KC_RECORD_ID_OPERATOR, sizeof KC_RECORD_ID_OPERATOR - 1};

/* NULL with KC_OK: there never was an operator. */
static enum kc_error find_operator(struct kc_call *call, struct kc_record **record)
{
    enum kc_error error = kc_call_record(call, KC_KIND_OPERATOR, operator_id, record);
    if (error != KC_ERR_REFUSED)
        return error;
    if (!kc_keeper_record(call->vault->keeper).has_operator) {
        *record = NULL;
        return KC_OK;
    }
    return KC_ERR_RECORD_DAMAGED; /* hidden */
}

enum kc_error kc_call_operator(struct kc_call *call, bool *proven)
{
    struct kc_record *record;
    enum kc_error error = find_operator(call, &record);
    if (error == KC_OK && !record)
        error = KC_ERR_OPERATOR_PROOF;
    return error == KC_OK ? kc_call_prove_pin(call, record, &operator_pin, proven) : error;
}

/* --- operator-pin --- */

/* The vault's own record says from now on that there is an operator. */
static enum kc_error stage_new(struct kc_call *call, struct kc_record **made)
{
    struct kc_record own = kc_keeper_record(call->vault->keeper), *changed;
    struct kc_record none = {.id = KC_RECORD_ID_OPERATOR,
        .kind = KC_KIND_OPERATOR,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    enum kc_error error = kc_call_stage(call, &own, &changed);
    if (error != KC_OK)
        return error;
    changed->has_operator = 1;
    error = kc_keeper_protect(call->vault->keeper, changed, NULL);
    return error == KC_OK ? kc_call_stage(call, &none, made) : error;
}

/* It is answered when the root has tried to take it: the receipt says whether it did. */
static enum kc_error put_pin(struct kc_call *call, struct kc_record *staged)
{
    enum kc_error error = kc_call_put_pin(call, staged, &operator_pin);
    call->anchors = error == KC_OK;
    return error;
}

static enum kc_error make_operator(struct kc_call *call)
{
    struct kc_record *made;
    enum kc_error error = stage_new(call, &made);
    return error == KC_OK ? put_pin(call, made) : error;
}

static enum kc_error change_pin(struct kc_call *call, const struct kc_record *record)
{
    bool proven = false;
    enum kc_error error = kc_call_prove_pin(call, record, &operator_pin, &proven);
    if (error != KC_OK || !proven)
        return error;
    return put_pin(call, &call->changes[call->change_count - 1]);
}

enum kc_error kc_vault_operator_pin(struct kc_call *call)
{
    struct kc_record *record;
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = find_operator(call, &record);
    if (error != KC_OK)
        return error;
    return record ? change_pin(call, record) : make_operator(call);
}

/* --- the PIN in the anchor --- */

static bool has_pin(const struct kc_anchor *anchor)
{
    static const uint8_t none[KC_PIN_VERIFIER_SIZE];
    return memcmp(anchor->operator_pin, none, sizeof none) != 0;
}

static enum kc_error stage_anchored(struct kc_call *call, const struct kc_record *record)
{
    const struct kc_anchor *anchor = call->vault->ledger.anchor;
    struct kc_record *staged;
    enum kc_error error = record ? kc_call_stage(call, record, &staged) : stage_new(call, &staged);
    if (error != KC_OK)
        return error;
    memset(staged->secret, 0, sizeof staged->secret);
    memcpy(staged->secret, anchor->operator_pin, sizeof anchor->operator_pin);
    staged->secret_size = sizeof anchor->operator_pin;
    staged->failures = 0;
    staged->wait_until = 0;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

enum kc_error kc_call_settle_operator(struct kc_call *call, bool is_older)
{
    struct kc_ledger *ledger = &call->vault->ledger;
    struct kc_record *record;
    enum kc_error error = find_operator(call, &record);
    /* An older store is not taken then. In another, who needs the operator finds it damaged himself. */
    if (error == KC_ERR_RECORD_DAMAGED && !is_older) {
        call->damaged = false;
        return KC_OK;
    }
    if (error != KC_OK)
        return error;
    bool is_same = record && memcmp(record->secret, ledger->anchor->operator_pin,
                                 sizeof ledger->anchor->operator_pin) == 0;
    if (is_same || (!record && !has_pin(ledger->anchor)))
        return KC_OK;
    if (is_older && has_pin(ledger->anchor))
        return stage_anchored(call, record);
    if (record) {
        kc_ledger_note_operator(call->vault, record);
        kc_ledger_plan(call->vault);
    }
    return KC_OK;
}
