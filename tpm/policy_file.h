/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed policies as text: what `custodian policy` writes, and root.policy_file holds, one after the
 * other.
 *
 *   custodian-policy 1
 *   host HEX            the Name of the SRK
 *   class sealing-key
 *   counter HEX         the Name of the counter
 *   version NUMBER      it holds as long as the counter is not above this
 *   pcr NUMBER HEX      for each PCR, ascending; bank SHA-256
 *   signature HEX       r and s; missing as long as it is not signed
 */
#ifndef KC_TPM_POLICY_FILE_H
#define KC_TPM_POLICY_FILE_H

#include "tpm/policy.h"

#include <stddef.h>

#define KC_POLICY_TEXT_MAX 2560 /* octets of one, with a zero */

/* Writes one, with a zero at its end. */
void kc_policy_file_write(
    const struct kc_signed_policy *policy, char text[static KC_POLICY_TEXT_MAX]);

/*
 * Reads all policies of a text.
 *
 * policies  room for `most`
 * line      written on KC_ERR_CONFIG: the number of the first line that is wrong, from 1
 *
 * KC_ERR_CONFIG  a line is wrong or missing, or there are more than `most`
 */
KC_CHECKED enum kc_error kc_policy_file_read(const char *text, struct kc_signed_policy *policies,
    size_t most, size_t *count, unsigned *line);

#endif
