/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of resident keys in a token: naming, making, finding, destroying them. */
#ifndef KC_TPM_HSM_OBJECT_H
#define KC_TPM_HSM_OBJECT_H

#include "tpm/hsm.h"
#include "tpm/hsm_algorithm.h"

#define KC_HSM_ID_SIZE (KC_ROOT_KEY_TAG_SIZE + 16)
#define KC_HSM_NEW "custodian new"
#define KC_HSM_KEPT "custodian"

/* Which key: what a blob says. */
struct kc_hsm_name {
    const struct kc_hsm_algorithm *algorithm;
    enum kc_use use;
    uint8_t id[KC_HSM_ID_SIZE];
};

/* The blob, both ways. KC_ERR_RECORD_DAMAGED: not such a blob. */
KC_CHECKED enum kc_error kc_hsm_name_write(
    struct kc_hsm_token *token, const struct kc_hsm_name *name, struct kc_root_made *made);
KC_CHECKED enum kc_error kc_hsm_name_read(
    struct kc_hsm_token *token, struct kc_span blob, struct kc_hsm_name *name);

struct kc_hsm_pair {
    CK_OBJECT_HANDLE public, private;
};

/*
 * Makes a pair in the first dialect that the token takes, and says in which.
 *
 * in_token  false: it is gone with the session; for probing
 *
 * KC_ERR_ROOT_UNFIT  the token takes none
 */
KC_CHECKED enum kc_error kc_hsm_pair_make(struct kc_hsm_token *token,
    const struct kc_hsm_name *name, bool in_token, struct kc_hsm_pair *pair,
    const struct kc_hsm_dialect **dialect);

/* Destroys both, the public object first: what is there of a key can be found as long as its private
 * object is. Handles that are CK_INVALID_HANDLE are passed over. */
KC_CHECKED enum kc_error kc_hsm_pair_destroy(
    struct kc_hsm_token *token, const struct kc_hsm_pair *pair);

/* The public key in the form of root.h, and how the token writes points. */
KC_CHECKED enum kc_error kc_hsm_public_read(struct kc_hsm_token *token,
    const struct kc_hsm_algorithm *algorithm, CK_OBJECT_HANDLE object, struct kc_root_made *made,
    bool *is_der);

/*
 * Finds the object of a class with the name's id. What was found lately is remembered, as long as
 * the session lasts.
 *
 * object  CK_INVALID_HANDLE if there is none
 *
 * KC_ERR_ROOT_ANSWER  there are several
 */
KC_CHECKED enum kc_error kc_hsm_object_find(struct kc_hsm_token *token,
    const struct kc_hsm_name *name, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *object);

/* The private one. KC_ERR_ROOT_KEY: there is none. */
KC_CHECKED enum kc_error kc_hsm_private_find(
    struct kc_hsm_token *token, const struct kc_hsm_name *name, CK_OBJECT_HANDLE *key);

/* Sets the label of an object. */
KC_CHECKED enum kc_error kc_hsm_object_label(
    struct kc_hsm_token *token, CK_OBJECT_HANDLE object, const char *label);

#endif
