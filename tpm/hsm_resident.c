/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_resident.h"

#include "tpm/hsm_connection.h"
#include "tpm/hsm_object.h"

#include <string.h>
#include <sys/random.h>

#define LEFT_MAX 256 /* keys that were left and are looked through at once */

/* --- making and keeping --- */

static enum kc_error name_new(struct kc_hsm_token *token, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], struct kc_hsm_name *name)
{
    size_t size = sizeof name->id - KC_ROOT_KEY_TAG_SIZE;
    *name = (struct kc_hsm_name){.algorithm = kc_hsm_algorithm(algorithm), .use = use};
    if (!name->algorithm)
        return kc_hsm_connection_refuse(token, KC_ERR_ROOT_UNFIT, "no resident keys of this size");
    memcpy(name->id, tag, KC_ROOT_KEY_TAG_SIZE);
    if (getrandom(name->id + KC_ROOT_KEY_TAG_SIZE, size, 0) != (ssize_t)size)
        return kc_hsm_connection_refuse(token, KC_ERR_RANDOM, "the kernel gives no id");
    return KC_OK;
}

/* That the token did as it was told: it stays inside, and it was made there. */
static enum kc_error examine(struct kc_hsm_token *token, CK_OBJECT_HANDLE private)
{
    CK_BBOOL is_hidden = CK_FALSE, is_extractable = CK_TRUE, stayed_inside = CK_FALSE,
             is_local = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {
        {CKA_SENSITIVE, &is_hidden, sizeof is_hidden},
        {CKA_EXTRACTABLE, &is_extractable, sizeof is_extractable},
        {CKA_NEVER_EXTRACTABLE, &stayed_inside, sizeof stayed_inside},
        {CKA_LOCAL, &is_local, sizeof is_local},
    };
    enum kc_error error = kc_hsm_connection_check(token, "read the resident key's attributes",
        token->functions->C_GetAttributeValue(
            token->session, private, attributes, sizeof attributes / sizeof attributes[0]));
    if (error == KC_OK && !(is_hidden && !is_extractable && stayed_inside && is_local))
        error = kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_UNFIT, "the token makes keys that can leave it");
    return error;
}

enum kc_error kc_hsm_resident_make(struct kc_hsm_token *token, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], struct kc_root_made *made)
{
    struct kc_hsm_name name;
    struct kc_hsm_pair pair = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    struct kc_root_made written = {0};
    const struct kc_hsm_dialect *dialect;
    bool is_der;
    enum kc_error error = name_new(token, algorithm, use, tag, &name);
    if (error != KC_OK || (error = kc_hsm_pair_make(token, &name, true, &pair, &dialect)) != KC_OK)
        return error;
    error = examine(token, pair.private);
    if (error == KC_OK)
        error = kc_hsm_public_read(token, name.algorithm, pair.public, &written, &is_der);
    if (error == KC_OK)
        error = kc_hsm_name_write(token, &name, &written);
    if (error == KC_OK)
        *made = written;
    else
        (void)!kc_hsm_pair_destroy(token, &pair); /* what stays is found as left */
    return error;
}

/* Both objects of a key; CK_INVALID_HANDLE for one that is not there. */
static enum kc_error find_pair(
    struct kc_hsm_token *token, const struct kc_hsm_name *name, struct kc_hsm_pair *pair)
{
    enum kc_error error = kc_hsm_object_find(token, name, CKO_PRIVATE_KEY, &pair->private);
    return error == KC_OK ? kc_hsm_object_find(token, name, CKO_PUBLIC_KEY, &pair->public) : error;
}

enum kc_error kc_hsm_resident_keep(struct kc_hsm_token *token, struct kc_span blob)
{
    struct kc_hsm_name name;
    struct kc_hsm_pair pair = {0};
    enum kc_error error = kc_hsm_name_read(token, blob, &name);
    if (error == KC_OK)
        error = kc_hsm_private_find(token, &name, &pair.private);
    if (error == KC_OK)
        error = find_pair(token, &name, &pair);
    if (error == KC_OK && pair.public != CK_INVALID_HANDLE)
        error = kc_hsm_object_label(token, pair.public, KC_HSM_KEPT);
    if (error == KC_OK)
        error = kc_hsm_object_label(token, pair.private, KC_HSM_KEPT);
    return error;
}

