/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DARE envelope, the JSON array [header, body, trailer]: plain, signed, encrypted to recipients,
 * or signed and encrypted (draft-hallambaker-mesh-dare, sections 3 and 4).
 *
 * The header of an encrypted one has the cipher (enc A256CBC), the Salt, and for each recipient the
 * key's id (kid), an ephemeral public key (epk) and the base seed wrapped under what the two agree
 * on (wmk). The trailer has the SHA-512 of the body, and signatures over that digest.
 *
 * A signature covers the digest of the body and nothing else: what stands in the header, its
 * ContentMetaData included, anybody on the way may have written. Take nothing from there that
 * matters.
 */
#ifndef KC_PROTO_DARE_ENVELOPE_H
#define KC_PROTO_DARE_ENVELOPE_H

#include "proto/dare.h"
#include "proto/public_key.h"

#define KC_DARE_PLAINTEXT_MAX (64u << 20) /* octets that are encrypted into one envelope */
#define KC_DARE_FILE_MAX (96u << 20)      /* octets of an envelope that is read */
#define KC_DARE_RECIPIENTS_MAX 64
#define KC_DARE_SIGNATURES_MAX 8
#define KC_DARE_KID_SIZE 160 /* characters, terminator included: an id, and a domain perhaps */
#define KC_DARE_DIGEST_SIZE 64
#define KC_DARE_SIGNATURE_MAX 114 /* octets: of Ed448; Ed25519 has 64 */

/* An entry without algorithm and ephemeral key is for the holder of a symmetric secret. */
struct kc_dare_recipient {
    char kid[KC_DARE_KID_SIZE]; /* id of the recipient's key, without @domain */
    char algorithm[8];          /* Ed25519, Ed448, X25519 or X448; empty */
    uint8_t ephemeral[57];
    size_t ephemeral_size; /* as it came: with or without the sign octet; 0 */
    uint8_t wrapped[KC_DARE_WRAPPED_SIZE];
};

struct kc_dare_signature {
    char kid[KC_DARE_KID_SIZE]; /* a hint, or empty: who signed is told by the key that verifies */
    uint8_t octets[KC_DARE_SIGNATURE_MAX];
    size_t size;
    uint8_t witness[KC_DARE_WITNESS_SIZE];
    bool has_witness;
    struct kc_span manifest; /* an envelope that accredits the signer, lent; or empty */
};

struct kc_dare_envelope {
    char id[KC_DARE_KID_SIZE];  /* EnvelopeId, or empty */
    char kid[KC_DARE_KID_SIZE]; /* of the base seed, or empty; chooses nothing */
    uint8_t salt[KC_DARE_SALT_MAX];
    size_t salt_size; /* 0 in an envelope that is not encrypted */
    struct kc_dare_recipient recipients[KC_DARE_RECIPIENTS_MAX];
    size_t recipient_count;
    struct kc_dare_signature signatures[KC_DARE_SIGNATURES_MAX];
    size_t signature_count;
    uint8_t *content_meta; /* octets of ContentMetaData, a JSON object; owned as body is; or NULL */
    size_t content_meta_size;
    struct kc_span sequence_info; /* SequenceInfo as it stands, a JSON object, lent; or empty */
    uint8_t *body; /* plain, or ciphertext; owned if read: kc_room_free; borrowed for writing */
    size_t body_size;
    uint8_t digest[KC_DARE_DIGEST_SIZE]; /* of the body: made when read and when written */
};

/*
 * Reads an envelope and checks the digest of its body, if it carries one. Entries of recipients and
 * signatures of other kinds are left out.
 *
 * text      borrowed: manifests and sequence_info point into it
 * envelope  given: kc_dare_envelope_done
 *
 * KC_ERR_TOO_LARGE  more than KC_DARE_FILE_MAX octets, or nested too deep
 * KC_ERR_ENVELOPE   not an envelope, encrypted with another cipher, or its body is damaged
 */
KC_CHECKED enum kc_error kc_dare_envelope_read(
    struct kc_span text, struct kc_dare_envelope *envelope);

/* Frees what an envelope that was read owns; fine with a zeroed one. */
void kc_dare_envelope_done(struct kc_dare_envelope *envelope);

/* Writes an envelope, and its digest into it; text is given, terminated: free. Signatures go to the
 * trailer. The second is for a plain one whose payload is secret: kc_room_free. */
KC_CHECKED enum kc_error kc_dare_envelope_write(
    struct kc_dare_envelope *envelope, char **text, size_t *text_size);
KC_CHECKED enum kc_error kc_dare_envelope_write_room(
    struct kc_dare_envelope *envelope, char **text, size_t *text_size);

/* The SHA-512 of the body, which is what is signed, into envelope->digest. */
KC_CHECKED enum kc_error kc_dare_envelope_digest(struct kc_dare_envelope *envelope);

/*
 * How a signature is verified: given by who can, as this layer has no curves. The message is the
 * digest; Ed448 is the plain scheme, Ed25519 the one with an empty context (Ed25519ctx), never the
 * plain one.
 *
 * KC_OK, or whatever error: it does not verify
 */
typedef enum kc_error (*kc_dare_verify)(const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature);

/* The same by who remembers what came before; verify NULL: nobody does. */
struct kc_dare_memory {
    enum kc_error (*verify)(void *memory, const struct kc_public_key *key,
        const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature);
    void *memory;
};

/*
 * Finds the signature that a key made over this body.
 *
 * signature  lent by the envelope
 *
 * KC_ERR_SIGNATURE  there is none
 */
KC_CHECKED enum kc_error kc_dare_envelope_verify(const struct kc_dare_envelope *envelope,
    const struct kc_public_key *key, kc_dare_verify verify,
    const struct kc_dare_signature **signature);

/*
 * Decrypts the body of an envelope.
 *
 * signature       the one that was verified before: its witness must fit the seed; NULL: nobody
 *                 signed, and the caller knows that the content may have been altered
 * plaintext       room for body_size octets; wiped on failure
 * plaintext_size  octets written
 *
 * KC_ERR_DECRYPTION  for whatever reason
 */
KC_CHECKED enum kc_error kc_dare_envelope_decrypt(const struct kc_dare_envelope *envelope,
    const struct kc_dare_signature *signature, const uint8_t seed[KC_DARE_SEED_SIZE],
    uint8_t *plaintext, size_t *plaintext_size);

#endif
