/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of what firmware measured, replayed: the values that its PCRs have after it (TCG PC Client
 * Platform Firmware Profile, section 10: the crypto agile form, which Linux shows as
 * /sys/kernel/security/tpm0/binary_bios_measurements). Of the SHA-256 bank.
 */
#ifndef KC_TPM_EVENT_LOG_H
#define KC_TPM_EVENT_LOG_H

#include "base/reader.h"
#include "tpm/pcr_values.h"

#define KC_EVENT_LOG_MAX ((size_t)1 << 20) /* octets */

/*
 * log     untrusted
 * values  of those PCRs that the log extends
 *
 * KC_ERR_BAD_REQUEST  it is malformed, of the older form, or without SHA-256
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_event_log_replay(struct kc_span log, struct kc_pcr_values *values);

#endif
