/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dealing a dealt key anew, to the same holders or to others, by as many of its holders as it needs
 * and without the key ever being whole: each dealer deals lambda_i s_i, a new share is the sum of what
 * all dealers gave, and the former ones are destroyed when the new ones have shown that they sign.
 */
#include "custodian/vault/access.h"
#include "custodian/vault/deal.h"
#include "custodian/vault/envelope.h"
#include "custodian/vault/find.h"
#include "custodian/vault/frost.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "custodian/vault/share.h"
#include "custodian/vault/transfer.h"

#include <stdlib.h>
#include <string.h>

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- share-redeal --- */

/* Who deals, as everybody who deals or gets a share is told. */
struct dealers {
    uint32_t indices[KC_QUORUM_HOLDERS_MAX];
    size_t count, own; /* own: the place of this custodian's share */
    uint16_t set;
};

static enum kc_error read_dealers(struct kc_call *call, const struct kc_record *share,
    const struct kc_quorum *quorum, struct dealers *dealers)
{
    struct kc_span octets = kc_call_field(call, KC_FIELD_DEALERS);
    *dealers = (struct dealers){.own = KC_QUORUM_HOLDERS_MAX};
    for (size_t i = 0; i < octets.size && i < KC_QUORUM_HOLDERS_MAX; i++) {
        uint8_t index = octets.bytes[i];
        if (index > quorum->holders || index <= (i > 0 ? octets.bytes[i - 1] : 0))
            return wrong_field(call, KC_FIELD_DEALERS);
        if (index == share->index)
            dealers->own = i;
        dealers->indices[dealers->count++] = index;
        dealers->set |= kc_transfer_bit(index);
    }
    bool fits = dealers->own < dealers->count && dealers->count >= quorum->threshold;
    return fits ? KC_OK : wrong_field(call, KC_FIELD_DEALERS);
}

/* lambda_i s_i: all dealers' together are the key. */
static enum kc_error weigh(struct kc_call *call, const struct kc_record *share,
    const struct dealers *dealers, struct kc_scalar *value)
{
    KC_AUTO_MATERIAL material = {0};
    struct kc_scalar weight;
    enum kc_error error = kc_call_material(call, share, &material);
    if (error == KC_OK)
        error = kc_shamir_coefficient(&weight, (enum kc_curve)share->algorithm, dealers->indices,
            dealers->count, dealers->own, 0);
    if (error == KC_OK)
        kc_scalar_multiply(value, &weight, &material.key.scalar);
    return error;
}

/* What goes with each part. */
static enum kc_error pack(struct kc_call *call, const struct kc_record *share,
    const struct dealers *dealers, struct kc_dealing *dealing)
{
    struct kc_transfer transfer = {.dealers = dealers->set, .dealer = share->index};
    struct kc_writer w;
    memcpy(transfer.session, kc_call_field(call, KC_FIELD_SESSION).bytes, sizeof transfer.session);
    dealing->quorum.has_former = true;
    enum kc_error error = kc_quorum_digest(share->body, dealing->quorum.former);
    if (error != KC_OK)
        return error;
    transfer.quorum = dealing->quorum;
    kc_writer_init(&w, dealing->packed, sizeof dealing->packed);
    kc_transfer_write(&w, &transfer);
    dealing->packed_size = w.size;
    return kc_writer_finish(&w);
}

static enum kc_error answer_parts(
    struct kc_call *call, const struct kc_record *share, const struct kc_dealing *dealing)
{
    size_t limit = (size_t)kc_fields[KC_FIELD_ENVELOPES].most;
    uint8_t *room = malloc(limit);
    struct kc_writer w;
    if (!room)
        return KC_ERR_NO_MEMORY;
    kc_writer_init(&w, room, limit);
    enum kc_error error = kc_dealing_envelope(call, share, dealing, &w);
    if (error != KC_OK) {
        free(room);
        return error;
    }
    kc_call_set_number(call, KC_FIELD_HOLDER_COUNT, dealing->quorum.holders);
    kc_call_set_number(call, KC_FIELD_THRESHOLD, dealing->quorum.threshold);
    return kc_call_give_octets(call, KC_FIELD_ENVELOPES, room, w.size);
}

