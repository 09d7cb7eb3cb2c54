/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sequence_link.h"

#include "proto/hkdf.h"

#include <string.h>

/* What the walk from a frame to its apex has when it ends. */
struct walk {
    uint64_t x, d;
};

static uint64_t apex_of(uint64_t frame, struct walk walk)
{
    return walk.x == 1 ? walk.d / 2 - 1 : frame - walk.d;
}

uint64_t kc_link_apex(uint64_t frame)
{
    struct walk walk = {frame + 1, 1};
    for (; walk.x % 2 == 0; walk.x /= 2)
        walk.d *= 2;
    return apex_of(frame, walk);
}

/* value = combine(first, value); a NULL first is a missing one. */
static enum kc_error combine(const uint8_t *first, uint8_t value[KC_LINK_SIZE])
{
    uint8_t both[2 * KC_LINK_SIZE] = {0};
    if (first != NULL)
        memcpy(both, first, KC_LINK_SIZE);
    memcpy(both + KC_LINK_SIZE, value, KC_LINK_SIZE);
    return kc_hash_digest(KC_HASH_SHA512, (struct kc_span){both, sizeof both}, value);
}

/* The same with the link of an earlier frame. */
static enum kc_error combine_earlier(
    kc_link_earlier earlier, const void *context, uint64_t frame, uint8_t value[KC_LINK_SIZE])
{
    const uint8_t *first = earlier(context, frame);
    return first != NULL ? combine(first, value) : KC_ERR_RECORD_DAMAGED;
}

enum kc_error kc_link_chain(uint64_t frame, const uint8_t payload[KC_LINK_SIZE],
    kc_link_earlier earlier, const void *context, uint8_t link[KC_LINK_SIZE])
{
    uint8_t value[KC_LINK_SIZE];
    memcpy(value, payload, sizeof value);
    enum kc_error error =
        frame == 0 ? combine(NULL, value) : combine_earlier(earlier, context, frame - 1, value);
    if (error == KC_OK)
        memcpy(link, value, sizeof value);
    return error;
}

enum kc_error kc_link_merkle(uint64_t frame, const uint8_t payload[KC_LINK_SIZE],
    kc_link_earlier earlier, const void *context, uint8_t link[KC_LINK_SIZE])
{
    uint8_t value[KC_LINK_SIZE];
    struct walk walk = {frame + 1, 1};
    enum kc_error error = KC_OK;
    memcpy(value, payload, sizeof value);
    for (; walk.x % 2 == 0 && error == KC_OK; walk.x /= 2) {
        error = combine_earlier(earlier, context, frame - walk.d, value);
        walk.d *= 2;
    }
    if (error == KC_OK)
        error = frame == 0 ? combine(NULL, value)
                           : combine_earlier(earlier, context, apex_of(frame, walk), value);
    if (error == KC_OK)
        memcpy(link, value, sizeof value);
    return error;
}
