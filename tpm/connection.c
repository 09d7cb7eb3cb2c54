/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/connection.h"

#include "base/secret.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/resident.h"

/* The library's own names for these shift a signed number out of its range. */
#define FIRST_TRANSIENT ((TPM2_HANDLE)TPM2_HT_TRANSIENT << TPM2_HR_SHIFT)
#define FIRST_LOADED_SESSION ((TPM2_HANDLE)TPM2_HT_LOADED_SESSION << TPM2_HR_SHIFT)

struct handles {
    TPM2_HANDLE handle[TPM2_MAX_CAP_HANDLES];
    size_t count;
};

/* Before there is a session, so a stranger on the way can change it: then something of ours is
 * flushed, or nothing is, and the next command fails. */
static enum kc_error list(struct kc_tpm2 *tpm, TPM2_HANDLE first, struct handles *handles)
{
    KC_AUTO_COMMAND command;
    struct kc_reader *answer = &command.answer;
    kc_command_init(
        &command, "list what was left in the TPM", TPM2_CC_GetCapability, KC_COMMAND_BARE);
    kc_writer_u32(&command.parameters, TPM2_CAP_HANDLES);
    kc_writer_u32(&command.parameters, first);
    kc_writer_u32(&command.parameters, TPM2_MAX_CAP_HANDLES);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK)
        return error;
    (void)kc_reader_u8(answer); /* whether there are more */
    if (kc_reader_u32(answer) != TPM2_CAP_HANDLES)
        kc_reader_fail(answer);
    handles->count = kc_reader_count(answer, TPM2_MAX_CAP_HANDLES, sizeof(TPM2_HANDLE));
    for (size_t i = 0; i < handles->count; i++)
        handles->handle[i] = kc_reader_u32(answer);
    return kc_command_finish(tpm, &command);
}

static enum kc_error flush_from(struct kc_tpm2 *tpm, TPM2_HANDLE first)
{
    struct handles handles;
    enum kc_error error = list(tpm, first, &handles);
    for (size_t i = 0; error == KC_OK && i < handles.count; i++) {
        kc_command_flush(tpm, &handles.handle[i]);
        if (tpm->is_spoiled)
            error = KC_ERR_ROOT_ANSWER;
    }
    return error;
}

static enum kc_error send_bare(
    struct kc_tpm2 *tpm, const char *step, TPM2_CC code, uint16_t parameter)
{
    KC_AUTO_COMMAND command;
    kc_command_init(&command, step, code, KC_COMMAND_BARE);
    kc_writer_u16(&command.parameters, parameter);
    return kc_command_run(tpm, &command);
}

/* A host's firmware starts its TPM; a software TPM may have nobody who does. */
static enum kc_error flush_leftovers(struct kc_tpm2 *tpm)
{
    enum kc_error error = flush_from(tpm, FIRST_TRANSIENT);
    if (error != KC_OK && tpm->code == TPM2_RC_INITIALIZE) {
        error = send_bare(tpm, "start the TPM", TPM2_CC_Startup, TPM2_SU_CLEAR);
        if (error == KC_OK)
            error = flush_from(tpm, FIRST_TRANSIENT);
    }
    return error == KC_OK ? flush_from(tpm, FIRST_LOADED_SESSION) : error;
}

enum kc_error kc_connection_open(struct kc_tpm2 *tpm)
{
    int64_t deadline = kc_tcti_now_ms() + tpm->deadline_ms;
    if (tpm->connects_once && tpm->has_connected)
        return kc_code_refuse(
            tpm, KC_ERR_ROOT_UNAVAILABLE, "the connection was lost: this process makes no other");
    tpm->has_connected = true;
    if (kc_tcti_open(&tpm->tcti, &tpm->address, deadline) != KC_OK)
        return kc_code_refuse(tpm, KC_ERR_ROOT_UNAVAILABLE, "connect: nobody answers there");
    tpm->is_connected = true;
    enum kc_error error = tpm->address.is_shared ? KC_OK : flush_leftovers(tpm);
    if (error != KC_OK)
        kc_connection_drop(tpm);
    return error;
}

void kc_connection_drop(struct kc_tpm2 *tpm)
{
    kc_tcti_close(&tpm->tcti);
    tpm->is_connected = false;
    tpm->is_spoiled = false;
    tpm->srk.handle = 0;
    for (size_t i = 0; i < KC_TPM2_HOT_MAX; i++)
        tpm->hot[i].object.handle = 0;
    kc_wipe(&tpm->session, sizeof tpm->session);
    kc_wipe(&tpm->policy, sizeof tpm->policy);
}

void kc_connection_close(struct kc_tpm2 *tpm)
{
    if (!tpm->is_connected)
        return;
    kc_resident_flush(tpm);
    kc_session_flush(tpm, &tpm->policy);
    kc_session_flush(tpm, &tpm->session);
    if (!tpm->address.is_shared)
        (void)send_bare(tpm, "shut the TPM down", TPM2_CC_Shutdown, TPM2_SU_CLEAR);
    kc_connection_drop(tpm);
}
