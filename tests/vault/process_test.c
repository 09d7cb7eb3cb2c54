/* SPDX-License-Identifier: Apache-2.0 */
/* custodian-vault as a process, between a supervisor, a desk and a root that are this test. */
#include "custodian/process.h"
#include "custodian/root_message.h"
#include "custodian/vault_message.h"
#include "proto/socket/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMEOUT_MS 10000

struct child {
    pid_t pid;
    char folder[64];
    int control, desk, root;
    int listener, client;
    uint64_t connection, ticket;
    enum kc_operation asked;
};

/* --- starting it --- */

static void path_in(const struct child *child, const char *name, char path[static 108])
{
    snprintf(path, 108, "%s/%s", child->folder, name);
}

/* For most tests root is the test itself, which a busy machine may keep from answering for long. */
#define ROOT_TIMEOUT_S 600

static int write_config(const struct child *child, unsigned root_timeout_s, const char *more)
{
    char path[108];
    path_in(child, "custodian.conf", path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file,
        "socket = \"%s/socket\"; store = \"%s/store\"; keyrings = [ \"a\" ]; policy = ();\n"
        "users: { desk = 64001; vault = 64002; root = 64003; };\n"
        "root: { tcti = \"swtpm:path=/nowhere\"; srk_name_file = \"%s/srk.name\"; "
        "timeout_s = %u; };\n"
        "%s\n",
        child->folder, child->folder, child->folder, root_timeout_s, more);
    assert_int_equal(fclose(file), 0);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(descriptor >= 0);
    return descriptor;
}

static void become_vault(const struct child *child, const int given[4])
{
    char log[108];
    path_in(child, "vault.log", log);
    int from[] = {open("/dev/null", O_RDWR | O_CLOEXEC),
        open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), given[0], given[1], given[2],
        given[3]};
    static const int to[] = {STDIN_FILENO, STDERR_FILENO, KC_FD_CONTROL, KC_FD_CONFIG,
        KC_FD_VAULT_DESK, KC_FD_VAULT_ROOT};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < 6; i++)
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 20);
    for (size_t i = 0; i < 6; i++)
        dup2(from[i], to[i]);
    close_range(KC_FD_VAULT_ROOT + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    execl(KC_BUILD_DIR "/custodian-vault", "custodian-vault", (char *)NULL);
    _exit(127);
}

static void make_edge(int *ours, int *theirs)
{
    int pair[2];
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    *ours = pair[0];
    *theirs = pair[1];
}

static void wait_readable(int descriptor)
{
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, TIMEOUT_MS), 1);
}

static void listen_for_clients(struct child *child)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    path_in(child, "socket", name.sun_path);
    child->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(child->listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(child->listener, 4), 0);
}

static struct child *start(unsigned root_timeout_s, const char *more)
{
    struct child *child = calloc(1, sizeof *child);
    int given[4];
    strcpy(child->folder, "/tmp/kc-vault-process-XXXXXX");
    assert_non_null(mkdtemp(child->folder));
    child->client = -1;
    listen_for_clients(child);
    make_edge(&child->control, &given[0]);
    given[1] = write_config(child, root_timeout_s, more);
    make_edge(&child->desk, &given[2]);
    make_edge(&child->root, &given[3]);
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0)
        become_vault(child, given);
    for (size_t i = 0; i < 4; i++)
        close(given[i]);
    return child;
}

static int setup_with(void **state, unsigned root_timeout_s)
{
    struct child *child = start(root_timeout_s, "");
    uint8_t ready;
    wait_readable(child->control);
    assert_int_equal(recv(child->control, &ready, 1, 0), 1);
    *state = child;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, ROOT_TIMEOUT_S);
}

static int setup_impatient(void **state)
{
    return setup_with(state, 2);
}

