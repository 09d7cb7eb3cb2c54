/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/http.h"

#include "custodian/front/crowd.h"
#include "custodian/front/deadline.h"
#include "custodian/front/early.h"
#include "custodian/front/http_check.h"
#include "custodian/front/rate.h"
#include "custodian/front/workers.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 4             /* that read and write connections */
#define HEAD_SIZE ((size_t)16384) /* octets that libmicrohttpd has for a request's head */
#define BODY_START ((size_t)4096) /* octets of room for a body that does not say its size */
#define DISCARDED_MAX 128         /* bodies' worth of octets that are read after the limit */
#define RETRY_BUSY_S 1
#define TOO_LARGE "The request is too large"

struct kc_http {
    const struct kc_front_settings *settings;
    kc_http_answer answer;
    void *context;
    struct MHD_Daemon *daemon;
    struct kc_workers *workers;
    struct kc_deadlines *deadlines;
    struct kc_crowd *crowd;
    struct kc_rate *rate;
    atomic_bool open, stopping;
    pthread_mutex_t lock;
    pthread_cond_t opened, none;
    bool is_ending;
    size_t visits; /* requests from their head to their answer's last octet */
};

/* A request under way. */
struct visit {
    struct kc_http *http;
    struct MHD_Connection *connection;
    uint8_t *body;
    size_t size, room;
    size_t discarded;
    bool is_told;    /* that it is too large, before it was there */
    bool is_refused; /* which it is told when it is there */
    bool given;      /* to the workers */
    struct kc_front_reply reply;
};

/* --- answers --- */

void kc_front_reply_done(struct kc_front_reply *reply)
{
    free(reply->text);
    *reply = (struct kc_front_reply){.status = 0};
}

void kc_front_reply_plain(struct kc_front_reply *reply, int status, const char *description)
{
    char *text = NULL;
    int size = asprintf(&text, "{\"MeshResponse\":{\"Status\":%d,\"StatusDescription\":\"%s\"}}",
        status, description);
    free(reply->text);
    *reply = (struct kc_front_reply){.status = status,
        .text = size >= 0 ? text : NULL,
        .size = size >= 0 ? (size_t)size : 0,
        .retry_after = status == 503 || status == 429 ? RETRY_BUSY_S : 0};
}

static void add_headers(struct visit *visit, struct MHD_Response *response)
{
    char seconds[16];
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (visit->reply.status == 405)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "POST");
    if (visit->reply.retry_after) {
        snprintf(seconds, sizeof seconds, "%u", visit->reply.retry_after);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    if (atomic_load(&visit->http->stopping))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* The text goes to libmicrohttpd, which frees it. */
static enum MHD_Result send_reply(struct visit *visit)
{
    struct kc_front_reply *reply = &visit->reply;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->text ? reply->size : 0, reply->text, MHD_RESPMEM_MUST_FREE);
    if (!response)
        return MHD_NO;
    reply->text = NULL;
    add_headers(visit, response);
    enum MHD_Result result =
        MHD_queue_response(visit->connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct visit *visit, int status, const char *words)
{
    kc_front_reply_plain(&visit->reply, status, words);
    return send_reply(visit);
}

/* --- a connection --- */

static uint64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Whoever comes while the start is not through waits for that: all threads may, as nobody else is
 * there. False: it was given up. */
static bool wait_until_open(struct kc_http *http)
{
    pthread_mutex_lock(&http->lock);
    while (!atomic_load(&http->open) && !http->is_ending)
        pthread_cond_wait(&http->opened, &http->lock);
    pthread_mutex_unlock(&http->lock);
    return atomic_load(&http->open);
}

/* A handshake costs the custodian a signature: an address that has asked too much gets none. */
static enum MHD_Result may_connect(void *context, const struct sockaddr *address, socklen_t size)
{
    struct kc_http *http = context;
    (void)size;
    bool may = (atomic_load(&http->open) || wait_until_open(http)) &&
               !atomic_load(&http->stopping) && kc_rate_has(http->rate, address, now_ms()) &&
               kc_crowd_admits(http->crowd, address);
    return may ? MHD_YES : MHD_NO;
}

static size_t place_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? (size_t)(uintptr_t)info->socket_context - 1 : SIZE_MAX;
}

static void connection_changed(void *context, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct kc_http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        size_t place = kc_deadline_open(http->deadlines, info->connect_fd);
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): a number where the library keeps a pointer */
        *socket_context = (void *)(uintptr_t)(place + 1);
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        kc_crowd_enter(http->crowd, place, info->client_addr);
    } else {
        size_t place = (size_t)(uintptr_t)*socket_context - 1;
        kc_crowd_leave(http->crowd, place);
        kc_deadline_close(http->deadlines, place);
    }
}

/* --- a request --- */

