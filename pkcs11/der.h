/* SPDX-License-Identifier: Apache-2.0 */
/* DER (X.690), as much as public keys and certificates need: one-octet tags, definite lengths. */
#ifndef KC_PKCS11_DER_H
#define KC_PKCS11_DER_H

#include "base/reader.h"
#include "base/writer.h"

#define KC_DER_INTEGER 0x02
#define KC_DER_BIT_STRING 0x03
#define KC_DER_OCTET_STRING 0x04
#define KC_DER_OID 0x06
#define KC_DER_PRINTABLE_STRING 0x13
#define KC_DER_SEQUENCE 0x30

/* One value: all lend from what was read. */
struct kc_der {
    uint8_t tag;
    struct kc_span content;
    struct kc_span whole; /* tag and length too */
};

/* Reads the next value. Anything else makes the reader fail, and all of *value is zero. */
void kc_der_next(struct kc_reader *r, struct kc_der *value);

/* The same of a value that must have this tag; its content. */
struct kc_span kc_der_take(struct kc_reader *r, uint8_t tag);

/* A reader over a value's content. */
struct kc_reader kc_der_enter(struct kc_reader *r, uint8_t tag);

/* Octets of the head of a value with so much content. */
size_t kc_der_head_size(size_t content_size);

/* Writes a head; the content follows. */
void kc_der_head(struct kc_writer *w, uint8_t tag, size_t content_size);

#endif
