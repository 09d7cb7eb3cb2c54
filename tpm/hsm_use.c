/* SPDX-License-Identifier: Apache-2.0 */
/* Resident keys in a token, used: signatures, derivations, decryptions. */
#include "tpm/hsm_resident.h"

#include "base/secret.h"
#include "tpm/hsm_connection.h"
#include "tpm/hsm_object.h"

#include <string.h>

static enum kc_error misfit(struct kc_hsm_token *token)
{
    return kc_hsm_connection_refuse(
        token, KC_ERR_BAD_ARGUMENT, "the key is not one for this operation, scheme or input");
}

/* One operation on its way: the key, what goes in, what comes out. */
struct task {
    const struct kc_hsm_name *name;
    const struct kc_root_use_of_key *use;
    CK_OBJECT_HANDLE key;
    uint8_t *room; /* secret; KC_ROOT_RESULT_MAX octets */
    CK_ULONG size; /* of what is in it */
};

/* The hashes, each with what comes before a digest in a DigestInfo (RFC 8017, 9.2, note 1). */
static const struct hash {
    size_t size;
    CK_MECHANISM_TYPE mechanism;
    CK_RSA_PKCS_MGF_TYPE mask;
    uint8_t prefix[19];
} hashes[] = {
    {32, CKM_SHA256, CKG_MGF1_SHA256,
        {0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20}},
    {48, CKM_SHA384, CKG_MGF1_SHA384,
        {0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30}},
    {64, CKM_SHA512, CKG_MGF1_SHA512,
        {0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40}},
};

static const struct hash *hash_of(size_t digest_size)
{
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        if (hashes[i].size == digest_size)
            return &hashes[i];
    }
    return NULL;
}

/* input  not changed: PKCS#11 has no const */
static enum kc_error sign_with(
    struct kc_hsm_token *token, struct task *task, CK_MECHANISM *mechanism, struct kc_span input)
{
    uint8_t octets[KC_ROOT_INPUT_MAX];
    if (input.size > sizeof octets)
        return misfit(token);
    memcpy(octets, input.bytes, input.size);
    enum kc_error error = kc_hsm_connection_check(
        token, "begin to sign", token->functions->C_SignInit(token->session, mechanism, task->key));
    if (error == KC_OK)
        error = kc_hsm_connection_check(token, "sign",
            token->functions->C_Sign(token->session, octets, input.size, task->room, &task->size));
    if (error == KC_OK && task->size != task->name->algorithm->signature_size)
        error =
            kc_hsm_connection_refuse(token, KC_ERR_ROOT_ANSWER, "the signature has not its size");
    return error;
}

static enum kc_error sign_pkcs1(
    struct kc_hsm_token *token, struct task *task, const struct hash *hash)
{
    uint8_t octets[sizeof hash->prefix + 64];
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    memcpy(octets, hash->prefix, sizeof hash->prefix);
    memcpy(octets + sizeof hash->prefix, task->use->input.bytes, hash->size);
    return sign_with(
        token, task, &mechanism, (struct kc_span){octets, sizeof hash->prefix + hash->size});
}

static enum kc_error sign_pss(
    struct kc_hsm_token *token, struct task *task, const struct hash *hash)
{
    CK_RSA_PKCS_PSS_PARAMS parameters = {hash->mechanism, hash->mask, hash->size};
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_PSS, &parameters, sizeof parameters};
    return sign_with(token, task, &mechanism, task->use->input);
}

static enum kc_error sign(struct kc_hsm_token *token, struct task *task)
{
    enum kc_algorithm algorithm = task->name->algorithm->algorithm;
    const struct hash *hash = hash_of(task->use->input.size);
    bool is_rsa = algorithm == KC_ALGORITHM_RSA2048;
    bool is_edwards = algorithm == KC_ALGORITHM_ED25519 || algorithm == KC_ALGORITHM_ED448;
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0}, eddsa = {CKM_EDDSA, NULL, 0};
    switch (task->use->scheme) {
    case KC_ROOT_ECDSA:
        return is_rsa || is_edwards ? misfit(token)
                                    : sign_with(token, task, &ecdsa, task->use->input);
    case KC_ROOT_EDDSA:
        return is_edwards ? sign_with(token, task, &eddsa, task->use->input) : misfit(token);
    case KC_ROOT_RSA_PKCS1:
        return is_rsa && hash ? sign_pkcs1(token, task, hash) : misfit(token);
    case KC_ROOT_RSA_PSS:
        return is_rsa && hash ? sign_pss(token, task, hash) : misfit(token);
    case KC_ROOT_RSA_OAEP:
        break;
    }
    return misfit(token);
}

/* The value of a derived object, which is destroyed whatever comes of it. */
static enum kc_error take_derived(
    struct kc_hsm_token *token, struct task *task, CK_OBJECT_HANDLE derived)
{
    CK_ATTRIBUTE value = {CKA_VALUE, task->room, KC_ROOT_RESULT_MAX};
    CK_RV code = token->functions->C_GetAttributeValue(token->session, derived, &value, 1);
    (void)token->functions->C_DestroyObject(token->session, derived);
    enum kc_error error = code == CKR_ATTRIBUTE_SENSITIVE
                              ? kc_hsm_connection_refuse(token, KC_ERR_ROOT_UNFIT,
                                    "the token does not let derived values be read")
                              : kc_hsm_connection_check(token, "read what was derived", code);
    if (error == KC_OK && value.ulValueLen != task->name->algorithm->coordinate_size)
        error = kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_ANSWER, "what was derived has not the size of a coordinate");
    task->size = task->name->algorithm->coordinate_size;
    return error;
}

