/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/frost_binding.h"

#include "threshold/combination.h"

#include <stdlib.h>

#define LIST_SIZE_MAX (KC_FROST_SIGNERS_MAX * (KC_FROST_SCALAR_SIZE_MAX + 2 * KC_POINT_SIZE_MAX))

static bool package_good(enum kc_curve curve, const struct kc_frost_package *package)
{
    if (package->count < 2 || package->count > KC_FROST_SIGNERS_MAX)
        return false;
    uint32_t before = 0;
    for (size_t i = 0; i < package->count; i++) {
        const struct kc_frost_commitment *c = &package->commitments[i];
        if (c->index <= before || c->hiding.curve != curve || c->binding.curve != curve)
            return false;
        before = c->index;
    }
    return true;
}

static void write_index(struct kc_writer *w, enum kc_frost_suite suite, uint32_t index)
{
    struct kc_scalar scalar;
    kc_scalar_set(&scalar, kc_frost_curve(suite), index);
    kc_frost_write_scalar(w, suite, &scalar);
}

/* encode_group_commitment_list (4.3); all points are encoded with one inversion. */
static void write_list(
    struct kc_writer *w, enum kc_frost_suite suite, const struct kc_frost_package *package)
{
    struct kc_point points[2 * KC_FROST_SIGNERS_MAX];
    uint8_t encoded[2 * KC_FROST_SIGNERS_MAX][KC_POINT_SIZE_MAX];
    size_t size = kc_curve_info(kc_frost_curve(suite))->point_size;
    for (size_t i = 0; i < package->count; i++) {
        points[2 * i] = package->commitments[i].hiding;
        points[2 * i + 1] = package->commitments[i].binding;
    }
    kc_point_encode_many(points, 2 * package->count, encoded);
    for (size_t i = 0; i < package->count; i++) {
        write_index(w, suite, package->commitments[i].index);
        kc_writer_bytes(w, encoded[2 * i], size);
        kc_writer_bytes(w, encoded[2 * i + 1], size);
    }
}

enum kc_error kc_frost_binding_input(struct kc_writer *w, enum kc_frost_suite suite,
    const struct kc_point *group, const struct kc_frost_package *package)
{
    uint8_t list[LIST_SIZE_MAX], digest[KC_FROST_DIGEST_SIZE_MAX];
    size_t size;
    struct kc_writer list_writer;
    kc_writer_init(&list_writer, list, sizeof list);
    write_list(&list_writer, suite, package);
    enum kc_error error = kc_writer_finish(&list_writer);
    if (error != KC_OK)
        return error;

    kc_frost_write_point(w, group);
    if ((error = kc_frost_hash_message(digest, &size, suite, package->message)) != KC_OK)
        return error;
    kc_writer_bytes(w, digest, size);
    const struct kc_span written = {list, list_writer.size};
    if ((error = kc_frost_hash_list(digest, &size, suite, written)) != KC_OK)
        return error;
    kc_writer_bytes(w, digest, size);
    return kc_writer_finish(w);
}

/* compute_binding_factors (4.4) */
static enum kc_error make_factors(struct kc_scalar factors[], enum kc_frost_suite suite,
    const struct kc_point *group, const struct kc_frost_package *package)
{
    uint8_t input[KC_FROST_BINDING_INPUT_MAX], index[KC_FROST_SCALAR_SIZE_MAX];
    struct kc_writer w, index_writer;
    kc_writer_init(&w, input, sizeof input);
    enum kc_error error = kc_frost_binding_input(&w, suite, group, package);
    for (size_t i = 0; error == KC_OK && i < package->count; i++) {
        kc_writer_init(&index_writer, index, sizeof index);
        write_index(&index_writer, suite, package->commitments[i].index);
        const struct kc_span parts[] = {{input, w.size}, {index, index_writer.size}};
        error = kc_frost_hash_scalar(&factors[i], suite, KC_FROST_H1, parts, 2);
    }
    return error;
}

/* compute_group_commitment (4.5) */
static enum kc_error add_commitments(struct kc_point *commitment, const struct kc_scalar factors[],
    const struct kc_frost_package *package)
{
    struct kc_term terms[2 * KC_FROST_SIGNERS_MAX];
    for (size_t i = 0; i < package->count; i++) {
        terms[2 * i] = (struct kc_term){NULL, &package->commitments[i].hiding, false};
        terms[2 * i + 1] = (struct kc_term){&factors[i], &package->commitments[i].binding, false};
    }
    return kc_combination_variable_time(commitment, NULL, terms, 2 * package->count);
}

/* compute_challenge (4.6) */
static enum kc_error make_challenge(struct kc_frost_binding *binding, enum kc_frost_suite suite,
    const struct kc_point *group, const struct kc_frost_package *package)
{
    size_t size = kc_curve_info(group->curve)->point_size;
    uint8_t public[KC_POINT_SIZE_MAX];
    kc_point_encode(group, public);
    kc_point_encode(&binding->commitment, binding->encoded);
    const struct kc_span parts[] = {{binding->encoded, size}, {public, size}, package->message};
    return kc_frost_hash_scalar(&binding->challenge, suite, KC_FROST_H2, parts, 3);
}

void kc_frost_coefficient(struct kc_scalar *out, enum kc_frost_suite suite,
    const struct kc_frost_package *package, size_t position)
{
    uint32_t indices[KC_FROST_SIGNERS_MAX];
    for (size_t i = 0; i < package->count; i++)
        indices[i] = package->commitments[i].index;
    if (kc_share_coefficient(out, kc_frost_curve(suite), indices, package->count, position) !=
        KC_OK)
        abort(); /* the package was not bound */
}

enum kc_error kc_frost_bind(struct kc_frost_binding *binding, enum kc_frost_suite suite,
    const struct kc_point *group, const struct kc_frost_package *package)
{
    enum kc_curve curve = kc_frost_curve(suite);
    if (group->curve != curve || !package_good(curve, package))
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = make_factors(binding->factors, suite, group, package);
    if (error == KC_OK)
        error = add_commitments(&binding->commitment, binding->factors, package);
    if (error == KC_OK)
        error = make_challenge(binding, suite, group, package);
    return error;
}
