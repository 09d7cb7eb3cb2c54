/* SPDX-License-Identifier: Apache-2.0 */
/* The map of all records, over a store of nodes that a test can alter. */
#include "custodian/vault/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NODES 80000

/* What a store would keep, by number. */
struct stored {
    uint8_t *content[NODES];
    size_t size[NODES];
};

struct world {
    struct kc_map *map;
    struct stored stored;
    uint8_t root[KC_MAP_DIGEST_SIZE];
};

static const uint8_t map_key[KC_MAP_KEY_SIZE] = "names are made under this key";

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_int_equal(kc_map_new(&world->map), KC_OK);
    kc_map_set_key(world->map, map_key);
    kc_map_set_root(world->map, world->root);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    kc_map_free(world->map);
    for (size_t i = 0; i < NODES; i++)
        free(world->stored.content[i]);
    free(world);
    return 0;
}

static struct kc_record record_of(unsigned number, uint32_t version)
{
    struct kc_record record = {.kind = KC_KIND_KEY, .version = version};
    snprintf(record.id, sizeof record.id, "KEY-%u", number);
    memset(record.mac, (int)version, sizeof record.mac);
    memcpy(record.mac, &number, sizeof number);
    return record;
}

static void store_changed(struct world *world)
{
    static uint8_t bytes[1 << 20];
    static struct kc_vault_node nodes[KC_VAULT_NODES_MAX];
    struct kc_writer room;
    size_t count = 0;
    kc_writer_init(&room, bytes, sizeof bytes);
    assert_int_equal(kc_map_changed(world->map, &room, nodes, &count), KC_OK);
    assert_true(room.size <= kc_map_changed_size(world->map));
    for (size_t i = 0; i < count; i++) {
        uint32_t number = nodes[i].number;
        free(world->stored.content[number]);
        world->stored.size[number] = nodes[i].content.size;
        world->stored.content[number] = malloc(nodes[i].content.size + 1);
        memcpy(world->stored.content[number], nodes[i].content.bytes, nodes[i].content.size);
    }
    kc_map_root(world->map, world->root);
}

static void fetch(struct world *world, const struct kc_record *record)
{
    uint32_t numbers[KC_MAP_PATH_MAX];
    size_t count = kc_map_missing(world->map, record->kind, record->id, numbers);
    for (size_t i = 0; i < count; i++)
        kc_map_offer(world->map, numbers[i],
            (struct kc_span){world->stored.content[numbers[i]], world->stored.size[numbers[i]]});
}

static enum kc_map_answer see(struct world *world, unsigned number, uint32_t version)
{
    struct kc_record record = record_of(number, version);
    enum kc_map_answer answer = kc_map_see(world->map, &record);
    if (answer != KC_MAP_UNKNOWN)
        return answer;
    fetch(world, &record);
    return kc_map_see(world->map, &record);
}

/* Changes a record from a version to the next one. */
static void change(struct world *world, unsigned number, uint32_t version)
{
    struct kc_record record = record_of(number, version), before = record;
    fetch(world, &record);
    assert_int_equal(kc_map_issue(world->map, &record), KC_OK);
    record = record_of(number, version + 1);
    assert_int_equal(kc_map_apply(world->map, &record, version == 0 ? NULL : before.mac), KC_OK);
    store_changed(world);
    kc_map_end(world->map, true);
    kc_map_settle(world->map, &record, true);
}

/* As another start: all that is known is the root. */
static void forget(struct world *world)
{
    kc_map_free(world->map);
    assert_int_equal(kc_map_new(&world->map), KC_OK);
    kc_map_set_key(world->map, map_key);
    kc_map_set_root(world->map, world->root);
}

/* What a change needs is here after one round of fetching. */
static void many_records_are_changed_at_once_whatever_leaves_they_are_in(void **state)
{
    struct world *world = *state;
    enum { ALL = 4000, AT_ONCE = 32 };
    for (unsigned i = 0; i < ALL; i++)
        change(world, i, 0);
    forget(world);
    for (unsigned first = 0; first + AT_ONCE <= ALL; first += AT_ONCE) {
        struct kc_record records[AT_ONCE];
        for (unsigned i = 0; i < AT_ONCE; i++) {
            records[i] = record_of(first + i, 1);
            kc_map_hold(world->map, records[i].kind, records[i].id);
            fetch(world, &records[i]);
            kc_map_hold(world->map, records[i].kind, records[i].id);
        }
        for (unsigned i = 0; i < AT_ONCE; i++) {
            struct kc_record before = records[i];
            assert_int_equal(kc_map_issue(world->map, &records[i]), KC_OK);
            records[i] = record_of(first + i, 2);
            assert_int_equal(kc_map_apply(world->map, &records[i], before.mac), KC_OK);
        }
        store_changed(world);
        kc_map_end(world->map, true);
        for (unsigned i = 0; i < AT_ONCE; i++)
            kc_map_settle(world->map, &records[i], true);
    }
}

