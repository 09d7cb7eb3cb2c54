/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edge cases of signatures and agreements through the module, before a real custodian: the facts of
 * Project Wycheproof, as tests/vectors has them. Signatures are verified with imported public keys.
 * Agreements: keys of the custodian's own meet each public key of the vectors, and each private key
 * from the other side; a vector's own private key cannot be imported, as no private key can.
 */
/* EC_KEY makes a key of a bare scalar; what replaces it wants the public half too. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/pkcs11/support.h"
#include "tests/support/custodian.h"

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OCTETS_MAX 1024

static struct kc_custodian custodian;
static json_t *edges, *signatures;

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error);
    if (file == NULL)
        fail_msg("%s: %s", path, error.text);
    return file;
}

static int set_up(void **state)
{
    (void)state;
    edges = load(KC_SOURCE_DIR "/tests/vectors/data/edge-cases.json");
    signatures = load(KC_SOURCE_DIR "/tests/vectors/door/signature-cases.json");
    kc_custodian_init(&custodian, "\"home\"");
    setenv("CUSTODIAN_SOCKET", custodian.socket, 1);
    assert_ok(p11->C_Initialize(NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_ok(p11->C_Finalize(NULL));
    kc_custodian_done(&custodian);
    json_decref(edges);
    json_decref(signatures);
    return 0;
}

/* --- vectors --- */

struct octets {
    CK_BYTE bytes[OCTETS_MAX];
    CK_ULONG size;
};

static const char *text_of(const json_t *vector, const char *name)
{
    const char *text = json_string_value(json_object_get(vector, name));
    return text != NULL ? text : "";
}

static struct octets octets_of(const json_t *vector, const char *name)
{
    const char *text = text_of(vector, name);
    struct octets octets = {.size = strlen(text) / 2};
    assert_true(octets.size <= OCTETS_MAX);
    for (CK_ULONG i = 0; i < octets.size; i++) {
        unsigned value = 0;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &value), 1);
        octets.bytes[i] = (CK_BYTE)value;
    }
    return octets;
}

/* Plays each vector of a type; returns how many there were. */
static size_t play(const json_t *file, const char *type, void (*one)(const json_t *vector))
{
    size_t i, count = 0;
    const json_t *vector;
    json_array_foreach(json_object_get(file, "vectors"), i, vector)
    {
        if (strcmp(text_of(vector, "type"), type) != 0)
            continue;
        one(vector);
        count++;
    }
    return count;
}

/* --- verifying --- */

static CK_SESSION_HANDLE session_for(bool edwards)
{
    static CK_SESSION_HANDLE sessions[2];
    if (sessions[edwards] == 0)
        sessions[edwards] = open_session(edwards ? "home-edwards" : "home");
    return sessions[edwards];
}

/* What C_Verify says; *imported: whether the public key was taken. */
static CK_RV verify(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
    CK_MECHANISM *mechanism, const json_t *vector, bool *imported)
{
    struct octets message = octets_of(vector, "message");
    struct octets signature = octets_of(vector, "signature");
    CK_OBJECT_HANDLE key;
    CK_RV rv = p11->C_CreateObject(session, template, count, &key);
    *imported = rv == CKR_OK;
    if (rv != CKR_OK)
        return rv;
    rv = p11->C_VerifyInit(session, mechanism, key);
    if (rv == CKR_OK)
        rv = p11->C_Verify(session, message.bytes, message.size, signature.bytes, signature.size);
    assert_ok(p11->C_DestroyObject(session, key));
    return rv;
}

/* A key that is none may be refused when it is imported, or in each use; a signature is invalid, or of
 * a wrong size. */
static void expect(const json_t *vector, CK_RV rv, bool imported, bool valid)
{
    bool about_key = strncmp(text_of(vector, "fact"), "public key", 10) == 0 ||
                     strcmp(text_of(vector, "type"), "eddsa-verify") == 0;
    bool refused = rv == CKR_SIGNATURE_INVALID || rv == CKR_SIGNATURE_LEN_RANGE;
    bool good = valid ? rv == CKR_OK : rv != CKR_OK && (refused || about_key);
    if (!good)
        fail_msg("%s (%s): %lx, imported: %d, should be valid: %d", text_of(vector, "id"),
            text_of(vector, "fact"), rv, imported, valid);
}

