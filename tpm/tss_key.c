/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/tss_key.h"

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#define LOADABLE_OID "2.23.133.10.1.3"
#define SEALED_OID "2.23.133.10.1.5"
#define DER_MAX 2048

/* --- the form, as libcrypto's templates have it --- */

typedef struct {
    ASN1_OBJECT *type;
    ASN1_BOOLEAN empty_auth;
    ASN1_INTEGER *parent;
    ASN1_OCTET_STRING *public;
    ASN1_OCTET_STRING *private;
} TPM_KEY_FILE;

DECLARE_ASN1_ITEM(TPM_KEY_FILE)

/* clang-format off */
ASN1_SEQUENCE(TPM_KEY_FILE) = {
    ASN1_SIMPLE(TPM_KEY_FILE, type, ASN1_OBJECT),
    ASN1_EXP_OPT(TPM_KEY_FILE, empty_auth, ASN1_BOOLEAN, 0),
    ASN1_SIMPLE(TPM_KEY_FILE, parent, ASN1_INTEGER),
    ASN1_SIMPLE(TPM_KEY_FILE, public, ASN1_OCTET_STRING),
    ASN1_SIMPLE(TPM_KEY_FILE, private, ASN1_OCTET_STRING),
} ASN1_SEQUENCE_END(TPM_KEY_FILE)
    /* clang-format on */

    static void free_file(TPM_KEY_FILE * *file)
{
    ASN1_item_free((ASN1_VALUE *)*file, ASN1_ITEM_rptr(TPM_KEY_FILE));
}

#define AUTO_FILE __attribute__((cleanup(free_file))) TPM_KEY_FILE

/* --- writing --- */

static bool set_octets(ASN1_OCTET_STRING *string, const uint8_t *bytes, size_t size)
{
    return ASN1_OCTET_STRING_set(string, bytes, (int)size) == 1;
}

static bool set_areas(TPM_KEY_FILE *file, const struct kc_tss_key *key)
{
    uint8_t public[sizeof key->public], private[sizeof key->private];
    size_t public_size = 0, private_size = 0;
    return Tss2_MU_TPM2B_PUBLIC_Marshal(&key->public, public, sizeof public, &public_size) ==
               TSS2_RC_SUCCESS &&
           Tss2_MU_TPM2B_PRIVATE_Marshal(&key->private, private, sizeof private, &private_size) ==
               TSS2_RC_SUCCESS &&
           set_octets(file->public, public, public_size) &&
           set_octets(file->private, private, private_size);
}

static TPM_KEY_FILE *make_file(const struct kc_tss_key *key)
{
    TPM_KEY_FILE *file = (TPM_KEY_FILE *)(void *)ASN1_item_new(ASN1_ITEM_rptr(TPM_KEY_FILE));
    if (!file)
        return NULL;
    ASN1_OBJECT_free(file->type);
    file->type = OBJ_txt2obj(key->is_loadable ? LOADABLE_OID : SEALED_OID, 1);
    file->empty_auth = 1;
    if (file->type && ASN1_INTEGER_set_uint64(file->parent, key->parent) == 1 &&
        set_areas(file, key))
        return file;
    free_file(&file);
    return NULL;
}

enum kc_error kc_tss_key_write(const struct kc_tss_key *key, uint8_t *der, size_t *der_size)
{
    unsigned char *encoded = NULL;
    AUTO_FILE *file = make_file(key);
    int size =
        file ? ASN1_item_i2d((ASN1_VALUE *)file, &encoded, ASN1_ITEM_rptr(TPM_KEY_FILE)) : -1;
    if (size < 0)
        return KC_ERR_NO_MEMORY;
    bool fits = (size_t)size <= *der_size;
    if (fits) {
        memcpy(der, encoded, (size_t)size);
        *der_size = (size_t)size;
    }
    OPENSSL_free(encoded);
    return fits ? KC_OK : KC_ERR_TOO_LARGE;
}

/* --- reading --- */

static bool get_number(const ASN1_INTEGER *integer, uint32_t *number)
{
    uint64_t value = 0;
    if (ASN1_INTEGER_get_uint64(&value, integer) != 1 || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool get_type(const TPM_KEY_FILE *file, struct kc_tss_key *key)
{
    char oid[sizeof LOADABLE_OID + 1];
    int size = OBJ_obj2txt(oid, sizeof oid, file->type, 1);
    key->is_loadable = strcmp(oid, LOADABLE_OID) == 0;
    return size > 0 && (key->is_loadable || strcmp(oid, SEALED_OID) == 0);
}

static bool get_areas(const TPM_KEY_FILE *file, struct kc_tss_key *key)
{
    size_t public_size = (size_t)ASN1_STRING_length(file->public), public_end = 0;
    size_t private_size = (size_t)ASN1_STRING_length(file->private), private_end = 0;
    return Tss2_MU_TPM2B_PUBLIC_Unmarshal(ASN1_STRING_get0_data(file->public), public_size,
               &public_end, &key->public) == TSS2_RC_SUCCESS &&
           Tss2_MU_TPM2B_PRIVATE_Unmarshal(ASN1_STRING_get0_data(file->private), private_size,
               &private_end, &key->private) == TSS2_RC_SUCCESS &&
           public_end == public_size && private_end == private_size;
}

/* What can be written in several ways is read in ours alone. */
static bool is_as_written(const struct kc_tss_key *key, const uint8_t *der, size_t der_size)
{
    uint8_t again[DER_MAX];
    size_t again_size = sizeof again;
    return kc_tss_key_write(key, again, &again_size) == KC_OK && again_size == der_size &&
           memcmp(again, der, der_size) == 0;
}

enum kc_error kc_tss_key_read(
    const uint8_t *der, size_t der_size, struct kc_tss_key *key, size_t *used)
{
    struct kc_tss_key read = {.parent = 0};
    const unsigned char *next = der;
    if (der_size > DER_MAX)
        return KC_ERR_RECORD_DAMAGED;
    AUTO_FILE *file = (TPM_KEY_FILE *)(void *)ASN1_item_d2i(
        NULL, &next, (long)der_size, ASN1_ITEM_rptr(TPM_KEY_FILE));
    if (!file || !get_type(file, &read) || !get_number(file->parent, &read.parent) ||
        !get_areas(file, &read) || !is_as_written(&read, der, (size_t)(next - der)))
        return KC_ERR_RECORD_DAMAGED;
    *key = read;
    *used = (size_t)(next - der);
    return KC_OK;
}