static enum kc_error redeal(struct kc_call *call, const struct kc_record *share,
    const struct kc_quorum *quorum, const struct dealers *dealers, struct kc_dealing *dealing)
{
    KC_AUTO_SCALAR value = {0};
    dealing->group = quorum->commitments[0];
    enum kc_error error = weigh(call, share, dealers, &value);
    if (error == KC_OK)
        error = kc_dealing_make(call, &value, dealing);
    if (error == KC_OK)
        error = pack(call, share, dealers, dealing);
    if (error == KC_OK)
        error = answer_parts(call, share, dealing);
    call->wish = KC_WISH_COMMIT; /* of the operator's PIN that was right */
    return error;
}

enum kc_error kc_vault_share_redeal(struct kc_call *call)
{
    struct kc_record *share;
    struct kc_quorum quorum;
    struct dealers dealers;
    KC_AUTO_DEALING dealing = {.to_itself = true};
    bool proven = false;
    enum kc_error error = kc_call_key(call, &share);
    if (error == KC_OK)
        error = kc_quorum_read(share, &quorum);
    if (error == KC_OK)
        error = read_dealers(call, share, &quorum, &dealers);
    if (error == KC_OK)
        error = kc_dealing_read(call, &dealing);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    return error == KC_OK && proven ? redeal(call, share, &quorum, &dealers, &dealing) : error;
}

/* --- share-gather --- */

/* A new share on its way: the first part's terms, and the sums so far. */
struct gathering {
    struct kc_record share;
    struct kc_transfer terms;
    struct kc_quorum quorum;
    struct kc_point dealt[KC_QUORUM_HOLDERS_MAX]; /* what each dealer committed to, by its index */
    uint16_t seen;
    struct kc_scalar scalar; /* secret */
};

static void wipe_gathering(struct gathering *gathering)
{
    kc_scalar_wipe(&gathering->scalar);
}
#define AUTO_GATHERING __attribute__((cleanup(wipe_gathering))) struct gathering

static bool same_octets(const uint8_t *one, const uint8_t *other, size_t size)
{
    return memcmp(one, other, size) == 0;
}

/* All dealers mean the same: session, dealers, holders, key, and for whom it is. */
static bool fits_terms(const struct gathering *gathering, const struct kc_record *part,
    const struct kc_transfer *transfer)
{
    const struct kc_record *share = &gathering->share;
    const struct kc_transfer *terms = &gathering->terms;
    return transfer->dealers == terms->dealers &&
           same_octets(transfer->session, terms->session, sizeof terms->session) &&
           transfer->quorum.holders == terms->quorum.holders &&
           same_octets(
               transfer->quorum.former, terms->quorum.former, sizeof terms->quorum.former) &&
           part->algorithm == share->algorithm && part->class == share->class &&
           part->index == share->index && part->threshold == share->threshold &&
           part->dealer == share->dealer && part->expiry == share->expiry &&
           strcmp(part->group, share->group) == 0 && strcmp(part->account, share->account) == 0 &&
           same_octets(part->group_public, share->group_public, sizeof share->group_public);
}

static enum kc_error add(
    struct gathering *gathering, const struct kc_transfer *transfer, const struct kc_scalar *scalar)
{
    struct kc_quorum *sum = &gathering->quorum;
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < sum->threshold; i++) {
        const struct kc_point both[2] = {sum->commitments[i], transfer->quorum.commitments[i]};
        error = kc_point_sum(&sum->commitments[i], both, 2);
    }
    kc_scalar_add(&gathering->scalar, &gathering->scalar, scalar);
    return error;
}

static void begin(struct gathering *gathering, const struct kc_record *part,
    const struct kc_transfer *transfer, const struct kc_scalar *scalar)
{
    gathering->share = *part;
    gathering->terms = *transfer;
    gathering->quorum = transfer->quorum;
    gathering->scalar = *scalar;
}