static void just_the_newest_version_is_current(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 300; i++)
        change(world, i, 0);
    for (unsigned i = 0; i < 300; i += 3)
        change(world, i, 1);
    for (int again = 0; again < 2; again++) {
        for (unsigned i = 0; i < 300; i++) {
            assert_int_equal(see(world, i, 1), i % 3 == 0 ? KC_MAP_OTHER : KC_MAP_CURRENT);
            assert_int_equal(see(world, i, 2), i % 3 == 0 ? KC_MAP_CURRENT : KC_MAP_OTHER);
        }
        forget(world);
    }
}

static void what_is_not_there_is_shown_to_be_absent(void **state)
{
    struct world *world = *state;
    struct kc_record none = record_of(1000, 1), there = record_of(5, 1);
    assert_int_equal(kc_map_find(world->map, none.kind, none.id), KC_MAP_ABSENT);
    for (unsigned i = 0; i < 100; i++)
        change(world, i, 0);
    forget(world);
    assert_int_equal(kc_map_find(world->map, there.kind, there.id), KC_MAP_UNKNOWN);
    fetch(world, &there);
    assert_int_equal(kc_map_find(world->map, there.kind, there.id), KC_MAP_OTHER);
    fetch(world, &none);
    assert_int_equal(kc_map_find(world->map, none.kind, none.id), KC_MAP_ABSENT);
    there.kind = KC_KIND_RECIPIENT; /* kinds are names of their own */
    fetch(world, &there);
    assert_int_equal(kc_map_find(world->map, there.kind, there.id), KC_MAP_ABSENT);
}

static void a_node_that_was_altered_or_is_older_is_not_taken(void **state)
{
    struct world *world = *state;
    struct kc_record record = record_of(7, 1);
    uint32_t path[KC_MAP_PATH_MAX];
    change(world, 7, 0);
    forget(world);
    assert_int_equal(kc_map_missing(world->map, record.kind, record.id, path), KC_MAP_PATH_MAX);
    for (size_t i = 0; i < KC_MAP_PATH_MAX; i++)
        for (size_t octet = 0; octet < world->stored.size[path[i]]; octet += 7) {
            world->stored.content[path[i]][octet] ^= 1;
            assert_int_equal(see(world, 7, 1), KC_MAP_UNKNOWN);
            world->stored.content[path[i]][octet] ^= 1;
            forget(world);
        }
    struct stored *older = malloc(sizeof *older);
    for (size_t i = 0; i < KC_MAP_PATH_MAX; i++) {
        older->size[path[i]] = world->stored.size[path[i]];
        older->content[path[i]] = malloc(world->stored.size[path[i]]);
        memcpy(
            older->content[path[i]], world->stored.content[path[i]], world->stored.size[path[i]]);
    }
    assert_int_equal(see(world, 7, 1), KC_MAP_CURRENT);
    change(world, 7, 1);
    forget(world);
    for (size_t i = 0; i < KC_MAP_PATH_MAX; i++)
        kc_map_offer(
            world->map, path[i], (struct kc_span){older->content[path[i]], older->size[path[i]]});
    assert_int_equal(kc_map_see(world->map, &record), KC_MAP_UNKNOWN);
    assert_int_equal(see(world, 7, 2), KC_MAP_CURRENT);
    assert_int_equal(see(world, 7, 1), KC_MAP_OTHER);
    for (size_t i = 0; i < KC_MAP_PATH_MAX; i++)
        free(older->content[path[i]]);
    free(older);
}

static void a_node_is_not_taken_for_another(void **state)
{
    struct world *world = *state;
    struct kc_record record = record_of(7, 1);
    uint32_t path[KC_MAP_PATH_MAX];
    change(world, 7, 0);
    forget(world);
    assert_int_equal(kc_map_missing(world->map, record.kind, record.id, path), KC_MAP_PATH_MAX);
    for (size_t i = 0; i < KC_MAP_PATH_MAX; i++)
        for (size_t k = 0; k < KC_MAP_PATH_MAX; k++)
            if (i != k)
                kc_map_offer(world->map, path[i],
                    (struct kc_span){world->stored.content[path[k]], world->stored.size[path[k]]});
    kc_map_offer(world->map, 69905, (struct kc_span){(const uint8_t *)"x", 1}); /* no such node */
    kc_map_offer(world->map, UINT32_MAX, (struct kc_span){(const uint8_t *)"x", 1});
    assert_int_equal(kc_map_see(world->map, &record), KC_MAP_UNKNOWN);
    assert_int_equal(see(world, 7, 1), KC_MAP_CURRENT);
}

