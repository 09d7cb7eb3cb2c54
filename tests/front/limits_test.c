/* SPDX-License-Identifier: Apache-2.0 */
/* The front end's limits, each alone: rate, deadlines, workers, a request's head; and what status an
 * error has. */
#include "custodian/front/crowd.h"
#include "custodian/front/deadline.h"
#include "custodian/front/exchange.h"
#include "custodian/front/http.h"
#include "custodian/front/http_check.h"
#include "custodian/front/listen.h"
#include "custodian/front/rate.h"
#include "custodian/front/workers.h"
#include "tests/support/cmocka.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- rate --- */

static struct sockaddr_in four(uint32_t number)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(number)}};
}

static bool take(struct kc_rate *rate, uint32_t number, uint64_t now_ms)
{
    struct sockaddr_in address = four(number);
    return kc_rate_take(rate, (const struct sockaddr *)&address, now_ms);
}

static void an_address_has_its_burst_and_then_its_rate(void **state)
{
    struct kc_rate *rate;
    (void)state;
    assert_int_equal(kc_rate_new(10, 3, &rate), KC_OK);
    for (size_t i = 0; i < 3; i++)
        assert_true(take(rate, 1, 5000));
    assert_false(take(rate, 1, 5000));
    assert_false(take(rate, 1, 5099));
    assert_true(take(rate, 1, 5100));
    assert_false(take(rate, 1, 5100));
    assert_true(take(rate, 2, 5100)); /* another's bucket */
    for (size_t i = 0; i < 3; i++)    /* no more than the burst is saved up */
        assert_true(take(rate, 1, 900000));
    assert_false(take(rate, 1, 900000));
    kc_rate_free(rate);
}

static void one_customer_of_ipv6_is_one_address(void **state)
{
    struct kc_rate *rate;
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    (void)state;
    assert_int_equal(kc_rate_new(1, 1, &rate), KC_OK);
    memset(six.sin6_addr.s6_addr, 0x20, 8);
    assert_true(kc_rate_take(rate, (const struct sockaddr *)&six, 1));
    six.sin6_addr.s6_addr[15] = 7;
    assert_false(kc_rate_take(rate, (const struct sockaddr *)&six, 1));
    six.sin6_addr.s6_addr[7] = 7;
    assert_true(kc_rate_take(rate, (const struct sockaddr *)&six, 1));
    kc_rate_free(rate);
}

static void an_address_of_ipv4_is_the_same_as_a_mapped_one(void **state)
{
    struct kc_rate *rate;
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    (void)state;
    assert_int_equal(kc_rate_new(1, 1, &rate), KC_OK);
    mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
    mapped.sin6_addr.s6_addr[15] = 9;
    assert_true(take(rate, 9, 1));
    assert_false(kc_rate_take(rate, (const struct sockaddr *)&mapped, 1));
    kc_rate_free(rate);
}

static void more_addresses_than_there_is_room_for_are_served(void **state)
{
    struct kc_rate *rate;
    (void)state;
    assert_int_equal(kc_rate_new(1, 1, &rate), KC_OK);
    for (uint32_t i = 1; i <= 100000; i++)
        assert_true(take(rate, i, 1000 + i));
    kc_rate_free(rate);
}

static void a_rate_of_zero_is_none(void **state)
{
    struct kc_rate *rate;
    (void)state;
    assert_int_equal(kc_rate_new(0, 1, &rate), KC_OK);
    for (size_t i = 0; i < 1000; i++)
        assert_true(take(rate, 1, 1));
    kc_rate_free(rate);
}

/* --- connections --- */

static struct sockaddr_in6 six(uint8_t network, uint8_t host)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    memset(address.sin6_addr.s6_addr, 0x20, 7);
    address.sin6_addr.s6_addr[7] = network;
    address.sin6_addr.s6_addr[15] = host;
    return address;
}

