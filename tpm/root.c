/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/root_kind.h"

#include "base/secret.h"

#include <string.h>

void kc_root_free(struct kc_root *root)
{
    if (root)
        root->kind->free(root);
}

enum kc_error kc_root_connect(struct kc_root *root)
{
    return root->kind->connect(root);
}

void kc_root_disconnect(struct kc_root *root)
{
    root->kind->disconnect(root);
}

enum kc_error kc_root_provision(struct kc_root *root, uint8_t srk_name[static KC_ROOT_NAME_SIZE])
{
    return root->kind->provision(root, srk_name);
}

enum kc_error kc_root_seal(struct kc_root *root, const uint8_t key[static KC_ROOT_KEY_SIZE],
    const uint8_t about[static KC_ROOT_ABOUT_SIZE], uint8_t blob[static KC_ROOT_BLOB_MAX],
    size_t *blob_size)
{
    return root->kind->seal(root, key, about, blob, blob_size);
}

enum kc_error kc_root_unseal(struct kc_root *root, const uint8_t *blob, size_t blob_size,
    uint8_t key[static KC_ROOT_KEY_SIZE])
{
    return root->kind->unseal(root, blob, blob_size, key);
}

enum kc_error kc_root_random(struct kc_root *root, uint8_t *random, size_t size)
{
    if (size < 1 || size > KC_ROOT_RANDOM_MAX)
        return KC_ERR_BAD_ARGUMENT;
    return root->kind->random(root, random, size);
}

/* --- resident keys --- */

static bool has_use(enum kc_algorithm algorithm, enum kc_use use)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(algorithm);
    return info && use != KC_USE_NONE && kc_algorithm_can(info, use);
}

enum kc_error kc_root_key_make(struct kc_root *root, enum kc_algorithm algorithm, enum kc_use use,
    const uint8_t auth[static KC_ROOT_AUTH_SIZE], const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE],
    struct kc_root_made *made)
{
    if (!has_use(algorithm, use))
        return KC_ERR_BAD_ARGUMENT;
    return root->kind->key_make(root, algorithm, use, auth, tag, made);
}

enum kc_error kc_root_key_keep(struct kc_root *root, const struct kc_root_key *key)
{
    return root->kind->key_keep(root, key);
}

enum kc_error kc_root_key_left(struct kc_root *root, const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE],
    uint32_t number, struct kc_root_made *left)
{
    return root->kind->key_left(root, tag, number, left);
}

static bool is_digest(struct kc_span input)
{
    return input.size == 32 || input.size == 48 || input.size == 64;
}

static bool is_signable(enum kc_root_scheme scheme, struct kc_span input)
{
    switch (scheme) {
    case KC_ROOT_ECDSA:
    case KC_ROOT_RSA_PKCS1:
    case KC_ROOT_RSA_PSS:
        return is_digest(input);
    case KC_ROOT_EDDSA:
        return input.size <= KC_ROOT_INPUT_MAX;
    case KC_ROOT_RSA_OAEP:
        return false;
    }
    return false;
}

enum kc_error kc_root_key_sign(struct kc_root *root, const struct kc_root_key *key,
    enum kc_root_scheme scheme, struct kc_span input, uint8_t signature[static KC_ROOT_RESULT_MAX],
    size_t *signature_size)
{
    if (!is_signable(scheme, input))
        return KC_ERR_BAD_ARGUMENT;
    const struct kc_root_use_of_key use = {key, KC_ROOT_OPERATION_SIGN, scheme, input};
    return root->kind->key_use(root, &use, signature, signature_size);
}

enum kc_error kc_root_key_agree(struct kc_root *root, const struct kc_root_key *key,
    struct kc_span peer, uint8_t agreed[static KC_ROOT_RESULT_MAX], size_t *agreed_size)
{
    const struct kc_root_use_of_key use = {
        .key = key, .operation = KC_ROOT_OPERATION_AGREE, .input = peer};
    return root->kind->key_use(root, &use, agreed, agreed_size);
}

enum kc_error kc_root_key_decrypt(struct kc_root *root, const struct kc_root_key *key,
    enum kc_root_scheme scheme, struct kc_span ciphertext,
    uint8_t plaintext[static KC_ROOT_RESULT_MAX], size_t *plaintext_size)
{
    if (scheme != KC_ROOT_RSA_OAEP && scheme != KC_ROOT_RSA_PKCS1)
        return KC_ERR_BAD_ARGUMENT;
    const struct kc_root_use_of_key use = {key, KC_ROOT_OPERATION_DECRYPT, scheme, ciphertext};
    return root->kind->key_use(root, &use, plaintext, plaintext_size);
}

enum kc_error kc_root_key_destroy(struct kc_root *root, const struct kc_root_key *key)
{
    return root->kind->key_destroy(root, key);
}

enum kc_error kc_root_find_quirks(struct kc_root *root, struct kc_root_quirks *quirks)
{
    return root->kind->find_quirks ? root->kind->find_quirks(root, quirks) : KC_ERR_ROOT_UNFIT;
}

enum kc_error kc_root_attest(struct kc_root *root, const struct kc_root_attest *request,
    uint8_t evidence[static KC_ROOT_EVIDENCE_MAX], size_t *evidence_size)
{
    if (!root->kind->attest)
        return KC_ERR_ROOT_UNFIT;
    return root->kind->attest(root, request, evidence, evidence_size);
}

enum kc_error kc_root_status(struct kc_root *root, struct kc_root_status *status)
{
    return root->kind->status(root, status);
}

enum kc_error kc_root_head_read(struct kc_root *root, const uint8_t auth[static KC_ROOT_AUTH_SIZE],
    uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    return root->kind->head(root, &(struct kc_root_head){KC_ROOT_HEAD_READ, auth, content});
}

static enum kc_error put_head(struct kc_root *root, enum kc_root_head_step step,
    const uint8_t *auth, const uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    uint8_t copy[KC_ROOT_HEAD_SIZE]; /* secret */
    memcpy(copy, content, sizeof copy);
    enum kc_error error = root->kind->head(root, &(struct kc_root_head){step, auth, copy});
    kc_wipe(copy, sizeof copy);
    return error;
}

enum kc_error kc_root_head_write(struct kc_root *root, const uint8_t auth[static KC_ROOT_AUTH_SIZE],
    const uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    return put_head(root, KC_ROOT_HEAD_WRITE, auth, content);
}

enum kc_error kc_root_head_make(struct kc_root *root, const uint8_t auth[static KC_ROOT_AUTH_SIZE],
    const uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    return put_head(root, KC_ROOT_HEAD_MAKE, auth, content);
}

const char *kc_root_cause(const struct kc_root *root)
{
    return root->kind->cause(root);
}

enum kc_error kc_root_head_remove(
    struct kc_root *root, const uint8_t auth[static KC_ROOT_AUTH_SIZE])
{
    uint8_t unused[KC_ROOT_HEAD_SIZE] = {0};
    return root->kind->head(root, &(struct kc_root_head){KC_ROOT_HEAD_REMOVE, auth, unused});
}

enum kc_error kc_root_retire(struct kc_root *root)
{
    return root->kind->retire ? root->kind->retire(root) : KC_OK;
}
