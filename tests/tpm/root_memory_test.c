/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No key stays in memory: after sealing, opening and closing, all that this process can read is
 * searched for it. The heap is custodian-root's own.
 *
 * The test itself keeps the keys masked, and compares octet by octet, so as not to find itself.
 */
#include "base/secret.h"
#include "tests/tpm/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#define MASK 0xa5
#define WINDOW 8 /* octets in a row that are counted as the key */

static uint8_t masked[KC_ROOT_KEY_SIZE];

static bool is_window(const volatile uint8_t *bytes, size_t at)
{
    for (size_t i = 0; i < WINDOW; i++) {
        if ((bytes[i] ^ MASK) != masked[at + i])
            return false;
    }
    return true;
}

/* Any eighth of the key, so that a partly overwritten copy is found too. */
static size_t count_in(const uint8_t *start, const uint8_t *end)
{
    size_t count = 0;
    for (const uint8_t *p = start; p + WINDOW <= end; p++) {
        for (size_t at = 0; at < KC_ROOT_KEY_SIZE; at += WINDOW)
            count += is_window(p, at);
    }
    return count;
}

/* All mappings that are readable and written to: heap, arena, stack, data. */
static size_t count_copies(void)
{
    static struct {
        unsigned long start, end;
    } regions[512];
    size_t region_count = 0, copies = 0;
    char line[512], rights[5];
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long start = 0, end = 0;
        assert_int_equal(sscanf(line, "%lx-%lx %4s", &start, &end, rights), 3);
        if (rights[0] == 'r' && rights[1] == 'w' && region_count < 512) {
            regions[region_count].start = start;
            regions[region_count++].end = end;
        }
    }
    fclose(maps);
    for (size_t i = 0; i < region_count; i++)
        copies += count_in(
            (const uint8_t *)regions[i].start, (const uint8_t *)regions[i].end); /* NOLINT */
    return copies;
}

static void mask(uint8_t key[static KC_ROOT_KEY_SIZE])
{
    for (size_t i = 0; i < KC_ROOT_KEY_SIZE; i++)
        masked[i] = key[i] ^ MASK;
}

static void seal_a_fresh_key(struct kc_root *root, uint8_t *blob, size_t *blob_size)
{
    uint8_t key[KC_ROOT_KEY_SIZE];
    assert_int_equal(getrandom(key, sizeof key, 0), sizeof key);
    mask(key);
    assert_int_equal(kc_root_seal(root, key, KC_ROOT_ABOUT_NOTHING, blob, blob_size), KC_OK);
    kc_wipe(key, sizeof key);
}

static void open_it(struct kc_root *root, const uint8_t *blob, size_t blob_size)
{
    uint8_t key[KC_ROOT_KEY_SIZE];
    assert_int_equal(kc_root_unseal(root, blob, blob_size, key), KC_OK);
    assert_true(is_window(key, 0) && is_window(key + 24, 24));
    kc_wipe(key, sizeof key);
}

static void a_copy_that_is_there_is_found(void **state)
{
    (void)state;
    uint8_t *copy = calloc(1, KC_ROOT_KEY_SIZE);
    assert_non_null(copy);
    for (size_t i = 0; i < KC_ROOT_KEY_SIZE; i++)
        copy[i] = (uint8_t)(i * 7 + 1);
    mask(copy);
    assert_int_equal(count_copies(), KC_ROOT_KEY_SIZE / WINDOW);
    free(copy);
    assert_int_equal(count_copies(), 0);
}

static void a_sealed_key_stays_nowhere(void **state)
{
    struct fixture *f = *state;
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size = 0;
    seal_a_fresh_key(f->root, blob, &blob_size);
    assert_int_equal(count_copies(), 0);
    kc_root_disconnect(f->root);
    assert_int_equal(count_copies(), 0);
}

