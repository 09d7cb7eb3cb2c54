/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EdDSA signatures (RFC 8032: plain, with context, prehashed): by one key, and by two parties with
 * a final contribution.
 *
 * The two parties hold shares of one key. The first party opens a commitment and sends its point R.
 * The second chooses its own nonce only now, and answers with its final contribution; it keeps no
 * state. The first party checks, completes and verifies the signature. A commitment is not bound to
 * its message by mathematics: a party that has two of them open for one share can be made to sign
 * what it never saw. So a share has one open commitment, everywhere; the caller keeps that rule.
 */
#ifndef KC_THRESHOLD_SIGNATURE_H
#define KC_THRESHOLD_SIGNATURE_H

#include "base/language.h"
#include "base/reader.h"
#include "threshold/key.h"
#include "threshold/point.h"
#include "threshold/scalar.h"

KC_C_BEGIN

#define KC_CONTEXT_SIZE_MAX 255

/* What is signed, and in which variant. A zeroed scheme is plain Ed25519, or Ed448 with an empty
 * context. */
struct kc_signed_message {
    bool prehash;     /* Ed25519ph, Ed448ph: message is the message itself, it is hashed here */
    bool has_context; /* Ed25519ctx even if the context is empty; Mesh envelopes are signed so */
    struct kc_span context; /* 0..KC_CONTEXT_SIZE_MAX octets; only if has_context */
    struct kc_span message;
};

/*
 * What makes a nonce fresh. The nonce is hashed from all of it, the secret, and every input of the
 * signature; so a dead random source alone does not repeat one, nor does a repeated counter.
 */
#define KC_FRESH_RANDOM_SIZE 64
struct kc_fresh {
    uint8_t random[KC_FRESH_RANDOM_SIZE]; /* secret, from the random source */
    uint64_t counter; /* never the same twice in the life of the process or of the key */
};

/*
 * Signs with a whole key. A seeded key signs deterministically (RFC 8032) and fresh is not looked
 * at; any other with a hedged nonce.
 *
 * fresh      borrowed; NULL is permitted for a seeded key only
 * signature  signature_size octets; written only on KC_OK
 *
 * Constant time in the key; not in the sizes of message and context.
 *
 * KC_ERR_BAD_ALGORITHM  the curve does not sign
 * KC_ERR_BAD_ARGUMENT   context too long or not announced, fresh missing
 * KC_ERR_INTERNAL       libcrypto failed
 */
KC_CHECKED enum kc_error kc_signature_sign(uint8_t signature[KC_AT_LEAST(KC_SIGNATURE_SIZE_MAX)],
    const struct kc_key *key, const struct kc_signed_message *message,
    const struct kc_fresh *fresh);

/*
 * Verifies: S below L, R and the key canonical and in the prime-order group, [S]B = R + [k]A
 * without cofactor. That is stricter than RFC 8032 demands, and refuses nothing that an honest
 * signer makes. Variable time: all is public.
 *
 * KC_ERR_SIGNATURE  does not verify, or has the wrong size
 * KC_ERR_BAD_ALGORITHM, KC_ERR_BAD_ARGUMENT, KC_ERR_INTERNAL  as kc_signature_sign
 */
KC_CHECKED enum kc_error kc_signature_verify(const struct kc_point *public_point,
    const struct kc_signed_message *message, const uint8_t *signature, size_t signature_size);

/*
 * One holder's share of a key, as both parties need it. All borrowed. The points come in their
 * encodings, point_size octets, from the signer's own authenticated record, never from a request:
 * they are hashed, not computed with.
 */
struct kc_signer {
    const struct kc_scalar *share;       /* secret */
    const struct kc_scalar *coefficient; /* in (0, L), public; NULL for 1, the additive share */
    const uint8_t *own;                  /* the verification share [share]B */
    const uint8_t *group;                /* the whole public key */
};

/* What the second party answers. Public once sent. */
struct kc_signature_contribution {
    struct kc_point commitment; /* R_s */
    struct kc_scalar response;  /* S_s = r_s + k * coefficient * share */
};

/*
 * The second party's whole part: chooses a nonce after the first party's R is known, and uses it at
 * once.
 *
 * first  the first party's R
 * out    written only on KC_OK
 *
 * Constant time in share and nonce.
 *
 * KC_ERR_BAD_ALGORITHM      the curve does not sign, or first, group and share are of different
 *                           curves
 * KC_ERR_BAD_ARGUMENT       context too long or not announced
 * KC_ERR_SCALAR_RANGE       the share or the coefficient is zero
 * KC_ERR_POINT_SMALL_ORDER  R + R_s is the identity
 * KC_ERR_INTERNAL           libcrypto failed
 */
KC_CHECKED enum kc_error kc_signature_contribute(struct kc_signature_contribution *out,
    const struct kc_signer *signer, const struct kc_point *first,
    const struct kc_signed_message *message, const struct kc_fresh *fresh);

/*
 * The first party's nonce between its two steps. Secret: it lives where it was opened, is never
 * copied or serialised (a copy is dead: it knows its address), is bound to share, group key, scheme
 * and message, and is used once.
 */
struct kc_signature_commitment {
    const struct kc_signature_commitment *self; /* NULL when not open */
    struct kc_scalar nonce;
    struct kc_point point;
    uint8_t binding[64];
};

/*
 * The first party's first step.
 *
 * commitment  in place; one that is open is wiped first. End it with finish or
 *             kc_signature_commitment_wipe.
 * point       R, to be sent
 *
 * Constant time in share and nonce. Errors as kc_signature_contribute; after one the commitment is
 * not open.
 */
KC_CHECKED enum kc_error kc_signature_open(struct kc_signature_commitment *commitment,
    struct kc_point *point, const struct kc_signer *signer, const struct kc_signed_message *message,
    const struct kc_fresh *fresh);

/*
 * The first party's second step: checks the contribution, completes the signature and verifies it
 * before it is given.
 *
 * commitment       consumed: wiped on every return
 * signer, message  the same as were given to open
 * group            the whole public key, decoded: the signature is verified under it
 * other            the second party's coefficient-weighted verification share,
 *                  [coefficient * share]B; NULL if not known
 * signature        signature_size octets; written only on KC_OK
 *
 * KC_ERR_SESSION            the commitment is not open, was copied, or was opened for something else
 * KC_ERR_CONTRIBUTION       with other: [S_s]B is not R_s + [k]other, the second party is wrong
 * KC_ERR_POINT_SMALL_ORDER  R + R_s is the identity
 * KC_ERR_SIGNATURE          the signature does not verify under the group key: a share or
 *                           contribution is wrong
 * KC_ERR_BAD_ALGORITHM, KC_ERR_BAD_ARGUMENT, KC_ERR_INTERNAL  as kc_signature_contribute
 */
KC_CHECKED enum kc_error kc_signature_finish(uint8_t signature[KC_AT_LEAST(KC_SIGNATURE_SIZE_MAX)],
    struct kc_signature_commitment *commitment, const struct kc_signer *signer,
    const struct kc_point *group, const struct kc_signed_message *message,
    const struct kc_signature_contribution *contribution, const struct kc_point *other);

/* Ends a commitment: abort, deadline. Fine with one that is not open. */
void kc_signature_commitment_wipe(struct kc_signature_commitment *commitment);

KC_C_END

#endif