static void verify_on_curve(const json_t *vector, CK_KEY_TYPE type, const CK_BYTE *oid,
    CK_ULONG oid_size, CK_MECHANISM *mechanism, bool valid)
{
    struct octets public = octets_of(vector, "public");
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_BBOOL no = CK_FALSE;
    CK_BYTE parameters[16], point[2 + OCTETS_MAX] = {0x04, (CK_BYTE) public.size};
    memcpy(parameters, oid, oid_size);
    memcpy(point + 2, public.bytes, public.size);
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type}, {CKA_TOKEN, &no, 1},
        {CKA_EC_PARAMS, parameters, oid_size}, {CKA_EC_POINT, point, 2 + public.size}};
    bool imported;
    CK_RV rv = verify(session_for(type != CKK_EC), template, 5, mechanism, vector, &imported);
    expect(vector, rv, imported, valid);
}

static void play_eddsa(const json_t *vector)
{
    static const CK_BYTE oids[2][5] = {
        {0x06, 0x03, 0x2b, 0x65, 0x70}, {0x06, 0x03, 0x2b, 0x65, 0x71}};
    bool large = strcmp(text_of(vector, "alg"), "Ed448") == 0;
    struct octets context = octets_of(vector, "context");
    CK_EDDSA_PARAMS parameter = {
        json_is_true(json_object_get(vector, "prehash")) ? CK_TRUE : CK_FALSE, context.size,
        context.bytes};
    CK_MECHANISM mechanism = {CKM_EDDSA, &parameter, sizeof parameter};
    bool signs = strcmp(text_of(vector, "type"), "eddsa-sign") == 0;
    if (signs && !large && context.size == 0 &&
        json_is_string(json_object_get(vector, "context")) && parameter.phFlag == CK_FALSE)
        return; /* Ed25519ctx without a context: nobody gets that here (docs/pkcs11.md) */
    verify_on_curve(vector, CKK_EC_EDWARDS, oids[large], sizeof oids[large], &mechanism,
        signs || json_is_true(json_object_get(vector, "valid")));
}

static const struct {
    const char *hash;
    CK_MECHANISM_TYPE alone, ecdsa, pkcs1, pss;
    CK_RSA_PKCS_MGF_TYPE mgf;
} hashes[] = {
    {"SHA-224", CKM_SHA224, CKM_ECDSA_SHA224, CKM_SHA224_RSA_PKCS, CKM_SHA224_RSA_PKCS_PSS,
        CKG_MGF1_SHA224},
    {"SHA-256", CKM_SHA256, CKM_ECDSA_SHA256, CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS,
        CKG_MGF1_SHA256},
    {"SHA-384", CKM_SHA384, CKM_ECDSA_SHA384, CKM_SHA384_RSA_PKCS, CKM_SHA384_RSA_PKCS_PSS,
        CKG_MGF1_SHA384},
    {"SHA-512", CKM_SHA512, CKM_ECDSA_SHA512, CKM_SHA512_RSA_PKCS, CKM_SHA512_RSA_PKCS_PSS,
        CKG_MGF1_SHA512},
};

static size_t find_hash(const char *name)
{
    size_t i = 0;
    while (strcmp(hashes[i].hash, name) != 0)
        assert_true(++i < sizeof hashes / sizeof *hashes);
    return i;
}

static void play_ecdsa(const json_t *vector)
{
    static const CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static const CK_BYTE p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
    CK_MECHANISM mechanism = {.mechanism = hashes[find_hash(text_of(vector, "hash"))].ecdsa};
    bool large = strcmp(text_of(vector, "alg"), "P-384") == 0;
    verify_on_curve(vector, CKK_EC, large ? p384 : p256, large ? sizeof p384 : sizeof p256,
        &mechanism, json_is_true(json_object_get(vector, "valid")));
}

