/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/example.h"

#include "tests/support/cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLES KC_SOURCE_DIR "/tests/vectors/examples"
#define EXAMPLE_SIZE_MAX (1 << 20)
#define PATH_MAX_SIZE 200

void example_open(struct example *example, const char *name)
{
    char path[sizeof EXAMPLES + sizeof example->name + 8];
    memset(example, 0, sizeof *example);
    snprintf(example->name, sizeof example->name, "%s", name);
    snprintf(path, sizeof path, EXAMPLES "/%s.json", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    example->text = malloc(EXAMPLE_SIZE_MAX);
    assert_non_null(example->text);
    size_t size = fread(example->text, 1, EXAMPLE_SIZE_MAX, file);
    fclose(file);
    struct kc_span text = {example->text, size};
    enum kc_error error = kc_json_read(text, EXAMPLE_SIZE_MAX, &example->document);
    if (error != KC_OK)
        fail_msg("%s: %s", name, kc_error_name(error));
}

void example_close(struct example *example)
{
    kc_json_done(&example->document);
    free(example->text);
}

struct kc_json example_at(const struct example *example, const char *path)
{
    char step[PATH_MAX_SIZE];
    struct kc_json value = kc_json_root(&example->document);
    for (const char *rest = path; *rest != '\0';) {
        size_t size = strcspn(rest, ".");
        assert_true(size < sizeof step);
        memcpy(step, rest, size);
        step[size] = '\0';
        value = kc_json_kind(value) == KC_JSON_ARRAY
                    ? kc_json_item(value, (size_t)strtoul(step, NULL, 10))
                    : kc_json_member(value, step);
        rest += size + (rest[size] == '.');
    }
    if (!kc_json_is_there(value))
        fail_msg("%s has no %s", example->name, path);
    return value;
}

size_t example_octets(
    const struct example *example, const char *path, uint8_t *octets, size_t room, size_t size)
{
    size_t written = room;
    enum kc_error error = kc_json_octets(example_at(example, path), octets, &written);
    if (error != KC_OK || (size != 0 && written != size))
        fail_msg("%s %s: %s, %zu octets", example->name, path, kc_error_name(error), written);
    return written;
}

void example_text(const struct example *example, const char *path, char *text, size_t room)
{
    enum kc_error error = kc_json_text(example_at(example, path), text, room);
    if (error != KC_OK)
        fail_msg("%s %s: %s", example->name, path, kc_error_name(error));
}

/* --- the walk --- */

static void walk_value(struct kc_json value, const struct example_visitor *visitor);

static bool is_envelope(struct kc_json value)
{
    struct kc_json trailer = kc_json_item(value, 2);
    return kc_json_count(value) <= 3 && kc_json_kind(kc_json_item(value, 0)) == KC_JSON_OBJECT &&
           kc_json_kind(kc_json_item(value, 1)) == KC_JSON_STRING &&
           (!kc_json_is_there(trailer) || kc_json_kind(trailer) == KC_JSON_OBJECT);
}

static void walk_payload(
    const struct kc_dare_envelope *envelope, const struct example_visitor *visitor)
{
    struct kc_json_document document = {0};
    struct kc_span payload = {envelope->body, envelope->body_size};
    if (envelope->salt_size > 0 || payload.size == 0 || *payload.bytes != '{')
        return;
    assert_int_equal(kc_json_read(payload, payload.size, &document), KC_OK);
    walk_value(kc_json_root(&document), visitor);
    kc_json_done(&document);
}

static void walk_envelope(struct kc_json value, const struct example_visitor *visitor)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    assert_non_null(envelope);
    enum kc_error error = kc_dare_envelope_read(kc_json_source(value), envelope);
    if (error != KC_OK)
        fail_msg("an envelope: %s", kc_error_name(error));
    if (visitor->envelope != NULL)
        visitor->envelope(visitor->context, value, envelope);
    walk_payload(envelope, visitor);
    kc_dare_envelope_done(envelope);
    free(envelope);
}

/* Whether the only thing in a value is an object in its tag: then what looked like a tag around it
 * is the name of a member. */
static bool holds_a_tag(struct kc_json value)
{
    struct kc_json_walk walk = kc_json_walk(value);
    return kc_json_count(value) == 1 && kc_json_walk_next(&walk) &&
           kc_object_type_find(walk.name) != KC_OBJECT_NONE;
}

/* The documents of 2018 print some octets with dots for what they leave out. */
static bool is_cut_short(struct kc_json value)
{
    struct kc_span source = kc_json_source(value);
    return memmem(source.bytes, source.size, "...", 3) != NULL;
}

/* Tells of an object if the value is one in its tag. */
static void visit_object(struct kc_json value, const struct example_visitor *visitor)
{
    struct kc_object object;
    struct kc_object_notes notes = {0};
    struct kc_json_walk walk = kc_json_walk(value);
    if (kc_json_count(value) != 1 || !kc_json_walk_next(&walk) ||
        kc_json_kind(walk.value) != KC_JSON_OBJECT || holds_a_tag(walk.value) ||
        kc_object_type_find(walk.name) == KC_OBJECT_NONE)
        return;
    enum kc_error error = kc_object_read_tagged(value, KC_OBJECT_NONE, &object, &notes);
    if (error != KC_OK && is_cut_short(value))
        return;
    if (error != KC_OK)
        fail_msg("%.*s: %s in %s", (int)kc_json_source(walk.name).size,
            (const char *)kc_json_source(walk.name).bytes, kc_error_name(error), notes.bad_field);
    if (visitor->object != NULL)
        visitor->object(visitor->context, &object, &notes);
}

static void walk_value(struct kc_json value, const struct example_visitor *visitor)
{
    if (kc_json_kind(value) == KC_JSON_ARRAY && is_envelope(value))
        walk_envelope(value, visitor);
    if (kc_json_kind(value) == KC_JSON_OBJECT) {
        visit_object(value, visitor);
        if (visitor->key != NULL && kc_json_is_there(kc_json_member(value, "PublicParameters")))
            visitor->key(visitor->context, value);
    }
    struct kc_json_walk walk = kc_json_walk(value);
    while (kc_json_walk_next(&walk))
        walk_value(walk.value, visitor);
}

void example_walk(const struct example *example, const struct example_visitor *visitor)
{
    walk_value(kc_json_root(&example->document), visitor);
}

static int is_example(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end != NULL && strcmp(end, ".json") == 0;
}

void example_each(void (*each)(struct example *example, void *context), void *context)
{
    struct dirent **entries;
    int count = scandir(EXAMPLES, &entries, is_example, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        struct example example;
        *strrchr(entries[i]->d_name, '.') = '\0';
        example_open(&example, entries[i]->d_name);
        each(&example, context);
        example_close(&example);
        free(entries[i]);
    }
    free(entries);
}
