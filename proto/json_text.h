/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a JSON string, as the octets of the text that it means: for json.c.
 */
#ifndef KC_PROTO_JSON_TEXT_H
#define KC_PROTO_JSON_TEXT_H

#include "base/reader.h"

#define KC_JSON_TEXT_END (-1)
#define KC_JSON_TEXT_BAD (-2)

/* Where one is in a string. Starts with the octets between the quotes and zeros. */
struct kc_json_text_cursor {
    struct kc_span left;
    uint8_t pending[3]; /* octets of an escaped character that are still to come, last one first */
    uint8_t pending_count;
};

/*
 * The next octet, KC_JSON_TEXT_END, or KC_JSON_TEXT_BAD: an escape that is none, half of a
 * surrogate pair, or a raw control character other than line feed, carriage return and tab.
 */
int kc_json_text_next_special(struct kc_json_text_cursor *cursor); /* whatever it is */

static inline int kc_json_text_next(struct kc_json_text_cursor *cursor)
{
    if (cursor->pending_count > 0 || cursor->left.size == 0 || *cursor->left.bytes < 0x20 ||
        *cursor->left.bytes == '\\')
        return kc_json_text_next_special(cursor);
    cursor->left.size--;
    return *cursor->left.bytes++;
}

/* Whether octets are UTF-8 in its shortest form, without surrogates. */
bool kc_json_is_utf8(struct kc_span octets);

#endif
