/* SPDX-License-Identifier: Apache-2.0 */
/* The table in which the vault has opened keys. */
#include "base/secret.h"
#include "custodian/vault/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct kc_record record_named(unsigned number, uint32_t version)
{
    struct kc_record record = {.format = KC_RECORD_FORMAT, .kind = KC_KIND_KEY, .version = version};
    snprintf(record.id, sizeof record.id, "KEY-%u", number);
    memset(record.mac, (int)version, sizeof record.mac);
    return record;
}

/* --- opened keys --- */

static void put(struct kc_cache *cache, unsigned number, uint32_t version)
{
    struct kc_record record = record_named(number, version);
    struct kc_material material = {.key = {.seeded = true}};
    material.key.prefix[0] = (uint8_t)number;
    kc_cache_put(cache, &record, &material);
}

static bool has(struct kc_cache *cache, unsigned number, uint32_t version)
{
    struct kc_record record = record_named(number, version);
    struct kc_material material;
    if (!kc_cache_get(cache, &record, &material))
        return false;
    assert_int_equal(material.key.prefix[0], number);
    return true;
}

static struct kc_cache *make_cache(size_t limit)
{
    struct kc_cache *cache = NULL;
    assert_int_equal(kc_cache_new(limit, &cache), KC_OK);
    return cache;
}

static void the_least_recently_used_key_makes_room(void **state)
{
    (void)state;
    struct kc_cache *cache = make_cache(3);
    for (unsigned i = 1; i <= 3; i++)
        put(cache, i, 1);
    assert_true(has(cache, 1, 1));
    put(cache, 4, 1);
    assert_true(has(cache, 1, 1));
    assert_false(has(cache, 2, 1));
    assert_true(has(cache, 3, 1));
    assert_true(has(cache, 4, 1));
    kc_cache_free(cache);
}

static void another_version_is_another_key(void **state)
{
    (void)state;
    struct kc_cache *cache = make_cache(3);
    put(cache, 1, 1);
    assert_false(has(cache, 1, 2));
    put(cache, 1, 2);
    assert_true(has(cache, 1, 2));
    assert_false(has(cache, 1, 1));
    kc_cache_free(cache);
}

static void a_dropped_key_is_gone_and_its_room_is_used_first(void **state)
{
    (void)state;
    struct kc_cache *cache = make_cache(3);
    for (unsigned i = 1; i <= 3; i++)
        put(cache, i, 1);
    kc_cache_drop(cache, "KEY-3");
    kc_cache_drop(cache, "KEY-3");
    kc_cache_drop(cache, "KEY-9");
    assert_false(has(cache, 3, 1));
    put(cache, 4, 1);
    assert_true(has(cache, 1, 1) && has(cache, 2, 1) && has(cache, 4, 1));
    kc_cache_free(cache);
}

static void a_cache_of_one_works_over_many_keys(void **state)
{
    (void)state;
    struct kc_cache *cache = make_cache(1);
    for (unsigned i = 1; i <= 200; i++) {
        put(cache, i, 1);
        assert_true(has(cache, i, 1));
        assert_false(has(cache, i - 1, 1));
    }
    kc_cache_free(cache);
}

static void a_cache_takes_all_its_room_at_once(void **state)
{
    (void)state;
    struct kc_cache *cache = make_cache(8);
    size_t used = kc_arena_figures().used;
    for (unsigned i = 1; i <= 20; i++)
        put(cache, i, 1);
    assert_int_equal(kc_arena_figures().used, used);
    kc_cache_free(cache);
    struct kc_cache *larger = NULL;
    assert_int_equal(kc_cache_new(1u << 24, &larger), KC_ERR_NO_MEMORY);
}

static int make_arena(void **state)
{
    (void)state;
    return kc_arena_init(1u << 20) == KC_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_recently_used_key_makes_room),
        cmocka_unit_test(another_version_is_another_key),
        cmocka_unit_test(a_dropped_key_is_gone_and_its_room_is_used_first),
        cmocka_unit_test(a_cache_of_one_works_over_many_keys),
        cmocka_unit_test(a_cache_takes_all_its_room_at_once),
    };
    return cmocka_run_group_tests(tests, make_arena, NULL);
}
