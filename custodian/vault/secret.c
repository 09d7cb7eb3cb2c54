/* SPDX-License-Identifier: Apache-2.0 */
/* Derived secrets: agreed on to be used, not to be read, and AES with them. */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 16
#define TAG_MAX 16

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- secret-derive --- */

enum kc_error kc_vault_secret_derive(struct kc_call *call)
{
    struct kc_record *key;
    uint8_t agreed[KC_ALGORITHM_AGREED_MAX]; /* secret */
    uint8_t sealed[KC_SEALED_SIZE_MAX];
    size_t size = 0, sealed_size = 0;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = kc_call_agree(call, key, agreed, &size);
    size_t wanted = kc_call_has(call, KC_FIELD_SIZE)
                        ? (size_t)call->in.message.values.value[KC_FIELD_SIZE].number
                        : size;
    if (error == KC_OK && wanted > size)
        error = wrong_field(call, KC_FIELD_SIZE);
    if (error == KC_OK)
        error = kc_sealer_seal(call->vault->sealer, call->peer.user,
            (struct kc_span){agreed + size - wanted, wanted}, sealed, &sealed_size);
    if (error == KC_OK)
        kc_call_set_octets(call, KC_FIELD_SEALED, sealed, sealed_size);
    kc_wipe(agreed, sizeof agreed);
    return error;
}

/* --- secret-encrypt, secret-decrypt --- */

/* One run of a cipher. */
struct run {
    const EVP_CIPHER *cipher;
    bool encrypts, gcm, pads;
    struct kc_span iv, associated, input; /* without the tag */
    const uint8_t *tag;                   /* of what is decrypted */
    size_t tag_size;
};

/* The secret comes sealed, or as the client has it. */
static enum kc_error read_secret(struct kc_call *call, struct kc_secret *secret)
{
    bool sealed = kc_call_has(call, KC_FIELD_SEALED);
    if (sealed == kc_call_has(call, KC_FIELD_SECRET))
        return wrong_field(call, KC_FIELD_SEALED); /* one of the two */
    if (sealed)
        return kc_sealer_open(
            call->vault->sealer, call->peer.user, kc_call_field(call, KC_FIELD_SEALED), secret);
    return kc_call_secret(call, KC_FIELD_SECRET, 1, KC_SEALED_SECRET_MAX, secret);
}

static const EVP_CIPHER *find_cipher(bool gcm, size_t key_size)
{
    switch (key_size) {
    case 16:
        return gcm ? EVP_aes_128_gcm() : EVP_aes_128_cbc();
    case 24:
        return gcm ? EVP_aes_192_gcm() : EVP_aes_192_cbc();
    case 32:
        return gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
    default:
        return NULL;
    }
}

static enum kc_error read_gcm(struct kc_call *call, struct run *run)
{
    run->associated = kc_call_field(call, KC_FIELD_ASSOCIATED);
    run->tag_size = kc_call_has(call, KC_FIELD_TAG_SIZE)
                        ? (size_t)call->in.message.values.value[KC_FIELD_TAG_SIZE].number
                        : TAG_MAX;
    if (run->encrypts)
        return KC_OK;
    if (run->input.size < run->tag_size)
        return wrong_field(call, KC_FIELD_MESSAGE);
    run->input.size -= run->tag_size;
    run->tag = run->input.bytes + run->input.size;
    return KC_OK;
}

static enum kc_error read_cbc(struct kc_call *call, struct run *run)
{
    bool whole = run->input.size % BLOCK == 0;
    if (kc_call_has(call, KC_FIELD_ASSOCIATED) || kc_call_has(call, KC_FIELD_TAG_SIZE))
        return wrong_field(call, KC_FIELD_CIPHER);
    if (run->iv.size != BLOCK)
        return wrong_field(call, KC_FIELD_IV);
    bool fits = whole || (run->encrypts && run->pads);
    bool lacks_padding = run->input.size == 0 && !run->encrypts && run->pads;
    return fits && !lacks_padding ? KC_OK : wrong_field(call, KC_FIELD_MESSAGE);
}

