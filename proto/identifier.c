/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identifier.h"

#include "base/secret.h"
#include "base/writer.h"
#include "proto/json_text.h"

#include <string.h>

#define DIGEST_SIZE 64
#define PIN_KEY_SIZE 16 /* what 28 characters carry, without the type octet */

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

enum kc_error kc_make_id(const char *message_id, const char *content_type, char id[KC_UDF_ID_SIZE])
{
    struct kc_udf udf;
    struct kc_udf_digest digest;
    enum kc_error error = kc_udf_parse(span_of(message_id), &udf);
    if (error != KC_OK)
        return error;
    enum kc_hash hash = udf.type == KC_UDF_DIGEST_SHA3 ? KC_HASH_SHA3_512 : KC_HASH_SHA512;
    error = kc_udf_content_digest(
        hash, (struct kc_span){udf.data, udf.data_size}, content_type, &digest);
    return error != KC_OK ? error : kc_udf_digest_present(&digest, KC_UDF_BITS, id, KC_UDF_ID_SIZE);
}

enum kc_error kc_account_canonical(const char *address, char canonical[KC_ACCOUNT_SIZE])
{
    size_t size = strlen(address);
    if (size == 0 || size >= KC_ACCOUNT_SIZE)
        return KC_ERR_BAD_ARGUMENT;
    for (size_t i = 0; i <= size; i++) {
        canonical[i] = address[i];
        if (address[i] >= 'A' && address[i] <= 'Z')
            canonical[i] = (char)(address[i] - 'A' + 'a');
    }
    return KC_OK;
}

bool kc_account_is_address(const char *address)
{
    const char *at = strchr(address, '@');
    for (const char *c = address; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;
    return at != NULL && at != address && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
           kc_json_is_utf8(span_of(address));
}

/* present(0 || HMAC(key, octets)), 28 characters. */
static enum kc_error mac_udf(struct kc_span key, struct kc_span octets, char text[KC_UDF_ID_SIZE])
{
    uint8_t mac[KC_HASH_SIZE_MAX];
    enum kc_error error = kc_hmac(KC_HASH_SHA512, key, octets, mac);
    if (error == KC_OK)
        error = kc_udf_present(KC_UDF_AUTHENTICATOR, (struct kc_span){mac, sizeof mac}, KC_UDF_BITS,
            text, KC_UDF_ID_SIZE);
    kc_wipe(mac, sizeof mac);
    return error;
}

enum kc_error kc_pin_salt(const char *pin, const char *action, char salted[KC_UDF_ID_SIZE])
{
    struct kc_udf udf = {0};
    enum kc_error error = kc_udf_parse(span_of(pin), &udf);
    if (error == KC_OK && (udf.type != KC_UDF_AUTHENTICATOR || udf.data_size == 0))
        error = KC_ERR_BAD_ARGUMENT;
    if (error == KC_OK)
        error = mac_udf((struct kc_span){udf.data, udf.data_size}, span_of(action), salted);
    kc_wipe(&udf, sizeof udf);
    return error;
}

/* The key of what follows from a salted PIN. */
static enum kc_error pin_key(const char *salted, uint8_t key[PIN_KEY_SIZE])
{
    struct kc_udf udf = {0};
    enum kc_error error = kc_udf_parse(span_of(salted), &udf);
    if (error == KC_OK && (udf.type != KC_UDF_AUTHENTICATOR || udf.data_size != PIN_KEY_SIZE))
        error = KC_ERR_BAD_ARGUMENT;
    if (error == KC_OK)
        memcpy(key, udf.data, PIN_KEY_SIZE);
    kc_wipe(&udf, sizeof udf);
    return error;
}

enum kc_error kc_pin_id(const char *salted, const char *account, char id[KC_UDF_ID_SIZE])
{
    uint8_t key[PIN_KEY_SIZE];
    char canonical[KC_ACCOUNT_SIZE];
    enum kc_error error = kc_account_canonical(account, canonical);
    if (error == KC_OK)
        error = pin_key(salted, key);
    if (error != KC_OK)
        return error;
    error = mac_udf((struct kc_span){key, sizeof key}, span_of(canonical), id);
    kc_wipe(key, sizeof key);
    return error;
}

enum kc_error kc_pin_witness(const char *salted, const char *account, struct kc_span nonce,
    const uint8_t digest[64], uint8_t witness[KC_PIN_WITNESS_SIZE])
{
    uint8_t key[PIN_KEY_SIZE], octets[KC_ACCOUNT_SIZE + KC_NONCE_SIZE_MAX + DIGEST_SIZE];
    char canonical[KC_ACCOUNT_SIZE];
    struct kc_writer w;
    if (nonce.size == 0 || nonce.size > KC_NONCE_SIZE_MAX)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = kc_account_canonical(account, canonical);
    if (error == KC_OK)
        error = pin_key(salted, key);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_bytes(&w, canonical, strlen(canonical));
    kc_writer_bytes(&w, nonce.bytes, nonce.size);
    kc_writer_bytes(&w, digest, DIGEST_SIZE);
    error = kc_writer_finish(&w);
    if (error == KC_OK)
        error = kc_hmac(KC_HASH_SHA512, (struct kc_span){key, sizeof key},
            (struct kc_span){octets, w.size}, witness);
    kc_wipe(key, sizeof key);
    return error;
}

/* H(raw UDF of a key, nonce): the type octet and the first 63 octets of its digest. */
static enum kc_error party_digest(
    const struct kc_public_key *key, struct kc_span nonce, uint8_t digest[DIGEST_SIZE])
{
    uint8_t key_info[KC_UDF_KEY_INFO_MAX], octets[DIGEST_SIZE + KC_NONCE_SIZE_MAX];
    size_t size;
    struct kc_udf_digest udf;
    struct kc_writer w;
    if (nonce.size == 0 || nonce.size > KC_NONCE_SIZE_MAX)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error =
        kc_udf_key_info(key->algorithm, (struct kc_span){key->octets, key->size}, key_info, &size);
    if (error == KC_OK)
        error = kc_udf_content_digest(
            KC_HASH_SHA512, (struct kc_span){key_info, size}, KC_UDF_TYPE_KEY, &udf);
    if (error != KC_OK)
        return error;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_u8(&w, udf.type);
    kc_writer_bytes(&w, udf.typed_value, DIGEST_SIZE - 1);
    kc_writer_bytes(&w, nonce.bytes, nonce.size);
    error = kc_writer_finish(&w);
    return error != KC_OK
               ? error
               : kc_hash_digest(KC_HASH_SHA512, (struct kc_span){octets, w.size}, digest);
}

enum kc_error kc_connection_witness(const struct kc_public_key *account,
    struct kc_span server_nonce, const struct kc_public_key *device, struct kc_span client_nonce,
    char witness[KC_UDF_ID_SIZE])
{
    uint8_t both[2 * DIGEST_SIZE], digest[DIGEST_SIZE];
    enum kc_error error = party_digest(account, server_nonce, both);
    if (error == KC_OK)
        error = party_digest(device, client_nonce, both + DIGEST_SIZE);
    if (error == KC_OK)
        error = kc_hash_digest(KC_HASH_SHA512, (struct kc_span){both, sizeof both}, digest);
    /* "No type octet": the digest's first octet stands where it would. */
    return error != KC_OK
               ? error
               : kc_udf_present(digest[0], (struct kc_span){digest + 1, sizeof digest - 1},
                     KC_UDF_BITS, witness, KC_UDF_ID_SIZE);
}
