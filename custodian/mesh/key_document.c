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
    memcpy(name, algorithm, size);
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