/* Each dealer's part is the value of what it committed to; once. */
static enum kc_error gather_one(struct kc_call *call, const struct kc_key *wrap,
    struct kc_span envelope, struct gathering *gathering)
{
    struct kc_record part = gathering->share;
    struct kc_transfer transfer = {0};
    KC_AUTO_SCALAR scalar = {0};
    enum kc_error error = kc_envelope_open(envelope, wrap, &part, &scalar);
    if (error == KC_OK && part.role != KC_ROLE_QUORUM)
        error = KC_ERR_ENVELOPE;
    if (error == KC_OK)
        error = kc_transfer_read(&part, &transfer);
    if (error != KC_OK)
        return KC_ERR_ENVELOPE;
    if (kc_shamir_check(&scalar, part.index, transfer.quorum.commitments, part.threshold) !=
            KC_OK ||
        kc_transfer_deals(gathering->seen, transfer.dealer) ||
        (gathering->seen != 0 && !fits_terms(gathering, &part, &transfer))) {
        kc_call_set_text(call, KC_FIELD_DETAIL,
            kc_call_print(call, "%s: that of dealer %u does not fit",
                kc_fields[KC_FIELD_ENVELOPES].name, transfer.dealer));
        return KC_ERR_ENVELOPE;
    }
    if (gathering->seen == 0)
        begin(gathering, &part, &transfer, &scalar);
    else
        error = add(gathering, &transfer, &scalar);
    gathering->dealt[transfer.dealer - 1] = transfer.quorum.commitments[0];
    gathering->seen |= kc_transfer_bit(transfer.dealer);
    return error == KC_OK ? KC_OK : KC_ERR_ENVELOPE;
}

static enum kc_error gather_all(
    struct kc_call *call, const struct kc_record *wrap, struct gathering *gathering)
{
    KC_AUTO_MATERIAL material = {0};
    struct kc_reader r;
    struct kc_span envelopes = kc_call_field(call, KC_FIELD_ENVELOPES);
    enum kc_error error = kc_call_material(call, wrap, &material);
    kc_reader_init(&r, envelopes.bytes, envelopes.size);
    while (error == KC_OK && r.left > 0) {
        struct kc_span envelope = kc_reader_span(&r, KC_ENVELOPE_SIZE_MAX);
        error = r.failed ? KC_ERR_ENVELOPE : gather_one(call, &material.key, envelope, gathering);
    }
    if (error == KC_OK && (gathering->seen == 0 || gathering->seen != gathering->terms.dealers)) {
        kc_call_set_text(call, KC_FIELD_DETAIL, "envelopes: those of some dealers are missing");
        error = KC_ERR_ENVELOPE;
    }
    return error;
}

/* The share here that the new one follows, if the caller names it; else NULL. */
static enum kc_error find_former(struct kc_call *call, struct kc_record **former)
{
    *former = NULL;
    if (!kc_call_has(call, KC_FIELD_FORMER))
        return KC_OK;
    enum kc_error error =
        kc_call_record(call, KC_KIND_KEY, kc_call_field(call, KC_FIELD_FORMER), former);
    if (error == KC_OK)
        error = kc_call_allowed_record(call, *former);
    return error == KC_OK && (*former)->role != KC_ROLE_QUORUM ? KC_ERR_REFUSED : error;
}

/* Whether a dealer dealt lambda_i s_i: what it committed to is lambda_i Y_i. */
static enum kc_error check_dealer(struct kc_call *call, const struct gathering *gathering,
    const struct kc_quorum *former, const struct dealers *dealers, size_t at)
{
    struct kc_scalar weight;
    struct kc_point public, due;
    uint32_t index = dealers->indices[at];
    enum kc_error error = kc_quorum_public(former, index, &public);
    if (error == KC_OK)
        error = kc_shamir_coefficient(&weight, (enum kc_curve)gathering->share.algorithm,
            dealers->indices, dealers->count, at, 0);
    if (error == KC_OK)
        error = kc_point_multiply(&due, &weight, &public);
    if (error != KC_OK || kc_point_equal(&due, &gathering->dealt[index - 1]) != 0)
        return error;
    kc_call_set_text(call, KC_FIELD_DETAIL,
        kc_call_print(call, "%s: dealer %u dealt another value than its share",
            kc_fields[KC_FIELD_ENVELOPES].name, (unsigned)index));
    return KC_ERR_CONTRIBUTION;
}

/* Who holds a share that the dealers' are of knows what each of them has to deal. */
static enum kc_error check_dealers(
    struct kc_call *call, const struct gathering *gathering, const struct kc_record *former)
{
    struct kc_quorum quorum;
    struct dealers dealers = {.count = 0};
    uint8_t digest[KC_QUORUM_DIGEST_SIZE];
    enum kc_error error = kc_quorum_read(former, &quorum);
    if (error == KC_OK)
        error = kc_quorum_digest(former->body, digest);
    if (error == KC_OK && !same_octets(digest, gathering->terms.quorum.former, sizeof digest))
        error = wrong_field(call, KC_FIELD_FORMER);
    for (uint8_t index = 1; index <= KC_QUORUM_HOLDERS_MAX; index++)
        if (kc_transfer_deals(gathering->terms.dealers, index))
            dealers.indices[dealers.count++] = index;
    for (size_t at = 0; error == KC_OK && at < dealers.count; at++)
        error = check_dealer(call, gathering, &quorum, &dealers, at);
    return error;
}

