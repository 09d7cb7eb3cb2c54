/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_root_tpm.h"

#include "base/secret.h"

#include <stdio.h>
#include <string.h>
#include <tss2/tss2_tctildr.h>

#define BOTH_WAYS (TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT)

static void must(TSS2_RC code, const char *step)
{
    if (code != TSS2_RC_SUCCESS)
        fprintf(stderr, "bench-root: code 0x%08x\n", (unsigned)code);
    kc_bench_root_must(code == TSS2_RC_SUCCESS, step);
}

static struct kc_root *make_root(void *context, const uint8_t *name)
{
    const struct kc_swtpm *swtpm = context;
    struct kc_root *root = NULL;
    const struct kc_root_settings settings = {.tcti = swtpm->tcti, .srk_name = name};
    kc_bench_root_must(kc_tpm2_new(&settings, &root) == KC_OK, "making the root");
    return root;
}

void kc_bench_tpm_init(struct kc_bench_tpm *bench)
{
    kc_swtpm_init(&bench->swtpm);
    kc_bench_own_init(&bench->own, make_root, &bench->swtpm);
}

void kc_bench_tpm_done(struct kc_bench_tpm *bench)
{
    kc_bench_own_done(&bench->own);
    kc_swtpm_done(&bench->swtpm);
}

/* --- the library --- */

static const TPM2B_PUBLIC agreer_template = {
    .publicArea =
        {
            .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                TPMA_OBJECT_NODA | TPMA_OBJECT_DECRYPT,
            .parameters.eccDetail =
                {
                    .symmetric.algorithm = TPM2_ALG_NULL,
                    .scheme.scheme = TPM2_ALG_NULL,
                    .curveID = TPM2_ECC_NIST_P256,
                    .kdf.scheme = TPM2_ALG_NULL,
                },
        },
};

static const TPM2B_PUBLIC signer_template = {
    .publicArea =
        {
            .type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT,
            .parameters.eccDetail =
                {
                    .symmetric.algorithm = TPM2_ALG_NULL,
                    .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                    .curveID = TPM2_ECC_NIST_P256,
                    .kdf.scheme = TPM2_ALG_NULL,
                },
        },
};

static void make_primary(struct kc_bench_esys *bench)
{
    static const TPM2B_SENSITIVE_CREATE nothing = {0};
    static const TPM2B_DATA no_data = {0};
    static const TPML_PCR_SELECTION no_pcrs = {0};
    static const TPM2B_PUBLIC template = {
        .publicArea =
            {
                .type = TPM2_ALG_ECC,
                .nameAlg = TPM2_ALG_SHA256,
                .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                    TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT |
                                    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                    TPMA_OBJECT_NODA,
                .parameters.eccDetail =
                    {
                        .symmetric = {.algorithm = TPM2_ALG_AES,
                            .keyBits = {.aes = 128},
                            .mode = {.aes = TPM2_ALG_CFB}},
                        .scheme.scheme = TPM2_ALG_NULL,
                        .curveID = TPM2_ECC_NIST_P256,
                        .kdf.scheme = TPM2_ALG_NULL,
                    },
            },
    };
    must(Esys_CreatePrimary(bench->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
             ESYS_TR_NONE, &nothing, &template, &no_data, &no_pcrs, &bench->srk, NULL, NULL, NULL,
             NULL),
        "making a primary key");
}

static void create(struct kc_bench_esys *bench, const TPM2B_SENSITIVE_CREATE *sensitive,
    const TPM2B_PUBLIC *template, TPM2B_PUBLIC **public, TPM2B_PRIVATE **private)
{
    static const TPM2B_DATA no_data = {0};
    static const TPML_PCR_SELECTION no_pcrs = {0};
    must(Esys_Create(bench->esys, bench->srk, bench->authority, ESYS_TR_NONE, ESYS_TR_NONE,
             sensitive, template, &no_data, &no_pcrs, private, public, NULL, NULL, NULL),
        "creating");
}

/* A command refuses to encrypt what it has not. */
static void protect(const struct kc_bench_esys *bench, TPMA_SESSION ways)
{
    if (bench->authority != ESYS_TR_PASSWORD)
        must(Esys_TRSess_SetAttributes(
                 bench->esys, bench->authority, ways | TPMA_SESSION_CONTINUESESSION, UINT8_MAX),
            "setting a session's attributes");
}

static ESYS_TR load(
    struct kc_bench_esys *bench, const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private)
{
    ESYS_TR object = ESYS_TR_NONE;
    must(Esys_Load(bench->esys, bench->srk, bench->authority, ESYS_TR_NONE, ESYS_TR_NONE, private,
             public, &object),
        "loading");
    return object;
}

