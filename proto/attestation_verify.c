/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying an attestation (TPM 2.0 Library, part 2, sections 10.12 and 12.2). */
#include "proto/attestation.h"

#include "proto/attested_area.h"
#include "proto/point_key.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

#define TPM_GENERATED 0xff544347u
#define TAG_CERTIFY 0x8017
#define TAG_QUOTE 0x8018
#define TAG_CREATION 0x801a
#define ALG_SHA256 0x000b
#define DIGEST_SIZE 32
#define NUMBER_SIZE KC_POINT_KEY_NUMBER

/* --- results: the first thing that does not hold is told --- */

static enum kc_error refuse(const char **problem, const char *what)
{
    *problem = what;
    return KC_ERR_ATTESTATION;
}

static enum kc_error hold(bool holds, const char **problem, const char *what)
{
    return holds ? KC_OK : refuse(problem, what);
}

/* --- signatures --- */

static EVP_PKEY *make_key(const struct kc_attested_area *ak)
{
    uint8_t point[KC_POINT_KEY_SIZE] = {4};
    memcpy(point + 1, ak->x, NUMBER_SIZE);
    memcpy(point + 1 + NUMBER_SIZE, ak->y, NUMBER_SIZE);
    return kc_point_key_new(point);
}

/* r and s as DER; 0 if there is no memory. */
static size_t write_der(struct kc_span signature, uint8_t der[static 80])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature.bytes, NUMBER_SIZE, NULL);
    BIGNUM *s = BN_bin2bn(signature.bytes + NUMBER_SIZE, NUMBER_SIZE, NULL);
    int size = 0;
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        size = i2d_ECDSA_SIG(pair, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return size > 0 ? (size_t)size : 0;
}

