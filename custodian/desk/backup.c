/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup while the desk has the store: its file is held for one connection, whose client copies it
 * (it is the owner's process that reads the file; the desk gives nothing out). It ends as the client
 * says, or with the connection.
 */
#include "custodian/desk/desk.h"

static bool is_holder(const struct kc_desk *desk, const struct kc_call *call)
{
    return call->connection && desk->holder == call->connection->id;
}

void kc_desk_backup(struct kc_desk *desk, struct kc_call *call)
{
    bool ends = kc_values_text_is(&call->request.values, KC_FIELD_MODE, "end");
    bool may =
        ends ? is_holder(desk, call) : call->connection && desk->holder == 0 && !desk->holding;
    if (!may) {
        kc_desk_fail(desk, call, KC_ERR_STORE_BACKUP, NULL);
        return;
    }
    if (!ends) {
        desk->holder = call->connection->id;
        desk->holding = true;
    }
    kc_desk_submit(desk, call, ends ? KC_JOB_RELEASE : KC_JOB_HOLD);
}

void kc_desk_backup_done(struct kc_desk *desk, const struct kc_call *call)
{
    bool holds = call->job.type == KC_JOB_HOLD && call->job.error == KC_OK;
    bool keeps = holds && is_holder(desk, call) && !call->answered;
    if (call->job.type == KC_JOB_HOLD)
        desk->holding = false;
    if (!keeps && is_holder(desk, call))
        desk->holder = 0;
    if (holds && !keeps)
        kc_desk_store_let_go(desk->store); /* who wanted it is gone, or was told that it failed */
}

void kc_desk_backup_answer(struct kc_desk *desk, struct kc_call *call)
{
    struct kc_message answer;
    kc_message_init(&answer, call->request.operation);
    answer.error = call->job.error;
    kc_desk_finish(desk, call, &answer, NULL);
}

void kc_desk_forget_backup(struct kc_desk *desk, const struct kc_connection *connection)
{
    if (desk->holder != connection->id)
        return;
    desk->holder = 0;
    kc_desk_store_let_go(desk->store);
}
