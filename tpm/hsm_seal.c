/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_seal.h"

#include "base/ct.h"
#include "base/reader.h"
#include "base/secret.h"
#include "base/writer.h"
#include "tpm/hsm_connection.h"
#include "tpm/hsm_key.h"

#include <string.h>
#include <sys/random.h>

#define BLOB_VERSION 1
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define CIPHERTEXT_SIZE (KC_ROOT_KEY_SIZE + TAG_SIZE)

/* A blob that was read, or is to be written. */
struct sealed {
    uint8_t nonce[NONCE_SIZE];
    uint8_t ciphertext[CIPHERTEXT_SIZE];
};

/* --- the blob --- */

static enum kc_error write_blob(
    const struct sealed *sealed, uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size)
{
    struct kc_writer w;
    kc_writer_init(&w, blob, KC_ROOT_BLOB_MAX);
    kc_writer_u8(&w, BLOB_VERSION);
    kc_writer_u8(&w, KC_ROOT_BLOB_HSM);
    kc_writer_bytes(&w, sealed->nonce, sizeof sealed->nonce);
    kc_writer_bytes(&w, sealed->ciphertext, sizeof sealed->ciphertext);
    enum kc_error error = kc_writer_finish(&w);
    if (error == KC_OK)
        *blob_size = w.size;
    return error;
}

static enum kc_error read_blob(
    struct kc_hsm_token *token, const uint8_t *blob, size_t blob_size, struct sealed *sealed)
{
    struct kc_reader r;
    kc_reader_init(&r, blob, blob_size);
    uint8_t version = kc_reader_u8(&r);
    uint8_t kind = kc_reader_u8(&r);
    kc_reader_copy(&r, sealed->nonce, sizeof sealed->nonce);
    kc_reader_copy(&r, sealed->ciphertext, sizeof sealed->ciphertext);
    if (kc_reader_finish(&r) != KC_OK || version != BLOB_VERSION || kind != KC_ROOT_BLOB_HSM)
        return kc_hsm_connection_refuse(
            token, KC_ERR_RECORD_DAMAGED, "the blob is not well formed");
    return KC_OK;
}

/* --- the cipher --- */

struct cipher {
    uint8_t associated[2 + KC_ROOT_NAME_SIZE];
    CK_GCM_PARAMS parameters;
    CK_MECHANISM mechanism;
};

/* cipher, nonce  stay where they are as long as the cipher is used */
static void init_cipher(
    struct cipher *cipher, const struct kc_hsm_token *token, uint8_t nonce[static NONCE_SIZE])
{
    cipher->associated[0] = BLOB_VERSION;
    cipher->associated[1] = KC_ROOT_BLOB_HSM;
    memcpy(cipher->associated + 2, token->name, sizeof token->name);
    cipher->parameters = (CK_GCM_PARAMS){
        .iv_ptr = nonce,
        .iv_len = NONCE_SIZE,
        .iv_bits = (CK_ULONG)NONCE_SIZE * 8,
        .aad_ptr = cipher->associated,
        .aad_len = sizeof cipher->associated,
        .tag_bits = (CK_ULONG)TAG_SIZE * 8,
    };
    cipher->mechanism = (CK_MECHANISM){CKM_AES_GCM, &cipher->parameters, sizeof cipher->parameters};
}

static enum kc_error encrypt(
    struct kc_hsm_token *token, const uint8_t key[static KC_ROOT_KEY_SIZE], struct sealed *sealed)
{
    struct cipher cipher;
    uint8_t plaintext[KC_ROOT_KEY_SIZE]; /* secret: the module takes no const */
    CK_ULONG size = sizeof sealed->ciphertext;
    if (getrandom(sealed->nonce, sizeof sealed->nonce, 0) != (ssize_t)sizeof sealed->nonce)
        return kc_hsm_connection_refuse(token, KC_ERR_RANDOM, "the kernel gives no nonce");
    init_cipher(&cipher, token, sealed->nonce);
    memcpy(plaintext, key, sizeof plaintext);
    enum kc_error error = kc_hsm_connection_check(token, "begin to seal",
        token->functions->C_EncryptInit(token->session, &cipher.mechanism, token->key));
    if (error == KC_OK)
        error = kc_hsm_connection_check(token, "seal",
            token->functions->C_Encrypt(
                token->session, plaintext, sizeof plaintext, sealed->ciphertext, &size));
    kc_wipe(plaintext, sizeof plaintext);
    if (error == KC_OK && size != sizeof sealed->ciphertext)
        error = kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_ANSWER, "what was sealed has not the size that it must have");
    return error;
}