/* The sum of what the dealers dealt is the key. If not, one of them dealt another value than its share
 * makes; which one is told where a former share is (check_dealers). */
static enum kc_error check_key(struct kc_call *call, const struct gathering *gathering)
{
    const struct kc_record *share = &gathering->share;
    struct kc_point group;
    struct kc_record named = {0};
    enum kc_error error = kc_point_decode(
        &group, (enum kc_curve)share->algorithm, share->group_public, share->public_size);
    if (error == KC_OK)
        error = kc_record_of_share(&named, &group);
    if (error == KC_OK && strcmp(named.id, share->group) == 0 &&
        kc_point_equal(&group, &gathering->quorum.commitments[0]) != 0)
        return KC_OK;
    kc_call_set_text(call, KC_FIELD_DETAIL, "envelopes: together they do not make the key");
    return KC_ERR_ENVELOPE;
}

/* The record of the share that came out. */
static enum kc_error describe(struct kc_call *call, struct gathering *gathering)
{
    struct kc_record *share = &gathering->share;
    struct kc_point public;
    uint8_t *body = kc_call_keep(call, KC_QUORUM_SIZE_MAX);
    struct kc_writer w;
    kc_writer_init(&w, body, KC_QUORUM_SIZE_MAX);
    kc_quorum_write(&w, &gathering->quorum);
    share->body = (struct kc_span){body, w.size};
    share->created = kc_call_now(call);
    enum kc_error error = kc_quorum_public(&gathering->quorum, share->index, &public);
    if (error == KC_OK)
        error = kc_record_of_share(share, &public);
    return error == KC_OK ? kc_writer_finish(&w) : KC_ERR_ENVELOPE;
}

enum kc_error kc_vault_share_gather(struct kc_call *call)
{
    struct kc_record *wrap, *former = NULL;
    AUTO_GATHERING gathering = {.share = {.kind = KC_KIND_KEY,
                                    .role = KC_ROLE_QUORUM,
                                    .residence = KC_RESIDENCE_WRAPPED,
                                    .state = KC_STATE_ACTIVE}};
    struct kc_record *share = &gathering.share;
    kc_call_text(call, KC_FIELD_KEYRING, share->keyring, sizeof share->keyring);
    kc_call_text(call, KC_FIELD_LABEL, share->label, sizeof share->label);
    enum kc_error error = kc_call_key(call, &wrap);
    if (error == KC_OK)
        error = kc_call_allowed_new(call, share);
    if (error == KC_OK)
        error = kc_call_fresh(call);
    if (error == KC_OK)
        error = find_former(call, &former);
    if (error == KC_OK)
        error = gather_all(call, wrap, &gathering);
    if (error == KC_OK && former)
        error = check_dealers(call, &gathering, former);
    if (error == KC_OK)
        error = check_key(call, &gathering);
    if (error == KC_OK)
        error = describe(call, &gathering);
    return error == KC_OK ? kc_call_take_share(call, share, &gathering.scalar) : error;
}

/* --- share-retire --- */

/* Whether a quorum is that of the shares which took the place of this one and its like. */
static bool follows(const struct kc_record *share, struct kc_span octets)
{
    uint8_t digest[KC_QUORUM_DIGEST_SIZE];
    return octets.size > sizeof digest && kc_quorum_digest(share->body, digest) == KC_OK &&
           same_octets(octets.bytes + octets.size - sizeof digest, digest, sizeof digest);
}

enum kc_error kc_vault_share_retire(struct kc_call *call)
{
    struct kc_record *share;
    struct kc_span quorum = kc_call_field(call, KC_FIELD_QUORUM);
    enum kc_error error = kc_call_key(call, &share);
    if (error == KC_OK && !follows(share, quorum))
        error = wrong_field(call, KC_FIELD_QUORUM);
    if (error == KC_OK)
        error = kc_frost_check_quorum(call, share, quorum);
    if (error == KC_OK)
        error = kc_call_destroy(call, share);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, call->changes[0].version);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
