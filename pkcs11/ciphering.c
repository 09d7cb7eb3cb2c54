/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/ciphering.h"

#include "base/secret.h"
#include "base/text.h"
#include "pkcs11/daemon.h"
#include "pkcs11/digest.h"
#include "pkcs11/rv.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 16

/* --- the mechanism's parameter --- */

/* Keeps octets that the client may take back: associated data, a label. */
static CK_RV keep_associated(struct kc_ciphering *ciphering, const void *bytes, CK_ULONG size)
{
    if (size > KC_CIPHER_ASSOCIATED_MAX || (size > 0 && bytes == NULL))
        return CKR_MECHANISM_PARAM_INVALID;
    ciphering->associated = malloc(size + 1);
    if (ciphering->associated == NULL)
        return CKR_HOST_MEMORY;
    if (size > 0)
        memcpy(ciphering->associated, bytes, size);
    ciphering->associated_size = size;
    return CKR_OK;
}

static CK_RV take_gcm(const CK_MECHANISM *mechanism, struct kc_ciphering *ciphering)
{
    CK_GCM_PARAMS parameter;
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof parameter)
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(&parameter, mechanism->pParameter, sizeof parameter);
    if (parameter.pIv == NULL || parameter.ulIvLen == 0 || parameter.ulIvLen > KC_CIPHER_IV_MAX ||
        parameter.ulTagBits % 8 != 0 || parameter.ulTagBits < 32 || parameter.ulTagBits > 128)
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(ciphering->iv, parameter.pIv, parameter.ulIvLen);
    ciphering->iv_size = parameter.ulIvLen;
    ciphering->tag_size = parameter.ulTagBits / 8;
    return keep_associated(ciphering, parameter.pAAD, parameter.ulAADLen);
}

static CK_RV take_cbc(const CK_MECHANISM *mechanism, struct kc_ciphering *ciphering)
{
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != BLOCK)
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(ciphering->iv, mechanism->pParameter, BLOCK);
    ciphering->iv_size = BLOCK;
    return CKR_OK;
}

static CK_RV take_oaep(const CK_MECHANISM *mechanism, struct kc_ciphering *ciphering)
{
    CK_RSA_PKCS_OAEP_PARAMS parameter;
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof parameter)
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(&parameter, mechanism->pParameter, sizeof parameter);
    ciphering->hash = kc_digest_of_mechanism(parameter.hashAlg);
    ciphering->mgf_hash = kc_digest_of_mgf(parameter.mgf);
    bool has_label = parameter.ulSourceDataLen > 0;
    if (ciphering->hash == NULL || ciphering->mgf_hash == NULL ||
        (has_label && parameter.source != CKZ_DATA_SPECIFIED) ||
        parameter.ulSourceDataLen > kc_fields[KC_FIELD_OAEP_LABEL].most)
        return CKR_MECHANISM_PARAM_INVALID;
    return keep_associated(ciphering, parameter.pSourceData, parameter.ulSourceDataLen);
}

static CK_RV take_parameter(const CK_MECHANISM *mechanism, struct kc_ciphering *ciphering)
{
    switch (mechanism->mechanism) {
    case CKM_AES_GCM:
        return take_gcm(mechanism, ciphering);
    case CKM_RSA_PKCS_OAEP:
        return take_oaep(mechanism, ciphering);
    case CKM_RSA_PKCS:
        return mechanism->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
    default:
        return take_cbc(mechanism, ciphering);
    }
}

/* --- the key --- */

static CK_RV take_secret(
    const struct kc_object *object, CK_FLAGS flag, struct kc_ciphering *ciphering)
{
    unsigned needed = flag == CKF_ENCRYPT ? KC_SECRET_ENCRYPT : KC_SECRET_DECRYPT;
    if ((object->secret.flags & needed) == 0)
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    ciphering->secret = object->secret;
    return CKR_OK;
}