static void play_rsa(const json_t *vector)
{
    struct octets modulus = octets_of(vector, "modulus"), exponent = octets_of(vector, "exponent");
    size_t hash = find_hash(text_of(vector, "hash"));
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type}, {CKA_TOKEN, &no, 1},
        {CKA_MODULUS, modulus.bytes, modulus.size},
        {CKA_PUBLIC_EXPONENT, exponent.bytes, exponent.size}};
    CK_MECHANISM mechanism = {.mechanism = hashes[hash].pkcs1};
    CK_RSA_PKCS_PSS_PARAMS parameter = {.hashAlg = hashes[hash].alone};
    if (strcmp(text_of(vector, "scheme"), "pss") == 0) {
        parameter.mgf = hashes[find_hash(text_of(vector, "mgf_hash"))].mgf;
        parameter.sLen = (CK_ULONG)json_integer_value(json_object_get(vector, "salt_size"));
        mechanism = (CK_MECHANISM){hashes[hash].pss, &parameter, sizeof parameter};
    }
    bool imported;
    CK_RV rv = verify(session_for(false), template, 5, &mechanism, vector, &imported);
    expect(vector, rv, imported, json_is_true(json_object_get(vector, "valid")));
}

static void signatures_of_ed25519_and_ed448_are_judged_as_the_vectors_say(void **state)
{
    (void)state;
    assert_true(play(edges, "eddsa-verify", play_eddsa) > 200);
    assert_true(play(edges, "eddsa-sign", play_eddsa) > 10);
}

static void signatures_of_ecdsa_are_judged_as_the_vectors_say(void **state)
{
    (void)state;
    assert_true(play(signatures, "ecdsa-verify", play_ecdsa) >= 400);
}

static void signatures_of_rsa_are_judged_as_the_vectors_say(void **state)
{
    (void)state;
    assert_true(play(signatures, "rsa-verify", play_rsa) > 100);
}

/* --- agreeing --- */

