/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/frost_p256.h"

#include "base/wipe.h"

#include <openssl/evp.h>
#include <string.h>

#define BLOCK 64 /* octets of a block of SHA-256: Z_pad */
#define DIGEST KC_FROST_P256_DIGEST_SIZE
#define UNIFORM 48 /* L: octets of an element before it is reduced */
#define PARTS_MAX 12

enum kc_error kc_frost_p256_digest(
    uint8_t digest[static KC_FROST_P256_DIGEST_SIZE], const struct kc_span parts[], size_t count)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; good && i < count; i++)
        good = EVP_DigestUpdate(context, parts[i].bytes, parts[i].size) == 1;
    good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context); /* wipes its state */
    return good ? KC_OK : KC_ERR_INTERNAL;
}

/* b_i = H((b_0 xor b_(i-1)) || i || DST_prime); for b_1 the other is zero. */
static enum kc_error next_block(uint8_t block[static DIGEST], const uint8_t first[static DIGEST],
    const uint8_t before[static DIGEST], uint8_t number, struct kc_span tag)
{
    uint8_t mixed[DIGEST]; /* secret, if the input was */
    for (size_t i = 0; i < DIGEST; i++)
        mixed[i] = first[i] ^ before[i];
    const struct kc_span parts[] = {{mixed, DIGEST}, {&number, 1}, tag};
    enum kc_error error = kc_frost_p256_digest(block, parts, 3);
    kc_wipe(mixed, sizeof mixed);
    return error;
}

/* expand_message_xmd (RFC 9380 5.3.1) for 48 octets: all of b_1, half of b_2. */
static enum kc_error expand(uint8_t uniform[static 2 * DIGEST], struct kc_span tag,
    const struct kc_span parts[], size_t count)
{
    static const uint8_t zeros[BLOCK];
    static const uint8_t sizes[] = {0, UNIFORM, 0}; /* l_i_b_str, then I2OSP(0, 1) */
    struct kc_span all[PARTS_MAX] = {{zeros, BLOCK}};
    uint8_t first[DIGEST]; /* b_0 */
    if (count > PARTS_MAX - 3)
        return KC_ERR_INTERNAL;
    memcpy(all + 1, parts, count * sizeof *parts);
    all[count + 1] = (struct kc_span){sizes, sizeof sizes};
    all[count + 2] = tag;
    enum kc_error error = kc_frost_p256_digest(first, all, count + 3);
    if (error == KC_OK)
        error = next_block(uniform, first, zeros, 1, tag);
    if (error == KC_OK)
        error = next_block(uniform + DIGEST, first, uniform, 2, tag);
    kc_wipe(first, sizeof first);
    return error;
}

enum kc_error kc_frost_p256_scalar(
    struct kc_scalar *out, struct kc_span tag, const struct kc_span parts[], size_t count)
{
    uint8_t sized[KC_FROST_P256_TAG_MAX + 1];       /* DST_prime: the tag, then its size */
    uint8_t uniform[2 * DIGEST], reversed[UNIFORM]; /* secret, if the input was */
    if (tag.size > KC_FROST_P256_TAG_MAX)
        return KC_ERR_INTERNAL;
    memcpy(sized, tag.bytes, tag.size);
    sized[tag.size] = (uint8_t)tag.size;
    enum kc_error error = expand(uniform, (struct kc_span){sized, tag.size + 1}, parts, count);
    for (size_t i = 0; error == KC_OK && i < UNIFORM; i++)
        reversed[i] = uniform[UNIFORM - 1 - i];
    if (error == KC_OK)
        kc_scalar_reduce(out, KC_CURVE_P256, reversed, UNIFORM);
    kc_wipe(uniform, sizeof uniform);
    kc_wipe(reversed, sizeof reversed);
    return error;
}
