/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What binds a FROST signature to its list of commitments (RFC 9591, sections 4.3 to 4.6): all of
 * it public, the same for every signer and for who aggregates.
 */
#ifndef KC_THRESHOLD_FROST_BINDING_H
#define KC_THRESHOLD_FROST_BINDING_H

#include "threshold/frost_suite.h"

struct kc_frost_binding {
    struct kc_scalar factors[KC_FROST_SIGNERS_MAX]; /* rho_i */
    struct kc_point commitment;                     /* R: the sum of D_i + [rho_i]E_i */
    uint8_t encoded[KC_POINT_SIZE_MAX];             /* R, as it is signed */
    struct kc_scalar challenge;                     /* c */
};

/*
 * Checks the package, then computes all of it.
 *
 * KC_ERR_BAD_ARGUMENT       the list is out of order, has one twice, too few or too many, or is of
 *                           another curve
 * KC_ERR_POINT_SMALL_ORDER  R is the identity
 * KC_ERR_INTERNAL           libcrypto failed
 */
KC_CHECKED enum kc_error kc_frost_bind(struct kc_frost_binding *binding, enum kc_frost_suite suite,
    const struct kc_point *group, const struct kc_frost_package *package);

/* lambda of the signer at a position of a package that was bound. */
void kc_frost_coefficient(struct kc_scalar *out, enum kc_frost_suite suite,
    const struct kc_frost_package *package, size_t position);

/* The input of H1 for each signer, less the encoding of its index at the end. */
#define KC_FROST_BINDING_INPUT_MAX (KC_POINT_SIZE_MAX + 2 * KC_FROST_DIGEST_SIZE_MAX)
KC_CHECKED enum kc_error kc_frost_binding_input(struct kc_writer *w, enum kc_frost_suite suite,
    const struct kc_point *group, const struct kc_frost_package *package);

#endif
