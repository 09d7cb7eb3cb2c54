/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypting a file to public keys, as a DARE envelope. No custodian is
 * needed for keys in files. */
#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/secret.h"
#include "proto/dare_envelope.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who can decrypt, and the id that names the key in the envelope. */
static enum kc_error find_public(
    struct kc_cli *cli, const char *name, struct kc_cli_public *public, char id[KC_DARE_KID_SIZE])
{
    enum kc_error error = kc_cli_public_find_recipient(cli, name, public);
    if (error != KC_OK)
        return error;
    if (strcmp(public->algorithm, "X25519") != 0 && strcmp(public->algorithm, "X448") != 0)
        return kc_cli_fail(cli, KC_ERR_BAD_ALGORITHM, "%s is an %s key", name, public->algorithm);
    error = kc_udf_key_fingerprint(public->algorithm, kc_cli_public_span(public), id);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "%s", name);
}

/* Z of a fresh key with the recipient's; the fresh public key goes into the entry. */
static bool agree_fresh(const struct kc_cli_public *public, struct kc_dare_recipient *entry,
    uint8_t agreed[KC_UDF_PUBLIC_MAX], size_t *agreed_size)
{
    size_t plain_size = public->size - 1; /* without the sign: RFC 7748 agrees by u alone */
    EVP_PKEY *fresh = EVP_PKEY_Q_keygen(NULL, NULL, public->algorithm);
    EVP_PKEY *peer =
        EVP_PKEY_new_raw_public_key_ex(NULL, public->algorithm, NULL, public->octets, plain_size);
    EVP_PKEY_CTX *context = fresh != NULL ? EVP_PKEY_CTX_new(fresh, NULL) : NULL;
    entry->ephemeral_size = plain_size;
    *agreed_size = KC_UDF_PUBLIC_MAX;
    bool done = context != NULL && peer != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                EVP_PKEY_derive(context, agreed, agreed_size) == 1 &&
                EVP_PKEY_get_raw_public_key(fresh, entry->ephemeral, &entry->ephemeral_size) == 1;
    /* The signed form. Both signs agree to the same u; what matters is that all shares take one. */
    entry->ephemeral[entry->ephemeral_size++] = 0x00;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(fresh);
    return done;
}

static enum kc_error wrap_for(
    const struct kc_cli_public *public, const uint8_t *seed, struct kc_dare_recipient *entry)
{
    static const uint8_t info[] = KC_DARE_KEK_INFO;
    uint8_t agreed[KC_UDF_PUBLIC_MAX], kek[KC_DARE_KEK_SIZE];
    size_t agreed_size;
    enum kc_error error = agree_fresh(public, entry, agreed, &agreed_size)
                              ? kc_dare_kek((struct kc_span){agreed, agreed_size},
                                    (struct kc_span){info, sizeof info - 1}, kek)
                              : KC_ERR_RANDOM;
    if (error == KC_OK)
        error = kc_dare_wrap(kek, seed, entry->wrapped);
    kc_wipe(agreed, sizeof agreed);
    kc_wipe(kek, sizeof kek);
    return error;
}

/* One entry for each --to. */
static enum kc_error wrap_for_all(
    struct kc_cli *cli, const uint8_t *seed, struct kc_dare_envelope *envelope)
{
    for (size_t i = 0; i < cli->recipient_count; i++) {
        struct kc_dare_recipient *entry = &envelope->recipients[envelope->recipient_count++];
        struct kc_cli_public public;
        enum kc_error error = find_public(cli, cli->recipients[i], &public, entry->kid);
        if (error != KC_OK)
            return error;
        snprintf(entry->algorithm, sizeof entry->algorithm, "%.7s", public.algorithm);
        error = wrap_for(&public, seed, entry);
        if (error != KC_OK)
            return kc_cli_fail(cli, error, "%s", cli->recipients[i]);
    }
    return KC_OK;
}

static enum kc_error encrypt_body(
    const uint8_t *seed, struct kc_span plaintext, struct kc_dare_envelope *envelope)
{
    struct kc_dare_content content;
    envelope->body_size = kc_dare_ciphertext_size(plaintext.size);
    envelope->body = kc_room_allocate(envelope->body_size);
    if (envelope->body == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_content_derive(
        seed, (struct kc_span){envelope->salt, envelope->salt_size}, &content);
    if (error == KC_OK)
        error = kc_dare_content_encrypt(&content, plaintext, envelope->body);
    if (error == KC_OK)
        error = kc_udf_symmetric_id((struct kc_span){seed, KC_DARE_SEED_SIZE}, envelope->kid);
    kc_wipe(&content, sizeof content);
    return error;
}

static enum kc_error encrypt(
    struct kc_cli *cli, struct kc_span plaintext, struct kc_dare_envelope *envelope)
{
    uint8_t seed[KC_DARE_SEED_SIZE];
    envelope->salt_size = KC_DARE_SALT_SIZE;
    if (RAND_priv_bytes(seed, sizeof seed) != 1 ||
        RAND_bytes(envelope->salt, KC_DARE_SALT_SIZE) != 1)
        return kc_cli_fail(cli, KC_ERR_RANDOM, NULL);
    enum kc_error error = wrap_for_all(cli, seed, envelope);
    if (error == KC_OK && (error = encrypt_body(seed, plaintext, envelope)) != KC_OK)
        error = kc_cli_fail(cli, error, NULL);
    kc_wipe(seed, sizeof seed);
    return error;
}

enum kc_error kc_cli_encrypt(struct kc_cli *cli)
{
    KC_AUTO_OCTETS plaintext = {NULL, 0};
    char *path = NULL;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    enum kc_error error = kc_cli_output_path(cli, cli->arguments[0], ".dare", true, &path);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[0], KC_DARE_PLAINTEXT_MAX, &plaintext);
    kc_cli_wait_begin(cli, "encrypting");
    if (error == KC_OK)
        error = encrypt(cli, kc_cli_span(&plaintext), envelope);
    if (error == KC_OK)
        error = kc_cli_write_envelope(cli, path, envelope);
    kc_cli_wait_end();
    kc_dare_envelope_done(envelope);
    free(envelope);
    free(path);
    return error;
}