static void start_session(struct kc_bench_esys *bench)
{
    static const TPMT_SYM_DEF cipher = {
        .algorithm = TPM2_ALG_AES, .keyBits = {.aes = 128}, .mode = {.aes = TPM2_ALG_CFB}};
    must(Esys_StartAuthSession(bench->esys, bench->srk, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
             ESYS_TR_NONE, NULL, TPM2_SE_HMAC, &cipher, TPM2_ALG_SHA256, &bench->authority),
        "starting a session");
    protect(bench, BOTH_WAYS);
}

void kc_bench_esys_seal(void *context)
{
    struct kc_bench_esys *bench = context;
    static const TPM2B_PUBLIC template = {
        .publicArea =
            {
                .type = TPM2_ALG_KEYEDHASH,
                .nameAlg = TPM2_ALG_SHA256,
                .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                    TPMA_OBJECT_NODA | TPMA_OBJECT_USERWITHAUTH,
                .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
            },
    };
    TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.data.size = sizeof kc_bench_sealed_key};
    memcpy(sensitive.sensitive.data.buffer, kc_bench_sealed_key, sizeof kc_bench_sealed_key);
    Esys_Free(bench->public);
    Esys_Free(bench->private);
    protect(bench, BOTH_WAYS);
    create(bench, &sensitive, &template, &bench->public, &bench->private);
    kc_bench_esys_unseal(bench); /* as the root does, before it believes in a blob */
}

void kc_bench_esys_unseal(void *context)
{
    struct kc_bench_esys *bench = context;
    TPM2B_SENSITIVE_DATA *opened = NULL;
    protect(bench, BOTH_WAYS);
    ESYS_TR object = load(bench, bench->public, bench->private);
    protect(bench, TPMA_SESSION_ENCRYPT);
    must(Esys_Unseal(bench->esys, object, bench->authority, ESYS_TR_NONE, ESYS_TR_NONE, &opened),
        "opening");
    Esys_Free(opened);
    must(Esys_FlushContext(bench->esys, object), "flushing");
}

void kc_bench_esys_random(void *context)
{
    struct kc_bench_esys *bench = context;
    TPM2B_DIGEST *random = NULL;
    ESYS_TR session = bench->authority == ESYS_TR_PASSWORD ? ESYS_TR_NONE : bench->authority;
    protect(bench, TPMA_SESSION_ENCRYPT);
    must(Esys_GetRandom(bench->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, 32, &random),
        "random octets");
    Esys_Free(random);
}

void kc_bench_esys_sign(void *context)
{
    struct kc_bench_esys *bench = context;
    static const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL};
    static const TPMT_TK_HASHCHECK ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
    TPM2B_DIGEST digest = {.size = sizeof kc_bench_sealed_key};
    TPMT_SIGNATURE *signature = NULL;
    memcpy(digest.buffer, kc_bench_sealed_key, sizeof kc_bench_sealed_key);
    protect(bench, TPMA_SESSION_DECRYPT);
    must(Esys_Sign(bench->esys, bench->key, bench->authority, ESYS_TR_NONE, ESYS_TR_NONE, &digest,
             &scheme, &ticket, &signature),
        "signing");
    Esys_Free(signature);
}

void kc_bench_esys_agree(void *context)
{
    struct kc_bench_esys *bench = context;
    TPM2B_ECC_POINT *agreed = NULL;
    protect(bench, BOTH_WAYS);
    must(Esys_ECDH_ZGen(bench->esys, bench->key, bench->authority, ESYS_TR_NONE, ESYS_TR_NONE,
             &bench->peer, &agreed),
        "agreeing");
    Esys_Free(agreed);
}

/* Makes a key and loads it; to agree it takes its own point for a peer's. */
static void make_key(struct kc_bench_esys *bench, const TPM2B_PUBLIC *template)
{
    static const TPM2B_SENSITIVE_CREATE nothing = {0};
    TPM2B_PUBLIC *public = NULL;
    TPM2B_PRIVATE *private = NULL;
    create(bench, &nothing, template, &public, &private);
    bench->key = load(bench, public, private);
    bench->peer.point = public->publicArea.unique.ecc;
    Esys_Free(public);
    Esys_Free(private);
}

void kc_bench_esys_init(struct kc_bench_esys *bench, bool with_session, enum kc_use use)
{
    kc_swtpm_init(&bench->swtpm);
    bench->authority = ESYS_TR_PASSWORD;
    must(Tss2_TctiLdr_Initialize(bench->swtpm.tcti, &bench->tcti), "connecting");
    must(Esys_Initialize(&bench->esys, bench->tcti, NULL), "starting the library");
    make_primary(bench);
    if (with_session)
        start_session(bench);
    make_key(bench, use == KC_USE_AGREE ? &agreer_template : &signer_template);
    kc_bench_esys_seal(bench);
}

void kc_bench_esys_done(struct kc_bench_esys *bench)
{
    Esys_Free(bench->public);
    Esys_Free(bench->private);
    Esys_Finalize(&bench->esys);
    Tss2_TctiLdr_Finalize(&bench->tcti);
    kc_swtpm_done(&bench->swtpm);
}
