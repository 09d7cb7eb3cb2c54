/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custodian-mesh: the front end of a Mesh service. HTTPS in, the custodian's socket out; its state
 * in a store of its own; no key.
 */
#include "custodian/front/front.h"
#include "custodian/front/listen.h"
#include "custodian/front/sandbox.h"
#include "custodian/log.h"
#include "custodian/store/store.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/custodian/mesh.conf"
#define DESCRIPTORS_BESIDE 64 /* those of the process itself */

struct arguments {
    const char *config;
    bool check;
    int ready_fd; /* -1: none */
};

struct parts {
    struct kc_front_settings settings;
    struct kc_tls *tls;
    int listening;
    struct kc_front_store *store;
    struct kc_custody *custody;
    struct kc_front *front;
    struct kc_http *http;
};

static const char help[] =
    "Usage: custodian-mesh [OPTIONS]\n"
    "\n"
    "To serve the Mesh over HTTPS, in front of a custodian, until SIGTERM or SIGINT.\n"
    "\n"
    "Options:\n"
    "      --config FILE              the configuration (" DEFAULT_CONFIG ")\n"
    "      --check                    say whether the configuration is valid, and end\n"
    "      --ready-fd NUMBER          write the port to this descriptor when clients are served\n"
    "  -h, --help                     explain the command\n"
    "  -V, --version                  print the version\n"
    "\n"
    "Exit status:\n"
    "  0                              stopped by a signal, or the configuration is valid\n"
    "  others                         the class of the error, as custodiand --help has them\n";

/* -1: no number of a descriptor. */
static int read_descriptor(const char *text)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    return errno == 0 && *text && *end == '\0' && number >= 0 && number <= INT_MAX ? (int)number
                                                                                   : -1;
}

/* What whoever started it had open is nothing to it. */
static void close_others(int ready_fd)
{
    unsigned first = STDERR_FILENO + 1, ready = ready_fd >= (int)first ? (unsigned)ready_fd : 0;
    if (ready > first)
        (void)close_range(first, ready - 1, 0);
    (void)close_range(ready ? ready + 1 : first, ~0U, 0);
}

/* Returns the status to end with, or -1. */
static int parse_arguments(int count, char **texts, struct arguments *arguments)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'}, {"ready-fd", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(count, texts, "hV", options, NULL)) != -1) {
        if (option == 'c') {
            arguments->config = optarg;
        } else if (option == 'k') {
            arguments->check = true;
        } else if (option == 'r') {
            arguments->ready_fd = read_descriptor(optarg);
            if (arguments->ready_fd < 0) {
                fputs(help, stderr);
                return KC_CLASS_CALLER;
            }
        } else if (option == 'h') {
            fputs(help, stdout);
            return 0;
        } else if (option == 'V') {
            puts("custodian-mesh " KC_VERSION);
            return 0;
        } else {
            fputs(help, stderr);
            return KC_CLASS_CALLER;
        }
    }
    if (optind == count)
        return -1;
    fputs(help, stderr);
    return KC_CLASS_CALLER;
}

static enum kc_error failed(const char *step, enum kc_error error, const char *detail)
{
    kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("step", step), kc_log_error(error),
        kc_log_text("detail", detail));
    return error;
}

static enum kc_error load(const char *path, struct kc_front_settings *settings)
{
    struct kc_config_problem problem = {""};
    enum kc_error error = kc_front_settings_load(path, settings, &problem);
    return error == KC_OK ? KC_OK : failed("configuration", error, problem.text);
}

static enum kc_error load_tls(struct parts *parts)
{
    struct kc_config_problem problem = {""};
    if (!parts->settings.has_tls)
        return KC_OK;
    enum kc_error error = kc_tls_new(&parts->settings, &parts->tls, &problem);
    return error == KC_OK ? KC_OK : failed("tls", error, problem.text);
}

static enum kc_error become_user(const struct kc_front_settings *settings)
{
    return kc_process_confine(settings->user.name[0] ? &settings->user : NULL);
}

/* --- --check --- */

static int check(struct parts *parts)
{
    enum kc_error error = load_tls(parts);
    if (error == KC_OK && parts->tls) {
        error = become_user(&parts->settings);
        if (error == KC_OK)
            error = kc_tls_check(parts->tls);
        if (error != KC_OK)
            fprintf(stderr, "custodian-mesh: the key of the certificate: %s\n",
                kc_error_row(error)->sentence);
    }
    kc_tls_free(parts->tls);
    if (error == KC_OK)
        puts("valid");
    return error == KC_OK ? 0 : (int)kc_error_row(error)->class;
}

/* --- serving --- */

