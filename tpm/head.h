/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head in a TPM: one ordinary NV index (TPM 2.0, part 1, section 37), with an authorisation value
 * for reading and for writing, outside of the dictionary-attack protection. It is read and written
 * under the salted session, its content encrypted both ways. An index with other attributes, of
 * another size or with another authorisation value is somebody else's.
 *
 * The contracts are those of kc_root_head_read, _write, _make and _remove; the TPM is connected.
 */
#ifndef KC_TPM_HEAD_H
#define KC_TPM_HEAD_H

#include "tpm/tpm2.h"

KC_CHECKED enum kc_error kc_head_do(struct kc_tpm2 *tpm, const struct kc_root_head *head);

#endif
