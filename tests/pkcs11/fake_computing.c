/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pkcs11/fake_computing.h"

#include <stdio.h>
#include <string.h>

const struct fake_algorithm fake_algorithms[] = {
    {"Ed25519", "sign", 32, 64, 0},
    {"Ed448", "sign", 57, 114, 0},
    {"X25519", "agree", 33, 0, 32},
    {"X448", "agree", 57, 0, 56},
    {"P-256", "sign", 65, 64, 32},
    {"P-384", "sign", 97, 96, 48},
    {"RSA-2048", "sign", 270, 256, 0},
};

size_t fake_row_of(const char *algorithm)
{
    for (size_t i = 0; i < sizeof fake_algorithms / sizeof *fake_algorithms; i++)
        if (strcmp(fake_algorithms[i].algorithm, algorithm) == 0)
            return i;
    fake_must(false, algorithm);
    return 0;
}

void fake_copy_text(const struct kc_values *values, enum kc_field field, char *text, size_t size)
{
    struct kc_span span = {(const uint8_t *)"", 0};
    if (kc_values_has(values, field))
        span = values->value[field].span;
    snprintf(text, size, "%.*s", (int)span.size, (const char *)span.bytes);
}

static uint8_t passed[KC_DATA_SIZE_MAX]; /* the one thread's own */

/* A message that came inline or in a descriptor. */
static struct kc_span message_of(
    const struct kc_values *values, const struct kc_descriptors *descriptors)
{
    const struct kc_value *value = &values->value[KC_FIELD_MESSAGE];
    struct kc_span message = value->span;
    if (value->passed) {
        enum kc_error error =
            kc_sealed_read(descriptors->fd[value->number], passed, sizeof passed, &message.size);
        fake_must(error == KC_OK, "passed message");
        message.bytes = passed;
    }
    fake.last_message_size = message.size;
    return message;
}

void fake_note_scheme(const struct kc_values *values)
{
    fake_copy_text(values, KC_FIELD_SCHEME, fake.last_scheme, sizeof fake.last_scheme);
    fake_copy_text(values, KC_FIELD_HASH, fake.last_hash, sizeof fake.last_hash);
    fake_copy_text(values, KC_FIELD_MGF_HASH, fake.last_mgf_hash, sizeof fake.last_mgf_hash);
    fake.last_hashed = kc_values_has(values, KC_FIELD_HASHED);
    fake.last_salt_size =
        kc_values_has(values, KC_FIELD_SALT_SIZE) ? values->value[KC_FIELD_SALT_SIZE].number : 999;
}

static uint8_t first_octet(const struct kc_values *values, const struct kc_descriptors *descriptors)
{
    struct kc_span message = message_of(values, descriptors);
    return message.size > 0 ? message.bytes[0] : FAKE_SIGNATURE_EMPTY;
}

void fake_sign(const struct kc_values *values, const struct kc_descriptors *descriptors,
    const struct fake_key *key, struct fake_reply *reply)
{
    fake_note_scheme(values);
    bool confirmed = !key->confirm || strcmp(fake.confirmed, key->id) == 0;
    fake.confirmed[0] = '\0';
    if (!confirmed) {
        reply->message.error = KC_ERR_CONFIRM;
        return;
    }
    size_t size = fake_algorithms[fake_row_of(key->algorithm)].signature_size;
    memset(reply->octets, first_octet(values, descriptors), size);
    kc_values_set_span(
        &reply->message.values, KC_FIELD_SIGNATURE, reply->octets, size - fake.wrong_size);
}

void fake_verify(const struct kc_values *values, const struct kc_descriptors *descriptors,
    struct fake_reply *reply)
{
    fake_note_scheme(values);
    struct kc_span signature = values->value[KC_FIELD_SIGNATURE].span;
    uint8_t octet = first_octet(values, descriptors);
    for (size_t i = 0; i < signature.size; i++)
        if (signature.bytes[i] != octet)
            reply->message.error = KC_ERR_SIGNATURE;
}

void fake_pass_secret(
    struct fake_reply *reply, enum kc_field field, const void *octets, size_t size)
{
    enum kc_error error = kc_sealed_make(octets, size, &reply->descriptors.fd[0]);
    fake_must(error == KC_OK, "memfd");
    reply->descriptors.count = 1;
    kc_values_set_passed(&reply->message.values, field, 0);
}

void fake_agree(
    const struct kc_values *values, const struct fake_key *key, struct fake_reply *reply)
{
    uint8_t octets[56];
    size_t size = fake_algorithms[fake_row_of(key->algorithm)].agreed_size;
    struct kc_span peer = values->value[KC_FIELD_PEER].span;
    uint8_t fill = peer.bytes[peer.size - 1];
    memset(octets, fill, size);
    octets[size - 1] = (uint8_t)~fill; /* so that both ends can be told apart */
    fake_pass_secret(reply, KC_FIELD_SECRET, octets, size - fake.wrong_size);
}

void fake_derive(const struct kc_values *values, struct fake_reply *reply)
{
    fake.last_size = values->value[KC_FIELD_SIZE].number;
    memset(reply->octets, 0xd5, 100);
    kc_values_set_span(&reply->message.values, KC_FIELD_SEALED, reply->octets, 100);
}

/* What goes in comes out; of GCM a tag of 0x7a comes behind it, or is taken away. */
void fake_cipher(const struct kc_message *request, const struct kc_descriptors *descriptors,
    struct fake_reply *reply)
{
    const struct kc_values *values = &request->values;
    fake_copy_text(values, KC_FIELD_CIPHER, fake.last_cipher, sizeof fake.last_cipher);
    struct kc_span message = message_of(values, descriptors);
    size_t tag =
        kc_values_has(values, KC_FIELD_TAG_SIZE) ? values->value[KC_FIELD_TAG_SIZE].number : 0;
    static uint8_t out[KC_DATA_SIZE_MAX + 16];
    if (message.size > 0)
        memcpy(out, message.bytes, message.size);
    if (request->operation == KC_OPERATION_SECRET_ENCRYPT) {
        memset(out + message.size, 0x7a, tag);
        fake_pass_secret(reply, KC_FIELD_OUTPUT, out, message.size + tag);
    } else {
        fake_pass_secret(reply, KC_FIELD_OUTPUT, out, message.size - tag);
    }
}

void fake_make_random(const struct kc_values *values, struct fake_reply *reply)
{
    size_t size = values->value[KC_FIELD_SIZE].number;
    memset(reply->octets, (int)(fake.asked[KC_OPERATION_RANDOM] & 0xff), size);
    kc_values_set_span(
        &reply->message.values, KC_FIELD_RANDOM, reply->octets, size - fake.wrong_size);
}