/* opened  as large as the ciphertext: some tokens want that, though less comes out */
static enum kc_error try_to_decrypt(struct kc_hsm_token *token, struct sealed *sealed,
    uint8_t opened[static CIPHERTEXT_SIZE], CK_ULONG *size)
{
    struct cipher cipher;
    init_cipher(&cipher, token, sealed->nonce);
    *size = CIPHERTEXT_SIZE;
    enum kc_error error = kc_hsm_connection_check(token, "begin to open a blob",
        token->functions->C_DecryptInit(token->session, &cipher.mechanism, token->key));
    if (error != KC_OK)
        return error;
    return kc_hsm_connection_check(token, "open a blob",
        token->functions->C_Decrypt(
            token->session, sealed->ciphertext, sizeof sealed->ciphertext, opened, size));
}

/* Tokens do not agree on how they say that a tag is wrong, and some say just that something failed.
 */
static bool may_mean_the_blob(CK_RV code)
{
    return code == CKR_GENERAL_ERROR || code == CKR_FUNCTION_FAILED || code == CKR_DATA_INVALID ||
           code == CKR_DATA_LEN_RANGE;
}

/* A token that works with the wrapping key, and refuses the blob once more, does mean the blob. */
static enum kc_error try_again(struct kc_hsm_token *token, struct sealed *sealed,
    uint8_t opened[static CIPHERTEXT_SIZE], CK_ULONG *size)
{
    uint8_t name[KC_ROOT_NAME_SIZE];
    enum kc_error error = kc_hsm_key_name(token, token->key, name);
    if (error == KC_OK)
        error = try_to_decrypt(token, sealed, opened, size);
    if (error == KC_OK || !may_mean_the_blob(token->code))
        return error;
    return kc_hsm_connection_refuse(token, KC_ERR_RECORD_DAMAGED, "the blob does not open");
}

static enum kc_error decrypt(
    struct kc_hsm_token *token, struct sealed *sealed, uint8_t key[static KC_ROOT_KEY_SIZE])
{
    uint8_t opened[CIPHERTEXT_SIZE] = {0}; /* secret */
    CK_ULONG size = 0;
    enum kc_error error = try_to_decrypt(token, sealed, opened, &size);
    if (error != KC_OK && may_mean_the_blob(token->code))
        error = try_again(token, sealed, opened, &size);
    if (error == KC_OK && size != KC_ROOT_KEY_SIZE)
        error = kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_ANSWER, "what was opened has not the size of a key");
    if (error == KC_OK)
        memcpy(key, opened, KC_ROOT_KEY_SIZE);
    kc_wipe(opened, sizeof opened);
    return error;
}

/* --- sealing and opening --- */

/* A sealing key that does not come back is all of its keys lost, so it is opened once before anyone
 * relies on it. */
static enum kc_error try_sealed(
    struct kc_hsm_token *token, struct sealed *sealed, const uint8_t key[static KC_ROOT_KEY_SIZE])
{
    uint8_t opened[KC_ROOT_KEY_SIZE] = {0}; /* secret */
    enum kc_error error = decrypt(token, sealed, opened);
    if (error == KC_ERR_RECORD_DAMAGED ||
        (error == KC_OK && !kc_ct_bytes_equal(opened, key, sizeof opened)))
        error =
            kc_hsm_connection_refuse(token, KC_ERR_ROOT_ANSWER, "what was sealed does not open");
    kc_wipe(opened, sizeof opened);
    return error;
}

enum kc_error kc_hsm_seal(struct kc_hsm_token *token, const uint8_t key[static KC_ROOT_KEY_SIZE],
    uint8_t blob[static KC_ROOT_BLOB_MAX], size_t *blob_size)
{
    struct sealed sealed;
    enum kc_error error = encrypt(token, key, &sealed);
    if (error == KC_OK)
        error = try_sealed(token, &sealed, key);
    return error == KC_OK ? write_blob(&sealed, blob, blob_size) : error;
}

enum kc_error kc_hsm_unseal(struct kc_hsm_token *token, const uint8_t *blob, size_t blob_size,
    uint8_t key[static KC_ROOT_KEY_SIZE])
{
    struct sealed sealed;
    enum kc_error error = read_blob(token, blob, blob_size, &sealed);
    return error == KC_OK ? decrypt(token, &sealed, key) : error;
}
