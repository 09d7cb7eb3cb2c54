/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/provider/certificates.h"

#include <stdlib.h>
#include <string.h>

#define KEYRING_SIZE 65 /* bytes of a name, with its end */

static enum kc_error keep(struct kc_certificates *found, struct kc_span der)
{
    if (found->count == KC_CERTIFICATES_MAX)
        return KC_ERR_LIMIT;
    uint8_t *copy = malloc(der.size > 0 ? der.size : 1);
    if (copy == NULL)
        return KC_ERR_NO_MEMORY;
    if (der.size > 0)
        memcpy(copy, der.bytes, der.size);
    found->der[found->count] = copy;
    found->size[found->count++] = der.size;
    return KC_OK;
}

static struct kc_span span_of(const struct kc_values *values, enum kc_field field)
{
    return kc_values_has(values, field) ? values->value[field].span : (struct kc_span){NULL, 0};
}

static enum kc_error find_in_keyring(const struct kc_provider *provider, const struct kc_uri *uri,
    const char *keyring, struct kc_certificates *found)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    kc_client_request_init(&request, KC_OPERATION_OBJECT_LIST);
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, keyring);
    kc_values_set_text(&request.message.values, KC_FIELD_KIND, "certificate");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, uri->label);
    enum kc_error error = kc_provider_call(provider, &request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return error;
    const struct kc_message *page = kc_client_answer_message(answer);
    for (size_t i = 0; error == KC_OK && i < page->item_count; i++)
        error = keep(found, span_of(&page->items[i], KC_FIELD_VALUE));
    kc_client_answer_free(answer);
    return error;
}

/* A keyring in which the caller may list nothing has nothing for him. */
static enum kc_error find_in_all(
    const struct kc_provider *provider, const struct kc_uri *uri, struct kc_certificates *found)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    kc_client_request_init(&request, KC_OPERATION_KEYRING_LIST);
    enum kc_error error = kc_provider_call(provider, &request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return error;
    const struct kc_message *list = kc_client_answer_message(answer);
    for (size_t i = 0; error == KC_OK && i < list->item_count; i++) {
        char keyring[KEYRING_SIZE];
        struct kc_span name = span_of(&list->items[i], KC_FIELD_KEYRING);
        if (name.size == 0 || name.size >= sizeof keyring)
            continue;
        memcpy(keyring, name.bytes, name.size);
        keyring[name.size] = '\0';
        error = find_in_keyring(provider, uri, keyring, found);
        if (error == KC_ERR_REFUSED)
            error = KC_OK;
    }
    kc_client_answer_free(answer);
    return error;
}

enum kc_error kc_certificates_find(
    const struct kc_provider *provider, const struct kc_uri *uri, struct kc_certificates *found)
{
    *found = (struct kc_certificates){.count = 0};
    if (uri->label[0] == '\0')
        return KC_OK;
    return uri->keyring[0] != '\0' ? find_in_keyring(provider, uri, uri->keyring, found)
                                   : find_in_all(provider, uri, found);
}

void kc_certificates_done(struct kc_certificates *certificates)
{
    for (size_t i = 0; i < certificates->count; i++)
        free(certificates->der[i]);
    certificates->count = 0;
}