static bool take_token(struct kc_http *http, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return !info || kc_rate_take(http->rate, info->client_addr, now_ms());
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
    size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    (void)name_size;
    if (value)
        kc_http_head_add(context, name, value, value_size);
    return MHD_YES;
}

static struct visit *visit_new(struct kc_http *http, struct MHD_Connection *connection)
{
    struct visit *visit = calloc(1, sizeof *visit);
    if (!visit)
        return NULL;
    visit->http = http;
    visit->connection = connection;
    pthread_mutex_lock(&http->lock);
    http->visits++;
    pthread_mutex_unlock(&http->lock);
    return visit;
}

/* Whoever sends on regardless sees the answer only if the connection is not reset meanwhile: so what
 * comes is read and dropped, for a while. */
static enum MHD_Result tell_too_large(struct visit *visit)
{
    visit->is_told = true;
    kc_early_answer(visit->connection, 413, TOO_LARGE);
    return MHD_YES;
}

/* For the same reason a refusal waits for a body that is on its way, if its end can be known. */
static enum MHD_Result refuse_head(
    struct visit *visit, const struct kc_http_head *head, int status, const char *words)
{
    bool has_body = head->content_length || head->transfer_encoding;
    if (status == 413 && !head->expect)
        return tell_too_large(visit);
    if (status == 400 || status == 501 || head->expect || !has_body)
        return refuse(visit, status, words);
    visit->is_refused = true;
    kc_front_reply_plain(&visit->reply, status, words);
    return MHD_YES;
}

/* The first call for a request: its head is there. */
static enum MHD_Result begin(struct visit *visit, const char *path, const char *method)
{
    const char *words = NULL;
    struct kc_http_head head = {.method = method, .path = path};
    (void)MHD_get_connection_values_n(visit->connection, MHD_HEADER_KIND, add_header, &head);
    int status = kc_http_check(visit->http->settings, &head, &words);
    if (atomic_load(&visit->http->stopping)) {
        status = 503;
        words = "The service is stopping";
    } else if (!take_token(visit->http, visit->connection)) {
        status = 429;
        words = "Too many requests";
    }
    return status ? refuse_head(visit, &head, status, words) : MHD_YES;
}

/* Keeps what came of the body. */
static enum MHD_Result collect(struct visit *visit, const char *octets, size_t size)
{
    size_t limit = visit->http->settings->limits.body_size;
    if (!visit->is_told && !visit->is_refused && size > limit - visit->size)
        (void)tell_too_large(visit);
    if (visit->is_told || visit->is_refused) {
        visit->discarded += size;
        return visit->discarded <= DISCARDED_MAX * limit ? MHD_YES : MHD_NO;
    }
    if (size > visit->room - visit->size) {
        size_t room = visit->room ? 2 * visit->room : BODY_START;
        while (room < visit->size + size)
            room *= 2;
        uint8_t *more = realloc(visit->body, room);
        if (!more)
            return MHD_NO;
        visit->body = more;
        visit->room = room;
    }
    memcpy(visit->body + visit->size, octets, size);
    visit->size += size;
    return MHD_YES;
}

/* In a worker. After the connection is resumed the visit is another thread's. */
static void work(void *job)
{
    struct visit *visit = job;
    visit->http->answer(
        visit->http->context, (struct kc_span){visit->body, visit->size}, &visit->reply);
    MHD_resume_connection(visit->connection);
}

static enum MHD_Result give(struct visit *visit)
{
    struct kc_http *http = visit->http;
    kc_deadline_set(http->deadlines, place_of(visit->connection), false);
    if (visit->is_told)
        return MHD_NO; /* nothing is left but to close the connection */
    if (visit->is_refused)
        return send_reply(visit);
    visit->given = true;
    MHD_suspend_connection(visit->connection);
    enum kc_error error = kc_workers_put(http->workers, visit);
    if (error != KC_OK) {
        kc_front_reply_plain(&visit->reply, 503,
            error == KC_ERR_STOPPING ? "The service is stopping" : "Too many requests are pending");
        MHD_resume_connection(visit->connection);
    }
    return MHD_YES;
}

static enum MHD_Result serve(void *context, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *octets, size_t *size, void **visited)
{
    struct visit *visit = *visited;
    (void)version;
    if (!visit) {
        *visited = visit = visit_new(context, connection);
        return visit ? begin(visit, path, method) : MHD_NO;
    }
    if (*size > 0) {
        size_t came = *size;
        *size = 0;
        return collect(visit, octets, came);
    }
    if (!visit->given)
        return give(visit);
    kc_deadline_set(visit->http->deadlines, place_of(connection), true);
    return send_reply(visit);
}

