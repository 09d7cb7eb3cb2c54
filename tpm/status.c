/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/status.h"

#include "tpm/command.h"

#include <stdio.h>
#include <string.h>

/* Asks for capabilities; what is left to read is their list. */
static enum kc_error ask(struct kc_tpm2 *tpm, struct kc_command *command, TPM2_CAP capability,
    uint32_t first, uint32_t count)
{
    kc_command_init(command, "ask for capabilities", TPM2_CC_GetCapability, 0);
    kc_writer_u32(&command->parameters, capability);
    kc_writer_u32(&command->parameters, first);
    kc_writer_u32(&command->parameters, count);
    enum kc_error error = kc_command_run(tpm, command);
    if (error != KC_OK)
        return error;
    (void)kc_reader_u8(&command->answer); /* whether there are more */
    if (kc_reader_u32(&command->answer) != capability)
        kc_reader_fail(&command->answer);
    return KC_OK;
}

struct properties {
    uint32_t count;
    struct {
        TPM2_PT which;
        uint32_t value;
    } list[TPM2_MAX_TPM_PROPERTIES];
};

static enum kc_error read_properties(
    struct kc_tpm2 *tpm, uint32_t first, struct properties *properties)
{
    KC_AUTO_COMMAND command;
    enum kc_error error =
        ask(tpm, &command, TPM2_CAP_TPM_PROPERTIES, first, TPM2_MAX_TPM_PROPERTIES);
    if (error != KC_OK)
        return error;
    properties->count =
        (uint32_t)kc_reader_count(&command.answer, TPM2_MAX_TPM_PROPERTIES, 2 * sizeof(uint32_t));
    for (uint32_t i = 0; i < properties->count; i++) {
        properties->list[i].which = kc_reader_u32(&command.answer);
        properties->list[i].value = kc_reader_u32(&command.answer);
    }
    return kc_command_finish(tpm, &command);
}

/* A property that the TPM does not have is 0. */
static uint32_t property(const struct properties *properties, TPM2_PT which)
{
    for (uint32_t i = 0; i < properties->count; i++) {
        if (properties->list[i].which == which)
            return properties->list[i].value;
    }
    return 0;
}

/* Four octets of a property as text; one space for any run of what is not a visible character. */
static void append_text(char text[static KC_ROOT_TEXT_SIZE], uint32_t value)
{
    size_t size = strlen(text);
    for (unsigned shift = 32; shift > 0 && size < KC_ROOT_TEXT_SIZE - 1; shift -= 8) {
        uint32_t octet = value >> (shift - 8) & 0xff;
        bool is_visible = octet > ' ' && octet <= '~';
        if (!is_visible && (size == 0 || text[size - 1] == ' '))
            continue;
        text[size] = ' ';
        if (is_visible)
            text[size] = (char)octet;
        size++;
    }
    text[size] = 0;
}

static void drop_last_space(char text[static KC_ROOT_TEXT_SIZE])
{
    size_t size = strlen(text);
    if (size > 0 && text[size - 1] == ' ')
        text[size - 1] = 0;
}

static enum kc_error read_identity(struct kc_tpm2 *tpm, struct kc_root_status *status)
{
    struct properties properties;
    const struct properties *data = &properties;
    enum kc_error error = read_properties(tpm, TPM2_PT_FIXED, &properties);
    if (error != KC_OK)
        return error;
    append_text(status->manufacturer, property(data, TPM2_PT_MANUFACTURER));
    for (TPM2_PT part = TPM2_PT_VENDOR_STRING_1; part <= TPM2_PT_VENDOR_STRING_4; part++)
        append_text(status->manufacturer, property(data, part));
    drop_last_space(status->manufacturer);
    uint32_t high = property(data, TPM2_PT_FIRMWARE_VERSION_1);
    uint32_t low = property(data, TPM2_PT_FIRMWARE_VERSION_2);
    snprintf(status->firmware, sizeof status->firmware, "%u.%u.%u.%u", high >> 16, high & 0xffff,
        low >> 16, low & 0xffff);
    return KC_OK;
}

static enum kc_error read_lockout(struct kc_tpm2 *tpm, struct kc_root_status *status)
{
    struct properties properties;
    const struct properties *data = &properties;
    enum kc_error error = read_properties(tpm, TPM2_PT_VAR, &properties);
    if (error != KC_OK)
        return error;
    status->in_lockout = (property(data, TPM2_PT_PERMANENT) & TPMA_PERMANENT_INLOCKOUT) != 0;
    status->lockout_counter = property(data, TPM2_PT_LOCKOUT_COUNTER);
    status->lockout_max_tries = property(data, TPM2_PT_MAX_AUTH_FAIL);
    status->lockout_interval = property(data, TPM2_PT_LOCKOUT_INTERVAL);
    status->lockout_recovery = property(data, TPM2_PT_LOCKOUT_RECOVERY);
    return KC_OK;
}

static uint8_t bank_of(TPMI_ALG_HASH hash)
{
    switch (hash) {
    case TPM2_ALG_SHA1:
        return KC_ROOT_BANK_SHA1;
    case TPM2_ALG_SHA256:
        return KC_ROOT_BANK_SHA256;
    case TPM2_ALG_SHA384:
        return KC_ROOT_BANK_SHA384;
    case TPM2_ALG_SHA512:
        return KC_ROOT_BANK_SHA512;
    default:
        return 0;
    }
}

/* One bank of a list; 0 if no PCR of it is there. */
static uint8_t read_bank(struct kc_reader *answer)
{
    TPMI_ALG_HASH hash = kc_reader_u16(answer);
    size_t size = kc_reader_u8(answer);
    uint8_t any = 0;
    for (size_t octet = 0; octet < size; octet++)
        any |= kc_reader_u8(answer);
    return any ? bank_of(hash) : 0;
}

static enum kc_error read_banks(struct kc_tpm2 *tpm, struct kc_root_status *status)
{
    KC_AUTO_COMMAND command;
    enum kc_error error = ask(tpm, &command, TPM2_CAP_PCRS, 0, 1);
    if (error != KC_OK)
        return error;
    size_t count = kc_reader_count(&command.answer, TPM2_NUM_PCR_BANKS, 3);
    for (size_t i = 0; i < count; i++)
        status->pcr_banks |= read_bank(&command.answer);
    return kc_command_finish(tpm, &command);
}

enum kc_error kc_status_read(struct kc_tpm2 *tpm, struct kc_root_status *status)
{
    struct kc_root_status read = {.srk_handle = tpm->srk_handle, .pcr_mask = tpm->pcr_mask};
    memcpy(read.srk_name, tpm->pin, sizeof read.srk_name);
    enum kc_error error;
    if ((error = read_identity(tpm, &read)) != KC_OK ||
        (error = read_lockout(tpm, &read)) != KC_OK || (error = read_banks(tpm, &read)) != KC_OK)
        return error;
    *status = read;
    return KC_OK;
}

enum kc_error kc_status_curves(struct kc_tpm2 *tpm, void *curves)
{
    struct kc_status_curves read = {.count = 0};
    KC_AUTO_COMMAND command;
    enum kc_error error = ask(tpm, &command, TPM2_CAP_ECC_CURVES, 0, KC_STATUS_CURVES_MAX);
    if (error != KC_OK)
        return error;
    read.count = kc_reader_count(&command.answer, KC_STATUS_CURVES_MAX, sizeof read.list[0]);
    for (size_t i = 0; i < read.count; i++)
        read.list[i] = kc_reader_u16(&command.answer);
    if ((error = kc_command_finish(tpm, &command)) == KC_OK)
        *(struct kc_status_curves *)curves = read;
    return error;
}
