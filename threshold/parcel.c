/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/parcel.h"

#include "threshold/declassify.h"
#include "threshold/transcript.h"
#include "threshold/wire.h"

static void hash_name(struct kc_transcript *transcript, const struct kc_parcel_name *name)
{
    kc_transcript_bytes(transcript, name->session, sizeof name->session);
    kc_transcript_number(transcript, (uint64_t)name->kind);
    kc_transcript_number(transcript, name->from);
    kc_transcript_number(transcript, name->to);
}

static enum kc_error make_pad(
    struct kc_scalar *pad, const struct kc_point *key, const struct kc_parcel_name *name)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold sealed scalar 1");
    hash_name(&transcript, name);
    kc_transcript_point(&transcript, key);
    return kc_transcript_finish_scalar(&transcript, pad, key->curve);
}

static enum kc_error pad_between(struct kc_scalar *pad, const struct kc_scalar *secret,
    const struct kc_point *other, const struct kc_parcel_name *name)
{
    KC_AUTO_POINT key;
    enum kc_error error = kc_point_multiply(&key, secret, other);
    return error != KC_OK ? error : make_pad(pad, &key, name);
}

enum kc_error kc_parcel_seal(struct kc_scalar *sealed, const struct kc_scalar *value,
    const struct kc_scalar *secret, const struct kc_point *other, const struct kc_parcel_name *name)
{
    KC_AUTO_SCALAR pad;
    enum kc_error error = pad_between(&pad, secret, other, name);
    if (error != KC_OK)
        return error;
    kc_scalar_add(sealed, value, &pad);
    kc_declassify(sealed, sizeof *sealed); /* it is sent */
    return KC_OK;
}

enum kc_error kc_parcel_open(struct kc_scalar *value, const struct kc_scalar *sealed,
    const struct kc_scalar *secret, const struct kc_point *other, const struct kc_parcel_name *name)
{
    KC_AUTO_SCALAR pad;
    enum kc_error error = pad_between(&pad, secret, other, name);
    if (error == KC_OK)
        kc_scalar_subtract(value, sealed, &pad);
    return error;
}

/* What the revealed key is of, in octets for the proof. */
static enum kc_error digest_name(uint8_t digest[static 32], const struct kc_parcel_name *name)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold sealed key 1");
    hash_name(&transcript, name);
    return kc_transcript_finish(&transcript, digest, 32);
}

static struct kc_proof_statement state(const struct kc_point *own, const struct kc_point *other,
    const struct kc_point *key, const struct kc_parcel_name *name, const uint8_t digest[32])
{
    return (struct kc_proof_statement){.use = KC_PROOF_COMPLAINT,
        .holder = own,
        .peer = other,
        .contribution = key,
        .key_id = {name->session, sizeof name->session},
        .request_digest = {digest, 32}};
}

enum kc_error kc_parcel_reveal(struct kc_parcel_key *out, const struct kc_scalar *secret,
    const struct kc_point *own, const struct kc_point *other, const struct kc_parcel_name *name,
    const struct kc_fresh *fresh)
{
    uint8_t digest[32];
    struct kc_parcel_key made;
    enum kc_error error = digest_name(digest, name);
    if (error != KC_OK || (error = kc_point_multiply(&made.key, secret, other)) != KC_OK)
        return error;
    kc_declassify(&made.key, sizeof made.key); /* it is revealed */
    const struct kc_proof_statement statement = state(own, other, &made.key, name, digest);
    if ((error = kc_proof_make(&made.proof, &statement, secret, fresh)) != KC_OK)
        return error;
    *out = made;
    return KC_OK;
}

enum kc_error kc_parcel_open_revealed(struct kc_scalar *value, const struct kc_scalar *sealed,
    const struct kc_parcel_key *revealed, const struct kc_point *own, const struct kc_point *other,
    const struct kc_parcel_name *name)
{
    uint8_t digest[32];
    struct kc_scalar pad;
    enum kc_error error = digest_name(digest, name);
    if (error != KC_OK)
        return error;
    const struct kc_proof_statement statement = state(own, other, &revealed->key, name, digest);
    if ((error = kc_proof_verify(&statement, &revealed->proof)) != KC_OK ||
        (error = make_pad(&pad, &revealed->key, name)) != KC_OK)
        return error;
    kc_scalar_subtract(value, sealed, &pad);
    return KC_OK;
}

void kc_parcel_key_write(struct kc_writer *w, const struct kc_parcel_key *key)
{
    kc_wire_write_point(w, &key->key);
    kc_proof_write(w, &key->proof);
}

enum kc_error kc_parcel_key_read(
    struct kc_reader *r, enum kc_curve curve, struct kc_parcel_key *key)
{
    struct kc_parcel_key read;
    enum kc_error error = kc_wire_read_point(r, curve, &read.key);
    if (error == KC_OK)
        error = kc_proof_read(r, curve, &read.proof);
    if (error == KC_OK)
        *key = read;
    return error;
}