/* As many descriptors as connections need, as far as may be. */
static void raise_descriptors(const struct kc_front_limits *limits)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)limits->connections + (rlim_t)limits->workers * 2 + DESCRIPTORS_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum kc_error prepare_store(const struct kc_front_settings *settings)
{
    bool drops = geteuid() == 0 && settings->user.name[0];
    enum kc_error error = kc_store_prepare(settings->store, drops ? settings->user.user : geteuid(),
        drops ? settings->user.group : getegid());
    return error == KC_OK ? KC_OK : failed("store", error, settings->store);
}

static enum kc_error open_store(struct parts *parts)
{
    const char *detail = NULL;
    enum kc_error error = kc_front_store_open(
        parts->settings.store, parts->settings.limits.accounts, &parts->store, &detail);
    return error == KC_OK ? KC_OK : failed("store", error, detail);
}

/* What may need the rights of the start: a port below 1024, a folder, the certificate. */
static enum kc_error take_rights(struct parts *parts)
{
    const struct kc_front_settings *settings = &parts->settings;
    raise_descriptors(&settings->limits);
    enum kc_error error = prepare_store(settings);
    if (error == KC_OK)
        error = load_tls(parts);
    if (error != KC_OK)
        return error;
    parts->listening = kc_listen(settings);
    return parts->listening >= 0 ? KC_OK : failed("address", KC_ERR_CONFIG, strerror(errno));
}

static enum kc_error begin_tls(struct parts *parts)
{
    enum kc_error error = parts->tls ? kc_tls_begin(parts->tls) : KC_OK;
    return error == KC_OK ? KC_OK : failed("tls", error, "the key of the certificate");
}

static enum kc_error start(struct parts *parts)
{
    const struct kc_front_settings *settings = &parts->settings;
    enum kc_error error = take_rights(parts);
    if (error == KC_OK)
        error = become_user(settings);
    if (error == KC_OK)
        error = open_store(parts);
    if (error == KC_OK)
        error = begin_tls(parts);
    if (error != KC_OK)
        return error;
    error = kc_custody_new(settings->custodian, settings->service,
        settings->limits.custodian_deadline_ms, &parts->custody);
    if (error == KC_OK)
        error = kc_front_new(settings, parts->store, parts->custody, &parts->front);
    if (error == KC_OK)
        error = kc_http_new(
            settings, parts->listening, parts->tls, kc_front_answer, parts->front, &parts->http);
    if (error == KC_OK)
        error = kc_front_sandbox();
    if (error != KC_OK)
        return failed("threads", error, "");
    kc_http_open(parts->http);
    return KC_OK;
}

static void tell_ready(const struct parts *parts, int ready_fd)
{
    uint16_t port = kc_listen_port(parts->listening);
    kc_log(KC_LOG_NOTICE, "serving", kc_log_text("service", parts->settings.service),
        kc_log_number("port", port));
    if (ready_fd < 0)
        return;
    char line[16];
    int size = snprintf(line, sizeof line, "%u\n", (unsigned)port);
    if (write(ready_fd, line, (size_t)size) != size)
        kc_log(KC_LOG_WARNING, "not-told-ready", kc_log_errno(errno));
    close(ready_fd);
}

/* A terminal that is closed ends nobody's request, and nothing is read again. */
static void wait_for_end(const sigset_t *signals)
{
    int signal = 0;
    while (sigwait(signals, &signal) != 0 || signal == SIGHUP)
        if (signal == SIGHUP)
            kc_log(KC_LOG_NOTICE, "not-read-again",
                kc_log_text("detail", "configuration and certificate are read at the start"));
}

/* Returns just if the start failed. */
static int run(struct parts *parts, int ready_fd)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* of all threads: they are made after it */
    enum kc_error error = start(parts);
    if (error != KC_OK)
        return (int)kc_error_row(error)->class;
    tell_ready(parts, ready_fd);
    wait_for_end(&signals);
    bool all = kc_http_stop(parts->http);
    kc_log(KC_LOG_NOTICE, "stopped", kc_log_text("requests", all ? "answered" : "given up"));
    if (all)
        kc_http_free(parts->http); /* says good-bye to who is still connected */
    _exit(0); /* closing the store would need more system calls than serving; it is synced */
}

int main(int count, char **texts)
{
    static struct parts parts;
    struct arguments arguments = {.config = DEFAULT_CONFIG, .ready_fd = -1};
    int status = parse_arguments(count, texts, &arguments);
    if (status >= 0)
        return status;
    close_others(arguments.ready_fd);
    kc_log_init("mesh");
    mallopt(M_ARENA_MAX, 1); /* others read files in /proc when they shrink */
    enum kc_error error = load(arguments.config, &parts.settings);
    if (error != KC_OK)
        return (int)kc_error_row(error)->class;
    return arguments.check ? check(&parts) : run(&parts, arguments.ready_fd);
}
