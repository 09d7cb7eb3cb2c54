/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TPM is asked before it works with something: the description of an NV index, and the
 * loading of an object that is kept outside as a blob.
 */
#ifndef KC_TPM_STORED_H
#define KC_TPM_STORED_H

#include "tpm/command.h"

/* A place in the TPM, and how to say that nothing is there. */
struct kc_stored_index {
    TPM2_HANDLE handle;
    const char *step; /* static text: what is done */
    enum kc_error missing;
    const char *missing_cause; /* static text */
};

/*
 * Reads the description of an NV index. Nothing about it is believed until kc_entity_nv_name of it
 * goes into a command's HMAC.
 *
 * index->missing      nothing is there
 * KC_ERR_ROOT_ANSWER  the answer is no description
 * and those of kc_command_run
 */
KC_CHECKED enum kc_error kc_stored_describe(
    struct kc_tpm2 *tpm, const struct kc_stored_index *index, TPM2B_NV_PUBLIC *description);

/*
 * Loads an object under the storage root key, in an encrypted session.
 *
 * step    static text: what is done
 * object  given: its handle is to be flushed
 *
 * KC_ERR_RECORD_DAMAGED  the TPM does not take the blob
 * and those of kc_command_run
 */
KC_CHECKED enum kc_error kc_stored_load(struct kc_tpm2 *tpm, const char *step,
    const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private, struct kc_entity *object);

#endif
