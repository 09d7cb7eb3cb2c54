/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/session.h"

#include "base/secret.h"
#include "base/writer.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/kdf.h"
#include "tpm/salt.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define CIPHER_KEY_SIZE 16
#define CIPHER_IV_SIZE 16
#define VALUE_MAX sizeof(((TPM2B_AUTH *)0)->buffer)

/* The session's key and the value of what it authorises, one after the other. */
struct joined_key {
    uint8_t bytes[KC_SESSION_KEY_SIZE + VALUE_MAX]; /* secret */
    size_t size;
};

struct nonces {
    struct kc_span newer, older;
};

/* The TPM drops the zeros at the end of a value when it is set. */
static size_t counted_size(const TPM2B_AUTH *value)
{
    size_t size = value ? value->size : 0;
    if (size > VALUE_MAX)
        size = VALUE_MAX;
    while (size > 0 && value->buffer[size - 1] == 0)
        size--;
    return size;
}

static void join(const struct kc_session *session, const TPM2B_AUTH *value, struct joined_key *key)
{
    struct kc_writer w;
    kc_writer_init(&w, key->bytes, sizeof key->bytes);
    kc_writer_bytes(&w, session->key, sizeof session->key);
    if (value)
        kc_writer_bytes(&w, value->buffer, counted_size(value));
    key->size = w.size;
}

static struct nonces nonces_of(const struct kc_session *session, enum kc_session_way way)
{
    struct kc_span caller = {session->nonce_caller, sizeof session->nonce_caller};
    struct kc_span tpm = {session->nonce_tpm, sizeof session->nonce_tpm};
    return way == KC_SESSION_TO_TPM ? (struct nonces){caller, tpm} : (struct nonces){tpm, caller};
}

/* --- a command's cryptography --- */

enum kc_error kc_session_roll(struct kc_session *session)
{
    int done = RAND_bytes(session->nonce_caller, sizeof session->nonce_caller);
    return done == 1 ? KC_OK : KC_ERR_NO_MEMORY;
}

enum kc_error kc_session_hmac(const struct kc_session *session, const TPM2B_AUTH *value,
    enum kc_session_way way, const uint8_t hash[static KC_SESSION_HASH_SIZE],
    TPMA_SESSION attributes, uint8_t hmac[static KC_SESSION_HASH_SIZE])
{
    uint8_t input[KC_SESSION_HASH_SIZE + 2 * KC_SESSION_NONCE_SIZE + 1];
    struct nonces nonces = nonces_of(session, way);
    struct joined_key key; /* secret */
    struct kc_writer w;
    kc_writer_init(&w, input, sizeof input);
    kc_writer_bytes(&w, hash, KC_SESSION_HASH_SIZE);
    kc_writer_bytes(&w, nonces.newer.bytes, nonces.newer.size);
    kc_writer_bytes(&w, nonces.older.bytes, nonces.older.size);
    kc_writer_u8(&w, attributes);
    join(session, value, &key);
    const uint8_t *made = HMAC(EVP_sha256(), key.bytes, (int)key.size, input, w.size, hmac, NULL);
    kc_wipe(&key, sizeof key);
    return made ? KC_OK : KC_ERR_NO_MEMORY;
}

/* key_and_iv  secret */
static enum kc_error run_cipher(
    const uint8_t *key_and_iv, enum kc_session_way way, uint8_t *bytes, size_t size)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int written = 0;
    bool done = cipher &&
                EVP_CipherInit_ex(cipher, EVP_aes_128_cfb128(), NULL, key_and_iv,
                    key_and_iv + CIPHER_KEY_SIZE, way == KC_SESSION_TO_TPM) == 1 &&
                EVP_CipherUpdate(cipher, bytes, &written, bytes, (int)size) == 1 &&
                (size_t)written == size;
    EVP_CIPHER_CTX_free(cipher);
    return done ? KC_OK : KC_ERR_NO_MEMORY;
}

