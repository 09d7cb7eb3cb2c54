/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store's thread does late: after the vault, the client or both are gone that wanted it. The desk
 * runs in the test, which is its clients and its vault, step by step; the store's thread is stopped
 * where it begins to read or to hold (the linker's --wrap).
 */
#include "custodian/desk/desk.h"
#include "tests/daemon/desk_fixture.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct bench {
    struct kc_test_desk outside; /* the test's ends */
    struct kc_config config;
    struct kc_desk *desk;
};

/* --- the store's thread, stopped --- */

static struct {
    bool closed; /* set while the thread has nothing to do */
    sem_t arrived, opened;
} gate;

static void pass_gate(void)
{
    if (!gate.closed)
        return;
    sem_post(&gate.arrived);
    while (sem_wait(&gate.opened) < 0 && errno == EINTR)
        continue;
}

static void await_at_gate(void)
{
    while (sem_wait(&gate.arrived) < 0 && errno == EINTR)
        continue;
}

enum kc_error __real_kc_store_page(struct kc_store *store, const struct kc_store_filter *filter,
    struct kc_span after, struct kc_store_page *page);
enum kc_error __wrap_kc_store_page(struct kc_store *store, const struct kc_store_filter *filter,
    struct kc_span after, struct kc_store_page *page);
enum kc_error __wrap_kc_store_page(struct kc_store *store, const struct kc_store_filter *filter,
    struct kc_span after, struct kc_store_page *page)
{
    pass_gate();
    return __real_kc_store_page(store, filter, after, page);
}

enum kc_error __real_kc_store_hold(struct kc_store *store);
enum kc_error __wrap_kc_store_hold(struct kc_store *store);
enum kc_error __wrap_kc_store_hold(struct kc_store *store)
{
    pass_gate();
    return __real_kc_store_hold(store);
}

/* --- the desk, step by step --- */

