/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to a TPM, from the first command to an orderly end. */
#ifndef KC_TPM_CONNECTION_H
#define KC_TPM_CONNECTION_H

#include "tpm/tpm2.h"

/*
 * Connects and flushes what earlier processes left in the TPM: it has room for three objects and
 * three sessions, and one that ended badly leaves its own behind. Behind a resource manager
 * (/dev/tpmrm0, tpm2-abrmd) nothing is flushed. Starts the TPM if nobody has yet.
 */
KC_CHECKED enum kc_error kc_connection_open(struct kc_tpm2 *tpm);

/*
 * Flushes the sessions, shuts the TPM down in order unless a resource manager is there to do that,
 * and disconnects. Fine if not connected.
 */
void kc_connection_close(struct kc_tpm2 *tpm);

/* Disconnects without a word to the TPM: for a connection that failed. */
void kc_connection_drop(struct kc_tpm2 *tpm);

#endif
