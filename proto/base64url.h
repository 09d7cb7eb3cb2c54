/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64url without padding (RFC 4648, section 5), the form of octets in Mesh JSON.
 *
 * Constant time in the octets: a key may stand in a decrypted document. Where white space stands,
 * and whether the text is well formed, is not hidden.
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

/* The same, character by character. */
struct kc_base64url_decoder {
    uint8_t *octets; /* the caller's */
    size_t room, size;
    uint32_t window;
    unsigned bits;
    bool bad, full;
};

void kc_base64url_decoder_init(struct kc_base64url_decoder *decoder, uint8_t *octets, size_t room);

void kc_base64url_decoder_push(struct kc_base64url_decoder *decoder, char c);

/* Eight characters, if all of them are of the alphabet and what came before has left no bits; false: none
 * is taken. */
bool kc_base64url_decoder_push_eight(
    struct kc_base64url_decoder *decoder, const uint8_t text[static 8]);

/* decoder->size is then the octets written. Errors of kc_base64url_decode. */
KC_CHECKED enum kc_error kc_base64url_decoder_finish(struct kc_base64url_decoder *decoder);

#endif