/* The exit status, or minus the signal. */
static int await_end(struct child *child)
{
    int status = 0;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    child->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void remove_files(const struct child *child)
{
    static const char *const names[] = {"socket", "custodian.conf", "vault.log"};
    char path[108];
    for (size_t i = 0; i < 3; i++) {
        path_in(child, names[i], path);
        unlink(path);
    }
    rmdir(child->folder);
}

static int teardown(void **state)
{
    struct child *child = *state;
    const int all[] = {child->control, child->desk, child->root, child->listener, child->client};
    if (child->pid > 0) {
        kill(child->pid, SIGKILL);
        await_end(child);
    }
    for (size_t i = 0; i < 5; i++)
        if (all[i] >= 0)
            close(all[i]);
    remove_files(child);
    free(child);
    return 0;
}

/* --- talking to it --- */

static struct kc_vault_message message;
static uint8_t packet[KC_VAULT_MESSAGE_MAX];
static struct kc_values items[KC_ITEMS_MAX];

static void send_packet(struct child *child, const struct kc_descriptors *descriptors)
{
    struct kc_writer w;
    kc_writer_init(&w, packet, sizeof packet);
    assert_int_equal(kc_vault_message_pack(&w, &message), KC_OK);
    assert_int_equal(kc_transport_send(child->desk, packet, w.size, descriptors), KC_OK);
}

/* What comes is in message. */
static void receive_packet(struct child *child)
{
    struct kc_descriptors none;
    size_t size;
    wait_readable(child->desk);
    assert_int_equal(kc_transport_receive(child->desk, packet, sizeof packet, &size, &none), KC_OK);
    assert_int_equal(kc_vault_message_unpack(packet, size, items, &message), KC_OK);
}

static void connect_client(struct child *child)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct kc_descriptors passed = {.count = 1};
    path_in(child, "socket", name.sun_path);
    child->client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(child->client, (struct sockaddr *)&name, sizeof name), 0);
    passed.fd[0] = accept(child->listener, NULL, NULL);
    message.type = KC_VAULT_CONNECT;
    message.connection = ++child->connection;
    send_packet(child, &passed);
    kc_descriptors_close(&passed);
    receive_packet(child);
    assert_int_equal(message.type, KC_VAULT_CONNECTED);
    assert_true(message.connection == child->connection);
}

static void send_request(struct child *child, enum kc_operation operation)
{
    message.type = KC_VAULT_REQUEST;
    message.ticket = ++child->ticket;
    message.connection = child->connection;
    message.record_count = message.id_count = 0;
    child->asked = operation;
    kc_message_init(&message.message, operation);
    send_packet(child, NULL);
}

/* The store is empty: whatever the vault needs, there is none. */
static void say_there_is_none(struct child *child)
{
    static char ids[KC_VAULT_IDS_MAX][KC_RECORD_ID_SIZE];
    enum kc_operation operation = child->asked;
    message.type = KC_VAULT_REQUEST;
    message.connection = child->connection;
    for (size_t i = 0; i < message.id_count; i++) {
        memcpy(ids[i], message.ids[i].bytes, message.ids[i].size);
        message.ids[i].bytes = (const uint8_t *)ids[i];
    }
    kc_message_init(&message.message, operation);
    send_packet(child, NULL);
}

/* A status as far as the question to the root: the vault looks for its record first. */
static void send_status(struct child *child)
{
    send_request(child, KC_OPERATION_STATUS);
    receive_packet(child);
    assert_int_equal(message.type, KC_VAULT_NEED);
    say_there_is_none(child);
}

/* The answer is in message. */
static enum kc_error await_answer(struct child *child)
{
    receive_packet(child);
    if (message.type == KC_VAULT_NEED) {
        say_there_is_none(child);
        receive_packet(child);
    }
    assert_int_equal(message.type, KC_VAULT_ANSWER);
    assert_int_equal(message.ticket, child->ticket);
    return message.message.error;
}

static enum kc_error ask(struct child *child, enum kc_operation operation)
{
    send_request(child, operation);
    return await_answer(child);
}

static void send_order(struct child *child, uint8_t type, uint8_t edge, int descriptor)
{
    const uint8_t order[] = {type, edge};
    struct kc_descriptors passed = {.fd = {descriptor}, .count = descriptor >= 0};
    assert_int_equal(kc_transport_send(child->control, order, sizeof order, &passed), KC_OK);
    if (descriptor >= 0)
        close(descriptor);
}

static void answer_root_status(struct child *child)
{
    uint8_t bytes[KC_ROOT_REPLY_MAX], payload[KC_ROOT_STATUS_SIZE];
    struct kc_root_status status = {.manufacturer = "test"};
    struct kc_root_request request;
    struct kc_writer w;
    size_t size;
    wait_readable(child->root);
    ssize_t got = recv(child->root, bytes, sizeof bytes, 0);
    assert_true(got > 0);
    assert_int_equal(kc_root_request_read(bytes, (size_t)got, &request), KC_OK);
    kc_writer_init(&w, payload, sizeof payload);
    kc_root_status_write(&status, &w);
    struct kc_root_reply reply = {.id = request.id, .payload = {payload, w.size}};
    assert_int_equal(kc_root_reply_write(&reply, bytes, &size), KC_OK);
    assert_int_equal(send(child->root, bytes, size, 0), size);
}

