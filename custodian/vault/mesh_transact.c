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

/* With room beside for a frame that is only tried. */
static bool has_room(const struct kc_call *call)
{
    return call->change_count + (size_t)2 * KC_MESH_FRAME_CHANGES <= KC_CALL_CHANGES_MAX;
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

/* What a call does, and how far it is. */
struct work {
    const struct kc_mesh_verified *verified;
    enum kc_mesh_store store;
    kc_mesh_take *take;
    struct kc_mesh_frames frames; /* of the access catalog */
    struct kc_mesh_subjects subjects;
    bool has_begun; /* something of it was done before */
    bool more;      /* there are frames that had no room in this commit */
};

/* A frame that has no room is tried nevertheless, as long as nothing was done: what it is refused for
 * would come too late afterwards. */
static enum kc_error take_frame(
    struct kc_call *call, struct work *work, struct kc_mesh_update *update)
{
    size_t staged = call->change_count, subjects = work->subjects.count;
    bool fits = has_room(call);
    enum kc_error error = work->take(call, work->verified, update, &work->subjects);
    if (error == KC_OK && call->change_count == staged && work->subjects.count > subjects)
        work->has_begun = true;
    work->more = work->more || !fits;
    if (error == KC_OK && !fits)
        kc_call_unstage_from(call, staged);
    return error;
}

static bool is_void(const struct work *work, size_t at)
{
    return work->store == KC_MESH_ACCESS && !work->frames.counts[at];
}

static enum kc_error take_frames(struct kc_call *call, struct work *work)
{
    struct kc_mesh_update update;
    size_t position = 0;
    for (;;) {
        size_t staged = call->change_count, at = position;
        enum kc_error error =
            kc_mesh_request_next(&work->verified->request, work->store, &position, &update);
        if (error == KC_ERR_REFUSED)
            return KC_OK;
        if (error == KC_OK && is_void(work, at))
            continue;
        if (error == KC_OK && work->store == KC_MESH_ACCESS)
            kc_mesh_update_known(&work->frames, at, &update);
        if (error == KC_OK && work->has_begun && !has_room(call)) {
            work->more = true;
            return KC_OK;
        }
        if (error == KC_OK)
            error = take_frame(call, work, &update);
        if (waits_for_own(call, error, staged)) {
            work->more = true;
            return KC_OK;
        }
        if (!goes_on(call, error))
            return kc_call_request_error(call, error);
    }
}

static enum kc_error transact(struct kc_call *call, struct work *work)
{
    enum kc_error error = kc_mesh_request_look(
        &work->verified->request, &work->verified->bound.account.administrator, &work->frames);
    if (error != KC_OK)
        return kc_call_request_error(call, error);
    error = take_frames(call, work);
    if (call->wish != KC_WISH_ANSWER)
        return KC_ERR_UNAVAILABLE;
    if (error != KC_OK || call->change_count > 0)
        return kc_call_commit_again(call, error, !work->more);
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
    struct work *work = error == KC_OK ? calloc(1, sizeof *work) : NULL;
    if (error == KC_OK && !work)
        error = KC_ERR_NO_MEMORY;
    if (error == KC_OK) {
        work->verified = &verified;
        work->store = store;
        work->take = take;
        error = transact(call, work);
    }
    const struct kc_mesh_told told = {.account_udf = verified.bound.account.udf,
        .done = done,
        .subjects = work ? work->subjects.names : NULL,
        .subject_count = work ? work->subjects.count : 0};
    if (error == KC_OK && call->wish == KC_WISH_ANSWER)
        error = kc_call_set_receipt(call, verified.service, &verified.request, &told);
    free(work);
    return error;
}
