/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publications that whoever has a secret, an EARL, may claim; and claims of them.
 *
 * The secret is a bearer's: who photographs it can claim. So a claim is signed by the claimant's
 * account key, whose profile is in the signature's Manifest, and says until when it is good; and
 * the first one that holds is the only one, which is for who keeps the publication to see to.
 */
#ifndef KC_CUSTODIAN_MESH_CLAIM_H
#define KC_CUSTODIAN_MESH_CLAIM_H

#include "custodian/mesh/capability.h"
#include "custodian/mesh/envelope_make.h"
#include "proto/earl.h"

#define KC_CLAIM_LIFE 300                    /* seconds that a claim is good for */
#define KC_CLAIM_LIFE_MAX 600                /* and no claim is believed that says more */
#define KC_CLAIM_TEXT_MAX 2048               /* octets of a MessageClaim that is written */
#define KC_CLAIM_SIZE_MAX ((size_t)64 << 10) /* octets of a claim that is read */

/* A secret, and what is derived from it. All of it but the id is secret. */
struct kc_mesh_earl {
    char secret[KC_EARL_SECRET_TEXT];
    char id[KC_UDF_ID_SIZE];                                        /* of the publication */
    char service[KC_EARL_SECRET_TEXT], device[KC_EARL_SECRET_TEXT]; /* authenticators */
};

/* From a new secret; KC_ERR_RANDOM. Or from one that was read: KC_ERR_BAD_ARGUMENT, it is none. */
KC_CHECKED enum kc_error kc_mesh_earl_make(
    const struct kc_mesh_source *source, struct kc_mesh_earl *earl);
KC_CHECKED enum kc_error kc_mesh_earl_of(const char *secret, struct kc_mesh_earl *earl);

/*
 * Makes a CatalogedPublication.
 *
 * payload  what is published, secret: encrypted to the secret
 * expires  seconds since 1970
 * text     given, terminated: free
 *
 * Errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_publication_make(const struct kc_mesh_source *source,
    const struct kc_mesh_earl *earl, struct kc_span payload, int64_t expires, char **text,
    size_t *size);

/* What a service keeps of a publication. */
struct kc_mesh_publication {
    char id[KC_UDF_ID_SIZE];
    char service[KC_EARL_SECRET_TEXT]; /* authenticator; secret */
    int64_t expires;                   /* 0: never */
};

/* KC_ERR_BAD_REQUEST, KC_ERR_TOO_LARGE: it is none */
KC_CHECKED enum kc_error kc_mesh_publication_read(
    struct kc_span text, struct kc_mesh_publication *publication);

/*
 * Decrypts what a publication holds.
 *
 * plaintext  given, secret: kc_room_free
 *
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  it is none
 * KC_ERR_DECRYPTION                                      the secret is another's
 */
KC_CHECKED enum kc_error kc_mesh_publication_open(
    struct kc_span text, const struct kc_mesh_earl *earl, uint8_t **plaintext, size_t *size);

/* Writes a MessageClaim, to be signed. KC_ERR_RANDOM, KC_ERR_BAD_ARGUMENT: no addresses */
KC_CHECKED enum kc_error kc_mesh_claim_write(const struct kc_mesh_source *source,
    const struct kc_mesh_earl *earl, const char *claimant, const char *publisher,
    uint8_t text[static KC_CLAIM_TEXT_MAX], size_t *size);

/* A claim that its claimant signed. */
struct kc_mesh_claim {
    char id[KC_UDF_ID_SIZE];                              /* of the publication */
    struct kc_mesh_account claimant;                      /* from the profile that came along */
    char service[KC_UDF_ID_SIZE], device[KC_UDF_ID_SIZE]; /* MACs; empty: it has none */
    int64_t expires;
};

/*
 * Reads a claim: signed by the AccountSignature of the profile in the Manifest, which signs itself,
 * and sent from the address of that profile.
 *
 * KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  no envelope
 * KC_ERR_CLAIM                       anything of this does not hold
 */
KC_CHECKED enum kc_error kc_mesh_claim_read(struct kc_span text, struct kc_mesh_claim *claim);

/*
 * Whether who made a claim has the secret, and made it now. In constant time.
 *
 * service, device  authenticators; device NULL: not kept here
 *
 * KC_ERR_CLAIM          it has not
 * KC_ERR_CLAIM_EXPIRED  the claim is from before, or says that it is good for too long
 */
KC_CHECKED enum kc_error kc_mesh_claim_check(
    const struct kc_mesh_claim *claim, const char *service, const char *device, uint64_t now);

#endif
