/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/earl.h"

#include "base/secret.h"
#include "base/text.h"

#include <string.h>

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* --- URIs --- */

/* Copies what stands before a text ends at size. */
static bool copy_part(const char *part, size_t size, char *out, size_t room)
{
    if (size == 0 || size >= room)
        return false;
    memcpy(out, part, size);
    out[size] = '\0';
    return true;
}

/* user@domain, or a domain alone: no white space, no second @, nothing empty. */
static bool is_account(const char *account, bool has_user)
{
    const char *at = strchr(account, '@');
    if (strpbrk(account, " \t\r\n/?#") != NULL)
        return false;
    if (!has_user)
        return at == NULL;
    return at != NULL && at != account && at[1] != '\0' && strchr(at + 1, '@') == NULL;
}

static bool is_secret(const char *secret, bool may_be_pin)
{
    struct kc_udf udf = {0};
    bool good = kc_udf_parse(span_of(secret), &udf) == KC_OK && udf.data_size > 0 &&
                (udf.type == KC_UDF_ENCRYPTION || udf.type == KC_UDF_ENCRYPTION_SIGNED ||
                    (may_be_pin && udf.type == KC_UDF_AUTHENTICATOR));
    kc_wipe(&udf, sizeof udf);
    return good;
}

static bool is_good(const struct kc_mesh_uri *uri)
{
    bool is_udf = strcmp(uri->scheme, "udf") == 0;
    if (!is_udf && strcmp(uri->scheme, "mcu") != 0 && strcmp(uri->scheme, "mmm") != 0)
        return false;
    return is_account(uri->account, !is_udf) && is_secret(uri->secret, !is_udf);
}

enum kc_error kc_mesh_uri_parse(const char *text, struct kc_mesh_uri *uri)
{
    struct kc_mesh_uri parsed = {0};
    const char *colon = strstr(text, "://");
    const char *slash = colon != NULL ? strchr(colon + 3, '/') : NULL;
    bool good =
        slash != NULL &&
        copy_part(text, (size_t)(colon - text), parsed.scheme, sizeof parsed.scheme) &&
        copy_part(colon + 3, (size_t)(slash - colon - 3), parsed.account, sizeof parsed.account) &&
        copy_part(slash + 1, strlen(slash + 1), parsed.secret, sizeof parsed.secret) &&
        is_good(&parsed);
    if (good)
        *uri = parsed;
    kc_wipe(&parsed, sizeof parsed);
    return good ? KC_OK : KC_ERR_BAD_ARGUMENT;
}

enum kc_error kc_mesh_uri_print(const struct kc_mesh_uri *uri, char *text, size_t text_size)
{
    if (!is_good(uri))
        return KC_ERR_BAD_ARGUMENT;
    bool fits =
        kc_text_copy(text, text_size, uri->scheme) && kc_text_append(text, text_size, "://") &&
        kc_text_append(text, text_size, uri->account) && kc_text_append(text, text_size, "/") &&
        kc_text_append(text, text_size, uri->secret);
    return fits ? KC_OK : KC_ERR_TOO_LARGE;
}

/* --- what is derived --- */

/* An encryption UDF of octets that HKDF-SHA-512 makes, without salt. */
static enum kc_error derive(struct kc_span key, struct kc_span info, char text[KC_EARL_SECRET_TEXT])
{
    uint8_t octets[KC_EARL_SECRET_SIZE];
    struct kc_span none = {NULL, 0};
    enum kc_error error = kc_hkdf(KC_HASH_SHA512, key, none, info, octets, sizeof octets);
    if (error == KC_OK)
        error = kc_udf_present(KC_UDF_ENCRYPTION, (struct kc_span){octets, sizeof octets}, 0, text,
            KC_EARL_SECRET_TEXT);
    kc_wipe(octets, sizeof octets);
    return error;
}

enum kc_error kc_earl_secret_of_seed(
    const char *seed, const char *account, char secret[KC_EARL_SECRET_TEXT])
{
    char canonical[KC_ACCOUNT_SIZE];
    struct kc_udf udf = {0};
    enum kc_error error = kc_udf_parse_canonical(span_of(seed), &udf);
    if (error == KC_OK && udf.type != KC_UDF_SEED)
        error = KC_ERR_BAD_ARGUMENT;
    if (error == KC_OK)
        error = kc_account_canonical(account, canonical);
    kc_wipe(&udf, sizeof udf);
    return error != KC_OK ? error : derive(span_of(seed), span_of(canonical), secret);
}

/* The octets of an encryption UDF. */
static enum kc_error octets_of(const char *text, struct kc_udf *udf)
{
    enum kc_error error = kc_udf_parse(span_of(text), udf);
    if (error == KC_OK && (udf->type != KC_UDF_ENCRYPTION || udf->data_size == 0))
        error = KC_ERR_BAD_ARGUMENT;
    return error;
}

enum kc_error kc_earl_publication_id(const char *secret, char id[KC_UDF_ID_SIZE])
{
    struct kc_udf udf = {0};
    enum kc_error error = octets_of(secret, &udf);
    if (error == KC_OK)
        error = kc_udf_symmetric_id((struct kc_span){udf.data, udf.data_size}, id);
    kc_wipe(&udf, sizeof udf);
    return error;
}

enum kc_error kc_earl_authenticator(
    const char *secret, enum kc_earl_party party, char authenticator[KC_EARL_SECRET_TEXT])
{
    const char *info =
        party == KC_EARL_SERVICE ? "mmm/key/authenticate/service" : "mmm/key/authenticate/device";
    struct kc_udf udf = {0};
    enum kc_error error = octets_of(secret, &udf);
    if (error == KC_OK)
        error = derive((struct kc_span){udf.data, udf.data_size}, span_of(info), authenticator);
    kc_wipe(&udf, sizeof udf);
    return error;
}

enum kc_error kc_earl_claim(
    const char *authenticator, const char *claimant, char claim[KC_UDF_ID_SIZE])
{
    char canonical[KC_ACCOUNT_SIZE];
    uint8_t mac[KC_HASH_SIZE_MAX];
    struct kc_udf udf = {0};
    enum kc_error error = kc_account_canonical(claimant, canonical);
    if (error == KC_OK)
        error = octets_of(authenticator, &udf);
    if (error == KC_OK)
        error = kc_hmac(
            KC_HASH_SHA512, (struct kc_span){udf.data, udf.data_size}, span_of(canonical), mac);
    kc_wipe(&udf, sizeof udf);
    if (error != KC_OK)
        return error;
    return kc_udf_present(KC_UDF_AUTHENTICATOR, (struct kc_span){mac, sizeof mac}, KC_UDF_BITS,
        claim, KC_UDF_ID_SIZE);
}
