/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/salt.h"

#include "base/secret.h"
#include "base/writer.h"
#include "tpm/kdf.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

#define COORDINATE_SIZE 32
#define POINT_SIZE (1 + 2 * COORDINATE_SIZE) /* 04, x, y */
#define RSA_EXPONENT 65537
#define LABEL "SECRET"

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void free_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

#define AUTO_KEY __attribute__((cleanup(free_key))) EVP_PKEY
#define AUTO_CONTEXT __attribute__((cleanup(free_context))) EVP_PKEY_CTX

static EVP_PKEY *public_key(const char *type, OSSL_PARAM *parameters)
{
    EVP_PKEY *key = NULL;
    AUTO_CONTEXT *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    bool made = context && parameters && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
    return made ? key : NULL;
}

/* --- P-256: an ephemeral key agrees with the storage key --- */

/* The TPM may leave out zeros in front. */
static bool write_coordinate(struct kc_writer *w, const TPM2B_ECC_PARAMETER *coordinate)
{
    static const uint8_t zeros[COORDINATE_SIZE] = {0};
    if (coordinate->size > COORDINATE_SIZE)
        return false;
    kc_writer_bytes(w, zeros, (size_t)COORDINATE_SIZE - coordinate->size);
    kc_writer_bytes(w, coordinate->buffer, coordinate->size);
    return true;
}

/* The point is checked: libcrypto takes none that is not on the curve. */
static EVP_PKEY *read_point(const TPMS_ECC_POINT *unique, uint8_t point[static POINT_SIZE])
{
    struct kc_writer w;
    kc_writer_init(&w, point, POINT_SIZE);
    kc_writer_u8(&w, 4);
    if (!write_coordinate(&w, &unique->x) || !write_coordinate(&w, &unique->y))
        return NULL;
    char curve[] = "P-256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, POINT_SIZE),
        OSSL_PARAM_construct_end(),
    };
    return public_key("EC", parameters);
}

/* z  secret: the x of the agreed point */
static bool agree(EVP_PKEY *ephemeral, EVP_PKEY *peer, uint8_t z[static COORDINATE_SIZE])
{
    size_t size = COORDINATE_SIZE;
    AUTO_CONTEXT *context = EVP_PKEY_CTX_new(ephemeral, NULL);
    return context && EVP_PKEY_derive_init(context) == 1 &&
           EVP_PKEY_derive_set_peer(context, peer) == 1 &&
           EVP_PKEY_derive(context, z, &size) == 1 && size == COORDINATE_SIZE;
}

static enum kc_error write_ephemeral(const uint8_t *point, struct kc_salt *salt)
{
    struct kc_writer w;
    kc_writer_init(&w, salt->encrypted, sizeof salt->encrypted);
    kc_writer_u16(&w, COORDINATE_SIZE);
    kc_writer_bytes(&w, point + 1, COORDINATE_SIZE);
    kc_writer_u16(&w, COORDINATE_SIZE);
    kc_writer_bytes(&w, point + 1 + COORDINATE_SIZE, COORDINATE_SIZE);
    salt->encrypted_size = w.size;
    return kc_writer_finish(&w);
}

static enum kc_error make_by_agreement(const TPMS_ECC_POINT *unique, struct kc_salt *salt)
{
    uint8_t theirs[POINT_SIZE], ours[POINT_SIZE], z[COORDINATE_SIZE]; /* z is secret */
    size_t ours_size = 0;
    AUTO_KEY *peer = read_point(unique, theirs);
    if (!peer)
        return KC_ERR_ROOT_ANSWER;
    AUTO_KEY *ephemeral = EVP_EC_gen("P-256");
    bool agreed = ephemeral && agree(ephemeral, peer, z) &&
                  EVP_PKEY_get_octet_string_param(
                      ephemeral, OSSL_PKEY_PARAM_PUB_KEY, ours, sizeof ours, &ours_size) == 1 &&
                  ours_size == POINT_SIZE;
    enum kc_error error = KC_ERR_NO_MEMORY;
    if (agreed)
        error = kc_kdfe((struct kc_span){z, sizeof z}, LABEL,
            (struct kc_span){ours + 1, COORDINATE_SIZE},
            (struct kc_span){theirs + 1, COORDINATE_SIZE}, salt->value, sizeof salt->value);
    kc_wipe(z, sizeof z);
    return error == KC_OK ? write_ephemeral(ours, salt) : error;
}

/* --- RSA-2048: OAEP --- */

static EVP_PKEY *read_modulus(const TPM2B_PUBLIC_KEY_RSA *modulus)
{
    EVP_PKEY *key = NULL;
    BIGNUM *n = BN_bin2bn(modulus->buffer, modulus->size, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    if (n && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_ulong(builder, OSSL_PKEY_PARAM_RSA_E, RSA_EXPONENT) == 1)
        parameters = OSSL_PARAM_BLD_to_param(builder);
    key = public_key("RSA", parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    return key;
}

/* The label has its zero here too. The context owns the copy from then on. */
static bool set_label(EVP_PKEY_CTX *context)
{
    void *label = OPENSSL_memdup(LABEL, sizeof LABEL);
    if (label && EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, sizeof LABEL) == 1)
        return true;
    OPENSSL_free(label);
    return false;
}

static enum kc_error make_by_encryption(const TPM2B_PUBLIC_KEY_RSA *modulus, struct kc_salt *salt)
{
    if (modulus->size != KC_SALT_ENCRYPTED_MAX)
        return KC_ERR_ROOT_ANSWER;
    AUTO_KEY *key = read_modulus(modulus);
    AUTO_CONTEXT *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    salt->encrypted_size = sizeof salt->encrypted;
    bool done = context && RAND_bytes(salt->value, sizeof salt->value) == 1 &&
                EVP_PKEY_encrypt_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 && set_label(context) &&
                EVP_PKEY_encrypt(context, salt->encrypted, &salt->encrypted_size, salt->value,
                    sizeof salt->value) == 1;
    return done ? KC_OK : KC_ERR_NO_MEMORY;
}

enum kc_error kc_salt_make(const TPM2B_PUBLIC *key, struct kc_salt *salt)
{
    struct kc_salt made = {.encrypted_size = 0}; /* secret */
    const TPMT_PUBLIC *area = &key->publicArea;
    enum kc_error error = area->type == TPM2_ALG_ECC ? make_by_agreement(&area->unique.ecc, &made)
                                                     : make_by_encryption(&area->unique.rsa, &made);
    if (error == KC_OK)
        *salt = made;
    kc_wipe(&made, sizeof made);
    return error;
}
