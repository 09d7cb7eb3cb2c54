/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/wire.h"

void kc_wire_write_point(struct kc_writer *w, const struct kc_point *point)
{
    uint8_t bytes[KC_POINT_SIZE_MAX];
    kc_point_encode(point, bytes);
    kc_writer_bytes(w, bytes, kc_curve_info(point->curve)->point_size);
}

void kc_wire_write_scalar(struct kc_writer *w, const struct kc_scalar *scalar)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(scalar, bytes);
    kc_writer_bytes(w, bytes, kc_curve_info(scalar->curve)->scalar_size);
}

void kc_wire_write_possession(struct kc_writer *w, const struct kc_possession *proof)
{
    kc_wire_write_point(w, &proof->commitment);
    kc_wire_write_scalar(w, &proof->response);
}

enum kc_error kc_wire_read_point(struct kc_reader *r, enum kc_curve curve, struct kc_point *point)
{
    size_t size = kc_curve_info(curve)->point_size;
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return bytes != NULL ? kc_point_decode(point, curve, bytes, size) : KC_ERR_BAD_REQUEST;
}

enum kc_error kc_wire_read_scalar(
    struct kc_reader *r, enum kc_curve curve, struct kc_scalar *scalar)
{
    size_t size = kc_curve_info(curve)->scalar_size;
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return bytes != NULL ? kc_scalar_decode(scalar, curve, bytes, size) : KC_ERR_BAD_REQUEST;
}

enum kc_error kc_wire_read_possession(
    struct kc_reader *r, enum kc_curve curve, struct kc_possession *proof)
{
    struct kc_possession read;
    enum kc_error error = kc_wire_read_point(r, curve, &read.commitment);
    if (error == KC_OK)
        error = kc_wire_read_scalar(r, curve, &read.response);
    if (error == KC_OK)
        *proof = read;
    return error;
}
