/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/acknowledge.h"

#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/verify.h"
#include "proto/identifier.h"
#include "proto/signed_object.h"
#include "tests/mesh/source.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

void acknowledge_profile_key(const char *profile, struct kc_public_key *key)
{
    struct kc_signed_object opened;
    GOOD(kc_signed_object_open_profile(
        span_of(profile), strlen(profile), KC_OBJECT_Profile, NULL, kc_mesh_verify, &opened, key));
    kc_signed_object_done(&opened);
}

static size_t read_nonce(const char *request, uint8_t nonce[KC_NONCE_SIZE_MAX])
{
    size_t size = KC_NONCE_SIZE_MAX;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    struct kc_json_document document;
    struct kc_object read;
    GOOD(kc_dare_envelope_read(span_of(request), envelope));
    GOOD(kc_object_parse((struct kc_span){envelope->body, envelope->body_size}, envelope->body_size,
        KC_OBJECT_RequestConnection, &document, &read, NULL));
    GOOD(kc_json_octets(kc_object_member(&read, "ClientNonce"), nonce, &size));
    kc_json_done(&document);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return size;
}

char *acknowledge(const char *request, const char *account_profile, const char *device_profile,
    char witness[KC_UDF_ID_SIZE])
{
    static const uint8_t server[16] = "server's nonce!";
    uint8_t client[KC_NONCE_SIZE_MAX], room[16384];
    size_t client_size = read_nonce(request, client), size;
    struct kc_mesh_source source = sample_source();
    struct kc_public_key account, device;
    struct kc_object_writer w;
    char *text;
    acknowledge_profile_key(account_profile, &account);
    acknowledge_profile_key(device_profile, &device);
    GOOD(kc_connection_witness(&account, (struct kc_span){server, sizeof server}, &device,
        (struct kc_span){client, client_size}, witness));
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_AcknowledgeConnection);
    kc_object_write_text(&w, "MessageId", witness);
    kc_object_write_source(&w, "EnvelopedRequestConnection", span_of(request));
    kc_object_write_octets(&w, "ServerNonce", (struct kc_span){server, sizeof server});
    kc_object_write_text(&w, "Witness", witness);
    kc_object_write_end(&w);
    GOOD(kc_object_writer_finish(&w));
    struct kc_mesh_letter letter = {
        .payload = {room, w.json.out.size}, .type = "AcknowledgeConnection"};
    GOOD(kc_mesh_envelope_make(&source, &letter, &text, &size));
    return text;
}
