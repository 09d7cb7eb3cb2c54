/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/dkg_message.h"

#include "threshold/wire.h"

void kc_dkg_offer_write(struct kc_writer *w, const struct kc_dkg_offer *offer)
{
    kc_wire_write_point(w, &offer->seal_key);
    kc_wire_write_possession(w, &offer->seal_possession);
    kc_writer_u8(w, (uint8_t)offer->count);
    for (size_t k = 0; k < offer->count; k++)
        kc_wire_write_point(w, &offer->commitments[k]);
    if (offer->count > 0)
        kc_wire_write_possession(w, &offer->possession);
}

static enum kc_error read_commitments(
    struct kc_reader *r, enum kc_curve curve, struct kc_dkg_offer *offer)
{
    enum kc_error error = KC_OK;
    offer->count = kc_reader_u8(r);
    if (offer->count > KC_SHARES_MAX)
        return KC_ERR_BAD_REQUEST;
    for (size_t k = 0; error == KC_OK && k < offer->count; k++)
        error = kc_wire_read_point(r, curve, &offer->commitments[k]);
    if (error == KC_OK && offer->count > 0)
        error = kc_wire_read_possession(r, curve, &offer->possession);
    return error;
}

enum kc_error kc_dkg_offer_read(
    struct kc_dkg_offer *offer, enum kc_curve curve, struct kc_span message)
{
    struct kc_reader r;
    struct kc_dkg_offer read = {.count = 0};
    kc_reader_init(&r, message.bytes, message.size);
    enum kc_error error = kc_wire_read_point(&r, curve, &read.seal_key);
    if (error == KC_OK)
        error = kc_wire_read_possession(&r, curve, &read.seal_possession);
    if (error == KC_OK)
        error = read_commitments(&r, curve, &read);
    if (error == KC_OK)
        error = kc_reader_finish(&r);
    if (error == KC_OK)
        *offer = read;
    return error;
}

void kc_dkg_deal_write(struct kc_writer *w, const struct kc_dkg_deal *deal)
{
    kc_writer_u8(w, (uint8_t)deal->count);
    for (size_t i = 0; i < deal->count; i++)
        kc_wire_write_scalar(w, &deal->sealed[i]);
}

enum kc_error kc_dkg_deal_read(
    struct kc_dkg_deal *deal, enum kc_curve curve, struct kc_span message)
{
    struct kc_reader r;
    enum kc_error error = KC_OK;
    kc_reader_init(&r, message.bytes, message.size);
    struct kc_dkg_deal read = {.count = kc_reader_u8(&r)};
    if (read.count > KC_DKG_PARTIES_MAX)
        return KC_ERR_BAD_REQUEST;
    for (size_t i = 0; error == KC_OK && i < read.count; i++)
        error = kc_wire_read_scalar(&r, curve, &read.sealed[i]);
    if (error == KC_OK)
        error = kc_reader_finish(&r);
    if (error == KC_OK)
        *deal = read;
    return error;
}

void kc_dkg_complaint_write(struct kc_writer *w, const struct kc_dkg_complaint *complaint)
{
    kc_writer_u8(w, (uint8_t)complaint->accused);
    kc_writer_bytes(w, complaint->hash, sizeof complaint->hash);
    kc_parcel_key_write(w, &complaint->revealed);
}

enum kc_error kc_dkg_complaint_read(
    struct kc_dkg_complaint *complaint, enum kc_curve curve, struct kc_span message)
{
    struct kc_reader r;
    kc_reader_init(&r, message.bytes, message.size);
    struct kc_dkg_complaint read = {.accused = kc_reader_u8(&r)};
    kc_reader_copy(&r, read.hash, sizeof read.hash);
    enum kc_error error = kc_parcel_key_read(&r, curve, &read.revealed);
    if (error == KC_OK)
        error = kc_reader_finish(&r);
    if (error == KC_OK)
        *complaint = read;
    return error;
}

void kc_dkg_confirmation_write(struct kc_writer *w, const struct kc_dkg_confirmation *confirmation)
{
    kc_writer_u8(w, (uint8_t)confirmation->count);
    kc_writer_bytes(w, confirmation->hashes, confirmation->count * KC_DKG_HASH_SIZE);
}

enum kc_error kc_dkg_confirmation_read(
    struct kc_dkg_confirmation *confirmation, struct kc_span message)
{
    struct kc_reader r;
    kc_reader_init(&r, message.bytes, message.size);
    struct kc_dkg_confirmation read = {.count = kc_reader_u8(&r)};
    if (read.count > KC_DKG_PARTIES_MAX)
        return KC_ERR_BAD_REQUEST;
    kc_reader_copy(&r, read.hashes, read.count * KC_DKG_HASH_SIZE);
    enum kc_error error = kc_reader_finish(&r);
    if (error == KC_OK)
        *confirmation = read;
    return error;
}
