/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of hardware root implements: the functions of root.h of the same names, whose
 * contracts are there. A kind embeds struct kc_root as the first member of its own structure.
 */
#ifndef KC_TPM_ROOT_KIND_H
#define KC_TPM_ROOT_KIND_H

#include "tpm/root.h"

/*
 * What is in a token's blob where a TPM's, which is DER, begins with 30: no kind of root takes
 * another's for its own.
 */
enum kc_root_blob_kind {
    KC_ROOT_BLOB_HSM = 1,
    KC_ROOT_BLOB_TPM2_KEY = 2, /* resident keys */
    KC_ROOT_BLOB_HSM_KEY = 3,
};

enum kc_root_operation {
    KC_ROOT_OPERATION_SIGN,
    KC_ROOT_OPERATION_AGREE,
    KC_ROOT_OPERATION_DECRYPT
};

/* One use of a resident key: kc_root_key_sign, _agree, _decrypt. */
struct kc_root_use_of_key {
    const struct kc_root_key *key;
    enum kc_root_operation operation;
    enum kc_root_scheme scheme; /* not to agree */
    struct kc_span input;       /* digest or message, peer, ciphertext */
};

enum kc_root_head_step {
    KC_ROOT_HEAD_READ,
    KC_ROOT_HEAD_WRITE,
    KC_ROOT_HEAD_MAKE,
    KC_ROOT_HEAD_REMOVE
};

/* One of kc_root_head_read, _write, _make, _remove. */
struct kc_root_head {
    enum kc_root_head_step step;
    const uint8_t *auth;
    uint8_t *content; /* read into, or written from; of no meaning to REMOVE */
};

struct kc_root_kind {
    void (*free)(struct kc_root *root);
    enum kc_error (*connect)(struct kc_root *root);
    void (*disconnect)(struct kc_root *root);
    enum kc_error (*provision)(struct kc_root *root, uint8_t *srk_name);
    enum kc_error (*seal)(struct kc_root *root, const uint8_t *key, const uint8_t *about,
        uint8_t *blob, size_t *blob_size);
    enum kc_error (*unseal)(
        struct kc_root *root, const uint8_t *blob, size_t blob_size, uint8_t *key);
    enum kc_error (*random)(struct kc_root *root, uint8_t *random, size_t size);
    enum kc_error (*key_make)(struct kc_root *root, enum kc_algorithm algorithm, enum kc_use use,
        const uint8_t *auth, const uint8_t *tag, struct kc_root_made *made);
    enum kc_error (*key_keep)(struct kc_root *root, const struct kc_root_key *key);
    enum kc_error (*key_left)(
        struct kc_root *root, const uint8_t *tag, uint32_t number, struct kc_root_made *left);
    enum kc_error (*key_use)(struct kc_root *root, const struct kc_root_use_of_key *use,
        uint8_t *result, size_t *result_size);
    enum kc_error (*key_destroy)(struct kc_root *root, const struct kc_root_key *key);
    /* NULL: KC_ERR_ROOT_UNFIT */
    enum kc_error (*find_quirks)(struct kc_root *root, struct kc_root_quirks *quirks);
    /* NULL: KC_ERR_ROOT_UNFIT */
    enum kc_error (*attest)(struct kc_root *root, const struct kc_root_attest *request,
        uint8_t *evidence, size_t *evidence_size);
    enum kc_error (*status)(struct kc_root *root, struct kc_root_status *status);
    enum kc_error (*head)(struct kc_root *root, const struct kc_root_head *head);
    /* NULL: nothing in it is the custodian's alone */
    enum kc_error (*retire)(struct kc_root *root);
    const char *(*cause)(const struct kc_root *root);
};

struct kc_root {
    const struct kc_root_kind *kind;
};

#endif
