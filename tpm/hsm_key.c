/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_key.h"

#include "base/writer.h"
#include "tpm/hsm_connection.h"

#include <openssl/evp.h>
#include <string.h>

#define KEY_SIZE 32
#define NAME_KIND 0xff01 /* no algorithm of a TPM's Names has this number */
#define IDENTITY_SIZE 16
#define CHECK_SIZE 16

/* --- the Name --- */

static enum kc_error read_identity(
    struct kc_hsm_token *token, uint8_t identity[static IDENTITY_SIZE])
{
    const CK_TOKEN_INFO *information = &token->information;
    uint8_t octets[sizeof information->manufacturerID + sizeof information->model +
                   sizeof information->serialNumber];
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct kc_writer w;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_bytes(&w, information->manufacturerID, sizeof information->manufacturerID);
    kc_writer_bytes(&w, information->model, sizeof information->model);
    kc_writer_bytes(&w, information->serialNumber, sizeof information->serialNumber);
    if (kc_writer_finish(&w) != KC_OK ||
        EVP_Digest(octets, sizeof octets, digest, NULL, EVP_sha256(), NULL) != 1)
        return kc_hsm_connection_refuse(token, KC_ERR_NO_MEMORY, "compute the token's identity");
    memcpy(identity, digest, IDENTITY_SIZE);
    return KC_OK;
}

/* No message of a few blocks has a counter block that is this one. */
static enum kc_error read_check_value(
    struct kc_hsm_token *token, CK_OBJECT_HANDLE key, uint8_t value[static CHECK_SIZE])
{
    CK_BYTE block[] = "custodian pin v1";
    CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
    CK_ULONG size = CHECK_SIZE;
    enum kc_error error = kc_hsm_connection_check(token, "begin to check the wrapping key",
        token->functions->C_EncryptInit(token->session, &ecb, key));
    if (error == KC_OK)
        error = kc_hsm_connection_check(token, "check the wrapping key",
            token->functions->C_Encrypt(token->session, block, CHECK_SIZE, value, &size));
    if (error == KC_OK && size != CHECK_SIZE)
        error = kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_ANSWER, "the check value has not the size of a block");
    return error;
}

enum kc_error kc_hsm_key_name(
    struct kc_hsm_token *token, CK_OBJECT_HANDLE key, uint8_t name[static KC_ROOT_NAME_SIZE])
{
    uint8_t identity[IDENTITY_SIZE], check_value[CHECK_SIZE];
    struct kc_writer w;
    enum kc_error error = read_identity(token, identity);
    if (error == KC_OK)
        error = read_check_value(token, key, check_value);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, name, KC_ROOT_NAME_SIZE);
    kc_writer_u16(&w, NAME_KIND);
    kc_writer_bytes(&w, identity, sizeof identity);
    kc_writer_bytes(&w, check_value, sizeof check_value);
    return kc_writer_finish(&w);
}

enum kc_error kc_hsm_key_check_identity(struct kc_hsm_token *token)
{
    static const uint8_t kind[] = {NAME_KIND >> 8, NAME_KIND & 0xff};
    uint8_t identity[IDENTITY_SIZE];
    enum kc_error error = read_identity(token, identity);
    if (error != KC_OK)
        return error;
    if (memcmp(token->name, kind, sizeof kind) != 0 ||
        memcmp(token->name + sizeof kind, identity, sizeof identity) != 0)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_CHANGED, "the token's serial number is not the pinned one");
    return KC_OK;
}

/* --- finding it --- */

static enum kc_error search(
    struct kc_hsm_token *token, CK_OBJECT_HANDLE found[static 2], CK_ULONG *found_count)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_LABEL, token->key_label, strlen(token->key_label)},
    };
    enum kc_error error = kc_hsm_connection_check(token, "begin to search the wrapping key",
        token->functions->C_FindObjectsInit(token->session, template, 3));
    if (error != KC_OK)
        return error;
    error = kc_hsm_connection_check(token, "search the wrapping key",
        token->functions->C_FindObjects(token->session, found, 2, found_count));
    CK_RV ended = token->functions->C_FindObjectsFinal(token->session);
    if (error == KC_OK)
        error = kc_hsm_connection_check(token, "end the search", ended);
    return error;
}

