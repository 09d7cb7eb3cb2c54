/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which records were seen to be current, by their names in the map: a table of a fixed size, in
 * which the least lately added make room; and which of them are being changed, which stay. Private
 * to map.c, under its lock.
 */
#ifndef KC_CUSTODIAN_VAULT_SEEN_H
#define KC_CUSTODIAN_VAULT_SEEN_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define KC_SEEN_NAME_SIZE 16
#define KC_SEEN_TAG_SIZE 16

struct kc_seen;

/* Makes an empty table; given. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_seen_new(struct kc_seen **seen);
void kc_seen_free(struct kc_seen *seen);

/* Forgets all but what is being changed, of which just the mark stays. */
void kc_seen_forget(struct kc_seen *seen);

enum kc_seen_answer { KC_SEEN_CURRENT, KC_SEEN_OTHER, KC_SEEN_CHANGING, KC_SEEN_UNKNOWN };

/* tag  NULL: no record; then it is OTHER if there is one */
enum kc_seen_answer kc_seen_look(struct kc_seen *seen, const uint8_t *name, const uint8_t *tag);

/* This tag is the current one: the tree says so. Nothing if it is being changed. */
void kc_seen_keep(struct kc_seen *seen, const uint8_t *name, const uint8_t *tag);

/*
 * Marks as being changed.
 *
 * tag  that it has now; NULL: it is new
 *
 * KC_ERR_CONFLICT  it is being changed, or has another tag
 * KC_ERR_LIMIT     there is no room
 */
KC_CHECKED enum kc_error kc_seen_begin(
    struct kc_seen *seen, const uint8_t *name, const uint8_t *tag);

bool kc_seen_is_changing(struct kc_seen *seen, const uint8_t *name);

/* Takes the mark away. tag: the new current one; NULL: nothing was changed. */
void kc_seen_end(struct kc_seen *seen, const uint8_t *name, const uint8_t *tag);

#endif
