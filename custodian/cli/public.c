/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/public.h"

#include "custodian/cli/file.h"
#include "custodian/cli/output.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX 65536
#define POINT_LINE "Point: "

const struct kc_curve_info *kc_cli_public_curve(const struct kc_cli_public *public)
{
    return kc_curve_by_name(public->algorithm, strlen(public->algorithm));
}

const struct kc_algorithm_info *kc_cli_public_info(const struct kc_cli_public *public)
{
    return kc_algorithm_by_name(public->algorithm, strlen(public->algorithm));
}

/* Octets of a key in SubjectPublicKeyInfo. */
static size_t plain_size(const struct kc_curve_info *curve)
{
    return curve->signs ? curve->point_size : curve->unsigned_size;
}

/* libcrypto's key; NULL: it could not. Given. */
static EVP_PKEY *key_make(const struct kc_cli_public *public)
{
    const struct kc_curve_info *curve = kc_cli_public_curve(public);
    if (curve != NULL)
        return EVP_PKEY_new_raw_public_key_ex(
            NULL, curve->name, NULL, public->octets, plain_size(curve));
    uint8_t info[KC_UDF_KEY_INFO_MAX];
    const uint8_t *at = info;
    size_t size;
    if (kc_udf_key_info(public->algorithm, kc_cli_public_span(public), info, &size) != KC_OK)
        return NULL;
    return d2i_PUBKEY(NULL, &at, (long)size);
}

enum kc_error kc_cli_public_key(const struct kc_cli_public *public, EVP_PKEY **key)
{
    EVP_PKEY *made = key_make(public);
    if (made == NULL)
        return KC_ERR_BAD_ARGUMENT;
    *key = made;
    return KC_OK;
}

/* The PEM block of a key, in a memory BIO; NULL: libcrypto could not. Given. */
static BIO *pem_make(const struct kc_cli_public *public)
{
    EVP_PKEY *key = key_make(public);
    BIO *memory = BIO_new(BIO_s_mem());
    bool done = key != NULL && memory != NULL && PEM_write_bio_PUBKEY(memory, key) == 1;
    EVP_PKEY_free(key);
    if (done)
        return memory;
    BIO_free(memory);
    return NULL;
}

static size_t write_point_line(const struct kc_cli_public *public, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, POINT_LINE "%s ", public->algorithm);
    for (size_t i = 0; i < public->size; i++)
        used += (size_t)snprintf(text + used, size - used, "%02x", public->octets[i]);
    return used + (size_t)snprintf(text + used, size - used, "\n");
}

enum kc_error kc_cli_public_write(
    const struct kc_cli_public *public, bool with_sign, char text[KC_CLI_PUBLIC_TEXT_SIZE])
{
    const struct kc_algorithm_info *info = kc_cli_public_info(public);
    const struct kc_curve_info *curve = kc_cli_public_curve(public);
    if (info == NULL)
        return KC_ERR_BAD_ALGORITHM;
    if (public->size != info->public_size)
        return KC_ERR_BAD_ARGUMENT;
    BIO *memory = pem_make(public);
    if (memory == NULL)
        return KC_ERR_NO_MEMORY;
    char *pem;
    long pem_size = BIO_get_mem_data(memory, &pem);
    size_t used = with_sign && curve != NULL && !curve->signs
                      ? write_point_line(public, text, KC_CLI_PUBLIC_TEXT_SIZE)
                      : 0;
    snprintf(text + used, KC_CLI_PUBLIC_TEXT_SIZE - used, "%.*s", (int)pem_size, pem);
    BIO_free(memory);
    return KC_OK;
}

/* The curve of libcrypto's key, which has its own spelling for some; NULL: another kind of key. */
static const struct kc_curve_info *curve_of_key(const EVP_PKEY *key)
{
    const struct kc_curve_info *curve;
    for (int i = KC_ALGORITHM_ED25519; i <= KC_ALGORITHM_X448; i++)
        if ((curve = kc_curve_info((enum kc_curve)i)) != NULL && EVP_PKEY_is_a(key, curve->name))
            return curve;
    return NULL;
}

