/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custodian-vault: the process that holds all secrets. Workers wait together on the desk's edge and
 * do what comes; one more thread sees to orders of the supervisor, clients that hang up, and
 * deadlines. All of these threads have their stacks in the arena, as secrets pass over them, and
 * libcrypto allocates from it.
 */
#include "custodian/process.h"
#include "base/secret.h"
#include "custodian/closer.h"
#include "custodian/log.h"
#include "custodian/vault/edges.h"
#include "proto/hkdf.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)160 * 1024)
#define WORKERS_MAX 8
#define ROOT_MARGIN_MS 1000 /* what the vault waits longer for root than root for the hardware */

struct process {
    struct kc_config *config;
    struct kc_edges *edges;
    struct kc_vault_outside outside;
    struct kc_vault *vault;
    int timer;
    pthread_mutex_t timer_lock;
    uint64_t timer_ms; /* what the timer is set to; UINT64_MAX: off */
    int progress;      /* eventfd: a worker has finished something, when stopping */
    atomic_bool stopping;
    atomic_uint busy;
    pthread_mutex_t gate; /* threads wait behind it until the filter stands */
};

static enum kc_error failed(const char *step, enum kc_error error)
{
    kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("step", step), kc_log_error(error));
    return error;
}

_Noreturn static void end(const char *why)
{
    kc_log(KC_LOG_ERROR, "process-ends", kc_log_text("why", why));
    _exit(KC_CLASS_INTERNAL);
}

/* --- libcrypto in the arena --- */

static void *allocate(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return kc_arena_allocate(size);
}

static void *resize(void *memory, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return kc_arena_resize(memory, size);
}

static void release(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    kc_arena_free(memory);
}

/* What libcrypto makes once is made now, while files may be opened and before requests come. */
static enum kc_error warm_up(void)
{
    uint8_t mac[KC_HASH_SIZE_MAX], digest[64];
    struct kc_span some = {(const uint8_t *)"x", 1};
    enum kc_error error = kc_hmac(KC_HASH_SHA256, some, some, mac);
    if (error == KC_OK)
        error = kc_hmac(KC_HASH_SHA512, some, some, mac);
    EVP_CIPHER *wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
    bool good = wrap && EVP_Digest("x", 1, digest, NULL, EVP_shake256(), NULL) == 1;
    EVP_CIPHER_free(wrap);
    return error == KC_OK && !good ? KC_ERR_NO_MEMORY : error;
}

static enum kc_error prepare_memory(const struct kc_config *config)
{
    enum kc_error error = kc_arena_init(config->arena_size);
    if (error != KC_OK)
        return failed("arena", error);
    if (CRYPTO_set_mem_functions(allocate, resize, release) != 1)
        return failed("libcrypto-memory", KC_ERR_LOCKED_MEMORY);
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
        return failed("libcrypto", KC_ERR_NO_MEMORY);
    error = warm_up();
    return error == KC_OK ? KC_OK : failed("libcrypto", error);
}

/* --- threads --- */

static void set_timer(const struct process *process)
{
    uint64_t ms = process->timer_ms;
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000}};
    if (timerfd_settime(process->timer, TFD_TIMER_ABSTIME, &at, NULL) != 0)
        end("timer");
}

/* Moves the timer if the core's deadline came nearer. What it is set to is what is noted: of two
 * threads the one with the later deadline must not be the last that sets it. */
static void arm_timer(struct process *process)
{
    uint64_t deadline = kc_vault_deadline(process->vault);
    pthread_mutex_lock(&process->timer_lock);
    if (deadline < process->timer_ms) {
        process->timer_ms = deadline;
        set_timer(process);
    }
    pthread_mutex_unlock(&process->timer_lock);
}

/* What takes seconds, once everything else has been sent. */
static void do_slow(struct process *process)
{
    kc_edges_flush();
    arm_timer(process);
    if (!kc_vault_do_slow(process->vault))
        return;
    kc_edges_flush();
    arm_timer(process);
}

static void work_once(struct process *process, uint8_t *packet)
{
    struct kc_descriptors descriptors;
    uint64_t desk;
    size_t size;
    enum kc_error error =
        kc_edges_receive(process->edges, process->vault, &desk, packet, &size, &descriptors);
    atomic_fetch_add(&process->busy, 1);
    if (error == KC_OK)
        error = kc_vault_receive(process->vault, desk, packet, size, &descriptors);
    if (error != KC_OK)
        end("malformed-packet-of-desk");
    do_slow(process);
    atomic_fetch_sub(&process->busy, 1);
    uint64_t one = 1;
    if (atomic_load(&process->stopping))
        (void)!write(process->progress, &one, sizeof one);
}

