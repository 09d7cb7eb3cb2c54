/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of libcustodian-threshold in one: what a program outside includes.
 *
 * Points and scalars: curve, scalar, point, combination. Keys and shares: key, derive, share, shamir, pedersen, udf_shamir.
 * Protocols: agreement, proof, signature, frost, dkg, repair; and what these are made of. Each header is a contract of its
 * own. The library is pure: no files, sockets or clock, no state between calls; randomness is passed in.
 */
#ifndef KC_THRESHOLD_THRESHOLD_H
#define KC_THRESHOLD_THRESHOLD_H

#include "threshold/agreement.h"
#include "threshold/combination.h"
#include "threshold/coordinate.h"
#include "threshold/curve.h"
#include "threshold/derive.h"
#include "threshold/dkg.h"
#include "threshold/dkg_message.h"
#include "threshold/frost.h"
#include "threshold/key.h"
#include "threshold/parcel.h"
#include "threshold/pedersen.h"
#include "threshold/point.h"
#include "threshold/possession.h"
#include "threshold/proof.h"
#include "threshold/repair.h"
#include "threshold/scalar.h"
#include "threshold/shamir.h"
#include "threshold/share.h"
#include "threshold/signature.h"
#include "threshold/transcript.h"
#include "threshold/udf_shamir.h"

#endif
