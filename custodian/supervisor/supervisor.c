/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custodiand: starts the processes of the custodian, starts again what dies, and stops them in
 * order. It reads its configuration and what its own children say; it never reads from a client.
 */
#include "custodian/log.h"
#include "custodian/supervisor/children.h"
#include "custodian/supervisor/configuration.h"
#include "custodian/supervisor/rights.h"
#include "custodian/supervisor/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MARGIN_MS 2000 /* for a process to end after its requests have */

/* --- the architecture: every process, and every edge between two of them --- */

static const struct kc_process_row processes[KC_PROCESSES] = {
    /* reads what clients send, keeps the store; holds no secrets */
    [KC_PROCESS_DESK] = {"desk", "custodian-desk", NULL},
    /* decides, and is alone in holding secrets */
    [KC_PROCESS_VAULT] = {"vault", "custodian-vault", NULL},
    /* each talks with one hardware root; never sees the store */
    [KC_PROCESS_ROOT] = {"root", "custodian-root", NULL},
    [KC_PROCESS_ROOT_2] = {"root-2", "custodian-root", "1"},
    [KC_PROCESS_ROOT_3] = {"root-3", "custodian-root", "2"},
    [KC_PROCESS_ROOT_4] = {"root-4", "custodian-root", "3"},
    /* carries the vault's questions to other custodians; holds no secrets */
    [KC_PROCESS_COURIER] = {"courier", "custodian-courier", NULL},
    /* lets other custodians ask here over TLS: a client of the desk's socket, as the users that the
     * configuration gives them, for each of which it has a process that connects (listener/relay.h) */
    [KC_PROCESS_LISTENER] = {"listener", "custodian-listener", NULL},
};

static const struct kc_edge_row edges[KC_EDGES] = {
    [KC_EDGE_DESK_VAULT] = {{{KC_PROCESS_DESK, KC_FD_DESK_VAULT},
        {KC_PROCESS_VAULT, KC_FD_VAULT_DESK}}},
    [KC_EDGE_VAULT_ROOT] = {{{KC_PROCESS_VAULT, KC_FD_VAULT_ROOT},
        {KC_PROCESS_ROOT, KC_FD_ROOT_VAULT}}},
    [KC_EDGE_VAULT_ROOT_2] = {{{KC_PROCESS_VAULT, KC_FD_VAULT_ROOT + 1},
        {KC_PROCESS_ROOT_2, KC_FD_ROOT_VAULT}}},
    [KC_EDGE_VAULT_ROOT_3] = {{{KC_PROCESS_VAULT, KC_FD_VAULT_ROOT + 2},
        {KC_PROCESS_ROOT_3, KC_FD_ROOT_VAULT}}},
    [KC_EDGE_VAULT_ROOT_4] = {{{KC_PROCESS_VAULT, KC_FD_VAULT_ROOT + 3},
        {KC_PROCESS_ROOT_4, KC_FD_ROOT_VAULT}}},
    [KC_EDGE_DESK_COURIER] = {{{KC_PROCESS_DESK, KC_FD_DESK_COURIER},
        {KC_PROCESS_COURIER, KC_FD_COURIER_DESK}}},
};

/* Who answers for others starts first and stops last. */
static const enum kc_process start_order[KC_PROCESSES] = {KC_PROCESS_ROOT, KC_PROCESS_ROOT_2,
    KC_PROCESS_ROOT_3, KC_PROCESS_ROOT_4, KC_PROCESS_VAULT, KC_PROCESS_COURIER, KC_PROCESS_DESK,
    KC_PROCESS_LISTENER};

/* The custodian serves without it, and keeps trying to start it: a root beside the first. */
static bool is_spare(enum kc_process process)
{
    return process >= KC_PROCESS_ROOT_2 && process <= KC_PROCESS_ROOT_4;
}

/* A process that has nothing to do is not started, and counts as ready. */
static void leave_out(struct kc_children *children, enum kc_process process)
{
    children->child[process].restart_at_ms = UINT64_MAX;
    children->child[process].ready = true;
}

