/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/udf_key.h"

#include <string.h>

#define BITS_PER_CHARACTER 5

const char *const kc_udf_key_content_types[] = {
    KC_UDF_TYPE_KEY, "application/x509-keyinfo", "application/pkix-keyinfo", NULL};

enum kc_error kc_udf_key_fingerprint_as(const char *algorithm, struct kc_span public,
    const char *content_type, unsigned bits, char *text, size_t text_size)
{
    uint8_t key_info[KC_UDF_KEY_INFO_MAX];
    size_t size;
    struct kc_udf_digest digest;
    enum kc_error error = kc_udf_key_info(algorithm, public, key_info, &size);
    if (error == KC_OK)
        error = kc_udf_content_digest(
            KC_HASH_SHA512, (struct kc_span){key_info, size}, content_type, &digest);
    return error != KC_OK ? error : kc_udf_digest_present(&digest, bits, text, text_size);
}

/* Characters of a text, dashes and white space aside; what is not of the alphabet is refused by the
 * parser. */
static unsigned characters_of(const char *text)
{
    unsigned count = 0;
    for (; *text != '\0'; text++)
        count += strchr("- \t\r\n", *text) == NULL;
    return count;
}

bool kc_udf_names_key(const char *text, const char *algorithm, struct kc_span public)
{
    struct kc_udf udf;
    unsigned bits = characters_of(text) * BITS_PER_CHARACTER;
    char made[KC_UDF_DIGEST_TEXT_SIZE];
    struct kc_span octets = {(const uint8_t *)text, strlen(text)};
    if (bits > KC_UDF_BITS_MAX || kc_udf_parse_canonical(octets, &udf) != KC_OK)
        return false;
    for (const char *const *type = kc_udf_key_content_types; *type != NULL; type++)
        if (kc_udf_key_fingerprint_as(algorithm, public, *type, bits, made, sizeof made) == KC_OK &&
            strcmp(made, text) == 0)
            return true;
    return false;
}

/* The characters of a text in upper case, dashes and white space left out; room for any digest. */
static bool squeeze(const char *text, char out[KC_UDF_DIGEST_TEXT_SIZE])
{
    size_t size = 0;
    for (; *text != '\0'; text++) {
        if (strchr("- \t\r\n", *text) != NULL)
            continue;
        bool lower = *text >= 'a' && *text <= 'z', upper = *text >= 'A' && *text <= 'Z';
        if ((!lower && !upper && (*text < '2' || *text > '7')) ||
            size + 1 == KC_UDF_DIGEST_TEXT_SIZE)
            return false;
        out[size] = *text;
        if (lower)
            out[size] = (char)(*text - 'a' + 'A');
        size++;
    }
    out[size] = '\0';
    return size >= KC_UDF_BITS_TYPED_MIN / BITS_PER_CHARACTER;
}

bool kc_udf_may_mean(const char *typed, const char *fingerprint)
{
    char a[KC_UDF_DIGEST_TEXT_SIZE], b[KC_UDF_DIGEST_TEXT_SIZE];
    if (!squeeze(typed, a) || !squeeze(fingerprint, b))
        return false;
    size_t shorter = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
    return memcmp(a, b, shorter) == 0;
}
