/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/resident.h"

#include "base/secret.h"
#include "base/writer.h"
#include "tpm/code.h"
#include "tpm/command.h"
#include "tpm/resident_policy.h"
#include "tpm/stored.h"

#include <openssl/evp.h>
#include <string.h>

#define BOTH_SIZED (KC_COMMAND_SENDS_SIZED | KC_COMMAND_ANSWERS_SIZED)
#define POINT_UNCOMPRESSED 4
#define RSA_SIZE 256
#define PRIMES_MS 60000 /* what a TPM may need to find the primes of an RSA key */

/* --- the keys that are loaded --- */

static enum kc_error digest_blob(
    struct kc_tpm2 *tpm, struct kc_span blob, uint8_t digest[static 32])
{
    if (EVP_Digest(blob.bytes, blob.size, digest, NULL, EVP_sha256(), NULL) != 1)
        return kc_code_refuse(tpm, KC_ERR_NO_MEMORY, "compute the blob's digest");
    return KC_OK;
}

static struct kc_tpm2_hot *find_hot(struct kc_tpm2 *tpm, const uint8_t digest[static 32])
{
    for (size_t i = 0; i < KC_TPM2_HOT_MAX; i++) {
        struct kc_tpm2_hot *hot = &tpm->hot[i];
        if (hot->object.handle != 0 && memcmp(hot->digest, digest, sizeof hot->digest) == 0)
            return hot;
    }
    return NULL;
}

/* An empty place, if need be made by flushing the key that was not used for longest. */
static struct kc_tpm2_hot *make_place(struct kc_tpm2 *tpm)
{
    struct kc_tpm2_hot *place = &tpm->hot[0];
    for (size_t i = 0; i < KC_TPM2_HOT_MAX; i++) {
        struct kc_tpm2_hot *hot = &tpm->hot[i];
        if (hot->object.handle == 0)
            return hot;
        if (hot->used < place->used)
            place = hot;
    }
    kc_command_flush(tpm, &place->object.handle);
    return place;
}

bool kc_resident_is_hot(const struct kc_tpm2 *tpm)
{
    bool is_hot = false;
    for (size_t i = 0; i < KC_TPM2_HOT_MAX; i++)
        is_hot = is_hot || tpm->hot[i].object.handle != 0;
    return is_hot;
}

void kc_resident_flush(struct kc_tpm2 *tpm)
{
    for (size_t i = 0; i < KC_TPM2_HOT_MAX; i++)
        kc_command_flush(tpm, &tpm->hot[i].object.handle);
}

void kc_resident_forget(struct kc_tpm2 *tpm, const struct kc_root_key *key)
{
    uint8_t digest[32];
    struct kc_tpm2_hot *hot =
        digest_blob(tpm, key->blob, digest) == KC_OK ? find_hot(tpm, digest) : NULL;
    if (hot)
        kc_command_flush(tpm, &hot->object.handle);
}

static enum kc_error load_hot(struct kc_tpm2 *tpm, const struct kc_resident_blob *blob,
    const uint8_t digest[static 32], struct kc_tpm2_hot **hot)
{
    struct kc_tpm2_hot *place = make_place(tpm);
    enum kc_error error =
        kc_stored_load(tpm, "load the resident key", &blob->public, &blob->private, &place->object);
    if (error != KC_OK)
        return error;
    memcpy(place->digest, digest, sizeof place->digest);
    *hot = place;
    return KC_OK;
}

enum kc_error kc_resident_open(
    struct kc_tpm2 *tpm, const struct kc_root_key *key, struct kc_resident_loaded *loaded)
{
    uint8_t digest[32];
    enum kc_error error = kc_resident_read(tpm, key->blob, &loaded->blob);
    if (error == KC_OK)
        error = digest_blob(tpm, key->blob, digest);
    if (error != KC_OK)
        return error;
    struct kc_tpm2_hot *hot = find_hot(tpm, digest);
    if (!hot)
        error = load_hot(tpm, &loaded->blob, digest, &hot);
    if (error != KC_OK)
        return error;
    hot->used = ++tpm->uses;
    loaded->object = &hot->object;
    loaded->authority = NULL;
    loaded->auth.size = KC_ROOT_AUTH_SIZE;
    memcpy(loaded->auth.buffer, key->auth, KC_ROOT_AUTH_SIZE);
    return KC_OK;
}

enum kc_error kc_resident_check(struct kc_tpm2 *tpm, const struct kc_root_key *key)
{
    struct kc_resident_loaded loaded;
    enum kc_error error = kc_resident_open(tpm, key, &loaded);
    kc_wipe(&loaded.auth, sizeof loaded.auth);
    return error;
}