static CK_RV take_rsa(const struct kc_object *object, struct kc_ciphering *ciphering)
{
    if (object->kind != KC_OBJECT_PRIVATE || object->key.use != KC_KEY_DECRYPTS)
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    KC_TEXT_COPY_ARRAY(ciphering->key, object->id);
    ciphering->modulus_size = object->key.public.type->bits / 8;
    return CKR_OK;
}

static CK_RV take_key(const struct kc_object *object, CK_MECHANISM_TYPE mechanism, CK_FLAGS flag,
    struct kc_ciphering *ciphering)
{
    if (object == NULL || (object->kind & (KC_OBJECT_CERTIFICATE | KC_OBJECT_DATA)) != 0)
        return CKR_KEY_HANDLE_INVALID;
    bool is_secret = object->kind == KC_OBJECT_SECRET;
    CK_KEY_TYPE type = is_secret ? object->secret.type : object->key.public.type->type;
    ciphering->row = kc_mechanism_for(mechanism, type);
    if (ciphering->row == NULL || (ciphering->row->info.flags & flag) == 0)
        return CKR_KEY_TYPE_INCONSISTENT;
    return is_secret ? take_secret(object, flag, ciphering) : take_rsa(object, ciphering);
}

CK_RV kc_ciphering_start(const struct kc_object *object, unsigned kinds,
    const CK_MECHANISM *mechanism, CK_FLAGS flag, struct kc_ciphering *ciphering)
{
    struct kc_ciphering result = {.active = true, .encrypts = flag == CKF_ENCRYPT};
    CK_RV rv = kc_mechanism_check(kinds, mechanism, flag);
    if (rv == CKR_OK)
        rv = take_key(object, mechanism->mechanism, flag, &result);
    if (rv == CKR_OK)
        rv = take_parameter(mechanism, &result);
    if (rv == CKR_OK)
        *ciphering = result;
    else
        free(result.associated);
    kc_wipe(&result, sizeof result);
    return rv;
}

void kc_ciphering_done(struct kc_ciphering *ciphering)
{
    if (ciphering->input != NULL)
        kc_wipe(ciphering->input, ciphering->input_size);
    free(ciphering->input);
    free(ciphering->associated);
    kc_wipe(ciphering, sizeof *ciphering);
}

/* --- the input --- */

static CK_RV grow(struct kc_ciphering *ciphering, const CK_BYTE *part, CK_ULONG size)
{
    if (size > (size_t)KC_DATA_SIZE_MAX - ciphering->input_size)
        return ciphering->encrypts ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
    uint8_t *larger = malloc(ciphering->input_size + size + 1);
    if (larger == NULL)
        return CKR_HOST_MEMORY;
    if (ciphering->input_size > 0) {
        memcpy(larger, ciphering->input, ciphering->input_size);
        kc_wipe(ciphering->input, ciphering->input_size);
    }
    if (size > 0)
        memcpy(larger + ciphering->input_size, part, size);
    free(ciphering->input);
    ciphering->input = larger;
    ciphering->input_size += size;
    ciphering->in_parts = true;
    return CKR_OK;
}

CK_RV kc_ciphering_append(struct kc_ciphering *ciphering, const CK_BYTE *part, CK_ULONG size)
{
    if (!ciphering->active)
        return CKR_OPERATION_NOT_INITIALIZED;
    CK_RV rv = grow(ciphering, part, size);
    if (rv != CKR_OK)
        kc_ciphering_done(ciphering);
    return rv;
}

CK_ULONG kc_ciphering_most(const struct kc_ciphering *ciphering, CK_ULONG size)
{
    switch (ciphering->row->type) {
    case CKM_AES_GCM:
        if (ciphering->encrypts)
            return size + ciphering->tag_size;
        return size > ciphering->tag_size ? size - ciphering->tag_size : 0;
    case CKM_AES_CBC_PAD:
        return ciphering->encrypts ? size - size % BLOCK + BLOCK : size;
    case CKM_RSA_PKCS_OAEP:
    case CKM_RSA_PKCS:
        return ciphering->modulus_size;
    default:
        return size;
    }
}

/* --- the request --- */

