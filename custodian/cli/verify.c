/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/verify.h"

#include "custodian/cli/call.h"
#include "custodian/cli/output.h"
#include "threshold/signature.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

enum kc_error kc_cli_signature_der(
    struct kc_span flat, uint8_t der[static KC_CLI_DER_MAX], struct kc_span *written)
{
    int half = (int)(flat.size / 2), size = 0;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(flat.bytes, half, NULL), *s = BN_bin2bn(flat.bytes + half, half, NULL);
    if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
        uint8_t *at = der;
        size = i2d_ECDSA_SIG(signature, NULL) <= KC_CLI_DER_MAX ? i2d_ECDSA_SIG(signature, &at) : 0;
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(signature);
    *written = (struct kc_span){der, size > 0 ? (size_t)size : 0};
    return size > 0 ? KC_OK : KC_ERR_NO_MEMORY;
}

/* --- by the curves of the Mesh --- */

/* The scheme in the words of the mathematics. */
static enum kc_error check_on_curve(const struct kc_cli *cli, const struct kc_curve_info *curve,
    const struct kc_cli_public *public, struct kc_span message, struct kc_span signature)
{
    KC_AUTO_CALL call = {0}; /* reads the options */
    struct kc_point point;
    const char *scheme = kc_cli_given(cli, KC_CLI_SCHEME) ? cli->values[KC_CLI_SCHEME] : "plain";
    kc_cli_call_init(&call, cli, NULL, KC_OPERATION_KEY_SIGN);
    enum kc_error error = kc_cli_call_hex(&call, KC_FIELD_CONTEXT, KC_CLI_CONTEXT);
    if (error != KC_OK)
        return error;
    struct kc_span context = {call.octets, call.octet_count};
    struct kc_signed_message signed_message = {.message = message,
        .context = context,
        .has_context = strcmp(scheme, "ctx") == 0 || context.size > 0,
        .prehash = strcmp(scheme, "ph") == 0};
    error = kc_point_decode(&point, curve->curve, public->octets, public->size);
    if (error == KC_OK)
        error = kc_signature_verify(&point, &signed_message, signature.bytes, signature.size);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "%s", cli->arguments[2]);
}

/* --- by libcrypto --- */

static const EVP_MD *hash_of(const struct kc_cli *cli, enum kc_cli_option option)
{
    return kc_cli_given(cli, option) ? EVP_get_digestbyname(cli->values[option]) : NULL;
}

/* salt: octets, or libcrypto's word for as many as the digest has */
static bool set_padding(
    EVP_PKEY_CTX *context, const struct kc_cli *cli, const EVP_MD *hash, int salt)
{
    bool pss = kc_cli_given(cli, KC_CLI_SCHEME) && strcmp(cli->values[KC_CLI_SCHEME], "pss") == 0;
    const EVP_MD *mgf = hash_of(cli, KC_CLI_MGF_HASH);
    if (!pss)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf != NULL ? mgf : hash) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) == 1;
}

/* The digest of a message, or the message if that is what was signed. */
static bool digest_of(
    const struct kc_cli *cli, uint8_t room[static EVP_MAX_MD_SIZE], struct kc_span *message)
{
    const EVP_MD *hash = hash_of(cli, KC_CLI_HASH);
    unsigned int size = 0;
    if (hash == NULL || kc_cli_given(cli, KC_CLI_HASHED))
        return true;
    if (EVP_Digest(message->bytes, message->size, room, &size, hash, NULL) != 1)
        return false;
    *message = (struct kc_span){room, size};
    return true;
}

static bool is_good(EVP_PKEY *key, const struct kc_cli *cli, bool is_rsa, int salt,
    struct kc_span message, struct kc_span signature)
{
    const EVP_MD *hash = hash_of(cli, KC_CLI_HASH);
    uint8_t room[EVP_MAX_MD_SIZE];
    if (!digest_of(cli, room, &message))
        return false;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool good =
        context != NULL && EVP_PKEY_verify_init(context) == 1 &&
        (!is_rsa || set_padding(context, cli, hash, salt)) &&
        (hash == NULL || EVP_PKEY_CTX_set_signature_md(context, hash) == 1) &&
        EVP_PKEY_verify(context, signature.bytes, signature.size, message.bytes, message.size) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

/* What FROST makes on P-256: a compressed point and a scalar; ECDSA's is a sequence in DER. */
static bool is_by_holders(const struct kc_cli_public *public, struct kc_span signature)
{
    return kc_cli_public_info(public)->algorithm == KC_ALGORITHM_P256 && signature.size == 65 &&
           (signature.bytes[0] == 2 || signature.bytes[0] == 3);
}

static enum kc_error check_by_libcrypto(const struct kc_cli *cli,
    const struct kc_cli_public *public, struct kc_span message, struct kc_span signature)
{
    KC_AUTO_CALL call = {0}; /* reads the options */
    const struct kc_values *values = &call.request.message.values;
    bool is_rsa = kc_cli_public_info(public)->family == KC_FAMILY_RSA;
    EVP_PKEY *key = NULL;
    kc_cli_call_init(&call, cli, NULL, KC_OPERATION_KEY_SIGN);
    enum kc_error error = kc_cli_call_count(&call, KC_FIELD_SALT_SIZE, KC_CLI_SALT_SIZE);
    if (error != KC_OK)
        return error;
    int salt = kc_values_has(values, KC_FIELD_SALT_SIZE)
                   ? (int)values->value[KC_FIELD_SALT_SIZE].number
                   : RSA_PSS_SALTLEN_DIGEST;
    error = kc_cli_public_key(public, &key);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    bool good = is_good(key, cli, is_rsa, salt, message, signature);
    EVP_PKEY_free(key);
    return good ? KC_OK
                : kc_cli_fail(cli, KC_ERR_SIGNATURE, "%s%s", cli->arguments[2],
                      is_by_holders(public, signature)
                          ? ": if holders of a dealt key made it, it is Schnorr's, not ECDSA's"
                          : "");
}

enum kc_error kc_cli_signature_check(const struct kc_cli *cli, const struct kc_cli_public *public,
    struct kc_span message, struct kc_span signature)
{
    const struct kc_algorithm_info *info = kc_cli_public_info(public);
    const struct kc_curve_info *curve = kc_cli_public_curve(public);
    if (info == NULL || !kc_algorithm_can(info, KC_USE_SIGN))
        return kc_cli_fail(cli, KC_ERR_BAD_ALGORITHM, "the key is an %s key", public->algorithm);
    return curve != NULL ? check_on_curve(cli, curve, public, message, signature)
                         : check_by_libcrypto(cli, public, message, signature);
}
