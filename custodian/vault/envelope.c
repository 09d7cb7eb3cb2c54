/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/envelope.h"
#include "custodian/vault/transfer.h"
#include "proto/hkdf.h"
#include "threshold/agreement.h"

#include <sodium.h>
#include <string.h>

#define VERSION_HALF 1  /* of a key that is split in two */
#define VERSION_DEALT 2 /* of one that is dealt to holders */
#define VERSION_PART 3  /* what one of several dealers adds to a new share of such a key */
#define KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES

static const char purpose[] = "custodian share envelope, 1";

static void write_point(struct kc_writer *w, const struct kc_point *point)
{
    uint8_t encoded[KC_POINT_SIZE_MAX];
    kc_point_encode(point, encoded);
    kc_writer_span(w, encoded, kc_curve_info(point->curve)->point_size);
}

/* The AEAD key between the two; scalar belongs to one of them, peer is the other. */
static enum kc_error derive_key(uint8_t key[static KEY_SIZE], const struct kc_scalar *scalar,
    const struct kc_point *peer, const struct kc_point *ephemeral, const struct kc_point *recipient)
{
    uint8_t agreed[KC_POINT_SIZE_MAX]; /* secret */
    uint8_t info[sizeof purpose - 1 + 2 * (sizeof(uint32_t) + KC_POINT_SIZE_MAX)];
    struct kc_writer w;
    kc_writer_init(&w, info, sizeof info);
    kc_writer_bytes(&w, purpose, sizeof purpose - 1);
    write_point(&w, ephemeral);
    write_point(&w, recipient);
    enum kc_error error = kc_writer_finish(&w);
    if (error == KC_OK)
        error = kc_agreement_agree(agreed, scalar, peer);
    if (error == KC_OK)
        error = kc_hkdf(KC_HASH_SHA512,
            (struct kc_span){agreed, kc_curve_info(peer->curve)->agreed_size},
            (struct kc_span){NULL, 0}, (struct kc_span){info, w.size}, key, KEY_SIZE);
    kc_wipe(agreed, sizeof agreed);
    return error;
}

/* What goes with a dealer's part begins with a number of holders that no key has (transfer.h). */
static uint8_t version_of(const struct kc_record *share)
{
    if (share->role != KC_ROLE_QUORUM)
        return VERSION_HALF;
    return share->body.size > 0 && share->body.bytes[0] == 0 ? VERSION_PART : VERSION_DEALT;
}

static void write_public_part(struct kc_writer *w, const struct kc_record *share,
    const struct kc_point *ephemeral, const struct kc_point *recipient)
{
    bool is_dealt = share->role == KC_ROLE_QUORUM;
    kc_writer_u8(w, version_of(share));
    kc_writer_u8(w, (uint8_t)recipient->curve);
    write_point(w, recipient);
    write_point(w, ephemeral);
    kc_writer_u8(w, share->algorithm);
    kc_writer_u8(w, share->class);
    kc_writer_u8(w, share->index);
    kc_writer_u8(w, share->threshold);
    kc_writer_u8(w, share->dealer);
    kc_writer_u64(w, share->created);
    kc_writer_u64(w, share->expiry);
    kc_writer_span(w, share->group, strlen(share->group));
    kc_writer_span(w, share->account, strlen(share->account));
    kc_writer_span(w, share->group_public, share->public_size);
    kc_writer_span(w, share->public_key, share->public_size);
    if (is_dealt)
        kc_writer_span(w, share->body.bytes, share->body.size);
    else
        kc_writer_span(w, share->peer_public, share->public_size);
}

/* Encrypts after what is written already, which is the associated data. */
static enum kc_error encrypt(struct kc_writer *w, struct kc_entropy *entropy,
    const uint8_t key[static KEY_SIZE], const struct kc_scalar *scalar)
{
    uint8_t encoded[KC_SCALAR_SIZE_MAX]; /* secret */
    uint8_t nonce[NONCE_SIZE], box[KC_SCALAR_SIZE_MAX + TAG_SIZE];
    size_t size = kc_curve_info(scalar->curve)->scalar_size, public_size = w->size;
    enum kc_error error = kc_entropy_fill(entropy, nonce, sizeof nonce);
    if (error != KC_OK)
        return error;
    kc_scalar_encode(scalar, encoded);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        box, NULL, encoded, size, w->bytes, public_size, NULL, nonce, key);
    kc_wipe(encoded, sizeof encoded);
    kc_writer_bytes(w, nonce, sizeof nonce);
    kc_writer_bytes(w, box, size + TAG_SIZE);
    return kc_writer_finish(w);
}

