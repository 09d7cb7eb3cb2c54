/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/client.h"

void kc_client_request_init(struct kc_client_request *request, enum kc_operation operation)
{
    kc_message_init(&request->message, operation);
    request->descriptors.count = 0;
}

void kc_client_request_done(struct kc_client_request *request)
{
    kc_descriptors_close(&request->descriptors);
}

static enum kc_error pass(struct kc_client_request *request, struct kc_values *values,
    enum kc_field field, const void *bytes, size_t size)
{
    struct kc_descriptors *descriptors = &request->descriptors;
    if (descriptors->count == KC_DESCRIPTORS_MAX)
        return KC_ERR_LIMIT;
    enum kc_error error = kc_sealed_make(bytes, size, &descriptors->fd[descriptors->count]);
    if (error != KC_OK)
        return error;
    kc_values_set_passed(values, field, descriptors->count++);
    return KC_OK;
}

static bool takes(enum kc_field field, enum kc_field_type type, size_t size)
{
    return field < KC_FIELDS && kc_fields[field].type == type && size <= kc_fields[field].most;
}

enum kc_error kc_client_request_secret(struct kc_client_request *request, struct kc_values *values,
    enum kc_field field, const void *bytes, size_t size)
{
    if (!takes(field, KC_TYPE_SECRET, size))
        return KC_ERR_BAD_ARGUMENT;
    return pass(request, values, field, bytes, size);
}

enum kc_error kc_client_request_data(struct kc_client_request *request, struct kc_values *values,
    enum kc_field field, const void *bytes, size_t size)
{
    if (!takes(field, KC_TYPE_DATA, size))
        return KC_ERR_BAD_ARGUMENT;
    if (size > KC_CLIENT_DATA_INLINE)
        return pass(request, values, field, bytes, size);
    kc_values_set_span(values, field, bytes, size);
    return KC_OK;
}
