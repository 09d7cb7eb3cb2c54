/* SPDX-License-Identifier: Apache-2.0 */
/* Counts multiplications: the linker sends the library's calls through here (--wrap). */
#include "tests/bench/bench_threshold.h"

#include "threshold/element.h"

struct bench_counts bench_counts;

/* The linker's names for what is wrapped, and for what stands in its place. */
/* clang-format off */
enum kc_error __real_kc_point_multiply(struct kc_point *out, const struct kc_scalar *scalar, const struct kc_point *point);
enum kc_error __wrap_kc_point_multiply(struct kc_point *out, const struct kc_scalar *scalar, const struct kc_point *point);
enum kc_error __real_kc_point_multiply_base(struct kc_point *out, const struct kc_scalar *scalar);
enum kc_error __wrap_kc_point_multiply_base(struct kc_point *out, const struct kc_scalar *scalar);
void __real_kc_element_combine_variable_time(struct kc_point *out, enum kc_curve curve,
    const struct kc_point *const points[], const int8_t *const digits[], size_t count, int size);
void __wrap_kc_element_combine_variable_time(struct kc_point *out, enum kc_curve curve,
    const struct kc_point *const points[], const int8_t *const digits[], size_t count, int size);
/* clang-format on */

enum kc_error __wrap_kc_point_multiply(
    struct kc_point *out, const struct kc_scalar *scalar, const struct kc_point *point)
{
    bench_counts.variable++;
    return __real_kc_point_multiply(out, scalar, point);
}

enum kc_error __wrap_kc_point_multiply_base(struct kc_point *out, const struct kc_scalar *scalar)
{
    bench_counts.base++;
    return __real_kc_point_multiply_base(out, scalar);
}

void __wrap_kc_element_combine_variable_time(struct kc_point *out, enum kc_curve curve,
    const struct kc_point *const points[], const int8_t *const digits[], size_t count, int size)
{
    bench_counts.terms += (unsigned)count;
    __real_kc_element_combine_variable_time(out, curve, points, digits, count, size);
}
