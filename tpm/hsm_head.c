/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_head.h"

#include "base/ct.h"
#include "base/reader.h"
#include "base/secret.h"
#include "base/writer.h"
#include "tpm/hsm_connection.h"
#include "tpm/hsm_key.h"

#include <openssl/evp.h>
#include <string.h>

#define DIGEST_SIZE 32
#define VALUE_SIZE (DIGEST_SIZE + 8 + KC_ROOT_HEAD_SIZE)
#define OBJECTS_MAX 4 /* one, or two after an interrupted write; more are not ours */

/* An object's value, in its parts. */
struct value {
    uint8_t digest[DIGEST_SIZE];
    uint64_t sequence;                  /* the higher one is the newer */
    uint8_t content[KC_ROOT_HEAD_SIZE]; /* secret */
};

struct objects {
    CK_OBJECT_HANDLE handle[OBJECTS_MAX];
    CK_ULONG count;
    size_t newest;
    struct value value; /* the newest one's */
};

static char application[] = "custodian: head of the store";

static enum kc_error digest_of(
    struct kc_hsm_token *token, const uint8_t *auth, uint8_t digest[static DIGEST_SIZE])
{
    uint8_t made[EVP_MAX_MD_SIZE];
    if (EVP_Digest(auth, KC_ROOT_AUTH_SIZE, made, NULL, EVP_sha256(), NULL) != 1)
        return kc_hsm_connection_refuse(token, KC_ERR_NO_MEMORY, "compute the head's digest");
    memcpy(digest, made, DIGEST_SIZE);
    return KC_OK;
}

static enum kc_error refuse_foreign(struct kc_hsm_token *token)
{
    return kc_hsm_connection_refuse(
        token, KC_ERR_ROOT_HEAD_TAKEN, "a data object with the head's label is another's");
}

/* --- finding and reading --- */

static enum kc_error search(struct kc_hsm_token *token, struct objects *objects)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_APPLICATION, application, sizeof application - 1},
        {CKA_LABEL, token->key_label, strlen(token->key_label)},
    };
    enum kc_error error = kc_hsm_connection_check(token, "begin to search the head",
        token->functions->C_FindObjectsInit(token->session, template, 4));
    if (error != KC_OK)
        return error;
    error = kc_hsm_connection_check(token, "search the head",
        token->functions->C_FindObjects(
            token->session, objects->handle, OBJECTS_MAX, &objects->count));
    CK_RV ended = token->functions->C_FindObjectsFinal(token->session);
    if (error == KC_OK)
        error = kc_hsm_connection_check(token, "end the search", ended);
    return error;
}

static enum kc_error read_value(struct kc_hsm_token *token, CK_OBJECT_HANDLE object,
    const uint8_t digest[static DIGEST_SIZE], struct value *value)
{
    uint8_t octets[VALUE_SIZE]; /* secret */
    CK_BBOOL is_private = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {
        {CKA_PRIVATE, &is_private, sizeof is_private}, {CKA_VALUE, octets, sizeof octets}};
    CK_RV code = token->functions->C_GetAttributeValue(token->session, object, attributes, 2);
    if (code == CKR_BUFFER_TOO_SMALL)
        return refuse_foreign(token);
    enum kc_error error = kc_hsm_connection_check(token, "read the head", code);
    if (error != KC_OK)
        return error;
    struct kc_reader r;
    kc_reader_init(&r, octets, attributes[1].ulValueLen);
    kc_reader_copy(&r, value->digest, sizeof value->digest);
    value->sequence = kc_reader_u64(&r);
    kc_reader_copy(&r, value->content, sizeof value->content);
    bool is_ours = kc_reader_finish(&r) == KC_OK && is_private &&
                   kc_ct_bytes_equal(value->digest, digest, DIGEST_SIZE);
    kc_wipe(octets, sizeof octets);
    return is_ours ? KC_OK : refuse_foreign(token);
}

/* KC_ERR_ROOT_HEAD: none is there. */
static enum kc_error find(
    struct kc_hsm_token *token, const uint8_t digest[static DIGEST_SIZE], struct objects *objects)
{
    enum kc_error error = search(token, objects);
    if (error == KC_OK && objects->count == 0) {
        error = kc_hsm_key_find_pinned(token); /* nothing is there: is it still the pinned one? */
        return error == KC_OK
                   ? kc_hsm_connection_refuse(token, KC_ERR_ROOT_HEAD, "the token holds no head")
                   : error;
    }
    for (size_t i = 0; error == KC_OK && i < objects->count; i++) {
        struct value value = {0}; /* secret */
        error = read_value(token, objects->handle[i], digest, &value);
        if (error == KC_OK && (i == 0 || value.sequence > objects->value.sequence)) {
            objects->newest = i;
            objects->value = value;
        }
        kc_wipe(&value, sizeof value);
    }
    return error;
}

