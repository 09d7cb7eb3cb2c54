/* SPDX-License-Identifier: Apache-2.0 */
/* The operator: a PIN that the desk never sees, whose every try is in the store before it is
 * compared. */
#include "custodian/vault/core.h"

#include <sodium.h>
#include <string.h>

#define PIN_SIZE_MIN 8
#define PIN_SIZE_MAX 64
#define FREE_TRIES 3      /* wrong PINs before there is a wait: 1 s after the third, then doubled */
#define WAIT_MAX 3600     /* seconds */
#define WAIT_DOUBLINGS 12 /* 2^12 s are more than WAIT_MAX */

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

static uint64_t wait_after(uint32_t failures)
{
    if (failures < FREE_TRIES)
        return 0;
    uint32_t doublings = failures - FREE_TRIES;
    uint64_t wait = UINT64_C(1) << (doublings < WAIT_DOUBLINGS ? doublings : WAIT_DOUBLINGS);
    return wait < WAIT_MAX ? wait : WAIT_MAX;
}

static void tell_wait(struct kc_call *call, uint64_t wait_until)
{
    uint64_t now = kc_call_now(call);
    if (wait_until > now)
        kc_call_set_text(call, KC_FIELD_DETAIL,
            kc_call_print(call, "wait %llu seconds", (unsigned long long)(wait_until - now)));
}

static enum kc_error count_try(struct kc_call *call, const struct kc_record *record)
{
    uint64_t now = kc_call_now(call);
    if (now < record->wait_until) {
        tell_wait(call, record->wait_until);
        return KC_ERR_OPERATOR_WAIT;
    }
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, record, &staged);
    if (error != KC_OK)
        return error;
    if (staged->failures < UINT32_MAX)
        staged->failures++;
    uint64_t wait = wait_after(staged->failures);
    staged->wait_until = wait > 0 ? now + wait : 0;
    call->pin_counted = true;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

static bool is_pin(
    struct kc_call *call, const struct kc_record *record, const struct kc_secret *pin)
{
    uint8_t verifier[32]; /* secret */
    kc_keeper_pin_verifier(call->vault->keeper, record->secret, pin, verifier);
    bool right = record->secret_size == KC_PIN_VERIFIER_SIZE &&
                 sodium_memcmp(verifier, record->secret + KC_PIN_SALT_SIZE, 32) == 0;
    kc_wipe(verifier, sizeof verifier);
    return right;
}

static enum kc_error compare(
    struct kc_call *call, const struct kc_record *record, const struct kc_secret *pin)
{
    if (!is_pin(call, record, pin)) {
        tell_wait(call, record->wait_until);
        return KC_ERR_OPERATOR_PROOF;
    }
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, record, &staged);
    if (error != KC_OK)
        return error;
    staged->failures = 0;
    staged->wait_until = 0;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

static enum kc_error prove(struct kc_call *call, const struct kc_record *record, bool *proven)
{
    KC_AUTO_SECRET pin = {0};
    if (!kc_call_has(call, KC_FIELD_PIN))
        return KC_ERR_OPERATOR_PROOF;
    enum kc_error error = kc_call_secret(call, KC_FIELD_PIN, PIN_SIZE_MIN, PIN_SIZE_MAX, &pin);
    if (error != KC_OK)
        return error;
    *proven = call->pin_counted;
    return call->pin_counted ? compare(call, record, &pin) : count_try(call, record);
}

enum kc_error kc_call_operator(struct kc_call *call, bool *proven)
{
    struct kc_record *record;
    enum kc_error error = find_operator(call, &record);
    if (error == KC_OK && !record)
        error = KC_ERR_OPERATOR_PROOF;
    return error == KC_OK ? prove(call, record, proven) : error;
}

enum kc_error kc_call_tell_operator(struct kc_call *call, enum kc_error error)
{
    call->outcome = error;
    call->wish = KC_WISH_COMMIT; /* of the counter's reset */
    return KC_OK;
}

/* --- operator-pin --- */

static enum kc_error put_pin(struct kc_call *call, struct kc_record *record)
{
    KC_AUTO_SECRET pin = {0};
    uint8_t verifier[KC_PIN_VERIFIER_SIZE];
    struct kc_vault *vault = call->vault;
    enum kc_error error = kc_call_secret(call, KC_FIELD_NEW_PIN, PIN_SIZE_MIN, PIN_SIZE_MAX, &pin);
    if (error == KC_OK)
        error = kc_entropy_fill(vault->entropy, verifier, KC_PIN_SALT_SIZE);
    if (error != KC_OK)
        return error;
    kc_keeper_pin_verifier(vault->keeper, verifier, &pin, verifier + KC_PIN_SALT_SIZE);
    memset(record->secret, 0, sizeof record->secret);
    memcpy(record->secret, verifier, sizeof verifier);
    record->secret_size = sizeof verifier;
    call->wish = KC_WISH_COMMIT;
    kc_call_set_number(call, KC_FIELD_VERSION, record->version);
    return kc_keeper_protect(vault->keeper, record, NULL);
}

/* The vault's own record says from now on that there is an operator. */
static enum kc_error make_operator(struct kc_call *call)
{
    struct kc_record own = kc_keeper_record(call->vault->keeper), *changed, *made;
    struct kc_record none = {.id = KC_RECORD_ID_OPERATOR,
        .kind = KC_KIND_OPERATOR,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    enum kc_error error = kc_call_stage(call, &own, &changed);
    if (error != KC_OK)
        return error;
    changed->has_operator = 1;
    error = kc_keeper_protect(call->vault->keeper, changed, NULL);
    if (error == KC_OK)
        error = kc_call_stage(call, &none, &made);
    return error == KC_OK ? put_pin(call, made) : error;
}

static enum kc_error change_pin(struct kc_call *call, const struct kc_record *record)
{
    bool proven = false;
    enum kc_error error = prove(call, record, &proven);
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
