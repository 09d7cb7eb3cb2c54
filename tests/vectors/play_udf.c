/* SPDX-License-Identifier: Apache-2.0 */
#include "play.h"

#include "proto/udf_digest.h"

#include <stdlib.h>
#include <string.h>

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* Both ways: octets to text, text to octets. */
void play_udf_fixed(struct check *c, const json_t *vector)
{
    struct kc_span data = check_octets(c, vector, "data");
    uint8_t type = (uint8_t)check_count(c, vector, "type_octet");
    const char *written = check_text(c, vector, "text");
    char text[KC_UDF_TEXT_SIZE] = "";
    struct kc_udf udf = {0};
    check_text(c, vector, "kind");
    check_ok(c, "present", kc_udf_present(type, data, 0, text, sizeof text));
    expect_text(c, vector, "text", text);
    check_ok(c, "parse", kc_udf_parse_canonical(span_of(written), &udf));
    expect_count(c, vector, "type_octet", udf.type);
    expect_octets(c, vector, "data", udf.data, udf.data_size);
}

static enum kc_hash hash_named(struct check *c, const json_t *vector)
{
    const char *name = check_text(c, vector, "alg");
    if (strcmp(name, "SHA2") != 0 && strcmp(name, "SHA3") != 0)
        check_fail(c, "alg is neither SHA2 nor SHA3");
    return strcmp(name, "SHA3") == 0 ? KC_HASH_SHA3_512 : KC_HASH_SHA512;
}

static void expect_precisions(
    struct check *c, const json_t *vector, const struct kc_udf_digest *digest)
{
    const json_t *precisions = check_object_if_there(c, vector, "other_precisions"), *value;
    const char *bits;
    char text[KC_UDF_TEXT_SIZE] = "";
    json_object_foreach((json_t *)(uintptr_t)precisions, bits, value)
    {
        check_ok(c, "other_precisions",
            kc_udf_digest_present(digest, (unsigned)strtoul(bits, NULL, 10), text, sizeof text));
        expect_text(c, precisions, bits, text);
    }
}

void play_udf_digest(struct check *c, const json_t *vector)
{
    struct kc_udf_digest digest = {0};
    struct kc_span data = check_octets(c, vector, "data");
    const char *content_type = check_text(c, vector, "content_type");
    char text[KC_UDF_TEXT_SIZE] = "";
    uint8_t typed[KC_UDF_CONTENT_TYPE_MAX + 1 + sizeof digest.value];
    check_ok(
        c, "digest", kc_udf_content_digest(hash_named(c, vector), data, content_type, &digest));
    if (c->failed)
        return;
    size_t type_size = strlen(content_type);
    memcpy(typed, content_type, type_size);
    typed[type_size] = ':';
    memcpy(typed + type_size + 1, digest.value, sizeof digest.value);
    expect_octets(c, vector, "cdv", digest.value, sizeof digest.value);
    expect_octets(c, vector, "typed_input", typed, type_size + 1 + sizeof digest.value);
    expect_octets(c, vector, "tcdv", digest.typed_value, sizeof digest.typed_value);
    expect_count(c, vector, "type_octet", digest.type);
    expect_count(c, vector, "trailing_zero_bits", digest.trailing_zeros);
    check_ok(c, "present",
        kc_udf_digest_present(
            &digest, (unsigned)check_count(c, vector, "bits"), text, sizeof text));
    expect_text(c, vector, "text", text);
    expect_precisions(c, vector, &digest);
}

void play_udf_authenticator(struct check *c, const json_t *vector)
{
    struct kc_udf_authenticator a = {0};
    enum kc_hash hash = hash_named(c, vector);
    struct kc_span data = check_octets(c, vector, "data");
    uint8_t value[KC_HASH_SIZE_MAX] = {0};
    char text[KC_UDF_TEXT_SIZE] = "";
    check_ok(c, "digest", kc_hash_digest(hash, data, value));
    check_ok(c, "authenticator",
        kc_udf_authenticator(hash, span_of(check_text(c, vector, "key")), data,
            check_text(c, vector, "content_type"), &a));
    expect_octets(c, vector, "cdv", value, sizeof value);
    expect_octets(c, vector, "prk", a.pseudo_random_key, sizeof a.pseudo_random_key);
    expect_octets(c, vector, "okm", a.mac_key, sizeof a.mac_key);
    expect_octets(c, vector, "mac", a.mac, sizeof a.mac);
    check_ok(c, "present",
        kc_udf_present(a.type, (struct kc_span){a.mac, sizeof a.mac},
            (unsigned)check_count(c, vector, "bits"), text, sizeof text));
    expect_text(c, vector, "text", text);
}

void play_udf_key_fingerprint(struct check *c, const json_t *vector)
{
    const char *algorithm = check_text(c, vector, "alg");
    struct kc_span public = check_octets(c, vector, "public");
    uint8_t key_info[KC_UDF_KEY_INFO_MAX];
    size_t key_info_size = 0;
    char text[KC_UDF_TEXT_SIZE] = "", fingerprint[KC_UDF_ID_SIZE] = "";
    check_ok(c, "key_info", kc_udf_key_info(algorithm, public, key_info, &key_info_size));
    if (c->failed)
        return;
    struct kc_span info = {key_info, key_info_size};
    expect_octets(c, vector, "key_info", key_info, key_info_size);
    check_ok(c, "oid_udf", kc_udf_present(KC_UDF_OID, info, 0, text, sizeof text));
    expect_text(c, vector, "oid_udf", text);
    struct kc_udf_digest digest = {0};
    check_ok(c, "fingerprint",
        kc_udf_content_digest(
            KC_HASH_SHA512, info, check_text(c, vector, "content_type"), &digest));
    check_ok(c, "fingerprint",
        kc_udf_digest_present(&digest, KC_UDF_BITS, fingerprint, sizeof fingerprint));
    expect_text(c, vector, "fingerprint", fingerprint);
    if (strcmp(check_text(c, vector, "content_type"), KC_UDF_TYPE_KEY) != 0)
        return;
    check_ok(c, "fingerprint", kc_udf_key_fingerprint(algorithm, public, fingerprint));
    expect_text(c, vector, "fingerprint", fingerprint);
}

void play_udf_locator(struct check *c, const json_t *vector)
{
    char text[KC_UDF_TEXT_SIZE] = "";
    check_ok(c, "locator",
        kc_udf_locator(span_of(check_text(c, vector, "udf")), check_text(c, vector, "content_type"),
            (unsigned)check_count(c, vector, "bits"), text, sizeof text));
    expect_text(c, vector, "locator", text);
}