/* --- the tests --- */

static void answers_a_client_whose_credentials_it_read(void **state)
{
    struct child *child = *state;
    connect_client(child);
    assert_int_equal(ask(child, KC_OPERATION_PING), KC_OK);
    child->connection++;
    assert_int_equal(ask(child, KC_OPERATION_PING), KC_ERR_REFUSED);
    child->connection--;
}

static bool proc_has(const struct child *child, const char *file, const char *text)
{
    char path[64], line[512];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/%s", child->pid, file);
    FILE *proc = fopen(path, "re");
    assert_non_null(proc);
    while (!found && fgets(line, sizeof line, proc))
        found = strstr(line, text) != NULL;
    fclose(proc);
    return found;
}

static void works_in_its_sandbox_as_its_own_user(void **state)
{
    struct child *child = *state;
    assert_true(proc_has(child, "status", "NoNewPrivs:\t1"));
    assert_true(proc_has(child, "status", "CapEff:\t0000000000000000"));
    if (getuid() == 0)
        assert_true(proc_has(child, "status", "Uid:\t64002\t64002\t64002\t64002"));
#if !defined(__SANITIZE_ADDRESS__)
    assert_true(proc_has(child, "status", "Seccomp:\t2"));
#endif
}

/* Every thread but the first has its stack between the arena's guards:
 * the mapping is the arena's. */
static void its_threads_have_their_stacks_in_locked_memory(void **state)
{
    struct child *child = *state;
    if (getuid() == 0) /* a process of another user is not to be looked at otherwise */
        assert_true(proc_has(child, "maps", "secretmem") || proc_has(child, "smaps", " lo"));
    assert_true(proc_has(child, "status", "Threads:"));
}

static void a_client_that_hangs_up_loses_its_credentials(void **state)
{
    struct child *child = *state;
    connect_client(child);
    assert_int_equal(ask(child, KC_OPERATION_PING), KC_OK);
    close(child->client);
    child->client = -1;
    int tries = 0; /* the hang-up and the request come on different ways */
    while (ask(child, KC_OPERATION_PING) != KC_ERR_REFUSED)
        assert_true(++tries < 100000);
}

/* The order and the request come on different ways: a request that is first finds no root. */
static void ask_until_root_is_asked(struct child *child)
{
    for (;;) {
        struct pollfd waits[] = {
            {.fd = child->root, .events = POLLIN}, {.fd = child->desk, .events = POLLIN}};
        send_status(child);
        assert_true(poll(waits, 2, TIMEOUT_MS) > 0);
        if (waits[0].revents)
            return;
        assert_int_equal(await_answer(child), KC_OK);
    }
}

static void without_root_it_says_so_at_once_and_takes_a_new_one(void **state)
{
    struct child *child = *state;
    int theirs;
    connect_client(child);
    close(child->root);
    assert_int_equal(ask(child, KC_OPERATION_STATUS), KC_OK);
    assert_true(kc_values_text_is(&message.message.values, KC_FIELD_ROOT, "root-unavailable"));
    make_edge(&child->root, &theirs);
    send_order(child, KC_CONTROL_EDGE, KC_EDGE_VAULT_ROOT, theirs);
    ask_until_root_is_asked(child);
    answer_root_status(child);
    assert_int_equal(await_answer(child), KC_OK);
    assert_true(kc_values_text_is(&message.message.values, KC_FIELD_ROOT, "ready"));
}

static void a_root_that_is_killed_while_asked_fails_the_request(void **state)
{
    struct child *child = *state;
    connect_client(child);
    send_status(child);
    wait_readable(child->root);
    close(child->root);
    child->root = -1;
    assert_int_equal(await_answer(child), KC_OK);
    assert_true(kc_values_text_is(&message.message.values, KC_FIELD_ROOT, "root-unavailable"));
}

static void a_root_that_is_silent_is_waited_for_in_vain_but_not_for_ever(void **state)
{
    struct child *child = *state;
    connect_client(child);
    assert_int_equal(ask(child, KC_OPERATION_STATUS), KC_OK);
    assert_true(kc_values_text_is(&message.message.values, KC_FIELD_ROOT, "root-unavailable"));
    send_status(child);
    answer_root_status(child); /* to the question that was given up: passed over */
    answer_root_status(child);
    assert_int_equal(await_answer(child), KC_OK);
    assert_true(kc_values_text_is(&message.message.values, KC_FIELD_ROOT, "ready"));
}

