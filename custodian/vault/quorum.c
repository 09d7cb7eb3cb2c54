/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/quorum.h"

#include "proto/hkdf.h"

#include <string.h>

void kc_quorum_write(struct kc_writer *w, const struct kc_quorum *quorum)
{
    uint8_t encoded[KC_POINT_SIZE_MAX];
    kc_writer_u8(w, quorum->holders);
    for (size_t i = 0; i < quorum->threshold; i++) {
        const struct kc_point *point = &quorum->commitments[i];
        kc_point_encode(point, encoded);
        kc_writer_bytes(w, encoded, kc_curve_info(point->curve)->point_size);
    }
    if (quorum->has_former)
        kc_writer_bytes(w, quorum->former, sizeof quorum->former);
}

enum kc_error kc_quorum_parse(
    struct kc_span octets, enum kc_curve curve, uint8_t threshold, struct kc_quorum *quorum)
{
    struct kc_reader r;
    struct kc_quorum read = {.threshold = threshold};
    size_t size = kc_curve_info(curve)->point_size;
    kc_reader_init(&r, octets.bytes, octets.size);
    read.holders = kc_reader_u8(&r);
    if (r.failed || read.holders > KC_QUORUM_HOLDERS_MAX || threshold < 2 ||
        threshold > read.holders)
        return KC_ERR_RECORD_DAMAGED;
    for (size_t i = 0; i < threshold; i++) {
        const uint8_t *bytes = kc_reader_bytes(&r, size);
        if (r.failed || kc_point_decode(&read.commitments[i], curve, bytes, size) != KC_OK)
            return KC_ERR_RECORD_DAMAGED;
    }
    read.has_former = r.left > 0;
    if (read.has_former)
        kc_reader_copy(&r, read.former, sizeof read.former);
    if (kc_reader_finish(&r) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    *quorum = read;
    return KC_OK;
}

enum kc_error kc_quorum_read(const struct kc_record *share, struct kc_quorum *quorum)
{
    struct kc_quorum read;
    uint8_t encoded[KC_POINT_SIZE_MAX];
    enum kc_error error =
        kc_quorum_parse(share->body, (enum kc_curve)share->algorithm, share->threshold, &read);
    if (error != KC_OK)
        return error;
    kc_point_encode(&read.commitments[0], encoded);
    if (share->index < 1 || share->index > read.holders ||
        memcmp(encoded, share->group_public, share->public_size) != 0)
        return KC_ERR_RECORD_DAMAGED;
    *quorum = read;
    return KC_OK;
}

uint8_t kc_quorum_holders(const struct kc_record *share)
{
    return share->body.size > 0 ? share->body.bytes[0] : 0;
}

enum kc_error kc_quorum_public(
    const struct kc_quorum *quorum, uint32_t index, struct kc_point *point)
{
    return kc_shamir_public(point, quorum->commitments, quorum->threshold, index);
}

struct kc_span kc_ids_next(struct kc_span *left)
{
    const uint8_t *comma = left->size > 0 ? memchr(left->bytes, ',', left->size) : NULL;
    struct kc_span id = {left->bytes, comma ? (size_t)(comma - left->bytes) : left->size};
    size_t taken = id.size + (comma ? 1 : 0);
    *left = (struct kc_span){left->bytes + taken, left->size - taken};
    return id;
}

enum kc_error kc_quorum_digest(struct kc_span quorum, uint8_t digest[static KC_QUORUM_DIGEST_SIZE])
{
    uint8_t made[KC_HASH_SIZE_MAX];
    enum kc_error error = kc_hash_digest(KC_HASH_SHA256, quorum, made);
    if (error == KC_OK)
        memcpy(digest, made, KC_QUORUM_DIGEST_SIZE);
    return error;
}