static void wait_at_gate(struct process *process)
{
    pthread_mutex_lock(&process->gate);
    pthread_mutex_unlock(&process->gate);
}

static void *work(void *argument)
{
    struct process *process = argument;
    uint8_t *packet = malloc(KC_VAULT_MESSAGE_MAX);
    if (!packet)
        end("no-memory");
    wait_at_gate(process);
    for (;;)
        work_once(process, packet);
    return NULL;
}

static void expire(struct process *process)
{
    uint64_t times;
    pthread_mutex_lock(&process->timer_lock);
    (void)!read(process->timer, &times, sizeof times);
    process->timer_ms = UINT64_MAX;
    pthread_mutex_unlock(&process->timer_lock);
    kc_vault_expire(process->vault);
    do_slow(process); /* a worker's, which has left meanwhile */
}

/* Requests that wait may end until the deadline, also by their own deadlines or with the desk; then
 * the process does, whatever is open. */
static void stop(struct process *process)
{
    uint64_t deadline =
        process->outside.milliseconds(NULL) + process->config->limits.stop_deadline_ms;
    struct pollfd waits[] = {{.fd = process->progress, .events = POLLIN},
        {.fd = process->timer, .events = POLLIN},
        {.fd = kc_edges_ended_descriptor(process->edges), .events = POLLIN}};
    atomic_store(&process->stopping, true);
    while (!kc_vault_stop(process->vault) || atomic_load(&process->busy) > 0) {
        uint64_t times, now = process->outside.milliseconds(NULL);
        arm_timer(process);
        if (now >= deadline ||
            poll(waits, sizeof waits / sizeof waits[0], (int)(deadline - now)) == 0)
            break;
        if (waits[2].revents)
            kc_edges_desk_ended(process->edges, process->vault);
        if (waits[1].revents)
            expire(process);
        (void)!read(process->progress, &times, sizeof times);
    }
    kc_log(KC_LOG_NOTICE, "stopped");
    _exit(0);
}

static void obey(struct process *process)
{
    struct kc_control order = kc_process_control();
    if (order.type == KC_CONTROL_STOP)
        stop(process);
    if (order.type != KC_CONTROL_EDGE)
        return;
    if (order.edge == KC_EDGE_DESK_VAULT)
        kc_edges_new_desk(process->edges, process->vault, order.descriptor);
    else
        kc_edges_new_root(process->edges, kc_edge_root(order.edge), order.descriptor);
}

static void *watch(void *argument)
{
    struct process *process = argument;
    struct pollfd waits[] = {{.fd = KC_FD_CONTROL, .events = POLLIN},
        {.fd = process->timer, .events = POLLIN},
        {.fd = kc_vault_hangup_descriptor(process->vault), .events = POLLIN},
        {.fd = kc_edges_ended_descriptor(process->edges), .events = POLLIN}};
    wait_at_gate(process);
    kc_process_ready();
    for (;;) {
        arm_timer(process);
        if (poll(waits, sizeof waits / sizeof waits[0], -1) < 0)
            continue;
        if (waits[3].revents)
            kc_edges_desk_ended(process->edges, process->vault);
        if (waits[1].revents)
            expire(process);
        if (waits[2].revents) {
            kc_vault_hangups(process->vault);
            do_slow(process);
        }
        if (waits[0].revents)
            obey(process);
    }
    return NULL;
}

/*
 * A thread whose stack is in the arena, locked like all of it. Below the stack is a page that may
 * not be touched, made by hand, as pthread makes no guard for a stack that it is given: a stack
 * that overflows ends the process and does not run into somebody's keys.
 */
static enum kc_error start_thread(struct process *process, void *(*run)(void *))
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *memory = kc_arena_allocate(STACK_SIZE + 2 * page);
    if (!memory)
        return KC_ERR_NO_MEMORY;
    uint8_t *guard = memory + (page - (uintptr_t)memory % page) % page;
    pthread_attr_t attributes;
    pthread_t thread;
    if (mprotect(guard, page, PROT_NONE) != 0 || pthread_attr_init(&attributes) != 0)
        return KC_ERR_NO_MEMORY;
    bool started = pthread_attr_setstack(&attributes, guard + page, STACK_SIZE) == 0 &&
                   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attributes, run, process) == 0;
    pthread_attr_destroy(&attributes);
    return started ? KC_OK : KC_ERR_NO_MEMORY;
}