/* A key that could be read out, or was once outside, is none that this root alone has. */
static enum kc_error examine(struct kc_hsm_token *token, CK_OBJECT_HANDLE key)
{
    CK_KEY_TYPE type = 0;
    CK_ULONG size = 0;
    CK_BBOOL is_hidden = CK_FALSE, was_hidden = CK_FALSE, is_extractable = CK_TRUE,
             stayed_inside = CK_FALSE, encrypts = CK_FALSE, decrypts = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_VALUE_LEN, &size, sizeof size},
        {CKA_SENSITIVE, &is_hidden, sizeof is_hidden},
        {CKA_ALWAYS_SENSITIVE, &was_hidden, sizeof was_hidden},
        {CKA_EXTRACTABLE, &is_extractable, sizeof is_extractable},
        {CKA_NEVER_EXTRACTABLE, &stayed_inside, sizeof stayed_inside},
        {CKA_ENCRYPT, &encrypts, sizeof encrypts},
        {CKA_DECRYPT, &decrypts, sizeof decrypts},
    };
    CK_ULONG count = sizeof attributes / sizeof attributes[0];
    enum kc_error error = kc_hsm_connection_check(token, "read the wrapping key's attributes",
        token->functions->C_GetAttributeValue(token->session, key, attributes, count));
    if (error != KC_OK)
        return error;
    bool fits = type == CKK_AES && size == KEY_SIZE && is_hidden && was_hidden && !is_extractable &&
                stayed_inside && encrypts && decrypts;
    return fits ? KC_OK
                : kc_hsm_connection_refuse(token, KC_ERR_ROOT_HANDLE,
                      "what has the label of root.key_label is no AES-256 key that never left the "
                      "token");
}

enum kc_error kc_hsm_key_find(struct kc_hsm_token *token, CK_OBJECT_HANDLE *key)
{
    CK_OBJECT_HANDLE found[2];
    CK_ULONG found_count = 0;
    enum kc_error error = search(token, found, &found_count);
    if (error != KC_OK)
        return error;
    if (found_count == 0)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_NOT_PROVISIONED, "no key of the token has the label");
    if (found_count > 1)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_HANDLE, "several keys have the label of root.key_label");
    if ((error = examine(token, found[0])) != KC_OK)
        return error;
    *key = found[0];
    return KC_OK;
}

enum kc_error kc_hsm_key_find_pinned(struct kc_hsm_token *token)
{
    uint8_t name[KC_ROOT_NAME_SIZE];
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    enum kc_error error = kc_hsm_key_find(token, &key);
    if (error == KC_ERR_ROOT_NOT_PROVISIONED || error == KC_ERR_ROOT_HANDLE)
        return KC_ERR_ROOT_CHANGED; /* there was one when it was pinned */
    if (error != KC_OK || (error = kc_hsm_key_name(token, key, name)) != KC_OK)
        return error;
    if (memcmp(name, token->name, sizeof name) != 0)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_CHANGED, "the wrapping key is not the pinned one");
    token->key = key;
    return KC_OK;
}

/* --- making it --- */

enum kc_error kc_hsm_key_make(struct kc_hsm_token *token)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ULONG size = KEY_SIZE;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_VALUE_LEN, &size, sizeof size},
        {CKA_LABEL, token->key_label, strlen(token->key_label)},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes},
        {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_ENCRYPT, &yes, sizeof yes},
        {CKA_DECRYPT, &yes, sizeof yes},
        {CKA_WRAP, &no, sizeof no},
        {CKA_UNWRAP, &no, sizeof no},
    };
    CK_MECHANISM generation = {CKM_AES_KEY_GEN, NULL, 0};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    return kc_hsm_connection_check(token, "make the wrapping key",
        token->functions->C_GenerateKey(
            token->session, &generation, template, sizeof template / sizeof template[0], &key));
}