static CK_RV derive(
    struct kc_hsm_token *token, const struct task *task, bool as_der, CK_OBJECT_HANDLE *derived)
{
    uint8_t point[KC_HSM_POINT_MAX];
    CK_ECDH1_DERIVE_PARAMS parameters = {
        .kdf = CKD_NULL,
        .public_data_len = kc_hsm_point_write(task->use->input, as_der, point),
        .public_data = point,
    };
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG size = task->name->algorithm->coordinate_size;
    CK_BBOOL stays = CK_FALSE, is_hidden = CK_FALSE, is_extractable = CK_TRUE;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &stays, sizeof stays},
        {CKA_SENSITIVE, &is_hidden, sizeof is_hidden},
        {CKA_EXTRACTABLE, &is_extractable, sizeof is_extractable},
        {CKA_VALUE_LEN, &size, sizeof size},
    };
    return token->functions->C_DeriveKey(token->session, &mechanism, task->key, template,
        sizeof template / sizeof template[0], derived);
}

static bool may_mean_the_point(CK_RV code)
{
    return code == CKR_GENERAL_ERROR || code == CKR_FUNCTION_FAILED ||
           code == CKR_MECHANISM_PARAM_INVALID || code == CKR_DATA_INVALID ||
           code == CKR_ARGUMENTS_BAD || code == CKR_PUBLIC_KEY_INVALID;
}

/* Some tokens want the peer's point raw, as the standard has it, some in an OCTET STRING, as
 * CKA_EC_POINT is; which form this one takes is remembered. */
static enum kc_error agree(struct kc_hsm_token *token, struct task *task)
{
    CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
    unsigned bit = 1u << task->name->algorithm->algorithm;
    bool as_der = (token->points_as_der & bit) != 0;
    if (task->name->algorithm->coordinate_size == 0 ||
        task->use->input.size != task->name->algorithm->point_size)
        return misfit(token);
    CK_RV code = derive(token, task, as_der, &derived);
    if (may_mean_the_point(code) && derive(token, task, !as_der, &derived) == CKR_OK) {
        token->points_as_der ^= bit;
        code = CKR_OK;
    }
    enum kc_error error = kc_hsm_connection_check(token, "derive", code);
    return error == KC_OK ? take_derived(token, task, derived) : error;
}

/* That it does not decrypt is said in many ways. */
static bool may_mean_the_ciphertext(CK_RV code)
{
    return code == CKR_ENCRYPTED_DATA_INVALID || code == CKR_ENCRYPTED_DATA_LEN_RANGE ||
           code == CKR_GENERAL_ERROR || code == CKR_FUNCTION_FAILED || code == CKR_DATA_INVALID ||
           code == CKR_DATA_LEN_RANGE;
}

static enum kc_error decrypt(struct kc_hsm_token *token, struct task *task)
{
    CK_RSA_PKCS_OAEP_PARAMS parameters = {
        .hash_alg = CKM_SHA256, .mgf = CKG_MGF1_SHA256, .source = CKZ_DATA_SPECIFIED};
    CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    CK_MECHANISM pkcs1 = {CKM_RSA_PKCS, NULL, 0};
    uint8_t ciphertext[KC_ROOT_RESULT_MAX];
    if (task->name->algorithm->algorithm != KC_ALGORITHM_RSA2048 ||
        task->use->input.size != sizeof ciphertext)
        return misfit(token);
    memcpy(ciphertext, task->use->input.bytes, sizeof ciphertext);
    CK_RV begun = token->functions->C_DecryptInit(
        token->session, task->use->scheme == KC_ROOT_RSA_OAEP ? &oaep : &pkcs1, task->key);
    if (begun == CKR_ARGUMENTS_BAD) /* SoftHSM: OAEP with another hash than SHA-1 */
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_UNFIT, "the token has no OAEP with SHA-256");
    enum kc_error error = kc_hsm_connection_check(token, "begin to decrypt", begun);
    if (error != KC_OK)
        return error;
    CK_RV code = token->functions->C_Decrypt(
        token->session, ciphertext, sizeof ciphertext, task->room, &task->size);
    error = kc_hsm_connection_check(token, "decrypt", code);
    return error != KC_OK && may_mean_the_ciphertext(code) ? KC_ERR_DECRYPTION : error;
}

static enum kc_error run(struct kc_hsm_token *token, struct task *task)
{
    static const struct {
        enum kc_use needed;
        enum kc_error (*run)(struct kc_hsm_token *token, struct task *task);
    } operations[] = {
        [KC_ROOT_OPERATION_SIGN] = {KC_USE_SIGN, sign},
        [KC_ROOT_OPERATION_AGREE] = {KC_USE_AGREE, agree},
        [KC_ROOT_OPERATION_DECRYPT] = {KC_USE_DECRYPT, decrypt},
    };
    if (operations[task->use->operation].needed != task->name->use)
        return misfit(token);
    enum kc_error error = kc_hsm_private_find(token, task->name, &task->key);
    return error == KC_OK ? operations[task->use->operation].run(token, task) : error;
}

enum kc_error kc_hsm_resident_use(struct kc_hsm_token *token, const struct kc_root_use_of_key *use,
    uint8_t result[static KC_ROOT_RESULT_MAX], size_t *result_size)
{
    struct kc_hsm_name name;
    uint8_t room[KC_ROOT_RESULT_MAX]; /* secret */
    struct task task = {.name = &name, .use = use, .room = room, .size = sizeof room};
    enum kc_error error = kc_hsm_name_read(token, use->key->blob, &name);
    if (error == KC_OK)
        error = run(token, &task);
    if (error == KC_OK && task.size > sizeof room)
        error = kc_hsm_connection_refuse(token, KC_ERR_ROOT_ANSWER, "the result is too large");
    if (error == KC_OK) {
        memcpy(result, room, task.size);
        *result_size = task.size;
    }
    kc_wipe(room, sizeof room);
    return error;
}
