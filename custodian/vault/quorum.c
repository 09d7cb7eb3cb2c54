/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/quorum.h"

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
}

static bool is_fit(const struct kc_record *share, uint8_t holders)
{
    return holders <= KC_QUORUM_HOLDERS_MAX && share->threshold >= 2 &&
           share->threshold <= holders && share->index >= 1 && share->index <= holders;
}

static enum kc_error read_points(
    struct kc_reader *r, const struct kc_record *share, struct kc_quorum *quorum)
{
    size_t size = share->public_size;
    for (size_t i = 0; i < quorum->threshold; i++) {
        const uint8_t *bytes = kc_reader_bytes(r, size);
        if (r->failed || kc_point_decode(&quorum->commitments[i], (enum kc_curve)share->algorithm,
                             bytes, size) != KC_OK)
            return KC_ERR_RECORD_DAMAGED;
        if (i == 0 && memcmp(bytes, share->group_public, size) != 0)
            return KC_ERR_RECORD_DAMAGED;
    }
    return kc_reader_finish(r) == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

enum kc_error kc_quorum_read(const struct kc_record *share, struct kc_quorum *quorum)
{
    struct kc_reader r;
    struct kc_quorum read = {.threshold = share->threshold};
    kc_reader_init(&r, share->body.bytes, share->body.size);
    read.holders = kc_reader_u8(&r);
    if (r.failed || !is_fit(share, read.holders))
        return KC_ERR_RECORD_DAMAGED;
    enum kc_error error = read_points(&r, share, &read);
    if (error == KC_OK)
        *quorum = read;
    return error;
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