static const struct curve {
    const char *name;
    CK_BYTE oid[10];
    CK_ULONG oid_size;
    bool nist;
} curves[] = {
    {"X25519", {0x06, 0x03, 0x2b, 0x65, 0x6e}, 5, false},
    {"X448", {0x06, 0x03, 0x2b, 0x65, 0x6f}, 5, false},
    {"P-256", {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 10, true},
};

/* The custodian's own keys, and what OpenSSL reads of their public halves. */
static CK_OBJECT_HANDLE own[3];
static EVP_PKEY *own_public[3];

static void make_own_keys(void)
{
    for (size_t i = 0; i < 3; i++) {
        CK_BYTE oid[10], info[128];
        CK_BBOOL yes = CK_TRUE;
        CK_MECHANISM mechanism = {
            .mechanism = curves[i].nist ? CKM_EC_KEY_PAIR_GEN : CKM_EC_MONTGOMERY_KEY_PAIR_GEN};
        memcpy(oid, curves[i].oid, sizeof oid);
        CK_ATTRIBUTE public[] = {{CKA_EC_PARAMS, oid, curves[i].oid_size}, {CKA_TOKEN, &yes, 1}};
        CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, 1}, {CKA_DERIVE, &yes, 1}};
        CK_OBJECT_HANDLE public_key;
        CK_SESSION_HANDLE session;
        assert_ok(p11->C_OpenSession(slot_of(curves[i].nist ? "home" : "home-edwards"),
            CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
        assert_ok(p11->C_GenerateKeyPair(
            session, &mechanism, public, 2, private, 2, &public_key, &own[i]));
        CK_ATTRIBUTE read = {CKA_PUBLIC_KEY_INFO, info, sizeof info};
        assert_ok(p11->C_GetAttributeValue(session, public_key, &read, 1));
        const unsigned char *at = info;
        own_public[i] = d2i_PUBKEY(NULL, &at, (long)read.ulValueLen);
        assert_non_null(own_public[i]);
        assert_ok(p11->C_CloseSession(session));
    }
}

static size_t curve_of(const json_t *vector)
{
    size_t i = 0;
    while (strcmp(curves[i].name, text_of(vector, "alg")) != 0)
        assert_true(++i < 3);
    return i;
}

static CK_RV derive(size_t curve, struct octets *peer, CK_BYTE z[static 56], CK_ULONG *size)
{
    CK_SESSION_HANDLE session = session_for(!curves[curve].nist);
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = peer->size, .pPublicData = peer->bytes};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE template[] = {{CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
    CK_OBJECT_HANDLE secret;
    CK_RV rv = p11->C_DeriveKey(session, &mechanism, own[curve], template, 2, &secret);
    if (rv != CKR_OK)
        return rv;
    CK_ATTRIBUTE value = {CKA_VALUE, z, 56};
    assert_ok(p11->C_GetAttributeValue(session, secret, &value, 1));
    assert_ok(p11->C_DestroyObject(session, secret));
    *size = value.ulValueLen;
    return CKR_OK;
}

/* The verdict is about the public key, but for that about a scalar. */
static void play_public(const json_t *vector)
{
    struct octets public = octets_of(vector, "public");
    const char *verdict = text_of(vector, "verdict");
    CK_BYTE z[56];
    CK_ULONG size;
    if (strcmp(verdict, "scalar-range") == 0)
        return;
    if (strcmp(text_of(vector, "fact"), "not compressed") == 0)
        verdict = "ok"; /* here both forms are taken */
    CK_RV rv = derive(curve_of(vector), &public, z, &size);
    bool good = strcmp(verdict, "ok") == 0 ? rv == CKR_OK : rv == CKR_MECHANISM_PARAM_INVALID;
    if (!good)
        fail_msg("%s (%s): %lx", text_of(vector, "id"), verdict, rv);
}

/* OpenSSL's key of a private value. */
static EVP_PKEY *private_key(const json_t *vector)
{
    struct octets private = octets_of(vector, "private");
    const char *name = text_of(vector, "alg");
    if (strcmp(name, "P-256") != 0)
        return EVP_PKEY_new_raw_private_key_ex(NULL, name, NULL, private.bytes, private.size);
    EVP_PKEY *key = NULL;
    EC_KEY *made = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *scalar = BN_bin2bn(private.bytes, (int)private.size, NULL);
    EC_POINT *point = EC_POINT_new(EC_KEY_get0_group(made));
    if (EC_POINT_mul(EC_KEY_get0_group(made), point, scalar, NULL, NULL, NULL) == 1 &&
        EC_KEY_set_private_key(made, scalar) == 1 && EC_KEY_set_public_key(made, point) == 1) {
        key = EVP_PKEY_new();
        assert_int_equal(EVP_PKEY_set1_EC_KEY(key, made), 1);
    }
    EC_POINT_free(point);
    BN_free(scalar);
    EC_KEY_free(made);
    return key;
}

/* The vector's private key is the other side's: both compute the same. */
static void play_private(const json_t *vector)
{
    if (strcmp(text_of(vector, "verdict"), "scalar-range") == 0)
        return; /* zero and n are no keys */
    size_t curve = curve_of(vector), z_size = 56, public_size;
    struct octets public;
    CK_BYTE ours[56], theirs[56];
    CK_ULONG size;
    EVP_PKEY *key = private_key(vector);
    assert_non_null(key);
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(key, "pub", public.bytes, OCTETS_MAX, &public_size), 1);
    public.size = public_size;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, own_public[curve]), 1);
    assert_int_equal(EVP_PKEY_derive(context, theirs, &z_size), 1);
    assert_ok(derive(curve, &public, ours, &size));
    assert_int_equal(size, z_size);
    assert_memory_equal(ours, theirs, size);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
}

static void public_keys_of_x25519_x448_and_p256_are_judged_as_the_vectors_say(void **state)
{
    (void)state;
    make_own_keys();
    assert_true(play(edges, "xdh", play_public) > 700);
    assert_true(play(edges, "ecdh", play_public) > 300);
}

static void private_keys_of_the_vectors_agree_from_the_other_side(void **state)
{
    (void)state;
    assert_true(play(edges, "xdh", play_private) > 700);
    assert_true(play(edges, "ecdh", play_private) > 300);
    for (size_t i = 0; i < 3; i++)
        EVP_PKEY_free(own_public[i]);
}

int main(void)
{
    load_module();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_ed25519_and_ed448_are_judged_as_the_vectors_say),
        cmocka_unit_test(signatures_of_ecdsa_are_judged_as_the_vectors_say),
        cmocka_unit_test(signatures_of_rsa_are_judged_as_the_vectors_say),
        cmocka_unit_test(public_keys_of_x25519_x448_and_p256_are_judged_as_the_vectors_say),
        cmocka_unit_test(private_keys_of_the_vectors_agree_from_the_other_side),
    };
    return cmocka_run_group_tests_name("pkcs11 vectors", tests, set_up, tear_down);
}