static bool is_signed(
    const struct kc_attested_area *ak, struct kc_span octets, struct kc_span signature)
{
    uint8_t der[80];
    size_t size = write_der(signature, der);
    EVP_PKEY *key = make_key(ak);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key && context && size > 0 &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, der, size, octets.bytes, octets.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

/* --- what is signed --- */

/* TPMS_ATTEST, up to what differs by its type. */
struct attested {
    uint32_t magic;
    uint16_t type;
    struct kc_span extra_data;
    struct kc_reader rest;
};

static struct kc_span read_sized(struct kc_reader *r)
{
    size_t size = kc_reader_u16(r);
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return bytes ? (struct kc_span){bytes, size} : (struct kc_span){NULL, 0};
}

static struct attested read_attested(struct kc_span octets)
{
    struct attested a;
    struct kc_reader r;
    kc_reader_init(&r, octets.bytes, octets.size);
    a.magic = kc_reader_u32(&r);
    a.type = kc_reader_u16(&r);
    (void)read_sized(&r); /* the signer's qualified Name: hierarchies cannot be checked from it */
    a.extra_data = read_sized(&r);
    (void)kc_reader_u64(&r); /* clock, resets, restarts, whether safe, firmware */
    (void)kc_reader_u32(&r);
    (void)kc_reader_u32(&r);
    (void)kc_reader_u8(&r);
    (void)kc_reader_u64(&r);
    a.rest = r;
    return a;
}

static bool is_equal(struct kc_span a, const void *octets, size_t size)
{
    return a.size == size && memcmp(a.bytes, octets, size) == 0;
}

static enum kc_error check_attested(const struct attested *a, uint16_t type,
    const uint8_t binding[static KC_ATTESTATION_BINDING_SIZE], const char **problem)
{
    enum kc_error error =
        hold(a->magic == TPM_GENERATED, problem, "what is signed was not made by a TPM");
    if (error == KC_OK)
        error = hold(a->type == type, problem, "what is signed is of another type");
    if (error == KC_OK)
        error = hold(is_equal(a->extra_data, binding, KC_ATTESTATION_BINDING_SIZE), problem,
            "what is signed is for another nonce, key or class");
    return error;
}

/* --- the quote --- */

/* One selection, of the SHA-256 bank. */
static bool selects(struct kc_reader *r, uint32_t mask)
{
    uint32_t count = kc_reader_u32(r);
    uint16_t hash = kc_reader_u16(r);
    uint8_t size = kc_reader_u8(r);
    uint32_t selected = 0;
    for (uint8_t i = 0; i < size && i < 4; i++)
        selected |= (uint32_t)kc_reader_u8(r) << (8 * i);
    return count == 1 && hash == ALG_SHA256 && size <= 4 && selected == mask;
}

static enum kc_error check_quote(const struct kc_attestation *a, struct attested *quoted,
    const struct kc_attestation_wanted *wanted, const char **problem)
{
    uint8_t digest[DIGEST_SIZE];
    bool is_selected = selects(&quoted->rest, a->pcr_mask);
    struct kc_span quoted_digest = read_sized(&quoted->rest);
    if (EVP_Digest(a->pcr_values.bytes, a->pcr_values.size, digest, NULL, EVP_sha256(), NULL) != 1)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = hold(kc_reader_finish(&quoted->rest) == KC_OK && is_selected, problem,
        "the quote is of other PCRs than the bundle says");
    if (error == KC_OK)
        error = hold(is_equal(quoted_digest, digest, sizeof digest), problem,
            "the quoted digest is not that of the PCR values");
    if (error == KC_OK)
        error = hold((a->pcr_mask & wanted->pcr_mask) == wanted->pcr_mask && a->pcr_mask != 0,
            problem, "a PCR that was asked for is not in the quote");
    if (error == KC_OK && wanted->pcr_digest.size > 0)
        error = hold(is_equal(wanted->pcr_digest, digest, sizeof digest), problem,
            "the PCRs have other values than those asked for");
    return error;
}

/* --- the certificate --- */

/* EC: the whole point, or its compressed form; RSA: the modulus within RSAPublicKey. */
static bool is_public(const struct kc_attested_area *area, struct kc_span public)
{
    if (area->type == KC_AREA_RSA)
        return area->modulus.size == 256 && public.size == 270 &&
               memcmp(public.bytes + 9, area->modulus.bytes, 256) == 0;
    size_t size = area->coordinate_size;
    if (area->type != KC_AREA_ECC || size == 0 || public.size < 1 + size ||
        memcmp(public.bytes + 1, area->x, size) != 0)
        return false;
    if (public.size == 1 + 2 * size)
        return public.bytes[0] == 4 && memcmp(public.bytes + 1 + size, area->y, size) == 0;
    return public.size == 1 + size && public.bytes[0] == (2 | (area->y[size - 1] & 1));
}

static enum kc_error check_object(const struct kc_attestation *a, const char **problem)
{
    struct kc_attested_area area;
    uint32_t stays = KC_AREA_FIXED_TPM | KC_AREA_FIXED_PARENT;
    if (!kc_attested_area_read(a->object_area, &area) || (area.attributes & stays) != stays)
        return refuse(problem, "the certified object is not bound to its TPM");
    if (a->class == KC_ATTESTED_SEALED)
        return hold(area.type == KC_AREA_KEYED_HASH, problem, "the certified object is not a seal");
    enum kc_error error = hold((area.attributes & KC_AREA_MADE_INSIDE) != 0, problem,
        "the certified key was not made by the TPM");
    return error == KC_OK
               ? hold(is_public(&area, a->public_key), problem, "the certified key is another one")
               : error;
}

static enum kc_error check_certificate(
    const struct kc_attestation *a, struct attested *certified, const char **problem)
{
    uint8_t name[KC_ATTESTATION_NAME_SIZE];
    struct kc_span certified_name = read_sized(&certified->rest);
    (void)read_sized(&certified->rest); /* its qualified Name */
    enum kc_error error = kc_attestation_name(a->object_area, name);
    if (error != KC_OK)
        return error;
    error = hold(
        kc_reader_finish(&certified->rest) == KC_OK && is_equal(certified_name, name, sizeof name),
        problem, "the certified Name is not that of the object");
    return error == KC_OK ? check_object(a, problem) : error;
}

/* --- the certificate of its creation --- */

/* TPMS_CREATION_DATA: what the TPM was told when it made the object. {NULL, 0}: it is none. */
static struct kc_span read_outside_data(struct kc_span creation)
{
    struct kc_reader r;
    kc_reader_init(&r, creation.bytes, creation.size);
    if (kc_reader_u32(&r) != 0)
        kc_reader_fail(&r);  /* selected PCRs */
    (void)read_sized(&r);    /* their digest */
    (void)kc_reader_u8(&r);  /* locality */
    (void)kc_reader_u16(&r); /* the parent: hash, Name, qualified Name */
    (void)read_sized(&r);
    (void)read_sized(&r);
    struct kc_span outside = read_sized(&r);
    return kc_reader_finish(&r) == KC_OK ? outside : (struct kc_span){NULL, 0};
}

static enum kc_error hash_octets(struct kc_span octets, uint8_t made[static DIGEST_SIZE])
{
    return EVP_Digest(octets.bytes, octets.size, made, NULL, EVP_sha256(), NULL) == 1
               ? KC_OK
               : KC_ERR_NO_MEMORY;
}

static enum kc_error check_creation(
    const struct kc_attestation *a, struct attested *created, const char **problem)
{
    uint8_t name[KC_ATTESTATION_NAME_SIZE], hash[DIGEST_SIZE] = {0}, public[DIGEST_SIZE] = {0};
    struct kc_span created_name = read_sized(&created->rest);
    struct kc_span created_hash = read_sized(&created->rest);
    enum kc_error error = kc_attestation_name(a->object_area, name);
    if (error == KC_OK)
        error = hash_octets(a->creation, hash);
    if (error == KC_OK)
        error = hash_octets(a->public_key, public);
    if (error == KC_OK)
        error = hold(
            kc_reader_finish(&created->rest) == KC_OK && is_equal(created_name, name, sizeof name),
            problem, "the certified creation is of another object");
    if (error == KC_OK)
        error = hold(is_equal(created_hash, hash, sizeof hash), problem,
            "the creation data are not those that are certified");
    if (error == KC_OK)
        error = hold(is_equal(read_outside_data(a->creation), public, sizeof public), problem,
            "the object was made for another public key");
    return error;
}

/* --- of a token's key --- */

static bool is_signed_by_custodian(
    struct kc_span public, struct kc_span message, struct kc_span signature)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public.bytes, public.size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(
                    context, signature.bytes, signature.size, message.bytes, message.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

static enum kc_error verify_of_token(const struct kc_attestation *a,
    const struct kc_attestation_wanted *wanted, const char **problem)
{
    uint8_t message[KC_ATTESTATION_MESSAGE_MAX];
    size_t size = 0;
    uint32_t says = KC_ATTESTATION_LOCAL | KC_ATTESTATION_SENSITIVE |
                    KC_ATTESTATION_ALWAYS_SENSITIVE | KC_ATTESTATION_NEVER_EXTRACTABLE;
    if (wanted->pcr_mask != 0 || wanted->pcr_digest.size > 0)
        return refuse(problem, "a token has no PCRs");
    if (wanted->ak_name.size > 0)
        return refuse(problem, "the key is not in the enrolled TPM but in a token");
    if (wanted->custodian_key.size > 0 &&
        !is_equal(a->custodian_key, wanted->custodian_key.bytes, wanted->custodian_key.size))
        return refuse(problem, "the custodian is not the one whose identity is given");
    enum kc_error error = kc_attestation_message(a, message, &size);
    if (error == KC_OK)
        error = hold(is_signed_by_custodian(
                         a->custodian_key, (struct kc_span){message, size}, a->custodian_signature),
            problem, "the signature is not the custodian's");
    if (error == KC_OK)
        error = hold(a->says == says, problem,
            "the token does not say that the key was made in it and cannot leave it");
    return error;
}

/* --- all of it --- */

static enum kc_error check_ak(const struct kc_attestation *a,
    const struct kc_attestation_wanted *wanted, struct kc_attested_area *ak, const char **problem)
{
    uint8_t name[KC_ATTESTATION_NAME_SIZE];
    uint32_t exactly = KC_AREA_FIXED_TPM | KC_AREA_FIXED_PARENT | KC_AREA_MADE_INSIDE |
                       KC_AREA_USER_WITH_AUTH | KC_AREA_NO_DA | KC_AREA_RESTRICTED | KC_AREA_SIGNS;
    if (!kc_attested_area_read(a->ak_area, ak) || ak->type != KC_AREA_ECC || !ak->is_attestation ||
        ak->attributes != exactly || ak->policy.size != 0)
        return refuse(problem, "the AK is not a restricted signing key of a TPM");
    enum kc_error error = kc_attestation_name(a->ak_area, name);
    if (error == KC_OK && wanted->ak_name.size > 0)
        error = hold(is_equal(wanted->ak_name, name, sizeof name), problem,
            "the AK is not the enrolled one");
    return error;
}

static enum kc_error check_one(const struct kc_attested_area *ak, struct kc_span octets,
    struct kc_span signature, uint16_t type, const uint8_t *binding, struct attested *read,
    const char **problem)
{
    if (!is_signed(ak, octets, signature))
        return refuse(problem, "a signature is not the AK's");
    *read = read_attested(octets);
    return check_attested(read, type, binding, problem);
}

enum kc_error kc_attestation_verify(const struct kc_attestation *a,
    const struct kc_attestation_wanted *wanted, const char **problem)
{
    struct kc_attested_area ak;
    struct attested quoted, certified, created;
    uint8_t binding[KC_ATTESTATION_BINDING_SIZE];
    if (!is_equal(a->nonce, wanted->nonce.bytes, wanted->nonce.size))
        return refuse(problem, "the nonce is not the verifier's");
    if (kc_attestation_is_of_token(a->class))
        return verify_of_token(a, wanted, problem);
    if (wanted->custodian_key.size > 0)
        return refuse(problem, "the key is not of a token's custodian, whose identity is given");
    enum kc_error error = kc_attestation_binding(a, binding);
    if (error == KC_OK)
        error = check_ak(a, wanted, &ak, problem);
    if (error == KC_OK)
        error =
            check_one(&ak, a->quoted, a->quoted_signature, TAG_QUOTE, binding, &quoted, problem);
    if (error == KC_OK)
        error = check_quote(a, &quoted, wanted, problem);
    if (error != KC_OK || a->class == KC_ATTESTED_WRAPPED)
        return error;
    error = check_one(
        &ak, a->certified, a->certified_signature, TAG_CERTIFY, binding, &certified, problem);
    if (error == KC_OK)
        error = check_certificate(a, &certified, problem);
    if (error != KC_OK || a->creation.size == 0)
        return error;
    error =
        check_one(&ak, a->created, a->created_signature, TAG_CREATION, binding, &created, problem);
    return error == KC_OK ? check_creation(a, &created, problem) : error;
}