static enum kc_error fill_secret(const struct kc_ciphering *ciphering, const void *input,
    size_t size, struct kc_client_request *request)
{
    struct kc_values *values = &request->message.values;
    const struct kc_secret_facts *secret = &ciphering->secret;
    kc_values_set_text(values, KC_FIELD_CIPHER, ciphering->row->scheme);
    kc_values_set_span(values, KC_FIELD_IV, ciphering->iv, ciphering->iv_size);
    if (ciphering->associated_size > 0)
        kc_values_set_span(
            values, KC_FIELD_ASSOCIATED, ciphering->associated, ciphering->associated_size);
    if (ciphering->tag_size > 0)
        kc_values_set_number(values, KC_FIELD_TAG_SIZE, ciphering->tag_size);
    enum kc_error error = KC_OK;
    if (secret->sealed_size > 0)
        kc_values_set_span(values, KC_FIELD_SEALED, secret->sealed, secret->sealed_size);
    else
        error = kc_client_request_secret(
            request, values, KC_FIELD_SECRET, secret->value, secret->value_size);
    if (error == KC_OK)
        error = kc_client_request_data(request, values, KC_FIELD_MESSAGE, input, size);
    return error;
}

static enum kc_error fill_rsa(const struct kc_ciphering *ciphering, const void *input, size_t size,
    struct kc_client_request *request)
{
    struct kc_values *values = &request->message.values;
    kc_values_set_text(values, KC_FIELD_KEY, ciphering->key);
    kc_values_set_text(values, KC_FIELD_SCHEME, ciphering->row->scheme);
    if (ciphering->hash != NULL) {
        kc_values_set_text(values, KC_FIELD_HASH, ciphering->hash);
        kc_values_set_text(values, KC_FIELD_MGF_HASH, ciphering->mgf_hash);
    }
    if (ciphering->associated_size > 0)
        kc_values_set_span(
            values, KC_FIELD_OAEP_LABEL, ciphering->associated, ciphering->associated_size);
    kc_values_set_span(values, KC_FIELD_CIPHERTEXT, input, size);
    return KC_OK;
}

/* What can be said of the input's size without asking. */
static CK_RV check_size(const struct kc_ciphering *ciphering, size_t size)
{
    CK_RV wrong = ciphering->encrypts ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
    CK_MECHANISM_TYPE type = ciphering->row->type;
    bool whole_blocks = type == CKM_AES_CBC || (type == CKM_AES_CBC_PAD && !ciphering->encrypts);
    if (size > KC_DATA_SIZE_MAX - BLOCK || (whole_blocks && size % BLOCK != 0))
        return wrong;
    if (type == CKM_AES_GCM && !ciphering->encrypts && size < ciphering->tag_size)
        return wrong;
    return ciphering->modulus_size > 0 && size != ciphering->modulus_size ? wrong : CKR_OK;
}

CK_RV kc_ciphering_run(const struct kc_ciphering *ciphering, const void *input, size_t size,
    CK_BYTE *output, size_t *output_size)
{
    bool rsa = ciphering->row->key_type == CKK_RSA;
    CK_RV rv = check_size(ciphering, size);
    if (rv != CKR_OK)
        return rv;
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, rsa                   ? KC_OPERATION_KEY_DECRYPT
                                     : ciphering->encrypts ? KC_OPERATION_SECRET_ENCRYPT
                                                           : KC_OPERATION_SECRET_DECRYPT);
    enum kc_error error = rsa ? fill_rsa(ciphering, input, size, &request)
                              : fill_secret(ciphering, input, size, &request);
    if (error == KC_OK)
        error = kc_daemon_call(&request, &answer);
    kc_client_request_done(&request);
    if (error == KC_OK)
        error = kc_client_answer_secret(answer, &kc_client_answer_message(answer)->values,
            rsa ? KC_FIELD_SECRET : KC_FIELD_OUTPUT, output, kc_ciphering_most(ciphering, size),
            output_size);
    kc_client_answer_free(answer);
    return kc_rv(error);
}
