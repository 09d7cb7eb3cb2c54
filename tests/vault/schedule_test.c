/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's core under every schedule that matters: two threads, of which one runs at a time and
 * hands over where it is about to take the vault's lock, or waits for what the other has. All ways
 * to hand over up to three times are tried. After each, nothing is left waiting: whatever one
 * thread did between any two steps of the other, a call that could go on was let go on.
 */
#include "tests/vault/bench_parts.h"

#include "custodian/vault/core.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 2
#define SWITCHES 3

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __real_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock);

/* --- who runs --- */

static _Thread_local int self = -1; /* -1: a thread that is not scheduled */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int running;
    bool is_over[THREADS];
    const pthread_mutex_t *watched; /* where threads may hand over */
    size_t points, switch_at[SWITCHES];
    size_t handed_over; /* times, at those points */
} schedule = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Lets the other one run, and comes back when that one hands over or is over. False: it is over
 * already. */
static bool hand_over(void)
{
    int other = 1 - self;
    __real_pthread_mutex_lock(&schedule.lock);
    bool is_there = !schedule.is_over[other];
    if (is_there) {
        schedule.running = other;
        pthread_cond_broadcast(&schedule.changed);
        while (schedule.running != self && !schedule.is_over[self])
            pthread_cond_wait(&schedule.changed, &schedule.lock);
    }
    pthread_mutex_unlock(&schedule.lock);
    return is_there;
}

/* The other one has what this one needs. */
static void wait_for_other(void)
{
    if (!hand_over())
        abort(); /* whoever had it has left with it */
}

static void pass_point(const pthread_mutex_t *mutex)
{
    if (mutex != schedule.watched)
        return;
    schedule.points++;
    for (size_t i = 0; i < SWITCHES; i++)
        if (schedule.switch_at[i] == schedule.points) {
            schedule.handed_over += hand_over();
            return;
        }
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    if (self < 0)
        return __real_pthread_mutex_lock(mutex);
    pass_point(mutex);
    while (pthread_mutex_trylock(mutex) != 0)
        wait_for_other();
    return 0;
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    if (self < 0)
        return __real_pthread_rwlock_rdlock(lock);
    while (pthread_rwlock_tryrdlock(lock) != 0)
        wait_for_other();
    return 0;
}

int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    if (self < 0)
        return __real_pthread_rwlock_wrlock(lock);
    while (pthread_rwlock_trywrlock(lock) != 0)
        wait_for_other();
    return 0;
}

static void begin_thread(int number)
{
    self = number;
    __real_pthread_mutex_lock(&schedule.lock);
    while (schedule.running != self)
        pthread_cond_wait(&schedule.changed, &schedule.lock);
    pthread_mutex_unlock(&schedule.lock);
}

static void end_thread(void)
{
    schedule.is_over[self] = true;
    (void)hand_over();
}

/* --- what they do --- */

#define PACKETS_MAX 32

static struct bench *scheduled;             /* the one that the threads are in */
static struct kc_vault_outside own_outside; /* the bench's */
static struct packet {
    uint8_t *bytes;
    size_t size;
    uint64_t desk;
    struct kc_descriptors descriptors;
} packets[PACKETS_MAX];
static size_t packet_count, packets_taken;

static void carry(const void *bytes, size_t size, const struct kc_descriptors *descriptors)
{
    assert_true(packet_count < PACKETS_MAX);
    struct packet *packet = &packets[packet_count++];
    *packet = (struct packet){
        malloc(size), size, kc_vault_desk(scheduled->vault), .descriptors = *descriptors};
    memcpy(packet->bytes, bytes, size);
}

static void send_to_desk(
    void *context, const struct kc_vault_message *message, const struct kc_descriptors *descriptors)
{
    own_outside.send(context, message, descriptors);
    bench_pump(scheduled);
}

static void work(void)
{
    while (packets_taken < packet_count) {
        struct packet packet = packets[packets_taken++];
        assert_int_equal(kc_vault_receive(scheduled->vault, packet.desk, packet.bytes, packet.size,
                             &packet.descriptors),
            KC_OK);
        (void)kc_vault_do_slow(scheduled->vault);
        free(packet.bytes);
    }
}

static void lose_desk(void)
{
    kc_vault_desk_gone(scheduled->vault);
}

static void *run_first(void *unused)
{
    (void)unused;
    begin_thread(0);
    work();
    end_thread();
    return NULL;
}

static void *run_second(void *does)
{
    begin_thread(1);
    (*(void (**)(void))does)();
    end_thread();
    return NULL;
}

