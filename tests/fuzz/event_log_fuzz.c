/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a log says, only PCRs that there are come out, and their values only from events. */
#include "tests/fuzz/fuzz.h"

#include "tpm/event_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_pcr_values values = {.mask = UINT32_MAX};
    enum kc_error error = kc_event_log_replay((struct kc_span){bytes, size}, &values);
    fuzz_must(error == KC_OK ? values.mask >> KC_PCR_COUNT == 0 : values.mask == UINT32_MAX);
    return 0;
}
