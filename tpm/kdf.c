/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/kdf.h"

#include "base/secret.h"
#include "base/writer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define LABEL_MAX 16
#define INPUT_MAX (4 + KC_KDF_Z_MAX + LABEL_MAX + 2 * KC_KDF_PARTY_MAX + 4)

static bool is_within(struct kc_span u, struct kc_span v, const char *label, size_t size)
{
    return size <= KC_KDF_SIZE_MAX && u.size <= KC_KDF_PARTY_MAX && v.size <= KC_KDF_PARTY_MAX &&
           strlen(label) < LABEL_MAX;
}

/* The parts that both have: the label with its zero, and the parties. */
static void write_parts(struct kc_writer *w, const char *label, struct kc_span u, struct kc_span v)
{
    kc_writer_bytes(w, label, strlen(label) + 1);
    kc_writer_bytes(w, u.bytes, u.size);
    kc_writer_bytes(w, v.bytes, v.size);
}

enum kc_error kc_kdfa(struct kc_span key, const char *label, struct kc_span u, struct kc_span v,
    uint8_t *out, size_t size)
{
    uint8_t input[INPUT_MAX], block[EVP_MAX_MD_SIZE]; /* the block is secret */
    struct kc_writer w;
    if (!is_within(u, v, label, size) || key.size > INT32_MAX)
        return KC_ERR_BAD_ARGUMENT;
    kc_writer_init(&w, input, sizeof input);
    kc_writer_u32(&w, 1);
    write_parts(&w, label, u, v);
    kc_writer_u32(&w, (uint32_t)size * 8);
    if (!HMAC(EVP_sha256(), key.bytes, (int)key.size, input, w.size, block, NULL))
        return KC_ERR_NO_MEMORY;
    memcpy(out, block, size);
    kc_wipe(block, sizeof block);
    return KC_OK;
}

enum kc_error kc_kdfe(struct kc_span z, const char *label, struct kc_span u, struct kc_span v,
    uint8_t *out, size_t size)
{
    uint8_t input[INPUT_MAX], block[EVP_MAX_MD_SIZE]; /* secret */
    struct kc_writer w;
    if (!is_within(u, v, label, size) || z.size > KC_KDF_Z_MAX)
        return KC_ERR_BAD_ARGUMENT;
    kc_writer_init(&w, input, sizeof input);
    kc_writer_u32(&w, 1);
    kc_writer_bytes(&w, z.bytes, z.size);
    write_parts(&w, label, u, v);
    int done = EVP_Digest(input, w.size, block, NULL, EVP_sha256(), NULL);
    if (done == 1)
        memcpy(out, block, size);
    kc_wipe(input, sizeof input);
    kc_wipe(block, sizeof block);
    return done == 1 ? KC_OK : KC_ERR_NO_MEMORY;
}
