/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/custody.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX KC_DATA_SIZE_MAX

struct kc_custody {
    struct kc_client *client;
    const char *service;
    int deadline_ms;
};

static const enum kc_operation operations[KC_CUSTODY_OPERATIONS] = {
    [KC_CUSTODY_OPERATE] = KC_OPERATION_MESH_OPERATE,
    [KC_CUSTODY_ACCOUNT_BIND] = KC_OPERATION_MESH_ACCOUNT_BIND,
    [KC_CUSTODY_ACCOUNT_UNBIND] = KC_OPERATION_MESH_ACCOUNT_UNBIND,
    [KC_CUSTODY_CAPABILITY_ACCEPT] = KC_OPERATION_MESH_CAPABILITY_ACCEPT,
    [KC_CUSTODY_CAPABILITY_REVOKE] = KC_OPERATION_MESH_CAPABILITY_REVOKE,
    [KC_CUSTODY_DEVICE_REVOKE] = KC_OPERATION_MESH_DEVICE_REVOKE,
};

enum kc_error kc_custody_new(
    const char *socket, const char *service, uint32_t deadline_ms, struct kc_custody **custody)
{
    struct kc_custody *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->service = service;
    made->deadline_ms = (int)deadline_ms;
    enum kc_error error = kc_client_new(socket, &made->client);
    if (error != KC_OK) {
        free(made);
        return error;
    }
    *custody = made;
    return KC_OK;
}

void kc_custody_free(struct kc_custody *custody)
{
    if (!custody)
        return;
    kc_client_free(custody->client);
    free(custody);
}

/* With octets in a field, or with none. Once more if the connection was lost, as it is by who first
 * notices that the custodian was started again: nothing is done twice, as the vault knows the ID of what
 * may be done once. */
static enum kc_error call(struct kc_custody *custody, enum kc_operation operation,
    enum kc_field field, struct kc_span octets, struct kc_client_answer **answer)
{
    struct kc_client_request request;
    enum kc_error error = KC_OK;
    kc_client_request_init(&request, operation);
    kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, custody->service);
    if (octets.bytes)
        error = kc_client_request_data(
            &request, &request.message.values, field, octets.bytes, octets.size);
    if (error == KC_OK)
        error = kc_client_call(custody->client, &request, custody->deadline_ms, answer);
    if (error == KC_ERR_CONNECTION_LOST)
        error = kc_client_call(custody->client, &request, custody->deadline_ms, answer);
    kc_client_request_done(&request);
    return error;
}

/* A field of an answer, or of an item of it, copied; NULL if it is not there. */
static enum kc_error take(const struct kc_client_answer *answer, const struct kc_values *values,
    enum kc_field field, struct kc_custody_text *text)
{
    size_t size = 0;
    if (!kc_values_has(values, field))
        return KC_OK;
    char *made = malloc(TEXT_MAX + 1);
    if (!made)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_client_answer_data(answer, values, field, made, TEXT_MAX, &size);
    if (error != KC_OK) {
        free(made);
        return error;
    }
    char *fitting = realloc(made, size + 1);
    if (!fitting) {
        free(made);
        return KC_ERR_NO_MEMORY;
    }
    fitting[size] = '\0';
    text->text = fitting;
    text->size = size;
    return KC_OK;
}

/* --- the service --- */

static enum kc_error take_document(const struct kc_client_answer *answer,
    const struct kc_values *item, struct kc_custody_service *service)
{
    struct kc_custody_text *wanted = NULL;
    if (kc_values_text_is(item, KC_FIELD_LABEL, "ProfileService"))
        wanted = &service->profile_service;
    else if (kc_values_text_is(item, KC_FIELD_LABEL, "ProfileHost"))
        wanted = &service->profile_host;
    else if (kc_values_text_is(item, KC_FIELD_LABEL, "ConnectionHost"))
        wanted = &service->connection_host;
    return wanted && !wanted->text ? take(answer, item, KC_FIELD_DOCUMENT, wanted) : KC_OK;
}

enum kc_error kc_custody_service(struct kc_custody *custody, struct kc_custody_service *service)
{
    struct kc_custody_service made = {.profile_host = {NULL, 0}};
    struct kc_client_answer *answer = NULL;
    enum kc_error error = call(custody, KC_OPERATION_MESH_SERVICE_SHOW, KC_FIELD_DOCUMENT,
        (struct kc_span){NULL, 0}, &answer);
    if (error == KC_OK) {
        const struct kc_message *message = kc_client_answer_message(answer);
        for (size_t i = 0; error == KC_OK && i < message->item_count; i++)
            error = take_document(answer, &message->items[i], &made);
    }
    kc_client_answer_free(answer);
    if (error == KC_OK)
        *service = made;
    else
        kc_custody_service_done(&made);
    return error;
}

void kc_custody_service_done(struct kc_custody_service *service)
{
    free(service->profile_service.text);
    free(service->profile_host.text);
    free(service->connection_host.text);
    *service = (struct kc_custody_service){.profile_host = {NULL, 0}};
}

/* --- requests --- */

enum kc_error kc_custody_pass(struct kc_custody *custody, enum kc_custody_operation operation,
    struct kc_span request, struct kc_custody_answer *answer)
{
    struct kc_client_answer *got = NULL;
    struct kc_custody_answer made = {.status = 0};
    enum kc_error error = call(custody, operations[operation], KC_FIELD_REQUEST, request, &got);
    if (error == KC_OK) {
        const struct kc_values *values = &kc_client_answer_message(got)->values;
        if (kc_values_has(values, KC_FIELD_STATUS))
            made.status = (int)values->value[KC_FIELD_STATUS].number;
        error = take(got, values, KC_FIELD_RESPONSE, &made.response);
        if (error == KC_OK)
            error = take(got, values, KC_FIELD_DOCUMENT, &made.document);
    }
    kc_client_answer_free(got);
    if (error == KC_OK)
        *answer = made;
    else
        kc_custody_answer_done(&made);
    return error;
}

void kc_custody_answer_done(struct kc_custody_answer *answer)
{
    free(answer->response.text);
    free(answer->document.text);
    *answer = (struct kc_custody_answer){.status = 0};
}

enum kc_error kc_custody_sign(
    struct kc_custody *custody, struct kc_span payload, struct kc_custody_text *envelope)
{
    struct kc_client_answer *got = NULL;
    enum kc_error error =
        call(custody, KC_OPERATION_MESH_HOST_SIGN, KC_FIELD_DOCUMENT, payload, &got);
    if (error == KC_OK)
        error = take(got, &kc_client_answer_message(got)->values, KC_FIELD_RESPONSE, envelope);
    kc_client_answer_free(got);
    return error == KC_OK && !envelope->text ? KC_ERR_BAD_REPLY : error;
}