/* --- options --- */

struct options {
    const char *config;
    bool check, provision;
    int ready; /* descriptor; -1: none */
};

static const char help[] =
    "Usage: custodiand [OPTIONS]\n"
    "\n"
    "To run a key custodian, until SIGTERM or SIGINT. SIGHUP makes it read keyrings and policy "
    "again.\n"
    "\n"
    "Options:\n"
    "      --config FILE              the configuration (" KC_DEFAULT_CONFIG ")\n"
    "      --check                    say whether the configuration is valid, and end\n"
    "      --provision                pin the hardware roots of this host, and end\n"
    "      --ready-fd NUMBER          write one octet to this descriptor when clients are served\n"
    "  -h, --help                     explain the command\n"
    "  -V, --version                  print the version\n"
    "\n"
    "Exit status:\n"
    "  0                              done\n"
    "  1                              the custodian itself failed\n"
    "  2                              the command is wrong\n"
    "  6                              the hardware root\n"
    "  7                              the store\n"
    "  8                              the installation\n";

static const struct option option_rows[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, 'k'},
    {"provision", no_argument, NULL, 'p'},
    {"ready-fd", required_argument, NULL, 'r'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void usage(void)
{
    fputs(help, stderr);
    exit(KC_CLASS_CALLER);
}

static int read_descriptor(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number <= STDERR_FILENO || number > 1023 ||
        fcntl((int)number, F_GETFD) < 0)
        usage();
    return (int)number;
}

static void say_and_end(const char *text)
{
    fputs(text, stdout);
    exit(0);
}

static struct options read_options(int count, char **values)
{
    struct options options = {.config = KC_DEFAULT_CONFIG, .ready = -1};
    int option;

    while ((option = getopt_long(count, values, "hV", option_rows, NULL)) >= 0) {
        switch (option) {
        case 'c':
            options.config = optarg;
            break;
        case 'k':
            options.check = true;
            break;
        case 'p':
            options.provision = true;
            break;
        case 'r':
            options.ready = read_descriptor(optarg);
            break;
        case 'V':
            say_and_end("custodiand " KC_VERSION "\n");
            break;
        case 'h':
            say_and_end(help);
            break;
        default:
            usage();
        }
    }
    if (optind != count || (options.check && options.provision))
        usage();
    return options;
}

/* --- the configuration --- */

static int check(enum kc_error error, const struct kc_config_problem *problem)
{
    if (error == KC_OK)
        puts("the configuration is valid");
    else
        printf("%s\n", *problem->text ? problem->text : kc_error_row(error)->sentence);
    return (int)kc_error_row(error)->class;
}

/* --- running --- */

struct supervisor {
    struct kc_children children;
    const char *path; /* of the configuration */
    struct kc_config *config;
    int signals;
    int ready;   /* descriptor of --ready-fd; -1: none, or written */
    bool served; /* all processes have been ready once */
    bool stopping;
    int status; /* of our own end */
};

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A process that ends by itself before the custodian ever served could not start: starting it again
 * would not help, and the reason is in the log. */
static void note_end(struct supervisor *s, enum kc_process process, int status)
{
    bool by_signal = WIFSIGNALED(status);
    int number = by_signal ? WTERMSIG(status) : WEXITSTATUS(status);

    kc_log(s->stopping ? KC_LOG_INFO : KC_LOG_ERROR, "process-ended",
        kc_log_text("name", processes[process].name),
        kc_log_number(by_signal ? "signal" : "status", (uint64_t)number));
    kc_children_ended(&s->children, process);
    if (!s->served && !s->stopping && !is_spare(process)) {
        s->status = by_signal || number == 0 ? KC_CLASS_INTERNAL : number;
        s->stopping = true;
    }
}

static void reap(struct supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        enum kc_process process = kc_children_find(&s->children, pid);
        if (process < KC_PROCESSES)
            note_end(s, process, status);
    }
}

