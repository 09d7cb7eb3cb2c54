/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/public_key.h"

#include "base/text.h"
#include "proto/udf_key.h"

#include <string.h>

/* Whether octets have a size that the curve has, with a sign octet or without. */
static enum kc_error size_check(const char *algorithm, size_t size)
{
    static const struct {
        const char *algorithm;
        size_t plain, encoded;
    } sizes[] = {{"Ed25519", 32, 32}, {"Ed448", 57, 57}, {"X25519", 32, 33}, {"X448", 56, 57}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (strcmp(algorithm, sizes[i].algorithm) == 0)
            return size == sizes[i].plain || size == sizes[i].encoded ? KC_OK : KC_ERR_BAD_REQUEST;
    return KC_ERR_BAD_ALGORITHM;
}

enum kc_error kc_public_key_make(
    const char *algorithm, struct kc_span octets, struct kc_public_key *key)
{
    struct kc_public_key made = {.size = octets.size};
    enum kc_error error = size_check(algorithm, octets.size);
    if (error != KC_OK)
        return error;
    if (!kc_text_copy(made.algorithm, sizeof made.algorithm, algorithm))
        return KC_ERR_BAD_ALGORITHM;
    memcpy(made.octets, octets.bytes, octets.size);
    error = kc_udf_key_fingerprint(algorithm, octets, made.udf);
    /* The fingerprint of an X448 key is over the octets with the sign. */
    if (error == KC_ERR_BAD_ARGUMENT)
        made.udf[0] = '\0';
    else if (error != KC_OK)
        return error;
    *key = made;
    return KC_OK;
}

enum kc_error kc_public_key_read_tagged(struct kc_json tagged, struct kc_public_key *key)
{
    struct kc_json parameters = kc_json_member(tagged, "PublicKeyECDH");
    char algorithm[sizeof key->algorithm];
    uint8_t octets[KC_UDF_PUBLIC_MAX];
    size_t size = sizeof octets;
    if (kc_json_kind(tagged) != KC_JSON_OBJECT || kc_json_count(tagged) != 1)
        return KC_ERR_BAD_REQUEST;
    if (!kc_json_is_there(parameters))
        return KC_ERR_BAD_ALGORITHM;
    enum kc_error error =
        kc_json_text(kc_json_member(parameters, "crv"), algorithm, sizeof algorithm);
    if (error != KC_OK)
        return error == KC_ERR_TOO_LARGE ? KC_ERR_BAD_ALGORITHM : error;
    if (kc_json_octets(kc_json_member(parameters, "Public"), octets, &size) != KC_OK)
        return KC_ERR_BAD_REQUEST;
    return kc_public_key_make(algorithm, (struct kc_span){octets, size}, key);
}

enum kc_error kc_public_key_read(struct kc_json key_data, struct kc_public_key *key)
{
    struct kc_public_key read;
    char udf[KC_UDF_DIGEST_TEXT_SIZE];
    struct kc_json said = kc_json_member(key_data, "Udf");
    enum kc_error error =
        kc_public_key_read_tagged(kc_json_member(key_data, "PublicParameters"), &read);
    if (error != KC_OK)
        return error;
    if (!kc_json_is_there(said))
        said = kc_json_member(key_data, "UDF");
    if (kc_json_is_there(said) &&
        (kc_json_text(said, udf, sizeof udf) != KC_OK ||
            !kc_udf_names_key(udf, read.algorithm, (struct kc_span){read.octets, read.size})))
        return KC_ERR_REFUSED;
    *key = read;
    return KC_OK;
}

bool kc_public_key_equal(const struct kc_public_key *a, const struct kc_public_key *b)
{
    size_t shorter = a->size < b->size ? a->size : b->size;
    return strcmp(a->algorithm, b->algorithm) == 0 && memcmp(a->octets, b->octets, shorter) == 0;
}
