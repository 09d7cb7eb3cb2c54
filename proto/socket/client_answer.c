/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/client_answer.h"

#include "proto/socket/cbor.h"

#include <stdlib.h>
#include <string.h>

struct kc_client_answer *kc_client_answer_new(const struct kc_message *request)
{
    struct kc_client_answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        return NULL;
    kc_message_init(&answer->message, request->operation);
    bool has_items = !kc_field_set_empty(&kc_operations[request->operation].item);
    if (has_items)
        answer->items = calloc(KC_ITEMS_MAX, sizeof *answer->items);
    if (request->operation == KC_OPERATION_BATCH)
        answer->batch = calloc(request->batch_count, sizeof *answer->batch);
    if ((has_items && !answer->items) ||
        (request->operation == KC_OPERATION_BATCH && !answer->batch)) {
        kc_client_answer_free(answer);
        return NULL;
    }
    answer->message.items = answer->items;
    answer->message.batch = answer->batch;
    answer->message.batch_count = answer->batch ? request->batch_count : 0;
    for (size_t i = 0; i < answer->message.batch_count; i++)
        kc_message_init(&answer->batch[i], request->batch[i].operation);
    return answer;
}

void kc_client_answer_free(struct kc_client_answer *answer)
{
    if (!answer)
        return;
    kc_descriptors_close(&answer->descriptors);
    free(answer->items);
    free(answer->batch);
    free(answer->bytes);
    free(answer);
}

enum kc_error kc_client_answer_fill(struct kc_client_answer *answer, const void *bytes, size_t size,
    struct kc_descriptors *descriptors)
{
    answer->descriptors = *descriptors;
    descriptors->count = 0;
    answer->bytes = malloc(size);
    if (!answer->bytes)
        return KC_ERR_NO_MEMORY;
    memcpy(answer->bytes, bytes, size);
    answer->size = size;
    return KC_OK;
}

enum kc_error kc_client_answer_decode(struct kc_client_answer *answer)
{
    return kc_cbor_answer_decode(
        answer->bytes, answer->size, answer->descriptors.count, &answer->message);
}

const struct kc_message *kc_client_answer_message(const struct kc_client_answer *answer)
{
    return &answer->message;
}

/* Of a value that is there. */
static enum kc_error read_passed(const struct kc_client_answer *answer,
    const struct kc_value *value, void *bytes, size_t limit, size_t *size)
{
    if (value->number >= answer->descriptors.count)
        return KC_ERR_BAD_ARGUMENT;
    int descriptor = answer->descriptors.fd[value->number];
    return kc_sealed_read(descriptor, bytes, limit, size) == KC_OK ? KC_OK : KC_ERR_BAD_REPLY;
}

enum kc_error kc_client_answer_secret(const struct kc_client_answer *answer,
    const struct kc_values *values, enum kc_field field, void *bytes, size_t limit, size_t *size)
{
    if (field >= KC_FIELDS || kc_fields[field].type != KC_TYPE_SECRET ||
        !kc_values_has(values, field))
        return KC_ERR_BAD_ARGUMENT;
    return read_passed(answer, &values->value[field], bytes, limit, size);
}

enum kc_error kc_client_answer_data(const struct kc_client_answer *answer,
    const struct kc_values *values, enum kc_field field, void *bytes, size_t limit, size_t *size)
{
    if (field >= KC_FIELDS || kc_fields[field].type != KC_TYPE_DATA ||
        !kc_values_has(values, field))
        return KC_ERR_BAD_ARGUMENT;
    const struct kc_value *value = &values->value[field];
    if (value->passed)
        return read_passed(answer, value, bytes, limit, size);
    if (value->span.size > limit)
        return KC_ERR_BAD_REPLY;
    if (value->span.size > 0)
        memcpy(bytes, value->span.bytes, value->span.size);
    *size = value->span.size;
    return KC_OK;
}
