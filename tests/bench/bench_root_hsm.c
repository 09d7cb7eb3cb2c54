/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_root_hsm.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#define TAG_BITS 128
#define SLOTS_MAX 8

static uint8_t nonce[12];

static void must(CK_RV value, const char *step)
{
    kc_bench_root_must(value == CKR_OK, step);
}

static struct kc_root *make_root(void *context, const uint8_t *name)
{
    struct kc_root *root = NULL;
    const struct kc_hsm_settings settings = KC_SOFTHSM_SETTINGS(name);
    (void)context;
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

void kc_bench_hsm_init(struct kc_bench_hsm *bench)
{
    kc_softhsm_init(&bench->softhsm, geteuid());
    kc_bench_own_init(&bench->own, make_root, NULL);
    open_session(bench);
    find_key(bench);
    bench->signing_key = find_resident(bench, &bench->own.signer);
    bench->agreeing_key = find_resident(bench, &bench->own.agreer);
    kc_bench_pkcs11_seal(bench);
}

void kc_bench_hsm_done(struct kc_bench_hsm *bench)
{
    kc_bench_own_done(&bench->own);
    dlclose(bench->module);
    kc_softhsm_done(&bench->softhsm);
}

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
    must(bench->calls->C_Encrypt(bench->session, kc_bench_sealed_key, sizeof kc_bench_sealed_key,
             bench->sealed, &bench->sealed_size),
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
    must(bench->calls->C_Sign(
             bench->session, kc_bench_sealed_key, sizeof kc_bench_sealed_key, signature, &size),
        "C_Sign");
}

void kc_bench_pkcs11_agree(void *context)
{
    struct kc_bench_hsm *bench = context;
    CK_ECDH1_DERIVE_PARAMS parameters = {.kdf = CKD_NULL,
        .ulPublicDataLen = bench->own.signer.public_size,
        .pPublicData = bench->own.signer.public_key};
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
