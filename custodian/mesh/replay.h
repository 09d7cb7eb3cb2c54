/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which requests were seen: each is answered once.
 *
 * A request's ID begins with its time. One is timely if that is within KC_REPLAY_SKEW_MS of the
 * clock, and not before the lower edge of the window, which follows the clock and never moves back,
 * also when the clock does. So an ID needs to be kept only until the edge has passed its time.
 *
 * Thread-safe.
 */
#ifndef KC_CUSTODIAN_MESH_REPLAY_H
#define KC_CUSTODIAN_MESH_REPLAY_H

#include "base/error.h"

#include <stdint.h>

#define KC_REPLAY_ID_SIZE 24     /* octets: big-endian milliseconds since 1970, then 16 at random */
#define KC_REPLAY_SKEW_MS 300000 /* between the two clocks, either way */

struct kc_replay;

/*
 * edge_ms     requests from before are never timely: when what was seen then is not known
 * id_max      IDs that are kept at most
 * hash_key    random and secret: where IDs come to lie is not to be chosen by who sends them
 * replay      given: kc_replay_free
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_replay_new(
    uint64_t edge_ms, size_t id_max, uint64_t hash_key, struct kc_replay **replay);
void kc_replay_free(struct kc_replay *replay);

/* What was seen up to a time is not known: the edge moves behind it. */
void kc_replay_begin_after(struct kc_replay *replay, uint64_t time_ms);

/* Milliseconds since 1970 in an ID. */
uint64_t kc_replay_time(const uint8_t id[KC_REPLAY_ID_SIZE]);

/* Moves the edge after the clock, and tells whether a request of this time may be looked at. */
bool kc_replay_is_timely(struct kc_replay *replay, uint64_t now_ms, uint64_t time_ms);

/*
 * Takes an ID that is timely: before anything is done for it.
 *
 * KC_ERR_CONFLICT  it was taken before
 * KC_ERR_LIMIT     there is no room until older ones have left the window
 */
KC_CHECKED enum kc_error kc_replay_take(
    struct kc_replay *replay, const uint8_t id[KC_REPLAY_ID_SIZE]);

/* Gives an ID back to who sent it, as nothing of what was done for it has left. */
void kc_replay_give_back(struct kc_replay *replay, const uint8_t id[KC_REPLAY_ID_SIZE]);

#endif