static void listen_at(struct bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct kc_test_desk *outside = &bench->outside;
    outside->listen = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(outside->socket, sizeof outside->socket, "%s/socket", outside->folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", outside->socket);
    assert_int_equal(bind(outside->listen, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(outside->listen, 16), 0);
}

static int new_vault(struct bench *bench)
{
    int pair[2];
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    bench->outside.vault = pair[0];
    return pair[1];
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct kc_store *store;
    const char *detail;
    strcpy(bench->outside.folder, "/tmp/kc-desk.XXXXXX");
    assert_non_null(mkdtemp(bench->outside.folder));
    snprintf(bench->outside.store, sizeof bench->outside.store, "%s/store", bench->outside.folder);
    assert_int_equal(kc_store_prepare(bench->outside.store, geteuid(), getegid()), KC_OK);
    assert_int_equal(kc_store_open(bench->outside.store, &store, &detail), KC_OK);
    listen_at(bench);
    bench->config.limits.clients = 8;
    bench->config.limits.in_flight = 2;
    assert_int_equal(kc_desk_new(&bench->config, bench->outside.listen, new_vault(bench), -1, store,
                         KC_OK, &bench->desk),
        KC_OK);
    gate.closed = false;
    sem_init(&gate.arrived, 0, 0);
    sem_init(&gate.opened, 0, 0);
    *state = bench;
    return 0;
}

/* The desk's own end with its process. */
static void free_connections(struct kc_desk *desk)
{
    while (desk->connections) {
        struct kc_connection *first = desk->connections;
        desk->connections = first->next;
        close(first->socket);
        free(first);
    }
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    char command[96];
    free_connections(bench->desk);
    kc_desk_free(bench->desk);
    kc_descriptors_close(&bench->outside.descriptors);
    close(bench->outside.listen);
    if (bench->outside.vault >= 0)
        close(bench->outside.vault);
    snprintf(command, sizeof command, "rm -rf '%s'", bench->outside.folder);
    free(bench);
    return system(command); /* NOLINT(cert-env33-c): the test's own command */
}

static void serve_clients(struct bench *bench)
{
    kc_desk_clients_ready(bench->desk);
    kc_desk_vault_flush(bench->desk);
}

static void serve_vault(struct bench *bench)
{
    kc_desk_vault_readable(bench->desk);
    kc_desk_vault_flush(bench->desk);
}

static void serve_store(struct bench *bench)
{
    kc_test_await(kc_desk_store_descriptor(bench->desk->store), POLLIN);
    kc_desk_jobs_done(bench->desk);
    kc_desk_vault_flush(bench->desk);
}

static void introduce(struct bench *bench)
{
    kc_test_vault_connect(&bench->outside);
    serve_vault(bench);
}

static int connect_client(struct bench *bench)
{
    int client = kc_test_connect_alone(&bench->outside);
    serve_clients(bench);
    introduce(bench);
    return client;
}

static void lose_client(struct bench *bench, int client)
{
    close(client);
    serve_clients(bench);
    kc_test_vault_expect(&bench->outside, KC_VAULT_DISCONNECT);
}

static void lose_vault(struct bench *bench)
{
    close(bench->outside.vault);
    bench->outside.vault = -1;
    serve_vault(bench);
}

/* The store's thread goes on, and with it whatever it was given. */
static void open_gate(struct bench *bench)
{
    gate.closed = false;
    sem_post(&gate.opened);
    serve_store(bench);
}

static bool store_is_done(const struct bench *bench)
{
    struct pollfd wait = {.fd = kc_desk_store_descriptor(bench->desk->store), .events = POLLIN};
    return poll(&wait, 1, 0) == 1;
}

/* --- jobs --- */

/* What is done first is told first, however late the desk looks. */
static void what_the_store_has_done_comes_in_its_order(void **state)
{
    struct bench *bench = *state;
    struct kc_job_records records[3] = {{.count = 0}};
    struct kc_job jobs[3];
    memset(jobs, 0, sizeof jobs);
    for (size_t i = 0; i < 3; i++) {
        jobs[i].type = KC_JOB_PAGE;
        jobs[i].records = &records[i];
    }
    kc_desk_store_submit(bench->desk->store, &jobs[0]);
    kc_test_await(kc_desk_store_descriptor(bench->desk->store), POLLIN);
    gate.closed = true;
    kc_desk_store_submit(bench->desk->store, &jobs[1]);
    await_at_gate();
    kc_desk_store_submit(bench->desk->store, &jobs[2]);
    sem_post(&gate.opened);
    await_at_gate(); /* the second was given back, or the thread was not here again */
    struct kc_job *done = kc_desk_store_done(bench->desk->store);
    assert_ptr_equal(done, &jobs[0]);
    assert_ptr_equal(done->next, &jobs[1]);
    assert_null(jobs[1].next);
    sem_post(&gate.opened);
    kc_test_await(kc_desk_store_descriptor(bench->desk->store), POLLIN);
    assert_ptr_equal(kc_desk_store_done(bench->desk->store), &jobs[2]);
    for (size_t i = 0; i < 3; i++)
        kc_job_records_free(&records[i]);
}

/* --- backups --- */

static void send_backup(int client, bool ends)
{
    static struct kc_message request;
    kc_message_init(&request, KC_OPERATION_STORE_BACKUP);
    request.id = 1;
    if (ends)
        kc_values_set_text(&request.values, KC_FIELD_MODE, "end");
    kc_test_send(client, &request, NULL);
}

/* The vault allows it. */
static void ask_backup(struct bench *bench, int client, bool ends)
{
    send_backup(client, ends);
    serve_clients(bench);
    if (kc_desk_store_descriptor(bench->desk->store) >= 0 &&
        !kc_test_vault_has_message(&bench->outside))
        serve_store(bench);
    kc_test_vault_expect(&bench->outside, KC_VAULT_REQUEST);
    kc_test_vault_answer(
        &bench->outside, bench->outside.message.ticket, KC_OPERATION_STORE_BACKUP, KC_OK);
    serve_vault(bench);
}

static enum kc_error receive_backup(int client)
{
    return kc_test_receive_error(client, KC_OPERATION_STORE_BACKUP, NULL);
}

static enum kc_error do_backup(struct bench *bench, int client, bool ends)
{
    ask_backup(bench, client, ends);
    struct pollfd answered = {.fd = client, .events = POLLIN};
    if (poll(&answered, 1, 0) == 0)
        serve_store(bench);
    return receive_backup(client);
}

static void expect_whole_backup(struct bench *bench, int client)
{
    assert_int_equal(do_backup(bench, client, false), KC_OK);
    assert_int_equal(do_backup(bench, client, true), KC_OK); /* it stayed as it was */
}

/* Who was told that it failed does not have to end it. */
static void a_backup_that_failed_with_the_vault_is_held_for_nobody(void **state)
{
    struct bench *bench = *state;
    int client = connect_client(bench), other;
    gate.closed = true;
    ask_backup(bench, client, false);
    await_at_gate();
    lose_vault(bench);
    assert_int_equal(receive_backup(client), KC_ERR_UNAVAILABLE);
    open_gate(bench);
    kc_desk_vault_replace(bench->desk, new_vault(bench));
    introduce(bench);
    other = connect_client(bench);
    expect_whole_backup(bench, other);
    close(client);
    close(other);
}

/* The first one's client is gone; that its hold is let go must not let go that of the next. */
static void a_late_hold_of_one_does_not_end_the_backup_of_another(void **state)
{
    struct bench *bench = *state;
    int first = connect_client(bench), second = connect_client(bench);
    gate.closed = true;
    ask_backup(bench, first, false);
    await_at_gate();
    lose_client(bench, first);
    ask_backup(bench, second, false);
    assert_int_equal(receive_backup(second), KC_ERR_STORE_BACKUP);
    open_gate(bench);
    expect_whole_backup(bench, second);
    assert_false(store_is_done(bench));
    close(second);
}

/* --- watches --- */

static void send_watch(int client, uint64_t seen)
{
    static struct kc_message request;
    kc_message_init(&request, KC_OPERATION_WATCH);
    request.id = 1;
    kc_values_set_number(&request.values, KC_FIELD_SEEN, seen);
    kc_test_send(client, &request, NULL);
}

static void expect_served(struct bench *bench, int client)
{
    kc_test_ping(client, 7, "desk");
    serve_clients(bench);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, NULL), KC_OK);
}

/* They wait for ever, and so would everybody else. */
static void watches_that_wait_leave_room_to_the_others(void **state)
{
    struct bench *bench = *state;
    int watching[4];
    for (size_t i = 0; i < 4; i++) { /* limits.in_flight is 2 */
        watching[i] = connect_client(bench);
        send_watch(watching[i], bench->desk->seen);
        serve_clients(bench);
    }
    int client = connect_client(bench);
    expect_served(bench, client);
    lose_client(bench, watching[0]); /* their ends are seen, too */
    assert_int_equal(bench->desk->call_count, 3);
    lose_vault(bench);
    kc_desk_vault_replace(bench->desk, new_vault(bench));
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(kc_test_receive_error(watching[i], KC_OPERATION_WATCH, NULL), KC_OK);
    assert_int_equal(bench->desk->call_count, 0);
    assert_int_equal(bench->desk->idle_count, 0);
    for (size_t i = 1; i < 4; i++)
        close(watching[i]);
    close(client);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_the_store_has_done_comes_in_its_order),
        CASE(a_backup_that_failed_with_the_vault_is_held_for_nobody),
        CASE(a_late_hold_of_one_does_not_end_the_backup_of_another),
        CASE(watches_that_wait_leave_room_to_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