static void connections_are_counted_for_each_network_of_ipv6(void **state)
{
    struct kc_crowd *crowd;
    (void)state;
    assert_int_equal(kc_crowd_new(8, 2, &crowd), KC_OK);
    for (uint8_t host = 1; host <= 4; host++) {
        struct sockaddr_in6 own = six(1, host), other = six(2, host);
        assert_true(kc_crowd_admits(crowd, (const struct sockaddr *)&own) == (host <= 2));
        assert_true(kc_crowd_admits(crowd, (const struct sockaddr *)&other));
        if (host <= 2)
            kc_crowd_enter(crowd, host, (const struct sockaddr *)&own);
    }
    struct sockaddr_in6 own = six(1, 99);
    struct sockaddr_in foreign = four(1);
    assert_false(kc_crowd_admits(crowd, (const struct sockaddr *)&own));
    assert_true(kc_crowd_admits(crowd, (const struct sockaddr *)&foreign));
    kc_crowd_leave(crowd, 1);
    assert_true(kc_crowd_admits(crowd, (const struct sockaddr *)&own));
    kc_crowd_leave(crowd, SIZE_MAX); /* one that had no place */
    kc_crowd_enter(crowd, SIZE_MAX, (const struct sockaddr *)&own);
    kc_crowd_free(crowd);
}

/* --- deadlines --- */

/* Waits, as for any event: until the other end is shut down. */
static bool is_ended(int other)
{
    char octet;
    return read(other, &octet, 1) == 0;
}

static void a_connection_that_is_late_is_ended_and_others_are_not(void **state)
{
    struct kc_deadlines *deadlines;
    int late[2], held[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, late), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, held), 0);
    assert_int_equal(kc_deadlines_new(2, 2, &deadlines), KC_OK);
    size_t first = kc_deadline_open(deadlines, held[0]);
    kc_deadline_set(deadlines, first, false);
    size_t second = kc_deadline_open(deadlines, late[0]);
    assert_int_not_equal(first, second);
    assert_int_equal(kc_deadline_open(deadlines, 99), SIZE_MAX); /* there is no third place */
    assert_true(is_ended(late[1]));
    assert_int_equal(write(held[1], "", 1), 1);
    char octet;
    assert_int_equal(read(held[0], &octet, 1), 1);
    kc_deadline_set(deadlines, first, true); /* its time begins again */
    assert_true(is_ended(held[1]));
    kc_deadline_close(deadlines, first);
    kc_deadline_close(deadlines, second);
    kc_deadlines_free(deadlines);
    for (size_t i = 0; i < 2; i++) {
        close(late[i]);
        close(held[i]);
    }
}

static void a_connection_that_was_set_down_is_left_alone(void **state)
{
    struct kc_deadlines *deadlines;
    int closed[2], other[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, closed), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
    assert_int_equal(kc_deadlines_new(2, 1, &deadlines), KC_OK);
    size_t place = kc_deadline_open(deadlines, closed[0]);
    kc_deadline_close(deadlines, place);
    place = kc_deadline_open(deadlines, other[0]);
    assert_true(is_ended(other[1])); /* as long as the first one had */
    assert_int_equal(write(closed[1], "", 1), 1);
    char octet;
    assert_int_equal(read(closed[0], &octet, 1), 1);
    kc_deadline_close(deadlines, place);
    kc_deadlines_free(deadlines);
    for (size_t i = 0; i < 2; i++) {
        close(closed[i]);
        close(other[i]);
    }
}

/* --- workers --- */

static sem_t entered, may_leave;
static size_t done;

static void wait_inside(void *job)
{
    (void)job;
    sem_post(&entered);
    sem_wait(&may_leave);
    __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
}

