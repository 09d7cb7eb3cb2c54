/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket-hammer [THREADS [ROUNDS]]: many threads share one client, more than may have a request under
 * way, and do all that it offers at once: call, give up, send, receive by number and receive any. The
 * server reads no more than it can answer, answers backwards, and ends a connection now and then. Each
 * request that was sent has one end, which says so or brings its own answer; nobody waits for ever.
 */
#include "tests/socket/caller.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 200
#define ROUNDS 50
#define THREADS_MAX 1000
#define LATE_MS 120000 /* only a thread that was forgotten waits for so long */
#define AT_ONCE 8      /* requests that the server answers backwards */

static size_t rounds;

/* --- the server --- */

static bool is_request_there(int connection)
{
    char octet;
    return recv(connection, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void serve(int connection, size_t requests)
{
    static struct received received[AT_ONCE];
    const int least = 1; /* the kernel's minimum */
    setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    while (requests > 0) {
        size_t count = 0;
        do {
            if (!server_receive(connection, &received[count]))
                return;
        } while (++count < AT_ONCE && count < requests && is_request_there(connection));
        requests -= count;
        while (count > 0)
            answer_random(connection, &received[--count].message);
    }
}

/* A connection's requests are counted, so that some are under way at its end. */
static void *serve_all(void *listener)
{
    unsigned int random = 1;
    int connection;
    while ((connection = accept(*(int *)listener, NULL, NULL)) >= 0) {
        serve(connection, 500 + (size_t)rand_r(&random) % 1000);
        close(connection);
    }
    return NULL;
}

/* --- the threads --- */

static atomic_uint wrong;

static void expect(bool good, const char *what, enum kc_error error)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s\n", what, kc_error_row(error)->name);
    atomic_fetch_add(&wrong, 1);
}

static bool ended(enum kc_error error)
{
    return error == KC_OK || error == KC_ERR_CONNECTION_LOST;
}

static void calls(uint64_t size)
{
    enum kc_error error = call_random(size, size % 2 ? LATE_MS : KC_CLIENT_FOREVER);
    expect(ended(error), "call", error);
}

static void gives_up(uint64_t size)
{
    enum kc_error error = call_random(size, (int)(size % 4));
    expect(ended(error) || error == KC_ERR_TIMED_OUT, "call in no time", error);
}

/* Sends as soon as there is a place; false: the connection was lost. */
static bool sends(uint64_t size, uint64_t *id)
{
    struct kc_client_request request;
    enum kc_error error;
    ask_random(&request, size);
    while ((error = kc_client_send(client, &request, LATE_MS, id)) == KC_ERR_LIMIT)
        calls(size);
    expect(ended(error), "send", error);
    return error == KC_OK;
}

static void sends_and_receives(uint64_t size)
{
    struct kc_client_answer *answer;
    uint64_t id;
    if (!sends(size, &id))
        return;
    enum kc_error error = kc_client_receive(client, id, size % 4 ? LATE_MS : 1, &answer);
    expect(ended(error) || (size % 4 == 0 && error == KC_ERR_TIMED_OUT), "receive", error);
    expect(error != KC_OK || is_random(answer, size), "whose answer it is", error);
    kc_client_answer_free(answer);
}

/* Each of such threads receives as many as it sends, though not the same. */
static void receives_any(uint64_t size)
{
    struct kc_client_answer *answer;
    uint64_t id;
    if (!sends(size, &id))
        return;
    enum kc_error error = kc_client_receive_any(client, LATE_MS, &id, &answer);
    expect(ended(error), "receive any", error);
    expect(id != 0, "its number", error);
    kc_client_answer_free(answer);
}

#define KINDS 4
typedef void work_of_thread(uint64_t size);
static work_of_thread *const by_number[KINDS] = {calls, gives_up, sends_and_receives, calls};
static work_of_thread *const of_any[KINDS] = {calls, gives_up, receives_any, calls};

struct worker {
    pthread_t thread;
    size_t number;
    work_of_thread *works;
};

static void *work(void *argument)
{
    const struct worker *worker = argument;
    for (size_t i = 0; i < rounds; i++)
        worker->works((worker->number * 7 + i) % 1000 + 1);
    return NULL;
}

static void run(size_t threads, work_of_thread *const works[KINDS])
{
    static struct worker workers[THREADS_MAX];
    for (size_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.number = i, .works = works[i % KINDS]};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
}

static size_t argument(char **argv, int argc, int place, size_t otherwise, size_t most)
{
    size_t number = argc > place ? strtoul(argv[place], NULL, 10) : otherwise;
    return number >= 1 && number <= most ? number : otherwise;
}

int main(int argc, char **argv)
{
    size_t threads = argument(argv, argc, 1, THREADS, THREADS_MAX);
    pthread_t serving;
    rounds = argument(argv, argc, 2, ROUNDS, 1000000);
    server_start(&server, (server_script *[]){NULL}); /* for its socket */
    if (kc_client_new(server.path, &client) != KC_OK ||
        pthread_create(&serving, NULL, serve_all, &server.listener) != 0)
        abort();
    run(threads, by_number);
    run(threads, of_any);
    kc_client_free(client);
    shutdown(server.listener, SHUT_RDWR); /* nothing is accepted any more */
    pthread_join(serving, NULL);
    server_stop(&server);
    return atomic_load(&wrong) == 0 ? 0 : 1;
}
