/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/transfer.h"

#include "base/reader.h"
#include "base/writer.h"

void kc_transfer_write(struct kc_writer *w, const struct kc_transfer *transfer)
{
    kc_writer_u8(w, 0);
    kc_writer_bytes(w, transfer->session, sizeof transfer->session);
    kc_writer_u16(w, transfer->dealers);
    kc_writer_u8(w, transfer->dealer);
    kc_quorum_write(w, &transfer->quorum);
}

enum kc_error kc_transfer_read(const struct kc_record *part, struct kc_transfer *transfer)
{
    struct kc_reader r;
    struct kc_transfer read;
    kc_reader_init(&r, part->body.bytes, part->body.size);
    uint8_t zero = kc_reader_u8(&r);
    kc_reader_copy(&r, read.session, sizeof read.session);
    read.dealers = kc_reader_u16(&r);
    read.dealer = kc_reader_u8(&r);
    if (r.failed || zero != 0 || !kc_transfer_deals(read.dealers, read.dealer))
        return KC_ERR_ENVELOPE;
    struct kc_span rest = {part->body.bytes + part->body.size - r.left, r.left};
    if (kc_quorum_parse(rest, (enum kc_curve)part->algorithm, part->threshold, &read.quorum) !=
            KC_OK ||
        !read.quorum.has_former || part->index < 1 || part->index > read.quorum.holders)
        return KC_ERR_ENVELOPE;
    *transfer = read;
    return KC_OK;
}