/* A command that uses the key. What the key itself refuses is an authorisation that is not its own,
 * so that the record does not belong together. */
static enum kc_error run_command(struct kc_tpm2 *tpm, struct kc_command *command)
{
    enum kc_error error = kc_command_run(tpm, command);
    return error != KC_OK && kc_code_wants_authorisation(tpm->code) ? KC_ERR_RECORD_DAMAGED : error;
}

static enum kc_error misfit(struct kc_tpm2 *tpm)
{
    return kc_code_refuse(
        tpm, KC_ERR_BAD_ARGUMENT, "the key is not one for this operation, scheme or input");
}

/* --- signing --- */

static TPMI_ALG_HASH hash_of(size_t digest_size)
{
    switch (digest_size) {
    case 32:
        return TPM2_ALG_SHA256;
    case 48:
        return TPM2_ALG_SHA384;
    default:
        return TPM2_ALG_SHA512;
    }
}

static TPM2_ALG_ID scheme_of(enum kc_root_scheme scheme)
{
    if (scheme == KC_ROOT_ECDSA)
        return TPM2_ALG_ECDSA;
    return scheme == KC_ROOT_RSA_PKCS1 ? TPM2_ALG_RSASSA : TPM2_ALG_RSAPSS;
}

/* Appends a number of at most `wanted` octets; some TPMs drop leading zeros. */
static void write_number(struct kc_writer *w, struct kc_span number, size_t wanted)
{
    static const uint8_t zeros[48] = {0};
    if (number.size > wanted)
        w->failed = true;
    else
        kc_writer_bytes(w, zeros, wanted - number.size);
    kc_writer_bytes(w, number.bytes, number.size);
}

/* TPMT_SIGNATURE (TPM 2.0 Library, part 2, section 11.3.4) */
static enum kc_error take_signature(struct kc_tpm2 *tpm, const struct kc_resident_loaded *key,
    TPM2_ALG_ID scheme, struct kc_command *command, struct kc_writer *w)
{
    size_t size = kc_resident_coordinate_size(key->blob.algorithm);
    if (kc_reader_u16(&command->answer) != scheme)
        kc_reader_fail(&command->answer);
    (void)kc_reader_u16(&command->answer); /* the hash */
    for (int i = 0; i < 2 && size > 0; i++)
        write_number(w, kc_command_read_sized(command, size), size);
    if (size == 0) {
        struct kc_span signature = kc_command_read_sized(command, RSA_SIZE);
        kc_writer_bytes(w, signature.bytes, signature.size);
        w->failed = w->failed || signature.size != RSA_SIZE;
    }
    enum kc_error error = kc_command_finish(tpm, command);
    if (error == KC_OK && kc_writer_finish(w) != KC_OK)
        error = kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the signature has not its size");
    return error;
}

static enum kc_error sign(struct kc_tpm2 *tpm, const struct kc_resident_loaded *key,
    const struct kc_root_use_of_key *use, struct kc_writer *w)
{
    bool is_rsa = key->blob.algorithm == KC_ALGORITHM_RSA2048;
    TPM2_ALG_ID scheme = scheme_of(use->scheme);
    if (is_rsa != (scheme != TPM2_ALG_ECDSA) || use->scheme == KC_ROOT_EDDSA)
        return misfit(tpm);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "sign", TPM2_CC_Sign, KC_COMMAND_SENDS_SIZED);
    kc_command_use(&command, key->object, key->authority, &key->auth);
    kc_writer_u16(&command.parameters, (uint16_t)use->input.size);
    kc_writer_bytes(&command.parameters, use->input.bytes, use->input.size);
    kc_writer_u16(&command.parameters, scheme);
    kc_writer_u16(&command.parameters, hash_of(use->input.size));
    kc_writer_u16(
        &command.parameters, TPM2_ST_HASHCHECK); /* no ticket: the key is not restricted */
    kc_writer_u32(&command.parameters, TPM2_RH_NULL);
    kc_writer_u16(&command.parameters, 0);
    enum kc_error error = run_command(tpm, &command);
    return error == KC_OK ? take_signature(tpm, key, scheme, &command, w) : error;
}

/* --- agreeing --- */

