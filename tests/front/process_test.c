/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front end as a process: its start and end, before a custodian that takes requests and never
 * answers, and what it may do.
 */
#include "tests/front/mesh_front.h"
#include "tests/front/web.h"
#include "tests/support/cmocka.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELLO "{\"HelloRequest\":{}}"

static struct mesh_front front;
static char silent_path[96];
static int silent = -1;

/* A socket to which one can connect and send, and that is never read. */
static void make_silent_custodian(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(silent_path, sizeof silent_path, "%s/silent", front.folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", silent_path);
    silent = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(silent, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(chmod(silent_path, 0666), 0);
    assert_int_equal(listen(silent, 16), 0);
}

static int set_up(void **state)
{
    (void)state;
    mesh_front_init(&front);
    make_silent_custodian();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mesh_front_done(&front);
    close(silent);
    return 0;
}

static void start(const char *limits)
{
    mesh_front_start(&front, "/nonexistent/socket", NULL, limits);
}

/* --- before a custodian that is silent --- */

struct asking {
    pthread_t thread;
    int status;
};

static void *ask(void *argument)
{
    struct asking *asking = argument;
    asking->status = web_post_status(front.port, HELLO);
    return NULL;
}

/* How many connections are at the silent socket, once there is one. */
static void wait_for_request(void)
{
    int taken = accept4(silent, NULL, NULL, SOCK_CLOEXEC);
    assert_true(taken >= 0);
    char octets[64];
    assert_true(recv(taken, octets, sizeof octets, MSG_PEEK) > 0);
    /* stays open: as long as it is, nothing is answered */
}

static void more_requests_than_may_wait_are_told_to_come_again(void **state)
{
    struct asking first, others[3];
    size_t refused = 0;
    (void)state;
    mesh_front_start(&front, silent_path, NULL,
        "rate = 0; workers = 1; pending = 1; custodian_deadline_ms = 3000;");
    assert_int_equal(pthread_create(&first.thread, NULL, ask, &first), 0);
    wait_for_request(); /* the only worker has it */
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&others[i].thread, NULL, ask, &others[i]), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(others[i].thread, NULL), 0);
        refused += others[i].status == 503;
    }
    assert_int_equal(pthread_join(first.thread, NULL), 0);
    assert_int_equal(first.status, 503); /* at the custodian's deadline */
    assert_int_equal(refused, 3);
}

static void what_is_under_way_is_answered_before_the_end(void **state)
{
    struct asking asking;
    (void)state;
    mesh_front_start(&front, silent_path, NULL, "custodian_deadline_ms = 1000;");
    assert_int_equal(pthread_create(&asking.thread, NULL, ask, &asking), 0);
    wait_for_request();
    assert_int_equal(mesh_front_stop(&front), 0);
    assert_int_equal(pthread_join(asking.thread, NULL), 0);
    assert_int_equal(asking.status, 503);
    assert_true(mesh_front_has_logged(&front, "stopped requests=answered"));
}

static void what_takes_longer_than_the_stop_may_is_given_up(void **state)
{
    struct asking asking;
    (void)state;
    mesh_front_start(
        &front, silent_path, NULL, "custodian_deadline_ms = 60000; stop_deadline_ms = 100;");
    assert_int_equal(pthread_create(&asking.thread, NULL, ask, &asking), 0);
    wait_for_request();
    assert_int_equal(mesh_front_stop(&front), 0);
    assert_int_equal(pthread_join(asking.thread, NULL), 0);
    assert_int_equal(asking.status, 0);
    assert_true(mesh_front_has_logged(&front, "stopped requests=\"given up\""));
}

/* --- the process --- */

static void the_process_has_a_user_a_filter_and_no_core_image(void **state)
{
    char path[64], line[256];
    bool has_filter = false, has_no_rights = false, is_user = geteuid() != 0;
    (void)state;
    start("");
    snprintf(path, sizeof path, "/proc/%d/status", (int)front.pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        has_filter |= strcmp(line, "Seccomp:\t2\n") == 0;
        has_no_rights |= strcmp(line, "NoNewPrivs:\t1\n") == 0;
        is_user |= strncmp(line, "Uid:\t64810\t64810\t64810\t64810", 27) == 0;
    }
    fclose(file);
    assert_true(has_no_rights);
    assert_true(is_user);
#ifdef KC_NO_SANDBOX
    (void)has_filter;
#else
    assert_true(has_filter);
#endif
}

/* A pipe whose other end it has been left with would not be at its end. */
static void it_keeps_nothing_open_of_who_started_it(void **state)
{
    int left[2];
    char octet;
    (void)state;
    assert_int_equal(pipe(left), 0);
    start("");
    close(left[1]);
    assert_int_equal(read(left[0], &octet, 1), 0);
    close(left[0]);
}

static void without_a_port_of_its_own_it_takes_one_that_is_free(void **state)
{
    (void)state;
    front.port = 0;
    start("");
    assert_int_not_equal(front.port, 0);
    assert_int_equal(web_post_status(front.port, "{}"), 400);
}

static void a_hangup_ends_nothing(void **state)
{
    (void)state;
    start("");
    assert_int_equal(kill(front.pid, SIGHUP), 0);
    while (!mesh_front_has_logged(&front, "not-read-again"))
        usleep(1000);
    assert_int_equal(web_post_status(front.port, "{}"), 400);
    assert_int_equal(mesh_front_stop(&front), 0);
}

static int run(const char *arguments)
{
    char command[512];
    snprintf(command, sizeof command, KC_BUILD_DIR "/custodian-mesh %s >/dev/null 2>&1", arguments);
    int status = system(command); /* NOLINT(cert-env33-c): a fixed command */
    return WEXITSTATUS(status);
}

static void the_command_line_is_checked(void **state)
{
    char arguments[256];
    (void)state;
    start("");
    snprintf(arguments, sizeof arguments, "--config %s --check", front.config);
    assert_int_equal(run(arguments), 0);
    assert_int_equal(run("--version"), 0);
    assert_int_equal(run("--help"), 0);
    assert_int_equal(run("--nonsense"), 2);
    assert_int_equal(run("more"), 2);
    assert_int_equal(run("--config /nonexistent --check"), 8);
}

static void the_state_is_there_after_a_restart_and_a_second_one_does_not_start(void **state)
{
    char arguments[256];
    (void)state;
    front.port = 0; /* the second one has a port, */
    start("");
    snprintf(arguments, sizeof arguments, "--config %s", front.config);
    assert_int_equal(run(arguments), 7); /* but the store is the other's */
    mesh_front_kill(&front);
    front.port = 0;
    start("");
    assert_int_equal(web_post_status(front.port, "{}"), 400);
    assert_int_equal(mesh_front_stop(&front), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(more_requests_than_may_wait_are_told_to_come_again),
        CASE(what_is_under_way_is_answered_before_the_end),
        CASE(what_takes_longer_than_the_stop_may_is_given_up),
        CASE(the_process_has_a_user_a_filter_and_no_core_image),
        CASE(it_keeps_nothing_open_of_who_started_it),
        CASE(without_a_port_of_its_own_it_takes_one_that_is_free),
        CASE(a_hangup_ends_nothing),
        CASE(the_command_line_is_checked),
        CASE(the_state_is_there_after_a_restart_and_a_second_one_does_not_start),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
