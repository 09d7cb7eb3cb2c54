/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/key_document.h"

#include "base/wipe.h"

#include <string.h>

static void public_parameters(struct kc_object_writer *w, const struct kc_public_key *key)
{
    kc_object_write_text(w, "Udf", key->udf);
    kc_object_write_tagged(w, "PublicParameters", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(w, "crv", key->algorithm);
    kc_object_write_octets(w, "Public", (struct kc_span){key->octets, key->size});
    kc_object_write_end(w);
}

void kc_mesh_write_public(
    struct kc_object_writer *w, const char *field, const struct kc_public_key *key)
{
    kc_object_write_object(w, field, KC_OBJECT_KeyData);
    public_parameters(w, key);
    kc_object_write_end(w);
}

static void private_write(struct kc_object_writer *w, const char *field, const char *algorithm,
    const struct kc_scalar *scalar)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    char name[sizeof((struct kc_public_key *)NULL)->algorithm + 1];
    size_t size = strlen(algorithm);
    memcpy(name, algorithm, size); /* NOLINT(bugprone-not-null-terminated-result): "z" follows */
    memcpy(name + size, "z", 2);
    kc_scalar_encode(scalar, octets);
    kc_object_write_tagged(w, field, KC_OBJECT_PrivateKeyECDH);
    kc_object_write_text(w, "crv", name);
    kc_object_write_octets(
        w, "Private", (struct kc_span){octets, kc_curve_info(scalar->curve)->scalar_size});
    kc_object_write_end(w);
    kc_wipe(octets, sizeof octets);
}

void kc_mesh_write_scalar(struct kc_object_writer *w, const char *field,
    const struct kc_public_key *public, const struct kc_scalar *scalar)
{
    if (field != NULL)
        kc_object_write_object(w, field, KC_OBJECT_KeyData);
    else
        kc_object_write_tagged(w, NULL, KC_OBJECT_KeyData);
    public_parameters(w, public);
    private_write(w, "PrivateParameters", public->algorithm, scalar);
    kc_object_write_end(w);
}

void kc_mesh_write_scalar_until(struct kc_object_writer *w, const struct kc_public_key *public,
    const struct kc_scalar *scalar, int64_t end)
{
    kc_object_write_tagged(w, NULL, KC_OBJECT_KeyData);
    kc_object_write_time(w, "NotOnOrAfter", end);
    public_parameters(w, public);
    private_write(w, "PrivateParameters", public->algorithm, scalar);
    kc_object_write_end(w);
}

/* "X448z" for X448: a scalar as it is, not a seed. */
static bool is_scalar_of(struct kc_json curve, const char *algorithm)
{
    char name[sizeof((struct kc_public_key *)NULL)->algorithm + 1];
    size_t size = strlen(algorithm);
    return kc_json_text(curve, name, sizeof name) == KC_OK && strlen(name) == size + 1 &&
           memcmp(name, algorithm, size) == 0 && name[size] == 'z';
}

static enum kc_error private_read(
    const struct kc_object *key_data, const char *algorithm, struct kc_scalar *scalar)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX]; /* secret */
    size_t size = sizeof octets;
    struct kc_object outer = kc_object_inner(key_data, "PrivateParameters");
    struct kc_object private =
        outer.type == KC_OBJECT_KeyShare ? kc_object_inner(&outer, "Share") : outer;
    const struct kc_curve_info *info = kc_curve_by_name(algorithm, strlen(algorithm));
    if (info == NULL || private.type != KC_OBJECT_PrivateKeyECDH ||
        !is_scalar_of(kc_object_member(&private, "crv"), algorithm))
        return KC_ERR_CONTRIBUTION;
    enum kc_error error = kc_json_octets(kc_object_member(&private, "Private"), octets, &size);
    if (error == KC_OK)
        error = kc_scalar_decode(scalar, info->curve, octets, size);
    kc_wipe(octets, sizeof octets);
    return error == KC_OK ? KC_OK : KC_ERR_CONTRIBUTION;
}

static enum kc_error scalar_check(
    const struct kc_scalar *scalar, const struct kc_public_key *public)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    struct kc_point point;
    if (kc_point_multiply_base(&point, scalar) != KC_OK)
        return KC_ERR_CONTRIBUTION;
    kc_point_encode(&point, octets);
    return public->size == kc_curve_info(scalar->curve)->point_size &&
                   memcmp(octets, public->octets, public->size) == 0
               ? KC_OK
               : KC_ERR_CONTRIBUTION;
}

enum kc_error kc_mesh_read_scalar(
    const struct kc_object *key_data, const struct kc_public_key *public, struct kc_scalar *scalar)
{
    KC_AUTO_SCALAR read = {0};
    enum kc_error error = private_read(key_data, public->algorithm, &read);
    if (error == KC_OK)
        error = scalar_check(&read, public);
    if (error == KC_OK)
        *scalar = read;
    return error;
}

void kc_mesh_write_share(
    struct kc_object_writer *w, const char *field, const struct kc_mesh_key_share *share)
{
    kc_object_write_object(w, field, KC_OBJECT_KeyData);
    public_parameters(w, share->own);
    kc_object_write_tagged(w, "PrivateParameters", KC_OBJECT_KeyShare);
    kc_object_write_tagged(w, "PublicPrimary", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(w, "crv", share->whole->algorithm);
    kc_object_write_octets(w, "Public", (struct kc_span){share->whole->octets, share->whole->size});
    kc_object_write_end(w);
    private_write(w, "Share", share->own->algorithm, share->share);
    kc_object_write_text(w, "ServiceId", share->service_id);
    kc_object_write_text(w, "ServiceAddress", share->service_address);
    kc_object_write_end(w);
    kc_object_write_end(w);
}
