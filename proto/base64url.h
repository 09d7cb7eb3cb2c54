/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64url without padding (RFC 4648, section 5), the form of octets in Mesh JSON.
 *
 * Not constant time: for what is public or already enveloped.
 */
#ifndef KC_PROTO_BASE64URL_H
#define KC_PROTO_BASE64URL_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>

/* Characters for size octets, terminator included. */
static inline size_t kc_base64url_text_size(size_t size)
{
    return size / 3 * 4 + (size % 3 != 0 ? size % 3 + 1 : 0) + 1;
}

/* Writes octets as text of kc_base64url_text_size characters. */
void kc_base64url_encode(struct kc_span octets, char *text);

/*
 * Reads text; white space in it is dropped, as Mesh documents wrap their lines.
 *
 * size  in: room in octets; out: octets written
 *
 * KC_ERR_BAD_ARGUMENT  another character, padding, a lone last character, or left-over bits set
 * KC_ERR_TOO_LARGE     it does not fit
 */
KC_CHECKED enum kc_error kc_base64url_decode(struct kc_span text, uint8_t *octets, size_t *size);

#endif
