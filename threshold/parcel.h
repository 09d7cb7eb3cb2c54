/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scalar from one party to another over a channel that all can read, and a way to show everybody
 * what was in it: so that a complaint about a wrong share can be judged.
 *
 * Each party has a sealing key (k, E = [k]B) made for one session. The two parties of a message
 * have K = [k_from]E_to = [k_to]E_from in common; the message is value + pad mod L, where the pad
 * is hashed from K and what the message is. Who wants to show the value reveals K with a proof that
 * it is the right one (proof.h). That opens the messages between these two parties in this session
 * and nothing else; so sealing keys are never used for two sessions.
 *
 * Secrecy rests on the Diffie-Hellman assumption and the hash as a random oracle. There is no tag:
 * a value is checked by what it must be (a commitment), and its sender by the caller.
 */
#ifndef KC_THRESHOLD_PARCEL_H
#define KC_THRESHOLD_PARCEL_H

#include "base/language.h"
#include "threshold/point.h"
#include "threshold/proof.h"
#include "threshold/scalar.h"

KC_C_BEGIN

/* What a message is: hashed into pads and proofs. */
enum kc_parcel_kind {
    KC_PARCEL_SHARE = 1, /* a dealer's share for a holder (dkg.h) */
    KC_PARCEL_HELP = 2,  /* a helper's part of a lost share (repair.h) */
};

struct kc_parcel_name {
    uint8_t session[32]; /* hash of all that the parties agreed on before */
    enum kc_parcel_kind kind;
    uint32_t from, to; /* the parties' positions */
};

/* What is revealed: K, and the proof that log_B(E of who reveals) = log_(E of the other)(K). */
struct kc_parcel_key {
    struct kc_point key;
    struct kc_proof proof;
};

/*
 * Seals a value. Constant time in value and secret.
 *
 * secret  the sender's k
 * other   the receiver's E
 *
 * KC_ERR_INTERNAL  libcrypto failed
 */
KC_CHECKED enum kc_error kc_parcel_seal(struct kc_scalar *sealed, const struct kc_scalar *value,
    const struct kc_scalar *secret, const struct kc_point *other,
    const struct kc_parcel_name *name);

/* Opens it: secret is the receiver's k, other the sender's E. Errors as above. */
KC_CHECKED enum kc_error kc_parcel_open(struct kc_scalar *value, const struct kc_scalar *sealed,
    const struct kc_scalar *secret, const struct kc_point *other,
    const struct kc_parcel_name *name);

/*
 * Reveals the key of a message that one received.
 *
 * own    E of [secret]B
 * other  the sender's E
 */
KC_CHECKED enum kc_error kc_parcel_reveal(struct kc_parcel_key *out, const struct kc_scalar *secret,
    const struct kc_point *own, const struct kc_point *other, const struct kc_parcel_name *name,
    const struct kc_fresh *fresh);

/*
 * Opens a message with a revealed key: the value is public now.
 *
 * own, other  E of who reveals, and of who sent the message
 *
 * KC_ERR_CONTRIBUTION  the key is not the one between these two
 * KC_ERR_INTERNAL      libcrypto failed
 */
KC_CHECKED enum kc_error kc_parcel_open_revealed(struct kc_scalar *value,
    const struct kc_scalar *sealed, const struct kc_parcel_key *revealed,
    const struct kc_point *own, const struct kc_point *other, const struct kc_parcel_name *name);

#define KC_PARCEL_KEY_SIZE_MAX (KC_POINT_SIZE_MAX + KC_PROOF_SIZE_MAX)
void kc_parcel_key_write(struct kc_writer *w, const struct kc_parcel_key *key);

/* Errors as kc_proof_read. */
KC_CHECKED enum kc_error kc_parcel_key_read(
    struct kc_reader *r, enum kc_curve curve, struct kc_parcel_key *key);

KC_C_END

#endif
