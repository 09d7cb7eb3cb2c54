/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/mock_root.h"

#include "tests/support/mock_keys.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define BLOB_SIZE (KC_ROOT_KEY_SIZE + KC_MOCK_WRAP_OVERHEAD)

struct mock {
    struct kc_root root; /* first */
    struct kc_mock_hardware *hardware;
    bool is_pinned;
    uint8_t pin[KC_ROOT_NAME_SIZE];
    const char *cause;
};

static struct mock *mock_of(struct kc_root *root)
{
    return (struct mock *)root;
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

static enum kc_error refuse(struct mock *mock, enum kc_error error, const char *cause)
{
    mock->cause = cause;
    return error;
}

/* As of a storage root key: what the key's digest is. */
static void name_of(const struct kc_mock_hardware *hardware, uint8_t name[static KC_ROOT_NAME_SIZE])
{
    name[0] = 0;
    name[1] = 0x0b;
    require(
        EVP_Digest(hardware->key, sizeof hardware->key, name + 2, NULL, EVP_sha256(), NULL) == 1);
}

/* Every operation begins with this. */
static enum kc_error begin(struct mock *mock)
{
    uint8_t name[KC_ROOT_NAME_SIZE];
    mock->cause = "";
    if (!mock->is_pinned)
        return refuse(mock, KC_ERR_ROOT_NOT_PROVISIONED, "nothing is pinned");
    if (!mock->hardware->is_there)
        return refuse(mock, KC_ERR_ROOT_UNAVAILABLE, "it is away");
    name_of(mock->hardware, name);
    if (!mock->hardware->has_key || memcmp(name, mock->pin, sizeof name) != 0)
        return refuse(mock, KC_ERR_ROOT_CHANGED, "it is another");
    return KC_OK;
}

static void mock_free(struct kc_root *root)
{
    free(root);
}

static enum kc_error mock_connect(struct kc_root *root)
{
    return begin(mock_of(root));
}

static void mock_disconnect(struct kc_root *root)
{
    (void)root;
}

static enum kc_error mock_provision(struct kc_root *root, uint8_t *srk_name)
{
    struct mock *mock = mock_of(root);
    struct kc_mock_hardware *hardware = mock->hardware;
    mock->cause = "";
    if (!hardware->is_there)
        return refuse(mock, KC_ERR_ROOT_UNAVAILABLE, "it is away");
    if (!mock->is_pinned && !hardware->has_key) {
        require(RAND_bytes(hardware->key, sizeof hardware->key) == 1);
        hardware->has_key = true;
    }
    if (!mock->is_pinned)
        name_of(hardware, mock->pin);
    mock->is_pinned = true;
    enum kc_error error = begin(mock);
    if (error == KC_OK)
        memcpy(srk_name, mock->pin, sizeof mock->pin);
    return error;
}

/* --- sealing --- */

static const struct kc_span nothing = {NULL, 0};

static enum kc_error mock_seal(struct kc_root *root, const uint8_t *key, const uint8_t *about,
    uint8_t *blob, size_t *blob_size)
{
    (void)about;
    struct mock *mock = mock_of(root);
    enum kc_error error = begin(mock);
    if (error != KC_OK)
        return error;
    kc_mock_wrap(mock->hardware->key, nothing, (struct kc_span){key, KC_ROOT_KEY_SIZE}, blob);
    *blob_size = BLOB_SIZE;
    return KC_OK;
}

static enum kc_error mock_unseal(
    struct kc_root *root, const uint8_t *blob, size_t blob_size, uint8_t *key)
{
    struct mock *mock = mock_of(root);
    uint8_t opened[KC_ROOT_KEY_SIZE];
    enum kc_error error = begin(mock);
    if (error != KC_OK)
        return error;
    struct kc_span wrapped = {blob, blob_size};
    if (blob_size != BLOB_SIZE || !kc_mock_unwrap(mock->hardware->key, nothing, wrapped, opened))
        return refuse(mock, KC_ERR_RECORD_DAMAGED, "the blob does not open");
    memcpy(key, opened, sizeof opened);
    return KC_OK;
}

static enum kc_error mock_random(struct kc_root *root, uint8_t *random, size_t size)
{
    enum kc_error error = begin(mock_of(root));
    if (error == KC_OK)
        require(RAND_bytes(random, (int)size) == 1);
    return error;
}

static enum kc_error mock_status(struct kc_root *root, struct kc_root_status *status)
{
    struct mock *mock = mock_of(root);
    enum kc_error error = begin(mock);
    if (error != KC_OK)
        return error;
    *status = (struct kc_root_status){.manufacturer = "mock", .firmware = "1.0"};
    memcpy(status->srk_name, mock->pin, sizeof status->srk_name);
    return KC_OK;
}

/* --- the head --- */

static enum kc_error mock_head(struct kc_root *root, const struct kc_root_head *head)
{
    struct mock *mock = mock_of(root);
    struct kc_mock_hardware *hardware = mock->hardware;
    enum kc_error error = begin(mock);
    if (error != KC_OK)
        return error;
    bool makes = head->step == KC_ROOT_HEAD_MAKE;
    if (!hardware->has_head && !makes)
        return refuse(mock, KC_ERR_ROOT_HEAD, "there is no head");
    if (hardware->has_head && memcmp(hardware->auth, head->auth, sizeof hardware->auth) != 0)
        return refuse(mock, KC_ERR_ROOT_HEAD_TAKEN, "the head is another's");
    if (hardware->has_head && makes)
        return refuse(mock, KC_ERR_EXISTS, "there is a head");
    if (head->step == KC_ROOT_HEAD_REMOVE) {
        hardware->has_head = false;
        return KC_OK;
    }
    if (head->step == KC_ROOT_HEAD_READ) {
        memcpy(head->content, hardware->head, sizeof hardware->head);
        return KC_OK;
    }
    memcpy(hardware->auth, head->auth, sizeof hardware->auth);
    memcpy(hardware->head, head->content, sizeof hardware->head);
    hardware->has_head = true;
    return KC_OK;
}

/* --- resident keys: they live in their blobs --- */

static enum kc_error say(struct mock *mock, enum kc_error error)
{
    return error == KC_OK ? KC_OK : refuse(mock, error, "the key is not there or not for this");
}

static enum kc_error mock_key_make(struct kc_root *root, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t *auth, const uint8_t *tag, struct kc_root_made *made)
{
    (void)tag;
    struct mock *mock = mock_of(root);
    enum kc_error error = begin(mock);
    if (error != KC_OK)
        return error;
    return say(mock, kc_mock_key_make(mock->hardware->key, algorithm, use, auth, made));
}

/* Nothing to be done, to keep one and to destroy one. */
static enum kc_error mock_key_keep(struct kc_root *root, const struct kc_root_key *key)
{
    (void)key;
    return begin(mock_of(root));
}

static enum kc_error mock_key_left(
    struct kc_root *root, const uint8_t *tag, uint32_t number, struct kc_root_made *left)
{
    (void)tag;
    (void)number;
    enum kc_error error = begin(mock_of(root));
    if (error == KC_OK)
        left->blob_size = 0;
    return error;
}

static enum kc_error mock_key_use(struct kc_root *root, const struct kc_root_use_of_key *use,
    uint8_t *result, size_t *result_size)
{
    struct mock *mock = mock_of(root);
    enum kc_error error = begin(mock);
    if (error != KC_OK)
        return error;
    return say(mock, kc_mock_key_use(mock->hardware->key, use, result, result_size));
}

static const char *mock_cause(const struct kc_root *root)
{
    return ((const struct mock *)root)->cause;
}

static const struct kc_root_kind mock_kind = {
    .free = mock_free,
    .connect = mock_connect,
    .disconnect = mock_disconnect,
    .provision = mock_provision,
    .seal = mock_seal,
    .unseal = mock_unseal,
    .random = mock_random,
    .status = mock_status,
    .head = mock_head,
    .key_make = mock_key_make,
    .key_keep = mock_key_keep,
    .key_left = mock_key_left,
    .key_use = mock_key_use,
    .key_destroy = mock_key_keep,
    .cause = mock_cause,
};

struct kc_root *kc_mock_root_new(struct kc_mock_hardware *hardware, const uint8_t *name)
{
    struct mock *mock = malloc(sizeof *mock);
    require(mock != NULL);
    *mock = (struct mock){
        .root = {&mock_kind}, .hardware = hardware, .is_pinned = name != NULL, .cause = ""};
    if (name)
        memcpy(mock->pin, name, sizeof mock->pin);
    return &mock->root;
}