static enum kc_error read_run(
    struct kc_call *call, const struct kc_secret *secret, struct kc_span input, struct run *run)
{
    const struct kc_values *values = &call->in.message.values;
    *run = (struct run){.encrypts = call->in.message.operation == KC_OPERATION_SECRET_ENCRYPT,
        .gcm = kc_values_text_is(values, KC_FIELD_CIPHER, "AES-GCM"),
        .pads = kc_values_text_is(values, KC_FIELD_CIPHER, "AES-CBC-PAD"),
        .iv = kc_call_field(call, KC_FIELD_IV),
        .input = input};
    run->cipher = find_cipher(run->gcm, secret->size);
    if (!run->cipher)
        return wrong_field(call, KC_FIELD_CIPHER); /* not the size of an AES key */
    return run->gcm ? read_gcm(call, run) : read_cbc(call, run);
}

static bool start(EVP_CIPHER_CTX *context, const struct run *run, const struct kc_secret *secret)
{
    int unused;
    return EVP_CipherInit_ex(context, run->cipher, NULL, NULL, NULL, run->encrypts) == 1 &&
           (!run->gcm || EVP_CIPHER_CTX_ctrl(
                             context, EVP_CTRL_AEAD_SET_IVLEN, (int)run->iv.size, NULL) == 1) &&
           EVP_CipherInit_ex(context, NULL, NULL, secret->bytes, run->iv.bytes, run->encrypts) ==
               1 &&
           EVP_CIPHER_CTX_set_padding(context, run->pads) == 1 &&
           (run->associated.size == 0 ||
               EVP_CipherUpdate(
                   context, NULL, &unused, run->associated.bytes, (int)run->associated.size) == 1);
}

static bool set_tag(EVP_CIPHER_CTX *context, const struct run *run)
{
    uint8_t tag[TAG_MAX];
    if (!run->gcm || run->encrypts)
        return true;
    memcpy(tag, run->tag, run->tag_size);
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)run->tag_size, tag) == 1;
}

static bool get_tag(EVP_CIPHER_CTX *context, const struct run *run, uint8_t *output)
{
    return !run->gcm || !run->encrypts ||
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, (int)run->tag_size, output) == 1;
}

/* output has room for the input, a block and a tag. One error for all that can be wrong with what is
 * decrypted; nothing is given before all of it was looked at. */
static enum kc_error run_cipher(
    const struct run *run, const struct kc_secret *secret, uint8_t *output, size_t *size)
{
    static const uint8_t none[1];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int first = 0, last = 0;
    enum kc_error error = KC_ERR_NO_MEMORY;
    const uint8_t *input = run->input.size > 0 ? run->input.bytes : none;
    if (context && start(context, run, secret) && set_tag(context, run)) {
        bool good = EVP_CipherUpdate(context, output, &first, input, (int)run->input.size) == 1 &&
                    EVP_CipherFinal_ex(context, output + first, &last) == 1 &&
                    get_tag(context, run, output + first + last);
        error = good ? KC_OK : KC_ERR_DECRYPTION;
    }
    if (error == KC_OK)
        *size = (size_t)(first + last) + (run->encrypts ? run->tag_size : 0);
    else
        ERR_clear_error();
    EVP_CIPHER_CTX_free(context);
    return error;
}

static enum kc_error answer_output(
    struct kc_call *call, const struct run *run, const struct kc_secret *secret)
{
    size_t room = run->input.size + BLOCK + TAG_MAX, size = 0;
    uint8_t *output = kc_arena_allocate(room);
    if (!output)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = run_cipher(run, secret, output, &size);
    if (error == KC_OK && size > kc_fields[KC_FIELD_OUTPUT].most)
        error = wrong_field(call, KC_FIELD_MESSAGE);
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_OUTPUT, output, size);
    kc_arena_free(output);
    return error;
}

static enum kc_error use_secret(struct kc_call *call)
{
    struct run run;
    KC_AUTO_SECRET secret = {0};
    KC_AUTO_DATA data = {0};
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = read_secret(call, &secret);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_MESSAGE, &data);
    if (error == KC_OK)
        error = read_run(call, &secret, data.span, &run);
    return error == KC_OK ? answer_output(call, &run, &secret) : error;
}

enum kc_error kc_vault_secret_encrypt(struct kc_call *call)
{
    return use_secret(call);
}

enum kc_error kc_vault_secret_decrypt(struct kc_call *call)
{
    return use_secret(call);
}