static void a_new_desk_starts_without_the_old_ones_clients(void **state)
{
    struct child *child = *state;
    int theirs;
    connect_client(child);
    assert_int_equal(ask(child, KC_OPERATION_PING), KC_OK);
    close(child->desk);
    make_edge(&child->desk, &theirs);
    send_order(child, KC_CONTROL_EDGE, KC_EDGE_DESK_VAULT, theirs);
    assert_int_equal(ask(child, KC_OPERATION_PING), KC_ERR_REFUSED);
    close(child->client);
    connect_client(child);
    assert_int_equal(ask(child, KC_OPERATION_PING), KC_OK);
}

static void a_new_desk_takes_over_from_one_that_is_still_there(void **state)
{
    struct child *child = *state;
    int theirs, old = child->desk;
    connect_client(child);
    make_edge(&child->desk, &theirs);
    send_order(child, KC_CONTROL_EDGE, KC_EDGE_DESK_VAULT, theirs);
    close(child->client);
    connect_client(child);
    assert_int_equal(ask(child, KC_OPERATION_PING), KC_OK);
    close(old);
}

static void many_requests_in_flight_are_all_answered(void **state)
{
    struct child *child = *state;
    connect_client(child);
    for (int round = 0; round < 50; round++) {
        uint64_t first = child->ticket + 1, seen = 0;
        for (int i = 0; i < 16; i++)
            send_request(child, KC_OPERATION_PING);
        for (int i = 0; i < 16; i++) {
            struct kc_descriptors none;
            size_t size;
            wait_readable(child->desk);
            assert_int_equal(
                kc_transport_receive(child->desk, packet, sizeof packet, &size, &none), KC_OK);
            assert_int_equal(kc_vault_message_unpack(packet, size, items, &message), KC_OK);
            assert_int_equal(message.message.error, KC_OK);
            seen |= UINT64_C(1) << (message.ticket - first);
        }
        assert_int_equal(seen, 0xffff);
    }
}

static void a_malformed_packet_of_the_desk_ends_it(void **state)
{
    struct child *child = *state;
    assert_int_equal(kc_transport_send(child->desk, "nonsense", 8, NULL), KC_OK);
    assert_int_equal(await_end(child), KC_CLASS_INTERNAL);
}

static void a_malformed_reply_of_the_root_ends_it(void **state)
{
    struct child *child = *state;
    uint8_t bytes[KC_ROOT_REQUEST_MAX];
    connect_client(child);
    send_status(child);
    wait_readable(child->root);
    assert_true(recv(child->root, bytes, sizeof bytes, 0) >= 5);
    uint8_t reply[] = {bytes[1], bytes[2], bytes[3], bytes[4], 0, 0, 'x'};
    assert_int_equal(send(child->root, reply, sizeof reply, 0), sizeof reply);
    assert_int_equal(await_end(child), KC_CLASS_INTERNAL);
}

static void it_stops_when_it_is_told(void **state)
{
    struct child *child = *state;
    connect_client(child);
    assert_int_equal(ask(child, KC_OPERATION_PING), KC_OK);
    send_order(child, KC_CONTROL_STOP, 0, -1);
    assert_int_equal(await_end(child), 0);
}

static void memory_that_cannot_be_had_is_a_failed_start(void **state)
{
    *state = start(ROOT_TIMEOUT_S, "arena_size = 65536;");
    struct child *child = *state;
    assert_int_equal(await_end(child) != 0, 1);
    teardown(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(answers_a_client_whose_credentials_it_read),
        CASE(works_in_its_sandbox_as_its_own_user),
        CASE(its_threads_have_their_stacks_in_locked_memory),
        CASE(a_client_that_hangs_up_loses_its_credentials),
        CASE(without_root_it_says_so_at_once_and_takes_a_new_one),
        CASE(a_root_that_is_killed_while_asked_fails_the_request),
        cmocka_unit_test_setup_teardown(
            a_root_that_is_silent_is_waited_for_in_vain_but_not_for_ever, setup_impatient,
            teardown),
        CASE(a_new_desk_starts_without_the_old_ones_clients),
        CASE(a_new_desk_takes_over_from_one_that_is_still_there),
        CASE(many_requests_in_flight_are_all_answered),
        CASE(a_malformed_packet_of_the_desk_ends_it),
        CASE(a_malformed_reply_of_the_root_ends_it),
        CASE(it_stops_when_it_is_told),
        cmocka_unit_test(memory_that_cannot_be_had_is_a_failed_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