static void an_opened_key_stays_nowhere(void **state)
{
    struct fixture *f = *state;
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size = 0;
    seal_a_fresh_key(f->root, blob, &blob_size);
    for (int i = 0; i < 3; i++) {
        open_it(f->root, blob, blob_size);
        assert_int_equal(count_copies(), 0);
    }
    kc_root_disconnect(f->root);
    assert_int_equal(count_copies(), 0);
}

static void random_octets_stay_nowhere(void **state)
{
    struct fixture *f = *state;
    uint8_t random[KC_ROOT_KEY_SIZE];
    assert_int_equal(kc_root_random(f->root, random, sizeof random), KC_OK);
    mask(random);
    kc_wipe(random, sizeof random);
    assert_int_equal(count_copies(), 0);
}

static void the_heap_is_the_arena_and_keeps_the_rules_of_a_heap(void **state)
{
    (void)state;
    char *text = malloc(3);
    strcpy(text, "ab");
    text = realloc(text, 4096);
    assert_string_equal(text, "ab");
    assert_true(kc_arena_holds(text));
    free(text);
    unsigned *zeroes = calloc(1000, sizeof *zeroes);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(zeroes[i], 0);
    free(zeroes);
    volatile size_t huge = SIZE_MAX / 2;
    assert_null(calloc(huge, 4));
    assert_null(malloc(huge));
    void *aligned = NULL;
    assert_int_equal(posix_memalign(&aligned, 4096, 100), 0);
    assert_false(kc_arena_holds(aligned));
    free(aligned);
    free(NULL);
}

static void hundreds_of_operations_do_not_fill_it(void **state)
{
    struct fixture *f = *state;
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size = 0, most = 0;
    seal_a_fresh_key(f->root, blob, &blob_size);
    size_t before = kc_arena_figures().used;
    for (int i = 0; i < 200; i++) {
        open_it(f->root, blob, blob_size);
        most = kc_arena_figures().used > most ? kc_arena_figures().used : most;
    }
    assert_in_range(most, before - 1024, before + 1024);
    kc_root_disconnect(f->root);
}

#define BLOCKS_MAX 1024

/* Takes all of the heap but so many bytes, as large blocks and then ever smaller ones, so that no
 * gap between others' blocks is left. */
static size_t take_all_but(size_t left, void *blocks[static BLOCKS_MAX])
{
    size_t count = 0;
    for (size_t size = (size_t)4 << 20; size >= 64 && count < BLOCKS_MAX;) {
        struct kc_arena_figures now = kc_arena_figures();
        void *block = now.used + size + left > now.size ? NULL : malloc(size);
        if (block)
            blocks[count++] = block;
        else
            size /= 2;
    }
    return count;
}

static void a_full_heap_is_an_error_and_no_end(void **state)
{
    struct fixture *f = *state;
    uint8_t blob[KC_ROOT_BLOB_MAX], key[KC_ROOT_KEY_SIZE];
    size_t blob_size = 0;
    unsigned opened = 0, refused = 0;
    static void *blocks[BLOCKS_MAX];
    if (!fixture_bears_a_full_heap)
        skip();
    seal_a_fresh_key(f->root, blob, &blob_size);
    for (size_t left = 0; left < (size_t)256 * 1024; left += 1024) {
        size_t count = take_all_but(left, blocks);
        enum kc_error error = kc_root_unseal(f->root, blob, blob_size, key);
        while (count > 0)
            free(blocks[--count]);
        *(error == KC_OK ? &opened : &refused) += 1;
        assert_int_equal(kc_root_unseal(f->root, blob, blob_size, key), KC_OK);
    }
    kc_wipe(key, sizeof key);
    assert_true(opened > 0 && refused > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)

int main(void)
{
    if (kc_arena_init((size_t)4 * 1024 * 1024) != KC_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_that_is_there_is_found),
        cmocka_unit_test(the_heap_is_the_arena_and_keeps_the_rules_of_a_heap),
        TEST(a_sealed_key_stays_nowhere),
        TEST(an_opened_key_stays_nowhere),
        TEST(random_octets_stay_nowhere),
        TEST(hundreds_of_operations_do_not_fill_it),
        TEST(a_full_heap_is_an_error_and_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
