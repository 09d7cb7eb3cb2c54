/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_root_hsm.h"

#include "tests/bench/bench_root_tpm.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#define TAG_BITS 128
#define SLOTS_MAX 8

static uint8_t sealed_key[KC_ROOT_KEY_SIZE] = "a sealing key of a benchmark: 32";
static uint8_t nonce[12];

static void must(CK_RV value, const char *step)
{
    kc_bench_root_must(value == CKR_OK, step);
}

static struct kc_root *make_root(const uint8_t *name)
{
    struct kc_root *root = NULL;
    const struct kc_hsm_settings settings = {
        .module = KC_SOFTHSM_MODULE,
        .token = KC_SOFTHSM_TOKEN,
        .key_label = KC_SOFTHSM_KEY,
        .pin = (const uint8_t *)KC_SOFTHSM_PIN,
        .pin_size = strlen(KC_SOFTHSM_PIN),
        .name = name,
    };
    kc_bench_root_must(kc_hsm_new(&settings, &root) == KC_OK, "making the root");
    return root;
}

/* The root has initialised the module and logged in; both hold for the whole process. */
static void open_session(struct kc_bench_hsm *bench)
{
    CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    bench->module = dlopen(KC_SOFTHSM_MODULE, RTLD_NOW | RTLD_LOCAL);
    kc_bench_root_must(bench->module != NULL, "loading the module");
    *(void **)&get = dlsym(bench->module, "C_GetFunctionList");
    kc_bench_root_must(get != NULL, "finding the module's functions");
    must(get(&bench->calls), "C_GetFunctionList");
    must(bench->calls->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    must(bench->calls->C_OpenSession(
             slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &bench->session),
        "C_OpenSession");
}

static void find_key(struct kc_bench_hsm *bench)
{
    char label[] = KC_SOFTHSM_KEY;
    CK_ATTRIBUTE wanted = {CKA_LABEL, label, strlen(label)};
    CK_ULONG count = 0;
    must(bench->calls->C_FindObjectsInit(bench->session, &wanted, 1), "C_FindObjectsInit");
    must(bench->calls->C_FindObjects(bench->session, &bench->key, 1, &count), "C_FindObjects");
    kc_bench_root_must(count == 1, "finding the wrapping key");
    must(bench->calls->C_FindObjectsFinal(bench->session), "C_FindObjectsFinal");
}

/* The object of a resident key: its id is in the blob, behind four octets. */
static CK_OBJECT_HANDLE find_resident(struct kc_bench_hsm *bench, struct kc_root_made *made)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, made->blob + 4, 32}};
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    must(bench->calls->C_FindObjectsInit(bench->session, wanted, 2), "C_FindObjectsInit");
    must(bench->calls->C_FindObjects(bench->session, &found, 1, &count), "C_FindObjects");
    kc_bench_root_must(count == 1, "finding a resident key");
    must(bench->calls->C_FindObjectsFinal(bench->session), "C_FindObjectsFinal");
    return found;
}

static void make_resident(struct kc_bench_hsm *bench, enum kc_use use, struct kc_root_made *made)
{
    enum kc_error error =
        kc_root_key_make(bench->root, KC_ALGORITHM_P256, use, sealed_key, sealed_key, made);
    kc_bench_root_must(error == KC_OK, "making a resident key");
}

void kc_bench_hsm_init(struct kc_bench_hsm *bench)
{
    uint8_t name[KC_ROOT_NAME_SIZE];
    kc_softhsm_init(&bench->softhsm, geteuid());
    struct kc_root *owner = make_root(NULL);
    kc_bench_root_must(kc_root_provision(owner, name) == KC_OK, "provisioning");
    kc_root_free(owner);
    bench->root = make_root(name);
    kc_bench_hsm_seal(bench);
    make_resident(bench, KC_USE_SIGN, &bench->signer);
    make_resident(bench, KC_USE_AGREE, &bench->agreer);
    open_session(bench);
    find_key(bench);
    bench->signing_key = find_resident(bench, &bench->signer);
    bench->agreeing_key = find_resident(bench, &bench->agreer);
    kc_bench_pkcs11_seal(bench);
}

void kc_bench_hsm_done(struct kc_bench_hsm *bench)
{
    kc_root_free(bench->root);
    dlclose(bench->module);
    kc_softhsm_done(&bench->softhsm);
}

/* --- the root --- */

void kc_bench_hsm_seal(void *context)
{
    struct kc_bench_hsm *bench = context;
    kc_bench_root_must(
        kc_root_seal(bench->root, sealed_key, bench->blob, &bench->blob_size) == KC_OK, "sealing");
}

void kc_bench_hsm_unseal(void *context)
{
    struct kc_bench_hsm *bench = context;
    uint8_t key[KC_ROOT_KEY_SIZE];
    enum kc_error error = kc_root_unseal(bench->root, bench->blob, bench->blob_size, key);
    kc_bench_root_must(error == KC_OK, "opening");
}

