/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points and scalars in the protocols' messages: fixed size by curve, read with full validation.
 *
 * The reader is sticky, but the first value that is not what it must be ends the message: its error
 * says more than that it was malformed.
 */
#ifndef KC_THRESHOLD_WIRE_H
#define KC_THRESHOLD_WIRE_H

#include "base/reader.h"
#include "base/writer.h"
#include "threshold/point.h"
#include "threshold/possession.h"
#include "threshold/scalar.h"

void kc_wire_write_point(struct kc_writer *w, const struct kc_point *point);
void kc_wire_write_scalar(struct kc_writer *w, const struct kc_scalar *scalar);
void kc_wire_write_possession(struct kc_writer *w, const struct kc_possession *proof);

/* KC_ERR_BAD_REQUEST: too short; else as kc_point_decode. */
KC_CHECKED enum kc_error kc_wire_read_point(
    struct kc_reader *r, enum kc_curve curve, struct kc_point *point);

/* KC_ERR_BAD_REQUEST: too short; KC_ERR_SCALAR_RANGE: not below L. */
KC_CHECKED enum kc_error kc_wire_read_scalar(
    struct kc_reader *r, enum kc_curve curve, struct kc_scalar *scalar);

/* Errors as of its point and scalar. */
KC_CHECKED enum kc_error kc_wire_read_possession(
    struct kc_reader *r, enum kc_curve curve, struct kc_possession *proof);

#endif