/* Whether libcrypto's key is of an algorithm that is not on a curve of the Mesh. */
static bool is_of(const EVP_PKEY *key, const struct kc_algorithm_info *info)
{
    char group[32] = "";
    if (info->family == KC_FAMILY_RSA)
        return EVP_PKEY_is_a(key, "RSA") &&
               (size_t)EVP_PKEY_get_bits(key) == info->modulus_size * 8;
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, info->algorithm == KC_ALGORITHM_P256 ? "prime256v1" : "secp384r1") == 0;
}

static const struct kc_algorithm_info *info_of_key(const EVP_PKEY *key)
{
    for (unsigned i = 1; i <= KC_ALGORITHM_LAST; i++) {
        const struct kc_algorithm_info *info = kc_algorithm_info(i);
        if (info->family != KC_FAMILY_CURVE && is_of(key, info))
            return info;
    }
    return NULL;
}

/* Our octets end the DER of the key, and make all of it: an RSA key with another exponent than ours
 * is none of these. */
static enum kc_error take_other_key(EVP_PKEY *key, struct kc_cli_public *public)
{
    const struct kc_algorithm_info *info = info_of_key(key);
    uint8_t again[KC_UDF_KEY_INFO_MAX];
    unsigned char *der = NULL;
    size_t again_size = 0;
    if (info == NULL)
        return KC_ERR_BAD_ALGORITHM;
    if (info->family == KC_FAMILY_EC &&
        EVP_PKEY_set_utf8_string_param(
            key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1)
        return KC_ERR_BAD_ARGUMENT;
    int size = i2d_PUBKEY(key, &der);
    bool good = size > 0 && (size_t)size > info->public_size;
    if (good) {
        memcpy(public->octets, der + size - info->public_size, info->public_size);
        public->size = info->public_size;
        good =
            kc_udf_key_info(info->name, kc_cli_public_span(public), again, &again_size) == KC_OK &&
            again_size == (size_t)size && memcmp(again, der, again_size) == 0;
    }
    OPENSSL_free(der);
    snprintf(public->algorithm, sizeof public->algorithm, "%s", info->name);
    public->whole = true;
    return good ? KC_OK : KC_ERR_BAD_ALGORITHM;
}

/* Takes a key's octets from libcrypto's. */
static enum kc_error take_key(EVP_PKEY *key, struct kc_cli_public *public)
{
    const struct kc_curve_info *curve = curve_of_key(key);
    size_t size = sizeof public->octets;
    if (curve == NULL)
        return take_other_key(key, public);
    if (EVP_PKEY_get_raw_public_key(key, public->octets, &size) != 1 || size != plain_size(curve))
        return KC_ERR_BAD_ARGUMENT;
    snprintf(public->algorithm, sizeof public->algorithm, "%s", curve->name);
    public->size = curve->point_size;
    public->whole = curve->signs;
    return KC_OK;
}

/* Takes the sign from a "Point:" line before the block, which must be of the same key. */
static enum kc_error take_sign(struct kc_span text, struct kc_cli_public *public)
{
    struct kc_cli_public other = *public;
    char line[2][KC_CLI_PUBLIC_TEXT_SIZE];
    for (size_t i = 0; i < 2; i++) {
        other.octets[other.size - 1] = i == 0 ? 0x00 : 0x80;
        write_point_line(&other, line[i], sizeof line[i]);
        if (memmem(text.bytes, text.size, line[i], strlen(line[i])) != NULL) {
            other.whole = true;
            *public = other;
            return KC_OK;
        }
    }
    return memmem(text.bytes, text.size, POINT_LINE, strlen(POINT_LINE)) == NULL
               ? KC_OK
               : KC_ERR_BAD_ARGUMENT;
}

/* Refuses a point that nothing may be encrypted to or verified with. */
static enum kc_error check_point(const struct kc_cli_public *public)
{
    const struct kc_curve_info *curve = kc_cli_public_curve(public);
    struct kc_point point;
    if (curve == NULL) /* libcrypto has looked at it */
        return KC_OK;
    return kc_point_decode(&point, curve->curve, public->octets, public->size);
}

enum kc_error kc_cli_public_of(const struct kc_public_key *key, struct kc_cli_public *public)
{
    struct kc_cli_public made = {.size = key->size};
    snprintf(made.algorithm, sizeof made.algorithm, "%s", key->algorithm);
    memcpy(made.octets, key->octets, key->size);
    const struct kc_curve_info *curve = kc_cli_public_curve(&made);
    if (curve == NULL)
        return KC_ERR_BAD_ALGORITHM;
    made.whole = made.size == curve->point_size;
    made.size = curve->point_size;
    enum kc_error error = check_point(&made);
    if (error == KC_OK)
        *public = made;
    return error;
}

/* A KeyData has the key in PublicParameters, and may say its fingerprint, which must be right then. */
static enum kc_error key_read(struct kc_json root, struct kc_public_key *key)
{
    struct kc_json tagged = kc_json_member(root, "KeyData");
    struct kc_json data = kc_json_is_there(tagged) ? tagged : root;
    return kc_json_is_there(kc_json_member(data, "PublicParameters"))
               ? kc_public_key_read(data, key)
               : kc_public_key_read_tagged(root, key);
}

static enum kc_error parse_json(struct kc_span text, struct kc_cli_public *public)
{
    struct kc_json_document document = {0};
    struct kc_public_key key;
    if (kc_json_read(text, FILE_MAX, &document) != KC_OK)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = key_read(kc_json_root(&document), &key);
    kc_json_done(&document);
    return error == KC_OK                  ? kc_cli_public_of(&key, public)
           : error == KC_ERR_BAD_ALGORITHM ? error
                                           : KC_ERR_BAD_ARGUMENT;
}

static bool is_json(struct kc_span text)
{
    size_t at = 0;
    while (at < text.size && strchr(" \t\r\n", text.bytes[at]) != NULL && text.bytes[at] != 0)
        at++;
    return at < text.size && text.bytes[at] == '{';
}

enum kc_error kc_cli_public_parse(struct kc_span text, struct kc_cli_public *public)
{
    if (is_json(text))
        return parse_json(text, public);
    struct kc_cli_public parsed = {0};
    BIO *memory = text.size <= FILE_MAX ? BIO_new_mem_buf(text.bytes, (int)text.size) : NULL;
    EVP_PKEY *key = memory != NULL ? PEM_read_bio_PUBKEY(memory, NULL, NULL, NULL) : NULL;
    BIO_free(memory);
    if (key == NULL)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = take_key(key, &parsed);
    EVP_PKEY_free(key);
    if (error == KC_OK && !parsed.whole)
        error = take_sign(text, &parsed);
    if (error == KC_OK)
        error = check_point(&parsed);
    if (error == KC_OK)
        *public = parsed;
    return error;
}

enum kc_error kc_cli_public_read(
    const struct kc_cli *cli, const char *path, struct kc_cli_public *public)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    enum kc_error error = kc_cli_read(cli, path, FILE_MAX, &text);
    if (error != KC_OK)
        return error;
    error = kc_cli_public_parse(kc_cli_span(&text), public);
    return error == KC_OK ? KC_OK
                          : kc_cli_fail(cli, error,
                                "%s: not a file with a good public key, PEM or JSON", path);
}

enum kc_error kc_cli_public_other_id(const struct kc_cli_public *public, char id[KC_UDF_ID_SIZE])
{
    struct kc_cli_public other = *public;
    other.octets[other.size - 1] ^= 0x80;
    return kc_udf_key_fingerprint(other.algorithm, kc_cli_public_span(&other), id);
}