enum kc_error kc_hsm_resident_destroy(struct kc_hsm_token *token, struct kc_span blob)
{
    struct kc_hsm_name name;
    struct kc_hsm_pair pair;
    enum kc_error error = kc_hsm_name_read(token, blob, &name);
    if (error == KC_OK)
        error = find_pair(token, &name, &pair);
    return error == KC_OK ? kc_hsm_pair_destroy(token, &pair) : error;
}

/* --- what was left --- */

static enum kc_error search_new(struct kc_hsm_token *token, CK_OBJECT_CLASS class,
    CK_OBJECT_HANDLE found[static LEFT_MAX], CK_ULONG *count)
{
    CK_UTF8CHAR label[] = KC_HSM_NEW;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_LABEL, label, strlen(KC_HSM_NEW)},
    };
    enum kc_error error = kc_hsm_connection_check(token, "begin to search what was left",
        token->functions->C_FindObjectsInit(token->session, template, 2));
    if (error != KC_OK)
        return error;
    error = kc_hsm_connection_check(token, "search what was left",
        token->functions->C_FindObjects(token->session, found, LEFT_MAX, count));
    CK_RV ended = token->functions->C_FindObjectsFinal(token->session);
    if (*count > LEFT_MAX)
        *count = LEFT_MAX;
    return error == KC_OK ? kc_hsm_connection_check(token, "end the search", ended) : error;
}

/* Whether the maker of this tag made the object, in another life. What has an id of another form is
 * another program's. */
static enum kc_error read_maker(struct kc_hsm_token *token, CK_OBJECT_HANDLE object,
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], struct kc_hsm_name *name, bool *is_left)
{
    CK_ATTRIBUTE attribute = {CKA_ID, name->id, sizeof name->id};
    CK_RV code = token->functions->C_GetAttributeValue(token->session, object, &attribute, 1);
    *is_left = false;
    if (code == CKR_BUFFER_TOO_SMALL || code == CKR_ATTRIBUTE_TYPE_INVALID)
        return KC_OK;
    enum kc_error error = kc_hsm_connection_check(token, "read who made what was left", code);
    *is_left = error == KC_OK && attribute.ulValueLen == sizeof name->id &&
               memcmp(name->id, tag, KC_ROOT_MAKER_SIZE) == 0 &&
               memcmp(name->id, tag, KC_ROOT_KEY_TAG_SIZE) != 0;
    return error;
}

/* Which algorithm a left object is of: by the size of its public point, or its type. */
static const struct kc_hsm_algorithm *recognise(CK_KEY_TYPE type, size_t point_size)
{
    for (unsigned number = KC_ALGORITHM_ED25519; number <= KC_ALGORITHM_RSA2048; number++) {
        const struct kc_hsm_algorithm *algorithm = kc_hsm_algorithm(number);
        for (size_t i = 0; i < algorithm->dialect_count; i++) {
            bool fits = algorithm->point_size == point_size || algorithm->point_size == 0;
            if (algorithm->dialects[i].key_type == type && fits)
                return algorithm;
        }
    }
    return NULL;
}

/* The public point's size, without its OCTET STRING; 0 for RSA. */
static size_t read_point_size(struct kc_hsm_token *token, CK_OBJECT_HANDLE public)
{
    uint8_t point[KC_HSM_POINT_MAX];
    CK_ATTRIBUTE attribute = {CKA_EC_POINT, point, sizeof point};
    if (token->functions->C_GetAttributeValue(token->session, public, &attribute, 1) != CKR_OK ||
        attribute.ulValueLen > sizeof point || attribute.ulValueLen < 3)
        return 0;
    bool is_der = point[0] == 4 && point[1] == attribute.ulValueLen - 2;
    return is_der ? attribute.ulValueLen - 2 : attribute.ulValueLen;
}