/* One more than can wait for roots for long: each root can keep one waiting, and one can be in line, as
 * the vault itself has something to anchor now and then while a caller needs a root too. */
static size_t count_workers(const struct kc_config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t least = config->root_count + 2;
    if (cores < 0 || (size_t)cores < least)
        return least;
    return cores > WORKERS_MAX ? WORKERS_MAX : (size_t)cores;
}

/* --- start --- */

/* Nothing that opens a file, makes a socket or starts anything. */
static const struct kc_syscall allowed[] = {
    KC_SYSCALL(read),    /* timer, events */
    KC_SYSCALL(write),   /* events, what goes into a memfd */
    KC_SYSCALL(pread64), /* sealed memfds */
    KC_SYSCALL(close),
    KC_SYSCALL(dup3), /* new ends of edges */
    KC_SYSCALL(fstat),
    KC_SYSCALL(newfstatat), /* of a descriptor, as the C library writes fstat */
    KC_SYSCALL(memfd_create),
    KC_SYSCALL(getsockopt),
    KC_SYSCALL(getsockname),
    KC_SYSCALL(timerfd_settime),
    KC_SYSCALL_WHERE(fcntl, 1, F_GETFL),
    KC_SYSCALL_WHERE(fcntl, 1, F_SETFL),
    KC_SYSCALL_WHERE(fcntl, 1, F_ADD_SEALS),
    KC_SYSCALL_WHERE(fcntl, 1, F_GET_SEALS),
};

/* config  given */
static enum kc_error prepare_core(struct process *process, struct kc_config *config, size_t workers)
{
    uint64_t root_deadlines_ms[KC_CONFIG_ROOTS_MAX] = {0};
    for (size_t i = 0; i < config->root_count; i++)
        root_deadlines_ms[i] = (uint64_t)config->roots[i].timeout_s * 1000 + ROOT_MARGIN_MS;
    process->config = config;
    enum kc_error error = kc_edges_new(root_deadlines_ms, workers, &process->edges);
    if (error != KC_OK)
        return failed("edges", error);
    process->outside = kc_edges_outside(process->edges);
    error = kc_vault_new(config, kc_config_users_text(config), &process->outside, &process->vault);
    if (error != KC_OK)
        return failed("core", error);
    process->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    process->progress = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    process->timer_ms = UINT64_MAX;
    return process->timer >= 0 && process->progress >= 0 ? KC_OK
                                                         : failed("timer", KC_ERR_NO_MEMORY);
}

static enum kc_error start_threads(struct process *process, size_t workers)
{
    enum kc_error error = start_thread(process, watch);
    for (size_t i = 0; error == KC_OK && i < workers; i++)
        error = start_thread(process, work);
    return error == KC_OK ? KC_OK : failed("threads", error);
}

static enum kc_error start(struct process *process)
{
    size_t workers = 0;
    struct kc_config *config;
    enum kc_error error = kc_process_start(KC_PROCESS_VAULT, &config);
    if (error == KC_OK)
        workers = count_workers(config);
    if (error == KC_OK)
        error = prepare_memory(config);
    if (error == KC_OK)
        error = prepare_core(process, config, workers);
    if (error == KC_OK)
        error = kc_process_drop_rights(KC_PROCESS_VAULT, config);
    if (error == KC_OK)
        error = kc_closer_start();
    if (error == KC_OK)
        error = start_threads(process, workers);
    if (error == KC_OK)
        error = kc_process_filter(allowed, sizeof allowed / sizeof allowed[0]);
    return error;
}

int main(void)
{
    static struct process process = {
        .gate = PTHREAD_MUTEX_INITIALIZER, .timer_lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_mutex_lock(&process.gate);
    enum kc_error error = start(&process);
    if (error != KC_OK)
        _exit((int)kc_error_row(error)->class);
    pthread_mutex_unlock(&process.gate);
    for (;;)
        (void)poll(NULL, 0, -1); /* the threads do all; they end the process */
}
