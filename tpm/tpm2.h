/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM 2.0 as a hardware root: the state that its parts share, from the connection to the seal.
 */
#ifndef KC_TPM_TPM2_H
#define KC_TPM_TPM2_H

#include "tpm/entity.h"
#include "tpm/policy.h"
#include "tpm/root_kind.h"
#include "tpm/session.h"
#include "tpm/tcti.h"

#define KC_TPM2_CAUSE_SIZE 200

#define KC_TPM2_HOT_MAX 2 /* resident keys that stay loaded */

/* A resident key that is loaded. */
struct kc_tpm2_hot {
    struct kc_entity object; /* nothing: the place is empty */
    uint8_t digest[32];      /* SHA-256 of its blob */
    uint64_t used;           /* the use that was its last; the smallest goes first */
};

struct kc_tpm2 {
    struct kc_root root; /* first */
    struct kc_address address;
    uint32_t srk_handle, head_handle;
    uint32_t deadline_ms;
    uint32_t pcr_mask;
    bool is_pinned;
    bool has_policy; /* new keys are sealed to what its key approves */
    struct kc_policy_settings policy_settings;
    bool connects_once;
    bool has_connected;
    uint8_t pin[KC_ROOT_NAME_SIZE];

    struct kc_tcti tcti;
    bool is_connected;
    struct kc_entity srk;      /* nothing until its Name was compared with the pin */
    TPM2B_PUBLIC srk_public;   /* what that Name is the digest of */
    struct kc_session session; /* salted to the SRK: the standing one */
    struct kc_session policy;  /* the same, for policies; started when first needed */
    bool is_spoiled;           /* a flush failed */
    struct kc_tpm2_hot hot[KC_TPM2_HOT_MAX];
    uint64_t uses; /* of resident keys, counted */

    TSS2_RC code;                   /* of the last failure, of a TPM or transport; or success */
    char cause[KC_TPM2_CAUSE_SIZE]; /* the same in words */
};

/* The root as this kind, for what only a TPM can do; NULL if it is of another kind. */
struct kc_tpm2 *kc_tpm2_of(struct kc_root *root);

/*
 * Runs an operation on a connection that was checked; once more if an old one turned out to have
 * died. Lets go of a connection that failed.
 */
KC_CHECKED enum kc_error kc_tpm2_run(struct kc_tpm2 *tpm,
    enum kc_error (*operation)(struct kc_tpm2 *tpm, void *arguments), void *arguments);

#endif