/* A TPM2B_ECC_POINT from an uncompressed point. */
static enum kc_error write_peer(
    struct kc_tpm2 *tpm, size_t size, struct kc_span peer, struct kc_writer *w)
{
    struct kc_reader r;
    kc_reader_init(&r, peer.bytes, peer.size);
    uint8_t form = kc_reader_u8(&r);
    const uint8_t *x = kc_reader_bytes(&r, size), *y = kc_reader_bytes(&r, size);
    if (kc_reader_finish(&r) != KC_OK || form != POINT_UNCOMPRESSED)
        return misfit(tpm);
    kc_writer_u16(w, (uint16_t)(2 * (2 + size)));
    kc_writer_u16(w, (uint16_t)size);
    kc_writer_bytes(w, x, size);
    kc_writer_u16(w, (uint16_t)size);
    kc_writer_bytes(w, y, size);
    return KC_OK;
}

static enum kc_error take_point(
    struct kc_tpm2 *tpm, size_t size, struct kc_command *command, struct kc_writer *w)
{
    (void)kc_reader_u16(&command->answer); /* the size of both */
    kc_writer_u8(w, POINT_UNCOMPRESSED);
    write_number(w, kc_command_read_sized(command, size), size);
    write_number(w, kc_command_read_sized(command, size), size);
    enum kc_error error = kc_command_finish(tpm, command);
    if (error == KC_OK && kc_writer_finish(w) != KC_OK)
        error = kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "the point has not its size");
    return error;
}

static enum kc_error agree(struct kc_tpm2 *tpm, const struct kc_resident_loaded *key,
    const struct kc_root_use_of_key *use, struct kc_writer *w)
{
    size_t size = kc_resident_coordinate_size(key->blob.algorithm);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "agree", TPM2_CC_ECDH_ZGen, BOTH_SIZED);
    kc_command_use(&command, key->object, key->authority, &key->auth);
    enum kc_error error = write_peer(tpm, size, use->input, &command.parameters);
    if (error == KC_OK)
        error = run_command(tpm, &command);
    return error == KC_OK ? take_point(tpm, size, &command, w) : error;
}

/* --- decrypting --- */

/* What does not decrypt is an error of its parameter. */
static enum kc_error run_decryption(struct kc_tpm2 *tpm, struct kc_command *command)
{
    enum kc_error error = run_command(tpm, command);
    bool refused = (tpm->code & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER && tpm->code != 0;
    return error == KC_ERR_ROOT_ANSWER && refused ? KC_ERR_DECRYPTION : error;
}

static enum kc_error decrypt(struct kc_tpm2 *tpm, const struct kc_resident_loaded *key,
    const struct kc_root_use_of_key *use, struct kc_writer *w)
{
    if (key->blob.algorithm != KC_ALGORITHM_RSA2048 || use->input.size != RSA_SIZE)
        return misfit(tpm);
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "decrypt", TPM2_CC_RSA_Decrypt, BOTH_SIZED);
    kc_command_use(&command, key->object, key->authority, &key->auth);
    kc_writer_u16(&command.parameters, RSA_SIZE);
    kc_writer_bytes(&command.parameters, use->input.bytes, RSA_SIZE);
    if (use->scheme == KC_ROOT_RSA_OAEP) {
        kc_writer_u16(&command.parameters, TPM2_ALG_OAEP);
        kc_writer_u16(&command.parameters, TPM2_ALG_SHA256);
    } else {
        kc_writer_u16(&command.parameters, TPM2_ALG_RSAES);
    }
    kc_writer_u16(&command.parameters, 0); /* no label */
    enum kc_error error = run_decryption(tpm, &command);
    if (error != KC_OK)
        return error;
    struct kc_span plaintext = kc_command_read_sized(&command, KC_ROOT_RESULT_MAX);
    kc_writer_bytes(w, plaintext.bytes, plaintext.size);
    return kc_command_finish(tpm, &command);
}

/* --- using --- */

static enum kc_error run(struct kc_tpm2 *tpm, const struct kc_resident_loaded *key,
    const struct kc_root_use_of_key *use, struct kc_writer *w)
{
    static const enum kc_use needed[] = {
        [KC_ROOT_OPERATION_SIGN] = KC_USE_SIGN,
        [KC_ROOT_OPERATION_AGREE] = KC_USE_AGREE,
        [KC_ROOT_OPERATION_DECRYPT] = KC_USE_DECRYPT,
    };
    if (key->blob.use != needed[use->operation])
        return misfit(tpm);
    switch (use->operation) {
    case KC_ROOT_OPERATION_SIGN:
        return sign(tpm, key, use, w);
    case KC_ROOT_OPERATION_AGREE:
        return agree(tpm, key, use, w);
    case KC_ROOT_OPERATION_DECRYPT:
        return decrypt(tpm, key, use, w);
    }
    return misfit(tpm);
}

