/* SPDX-License-Identifier: Apache-2.0 */
/* What reads as a document can be walked to every value, and an object of the table that it is can
 * be written and reads as the same. */
#include "tests/fuzz/fuzz.h"

#include "proto/object.h"

#include <string.h>

#define SIZE_MAX_READ (1 << 16)

static void touch(struct kc_json value)
{
    char text[64];
    uint8_t octets[64];
    size_t size = sizeof octets;
    int64_t integer;
    bool boolean;
    struct kc_span source = kc_json_source(value);
    fuzz_must(source.size > 0);
    (void)(kc_json_text(value, text, sizeof text) == KC_OK);
    (void)(kc_json_octets(value, octets, &size) == KC_OK);
    (void)(kc_json_time(value, &integer) == KC_OK);
    (void)(kc_json_boolean(value, &boolean) == KC_OK);
    if (kc_json_integer(value, &integer) == KC_OK)
        fuzz_must(integer <= KC_JSON_INTEGER_MAX && integer >= -KC_JSON_INTEGER_MAX);
    size_t count = 0;
    struct kc_json_walk walk = kc_json_walk(value);
    for (; kc_json_walk_next(&walk); count++)
        touch(walk.value);
    fuzz_must(count == kc_json_count(value));
}

/* Writing drops what is not known, and what a null stands for; so the second writing is the same. */
static size_t write_object(const struct kc_object *object, uint8_t *out)
{
    static struct kc_object_writer w;
    kc_object_writer_init(&w, out, 2 * SIZE_MAX_READ);
    kc_object_write_copy(&w, NULL, object, true);
    enum kc_error error = kc_object_writer_finish(&w);
    fuzz_must(error == KC_OK);
    return w.json.out.size;
}

static void write_and_read(const struct kc_object *object)
{
    static uint8_t once[2 * SIZE_MAX_READ], twice[2 * SIZE_MAX_READ];
    struct kc_json_document document = {0};
    struct kc_object again;
    struct kc_span text = {once, write_object(object, once)};
    fuzz_must(
        kc_object_parse(text, 2 * SIZE_MAX_READ, KC_OBJECT_NONE, &document, &again, NULL) == KC_OK);
    fuzz_must(again.type == object->type);
    fuzz_must(write_object(&again, twice) == text.size && memcmp(once, twice, text.size) == 0);
    kc_json_done(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_json_document document = {0};
    struct kc_object object;
    struct kc_span text = {bytes, size};
    if (kc_json_read(text, SIZE_MAX_READ, &document) == KC_OK)
        touch(kc_json_root(&document));
    kc_json_done(&document);
    if (kc_object_parse(text, SIZE_MAX_READ, KC_OBJECT_NONE, &document, &object, NULL) == KC_OK)
        write_and_read(&object);
    kc_json_done(&document);
    return 0;
}
