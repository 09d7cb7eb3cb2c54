/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making DARE envelopes with the curves: signed, encrypted to public keys, or both, with the witness
 * that the signer knew the content.
 *
 * Keys are lent, also those of recipients; whether a recipient is the right one is for the caller.
 */
#ifndef KC_CUSTODIAN_MESH_ENVELOPE_MAKE_H
#define KC_CUSTODIAN_MESH_ENVELOPE_MAKE_H

#include "proto/dare_envelope.h"
#include "threshold/key.h"
#include "threshold/signature.h"

/* What documents are made with besides keys. */
struct kc_mesh_source {
    void *context;
    /* Random octets; secret. KC_ERR_RANDOM */
    enum kc_error (*random)(void *context, uint8_t *octets, size_t size);
    uint64_t (*count)(void *context); /* never the same twice in the life of the process */
    uint64_t now;                     /* seconds since 1970 */
};

/* What a nonce is made fresh with; secret: kc_wipe. KC_ERR_RANDOM */
KC_CHECKED enum kc_error kc_mesh_fresh(const struct kc_mesh_source *source, struct kc_fresh *fresh);

/* A random scalar of a curve, never zero. KC_ERR_RANDOM */
KC_CHECKED enum kc_error kc_mesh_random_scalar(
    const struct kc_mesh_source *source, enum kc_curve curve, struct kc_scalar *scalar);

struct kc_mesh_letter {
    struct kc_span payload;      /* lent; secret if there are recipients */
    const char *type;            /* MessageType, as the payload's tag has it */
    const char *id;              /* EnvelopeId; NULL: none */
    const char *unique_id;       /* the primary key in a catalog, or the message's id; NULL: none */
    const char *event;           /* of a catalog's frame: "New", "Update", "Delete"; NULL: none */
    const struct kc_key *signer; /* NULL: nobody signs */
    const struct kc_public_key *recipients; /* whom it is encrypted to */
    size_t recipient_count;
    struct kc_span secret; /* and to whom has these octets; with neither it is plain */
    bool in_room;          /* and the text is as secret as the payload: kc_room_free */
};

/*
 * Makes an envelope.
 *
 * text  given, terminated: free, or kc_room_free if the letter says so
 *
 * KC_ERR_BAD_ALGORITHM  the signer's curve does not sign, or a recipient's is no curve of a Mesh
 * KC_ERR_POINT_...      a recipient's key is none that may be used
 * KC_ERR_TOO_LARGE      an id, or the payload
 * KC_ERR_RANDOM, KC_ERR_NO_MEMORY, KC_ERR_INTERNAL
 */
KC_CHECKED enum kc_error kc_mesh_envelope_make(const struct kc_mesh_source *source,
    const struct kc_mesh_letter *letter, char **text, size_t *size);

/*
 * The same in two steps, for who signs by a key that is not at hand, as one that is split: an
 * envelope that lacks just its signature. In it is what opens it: secret.
 */
struct kc_mesh_making;

/* letter's signer is not looked at. making is given: kc_mesh_making_free. Errors as above. */
KC_CHECKED enum kc_error kc_mesh_making_new(const struct kc_mesh_source *source,
    const struct kc_mesh_letter *letter, struct kc_mesh_making **making);

/* What is to be signed (verify.h has how); lent. */
const uint8_t *kc_mesh_making_digest(const struct kc_mesh_making *making);

/*
 * Adds the signature, and the witness if it is encrypted.
 *
 * signer    its public half
 * manifest  an envelope that accredits it, copied; or empty
 */
KC_CHECKED enum kc_error kc_mesh_making_sign(struct kc_mesh_making *making,
    const struct kc_public_key *signer, struct kc_span signature, struct kc_span manifest);

/* text is given, terminated: free; of a letter that is to be in a room, kc_room_free. */
KC_CHECKED enum kc_error kc_mesh_making_write(
    struct kc_mesh_making *making, char **text, size_t *size);

/* Wipes and frees. NULL is fine. */
void kc_mesh_making_free(struct kc_mesh_making *making);

/*
 * The point of a key that is agreed with, and that nothing is added to: without its sign octet it is as good.
 *
 * KC_ERR_BAD_ALGORITHM, KC_ERR_POINT_...
 */
KC_CHECKED enum kc_error kc_mesh_recipient_point(
    const struct kc_public_key *key, struct kc_point *point);

/* The public half as documents have it. */
KC_CHECKED enum kc_error kc_mesh_public_key(
    const struct kc_point *point, struct kc_public_key *public);

#endif