static void as_many_jobs_wait_as_may_and_all_are_done_before_the_end(void **state)
{
    struct kc_workers *workers;
    (void)state;
    sem_init(&entered, 0, 0);
    sem_init(&may_leave, 0, 0);
    done = 0;
    assert_int_equal(kc_workers_new(2, 3, wait_inside, &workers), KC_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(kc_workers_put(workers, workers), KC_OK);
        sem_wait(&entered);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(kc_workers_put(workers, workers), KC_OK);
    assert_int_equal(kc_workers_put(workers, workers), KC_ERR_LIMIT);
    assert_false(kc_workers_drain(workers, 1)); /* they wait for us */
    assert_int_equal(kc_workers_put(workers, workers), KC_ERR_STOPPING);
    for (size_t i = 0; i < 5; i++)
        sem_post(&may_leave);
    assert_true(kc_workers_drain(workers, 60000));
    assert_int_equal(done, 5);
    kc_workers_free(workers);
}

/* --- the head of a request --- */

static const struct kc_front_settings settings = {.service = "Example.com",
    .hosts = {"mmm.example.com"},
    .host_count = 1,
    .path = "/.well-known/mmm",
    .limits = {.body_size = 1000}};
static const struct kc_http_head good = {.method = "POST",
    .path = "/.well-known/mmm",
    .host = "example.com",
    .content_type = "application/json",
    .content_length = "1000"};

static int check(struct kc_http_head head)
{
    const char *words = NULL;
    int status = kc_http_check(&settings, &head, &words);
    assert_true(status == 0 || words);
    return status;
}

#define WITH(field, value)                                                                         \
    (__extension__({                                                                               \
        struct kc_http_head head = good;                                                           \
        head.field = (value);                                                                      \
        check(head);                                                                               \
    }))

static void a_head_is_checked_in_each_of_its_parts(void **state)
{
    (void)state;
    assert_int_equal(check(good), 0);
    assert_int_equal(WITH(method, "GET"), 405);
    assert_int_equal(WITH(method, "PUT"), 405);
    assert_int_equal(WITH(path, "/.well-known/mmm/"), 0);
    assert_int_equal(WITH(path, "/.well-known/mmm//"), 404);
    assert_int_equal(WITH(path, "/.well-known/mm"), 404);
    assert_int_equal(WITH(path, "/"), 404);
    assert_int_equal(WITH(host, NULL), 400);
    assert_int_equal(WITH(host, "EXAMPLE.COM:8443"), 0);
    assert_int_equal(WITH(host, "mmm.example.com"), 0);
    assert_int_equal(WITH(host, "example.com.evil"), 421);
    assert_int_equal(WITH(host, "example"), 421);
    assert_int_equal(WITH(host, ""), 421);
    assert_int_equal(WITH(host, "example.com."), 0);
    assert_int_equal(WITH(host, "example.com.:8443"), 0);
    assert_int_equal(WITH(host, "example.com.."), 421);
    assert_int_equal(WITH(host, "example.com:84x"), 421);
    assert_int_equal(WITH(host, "user@example.com"), 421);
    assert_int_equal(WITH(path, "https://EXAMPLE.com:8443/.well-known/mmm"), 0);
    assert_int_equal(WITH(path, "HTTP://mmm.example.com/.well-known/mmm/"), 0);
    assert_int_equal(WITH(path, "https://other.example/.well-known/mmm"), 421);
    assert_int_equal(WITH(path, "https://example.com"), 404);
    assert_int_equal(WITH(path, "ftp://example.com/.well-known/mmm"), 404);
    assert_int_equal(WITH(content_type, NULL), 415);
    assert_int_equal(WITH(content_type, "Application/JSON; charset=UTF-8"), 0);
    assert_int_equal(WITH(content_type, "application/json;charset=\"utf-8\""), 0);
    assert_int_equal(WITH(content_type, "application/json; charset=latin1"), 415);
    assert_int_equal(WITH(content_type, "application/jsonp"), 415);
    assert_int_equal(WITH(content_type, "text/plain"), 415);
    assert_int_equal(WITH(content_type, "application/json; charset=utf-8 "), 0);
    assert_int_equal(WITH(content_encoding, "gzip"), 415);
    assert_int_equal(WITH(content_encoding, "Identity"), 0);
    assert_int_equal(WITH(is_ambiguous, true), 400);
    assert_int_equal(WITH(transfer_encoding, "chunked"), 400); /* beside a length */
    assert_int_equal(WITH(transfer_encoding, "gzip, chunked"), 501);
    assert_int_equal(WITH(content_length, NULL), 0); /* chunked: counted as it comes */
    assert_int_equal(WITH(content_length, "1001"), 413);
    assert_int_equal(WITH(content_length, "99999999999999999999"), 413);
    assert_int_equal(WITH(content_length, "-1"), 413);
}

static void a_header_that_counts_is_there_once(void **state)
{
    static const char *const names[] = {"host", "Content-Type", "CONTENT-LENGTH",
        "Content-Encoding", "Transfer-Encoding", "Expect"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct kc_http_head once = {.host = NULL}, cut = {.host = NULL};
        kc_http_head_add(&once, names[i], "value", 5);
        kc_http_head_add(&once, "Accept", "one", 3);
        kc_http_head_add(&once, "Accept", "two", 3);
        assert_false(once.is_ambiguous);
        kc_http_head_add(&once, names[i], "value", 5);
        assert_true(once.is_ambiguous);
        kc_http_head_add(&cut, names[i], "val\0ue", 6);
        assert_true(cut.is_ambiguous);
    }
}

static void a_header_that_is_none_is_noticed_whatever_it_says(void **state)
{
    static const struct {
        const char *name, *value;
        size_t size;
    } cases[] = {{"Content-Length ", "2", 1}, {"X\tUnknown", "a", 1}, {"X-Unknown", "a\0b", 3},
        {"X-Unknown", "a\rHost: b", 9}, {"X-Unknown", "a\n b", 4}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kc_http_head head = {.host = NULL};
        kc_http_head_add(&head, "X-Unknown", "a b", 3);
        assert_false(head.is_ambiguous);
        kc_http_head_add(&head, cases[i].name, cases[i].value, cases[i].size);
        assert_true(head.is_ambiguous);
    }
}

/* --- the start and the stop --- */

static void answer_any(void *context, struct kc_span body, struct kc_front_reply *reply)
{
    (void)context;
    (void)body;
    kc_front_reply_plain(reply, 400, "No");
}

static const struct kc_front_settings plain = {.path = "/mmm",
    .service = "example.com",
    .address = "127.0.0.1",
    .limits = {.connections = 8,
        .connections_per_address = 8,
        .burst = 1,
        .body_size = 1024,
        .pending = 8,
        .workers = 1,
        .request_deadline_s = 600,
        .stop_deadline_ms = 60000}};

static int come(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static int ask(uint16_t port)
{
    static const char request[] = "POST /mmm HTTP/1.1\r\nHost: example.com\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    int client = come(port);
    assert_int_equal(send(client, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    return client;
}

static uint16_t start(kc_http_answer answer, struct kc_http **http)
{
    int listening = kc_listen(&plain);
    assert_true(listening >= 0);
    uint16_t port = kc_listen_port(listening);
    assert_int_equal(kc_http_new(&plain, listening, NULL, answer, NULL, http), KC_OK);
    return port;
}

/* A front end that is not open, and a client of it that has asked. */
static int come_early(struct kc_http **http)
{
    return ask(start(answer_any, http));
}

static void who_comes_before_the_start_is_through_is_served_after_it(void **state)
{
    struct kc_http *http;
    char answer[16] = "";
    (void)state;
    int client = come_early(&http);
    struct pollfd wanted = {.fd = client, .events = POLLIN};
    assert_int_equal(poll(&wanted, 1, 100), 0); /* neither answered nor sent away */
    kc_http_open(http);
    assert_int_equal(recv(client, answer, 12, MSG_WAITALL), 12);
    assert_string_equal(answer, "HTTP/1.1 400");
    close(client);
    assert_true(kc_http_stop(http));
    kc_http_free(http);
}

static void a_start_that_is_given_up_holds_nobody(void **state)
{
    struct kc_http *http;
    char octet;
    (void)state;
    int client = come_early(&http);
    kc_http_free(http);
    assert_true(recv(client, &octet, 1, 0) <= 0);
    close(client);
}

static void answer_late(void *context, struct kc_span body, struct kc_front_reply *reply)
{
    sem_post(&entered);
    sem_wait(&may_leave);
    answer_any(context, body, reply);
}

/* libmicrohttpd calls this one: its threads wait for events with sets of their own. */
static pthread_t meddler;
static atomic_bool is_watched, has_meddled;
__attribute__((visibility("default"))) int epoll_ctl(
    int set, int operation, int file, struct epoll_event *event)
{
    if (atomic_load(&is_watched) && pthread_equal(pthread_self(), meddler))
        atomic_store(&has_meddled, true);
    return (int)syscall(SYS_epoll_ctl, set, operation, file, event);
}

static void *stop(void *http)
{
    meddler = pthread_self();
    atomic_store(&is_watched, true);
    bool all = kc_http_stop(http);
    atomic_store(&is_watched, false);
    return all ? http : NULL;
}

/* Who stops it leaves the library's sets alone: they are changed by the threads that use them. */
static void who_comes_while_it_stops_is_sent_away_and_who_is_there_is_answered(void **state)
{
    struct kc_http *http;
    pthread_t stopping;
    void *all;
    char answer[16] = "";
    (void)state;
    assert_int_equal(sem_init(&entered, 0, 0), 0);
    assert_int_equal(sem_init(&may_leave, 0, 0), 0);
    uint16_t port = start(answer_late, &http);
    kc_http_open(http);
    int first = ask(port);
    sem_wait(&entered);
    assert_int_equal(pthread_create(&stopping, NULL, stop, http), 0);
    for (bool is_away = false; !is_away;) { /* once the stop has begun */
        struct pollfd late = {.fd = come(port), .events = POLLIN};
        is_away = poll(&late, 1, 50) == 1;
        close(late.fd);
    }
    sem_post(&may_leave);
    assert_int_equal(recv(first, answer, 12, MSG_WAITALL), 12);
    assert_string_equal(answer, "HTTP/1.1 400");
    assert_int_equal(pthread_join(stopping, &all), 0);
    assert_ptr_equal(all, http);
    assert_false(atomic_load(&has_meddled));
    close(first);
    kc_http_free(http);
}

/* --- what a request is told --- */

/* It can be the requester's fault alone, and 503 would have him send it again for ever. */
static void whose_fault_an_error_is_is_told_by_its_status(void **state)
{
    (void)state;
    assert_int_equal(kc_exchange_status(KC_ERR_CONTRIBUTION), 400);
    assert_int_equal(kc_exchange_status(KC_ERR_BAD_ARGUMENT), 400);
    assert_int_equal(kc_exchange_status(KC_ERR_SIGNATURE), 401);
    assert_int_equal(kc_exchange_status(KC_ERR_REFUSED), 403);
    assert_int_equal(kc_exchange_status(KC_ERR_CONFLICT), 409);
    assert_int_equal(kc_exchange_status(KC_ERR_CONNECTION_LOST), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_its_burst_and_then_its_rate),
        cmocka_unit_test(one_customer_of_ipv6_is_one_address),
        cmocka_unit_test(an_address_of_ipv4_is_the_same_as_a_mapped_one),
        cmocka_unit_test(connections_are_counted_for_each_network_of_ipv6),
        cmocka_unit_test(more_addresses_than_there_is_room_for_are_served),
        cmocka_unit_test(a_rate_of_zero_is_none),
        cmocka_unit_test(a_connection_that_is_late_is_ended_and_others_are_not),
        cmocka_unit_test(a_connection_that_was_set_down_is_left_alone),
        cmocka_unit_test(as_many_jobs_wait_as_may_and_all_are_done_before_the_end),
        cmocka_unit_test(a_head_is_checked_in_each_of_its_parts),
        cmocka_unit_test(a_header_that_counts_is_there_once),
        cmocka_unit_test(a_header_that_is_none_is_noticed_whatever_it_says),
        cmocka_unit_test(who_comes_before_the_start_is_through_is_served_after_it),
        cmocka_unit_test(a_start_that_is_given_up_holds_nobody),
        cmocka_unit_test(who_comes_while_it_stops_is_sent_away_and_who_is_there_is_answered),
        cmocka_unit_test(whose_fault_an_error_is_is_told_by_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
