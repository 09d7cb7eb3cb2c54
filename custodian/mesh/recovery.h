/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery records: a seed under a random key R, and R in shares that people keep (mesh-wire 7.6).
 *
 *     record   envelope to R as symmetric recipient, in it an envelope that the seed's own profile
 *              key signed, in it an EscrowedKeySet; its id is the one of R, one-way
 *     share    the UDF of a Shamir share of R, and five octets of that id, so that shares of two
 *              sets are told apart:  SBQO-WYFB-... : NJ3D-OJIO
 *
 * Whoever has as many shares as are needed and the record has the seed; whoever has fewer has
 * nothing. A record that somebody put in its place shows: it does not open, or its profile is
 * another.
 */
#ifndef KC_CUSTODIAN_MESH_RECOVERY_H
#define KC_CUSTODIAN_MESH_RECOVERY_H

#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/seed.h"
#include "threshold/udf_shamir.h"

#define KC_RECOVERY_KEY_SIZE 32      /* octets of R */
#define KC_RECOVERY_SHARE_SIZE 96    /* characters of a share and its set, terminator included */
#define KC_RECOVERY_SHARES_SIZE 2048 /* characters of shares, as they are read */
#define KC_RECOVERY_SEED_MAX 64      /* octets of a seed, its specifier included */
#define KC_RECOVERY_RECORD_MAX (16 << 10) /* octets of a record that is read */

/* A seed as it goes into a record and comes out of one. */
struct kc_recovery_seed {
    uint8_t octets[KC_RECOVERY_SEED_MAX]; /* secret: specifier and random octets */
    size_t size;
    enum kc_curve signing;        /* the curve of its keys that sign */
    struct kc_public_key profile; /* the key that its profile is known by */
};

/* Fine with a zeroed one. */
void kc_recovery_seed_wipe(struct kc_recovery_seed *seed);
#define KC_AUTO_RECOVERY_SEED                                                                      \
    __attribute__((cleanup(kc_recovery_seed_wipe))) struct kc_recovery_seed

/*
 * Makes the key that a profile is known by, from a seed of a profile.
 *
 * KC_ERR_BAD_ARGUMENT  a seed of something else, such as an activation
 */
KC_CHECKED enum kc_error kc_recovery_profile_key(
    struct kc_span seed, enum kc_curve signing, struct kc_key *key);

/*
 * Makes a record.
 *
 * seed  profile need not stand
 * key   R; secret, the caller wipes it
 * id    of the record
 * text  given, terminated: free
 *
 * KC_ERR_BAD_ARGUMENT  not the seed of a profile
 * and the errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_recovery_make(const struct kc_mesh_source *source,
    const struct kc_recovery_seed *seed, uint8_t key[static KC_RECOVERY_KEY_SIZE],
    char id[static KC_UDF_ID_SIZE], char **text, size_t *size);

/* Writes a share of the record with an id. Secret. KC_ERR_INTERNAL: it has another size */
KC_CHECKED enum kc_error kc_recovery_share_print(
    const struct kc_udf_share *share, const char *id, char text[static KC_RECOVERY_SHARE_SIZE]);

/*
 * Recovers R, or what else was split so, from shares with line feeds between, as people typed them:
 * in whatever case and groups, with 0 for O and 8 for B; the same one twice counts once.
 *
 * secret  KC_UDF_SHAMIR_SECRET_MAX octets; secret, the caller wipes it
 * wrong   number of the line, from 1 and without empty ones, that is no share or of another set; 0
 *
 * KC_ERR_BAD_ARGUMENT  a line is no share
 * KC_ERR_SHARES_MIXED  they are not of one set
 * KC_ERR_SHARES_FEW    fewer than are needed
 * KC_ERR_SHARES_WRONG  more than are needed, and they do not fit together
 */
KC_CHECKED enum kc_error kc_recovery_combine(
    struct kc_span shares, uint8_t *secret, size_t *secret_size, size_t *wrong);

/*
 * Opens a record.
 *
 * text     the record; empty if the secret is the seed itself, as others' shares have it
 * secret   what kc_recovery_combine gave
 * profile  the UDF that the profile must have, in full
 * seed     kc_recovery_seed_wipe; written only on KC_OK
 *
 * KC_ERR_TOO_LARGE, KC_ERR_ENVELOPE  not a record
 * KC_ERR_RECOVERY          the secret does not open it: a share is wrong, or it is another record
 * KC_ERR_RECOVERY_PROFILE  it is of another profile, or the seed in it did not sign it
 */
KC_CHECKED enum kc_error kc_recovery_open(
    struct kc_span text, struct kc_span secret, const char *profile, struct kc_recovery_seed *seed);

#endif
