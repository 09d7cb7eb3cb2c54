/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/exchange.h"

#include <stdlib.h>

#define VERSION_MAJOR 3 /* of the protocol: that of 2021 and 2022 */
#define VERSION_MINOR 0

static void write_version(struct kc_object_writer *w)
{
    kc_object_write_object(w, "Version", KC_OBJECT_Version);
    kc_object_write_integer(w, "Major", VERSION_MAJOR);
    kc_object_write_integer(w, "Minor", VERSION_MINOR);
    kc_object_write_list(w, "Encodings");
    kc_object_write_object(w, NULL, KC_OBJECT_Encoding);
    kc_object_write_list(w, "ID");
    kc_object_write_text(w, NULL, "application/json");
    kc_object_write_end(w);
    kc_object_write_end(w);
    kc_object_write_end(w);
    kc_object_write_end(w);
}

/* How large what is sent may be: in one request, and of it a message. */
static void write_limits(struct kc_object_writer *w, const struct kc_front_limits *limits)
{
    kc_object_write_object(w, "ConstraintsUpdate", KC_OBJECT_ConstraintsData);
    kc_object_write_integer(w, "BytesMax", limits->body_size);
    kc_object_write_end(w);
    kc_object_write_object(w, "ConstraintsPost", KC_OBJECT_ConstraintsData);
    kc_object_write_integer(w, "BytesMax", limits->message_size);
    kc_object_write_end(w);
    kc_object_write_object(w, "PolicyAccount", KC_OBJECT_PolicyAccount);
    kc_object_write_integer(w, "Maximum", KC_FRONT_ADDRESS_SIZE - 1);
    kc_object_write_text(w, "InvalidCharacters", KC_FRONT_ADDRESS_REFUSED);
    kc_object_write_end(w);
}

static void write_envelope(
    struct kc_object_writer *w, const char *name, const struct kc_custody_text *text)
{
    if (text->text)
        kc_object_write_source(w, name, (struct kc_span){(const uint8_t *)text->text, text->size});
}

void kc_front_hello(struct kc_exchange *exchange)
{
    struct kc_custody_service service = {.profile_host = {NULL, 0}};
    struct kc_response response = {.octets = NULL};
    enum kc_error error = kc_custody_service(exchange->front->custody, &service);
    if (error == KC_OK)
        error = kc_response_begin(exchange, 201, "Operation completed successfully", &response);
    if (error == KC_OK) {
        write_version(&response.writer);
        write_limits(&response.writer, &exchange->front->settings->limits);
        write_envelope(&response.writer, "EnvelopedProfileService", &service.profile_service);
        write_envelope(&response.writer, "EnvelopedProfileHost", &service.profile_host);
        error = kc_response_end(exchange, &response);
    }
    kc_custody_service_done(&service);
    if (error != KC_OK)
        kc_exchange_fail(exchange, error);
}