enum kc_error kc_session_crypt(const struct kc_session *session, const TPM2B_AUTH *value,
    enum kc_session_way way, uint8_t *bytes, size_t size)
{
    uint8_t key_and_iv[CIPHER_KEY_SIZE + CIPHER_IV_SIZE]; /* secret */
    struct nonces nonces = nonces_of(session, way);
    struct joined_key key; /* secret */
    if (size == 0)
        return KC_OK;
    join(session, value, &key);
    enum kc_error error = kc_kdfa((struct kc_span){key.bytes, key.size}, "CFB", nonces.newer,
        nonces.older, key_and_iv, sizeof key_and_iv);
    if (error == KC_OK)
        error = run_cipher(key_and_iv, way, bytes, size);
    kc_wipe(&key, sizeof key);
    kc_wipe(key_and_iv, sizeof key_and_iv);
    return error;
}

/* --- a session's life --- */

static void write_start(struct kc_command *command, TPM2_SE type, const struct kc_session *session,
    const struct kc_salt *salt)
{
    struct kc_writer *w = &command->parameters;
    kc_writer_u16(w, sizeof session->nonce_caller);
    kc_writer_bytes(w, session->nonce_caller, sizeof session->nonce_caller);
    kc_writer_u16(w, (uint16_t)salt->encrypted_size);
    kc_writer_bytes(w, salt->encrypted, salt->encrypted_size);
    kc_writer_u8(w, type);
    kc_writer_u16(w, TPM2_ALG_AES);
    kc_writer_u16(w, CIPHER_KEY_SIZE * 8);
    kc_writer_u16(w, TPM2_ALG_CFB);
    kc_writer_u16(w, TPM2_ALG_SHA256);
}

static enum kc_error ask_for(
    struct kc_tpm2 *tpm, TPM2_SE type, const struct kc_salt *salt, struct kc_session *session)
{
    const struct kc_entity nothing = kc_entity_of(TPM2_RH_NULL);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "start a salted session", TPM2_CC_StartAuthSession,
        KC_COMMAND_BARE | KC_COMMAND_ANSWERS_HANDLE);
    kc_command_name(&command, &tpm->srk);
    kc_command_name(&command, &nothing);
    write_start(&command, type, session, salt);
    enum kc_error error = kc_command_run(tpm, &command);
    if (error != KC_OK)
        return error;
    if (kc_reader_u16(&command.answer) != sizeof session->nonce_tpm)
        kc_reader_fail(&command.answer);
    kc_reader_copy(&command.answer, session->nonce_tpm, sizeof session->nonce_tpm);
    session->handle = command.answered;
    return kc_command_finish(tpm, &command);
}

enum kc_error kc_session_start(struct kc_tpm2 *tpm, TPM2_SE type, struct kc_session *session)
{
    struct kc_session made = {0}; /* secret */
    struct kc_salt salt;          /* secret */
    enum kc_error error = kc_salt_make(&tpm->srk_public, &salt);
    if (error == KC_OK)
        error = kc_session_roll(&made);
    if (error != KC_OK)
        error = kc_code_refuse(tpm, error, "make a session's salt");
    if (error == KC_OK)
        error = ask_for(tpm, type, &salt, &made);
    if (error == KC_OK) {
        struct nonces nonces = nonces_of(&made, KC_SESSION_FROM_TPM);
        error = kc_kdfa((struct kc_span){salt.value, sizeof salt.value}, "ATH", nonces.newer,
            nonces.older, made.key, sizeof made.key);
    }
    if (error == KC_OK)
        *session = made;
    kc_wipe(&made, sizeof made);
    kc_wipe(&salt, sizeof salt);
    return error;
}

void kc_session_flush(struct kc_tpm2 *tpm, struct kc_session *session)
{
    kc_command_flush(tpm, &session->handle);
    kc_wipe(session, sizeof *session);
}
