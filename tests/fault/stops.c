/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/stops.h"

#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static char path[64];
static struct stop_page *page;

static pthread_t runner;
static uint32_t left;
static struct {
    void (*run)(void *context);
    void *context;
} job;

void stops_init(void)
{
    strcpy(path, "/tmp/kc-stops-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, sizeof *page), 0);
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(page != MAP_FAILED);
    close(file);
}

void stops_done(void)
{
    munmap(page, sizeof *page);
    assert_int_equal(unlink(path), 0);
}

void stops_offer(void)
{
    assert_int_equal(setenv("LD_PRELOAD", KC_STOP_HOOK, 1), 0);
    assert_int_equal(setenv(STOP_VARIABLE, path, 1), 0);
}

void stops_end_offer(void)
{
    unsetenv("LD_PRELOAD");
    unsetenv(STOP_VARIABLE);
}

/* --- running --- */

/* What this thread waits for is not to be interrupted by the end of a process that another started. */
static void *run_job(void *unused)
{
    sigset_t ends;
    (void)unused;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &ends, NULL), 0);
    job.run(job.context);
    atomic_store(&page->ended, 1);
    atomic_fetch_add(&page->events, 1);
    syscall(SYS_futex, &page->events, FUTEX_WAKE, 1, NULL, NULL, 0);
    return NULL;
}

enum stop_side stops_run(uint32_t n, void (*run)(void *), void *context)
{
    job.run = run;
    job.context = context;
    atomic_store(&page->stopped, 0);
    atomic_store(&page->ended, 0);
    atomic_store(&page->armed, n);
    assert_int_equal(pthread_create(&runner, NULL, run_job, NULL), 0);
    uint32_t events = atomic_load(&page->events);
    while (!atomic_load(&page->stopped) && !atomic_load(&page->ended)) {
        syscall(SYS_futex, &page->events, FUTEX_WAIT, events, NULL, NULL, 0);
        events = atomic_load(&page->events);
    }
    left = atomic_exchange(&page->armed, 0);
    uint32_t stopped = atomic_load(&page->stopped);
    return stopped ? (enum stop_side)(stopped - 1) : STOP_SIDES;
}

uint32_t stops_left(void)
{
    return left;
}

void stops_finish(void)
{
    atomic_fetch_add(&page->going, 1);
    syscall(SYS_futex, &page->going, FUTEX_WAKE, 64, NULL, NULL, 0);
    assert_int_equal(pthread_join(runner, NULL), 0);
}

/* --- the clock --- */

void stops_set_clock(int64_t seconds)
{
    atomic_store(&page->clock_ms, seconds * 1000);
}

int64_t stops_clock(void)
{
    return atomic_load(&page->clock_ms) / 1000;
}
