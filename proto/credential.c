/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/credential.h"

#include "base/secret.h"
#include "base/writer.h"
#include "proto/point_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define NUMBER_SIZE KC_POINT_KEY_NUMBER
#define POINT_SIZE KC_POINT_KEY_SIZE
#define SEED_SIZE 32
#define SYMMETRIC_SIZE 16
#define IDENTITY_SIZE (2 + KC_CREDENTIAL_SECRET_SIZE)

/* An area of template L-2 up to its point: ECC, SHA-256, attributes, policy, AES-128-CFB, no
 * scheme, P-256, no KDF. */
static const uint8_t template[] = {0x00, 0x23, 0x00, 0x0b, 0x00, 0x03, 0x00, 0xb2, 0x00, 0x20, 0x83,
    0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd,
    0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa, 0x00,
    0x06, 0x00, 0x80, 0x00, 0x43, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10};

static bool read_ek(struct kc_span area, uint8_t point[static POINT_SIZE])
{
    struct kc_reader r;
    kc_reader_init(&r, area.bytes, area.size);
    const uint8_t *start = kc_reader_bytes(&r, sizeof template);
    bool has_x = kc_reader_u16(&r) == NUMBER_SIZE;
    kc_reader_copy(&r, point + 1, NUMBER_SIZE);
    bool has_y = kc_reader_u16(&r) == NUMBER_SIZE;
    kc_reader_copy(&r, point + 1 + NUMBER_SIZE, NUMBER_SIZE);
    point[0] = 4;
    return kc_reader_finish(&r) == KC_OK && has_x && has_y &&
           memcmp(start, template, sizeof template) == 0;
}

/* --- the seed --- */

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t agreed[static NUMBER_SIZE])
{
    size_t size = NUMBER_SIZE;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    bool good = context && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                EVP_PKEY_derive(context, agreed, &size) == 1 && size == NUMBER_SIZE;
    EVP_PKEY_CTX_free(context);
    return good;
}

/* KDFe (part 1, section 11.4.10.3), one round of SHA-256. */
static bool derive_seed(const uint8_t agreed[static NUMBER_SIZE],
    const uint8_t ephemeral[static POINT_SIZE], const uint8_t ek[static POINT_SIZE],
    uint8_t seed[static SEED_SIZE])
{
    static const char label[] = "IDENTITY";
    uint8_t octets[4 + NUMBER_SIZE + sizeof label + (size_t)2 * NUMBER_SIZE]; /* secret */
    struct kc_writer w;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_u32(&w, 1);
    kc_writer_bytes(&w, agreed, NUMBER_SIZE);
    kc_writer_bytes(&w, label, sizeof label);
    kc_writer_bytes(&w, ephemeral + 1, NUMBER_SIZE);
    kc_writer_bytes(&w, ek + 1, NUMBER_SIZE);
    bool good = kc_writer_finish(&w) == KC_OK &&
                EVP_Digest(octets, w.size, seed, NULL, EVP_sha256(), NULL) == 1;
    kc_wipe(octets, sizeof octets);
    return good;
}

/* The ephemeral point, and the seed that the EK's TPM derives from it. */
static enum kc_error make_seed(uint8_t ek[static POINT_SIZE], uint8_t ephemeral[static POINT_SIZE],
    uint8_t seed[static SEED_SIZE])
{
    uint8_t agreed[NUMBER_SIZE]; /* secret */
    size_t size = 0;
    EVP_PKEY *peer = kc_point_key_new(ek);
    if (!peer)
        return KC_ERR_ATTESTATION;
    EVP_PKEY *own = EVP_EC_gen("P-256");
    bool good = own &&
                EVP_PKEY_get_octet_string_param(
                    own, OSSL_PKEY_PARAM_PUB_KEY, ephemeral, POINT_SIZE, &size) == 1 &&
                size == POINT_SIZE && agree(own, peer, agreed) &&
                derive_seed(agreed, ephemeral, ek, seed);
    kc_wipe(agreed, sizeof agreed);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return good ? KC_OK : KC_ERR_NO_MEMORY;
}

/* --- the protection --- */