/* The vault decides by keyrings and policy, courier and listener know the other custodians: they are
 * started again with what is new. */
static void reload(struct supervisor *s)
{
    struct kc_config_problem problem = {""};
    struct kc_config *config = NULL;
    int sealed = -1;
    enum kc_error error = kc_configuration_load(s->path, &config, &sealed, &problem);
    if (error == KC_OK)
        error = kc_configuration_check_change(s->config, config, &problem);
    if (error != KC_OK) {
        kc_log(KC_LOG_ERROR, "reload-refused", kc_log_error(error),
            kc_log_text("detail", problem.text));
        kc_config_free(config);
        if (sealed >= 0)
            close(sealed);
        return;
    }
    kc_log(KC_LOG_NOTICE, "reloaded", kc_log_number("keyrings", config->policy.keyring_count));
    kc_config_free(s->config);
    close(s->children.config);
    s->config = config;
    s->children.config = sealed;
    kc_children_stop(&s->children, KC_PROCESS_VAULT);
    kc_children_stop(&s->children, KC_PROCESS_COURIER);
    kc_children_stop(&s->children, KC_PROCESS_LISTENER);
}

static void read_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        if (info.ssi_signo == SIGHUP) {
            if (s->served && !s->stopping)
                reload(s);
            continue;
        }
        kc_log(KC_LOG_NOTICE, "stopping", kc_log_number("signal", info.ssi_signo));
        s->stopping = true;
    }
    reap(s);
}

static void tell_ready(struct supervisor *s)
{
    static const char octet = '\n';

    for (size_t i = 0; i < KC_PROCESSES; i++)
        if (!s->children.child[i].ready && !is_spare((enum kc_process)i))
            return;
    if (s->served)
        return;
    s->served = true;
    kc_log(KC_LOG_NOTICE, "ready", kc_log_text("socket", s->config->socket),
        kc_log_text("users", kc_config_users_text(s->config)));
    if (s->ready < 0)
        return;
    ssize_t ignored = write(s->ready, &octet, 1);
    (void)ignored;
    close(s->ready);
    s->ready = -1;
}

/* The one thing that a process says is that it is ready. */
static void read_control(struct supervisor *s, struct kc_child *child)
{
    uint8_t octet;
    ssize_t size = recv(child->control, &octet, sizeof octet, MSG_DONTWAIT);
    if (size == sizeof octet) {
        child->ready = true;
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(child->control); /* its end is being reaped */
        child->control = -1;
    }
    tell_ready(s);
}

static int wait_for(struct supervisor *s, uint64_t deadline_ms)
{
    struct pollfd waits[1 + KC_PROCESSES] = {{.fd = s->signals, .events = POLLIN}};
    uint64_t now = kc_children_now_ms();
    int timeout = deadline_ms == UINT64_MAX ? -1
                  : deadline_ms <= now      ? 0
                                            : (int)(deadline_ms - now);

    for (size_t i = 0; i < KC_PROCESSES; i++)
        waits[1 + i] = (struct pollfd){.fd = s->children.child[i].control, .events = POLLIN};
    int count = poll(waits, 1 + KC_PROCESSES, timeout);
    if (count <= 0)
        return count;
    for (size_t i = 0; i < KC_PROCESSES; i++)
        if (waits[1 + i].revents)
            read_control(s, &s->children.child[i]);
    if (waits[0].revents)
        read_signals(s);
    return count;
}

/* Starts what is due; returns when the next one is. */
static uint64_t start_due(struct supervisor *s)
{
    uint64_t next = UINT64_MAX, now = kc_children_now_ms();

    for (size_t i = 0; i < KC_PROCESSES; i++) {
        struct kc_child *child = &s->children.child[start_order[i]];
        if (child->pid == 0 && child->restart_at_ms <= now &&
            kc_children_start(&s->children, start_order[i]) != KC_OK)
            kc_children_ended(&s->children, start_order[i]);
        if (child->pid == 0 && child->restart_at_ms < next)
            next = child->restart_at_ms;
    }
    return next;
}

