/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's response codes, and the transports', as errors of ours: the one place where they are
 * translated (TPM 2.0 Library, part 2, section 6.6).
 */
#ifndef KC_TPM_CODE_H
#define KC_TPM_CODE_H

#include "tpm/tpm2.h"

/*
 * The result of a step as an error of ours; a failure is kept as the root's cause.
 *
 * step  static text: what was tried
 * code  the TPM's, or a transport's (tcti.h)
 */
KC_CHECKED enum kc_error kc_code_check(struct kc_tpm2 *tpm, const char *step, TSS2_RC code);

/* Sets a cause that is no code, and returns the error. */
KC_CHECKED enum kc_error kc_code_refuse(
    struct kc_tpm2 *tpm, enum kc_error error, const char *reason);

/* Whether a code says: the same again, a little later. The TPM has done nothing of the command. */
bool kc_code_is_busy(TSS2_RC code);

/* Whether a code says that the connection, or what it had in the TPM, is gone: a new one may do. */
bool kc_code_is_stale(TSS2_RC code);

/* Whether a code says that the TPM has no room for one more object or session. */
bool kc_code_is_full(TSS2_RC code);

/* Whether the TPM refused a parameter of the command, as opposed to a handle or a session. */
bool kc_code_refuses_parameter(TSS2_RC code);

/* Whether nothing is at the first handle that the command named. */
bool kc_code_misses_handle(TSS2_RC code);

/* Whether it refused because of an authorisation value (or because an HMAC was wrong). */
bool kc_code_wants_authorisation(TSS2_RC code);

#endif