/* What the second thread does; the first works. */
static void run_threads(void (*second)(void))
{
    pthread_t threads[THREADS];
    schedule.watched = &scheduled->vault->lock;
    schedule.running = 0;
    schedule.points = schedule.handed_over = 0;
    memset(schedule.is_over, 0, sizeof schedule.is_over);
    assert_int_equal(pthread_create(&threads[0], NULL, run_first, NULL), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, run_second, &second), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* From here on what the desk gives waits for the threads; and no more. */
static void begin_scheduling(struct bench *bench)
{
    scheduled = bench;
    own_outside = bench->outside;
    packet_count = packets_taken = 0;
    bench->outside.send = send_to_desk;
    bench->carry = carry;
}

static void end_scheduling(void)
{
    assert_int_equal(packets_taken, packet_count);
    scheduled->outside = own_outside;
    scheduled->carry = NULL;
}

/* --- all schedules --- */

/* One time through; it says itself what is wrong. */
typedef void scenario(struct bench *bench);

static void try_from(scenario *run, struct bench *bench, size_t depth, size_t most)
{
    size_t from = depth > 0 ? schedule.switch_at[depth - 1] : 0;
    run(bench);
    size_t points = schedule.points;
    if (schedule.handed_over < depth)
        return; /* there was nobody to hand over to: as without it */
    for (size_t at = from + 1; depth < most && at <= points; at++) {
        schedule.switch_at[depth] = at;
        try_from(run, bench, depth + 1, most);
        schedule.switch_at[depth] = 0;
    }
}

/* --- scenarios --- */

static void expect_answered(struct bench *bench, uint64_t ticket, enum kc_error error)
{
    struct answer *answer = bench_take(bench, ticket);
    assert_non_null(answer);
    assert_string_equal(kc_error_name(answer->error), kc_error_name(error));
    answer_done(answer);
}

static void expect_idle(const struct bench *bench)
{
    const struct kc_vault *vault = bench->vault;
    assert_int_equal(vault->ledger.turn, KC_TURN_FREE);
    assert_int_equal(vault->ledger.waiting + vault->pending_count, 0);
    assert_null(vault->runnable.first);
    assert_null(vault->settling.first);
    assert_null(vault->waiting.first);
    assert_null(vault->slow.first);
}

static uint64_t send_new_pin(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_OPERATOR_PIN);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    ask_secret(&ask, KC_FIELD_NEW_PIN, BENCH_PIN, strlen(BENCH_PIN));
    return bench_send(bench, &ask);
}

/* A packet that comes to nothing: who takes it has just the way out to go. */
static void send_nothing(struct bench *bench)
{
    const struct kc_vault_message message = {.type = KC_VAULT_DISCONNECT, .connection = 999};
    bench_give_packet(bench, &message, &(struct kc_descriptors){.count = 0});
}

/* A change in two steps, whose first step is stored as another thread is about to leave. */
static void change_beside_one_who_leaves(struct bench *bench)
{
    bench->holds_stored = true;
    uint64_t ticket = send_new_pin(bench);
    bench_pump(bench);
    bench->holds_stored = false;
    begin_scheduling(bench);
    send_nothing(bench);
    bench_pump(bench); /* STORED */
    run_threads(work);
    end_scheduling();
    bench_pump(bench);
    expect_answered(bench, ticket, KC_OK);
    expect_idle(bench);
}

static void nobody_leaves_a_change_behind(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    try_from(change_beside_one_who_leaves, bench, 0, SWITCHES);
}

static char *keys[THREADS];

static uint64_t send_update(struct bench *bench, size_t number)
{
    static const char *const labels[THREADS] = {"a", "b"};
    struct ask ask = key_ask(KC_OPERATION_KEY_UPDATE, keys[number]);
    ask_text(&ask, KC_FIELD_LABEL, labels[number]);
    return bench_send(bench, &ask);
}

static void two_changes(struct bench *bench)
{
    begin_scheduling(bench);
    uint64_t first = send_update(bench, 0), second = send_update(bench, 1);
    run_threads(work);
    end_scheduling();
    bench_pump(bench);
    expect_answered(bench, first, KC_OK);
    expect_answered(bench, second, KC_OK);
    expect_idle(bench);
}

static void two_changes_are_both_stored(void **state)
{
    struct bench *bench = *state;
    keys[0] = bench_generate(bench, "Ed25519", "application", "a");
    keys[1] = bench_generate(bench, "Ed25519", "application", "b");
    try_from(two_changes, bench, 0, 2);
    free(keys[0]);
    free(keys[1]);
}

/* The desk's answers are taken while it goes. */
static void lose_the_desk_over_a_change(struct bench *bench)
{
    begin_scheduling(bench);
    uint64_t ticket = send_update(bench, 0);
    run_threads(lose_desk);
    end_scheduling();
    kc_vault_desk_gone(bench->vault); /* as before the next one comes */
    expect_idle(bench);
    answer_done(bench_take(bench, ticket));
    bench_forget_ask(ticket);
    while (bench->queued > 0)
        bench_drop_sent(bench, 0);
    close(bench->client);
    bench_connect(bench);
    bench_open(bench);
}

static void a_desk_that_goes_over_a_change_leaves_nothing_behind(void **state)
{
    struct bench *bench = *state;
    keys[0] = bench_generate(bench, "Ed25519", "application", "a");
    try_from(lose_the_desk_over_a_change, bench, 0, 1);
    free(keys[0]);
}

static void open_by_two(struct bench *bench)
{
    struct ask list = ask_new(KC_OPERATION_KEY_LIST);
    bench_restart(bench);
    begin_scheduling(bench);
    uint64_t first = bench_send(bench, &list), second = bench_send(bench, &list);
    run_threads(work);
    end_scheduling();
    bench_pump(bench);
    expect_answered(bench, first, KC_OK);
    expect_answered(bench, second, KC_OK);
    expect_idle(bench);
}

static void two_who_open_are_both_answered(void **state)
{
    struct bench *bench = *state;
    free(bench_generate(bench, "Ed25519", "application", "a"));
    try_from(open_by_two, bench, 0, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nobody_leaves_a_change_behind),
        CASE(two_changes_are_both_stored),
        CASE(a_desk_that_goes_over_a_change_leaves_nothing_behind),
        CASE(two_who_open_are_both_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