static void stop_one(struct supervisor *s, enum kc_process process)
{
    const struct kc_child *child = &s->children.child[process];
    uint64_t deadline = kc_children_now_ms() + s->config->limits.stop_deadline_ms + STOP_MARGIN_MS;

    kc_children_stop(&s->children, process);
    while (child->pid != 0 && kc_children_now_ms() < deadline)
        (void)wait_for(s, deadline);
    if (child->pid == 0)
        return;
    kc_log(KC_LOG_ERROR, "stop-timed-out", kc_log_text("name", processes[process].name));
    kill(child->pid, SIGKILL);
    while (child->pid != 0)
        (void)wait_for(s, UINT64_MAX);
}

static int run(struct supervisor *s)
{
    while (!s->stopping)
        (void)wait_for(s, start_due(s));

    /* new clients are refused from here on; those that wait in the queue see it closed */
    (void)unlink(s->config->socket);
    close(s->children.listen);
    for (size_t i = KC_PROCESSES; i-- > 0;)
        stop_one(s, start_order[i]);
    kc_log(KC_LOG_NOTICE, "stopped", kc_log_number("status", (uint64_t)s->status));
    return s->status;
}

static int provision_one(struct supervisor *s, enum kc_process process)
{
    const struct kc_child *child = &s->children.child[process];
    int status = 0;

    if (kc_children_start(&s->children, process) != KC_OK || waitpid(child->pid, &status, 0) < 0)
        return KC_CLASS_CONFIG;
    return WIFEXITED(status) ? WEXITSTATUS(status) : KC_CLASS_INTERNAL;
}

/* Starts each root alone, with the argument that makes it pin what it finds. */
static int provision(struct supervisor *s)
{
    static char argument[] = "--provision";
    int status = 0;

    s->children.argument = argument;
    for (size_t i = 0; status == 0 && i < s->config->root_count; i++)
        status = provision_one(s, kc_process_of_root(i));
    return status;
}

static void leave_out_unneeded(struct supervisor *s)
{
    if (s->config->peer_count == 0)
        leave_out(&s->children, KC_PROCESS_COURIER);
    if (s->config->listen.address[0] == 0)
        leave_out(&s->children, KC_PROCESS_LISTENER);
    for (size_t i = s->config->root_count; i < KC_CONFIG_ROOTS_MAX; i++) {
        leave_out(&s->children, kc_process_of_root(i));
        s->children.child[kc_process_of_root(i)].absent = true;
    }
}

static int start(struct supervisor *s, const struct options *options, int sealed)
{
    enum kc_error error = kc_children_init(&s->children, processes, edges);

    s->children.config = sealed;
    if (error == KC_OK)
        leave_out_unneeded(s);
    if (error == KC_OK)
        error = kc_supervisor_give_up_rights();
    if (error == KC_OK && options->provision)
        return provision(s);
    if (error == KC_OK)
        error = kc_supervisor_listen(s->config, &s->children.listen);
    if (error != KC_OK)
        return (int)kc_error_row(error)->class;
    s->signals = open_signals();
    return s->signals < 0 ? KC_CLASS_INTERNAL : run(s);
}

int main(int count, char **values)
{
    struct options options = read_options(count, values);
    struct kc_config_problem problem = {""};
    struct kc_config *config = NULL;
    int sealed = -1;

    kc_log_init("custodiand");
    enum kc_error error = kc_configuration_load(options.config, &config, &sealed, &problem);
    if (options.check) {
        kc_config_free(config);
        return check(error, &problem);
    }
    if (error != KC_OK) {
        kc_log(
            KC_LOG_ERROR, "start-failed", kc_log_error(error), kc_log_text("detail", problem.text));
        return (int)kc_error_row(error)->class;
    }
    struct supervisor supervisor = {
        .path = options.config, .config = config, .signals = -1, .ready = options.ready};
    int status = start(&supervisor, &options, sealed);
    kc_config_free(supervisor.config);
    return status;
}
