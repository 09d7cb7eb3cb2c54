/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two-party scheme with sessions at the same time, as it must not be: a first party that keeps
 * many commitments open for one share, each with its message fixed beforehand.
 */
#ifndef KC_TESTS_THRESHOLD_PROTOCOLS_NAIVE_SIGNER_H
#define KC_TESTS_THRESHOLD_PROTOCOLS_NAIVE_SIGNER_H

#include "threshold/eddsa.h"

#define NAIVE_SESSIONS 253

struct naive_signer {
    struct kc_scalar share;
    struct kc_point group;
    struct {
        struct kc_scalar nonce;
        struct kc_point commitment;
        uint8_t message[8]; /* fixed when the session is opened */
        bool open;
    } sessions[NAIVE_SESSIONS];
};

/* Opens a session for a message: R, which is sent to the service. */
const struct kc_point *naive_open(struct naive_signer *signer, size_t session);

/* What the service knows of a session: its challenge, if it answers with a commitment. */
struct kc_scalar naive_challenge(
    const struct naive_signer *signer, size_t session, const struct kc_point *service);

/* The signer's response to the service's commitment; the session is closed. */
struct kc_scalar naive_finish(
    struct naive_signer *signer, size_t session, const struct kc_point *service);

#endif
