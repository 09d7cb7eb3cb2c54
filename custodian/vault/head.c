/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/head.h"
#include "base/writer.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT 1 /* of a head */
#define ANCHOR_FORMAT 2

_Static_assert(KC_HEAD_MAC_SIZE == crypto_auth_hmacsha256_BYTES, "the MAC is HMAC-SHA-256");
_Static_assert(1 + 8 + 32 + 4 + KC_GENERATIONS * (4 + KC_GENERATION_SECRET_SIZE) + 1 + 8 +
                       KC_PIN_VERIFIER_SIZE <=
                   KC_ROOT_HEAD_SIZE,
    "an anchor fits into a root");

void kc_head_write(const struct kc_head *head, const uint8_t key[static KC_HEAD_KEY_SIZE],
    uint8_t octets[static KC_HEAD_SIZE])
{
    struct kc_writer w;
    kc_writer_init(&w, octets, KC_HEAD_SIZE);
    kc_writer_u8(&w, FORMAT);
    kc_writer_u64(&w, head->number);
    kc_writer_u64(&w, head->time);
    kc_writer_bytes(&w, head->root, sizeof head->root);
    kc_writer_u64(&w, head->anchored);
    kc_writer_bytes(&w, head->previous, sizeof head->previous);
    kc_writer_u32(&w, head->generation);
    kc_writer_u8(&w, head->bound);
    kc_writer_u64(&w, head->due);
    kc_writer_bytes(&w, head->random, sizeof head->random);
    if (w.failed || w.size != KC_HEAD_SIZE - KC_HEAD_MAC_SIZE)
        abort(); /* the size above is its size */
    crypto_auth_hmacsha256(octets + w.size, octets, w.size, key);
}

enum kc_error kc_head_read(
    struct kc_span octets, const uint8_t key[static KC_HEAD_KEY_SIZE], struct kc_head *head)
{
    struct kc_head read = {0};
    struct kc_reader r;
    size_t covered = KC_HEAD_SIZE - KC_HEAD_MAC_SIZE;
    if (octets.size != KC_HEAD_SIZE ||
        crypto_auth_hmacsha256_verify(octets.bytes + covered, octets.bytes, covered, key) != 0)
        return KC_ERR_STORE_HEAD;
    kc_reader_init(&r, octets.bytes, covered);
    bool is_known = kc_reader_u8(&r) == FORMAT;
    read.number = kc_reader_u64(&r);
    read.time = kc_reader_u64(&r);
    kc_reader_copy(&r, read.root, sizeof read.root);
    read.anchored = kc_reader_u64(&r);
    kc_reader_copy(&r, read.previous, sizeof read.previous);
    read.generation = kc_reader_u32(&r);
    read.bound = kc_reader_u8(&r) != 0;
    read.due = kc_reader_u64(&r);
    kc_reader_copy(&r, read.random, sizeof read.random);
    if (kc_reader_finish(&r) != KC_OK || !is_known)
        return KC_ERR_STORE_HEAD;
    *head = read;
    return KC_OK;
}

void kc_head_digest(
    const uint8_t octets[static KC_HEAD_SIZE], uint8_t digest[static KC_HEAD_DIGEST_SIZE])
{
    crypto_generichash(digest, KC_HEAD_DIGEST_SIZE, octets, KC_HEAD_SIZE, NULL, 0);
}

void kc_anchor_write(const struct kc_anchor *anchor, uint8_t octets[static KC_ROOT_HEAD_SIZE])
{
    struct kc_writer w;
    memset(octets, 0, KC_ROOT_HEAD_SIZE);
    kc_writer_init(&w, octets, KC_ROOT_HEAD_SIZE);
    kc_writer_u8(&w, ANCHOR_FORMAT);
    kc_writer_u64(&w, anchor->number);
    kc_writer_bytes(&w, anchor->digest, sizeof anchor->digest);
    kc_writer_u32(&w, anchor->writes);
    for (size_t i = 0; i < KC_GENERATIONS; i++) {
        kc_writer_u32(&w, anchor->generations[i].number);
        kc_writer_bytes(&w, anchor->generations[i].secret, KC_GENERATION_SECRET_SIZE);
    }
    kc_writer_u8(&w, anchor->failures);
    kc_writer_u64(&w, anchor->wait_until);
    kc_writer_bytes(&w, anchor->operator_pin, sizeof anchor->operator_pin);
}

enum kc_error kc_anchor_read(
    const uint8_t octets[static KC_ROOT_HEAD_SIZE], struct kc_anchor *anchor)
{
    struct kc_reader r;
    kc_reader_init(&r, octets, KC_ROOT_HEAD_SIZE);
    if (kc_reader_u8(&r) != ANCHOR_FORMAT)
        return KC_ERR_ROOT_ANSWER;
    anchor->number = kc_reader_u64(&r);
    kc_reader_copy(&r, anchor->digest, sizeof anchor->digest);
    anchor->writes = kc_reader_u32(&r);
    for (size_t i = 0; i < KC_GENERATIONS; i++) {
        anchor->generations[i].number = kc_reader_u32(&r);
        kc_reader_copy(&r, anchor->generations[i].secret, KC_GENERATION_SECRET_SIZE);
    }
    anchor->failures = kc_reader_u8(&r);
    anchor->wait_until = kc_reader_u64(&r);
    kc_reader_copy(&r, anchor->operator_pin, sizeof anchor->operator_pin);
    return r.failed ? KC_ERR_ROOT_ANSWER : KC_OK;
}
