/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/sanitized.h"

#include "base/secret.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARENA_SIZE ((size_t)256 * 1024)

static int make_arena(void **state)
{
    (void)state;
    return kc_arena_init(ARENA_SIZE) == KC_OK ? 0 : -1;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void gives_zeroed_aligned_memory_inside_the_arena(void **state)
{
    (void)state;
    for (size_t size = 1; size < 200; size += 7) {
        uint8_t *bytes = kc_arena_allocate(size);
        assert_non_null(bytes);
        assert_true(kc_arena_holds(bytes) && kc_arena_holds(bytes + size - 1));
        assert_int_equal((uintptr_t)bytes % 16, 0);
        assert_true(all_zero(bytes, size));
        memset(bytes, 0xff, size);
        kc_arena_free(bytes);
    }
    assert_int_equal(kc_arena_figures().used, 0);
}

static void wipes_what_is_freed(void **state)
{
    (void)state;
    KC_AUTO_SECRET secret = {0};
    assert_int_equal(kc_secret_init(&secret, 64), KC_OK);
    memset(secret.bytes, 0xa5, 64);
    const uint8_t *was = secret.bytes;
    kc_secret_done(&secret);
    assert_null(secret.bytes);
    assert_true(all_zero(was, 64)); /* the arena's memory stays mapped */
}

static void wipes_where_a_resized_block_was(void **state)
{
    (void)state;
    uint8_t *first = kc_arena_allocate(32);
    memset(first, 0xa5, 32);
    uint8_t *second = kc_arena_resize(first, 4096);
    assert_non_null(second);
    assert_int_equal(second[31], 0xa5);
    assert_true(all_zero(second + 32, 4096 - 32));
    if (second != first)
        assert_true(all_zero(first, 32));
    kc_arena_free(second);
    assert_int_equal(kc_arena_figures().used, 0);
}

static void giving_a_secret_away_empties_the_giver(void **state)
{
    (void)state;
    KC_AUTO_SECRET giver = {0};
    assert_int_equal(kc_secret_init(&giver, 8), KC_OK);
    KC_AUTO_SECRET taker = kc_secret_take(&giver);
    assert_null(giver.bytes);
    assert_int_equal(taker.size, 8);
}

static void a_full_arena_says_so_and_recovers(void **state)
{
    (void)state;
    void *blocks[64] = {0};
    size_t count = 0;
    while (count < 64 && (blocks[count] = kc_arena_allocate(16 * 1024)) != NULL)
        count++;
    assert_true(count >= 10 && count < 64);
    struct kc_secret none = {0};
    assert_int_equal(kc_secret_init(&none, 64 * 1024), KC_ERR_NO_MEMORY);
    assert_null(none.bytes);
    assert_null(kc_arena_allocate(SIZE_MAX));
    for (size_t i = 0; i < count; i++)
        kc_arena_free(blocks[i]);
    void *large = kc_arena_allocate(ARENA_SIZE - 4096); /* neighbours were joined again */
    assert_non_null(large);
    kc_arena_free(large);
}

/* The allocator against a model: each block is filled with its own octet,
 * which nobody else may change. */
/* With an arena; proto's tests, which make none, are those without. */
static void room_is_lent_from_the_arena_where_there_is_one(void **state)
{
    (void)state;
    uint8_t *room = kc_room_allocate(100);
    assert_true(kc_arena_holds(room));
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(room[i], 0);
    memset(room, 0x5a, 100);
    kc_room_free(room);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(room[i], 0);
    kc_room_free(NULL);
    assert_null(kc_room_allocate(ARENA_SIZE));
}

static void random_use_keeps_every_block_whole(void **state)
{
    (void)state;
    enum { SLOTS = 64 };
    struct {
        uint8_t *bytes;
        size_t size;
    } slots[SLOTS] = {0};
    uint32_t x = 12345;
    for (int step = 0; step < 20000; step++) {
        x = x * 1664525 + 1013904223;
        size_t i = x >> 26, size = 1 + (x >> 8) % 3000;
        for (size_t k = 0; slots[i].bytes && k < slots[i].size; k++)
            assert_int_equal(slots[i].bytes[k], i + 1);
        if (slots[i].bytes && x % 3 == 0) {
            uint8_t *moved = kc_arena_resize(slots[i].bytes, size);
            assert_non_null(moved);
            slots[i].bytes = moved;
        } else {
            kc_arena_free(slots[i].bytes);
            slots[i].bytes = kc_arena_allocate(size);
            assert_non_null(slots[i].bytes);
        }
        slots[i].size = size;
        memset(slots[i].bytes, (int)i + 1, size);
    }
    for (size_t i = 0; i < SLOTS; i++)
        kc_arena_free(slots[i].bytes);
    assert_int_equal(kc_arena_figures().used, 0);
}

static void *allocate_and_free(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        uint8_t *bytes = kc_arena_allocate((size_t)(i % 500) + 1);
        if (!bytes)
            return (void *)1;
        memset(bytes, 0xff, (size_t)(i % 500) + 1);
        kc_arena_free(bytes);
    }
    return NULL;
}

