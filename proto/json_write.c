/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/json_write.h"

#include "proto/base64url.h"
#include "proto/moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void kc_json_writer_init(struct kc_json_writer *w, void *bytes, size_t limit)
{
    *w = (struct kc_json_writer){0};
    kc_writer_init(&w->out, bytes, limit);
}

static void fail(struct kc_json_writer *w)
{
    w->out.failed = true;
}

/* What stands before a value or a name: a comma, unless it is the first, or a name's value. */
static void separate(struct kc_json_writer *w)
{
    bool first = w->depth == 0 || !w->has_items[w->depth - 1];
    if (!first && !w->after_name)
        kc_writer_u8(&w->out, ',');
    if (w->depth > 0)
        w->has_items[w->depth - 1] = true;
    w->after_name = false;
}

static void open_container(struct kc_json_writer *w, bool object)
{
    separate(w);
    if (w->depth == KC_JSON_DEPTH_MAX) {
        fail(w);
        return;
    }
    w->object[w->depth] = object;
    w->has_items[w->depth] = false;
    w->depth++;
    kc_writer_u8(&w->out, object ? '{' : '[');
}

void kc_json_write_object(struct kc_json_writer *w)
{
    open_container(w, true);
}

void kc_json_write_array(struct kc_json_writer *w)
{
    open_container(w, false);
}

void kc_json_write_end(struct kc_json_writer *w)
{
    if (w->depth == 0) {
        fail(w);
        return;
    }
    w->depth--;
    kc_writer_u8(&w->out, w->object[w->depth] ? '}' : ']');
}

static void write_characters(struct kc_json_writer *w, const char *text)
{
    char escape[7];
    kc_writer_u8(&w->out, '"');
    for (; *text != '\0'; text++) {
        uint8_t c = (uint8_t)*text;
        if (c >= 0x20 && c != '"' && c != '\\') {
            kc_writer_u8(&w->out, c);
            continue;
        }
        snprintf(escape, sizeof escape, c < 0x20 ? "\\u%04x" : "\\%c", c);
        kc_writer_bytes(&w->out, escape, strlen(escape));
    }
    kc_writer_u8(&w->out, '"');
}

void kc_json_write_name(struct kc_json_writer *w, const char *name)
{
    separate(w);
    write_characters(w, name);
    kc_writer_u8(&w->out, ':');
    w->after_name = true;
}

void kc_json_write_text(struct kc_json_writer *w, const char *text)
{
    separate(w);
    write_characters(w, text);
}

void kc_json_write_integer(struct kc_json_writer *w, int64_t integer)
{
    char digits[24];
    if (integer > KC_JSON_INTEGER_MAX || integer < -KC_JSON_INTEGER_MAX)
        fail(w);
    separate(w);
    snprintf(digits, sizeof digits, "%" PRId64, integer);
    kc_writer_bytes(&w->out, digits, strlen(digits));
}

void kc_json_write_boolean(struct kc_json_writer *w, bool boolean)
{
    const char *word = boolean ? "true" : "false";
    separate(w);
    kc_writer_bytes(&w->out, word, strlen(word));
}

void kc_json_write_time(struct kc_json_writer *w, int64_t seconds)
{
    char text[KC_MOMENT_SIZE] = "";
    if (!kc_moment_print(seconds, text))
        fail(w);
    kc_json_write_text(w, text);
}

void kc_json_write_octets(struct kc_json_writer *w, struct kc_span octets)
{
    size_t size = kc_base64url_text_size(octets.size); /* the terminator's place takes the quote */
    separate(w);
    kc_writer_u8(&w->out, '"');
    if (w->out.failed || size > w->out.limit - w->out.size) {
        fail(w);
        return;
    }
    kc_base64url_encode(octets, (char *)w->out.bytes + w->out.size);
    w->out.size += size - 1;
    kc_writer_u8(&w->out, '"');
}

void kc_json_write_source(struct kc_json_writer *w, struct kc_span source)
{
    separate(w);
    kc_writer_bytes(&w->out, source.bytes, source.size);
}

enum kc_error kc_json_writer_finish(const struct kc_json_writer *w)
{
    if (w->out.failed)
        return KC_ERR_TOO_LARGE;
    return w->depth == 0 && !w->after_name && w->out.size > 0 ? KC_OK : KC_ERR_INTERNAL;
}
