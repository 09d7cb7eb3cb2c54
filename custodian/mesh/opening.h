/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening an envelope that is encrypted to a key, in the only safe order: the signature over the
 * ciphertext first, then the agreement, which is the caller's, and last the content with its
 * witness. Whatever is wrong after the agreement has one error, so that nobody learns from it.
 */
#ifndef KC_CUSTODIAN_MESH_OPENING_H
#define KC_CUSTODIAN_MESH_OPENING_H

#include "proto/dare_envelope.h"
#include "threshold/key.h"

struct kc_mesh_opening {
    struct kc_dare_envelope *envelope;         /* owned */
    const struct kc_dare_signature *signature; /* the one that was verified; NULL: none was asked */
    const struct kc_dare_recipient *entry;     /* the key's */
    struct kc_point ephemeral;                 /* to agree with */
};

/*
 * Reads an envelope and finds what is for a key.
 *
 * text       borrowed
 * signer     who must have signed the ciphertext, with a witness; NULL: whoever, and nothing in the
 *            content is to be believed
 * recipient  the key that it must be encrypted to: of a split one, the whole
 * opening    given: kc_mesh_opening_done
 *
 * KC_ERR_TOO_LARGE, KC_ERR_ENVELOPE  not an envelope, not encrypted, or to others
 * KC_ERR_SIGNATURE                   signer did not sign it
 * KC_ERR_POINT_...                   the sender's part is no point that may be used
 */
KC_CHECKED enum kc_error kc_mesh_opening_read(struct kc_span text,
    const struct kc_public_key *signer, const struct kc_public_key *recipient,
    struct kc_mesh_opening *opening);

/*
 * Decrypts.
 *
 * agreed          of the key and opening->ephemeral; secret
 * plaintext       room for envelope->body_size octets; secret; wiped on failure
 * plaintext_size  octets written
 *
 * KC_ERR_DECRYPTION  for whatever reason
 */
KC_CHECKED enum kc_error kc_mesh_opening_decrypt(const struct kc_mesh_opening *opening,
    struct kc_span agreed, uint8_t *plaintext, size_t *plaintext_size);

/*
 * All of it with a whole key.
 *
 * size_max      octets of the ciphertext
 * content       secret; given: kc_room_free
 * content_size  its octets
 *
 * KC_ERR_DECRYPTION  also for what is no envelope, not encrypted, or to others
 * Others as the two above.
 */
KC_CHECKED enum kc_error kc_mesh_opening_whole(struct kc_span text,
    const struct kc_public_key *signer, const struct kc_key *key, size_t size_max,
    uint8_t **content, size_t *content_size);

/* Fine with a zeroed one. */
void kc_mesh_opening_done(struct kc_mesh_opening *opening);

/*
 * Whether a message is to whom it came, from whom it says: against one that was signed and
 * encrypted for somebody else and encrypted anew. What is no message, or does not say, fits.
 *
 * payload    of an envelope of which the signature was verified
 * sender     the account of who signed; recipient: of who opens; NULL or empty: not known
 *
 * KC_ERR_ENVELOPE  it is another's
 */
KC_CHECKED enum kc_error kc_mesh_message_check(
    struct kc_span payload, const char *sender, const char *recipient);

/* Whether an object of the Mesh has a private key in it, or a seed that keys are made of: such is for
 * the operation that takes it, and for nobody to read. */
bool kc_mesh_has_secret(struct kc_span payload);

#endif
