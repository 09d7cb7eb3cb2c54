/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/mesh.h"

#include <stdlib.h>
#include <string.h>

enum kc_error kc_call_add_subject(struct kc_mesh_subjects *subjects, const char *name)
{
    size_t at = subjects->count, size = strlen(name) + 1;
    if (at == KC_MESH_UPDATES_MAX || size > sizeof subjects->texts[at])
        return KC_ERR_TOO_LARGE;
    memcpy(subjects->texts[at], name, size);
    subjects->names[at] = subjects->texts[at];
    subjects->count++;
    return KC_OK;
}

static bool has_room(const struct kc_call *call)
{
    return call->change_count + KC_MESH_FRAME_CHANGES <= KC_CALL_CHANGES_MAX;
}

/* Records that are wished for are wished for together, those of all frames. */
static bool goes_on(const struct kc_call *call, enum kc_error error)
{
    return error == KC_OK || (error == KC_ERR_UNAVAILABLE && call->wish == KC_WISH_NEED);
}

/* A frame about what an earlier one of the request changes waits for that, and so for this call's own
 * commit: what it staged is dropped, and comes with the next. */
static bool waits_for_own(struct kc_call *call, enum kc_error error, size_t staged)
{
    if (error != KC_ERR_UNAVAILABLE || call->wish != KC_WISH_SETTLED || staged == 0)
        return false;
    kc_call_unstage_from(call, staged);
    call->wish = KC_WISH_ANSWER;
    return true;
}

/* *more: there are frames that had no room in this commit. */
static enum kc_error take_frames(struct kc_call *call, const struct kc_mesh_verified *verified,
    enum kc_mesh_store store, kc_mesh_take *take, struct kc_mesh_subjects *subjects, bool *more)
{
    struct kc_mesh_update update;
    size_t position = 0;
    *more = false;
    for (;;) {
        size_t staged = call->change_count;
        enum kc_error error = kc_mesh_request_next(&verified->request, store, &position, &update);
        if (error == KC_ERR_REFUSED)
            return KC_OK;
        *more = error == KC_OK && !has_room(call);
        if (*more)
            return KC_OK;
        if (error == KC_OK)
            error = take(call, verified, &update, subjects);
        *more = waits_for_own(call, error, staged);
        if (*more)
            return KC_OK;
        if (!goes_on(call, error))
            return kc_call_request_error(call, error);
    }
}

static enum kc_error transact(struct kc_call *call, const struct kc_mesh_verified *verified,
    enum kc_mesh_store store, kc_mesh_take *take, struct kc_mesh_subjects *subjects)
{
    bool more;
    enum kc_error error = take_frames(call, verified, store, take, subjects, &more);
    if (call->wish != KC_WISH_ANSWER)
        return KC_ERR_UNAVAILABLE;
    if (error != KC_OK || call->change_count > 0)
        return kc_call_commit_again(call, error, !more);
    return KC_OK;
}

enum kc_error kc_call_transact(
    struct kc_call *call, enum kc_mesh_store store, kc_mesh_take *take, const char *done)
{
    KC_AUTO_DATA data = {0};
    KC_AUTO_VERIFIED verified = {0};
    kc_call_restart(call);
    enum kc_error error = kc_call_verify_request(call, &data, KC_MESH_TRANSACT, &verified);
    if (error == KC_OK && !verified.bound.is_active)
        error = KC_ERR_SIGNATURE;
    struct kc_mesh_subjects *subjects = error == KC_OK ? calloc(1, sizeof *subjects) : NULL;
    if (error == KC_OK && !subjects)
        error = KC_ERR_NO_MEMORY;
    if (error == KC_OK)
        error = transact(call, &verified, store, take, subjects);
    const struct kc_mesh_told told = {.account_udf = verified.bound.account.udf,
        .done = done,
        .subjects = subjects ? subjects->names : NULL,
        .subject_count = subjects ? subjects->count : 0};
    if (error == KC_OK && call->wish == KC_WISH_ANSWER)
        error = kc_call_set_receipt(call, verified.service, &verified.request, &told);
    free(subjects);
    return error;
}
