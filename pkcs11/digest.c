/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/digest.h"

#include <string.h>

static const struct {
    const char *name;
    CK_MECHANISM_TYPE mechanism;
    CK_ULONG mgf;
    size_t size;
} digests[] = {
    {"SHA-1", CKM_SHA_1, CKG_MGF1_SHA1, 20},
    {"SHA-224", CKM_SHA224, CKG_MGF1_SHA224, 28},
    {"SHA-256", CKM_SHA256, CKG_MGF1_SHA256, 32},
    {"SHA-384", CKM_SHA384, CKG_MGF1_SHA384, 48},
    {"SHA-512", CKM_SHA512, CKG_MGF1_SHA512, 64},
};
#define DIGEST_COUNT (sizeof digests / sizeof *digests)

const char *kc_digest_of_mechanism(CK_MECHANISM_TYPE mechanism)
{
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        if (digests[i].mechanism == mechanism)
            return digests[i].name;
    return NULL;
}

const char *kc_digest_of_mgf(CK_ULONG mgf)
{
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        if (digests[i].mgf == mgf)
            return digests[i].name;
    return NULL;
}

size_t kc_digest_size(const char *name)
{
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        if (strcmp(digests[i].name, name) == 0)
            return digests[i].size;
    return 0;
}