/* --- writing --- */

static enum kc_error create(struct kc_hsm_token *token, const struct value *value)
{
    uint8_t octets[VALUE_SIZE]; /* secret */
    struct kc_writer w;
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_APPLICATION, application, sizeof application - 1},
        {CKA_LABEL, token->key_label, strlen(token->key_label)},
        {CKA_VALUE, octets, sizeof octets},
    };
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_bytes(&w, value->digest, sizeof value->digest);
    kc_writer_u64(&w, value->sequence);
    kc_writer_bytes(&w, value->content, sizeof value->content);
    enum kc_error error = kc_hsm_connection_check(token, "make the head",
        token->functions->C_CreateObject(
            token->session, template, sizeof template / sizeof template[0], &object));
    kc_wipe(octets, sizeof octets);
    return error;
}

/* All that were found but the one at `kept`: OBJECTS_MAX for none. */
static enum kc_error destroy_others(
    struct kc_hsm_token *token, const struct objects *objects, size_t kept)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < objects->count; i++)
        if (i != kept)
            error = kc_hsm_connection_check(token, "remove the former head",
                token->functions->C_DestroyObject(token->session, objects->handle[i]));
    return error;
}

/* A token that is there and does not take the object is one that has none of its kind. */
static bool has_no_such_objects(CK_RV code)
{
    return code == CKR_ATTRIBUTE_TYPE_INVALID || code == CKR_ATTRIBUTE_VALUE_INVALID ||
           code == CKR_TEMPLATE_INCONSISTENT || code == CKR_FUNCTION_NOT_SUPPORTED ||
           code == CKR_TOKEN_WRITE_PROTECTED || code == CKR_SESSION_READ_ONLY;
}

static enum kc_error make(
    struct kc_hsm_token *token, struct objects *objects, const struct value *value)
{
    enum kc_error error = find(token, value->digest, objects);
    if (error != KC_ERR_ROOT_HEAD)
        return error == KC_OK ? KC_ERR_EXISTS : error;
    error = create(token, value);
    return error != KC_OK && has_no_such_objects(token->code) ? KC_ERR_ROOT_UNFIT : error;
}

/* Few tokens let the value of an object be changed, so there is a new object, then the former one
 * goes. What was interrupted in between, the next reading ends. */
static enum kc_error write_new(
    struct kc_hsm_token *token, struct objects *objects, struct value *value)
{
    enum kc_error error = find(token, value->digest, objects);
    if (error != KC_OK)
        return error;
    value->sequence = objects->value.sequence + 1;
    error = create(token, value);
    return error == KC_OK ? destroy_others(token, objects, OBJECTS_MAX) : error;
}

static enum kc_error read_newest(
    struct kc_hsm_token *token, struct objects *objects, struct value *value)
{
    enum kc_error error = find(token, value->digest, objects);
    if (error == KC_OK)
        error = destroy_others(token, objects, objects->newest);
    if (error == KC_OK)
        *value = objects->value;
    return error;
}

static enum kc_error remove_all(
    struct kc_hsm_token *token, struct objects *objects, const struct value *value)
{
    enum kc_error error = find(token, value->digest, objects);
    return error == KC_OK ? destroy_others(token, objects, OBJECTS_MAX) : error;
}

enum kc_error kc_hsm_head_do(struct kc_hsm_token *token, enum kc_root_head_step step,
    const uint8_t auth[static KC_ROOT_AUTH_SIZE], uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    struct objects objects = {.count = 0}; /* secret */
    struct value value = {.sequence = 1};  /* secret */
    memcpy(value.content, content, sizeof value.content);
    enum kc_error error = digest_of(token, auth, value.digest);
    if (error == KC_OK)
        error = step == KC_ROOT_HEAD_READ     ? read_newest(token, &objects, &value)
                : step == KC_ROOT_HEAD_MAKE   ? make(token, &objects, &value)
                : step == KC_ROOT_HEAD_REMOVE ? remove_all(token, &objects, &value)
                                              : write_new(token, &objects, &value);
    if (error == KC_OK && step == KC_ROOT_HEAD_READ)
        memcpy(content, value.content, sizeof value.content);
    kc_wipe(&objects, sizeof objects);
    kc_wipe(&value, sizeof value);
    return error;
}
