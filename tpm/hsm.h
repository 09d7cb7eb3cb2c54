/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token behind a PKCS#11 module as a hardware root: the state that hsm_connection, hsm_key,
 * hsm_seal and hsm_status share. They run in the worker's thread and nowhere else.
 */
#ifndef KC_TPM_HSM_H
#define KC_TPM_HSM_H

#include "tpm/hsm_worker.h"
#include "tpm/root_kind.h"

#include <p11-kit/pkcs11.h>

#define KC_HSM_CAUSE_SIZE 200

#define KC_HSM_HOT_MAX 8 /* objects whose handles are remembered */

/* An object of a resident key that was found in this session. */
struct kc_hsm_hot {
    CK_OBJECT_HANDLE object; /* CK_INVALID_HANDLE: none */
    CK_OBJECT_CLASS class;
    uint8_t id[32]; /* CKA_ID, see hsm_resident.h */
};

/* What the worker's thread has; none of it is looked at while it works. */
struct kc_hsm_token {
    char *module_path;
    char *key_label;
    char token_label[KC_HSM_LABEL_SIZE]; /* padded with spaces, as tokens have it */
    uint8_t *pin;                        /* secret: the user's PIN */
    size_t pin_size;
    bool is_pinned;
    uint8_t name[KC_ROOT_NAME_SIZE]; /* what is pinned: see hsm_key.h */

    CK_FUNCTION_LIST *functions; /* NULL: not loaded */
    bool is_initialized;
    bool is_connected; /* session and key are good as far as is known */
    CK_SLOT_ID slot;
    CK_TOKEN_INFO information; /* as it was when the slot was found */
    CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE: none */
    CK_OBJECT_HANDLE key;      /* CK_INVALID_HANDLE until it was found and is the pinned one */
    bool pin_was_refused;      /* never tried again: the token would lock itself */
    struct kc_hsm_hot hot[KC_HSM_HOT_MAX];
    unsigned hot_next;      /* the place that is taken next */
    unsigned points_as_der; /* bit n: algorithm n's peers are given in an OCTET STRING */

    CK_RV code;                    /* of the last failure */
    char cause[KC_HSM_CAUSE_SIZE]; /* the same in words */
};

/* One operation on its way to the worker and back. */
struct kc_hsm_call {
    enum kc_error (*operation)(struct kc_hsm_token *token, struct kc_hsm_call *call);
    bool connects; /* the operation needs the token connected */
    enum kc_error error;
    uint8_t octets[KC_ROOT_RANDOM_MAX]; /* secret: the key, or the random octets */
    size_t size;                        /* of the blob or the random octets */
    uint8_t blob[KC_ROOT_BLOB_MAX];
    uint8_t name[KC_ROOT_NAME_SIZE];
    struct kc_root_status status;
    enum kc_root_head_step head_step;
    enum kc_root_attest_step attest_step;
    uint8_t auth[KC_ROOT_AUTH_SIZE];    /* secret */
    uint8_t content[KC_ROOT_HEAD_SIZE]; /* secret */

    /* of resident keys */
    enum kc_algorithm algorithm;
    enum kc_use use;
    uint8_t tag[KC_ROOT_KEY_TAG_SIZE];
    uint32_t number;
    struct kc_root_made made;
    struct kc_root_key key;               /* its blob lies in blob */
    struct kc_root_use_of_key use_of_key; /* of key; its input lies in input */
    uint8_t input[KC_ROOT_INPUT_MAX];     /* may be secret */
    uint8_t result[KC_ROOT_RESULT_MAX];   /* secret */
    size_t result_size;
    struct kc_root_quirks quirks;
};

struct kc_hsm {
    struct kc_root root; /* first */
    uint32_t deadline_ms;
    bool is_pinned;
    char cause[KC_HSM_CAUSE_SIZE];
    struct kc_hsm_worker worker;
    struct kc_hsm_token token;
    struct kc_hsm_call call;
};

#endif
