/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FROST: signatures by any threshold of holders, in two rounds (RFC 9591).
 *
 * Round one: each signer commits to two nonces. Round two: each signs a message under the list of
 * all commitments, and the shares are added. A factor hashed from the list, the message and the key
 * multiplies each binding nonce, so that sessions may run at the same time: a commitment cannot be
 * moved to another list or message. The coordinator is trusted for nothing but to do it: what it
 * alters fails.
 *
 * Shares are Shamir shares (shamir.h, dkg.h). Additive shares enter by kc_frost_from_additive.
 */
#ifndef KC_THRESHOLD_FROST_H
#define KC_THRESHOLD_FROST_H

#include "base/language.h"
#include "base/reader.h"
#include "base/writer.h"
#include "threshold/point.h"
#include "threshold/scalar.h"
#include "threshold/share.h"
#include "threshold/signature.h"

KC_C_BEGIN

#define KC_FROST_SIGNERS_MAX KC_SHARES_MAX
#define KC_FROST_SIGNATURE_SIZE_MAX KC_SIGNATURE_SIZE_MAX
#define KC_FROST_SESSION_SIZE_MAX 64 /* octets of the caller's name for a session */

enum kc_frost_suite {
    KC_FROST_ED25519 = 1, /* RFC 9591 6.1: a plain Ed25519 signature */
    KC_FROST_ED448 = 2,   /* RFC 9591 6.3: Ed448 with an empty context */
    KC_FROST_P256 = 3,    /* RFC 9591 6.4: Schnorr on P-256; R compressed, then S big-endian */
    /* Ours: as 6.1, but H2 has the prefix of Ed25519ctx with an empty context, as Mesh envelopes
     * are signed; a context string of its own keeps it apart in all other hashes. */
    KC_FROST_ED25519_CONTEXT = 4,
};

/*
 * Whether a suite makes the signatures that Mesh envelopes have.
 *
 * KC_ERR_BAD_ALGORITHM  it does not: a plain Ed25519 signature is none
 */
KC_CHECKED enum kc_error kc_frost_check_envelope(enum kc_frost_suite suite);

/* One signer, as both rounds need it. All borrowed. */
struct kc_frost_signer {
    enum kc_frost_suite suite;
    uint32_t index; /* of its share; not zero */
    const struct kc_scalar *share;
    const struct kc_point *group; /* the public key, from the signer's own record */
};

/* What a signer publishes in round one. */
struct kc_frost_commitment {
    uint32_t index;
    struct kc_point hiding, binding; /* D, E */
};

/* What all sign: the same octets for every signer. All borrowed. */
struct kc_frost_package {
    const struct kc_frost_commitment *commitments; /* ascending by index, none twice */
    size_t count;                                  /* 2..KC_FROST_SIGNERS_MAX */
    struct kc_span message;                        /* as it is signed; not hashed before */
};

/*
 * A signer's nonces between its two rounds. Secret: they live where they were made, are never
 * copied or serialised (a copy is dead: they know their address), are bound to signer and session,
 * and are used once. They die with the process and must not live in memory that a fork inherits.
 */
struct kc_frost_nonces {
    const struct kc_frost_nonces *self; /* NULL when there are none */
    struct kc_scalar hiding, binding;
    struct kc_frost_commitment commitment;
    uint8_t bound[32]; /* hash of signer and session */
};

/*
 * Round one. Both nonces are hashed from randomness, counter, share, group key, index and session,
 * then by the RFC's nonce_generate: neither a dead random source nor a repeated counter alone
 * repeats one.
 *
 * nonces      in place; ones that are there are wiped first. End them with kc_frost_sign or
 *             kc_frost_nonces_wipe
 * session     1..KC_FROST_SESSION_SIZE_MAX octets: the same are given in round two
 * commitment  to be sent
 *
 * Constant time in share and nonces.
 *
 * KC_ERR_BAD_ARGUMENT   no index, no session, or the share is of another curve; no nonces are there
 * KC_ERR_INTERNAL       libcrypto failed; no nonces are there
 */
KC_CHECKED enum kc_error kc_frost_commit(struct kc_frost_nonces *nonces,
    struct kc_frost_commitment *commitment, const struct kc_frost_signer *signer,
    struct kc_span session, const struct kc_fresh *fresh);

