/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/share_envelope_sample.h"

#include "custodian/vault/vault.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ARENA_SIZE (1u << 20)

/* Keys and entropy lie in the arena, which is made once. */
static void need_arena(void)
{
    static bool is_there;
    if (!is_there)
        fuzz_must(kc_arena_init(ARENA_SIZE) == KC_OK);
    is_there = true;
}

struct kc_key share_envelope_recipient(enum kc_curve curve)
{
    struct kc_scalar scalar;
    struct kc_key key;
    need_arena();
    kc_scalar_set(&scalar, curve, 7);
    fuzz_must(kc_key_from_scalar(&key, &scalar) == KC_OK);
    return key;
}

static enum kc_error count_up(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++)
        octets[i] = (uint8_t)(i + 1);
    return KC_OK;
}

enum kc_error share_envelope_seal(const struct kc_record *share, const struct kc_scalar *scalar,
    enum kc_curve recipient, uint8_t *envelope, size_t *size)
{
    const struct kc_vault_outside outside = {.random = count_up};
    struct kc_key key = share_envelope_recipient(recipient);
    struct kc_entropy *entropy = NULL;
    fuzz_must(kc_entropy_new(&outside, &entropy) == KC_OK);
    enum kc_error error =
        kc_envelope_seal(entropy, share, scalar, &key.public, envelope, KC_ENVELOPE_SIZE_MAX, size);
    kc_entropy_free(entropy);
    return error;
}

void share_envelope_write(
    struct kc_writer *w, const struct kc_record *share, const struct kc_scalar *scalar)
{
    uint8_t encoded[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(scalar, encoded);
    kc_writer_u8(w, share->role);
    kc_writer_u8(w, share->algorithm);
    kc_writer_u8(w, share->class);
    kc_writer_u8(w, share->index);
    kc_writer_u8(w, share->threshold);
    kc_writer_u8(w, share->dealer);
    kc_writer_span(w, share->group, strlen(share->group));
    kc_writer_span(w, share->account, strlen(share->account));
    kc_writer_span(w, share->group_public, share->public_size);
    kc_writer_span(w, share->public_key, share->public_size);
    kc_writer_span(w, share->peer_public, share->public_size);
    kc_writer_span(w, encoded, kc_curve_info(scalar->curve)->scalar_size);
    kc_writer_bytes(w, share->body.bytes, share->body.size);
}

static void read_text(struct kc_reader *r, char *text, size_t size_max)
{
    struct kc_span span = kc_reader_span(r, size_max);
    if (!r->failed && span.size > 0)
        memcpy(text, span.bytes, span.size);
}

static void read_point(struct kc_reader *r, struct kc_record *share, uint8_t *point)
{
    struct kc_span span = kc_reader_span(r, KC_POINT_SIZE_MAX);
    if (!r->failed && span.size > 0)
        memcpy(point, span.bytes, span.size);
    share->public_size = (uint16_t)span.size;
}

enum kc_error share_envelope_read(
    struct kc_span octets, struct kc_record *share, struct kc_scalar *scalar)
{
    struct kc_reader r;
    kc_reader_init(&r, octets.bytes, octets.size);
    *share = (struct kc_record){.role = kc_reader_u8(&r)};
    share->algorithm = kc_reader_u8(&r);
    share->class = kc_reader_u8(&r);
    share->index = kc_reader_u8(&r);
    share->threshold = kc_reader_u8(&r);
    share->dealer = kc_reader_u8(&r);
    read_text(&r, share->group, sizeof share->group - 1);
    read_text(&r, share->account, sizeof share->account - 1);
    read_point(&r, share, share->group_public);
    read_point(&r, share, share->public_key);
    read_point(&r, share, share->peer_public);
    struct kc_span encoded = kc_reader_span(&r, KC_SCALAR_SIZE_MAX);
    share->body.size = r.left;
    share->body.bytes = kc_reader_bytes(&r, r.left);
    if (kc_reader_finish(&r) != KC_OK || !kc_curve_info((enum kc_curve)share->algorithm))
        return KC_ERR_ENVELOPE;
    return kc_scalar_decode(scalar, (enum kc_curve)share->algorithm, encoded.bytes, encoded.size);
}
