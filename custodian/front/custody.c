/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/custody.h"

#include <stdlib.h>
#include <string.h>

struct kc_custody {
    struct kc_client *client;
    int deadline_ms;
};

static const char *const names[KC_CUSTODY_OPERATIONS] = {
    [KC_CUSTODY_OPERATE] = "mesh-operate",
    [KC_CUSTODY_ACCOUNT_BIND] = "mesh-account-bind",
    [KC_CUSTODY_ACCOUNT_UNBIND] = "mesh-account-unbind",
    [KC_CUSTODY_CAPABILITY_ACCEPT] = "mesh-capability-accept",
    [KC_CUSTODY_CAPABILITY_REVOKE] = "mesh-capability-revoke",
    [KC_CUSTODY_DEVICE_REVOKE] = "mesh-device-revoke",
};

enum kc_error kc_custody_new(const char *socket, uint32_t deadline_ms, struct kc_custody **custody)
{
    struct kc_custody *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
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

static enum kc_error call(struct kc_custody *custody, const char *name, enum kc_field field,
    struct kc_span octets, struct kc_client_answer **answer)
{
    struct kc_client_request request;
    enum kc_operation operation;
    if (!kc_operation_find(name, strlen(name), &operation))
        return KC_ERR_UNKNOWN_OPERATION;
    kc_client_request_init(&request, operation);
    enum kc_error error =
        kc_client_request_data(&request, &request.message.values, field, octets.bytes, octets.size);
    if (error == KC_OK)
        error = kc_client_call(custody->client, &request, custody->deadline_ms, answer);
    kc_client_request_done(&request);
    return error;
}

/* A field of an answer, copied; empty if it is not there. */
static enum kc_error take(
    const struct kc_client_answer *answer, enum kc_field field, struct kc_custody_text *text)
{
    const struct kc_values *values = &kc_client_answer_message(answer)->values;
    if (!kc_values_has(values, field))
        return KC_OK;
    struct kc_span span = values->value[field].span;
    char *made = malloc(span.size + 1);
    if (!made)
        return KC_ERR_NO_MEMORY;
    memcpy(made, span.bytes, span.size);
    made[span.size] = '\0';
    *text = (struct kc_custody_text){made, span.size};
    return KC_OK;
}

enum kc_error kc_custody_service(
    struct kc_custody *custody, const char *name, struct kc_custody_service *service)
{
    (void)custody;
    (void)name;
    *service = (struct kc_custody_service){.udf = ""};
    return KC_OK;
}

void kc_custody_service_done(struct kc_custody_service *service)
{
    free(service->profile_service.text);
    free(service->profile_host.text);
    free(service->connection_host.text);
    *service = (struct kc_custody_service){.udf = ""};
}

enum kc_error kc_custody_pass(struct kc_custody *custody, enum kc_custody_operation operation,
    struct kc_span request, struct kc_custody_answer *answer)
{
    struct kc_client_answer *got = NULL;
    struct kc_custody_answer made = {.status = 201};
    enum kc_error error = call(custody, names[operation], KC_FIELD_REQUEST, request, &got);
    if (error == KC_OK) {
        const struct kc_values *values = &kc_client_answer_message(got)->values;
        if (kc_values_has(values, KC_FIELD_STATUS))
            made.status = (int)values->value[KC_FIELD_STATUS].number;
        error = take(got, KC_FIELD_RESPONSE, &made.response);
    }
    kc_client_answer_free(got);
    if (error == KC_OK)
        *answer = made;
    return error;
}

enum kc_error kc_custody_sign(
    struct kc_custody *custody, struct kc_span payload, struct kc_custody_text *envelope)
{
    struct kc_client_answer *got = NULL;
    enum kc_error error = call(custody, "mesh-host-sign", KC_FIELD_DOCUMENT, payload, &got);
    if (error == KC_OK)
        error = take(got, KC_FIELD_DOCUMENT, envelope);
    kc_client_answer_free(got);
    return error;
}