static enum kc_error read_left(struct kc_hsm_token *token, CK_OBJECT_HANDLE private,
    struct kc_hsm_name *name, CK_KEY_TYPE *type)
{
    CK_BBOOL signs = CK_FALSE, decrypts = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {
        {CKA_KEY_TYPE, type, sizeof *type},
        {CKA_SIGN, &signs, sizeof signs},
        {CKA_DECRYPT, &decrypts, sizeof decrypts},
    };
    enum kc_error error = kc_hsm_connection_check(token, "read what was left",
        token->functions->C_GetAttributeValue(
            token->session, private, attributes, sizeof attributes / sizeof attributes[0]));
    name->use = signs ? KC_USE_SIGN : decrypts ? KC_USE_DECRYPT : KC_USE_AGREE;
    return error;
}

static enum kc_error describe_left(struct kc_hsm_token *token, struct kc_hsm_name *name,
    const struct kc_hsm_pair *pair, struct kc_root_made *left)
{
    struct kc_root_made written = {0};
    CK_KEY_TYPE type = 0;
    bool is_der;
    enum kc_error error = read_left(token, pair->private, name, &type);
    if (error != KC_OK)
        return error;
    name->algorithm = recognise(type, read_point_size(token, pair->public));
    if (!name->algorithm)
        return kc_hsm_connection_refuse(
            token, KC_ERR_ROOT_ANSWER, "what was left is of no algorithm of ours");
    error = kc_hsm_public_read(token, name->algorithm, pair->public, &written, &is_der);
    if (error == KC_OK)
        error = kc_hsm_name_write(token, name, &written);
    if (error == KC_OK)
        *left = written;
    return error;
}

/* Of an object that was left its pair; or, if it is half a key, it is removed. */
static enum kc_error look_at(struct kc_hsm_token *token, CK_OBJECT_HANDLE object,
    const uint8_t *tag, struct kc_hsm_name *name, struct kc_hsm_pair *pair, bool *is_whole)
{
    bool is_left = false;
    enum kc_error error = read_maker(token, object, tag, name, &is_left);
    *is_whole = false;
    if (error != KC_OK || !is_left || (error = find_pair(token, name, pair)) != KC_OK)
        return error;
    *is_whole = pair->public != CK_INVALID_HANDLE && pair->private != CK_INVALID_HANDLE;
    return *is_whole ? KC_OK : kc_hsm_pair_destroy(token, pair);
}

/* Public objects without their private ones. */
static enum kc_error remove_halves(struct kc_hsm_token *token, const uint8_t *tag)
{
    CK_OBJECT_HANDLE found[LEFT_MAX];
    CK_ULONG count = 0;
    enum kc_error error = search_new(token, CKO_PUBLIC_KEY, found, &count);
    for (CK_ULONG i = 0; error == KC_OK && i < count; i++) {
        struct kc_hsm_name name = {0};
        struct kc_hsm_pair pair;
        bool is_whole;
        error = look_at(token, found[i], tag, &name, &pair, &is_whole);
    }
    return error;
}

enum kc_error kc_hsm_resident_left(struct kc_hsm_token *token,
    const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE], uint32_t number, struct kc_root_made *left)
{
    CK_OBJECT_HANDLE found[LEFT_MAX];
    CK_ULONG count = 0;
    enum kc_error error = search_new(token, CKO_PRIVATE_KEY, found, &count);
    for (CK_ULONG i = 0; error == KC_OK && i < count; i++) {
        struct kc_hsm_name name = {0};
        struct kc_hsm_pair pair;
        bool is_whole;
        error = look_at(token, found[i], tag, &name, &pair, &is_whole);
        if (error == KC_OK && is_whole && number-- == 0)
            return describe_left(token, &name, &pair, left);
    }
    if (error == KC_OK)
        error = remove_halves(token, tag);
    if (error == KC_OK)
        *left = (struct kc_root_made){.blob_size = 0};
    return error;
}