static void threads_share_the_arena(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_free, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(kc_arena_figures().used, 0);
}

/* What this program does instead of testing when it is run with an argument: each is
 * expected to end it badly. */
static void free_twice(void)
{
    uint8_t *bytes = kc_arena_allocate(16);
    kc_arena_free(bytes);
    kc_arena_free(bytes);
}

static void free_what_is_not_of_the_arena(void)
{
    uint8_t local[64] = {0};
    kc_arena_free(local + 32);
}

static void write_past_the_end_and_free(void)
{
    uint8_t *bytes = kc_arena_allocate(16);
    memset(bytes, 0xff, 48);
    kc_arena_free(bytes);
}

static void read_past_the_last_page(void)
{
    volatile uint8_t *bytes = kc_arena_allocate(16);
    (void)bytes[ARENA_SIZE];
}

static void read_in_a_fork(void)
{
    volatile uint8_t *bytes = kc_arena_allocate(16);
    pid_t child = fork();
    if (child == 0)
        _exit(bytes[0]);
    int status;
    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
        raise(WTERMSIG(status));
}

static const struct {
    const char *name;
    void (*act)(void);
    int signal;
} misuses[] = {
    {"free-twice", free_twice, SIGABRT},
    {"free-what-is-not-of-the-arena", free_what_is_not_of_the_arena, SIGABRT},
    {"write-past-the-end-and-free", write_past_the_end_and_free, SIGABRT},
    {"read-past-the-last-page", read_past_the_last_page, SIGSEGV},
    {"read-in-a-fork", read_in_a_fork, SIGSEGV},
};
#define MISUSES (sizeof misuses / sizeof misuses[0])

/* Runs this program again with an argument; with a limit on locked memory and no
 * right to exceed it, if asked. */
static int status_of_self(const char *argument, bool without_locked_memory)
{
    char name[] = "base_secret_test", copy[64];
    snprintf(copy, sizeof copy, "%s", argument);
    char *arguments[] = {name, copy, NULL};
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0}, little = {64 * 1024, 64 * 1024};
        setrlimit(RLIMIT_CORE, &none);
        if (without_locked_memory && (setrlimit(RLIMIT_MEMLOCK, &little) != 0 ||
                                         (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)))
            _exit(99);
        fexecve(self, arguments, environ);
        _exit(98);
    }
    close(self);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void misuse_ends_the_process(void **state)
{
    (void)state;
    if (KC_TEST_SANITIZED)
        skip();
    for (size_t i = 0; i < MISUSES; i++) {
        int status = status_of_self(misuses[i].name, false);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), misuses[i].signal);
    }
}

static void memory_that_cannot_be_locked_is_a_failed_start(void **state)
{
    (void)state;
    if (KC_TEST_SANITIZED)
        skip();
    int status = status_of_self("arena", true);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), KC_CLASS_CONFIG);
    assert_int_equal(status_of_self("arena", false), 0);
}

/* A field of /proc/self/smaps for the mapping that holds an address. */
static void smaps_field(const void *address, const char *field, char *out, size_t size)
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    assert_non_null(maps);
    char line[256];
    bool inside = false;
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = (uintptr_t)address >= start && (uintptr_t)address < end;
        else if (inside && strncmp(line, field, strlen(field)) == 0)
            snprintf(out, size, "%.200s", line + strlen(field));
    }
    fclose(maps);
}

static void the_map_is_locked_or_secret_and_not_dumped(void **state)
{
    (void)state;
    uint8_t *bytes = kc_arena_allocate(16);
    char flags[256] = "";
    smaps_field(bytes, "VmFlags:", flags, sizeof flags);
    assert_non_null(strstr(flags, " lo")); /* locked */
    assert_non_null(strstr(flags, " dd")); /* not dumped */
    assert_non_null(strstr(flags, " dc")); /* not copied by a fork */
    kc_arena_free(bytes);
}

static int misuse(const char *name)
{
    enum kc_error error = kc_arena_init(strcmp(name, "arena") == 0 ? 1024 * 1024 : ARENA_SIZE);
    for (size_t i = 0; error == KC_OK && i < MISUSES; i++) {
        if (strcmp(name, misuses[i].name) == 0)
            misuses[i].act();
    }
    return (int)kc_error_row(error)->class;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return misuse(argv[1]);

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_aligned_memory_inside_the_arena),
        cmocka_unit_test(wipes_what_is_freed),
        cmocka_unit_test(wipes_where_a_resized_block_was),
        cmocka_unit_test(giving_a_secret_away_empties_the_giver),
        cmocka_unit_test(a_full_arena_says_so_and_recovers),
        cmocka_unit_test(room_is_lent_from_the_arena_where_there_is_one),
        cmocka_unit_test(random_use_keeps_every_block_whole),
        cmocka_unit_test(threads_share_the_arena),
        cmocka_unit_test(misuse_ends_the_process),
        cmocka_unit_test(memory_that_cannot_be_locked_is_a_failed_start),
        cmocka_unit_test(the_map_is_locked_or_secret_and_not_dumped),
    };
    return cmocka_run_group_tests(tests, make_arena, NULL);
}
