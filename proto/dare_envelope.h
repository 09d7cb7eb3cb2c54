/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DARE envelope as a file: the JSON array [header, body, trailer], encrypted to recipients
 * (draft-hallambaker-mesh-dare, sections 3 and 4).
 *
 * The header has the cipher (enc A256CBC), the Salt, and for each recipient the key's id (kid), an
 * ephemeral public key (epk) and the base seed wrapped under what the two agree on (wmk). The
 * trailer has the SHA-512 of the body, which shows damage and is no protection against a person.
 */
#ifndef KC_PROTO_DARE_ENVELOPE_H
#define KC_PROTO_DARE_ENVELOPE_H

#include "proto/dare.h"

#define KC_DARE_PLAINTEXT_MAX (64u << 20) /* octets that are encrypted into one envelope */
#define KC_DARE_FILE_MAX (96u << 20)      /* octets of an envelope that is read */
#define KC_DARE_RECIPIENTS_MAX 64
#define KC_DARE_KID_SIZE 160 /* characters, terminator included: an id, and a domain perhaps */

struct kc_dare_recipient {
    char kid[KC_DARE_KID_SIZE]; /* id of the recipient's key, without @domain */
    char algorithm[8];          /* Ed25519, Ed448, X25519 or X448 */
    uint8_t ephemeral[57];
    size_t ephemeral_size; /* as it came: with or without the sign octet */
    uint8_t wrapped[KC_DARE_WRAPPED_SIZE];
};

struct kc_dare_envelope {
    char kid[KC_DARE_KID_SIZE]; /* of the base seed, or empty; chooses nothing */
    uint8_t salt[KC_DARE_SALT_MAX];
    size_t salt_size;
    struct kc_dare_recipient recipients[KC_DARE_RECIPIENTS_MAX];
    size_t recipient_count;
    uint8_t *body; /* ciphertext; owned, or borrowed for writing */
    size_t body_size;
};

/*
 * Reads an envelope and checks the digest of its body, if it carries one. Entries of recipients
 * whose keys are of another kind are left out.
 *
 * envelope  given: kc_dare_envelope_done
 *
 * KC_ERR_TOO_LARGE  more than KC_DARE_FILE_MAX octets, or nested too deep
 * KC_ERR_ENVELOPE   not an envelope, not encrypted with A256CBC, for nobody, or its body is damaged
 */
KC_CHECKED enum kc_error kc_dare_envelope_read(
    struct kc_span text, struct kc_dare_envelope *envelope);

/* Frees the body of an envelope that was read; fine with a zeroed one. */
void kc_dare_envelope_done(struct kc_dare_envelope *envelope);

/* Writes an envelope; text is given, terminated: free. */
KC_CHECKED enum kc_error kc_dare_envelope_write(
    const struct kc_dare_envelope *envelope, char **text, size_t *text_size);

#endif
