/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that a contribution was made with the share that is on record: for w = l*s + c,
 *     log_B([l]Y + [c]B) = log_P(Z) = w,
 * where Y = [s]B is the holder's verification share, P the peer's point, Z the contribution
 * (Chaum and Pedersen 1992, non-interactive). So a wrong contribution names its sender. It tells
 * nothing of the share beyond Y and Z.
 *
 * A share that is resident in hardware cannot make one: the custodian then says "combination
 * failed" and no name.
 */
#ifndef KC_THRESHOLD_PROOF_H
#define KC_THRESHOLD_PROOF_H

#include "base/language.h"
#include "base/reader.h"
#include "base/writer.h"
#include "threshold/point.h"
#include "threshold/scalar.h"
#include "threshold/signature.h"

KC_C_BEGIN

/* What a proof is for; hashed, so that one cannot stand for another. */
enum kc_proof_use {
    KC_PROOF_AGREEMENT = 1, /* a holder's contribution */
    KC_PROOF_COMPLAINT = 2, /* the pairwise key that a complaint reveals (dealing.h) */
};

/* What is proved. All borrowed; all points of one curve. */
struct kc_proof_statement {
    enum kc_proof_use use;
    const struct kc_point *holder;       /* Y, from the verifier's record */
    const struct kc_scalar *coefficient; /* l in (0, L), or NULL for 1 */
    const struct kc_scalar *offset;      /* c in [0, L), or NULL for 0 */
    const struct kc_point *peer;         /* P */
    const struct kc_point *contribution; /* Z */
    struct kc_span key_id;               /* whose key: hashed */
    struct kc_span request_digest;       /* in answer to what: hashed */
};

struct kc_proof {
    struct kc_point base_commitment; /* T1 = [r]B */
    struct kc_point peer_commitment; /* T2 = [r]P */
    struct kc_scalar response;       /* r + e*w, e hashed from the statement, T1, T2 */
};

/* Octets of the largest encoded proof: T1, T2 in point_size octets each, then scalar_size. */
#define KC_PROOF_SIZE_MAX (2 * KC_POINT_SIZE_MAX + KC_SCALAR_SIZE_MAX)

/*
 * Proves a statement about one's own share.
 *
 * proof  written only on KC_OK
 *
 * Constant time in the share and in the contribution; coefficient and offset are public.
 *
 * KC_ERR_INTERNAL  libcrypto failed
 */
KC_CHECKED enum kc_error kc_proof_make(struct kc_proof *proof,
    const struct kc_proof_statement *statement, const struct kc_scalar *share,
    const struct kc_fresh *fresh);

/*
 * KC_ERR_CONTRIBUTION  it does not prove this statement
 * KC_ERR_INTERNAL      libcrypto failed
 */
KC_CHECKED enum kc_error kc_proof_verify(
    const struct kc_proof_statement *statement, const struct kc_proof *proof);

/*
 * Verifies several at once, as one equation with random weights. The verdict is that of the single
 * verifications: the points of a statement and proof have no component of small order (a kc_point
 * never has), so a wrong one passes with probability below 2^-126; and if the sum is wrong, each is
 * verified alone.
 *
 * count   1 or more, all of one curve
 * random  makes the weights, hashed with all that is verified
 * wrong   position of the first proof that is wrong; written only with KC_ERR_CONTRIBUTION
 *
 * Errors as kc_proof_verify.
 */
#define KC_PROOF_RANDOM_SIZE 32
KC_CHECKED enum kc_error kc_proof_verify_batch(const struct kc_proof_statement statements[],
    const struct kc_proof proofs[], size_t count,
    const uint8_t random[KC_AT_LEAST(KC_PROOF_RANDOM_SIZE)], size_t *wrong);

void kc_proof_write(struct kc_writer *w, const struct kc_proof *proof);

/*
 * Reads a proof with full validation of its points.
 *
 * KC_ERR_BAD_REQUEST  too short
 * KC_ERR_POINT_*, KC_ERR_SCALAR_RANGE  a value is not what it must be
 */
KC_CHECKED enum kc_error kc_proof_read(
    struct kc_reader *r, enum kc_curve curve, struct kc_proof *proof);

KC_C_END

#endif
