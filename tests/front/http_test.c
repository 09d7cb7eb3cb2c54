/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front end as the network finds it, over plain HTTP on a loopback address. The custodian is
 * absent, or a socket that takes requests and never answers.
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
#define HEAD(path, type) "POST " path " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " type "\r\n"
#define GOOD HEAD("/.well-known/mmm", "application/json")

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

static void each_wrong_head_has_its_status(void **state)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
        {"PUT /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405},
        {HEAD("/", "application/json") "Content-Length: 2\r\n\r\n{}", 404},
        {HEAD("/.well-known/other", "application/json") "Content-Length: 2\r\n\r\n{}", 404},
        {HEAD("/.well-known/mmm", "text/plain") "Content-Length: 2\r\n\r\n{}", 415},
        {"POST /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", 415},
        {"POST /.well-known/mmm HTTP/1.1\r\nHost: other.example\r\nContent-Type: "
         "application/json\r\n"
         "Content-Length: 2\r\n\r\n{}",
            421},
        {"POST /.well-known/mmm HTTP/1.1\r\nContent-Type: application/json\r\n"
         "Content-Length: 2\r\n\r\n{}",
            400},
        {GOOD "Content-Length: 99999999\r\n\r\n", 413},
        {"nonsense\r\n\r\n", 0},
    };
    (void)state;
    start("rate = 0;");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = web_status(front.port, cases[i].request);
        if (cases[i].status ? status != cases[i].status : status / 100 == 2)
            fail_msg("case %zu: %d", i, status);
    }
}

/* 002, 4.2.3: any header of HTTP may be there. */
static void headers_that_say_nothing_to_us_are_passed_over(void **state)
{
    (void)state;
    start("rate = 0;");
    assert_int_equal(
        web_status(front.port, GOOD "Accept: */*\r\nX-Unknown: 1\r\nCookie: a=b\r\nTE: trailers\r\n"
                                    "Accept-Encoding: gzip\r\nAuthorization: Basic eA==\r\n"
                                    "If-None-Match: \"x\"\r\nUpgrade: h2c\r\n"
                                    "Content-Length: 19\r\n\r\n" HELLO),
        503); /* the custodian is absent */
}

static int post(const char *body)
{
    struct web web;
    struct web_answer answer;
    web_open(&web, front.port, NULL);
    web_post(&web, body, strlen(body), &answer);
    int status = answer.status;
    web_answer_done(&answer);
    web_close(&web);
    return status;
}

static void each_wrong_body_has_its_status(void **state)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"", 400}, {"x", 400}, {"{", 400}, {"[]", 400}, {"[{}]", 400}, {"{}", 400},
        {"{\"HelloRequest\":{},\"HelloRequest\":{}}", 400},
        {"{\"HelloRequest\":{},\"StatusRequest\":{}}", 400}, {"{\"NoSuchRequest\":{}}", 400},
        {"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", 413},
        {"{\"StatusRequest\":{}}", 401},      /* not signed */
        {"{\"OperateRequest\":{}}", 401},     /* the same */
        {"{\"Post\":{}}", 501},               /* known, and not offered */
        {"{\"GetRequest\":{}}", 501},         /* of 2018 */
        {"[{},\"e30\"]", 400},                /* an envelope with {} in it */
        {"[{},\"eyJTdGF0dXMiOnt9fQ\"]", 400}, /* {"Status":{}}: without an ID */
        {"[{\"enc\":\"A256CBC\",\"Salt\":\"AAAA\"},\"eyJTdGF0dXMiOnt9fQ\"]", 400},
        {"{\"DareEnvelope\":[{},\"eyJQb3N0Ijp7fX0\"]}", 501}, /* {"Post":{}} in a tagged one */
        {HELLO, 503},                                         /* the custodian is absent */
        {" \r\n\t" HELLO, 503},
        {"{\"Hello\":{\"Unknown\":1}}", 503}, /* what is not known is passed over */
    };
    (void)state;
    start("rate = 0;");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = post(cases[i].body);
        if (status != cases[i].status)
            fail_msg("%s: %d", cases[i].body, status);
    }
}

