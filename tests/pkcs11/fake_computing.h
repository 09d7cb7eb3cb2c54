/* SPDX-License-Identifier: Apache-2.0 */
/* What the fake custodian computes: nothing that anybody could take for cryptography. */
#ifndef KC_TESTS_PKCS11_FAKE_COMPUTING_H
#define KC_TESTS_PKCS11_FAKE_COMPUTING_H

#include "tests/pkcs11/fake_answers.h"

struct fake_algorithm {
    const char *algorithm, *use;
    size_t public_size, signature_size, agreed_size;
};
extern const struct fake_algorithm fake_algorithms[];

/* The place of an algorithm, which there must be. */
size_t fake_row_of(const char *algorithm);

/* A TEXT field, terminated; "" if it is not there. */
void fake_copy_text(const struct kc_values *values, enum kc_field field, char *text, size_t size);

/* Takes note of how a request is to be done. */
void fake_note_scheme(const struct kc_values *values);

/* Puts a SECRET or DATA into a reply. */
void fake_pass_secret(
    struct fake_reply *reply, enum kc_field field, const void *octets, size_t size);

/* A signature is the message's first octet over and over. */
void fake_sign(const struct kc_values *values, const struct kc_descriptors *descriptors,
    const struct fake_key *key, struct fake_reply *reply);
void fake_verify(const struct kc_values *values, const struct kc_descriptors *descriptors,
    struct fake_reply *reply);

/* An agreement is the peer's last octet. */
void fake_agree(
    const struct kc_values *values, const struct fake_key *key, struct fake_reply *reply);
void fake_derive(const struct kc_values *values, struct fake_reply *reply);

void fake_cipher(const struct kc_message *request, const struct kc_descriptors *descriptors,
    struct fake_reply *reply);
void fake_make_random(const struct kc_values *values, struct fake_reply *reply);

#endif