void kc_bench_hsm_random(void *context)
{
    struct kc_bench_hsm *bench = context;
    uint8_t random[32];
    kc_bench_root_must(
        kc_root_random(bench->root, random, sizeof random) == KC_OK, "random octets");
}

void kc_bench_hsm_sign(void *context)
{
    struct kc_bench_hsm *bench = context;
    uint8_t signature[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    const struct kc_root_key key = {sealed_key, {bench->signer.blob, bench->signer.blob_size}};
    const struct kc_span digest = {sealed_key, sizeof sealed_key};
    enum kc_error error =
        kc_root_key_sign(bench->root, &key, KC_ROOT_ECDSA, digest, signature, &size);
    kc_bench_root_must(error == KC_OK, "signing");
}

void kc_bench_hsm_agree(void *context)
{
    struct kc_bench_hsm *bench = context;
    uint8_t agreed[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    const struct kc_root_key key = {sealed_key, {bench->agreer.blob, bench->agreer.blob_size}};
    const struct kc_span peer = {bench->signer.public_key, bench->signer.public_size};
    enum kc_error error = kc_root_key_agree(bench->root, &key, peer, agreed, &size);
    kc_bench_root_must(error == KC_OK, "agreeing");
}

/* --- the calls --- */

static CK_MECHANISM cipher(CK_GCM_PARAMS *parameters)
{
    *parameters = (CK_GCM_PARAMS){
        .pIv = nonce,
        .ulIvLen = sizeof nonce,
        .ulIvBits = 8 * sizeof nonce,
        .ulTagBits = TAG_BITS,
    };
    return (CK_MECHANISM){CKM_AES_GCM, parameters, sizeof *parameters};
}

void kc_bench_pkcs11_seal(void *context)
{
    struct kc_bench_hsm *bench = context;
    CK_GCM_PARAMS parameters;
    CK_MECHANISM mechanism = cipher(&parameters);
    bench->sealed_size = sizeof bench->sealed;
    must(bench->calls->C_EncryptInit(bench->session, &mechanism, bench->key), "C_EncryptInit");
    must(bench->calls->C_Encrypt(
             bench->session, sealed_key, sizeof sealed_key, bench->sealed, &bench->sealed_size),
        "C_Encrypt");
    kc_bench_pkcs11_unseal(bench); /* as the root does, before it believes in a blob */
}

void kc_bench_pkcs11_unseal(void *context)
{
    struct kc_bench_hsm *bench = context;
    CK_GCM_PARAMS parameters;
    CK_MECHANISM mechanism = cipher(&parameters);
    uint8_t opened[128];
    CK_ULONG opened_size = sizeof opened;
    must(bench->calls->C_DecryptInit(bench->session, &mechanism, bench->key), "C_DecryptInit");
    must(bench->calls->C_Decrypt(
             bench->session, bench->sealed, bench->sealed_size, opened, &opened_size),
        "C_Decrypt");
}

void kc_bench_pkcs11_random(void *context)
{
    struct kc_bench_hsm *bench = context;
    uint8_t random[32];
    must(bench->calls->C_GenerateRandom(bench->session, random, sizeof random), "C_GenerateRandom");
}

void kc_bench_pkcs11_sign(void *context)
{
    struct kc_bench_hsm *bench = context;
    uint8_t signature[64];
    CK_ULONG size = sizeof signature;
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    must(bench->calls->C_SignInit(bench->session, &ecdsa, bench->signing_key), "C_SignInit");
    must(bench->calls->C_Sign(bench->session, sealed_key, sizeof sealed_key, signature, &size),
        "C_Sign");
}

void kc_bench_pkcs11_agree(void *context)
{
    struct kc_bench_hsm *bench = context;
    CK_ECDH1_DERIVE_PARAMS parameters = {.kdf = CKD_NULL,
        .ulPublicDataLen = bench->signer.public_size,
        .pPublicData = bench->signer.public_key};
    CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG size = 32;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    uint8_t agreed[32];
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type}, {CKA_SENSITIVE, &no, sizeof no},
        {CKA_EXTRACTABLE, &yes, sizeof yes}, {CKA_VALUE_LEN, &size, sizeof size}};
    CK_ATTRIBUTE value = {CKA_VALUE, agreed, sizeof agreed};
    CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
    must(bench->calls->C_DeriveKey(
             bench->session, &ecdh, bench->agreeing_key, template, 5, &derived),
        "C_DeriveKey");
    must(bench->calls->C_GetAttributeValue(bench->session, derived, &value, 1),
        "C_GetAttributeValue");
    must(bench->calls->C_DestroyObject(bench->session, derived), "C_DestroyObject");
}