static void an_answer_is_json_is_not_cached_and_says_when_to_try_again(void **state)
{
    struct web web;
    struct web_answer answer;
    (void)state;
    start("");
    web_open(&web, front.port, NULL);
    web_post(&web, HELLO, strlen(HELLO), &answer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.head, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(answer.head, "Cache-Control: no-store\r\n"));
    assert_non_null(strstr(answer.head, "Retry-After: "));
    assert_non_null(strstr(answer.body, "{\"MeshResponse\":{\"Status\":503,"));
    web_answer_done(&answer);
    web_close(&web);
}

static void one_connection_carries_many_requests(void **state)
{
    struct web web;
    struct web_answer answer;
    (void)state;
    start("rate = 0;");
    web_open(&web, front.port, NULL);
    for (size_t i = 0; i < 50; i++) {
        const char *body = i % 2 ? HELLO : "{\"StatusRequest\":{}}";
        web_post(&web, body, strlen(body), &answer);
        assert_int_equal(answer.status, i % 2 ? 503 : 401);
        web_answer_done(&answer);
    }
    web_close(&web);
}

static void a_chunked_body_is_counted_as_it_comes(void **state)
{
    struct web web;
    struct web_answer answer;
    static char chunk[1024];
    (void)state;
    start("rate = 0; body_size = 4096;");
    assert_int_equal(
        web_status(front.port, GOOD "Transfer-Encoding: chunked\r\n\r\n"
                                    "7\r\n{\"Hello\r\nc\r\nRequest\":{}}\r\n0\r\n\r\n"),
        503);
    memset(chunk, ' ', sizeof chunk);
    web_open(&web, front.port, NULL);
    assert_true(web_write(&web, GOOD "Transfer-Encoding: chunked\r\n\r\n",
        sizeof GOOD "Transfer-Encoding: chunked\r\n\r\n" - 1));
    for (size_t i = 0; i < 6; i++) {
        assert_true(web_write(&web, "400\r\n", 5));
        assert_true(web_write(&web, chunk, sizeof chunk));
        assert_true(web_write(&web, "\r\n", 2));
    }
    assert_true(web_write(&web, "0\r\n\r\n", 5));
    web_read(&web, &answer);
    assert_int_equal(answer.status, 413);
    web_answer_done(&answer);
    web_close(&web);
}

static void a_body_without_end_ends_its_connection(void **state)
{
    struct web web;
    struct web_answer answer;
    static char chunk[1024];
    bool goes_on = true;
    (void)state;
    start("rate = 0; body_size = 4096;");
    memset(chunk, ' ', sizeof chunk);
    web_open(&web, front.port, NULL);
    assert_true(web_write(&web, GOOD "Transfer-Encoding: chunked\r\n\r\n",
        sizeof GOOD "Transfer-Encoding: chunked\r\n\r\n" - 1));
    for (size_t i = 0; goes_on && i < 100000; i++)
        goes_on = web_write(&web, "400\r\n", 5) && web_write(&web, chunk, sizeof chunk) &&
                  web_write(&web, "\r\n", 2);
    assert_false(goes_on);
    web_read(&web, &answer);
    assert_int_equal(answer.status, 0);
    web_answer_done(&answer);
    web_close(&web);
}

static void a_client_that_has_said_all_gets_its_answer(void **state)
{
    struct web web;
    struct web_answer answer;
    static const char request[] = GOOD "Content-Length: 19\r\n\r\n" HELLO;
    (void)state;
    start("");
    web_open(&web, front.port, NULL);
    assert_true(web_write(&web, request, sizeof request - 1));
    assert_int_equal(shutdown(web.socket, SHUT_WR), 0);
    web_read(&web, &answer);
    assert_int_equal(answer.status, 503);
    web_answer_done(&answer);
    web_close(&web);
}

