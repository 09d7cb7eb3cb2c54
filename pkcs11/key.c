/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/key.h"

#include "base/text.h"
#include "pkcs11/daemon.h"

#include <stdlib.h>
#include <string.h>

#define OID(last)                                                                                  \
    {                                                                                              \
        .bytes = (const uint8_t[]){0x06, 0x03, 0x2b, 0x65, last}, .size = 5                        \
    }

static const struct kc_key_type types[] = {
    {"Ed25519", CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA, 32, 64, 0, OID(0x70)},
    {"Ed448", CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA, 57, 114, 0, OID(0x71)},
    {"X25519", CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKM_ECDH1_DERIVE, 32, 0, 32,
        OID(0x6e)},
    {"X448", CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKM_ECDH1_DERIVE, 56, 0, 56,
        OID(0x6f)},
};

static const struct kc_key_type *find_type(const struct kc_values *item)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (kc_values_text_is(item, KC_FIELD_ALGORITHM, types[i].algorithm))
            return &types[i];
    return NULL;
}

/* Copies text out, terminated. False: it does not fit. */
static bool take_text(struct kc_span text, char out[static KC_KEY_TEXT_SIZE])
{
    if (text.size >= KC_KEY_TEXT_SIZE)
        return false;
    if (text.size > 0)
        memcpy(out, text.bytes, text.size);
    out[text.size] = '\0';
    return true;
}

/* The value of a Base32 character (RFC 4648), or -1. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

enum kc_error kc_key_identifier(
    const char *id, uint8_t octets[static KC_KEY_IDENTIFIER_MAX], size_t *size)
{
    uint8_t result[KC_KEY_IDENTIFIER_MAX] = {0};
    size_t bits = 0;
    for (size_t i = 0; id[i] != '\0'; i++) {
        if (i % 5 == 4) {
            if (id[i] != '-')
                return KC_ERR_BAD_REPLY;
            continue;
        }
        int value = digit(id[i]);
        if (value < 0 || bits + 5 > 8 * sizeof result)
            return KC_ERR_BAD_REPLY;
        for (int bit = 4; bit >= 0; bit--, bits++)
            result[bits / 8] |= (uint8_t)((value >> bit & 1) << (7 - bits % 8));
    }
    if (bits == 0)
        return KC_ERR_BAD_REPLY;
    memcpy(octets, result, sizeof result);
    *size = (bits + 7) / 8;
    return KC_OK;
}

enum kc_error kc_key_read(const struct kc_values *item, struct kc_key *key)
{
    struct kc_key result = {.type = find_type(item)};
    struct kc_span public = item->value[KC_FIELD_PUBLIC].span;
    /* Of the Montgomery curves the custodian tells the sign too, as one octet more. */
    size_t sign_size = result.type != NULL && result.type->agreed_size != 0 ? 1 : 0;
    if (result.type == NULL || public.size != result.type->point_size + sign_size)
        return KC_ERR_BAD_REPLY;
    memcpy(result.point, public.bytes, result.type->point_size);
    if (!take_text(item->value[KC_FIELD_KEY].span, result.id) ||
        !take_text(item->value[KC_FIELD_LABEL].span, result.label))
        return KC_ERR_BAD_REPLY;
    enum kc_error error = kc_key_identifier(result.id, result.identifier, &result.identifier_size);
    if (error == KC_OK)
        *key = result;
    return error;
}

/* Appends the keys of a page. */
static enum kc_error append(const struct kc_message *page, struct kc_key_list *list)
{
    if (page->item_count == 0)
        return KC_OK;
    struct kc_key *larger =
        reallocarray(list->keys, list->count + page->item_count, sizeof *larger);
    if (larger == NULL)
        return KC_ERR_NO_MEMORY;
    list->keys = larger;
    for (size_t i = 0; i < page->item_count; i++) {
        enum kc_error error = kc_key_read(&page->items[i], &list->keys[list->count]);
        if (error != KC_OK)
            return error;
        list->count++;
    }
    return KC_OK;
}

/* Fetches the page behind *after, appends it, and moves *after. */
static enum kc_error fetch_page(const char *keyring, const char *label,
    char after[static KC_KEY_TEXT_SIZE], struct kc_key_list *list, bool *more)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_KEY_LIST);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, KC_FIELD_KEYRING, keyring);
    kc_values_set_text(values, KC_FIELD_ROLE, "application");
    kc_values_set_text(values, KC_FIELD_STATE, "active");
    if (label != NULL)
        kc_values_set_text(values, KC_FIELD_LABEL, label);
    if (after[0] != '\0')
        kc_values_set_text(values, KC_FIELD_AFTER, after);
    enum kc_error error = kc_daemon_call(&request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return error;

    const struct kc_message *page = kc_client_answer_message(answer);
    error = append(page, list);
    *more = page->values.value[KC_FIELD_MORE].number != 0;
    /* The daemon says where to go on, as it may have passed keys that the filters left out. */
    if (error == KC_OK && *more && !take_text(page->values.value[KC_FIELD_AFTER].span, after))
        error = KC_ERR_BAD_REPLY;
    kc_client_answer_free(answer);
    return error;
}

enum kc_error kc_key_list_fetch(const char *keyring, const char *label, struct kc_key_list *list)
{
    struct kc_key_list result = {0};
    char after[KC_KEY_TEXT_SIZE] = "", before[KC_KEY_TEXT_SIZE];
    enum kc_error error;
    bool more;
    do {
        KC_TEXT_COPY_ARRAY(before, after);
        error = fetch_page(keyring, label, after, &result, &more);
        if (error == KC_OK && more && strcmp(after, before) <= 0) /* it would never end */
            error = KC_ERR_BAD_REPLY;
    } while (error == KC_OK && more);
    if (error != KC_OK) {
        kc_key_list_done(&result);
        return error;
    }
    *list = result;
    return KC_OK;
}

void kc_key_list_done(struct kc_key_list *list)
{
    free(list->keys);
    *list = (struct kc_key_list){0};
}