/*
 * Round two: this signer's share of the signature.
 *
 * response  written only on KC_OK
 * nonces    consumed: wiped on every return, so no path can use them twice
 * package   the signer's own commitment among them, as it was made
 *
 * Constant time in share and nonces; not in the package.
 *
 * KC_ERR_SESSION            the nonces were used, copied, or made for another signer or session
 * KC_ERR_BAD_ARGUMENT       the list is out of order, has one twice, too few or too many, or the
 *                           signer's own is missing or altered
 * KC_ERR_POINT_SMALL_ORDER  the commitments add up to the identity
 * KC_ERR_INTERNAL           libcrypto failed
 */
KC_CHECKED enum kc_error kc_frost_sign(struct kc_scalar *response, struct kc_frost_nonces *nonces,
    const struct kc_frost_signer *signer, struct kc_span session,
    const struct kc_frost_package *package);

/* Ends nonces: abort, deadline. Fine where there are none. */
void kc_frost_nonces_wipe(struct kc_frost_nonces *nonces);

/*
 * Checks one signer's share of the signature (RFC 9591 5.4).
 *
 * position  of the signer in the package
 * public_point    the signer's verification share
 *
 * KC_ERR_CONTRIBUTION  it is wrong: this signer's doing
 * KC_ERR_BAD_ARGUMENT, KC_ERR_POINT_SMALL_ORDER, KC_ERR_INTERNAL  as kc_frost_sign
 */
KC_CHECKED enum kc_error kc_frost_verify_share(enum kc_frost_suite suite,
    const struct kc_point *group, const struct kc_frost_package *package, size_t position,
    const struct kc_point *public_point, const struct kc_scalar *response);

/*
 * Adds the shares to a signature, and verifies it before it is given. If it is wrong, every share
 * is checked and the wrong ones are named.
 *
 * signature      Ed: as kc_signature_verify takes it; P-256: 65 octets
 * signature_size written only on KC_OK
 * publics        verification shares, in the order of the package
 * responses      the same
 * culprits       bit i: the share at position i is wrong; written only with KC_ERR_CONTRIBUTION
 *
 * KC_ERR_CONTRIBUTION  see culprits
 * KC_ERR_SIGNATURE     each share fits its verification share, but those are not of this group key
 * KC_ERR_BAD_ARGUMENT, KC_ERR_POINT_SMALL_ORDER, KC_ERR_INTERNAL  as kc_frost_sign
 */
KC_CHECKED enum kc_error kc_frost_aggregate(
    uint8_t signature[KC_AT_LEAST(KC_FROST_SIGNATURE_SIZE_MAX)], size_t *signature_size,
    enum kc_frost_suite suite, const struct kc_point *group, const struct kc_frost_package *package,
    const struct kc_point publics[], const struct kc_scalar responses[], uint32_t *culprits);

/*
 * Turns an additive share, of a key split n of n, into the Shamir share with which its holder
 * enters FROST with all the others: x_i / lambda_i. Constant time in the share.
 *
 * indices   what the holders are called in FROST: distinct, not zero
 * position  whose share it is
 *
 * KC_ERR_BAD_ARGUMENT  as kc_share_coefficient
 */
KC_CHECKED enum kc_error kc_frost_from_additive(struct kc_scalar *out,
    const struct kc_scalar *share, const uint32_t indices[], size_t count, size_t position);

/* The same of a verification share. Errors as above. */
KC_CHECKED enum kc_error kc_frost_public_from_additive(struct kc_point *out,
    const struct kc_point *public_point, const uint32_t indices[], size_t count, size_t position);

/* A commitment as octets: index, then both points. */
#define KC_FROST_COMMITMENT_SIZE_MAX (4 + 2 * KC_POINT_SIZE_MAX)
void kc_frost_commitment_write(struct kc_writer *w, const struct kc_frost_commitment *commitment);

/*
 * Reads one with full validation of its points.
 *
 * KC_ERR_BAD_REQUEST  too short, or the index is zero
 * KC_ERR_POINT_*      a point is not canonical, outside the prime-order group, or the identity
 */
KC_CHECKED enum kc_error kc_frost_commitment_read(
    struct kc_reader *r, enum kc_frost_suite suite, struct kc_frost_commitment *commitment);

KC_C_END

#endif