enum kc_error kc_resident_use(struct kc_tpm2 *tpm, const struct kc_root_use_of_key *use,
    uint8_t result[static KC_ROOT_RESULT_MAX], size_t *result_size)
{
    struct kc_resident_loaded loaded = {.authority = NULL};
    uint8_t room[KC_ROOT_RESULT_MAX]; /* secret */
    struct kc_writer w;
    kc_writer_init(&w, room, sizeof room);
    enum kc_error error = kc_resident_open(tpm, use->key, &loaded);
    if (error == KC_OK)
        error = kc_resident_satisfy(tpm, &loaded.blob, &loaded.authority);
    if (error == KC_OK)
        error = run(tpm, &loaded, use, &w);
    if (error != KC_OK && loaded.authority)
        kc_session_flush(tpm, loaded.authority); /* it remembers what it was shown */
    if (error == KC_OK) {
        memcpy(result, room, w.size);
        *result_size = w.size;
    }
    kc_wipe(room, sizeof room);
    kc_wipe(&loaded.auth, sizeof loaded.auth);
    return error;
}

/* --- making --- */

/* A TPM without the curve, or the size, says so of the template. */
static enum kc_error run_creation(
    struct kc_tpm2 *tpm, enum kc_algorithm algorithm, struct kc_command *command)
{
    uint32_t deadline_ms = tpm->deadline_ms;
    if (algorithm == KC_ALGORITHM_RSA2048 && deadline_ms < PRIMES_MS)
        tpm->deadline_ms = PRIMES_MS;
    enum kc_error error = kc_command_run(tpm, command);
    tpm->deadline_ms = deadline_ms;
    if (error == KC_ERR_ROOT_ANSWER && kc_code_refuses_parameter(tpm->code))
        return KC_ERR_ROOT_UNFIT;
    return error;
}

/* auth  secret */
static enum kc_error create(struct kc_tpm2 *tpm, const uint8_t auth[static KC_ROOT_AUTH_SIZE],
    struct kc_resident_blob *blob)
{
    enum kc_error error = kc_resident_bind(tpm, blob);
    if (error != KC_OK)
        return error;
    const TPM2B_PUBLIC template = blob->public;
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "make a resident key", TPM2_CC_Create, BOTH_SIZED);
    kc_command_use(&command, &tpm->srk, NULL, NULL);
    kc_writer_u16(&command.parameters, 2 + KC_ROOT_AUTH_SIZE + 2);
    kc_writer_u16(&command.parameters, KC_ROOT_AUTH_SIZE);
    kc_writer_bytes(&command.parameters, auth, KC_ROOT_AUTH_SIZE);
    kc_writer_u16(&command.parameters, 0); /* the TPM makes the rest */
    kc_command_public(&command, &template);
    kc_writer_u16(&command.parameters, 0); /* no outside data */
    kc_writer_u32(&command.parameters, 0); /* no PCRs of its creation */
    error = run_creation(tpm, blob->algorithm, &command);
    if (error != KC_OK)
        return error;
    kc_command_read_private(&command, &blob->private);
    kc_command_read_public(&command, &blob->public);
    struct kc_creation unused;
    kc_command_read_creation(&command, &unused);
    return kc_command_finish(tpm, &command);
}

enum kc_error kc_resident_make(struct kc_tpm2 *tpm, enum kc_algorithm algorithm, enum kc_use use,
    const uint8_t auth[static KC_ROOT_AUTH_SIZE], struct kc_root_made *made)
{
    struct kc_resident_blob blob = {.algorithm = algorithm, .use = use};
    struct kc_root_made written;
    bool has_it = algorithm == KC_ALGORITHM_P256 || algorithm == KC_ALGORITHM_P384 ||
                  algorithm == KC_ALGORITHM_RSA2048;
    if (!has_it)
        return kc_code_refuse(tpm, KC_ERR_ROOT_UNFIT, "no resident keys of this algorithm");
    enum kc_error error = create(tpm, auth, &blob);
    if (error == KC_OK)
        error = kc_resident_write(tpm, &blob, &written);
    if (error != KC_OK)
        return error;
    /* a key that does not load again is none */
    const struct kc_root_key key = {auth, {written.blob, written.blob_size}};
    if ((error = kc_resident_check(tpm, &key)) == KC_ERR_RECORD_DAMAGED)
        error = kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "what was made does not load");
    if (error == KC_OK)
        *made = written;
    return error;
}