static enum kc_error make_ephemeral(
    struct kc_entropy *entropy, enum kc_curve curve, struct kc_key *ephemeral)
{
    uint8_t uniform[KC_UNIFORM_SIZE]; /* secret */
    KC_AUTO_SCALAR scalar;
    enum kc_error error = kc_entropy_fill(entropy, uniform, sizeof uniform);
    if (error == KC_OK)
        error = kc_scalar_random(&scalar, curve, uniform);
    if (error == KC_OK)
        error = kc_key_from_scalar(ephemeral, &scalar);
    kc_wipe(uniform, sizeof uniform);
    return error;
}

enum kc_error kc_envelope_seal(struct kc_entropy *entropy, const struct kc_record *share,
    const struct kc_scalar *scalar, const struct kc_point *recipient, uint8_t *envelope,
    size_t limit, size_t *size)
{
    KC_AUTO_KEY ephemeral = {0};
    uint8_t key[KEY_SIZE]; /* secret */
    struct kc_writer w;
    kc_writer_init(&w, envelope, limit);
    enum kc_error error = make_ephemeral(entropy, recipient->curve, &ephemeral);
    if (error == KC_OK)
        error = derive_key(key, &ephemeral.scalar, recipient, &ephemeral.public, recipient);
    if (error == KC_OK) {
        write_public_part(&w, share, &ephemeral.public, recipient);
        error = kc_writer_finish(&w);
    }
    if (error == KC_OK)
        error = encrypt(&w, entropy, key, scalar);
    if (error == KC_OK)
        *size = w.size;
    kc_wipe(key, sizeof key);
    return error;
}

/* --- opening --- */

struct parts {
    uint8_t recipient_algorithm;
    struct kc_span recipient, ephemeral, group, account, group_public, public;
    struct kc_span others; /* the peer's verification share, or the quorum */
    struct kc_span associated;
    const uint8_t *nonce;
    struct kc_span box;
};

/* The numbers go into the share, the rest is lent. */
static enum kc_error read_envelope(
    struct kc_span envelope, struct parts *parts, struct kc_record *share)
{
    struct kc_reader r;
    kc_reader_init(&r, envelope.bytes, envelope.size);
    uint8_t version = kc_reader_u8(&r);
    if (version < VERSION_HALF || version > VERSION_PART)
        kc_reader_fail(&r);
    share->role = version == VERSION_HALF ? KC_ROLE_SHARE : KC_ROLE_QUORUM;
    parts->recipient_algorithm = kc_reader_u8(&r);
    parts->recipient = kc_reader_span(&r, KC_POINT_SIZE_MAX);
    parts->ephemeral = kc_reader_span(&r, KC_POINT_SIZE_MAX);
    share->algorithm = kc_reader_u8(&r);
    share->class = kc_reader_u8(&r);
    share->index = kc_reader_u8(&r);
    share->threshold = kc_reader_u8(&r);
    share->dealer = kc_reader_u8(&r);
    share->created = kc_reader_u64(&r);
    share->expiry = kc_reader_u64(&r);
    parts->group = kc_reader_span(&r, sizeof share->group - 1);
    parts->account = kc_reader_span(&r, sizeof share->account - 1);
    parts->group_public = kc_reader_span(&r, KC_POINT_SIZE_MAX);
    parts->public = kc_reader_span(&r, KC_POINT_SIZE_MAX);
    parts->others =
        kc_reader_span(&r, version == VERSION_HALF ? KC_POINT_SIZE_MAX : KC_TRANSFER_SIZE_MAX);
    if (version != VERSION_HALF && parts->others.size > 0 &&
        (parts->others.bytes[0] == 0) != (version == VERSION_PART))
        kc_reader_fail(&r);
    parts->associated = (struct kc_span){envelope.bytes, envelope.size - r.left};
    parts->nonce = kc_reader_bytes(&r, NONCE_SIZE);
    parts->box.size = r.left;
    parts->box.bytes = kc_reader_bytes(&r, r.left);
    return kc_reader_finish(&r) == KC_OK ? KC_OK : KC_ERR_ENVELOPE;
}

