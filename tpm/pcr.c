/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/pcr.h"

#include "tpm/code.h"
#include "tpm/command.h"

#include <tss2/tss2_mu.h>

#define SELECT_SIZE 3 /* octets for 24 PCRs */

TPML_PCR_SELECTION kc_pcr_selection(uint32_t mask)
{
    return (TPML_PCR_SELECTION){
        .count = 1,
        .pcrSelections = {{
            .hash = TPM2_ALG_SHA256,
            .sizeofSelect = SELECT_SIZE,
            .pcrSelect = {(BYTE)mask, (BYTE)(mask >> 8), (BYTE)(mask >> 16)},
        }},
    };
}

/* --- reading --- */

/* Which PCRs an answer has: some of those asked for, of our bank alone. 0: none, or malformed. */
static uint32_t read_mask(struct kc_reader *answer, uint32_t asked)
{
    size_t count = kc_reader_count(answer, 1, 3 + SELECT_SIZE);
    if (count != 1 || kc_reader_u16(answer) != TPM2_ALG_SHA256 ||
        kc_reader_u8(answer) != SELECT_SIZE)
        return 0;
    uint32_t mask = kc_reader_u8(answer);
    mask |= (uint32_t)kc_reader_u8(answer) << 8;
    mask |= (uint32_t)kc_reader_u8(answer) << 16;
    return mask & ~asked ? 0 : mask;
}

static void read_values(struct kc_command *command, uint32_t mask, struct kc_pcr_values *values)
{
    size_t count = kc_reader_count(&command->answer, KC_ROOT_PCR_COUNT, 2 + KC_PCR_SIZE);
    for (unsigned i = 0; i < KC_ROOT_PCR_COUNT; i++) {
        if (!(mask >> i & 1))
            continue;
        if (count-- == 0 || kc_reader_u16(&command->answer) != KC_PCR_SIZE)
            kc_reader_fail(&command->answer);
        kc_reader_copy(&command->answer, values->value[i], KC_PCR_SIZE);
    }
}

/* As many as the TPM gives at once: eight, usually. The counter changes when any PCR does. */
static enum kc_error read_some(
    struct kc_tpm2 *tpm, uint32_t asked, struct kc_pcr_values *values, uint32_t *counter)
{
    const TPML_PCR_SELECTION pcrs = kc_pcr_selection(asked);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "read PCRs", TPM2_CC_PCR_Read, 0);
    kc_command_pcrs(&command, &pcrs);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK)
        return error;
    *counter = kc_reader_u32(&command.answer);
    uint32_t mask = read_mask(&command.answer, asked);
    if (mask == 0)
        return kc_code_refuse(
            tpm, KC_ERR_ROOT_ANSWER, "the TPM does not have these PCRs in its SHA-256 bank");
    read_values(&command, mask, values);
    values->mask |= mask;
    return kc_command_finish(tpm, &command);
}

enum kc_error kc_pcr_read(struct kc_tpm2 *tpm, uint32_t mask, struct kc_pcr_values *values)
{
    struct kc_pcr_values read = {.mask = 0};
    uint32_t first = 0, counter = 0;
    while (read.mask != mask) {
        bool is_first = read.mask == 0;
        enum kc_error error = read_some(tpm, mask & ~read.mask, &read, &counter);
        if (error != KC_OK)
            return error;
        if (is_first)
            first = counter;
        if (counter != first)
            return kc_code_refuse(tpm, KC_ERR_ROOT_UNAVAILABLE, "PCRs changed while being read");
    }
    *values = read;
    return KC_OK;
}