static void completed(void *context, struct MHD_Connection *connection, void **visited,
    enum MHD_RequestTerminationCode code)
{
    struct kc_http *http = context;
    struct visit *visit = *visited;
    (void)code;
    if (!visit)
        return;
    kc_deadline_set(http->deadlines, place_of(connection), true);
    kc_front_reply_done(&visit->reply);
    free(visit->body);
    free(visit);
    *visited = NULL;
    pthread_mutex_lock(&http->lock);
    if (--http->visits == 0)
        pthread_cond_broadcast(&http->none);
    pthread_mutex_unlock(&http->lock);
}

/* --- life --- */

static unsigned thread_count(const struct kc_front_settings *settings)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = cores > 1 ? (unsigned)cores : 1;
    count = count < THREADS_MAX ? count : THREADS_MAX;
    return count < settings->limits.connections ? count : 1;
}

/* Only the front end logs, and it is told what matters by status codes. */
static void say_nothing(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

/* What is no text is not taken for the text before it: as it stands it is no path of ours. */
static size_t unescape(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

static struct MHD_Daemon *start(struct kc_http *http, int listening, bool has_tls)
{
    const struct kc_front_limits *limits = &http->settings->limits;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem tls[] = {
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): the library does not write to it */
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)KC_TLS_PRIORITIES},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, kc_tls_callback()}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned threads = thread_count(http->settings);

    return MHD_start_daemon(flags | (has_tls ? MHD_USE_TLS : 0U), 0, may_connect, http, serve, http,
        MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_THREAD_POOL_SIZE,
        threads > 1 ? threads : 0U, MHD_OPTION_CONNECTION_LIMIT, (unsigned)limits->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)limits->request_deadline_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_SIZE, MHD_OPTION_NOTIFY_CONNECTION,
        connection_changed, http, MHD_OPTION_NOTIFY_COMPLETED, completed, http, MHD_OPTION_ARRAY,
        has_tls ? tls : none, MHD_OPTION_END);
}

static void init_locks(struct kc_http *http)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&http->lock, NULL);
    pthread_cond_init(&http->opened, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&http->none, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum kc_error kc_http_new(const struct kc_front_settings *settings, int listening,
    const struct kc_tls *tls, kc_http_answer answer, void *context, struct kc_http **http)
{
    const struct kc_front_limits *limits = &settings->limits;
    struct kc_http *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->settings = settings;
    made->answer = answer;
    made->context = context;
    init_locks(made);
    enum kc_error error = kc_rate_new(limits->rate, limits->burst, &made->rate);
    if (error == KC_OK)
        error = kc_deadlines_new(limits->connections, limits->request_deadline_s, &made->deadlines);
    if (error == KC_OK)
        error = kc_crowd_new(limits->connections, limits->connections_per_address, &made->crowd);
    if (error == KC_OK)
        error = kc_workers_new(limits->workers, limits->pending, work, &made->workers);
    if (error == KC_OK && !(made->daemon = start(made, listening, tls != NULL)))
        error = KC_ERR_NO_MEMORY;
    if (error != KC_OK) {
        kc_http_free(made);
        return error;
    }
    *http = made;
    return KC_OK;
}

void kc_http_open(struct kc_http *http)
{
    pthread_mutex_lock(&http->lock);
    atomic_store(&http->open, true);
    pthread_cond_broadcast(&http->opened);
    pthread_mutex_unlock(&http->lock);
}

/* Waits until every answer has left. */
static bool wait_for_visits(struct kc_http *http)
{
    uint32_t ms = http->settings->limits.stop_deadline_ms;
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000 + (until.tv_nsec / 1000000 + ms % 1000) / 1000;
    until.tv_nsec = (until.tv_nsec + (long)(ms % 1000) * 1000000) % 1000000000;
    pthread_mutex_lock(&http->lock);
    while (late == 0 && http->visits > 0)
        late = pthread_cond_timedwait(&http->none, &http->lock, &until);
    bool none = http->visits == 0;
    pthread_mutex_unlock(&http->lock);
    return none;
}

/* The listening socket stays with the library until its threads have ended: MHD_quiesce_daemon, which
 * would take it away, races with them, and ends the process if it loses. */
bool kc_http_stop(struct kc_http *http)
{
    uint64_t until = now_ms() + http->settings->limits.stop_deadline_ms;
    atomic_store(&http->stopping, true);
    bool all = wait_for_visits(http);
    uint64_t now = now_ms();
    bool idle = kc_workers_drain(http->workers, now < until ? (uint32_t)(until - now) : 0);
    return idle && all;
}

void kc_http_free(struct kc_http *http)
{
    if (!http)
        return;
    pthread_mutex_lock(&http->lock);
    http->is_ending = true;
    pthread_cond_broadcast(&http->opened);
    pthread_mutex_unlock(&http->lock);
    kc_workers_free(http->workers);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    kc_deadlines_free(http->deadlines);
    kc_crowd_free(http->crowd);
    kc_rate_free(http->rate);
    pthread_cond_destroy(&http->opened);
    pthread_cond_destroy(&http->none);
    pthread_mutex_destroy(&http->lock);
    free(http);
}