static bool same(struct kc_span a, const uint8_t *bytes, size_t size)
{
    return a.size == size && memcmp(a.bytes, bytes, size) == 0;
}

/* The key to open with; the envelope must name the wrap key itself. */
static enum kc_error find_key(
    const struct parts *parts, const struct kc_key *wrap, uint8_t key[static KEY_SIZE])
{
    enum kc_curve curve = wrap->public.curve;
    uint8_t encoded[KC_POINT_SIZE_MAX];
    struct kc_point ephemeral;
    kc_point_encode(&wrap->public, encoded);
    if (parts->recipient_algorithm != curve ||
        !same(parts->recipient, encoded, kc_curve_info(curve)->point_size) ||
        kc_point_decode(&ephemeral, curve, parts->ephemeral.bytes, parts->ephemeral.size) != KC_OK)
        return KC_ERR_ENVELOPE;
    return derive_key(key, &wrap->scalar, &ephemeral, &ephemeral, &wrap->public);
}

static enum kc_error decrypt(const struct parts *parts, const uint8_t key[static KEY_SIZE],
    enum kc_curve curve, struct kc_scalar *scalar)
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    uint8_t encoded[KC_SCALAR_SIZE_MAX]; /* secret */
    if (parts->box.size != info->scalar_size + TAG_SIZE)
        return KC_ERR_ENVELOPE;
    bool opened = crypto_aead_xchacha20poly1305_ietf_decrypt(encoded, NULL, NULL, parts->box.bytes,
                      parts->box.size, parts->associated.bytes, parts->associated.size,
                      parts->nonce, key) == 0;
    opened = opened && kc_scalar_decode(scalar, curve, encoded, info->scalar_size) == KC_OK;
    kc_wipe(encoded, sizeof encoded);
    return opened ? KC_OK : KC_ERR_ENVELOPE;
}

static bool copy_text(struct kc_span span, char *text)
{
    if (span.size > 0 && memchr(span.bytes, 0, span.size))
        return false;
    if (span.size > 0)
        memcpy(text, span.bytes, span.size);
    return true;
}

/* A key that can be dealt signs; of another curve than the Mesh's it is not split in two. */
static bool is_fit(const struct kc_record *share)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(share->algorithm);
    return info && kc_curve_info((enum kc_curve)share->algorithm) &&
           (share->role == KC_ROLE_QUORUM ? kc_algorithm_can(info, KC_USE_SIGN) : info->splits);
}

/* The public keys are points of one curve, in fields that were zero. */
static enum kc_error take_fields(const struct parts *parts, struct kc_record *share)
{
    size_t size = kc_curve_info((enum kc_curve)share->algorithm)->point_size;
    bool is_dealt = share->role == KC_ROLE_QUORUM;
    if (parts->group_public.size != size || parts->public.size != size ||
        (!is_dealt && parts->others.size != size) || !copy_text(parts->group, share->group) ||
        !copy_text(parts->account, share->account))
        return KC_ERR_ENVELOPE;
    share->public_size = (uint16_t)size;
    memcpy(share->group_public, parts->group_public.bytes, size);
    memcpy(share->public_key, parts->public.bytes, size);
    if (is_dealt)
        share->body = parts->others;
    else
        memcpy(share->peer_public, parts->others.bytes, size);
    return KC_OK;
}

enum kc_error kc_envelope_open(struct kc_span envelope, const struct kc_key *wrap,
    struct kc_record *share, struct kc_scalar *scalar)
{
    struct parts parts;
    struct kc_record read = *share;
    uint8_t key[KEY_SIZE]; /* secret */
    KC_AUTO_SCALAR opened = {0};
    memset(read.group, 0, sizeof read.group);
    memset(read.account, 0, sizeof read.account);
    memset(read.public_key, 0, sizeof read.public_key);
    enum kc_error error = read_envelope(envelope, &parts, &read);
    if (error == KC_OK && !is_fit(&read))
        error = KC_ERR_ENVELOPE;
    if (error == KC_OK)
        error = find_key(&parts, wrap, key);
    if (error == KC_OK)
        error = decrypt(&parts, key, (enum kc_curve)read.algorithm, &opened);
    kc_wipe(key, sizeof key);
    if (error == KC_OK)
        error = take_fields(&parts, &read);
    if (error == KC_OK) {
        *share = read;
        *scalar = opened;
    }
    return error;
}
