/* SPDX-License-Identifier: Apache-2.0 */
/* Mesh fingerprints: what one says, and those of files and public keys. Needs no custodian. */
#include "custodian/cli/file.h"
#include "custodian/cli/output.h"
#include "custodian/cli/public.h"

#include "base/secret.h"
#include "proto/udf_digest.h"
#include "proto/udf_key.h"

#include <stdlib.h>
#include <string.h>

#define CONTENT_MAX (64u << 20)
#define BITS_LEAST 20

/* What a type octet stands for. */
static const struct type {
    uint8_t first, last;
    const char *name;
    bool is_secret; /* what is in it is not printed */
} types[] = {
    {KC_UDF_AUTHENTICATOR, KC_UDF_AUTHENTICATOR, "authenticator, HMAC-SHA-2-512", true},
    {KC_UDF_AUTHENTICATOR_SHA3, KC_UDF_AUTHENTICATOR_SHA3, "authenticator, HMAC-SHA-3-512", true},
    {KC_UDF_ENCRYPTION, KC_UDF_ENCRYPTION, "encryption key", true},
    {KC_UDF_ENCRYPTION_SIGNED, KC_UDF_ENCRYPTION_SIGNED, "encryption key, signed", true},
    {KC_UDF_DIGEST_SHA3, KC_UDF_DIGEST_SHA3 + 4, "digest, SHA-3-512", false},
    {KC_UDF_DIGEST_SHA2, KC_UDF_DIGEST_SHA2 + 4, "digest, SHA-2-512", false},
    {KC_UDF_NONCE, KC_UDF_NONCE, "nonce", false},
    {KC_UDF_OID, KC_UDF_OID, "key with its algorithm", false},
    {KC_UDF_SHARE, KC_UDF_SHARE, "share of a secret", true},
    {KC_UDF_SEED, KC_UDF_SEED, "secret seed", true},
};

static const struct type *type_find(uint8_t octet)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (octet >= types[i].first && octet <= types[i].last)
            return &types[i];
    return NULL;
}

static json_t *describe(const struct kc_udf *udf, const struct type *type)
{
    json_t *object = json_object();
    json_object_set_new(object, "type", json_string(type->name));
    json_object_set_new(object, "octet", json_integer(udf->type));
    if (udf->type > type->first)
        json_object_set_new(object, "compression", json_integer(udf->type - type->first));
    json_object_set_new(object, "octets", json_integer((json_int_t)udf->data_size));
    if (!type->is_secret)
        json_object_set_new(object, "data", kc_cli_hex(udf->data, udf->data_size));
    return object;
}

enum kc_error kc_cli_udf_show(struct kc_cli *cli)
{
    KC_AUTO_OCTETS read = {NULL, 0};
    const char *argument = cli->arguments[0];
    struct kc_span text = {(const uint8_t *)argument, strlen(argument)};
    struct kc_udf udf = {0};
    enum kc_error error = KC_OK;
    if (strcmp(argument, "-") == 0) {
        error = kc_cli_read(cli, argument, KC_UDF_TEXT_SIZE, &read);
        text = kc_cli_span(&read);
    }
    if (error != KC_OK)
        return error;
    const struct type *type = kc_udf_parse(text, &udf) == KC_OK ? type_find(udf.type) : NULL;
    if (type != NULL)
        kc_cli_print_object(cli, describe(&udf, type));
    kc_wipe(&udf, sizeof udf);
    return type != NULL ? KC_OK : kc_cli_refuse(cli, KC_ERR_BAD_ARGUMENT, "this is no UDF");
}

/* Prints one fingerprint. */
static void print_udf(const struct kc_cli *cli, const char *udf)
{
    json_t *object = json_object();
    json_object_set_new(object, "udf", json_string(udf));
    kc_cli_print_object(cli, object);
}

/* The bits of --bits, or the usual ones. */
static enum kc_error bits_of(const struct kc_cli *cli, unsigned *bits)
{
    char *end;
    *bits = KC_UDF_BITS;
    if (!kc_cli_given(cli, KC_CLI_BITS))
        return KC_OK;
    unsigned long given = strtoul(cli->values[KC_CLI_BITS], &end, 10);
    if (*end != '\0' || given < BITS_LEAST || given > KC_UDF_BITS_MAX)
        return kc_cli_refuse(cli, KC_ERR_BAD_ARGUMENT, "--bits is a number from %d to %d",
            BITS_LEAST, KC_UDF_BITS_MAX);
    *bits = (unsigned)given;
    return KC_OK;
}

enum kc_error kc_cli_udf_digest(struct kc_cli *cli)
{
    KC_AUTO_OCTETS content = {NULL, 0};
    struct kc_udf_digest digest;
    char text[KC_UDF_DIGEST_TEXT_SIZE];
    unsigned bits;
    enum kc_error error = bits_of(cli, &bits);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[0], CONTENT_MAX, &content);
    if (error != KC_OK)
        return error;
    error = kc_udf_content_digest(
        KC_HASH_SHA512, kc_cli_span(&content), cli->values[KC_CLI_CONTENT_TYPE], &digest);
    if (error == KC_OK)
        error = kc_udf_digest_present(&digest, bits, text, sizeof text);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "--content-type");
    print_udf(cli, text);
    return KC_OK;
}

enum kc_error kc_cli_udf_key(struct kc_cli *cli)
{
    struct kc_cli_public public;
    char text[KC_UDF_DIGEST_TEXT_SIZE];
    unsigned bits;
    enum kc_error error = bits_of(cli, &bits);
    if (error == KC_OK)
        error = kc_cli_public_read(cli, cli->arguments[0], &public);
    if (error != KC_OK)
        return error;
    error = kc_udf_key_fingerprint_as(
        public.algorithm, kc_cli_public_span(&public), KC_UDF_TYPE_KEY, bits, text, sizeof text);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", cli->arguments[0]);
    print_udf(cli, text);
    return KC_OK;
}
