/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to a TPM, from the first command to an orderly end, and the one place where its
 * codes become ours. */
#ifndef KC_TPM_CONNECTION_H
#define KC_TPM_CONNECTION_H

#include "tpm/tpm2.h"

/*
 * Connects and flushes what earlier processes left in the TPM: it has room for three objects and
 * three sessions, and one that ended badly leaves its own behind. Behind a resource manager
 * (/dev/tpmrm0) others' are not seen and not touched.
 */
KC_CHECKED enum kc_error kc_connection_open(struct kc_tpm2 *tpm);

/* Flushes the session, shuts the TPM down in order and disconnects. Fine if not connected. */
void kc_connection_close(struct kc_tpm2 *tpm);

/* Disconnects without a word to the TPM: for a connection that failed. */
void kc_connection_drop(struct kc_tpm2 *tpm);

/*
 * Flushes an object or session of ours and forgets its handle. Fine with
 * ESYS_TR_NONE. If that fails the connection is spoiled: to be dropped after the
 * operation; the next one flushes what stays.
 */
void kc_connection_flush(struct kc_tpm2 *tpm, ESYS_TR *handle);

/*
 * The result of a call into the library as an error of ours; a failure is kept as the root's cause.
 *
 * step  static text: what was tried
 */
KC_CHECKED enum kc_error kc_connection_check(struct kc_tpm2 *tpm, const char *step, TSS2_RC code);

/* Sets a cause that did not come from the library, and returns the error. */
KC_CHECKED enum kc_error kc_connection_refuse(
    struct kc_tpm2 *tpm, enum kc_error error, const char *reason);

/* Whether a code says: the same again, a little later. */
bool kc_connection_is_busy(TSS2_RC code);

/* Whether a code says that the connection, or what it had in the TPM, is gone and a new one may do.
 */
bool kc_connection_is_stale(TSS2_RC code);

/* Whether the TPM refused a parameter of the command, as opposed to a handle or a session. */
bool kc_connection_refuses_parameter(TSS2_RC code);

/* Whether it refused because of an authorisation value (or because an HMAC was wrong). */
bool kc_connection_wants_authorisation(TSS2_RC code);

#endif
