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
    uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size)
{
    return root->kind->seal(root, key, blob, blob_size);
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
