/* SPDX-License-Identifier: Apache-2.0 */
/* A reference to a key, as a PEM file: for programs that read keys from files
 * (docs/openssl-provider.md has who, pkcs11/provider/decoder.c reads it). */
#include "custodian/cli/call.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/writer.h"

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define LABEL "CUSTODIAN KEY REFERENCE"
#define DER_MAX 128 /* octets: so that each length is one */

/* SEQUENCE { uri UTF8String, algorithm UTF8String }. Its size. */
static size_t write_der(const char *uri, const char *algorithm, uint8_t der[static DER_MAX])
{
    const char *texts[] = {uri, algorithm};
    struct kc_writer w;
    kc_writer_init(&w, der, DER_MAX);
    kc_writer_u8(&w, V_ASN1_CONSTRUCTED | V_ASN1_SEQUENCE);
    kc_writer_u8(&w, (uint8_t)(strlen(uri) + strlen(algorithm) + 4));
    for (size_t i = 0; i < 2; i++) {
        kc_writer_u8(&w, V_ASN1_UTF8STRING);
        kc_writer_u8(&w, (uint8_t)strlen(texts[i]));
        kc_writer_bytes(&w, texts[i], strlen(texts[i]));
    }
    return kc_writer_finish(&w) == KC_OK ? w.size : 0;
}

static enum kc_error write_pem(
    struct kc_cli *cli, const char *label, const uint8_t *der, size_t size)
{
    const char *output = cli->values[KC_CLI_OUTPUT];
    char *pem;
    BIO *memory = BIO_new(BIO_s_mem());
    if (memory == NULL || PEM_write_bio(memory, label, "", der, (long)size) <= 0) {
        BIO_free(memory);
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, "a PEM block");
    }
    long pem_size = BIO_get_mem_data(memory, &pem);
    enum kc_error error = KC_OK;
    if (output != NULL)
        error = kc_cli_write(
            cli, output, (struct kc_span){(const uint8_t *)pem, (size_t)pem_size}, 0644);
    else
        fwrite(pem, 1, (size_t)pem_size, stdout);
    BIO_free(memory);
    return error;
}

enum kc_error kc_cli_key_reference(struct kc_cli *cli)
{
    struct kc_cli_key key;
    uint8_t der[DER_MAX];
    char uri[sizeof "custodian:" + sizeof key.id];
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error != KC_OK)
        return error;
    snprintf(uri, sizeof uri, "custodian:%s", key.id);
    return write_pem(cli, LABEL, der, write_der(uri, key.public.algorithm, der));
}

/* For tpm2_load -r and other tools that read the form. */
enum kc_error kc_cli_key_seal(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_KEY_SEAL);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    if ((error = kc_cli_call_run(&call)) != KC_OK)
        return error;
    struct kc_span seal = kc_cli_call_span(&call, KC_FIELD_VALUE);
    return write_pem(cli, "TSS2 PRIVATE KEY", seal.bytes, seal.size);
}
