/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front end as the network finds it, over plain HTTP on a loopback address. The custodian is
 * absent.
 */
#include "tests/front/mesh_front.h"
#include "tests/front/web.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELLO "{\"HelloRequest\":{}}"
#define HEAD(path, type) "POST " path " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " type "\r\n"
#define GOOD HEAD("/.well-known/mmm", "application/json")

static struct mesh_front front;

static int set_up(void **state)
{
    (void)state;
    mesh_front_init(&front);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mesh_front_done(&front);
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
        {GOOD "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n", 413},
        {GOOD "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
        {GOOD "Host: other.example\r\nContent-Length: 2\r\n\r\n{}", 400},
        {GOOD "Transfer-Encoding: gzip\r\n\r\n", 501},
        {GOOD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400},
        {GOOD "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 415},
        {HEAD("/.well-known/mmm%00", "application/json") "Content-Length: 2\r\n\r\n{}", 404},
        {HEAD("/.well-known/mmm?query", "application/json") "Content-Length: 2\r\n\r\n{}", 400},
        {HEAD(
             "https://localhost/.well-known/mmm", "application/json") "Content-Length: 2\r\n\r\n{}",
            400},
        {HEAD("http://other.example/.well-known/mmm",
             "application/json") "Content-Length: 2\r\n\r\n{}",
            421},
        {GOOD "Content-Length : 19\r\n\r\n" HELLO, 400},
        {GOOD "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400},
        {GOOD "X-Unknown: a\rContent-Length: 2\r\nContent-Length: 19\r\n\r\n" HELLO, 400},
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
        int status = web_post_status(front.port, cases[i].body);
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

/* It is told so before all of it is there, and can read that though it goes on for a while. */
static void a_body_without_end_is_refused_and_ends_its_connection(void **state)
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
    assert_int_equal(answer.status, 413);
    assert_non_null(strstr(answer.body, "\"Status\":413"));
    web_answer_done(&answer);
    web_close(&web);
}

/* Who sends all of it before reading finds the answer too, of whatever length it said that it is. */
static void a_body_that_is_too_large_is_refused_to_who_sends_it_all(void **state)
{
    static char body[300000];
    (void)state;
    start("rate = 0; body_size = 4096;");
    memset(body, ' ', sizeof body);
    for (size_t i = 0; i < 20; i++) {
        struct web web;
        struct web_answer answer;
        web_open(&web, front.port, NULL);
        web_post(&web, body, sizeof body, &answer);
        assert_int_equal(answer.status, 413);
        web_answer_done(&answer);
        web_close(&web);
    }
}

/* And who is refused for something else: also on a connection that it uses again. */
static void a_refusal_reaches_who_sends_a_body_first(void **state)
{
    static const char head[] = HEAD("/other", "application/json") "Content-Length: 120000\r\n\r\n";
    static char body[120000];
    struct web web;
    (void)state;
    start("rate = 0;");
    memset(body, ' ', sizeof body);
    web_open(&web, front.port, NULL);
    for (size_t i = 0; i < 20; i++) {
        struct web_answer answer;
        assert_true(web_write(&web, head, sizeof head - 1));
        assert_true(web_write(&web, body, sizeof body));
        web_read(&web, &answer);
        assert_int_equal(answer.status, 404);
        web_answer_done(&answer);
    }
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
    web_open(&web, front.port, NULL);
    bool goes_on = web_write(&web, text, strlen(text));
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
    size_t asked = 0;
    (void)state;
    start("rate = 1; burst = 5;");
    web_open(&web, front.port, NULL);
    for (; asked < 600 && last == 503; asked++) { /* a second that passes lets one more through */
        web_post(&web, HELLO, strlen(HELLO), &answer);
        last = answer.status;
        if (last == 429)
            assert_non_null(strstr(answer.head, "Retry-After: "));
        web_answer_done(&answer);
    }
    assert_int_equal(last, 429);
    assert_true(asked > 5);
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
        CASE(a_body_without_end_is_refused_and_ends_its_connection),
        CASE(a_body_that_is_too_large_is_refused_to_who_sends_it_all),
        CASE(a_refusal_reaches_who_sends_a_body_first),
        CASE(a_client_that_has_said_all_gets_its_answer),
        CASE(a_client_that_drips_loses_its_connection),
        CASE(an_address_that_asks_too_much_is_told_so),
        CASE(an_address_has_its_share_of_connections_alone),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
