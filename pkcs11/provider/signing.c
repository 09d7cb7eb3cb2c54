/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/provider/signing.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

#define DER_MAX 160 /* octets of a signature of P-384 */

const char *kc_signing_hash(const struct kc_provider *provider, const char *name)
{
    static const struct {
        const char *openssl, *custodian;
    } hashes[] = {{"SHA1", "SHA-1"}, {"SHA2-224", "SHA-224"}, {"SHA2-256", "SHA-256"},
        {"SHA2-384", "SHA-384"}, {"SHA2-512", "SHA-512"}};
    const char *found = NULL;
    EVP_MD *hash = EVP_MD_fetch(provider->library, name, NULL);
    for (size_t i = 0; hash != NULL && i < sizeof hashes / sizeof *hashes; i++)
        if (EVP_MD_is_a(hash, hashes[i].openssl))
            found = hashes[i].custodian;
    EVP_MD_free(hash);
    return found;
}

/* r and s, of one size, as DER. Its size; 0: libcrypto could not. */
static size_t ecdsa_to_der(struct kc_span made, unsigned char der[static DER_MAX])
{
    size_t half = made.size / 2;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(made.bytes, (int)half, NULL);
    BIGNUM *s = BN_bin2bn(made.bytes + half, (int)half, NULL);
    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        ECDSA_SIG_free(signature);
        BN_free(r);
        BN_free(s);
        return 0;
    }
    int size = i2d_ECDSA_SIG(signature, NULL);
    unsigned char *at = der;
    if (size > 0 && size <= DER_MAX)
        size = i2d_ECDSA_SIG(signature, &at);
    else
        size = 0;
    ECDSA_SIG_free(signature);
    return (size_t)size;
}

static enum kc_error fill(const struct kc_signing *signing, const void *message, size_t size,
    struct kc_client_request *request)
{
    struct kc_values *values = &request->message.values;
    const struct kc_key_kind *kind = signing->key->kind;
    bool rsa = kind == &kc_key_kinds[KC_KIND_RSA];
    kc_values_set_text(values, KC_FIELD_KEY, signing->key->id);
    if (rsa)
        kc_values_set_text(values, KC_FIELD_SCHEME, signing->pss ? "pss" : "pkcs1");
    if (rsa && signing->hash != NULL)
        kc_values_set_text(values, KC_FIELD_HASH, signing->hash);
    if (signing->pss) {
        kc_values_set_text(values, KC_FIELD_MGF_HASH, signing->mgf_hash);
        kc_values_set_number(values, KC_FIELD_SALT_SIZE, signing->salt_size);
    }
    if (rsa || kind == &kc_key_kinds[KC_KIND_EC])
        kc_values_set_number(values, KC_FIELD_HASHED, true);
    return kc_client_request_data(request, values, KC_FIELD_MESSAGE, message, size);
}

static enum kc_error take(const struct kc_signing *signing, struct kc_span made,
    unsigned char *signature, size_t limit, size_t *size)
{
    unsigned char der[DER_MAX];
    if (signing->key->kind == &kc_key_kinds[KC_KIND_EC]) {
        made = (struct kc_span){der, made.size > DER_MAX ? 0 : ecdsa_to_der(made, der)};
        if (made.size == 0)
            return KC_ERR_BAD_REPLY;
    }
    if (made.size > limit)
        return KC_ERR_BAD_ARGUMENT;
    memcpy(signature, made.bytes, made.size);
    *size = made.size;
    return KC_OK;
}

enum kc_error kc_signing_sign(const struct kc_signing *signing, const void *message,
    size_t message_size, unsigned char *signature, size_t limit, size_t *size)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    const struct kc_provider *provider = signing->key->provider;
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    enum kc_error error = fill(signing, message, message_size, &request);
    if (error != KC_OK)
        kc_provider_raise(provider, error, "the message is too long to be signed in one piece");
    else
        error = kc_provider_call(provider, &request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return error;
    struct kc_span made = kc_client_answer_message(answer)->values.value[KC_FIELD_SIGNATURE].span;
    error = take(signing, made, signature, limit, size);
    kc_client_answer_free(answer);
    if (error != KC_OK)
        kc_provider_raise(provider, error, NULL);
    return error;
}
