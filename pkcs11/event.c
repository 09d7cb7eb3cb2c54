/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that come and go (PKCS#11 3.0, section 5.5, C_WaitForSlotEvent).
 *
 * Who waits has a connection of its own, on which the custodian is asked to answer when keyrings may
 * have come or gone. So that C_Finalize need not wait for that, it is looked every now and then
 * whether the module is still initialized; that is also how often an absent custodian is tried.
 */
#include "pkcs11/daemon.h"
#include "pkcs11/module.h"
#include "pkcs11/rv.h"
#include "pkcs11/slot.h"

#include <time.h>

#define LOOK_MS 200

/* The custodian's events, as one who waits has them. */
struct watch {
    struct kc_client *client;
    bool asked; /* an answer is on its way */
    bool knows; /* seen is set */
    uint64_t seen;
    unsigned initialization; /* of the module when waiting began */
};

/* Sends the question that is answered at the next event. */
static enum kc_error ask(struct watch *watch)
{
    struct kc_client_request request;
    uint64_t id;
    kc_client_request_init(&request, KC_OPERATION_WATCH);
    if (watch->knows)
        kc_values_set_number(&request.message.values, KC_FIELD_SEEN, watch->seen);
    enum kc_error error = kc_client_send(watch->client, &request, LOOK_MS, &id);
    kc_client_request_done(&request);
    watch->asked = error == KC_OK;
    return error;
}

static void pause_a_little(void)
{
    struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

/* Waits until something may have happened, or for LOOK_MS. */
static void wait_a_little(struct watch *watch)
{
    struct kc_client_answer *answer = NULL;
    uint64_t id;
    if (!watch->asked && ask(watch) != KC_OK) {
        pause_a_little(); /* the custodian is away */
        return;
    }
    enum kc_error error = kc_client_receive_any(watch->client, LOOK_MS, &id, &answer);
    if (id == 0)
        return; /* nothing yet */
    watch->asked = false;
    if (error == KC_OK) {
        watch->seen = kc_client_answer_message(answer)->values.value[KC_FIELD_SEEN].number;
        watch->knows = true;
    } else {
        watch->knows = false;
        pause_a_little(); /* it is going away: do not hurry it */
    }
    kc_client_answer_free(answer);
}

/* The slot of an event that was not told yet, if there is one. CKR_NO_EVENT */
static CK_RV take_event(unsigned initialization, CK_SLOT_ID *slot)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    if (kc_module_initialization() != initialization)
        return kc_module_leave(CKR_CRYPTOKI_NOT_INITIALIZED);
    return kc_module_leave(kc_slot_take_event(slot) ? CKR_OK : CKR_NO_EVENT);
}

static CK_RV wait(unsigned initialization, CK_SLOT_ID *slot)
{
    struct watch watch = {.initialization = initialization};
    CK_RV rv = kc_rv(kc_client_new(NULL, &watch.client));
    if (rv != CKR_OK)
        return rv;
    do {
        kc_slots_refresh();
        rv = take_event(initialization, slot);
        if (rv == CKR_NO_EVENT)
            wait_a_little(&watch);
    } while (rv == CKR_NO_EVENT);
    kc_client_free(watch.client);
    return rv;
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
    if (slot == NULL || reserved != NULL)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    unsigned initialization = kc_module_initialization();
    kc_module_unlock();
    if ((flags & CKF_DONT_BLOCK) == 0)
        return wait(initialization, slot);
    kc_slots_refresh();
    return take_event(initialization, slot);
}