/* KDFa (part 1, section 11.4.10.2), one round of HMAC-SHA-256. */
static bool derive_key(const uint8_t seed[static SEED_SIZE], const char *label,
    struct kc_span context, uint32_t bits, uint8_t key[static SEED_SIZE])
{
    uint8_t octets[128];
    struct kc_writer w;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_u32(&w, 1);
    kc_writer_bytes(&w, label, strlen(label) + 1);
    kc_writer_bytes(&w, context.bytes, context.size);
    kc_writer_u32(&w, bits);
    return kc_writer_finish(&w) == KC_OK &&
           HMAC(EVP_sha256(), seed, SEED_SIZE, octets, w.size, key, NULL) != NULL;
}

static bool encrypt(
    const uint8_t key[static SYMMETRIC_SIZE], uint8_t identity[static IDENTITY_SIZE])
{
    static const uint8_t zeros[16] = {0};
    int size = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool good = context &&
                EVP_EncryptInit_ex(context, EVP_aes_128_cfb128(), NULL, key, zeros) == 1 &&
                EVP_EncryptUpdate(context, identity, &size, identity, IDENTITY_SIZE) == 1;
    EVP_CIPHER_CTX_free(context);
    return good && size == IDENTITY_SIZE;
}

/* identity: what is protected, in place; integrity: the HMAC over it and the Name. */
static bool protect(const uint8_t seed[static SEED_SIZE], struct kc_span name,
    uint8_t identity[static IDENTITY_SIZE], uint8_t integrity[static SEED_SIZE])
{
    uint8_t key[SEED_SIZE], covered[IDENTITY_SIZE + 64]; /* key is secret */
    struct kc_writer w;
    bool good = derive_key(seed, "STORAGE", name, SYMMETRIC_SIZE * 8, key) &&
                encrypt(key, identity) &&
                derive_key(seed, "INTEGRITY", (struct kc_span){NULL, 0}, SEED_SIZE * 8, key);
    kc_writer_init(&w, covered, sizeof covered);
    kc_writer_bytes(&w, identity, IDENTITY_SIZE);
    kc_writer_bytes(&w, name.bytes, name.size);
    good = good && kc_writer_finish(&w) == KC_OK &&
           HMAC(EVP_sha256(), key, SEED_SIZE, covered, w.size, integrity, NULL) != NULL;
    kc_wipe(key, sizeof key);
    return good;
}

static enum kc_error write_credential(const uint8_t identity[static IDENTITY_SIZE],
    const uint8_t integrity[static SEED_SIZE], const uint8_t ephemeral[static POINT_SIZE],
    uint8_t credential[static KC_CREDENTIAL_MAX], size_t *size)
{
    struct kc_writer w;
    kc_writer_init(&w, credential, KC_CREDENTIAL_MAX);
    kc_writer_u16(&w, 2 + SEED_SIZE + IDENTITY_SIZE);
    kc_writer_u16(&w, SEED_SIZE);
    kc_writer_bytes(&w, integrity, SEED_SIZE);
    kc_writer_bytes(&w, identity, IDENTITY_SIZE);
    kc_writer_u16(&w, 2 * (2 + NUMBER_SIZE));
    kc_writer_u16(&w, NUMBER_SIZE);
    kc_writer_bytes(&w, ephemeral + 1, NUMBER_SIZE);
    kc_writer_u16(&w, NUMBER_SIZE);
    kc_writer_bytes(&w, ephemeral + 1 + NUMBER_SIZE, NUMBER_SIZE);
    *size = w.size;
    return kc_writer_finish(&w);
}

enum kc_error kc_credential_make(struct kc_span ek_area, struct kc_span ak_name,
    const uint8_t secret[static KC_CREDENTIAL_SECRET_SIZE],
    uint8_t credential[static KC_CREDENTIAL_MAX], size_t *size)
{
    uint8_t ek[POINT_SIZE], ephemeral[POINT_SIZE], integrity[SEED_SIZE];
    uint8_t seed[SEED_SIZE];                                          /* secret */
    uint8_t identity[IDENTITY_SIZE] = {0, KC_CREDENTIAL_SECRET_SIZE}; /* secret until encrypted */
    if (!read_ek(ek_area, ek))
        return KC_ERR_ATTESTATION;
    enum kc_error error = make_seed(ek, ephemeral, seed);
    memcpy(identity + 2, secret, KC_CREDENTIAL_SECRET_SIZE);
    if (error == KC_OK && !protect(seed, ak_name, identity, integrity))
        error = KC_ERR_NO_MEMORY;
    if (error == KC_OK)
        error = write_credential(identity, integrity, ephemeral, credential, size);
    kc_wipe(seed, sizeof seed);
    kc_wipe(identity, sizeof identity);
    return error;
}