/* Drips octets until the connection is ended; it is never idle for as long as a deadline. */
static void drip(const char *text)
{
    struct web web;
    struct web_answer answer;
    bool goes_on = true;
    web_open(&web, front.port, NULL);
    assert_true(web_write(&web, text, strlen(text)));
    for (size_t i = 0; goes_on && i < 600; i++) {
        struct timeval patience = {.tv_usec = 100000};
        char octet;
        assert_int_equal(
            setsockopt(web.socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
        goes_on = web_write(&web, "a", 1) && recv(web.socket, &octet, 1, 0) < 0;
    }
    assert_false(goes_on);
    web_read(&web, &answer);
    assert_int_equal(answer.status, 0);
    web_close(&web);
}

static void a_client_that_drips_loses_its_connection(void **state)
{
    (void)state;
    start("rate = 0; request_deadline_s = 1;");
    drip("POST /.well-known/mmm HTTP/1.1\r\nX: "); /* in its head */
    drip(GOOD "Content-Length: 100000\r\n\r\n");   /* in its body */
    drip("P");                                     /* at once */
}

static void an_address_that_asks_too_much_is_told_so(void **state)
{
    struct web web;
    struct web_answer answer;
    int last = 503;
    (void)state;
    start("rate = 1; burst = 5;");
    web_open(&web, front.port, NULL);
    for (size_t i = 0; i < 6 && last == 503; i++) {
        web_post(&web, HELLO, strlen(HELLO), &answer);
        last = answer.status;
        if (last == 429)
            assert_non_null(strstr(answer.head, "Retry-After: "));
        web_answer_done(&answer);
    }
    assert_int_equal(last, 429);
    web_close(&web);
}

static void an_address_has_its_share_of_connections_alone(void **state)
{
    struct web webs[4];
    struct web_answer answer;
    (void)state;
    start("rate = 0; connections_per_address = 3;");
    for (size_t i = 0; i < 3; i++) {
        web_open(&webs[i], front.port, NULL);
        web_post(&webs[i], "{}", 2, &answer);
        assert_int_equal(answer.status, 400);
        web_answer_done(&answer);
    }
    web_open(&webs[3], front.port, NULL);
    web_post(&webs[3], "{}", 2, &answer);
    assert_int_equal(answer.status, 0);
    for (size_t i = 0; i < 4; i++)
        web_close(&webs[i]);
}

/* --- before a custodian that is silent --- */

struct asking {
    pthread_t thread;
    int status;
};

static void *ask(void *argument)
{
    struct asking *asking = argument;
    asking->status = post(HELLO);
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
#ifndef KC_NO_SANDBOX
    assert_true(has_filter);
#endif
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
    start("");
    snprintf(arguments, sizeof arguments, "--config %s", front.config);
    assert_int_equal(run(arguments), 7); /* the store is the other's */
    mesh_front_kill(&front);
    start("");
    assert_int_equal(post("{}"), 400);
    assert_int_equal(mesh_front_stop(&front), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(each_wrong_head_has_its_status),
        CASE(headers_that_say_nothing_to_us_are_passed_over),
        CASE(each_wrong_body_has_its_status),
        CASE(an_answer_is_json_is_not_cached_and_says_when_to_try_again),
        CASE(one_connection_carries_many_requests),
        CASE(a_chunked_body_is_counted_as_it_comes),
        CASE(a_body_without_end_ends_its_connection),
        CASE(a_client_that_has_said_all_gets_its_answer),
        CASE(a_client_that_drips_loses_its_connection),
        CASE(an_address_that_asks_too_much_is_told_so),
        CASE(an_address_has_its_share_of_connections_alone),
        CASE(more_requests_than_may_wait_are_told_to_come_again),
        CASE(what_is_under_way_is_answered_before_the_end),
        CASE(what_takes_longer_than_the_stop_may_is_given_up),
        CASE(the_process_has_a_user_a_filter_and_no_core_image),
        CASE(the_command_line_is_checked),
        CASE(the_state_is_there_after_a_restart_and_a_second_one_does_not_start),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