static void a_change_that_was_not_stored_is_undone(void **state)
{
    struct world *world = *state;
    uint8_t before[KC_MAP_DIGEST_SIZE], after[KC_MAP_DIGEST_SIZE];
    for (unsigned i = 0; i < 50; i++)
        change(world, i, 0);
    kc_map_root(world->map, before);
    struct kc_record old = record_of(3, 1), record = old, new = record_of(99, 0);
    assert_int_equal(kc_map_issue(world->map, &record), KC_OK);
    assert_int_equal(kc_map_issue(world->map, &new), KC_OK);
    record = record_of(3, 2);
    new = record_of(99, 1);
    fetch(world, &new);
    assert_int_equal(kc_map_apply(world->map, &record, old.mac), KC_OK);
    assert_int_equal(kc_map_apply(world->map, &new, NULL), KC_OK);
    kc_map_root(world->map, after);
    assert_memory_not_equal(before, after, sizeof before);
    kc_map_end(world->map, false);
    kc_map_settle(world->map, &record, false);
    kc_map_settle(world->map, &new, false);
    kc_map_root(world->map, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(see(world, 3, 1), KC_MAP_CURRENT);
    assert_int_equal(see(world, 3, 2), KC_MAP_OTHER);
    assert_int_equal(see(world, 99, 1), KC_MAP_ABSENT);
}

static void a_record_is_changed_by_one_at_a_time(void **state)
{
    struct world *world = *state;
    change(world, 1, 0);
    struct kc_record first = record_of(1, 1), second = first, stale = record_of(1, 7);
    assert_int_equal(kc_map_issue(world->map, &stale), KC_ERR_CONFLICT);
    assert_int_equal(kc_map_issue(world->map, &first), KC_OK);
    assert_int_equal(first.version, 2);
    assert_int_equal(kc_map_issue(world->map, &second), KC_ERR_CONFLICT);
    struct kc_record newer = record_of(1, 2);
    assert_int_equal(kc_map_see(world->map, &newer), KC_MAP_CHANGING);
    assert_int_equal(kc_map_see(world->map, &second), KC_MAP_CURRENT);
    kc_map_settle(world->map, &first, false);
    assert_int_equal(kc_map_issue(world->map, &second), KC_OK);
}

static void what_the_tree_does_not_have_is_not_changed(void **state)
{
    struct world *world = *state;
    change(world, 1, 0);
    struct kc_record old = record_of(1, 4), record = record_of(1, 5), unknown = record_of(2, 2);
    fetch(world, &unknown);
    assert_int_equal(kc_map_apply(world->map, &record, old.mac), KC_ERR_CONFLICT);
    assert_int_equal(kc_map_apply(world->map, &record, NULL), KC_ERR_EXISTS);
    assert_int_equal(kc_map_apply(world->map, &unknown, old.mac), KC_ERR_CONFLICT);
    kc_map_end(world->map, false);
    forget(world);
    assert_int_equal(kc_map_apply(world->map, &record, old.mac), KC_ERR_UNAVAILABLE);
}

#define MANY 3000 /* records, in nearly as many leaves */

/* What is absent is never remembered: who looks for it finds it by its leaf, however many others were
 * looked at since. */
static void every_leaf_that_was_seen_is_there(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < MANY; i++)
        change(world, i, 0);
    forget(world);
    for (unsigned i = 0; i < MANY; i++) {
        struct kc_record record = record_of(i, 1);
        fetch(world, &record);
    }
    for (unsigned i = 0; i < MANY; i++) {
        struct kc_record record = record_of(i, 1);
        assert_int_equal(kc_map_find(world->map, record.kind, record.id), KC_MAP_OTHER);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(just_the_newest_version_is_current),
        CASE(what_is_not_there_is_shown_to_be_absent),
        CASE(a_node_that_was_altered_or_is_older_is_not_taken),
        CASE(a_node_is_not_taken_for_another),
        CASE(a_change_that_was_not_stored_is_undone),
        CASE(a_record_is_changed_by_one_at_a_time),
        CASE(what_the_tree_does_not_have_is_not_changed),
        CASE(many_records_are_changed_at_once_whatever_leaves_they_are_in),
        CASE(every_leaf_that_was_seen_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
