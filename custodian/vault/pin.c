/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs: secrets that the desk never sees, whose every try is in the store before it is compared.
 * One way for all of them: the operator's (operator.c) and those of keyrings (keyring.c).
 */
#include "custodian/vault/pin.h"
#include "custodian/vault/core.h"

#include <sodium.h>
#include <string.h>

#define PIN_SIZE_MAX 64
#define FREE_TRIES 3      /* wrong PINs before there is a wait: 1 s after the third, then doubled */
#define WAIT_MAX 3600     /* seconds */
#define WAIT_DOUBLINGS 12 /* 2^12 s are more than WAIT_MAX */

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

static enum kc_error count_try(
    struct kc_call *call, const struct kc_record *record, const struct kc_pin_kind *kind)
{
    uint64_t now = kc_call_now(call);
    if (now < record->wait_until) {
        tell_wait(call, record->wait_until);
        return kind->must_wait;
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

bool kc_call_is_pin(struct kc_call *call, const uint8_t verifier[static KC_PIN_VERIFIER_SIZE],
    const struct kc_secret *pin)
{
    uint8_t made[32]; /* secret */
    kc_keeper_pin_verifier(call->vault->keeper, verifier, pin, made);
    bool right = sodium_memcmp(made, verifier + KC_PIN_SALT_SIZE, sizeof made) == 0;
    kc_wipe(made, sizeof made);
    return right;
}

static bool is_pin(
    struct kc_call *call, const struct kc_record *record, const struct kc_secret *pin)
{
    return record->secret_size == KC_PIN_VERIFIER_SIZE && kc_call_is_pin(call, record->secret, pin);
}

static enum kc_error compare(struct kc_call *call, const struct kc_record *record,
    const struct kc_pin_kind *kind, const struct kc_secret *pin)
{
    if (!is_pin(call, record, pin)) {
        tell_wait(call, record->wait_until);
        return kind->wrong;
    }
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, record, &staged);
    if (error != KC_OK)
        return error;
    staged->failures = 0;
    staged->wait_until = 0;
    error = kc_keeper_protect(call->vault->keeper, staged, NULL);
    call->proof_staged = error == KC_OK && call->change_count == 1;
    return error;
}

enum kc_error kc_call_prove_pin(struct kc_call *call, const struct kc_record *record,
    const struct kc_pin_kind *kind, bool *proven)
{
    KC_AUTO_SECRET pin = {0};
    if (!kc_call_has(call, KC_FIELD_PIN))
        return kind->wrong;
    enum kc_error error = kc_call_secret(call, KC_FIELD_PIN, kind->size_min, PIN_SIZE_MAX, &pin);
    if (error != KC_OK)
        return error;
    *proven = call->pin_counted;
    return call->pin_counted ? compare(call, record, kind, &pin) : count_try(call, record, kind);
}

enum kc_error kc_call_put_pin(
    struct kc_call *call, struct kc_record *staged, const struct kc_pin_kind *kind)
{
    KC_AUTO_SECRET pin = {0};
    uint8_t verifier[KC_PIN_VERIFIER_SIZE];
    struct kc_vault *vault = call->vault;
    enum kc_error error =
        kc_call_secret(call, KC_FIELD_NEW_PIN, kind->size_min, PIN_SIZE_MAX, &pin);
    if (error == KC_OK)
        error = kc_entropy_fill(vault->entropy, verifier, KC_PIN_SALT_SIZE);
    if (error != KC_OK)
        return error;
    call->proof_staged &= staged != call->changes;
    kc_keeper_pin_verifier(vault->keeper, verifier, &pin, verifier + KC_PIN_SALT_SIZE);
    memset(staged->secret, 0, sizeof staged->secret);
    memcpy(staged->secret, verifier, sizeof verifier);
    staged->secret_size = sizeof verifier;
    staged->failures = 0;
    staged->wait_until = 0;
    call->wish = KC_WISH_COMMIT;
    kc_call_set_number(call, KC_FIELD_VERSION, staged->version);
    return kc_keeper_protect(vault->keeper, staged, NULL);
}
