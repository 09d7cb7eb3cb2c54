/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/desk_fixture.h"

#include "custodian/process.h"
#include "proto/socket/cbor.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

void kc_test_await(int descriptor, short events)
{
    struct pollfd wait = {.fd = descriptor, .events = events};
    if (poll(&wait, 1, PATIENCE_MS) != 1)
        fail_msg("nothing came for %d ms", PATIENCE_MS);
}

/* --- the process --- */

static int configuration(const struct kc_test_desk *desk)
{
    char text[1024];
    int file = memfd_create("configuration", MFD_CLOEXEC);
    int size = snprintf(text, sizeof text,
        "socket = \"%s\"; store = \"%s\"; keyrings = [ \"device\" ]; policy = ();\n"
        "users = { desk = 64801; vault = 64802; root = 64803; };\n"
        "root = { tcti = \"device:/none\"; srk_name_file = \"/none\"; };\n"
        "limits = { clients = %d; };\n",
        desk->socket, desk->store, KC_DESK_CLIENTS_LIMIT);
    assert_int_equal(write(file, text, (size_t)size), size);
    return file;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(made, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(listen(made, 16), 0);
    return made;
}

static void run_desk(const int descriptors[4])
{
    int moved[4];
    for (int i = 0; i < 4; i++)
        moved[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, 32);
    for (int i = 0; i < 4; i++)
        dup2(moved[i], KC_FD_CONTROL + i);
    close_range(KC_FD_CONTROL + 4, ~0u, 0);
    execl(KC_BUILD_DIR "/custodian-desk", "custodian-desk", (char *)NULL);
    _exit(99);
}

static void start(struct kc_test_desk *desk)
{
    int control[2], vault[2], size = 8 * KC_VAULT_MESSAGE_MAX, config = configuration(desk);
    const int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    uint8_t ready;
    assert_int_equal(socketpair(AF_UNIX, type, 0, control), 0);
    assert_int_equal(socketpair(AF_UNIX, type, 0, vault), 0);
    setsockopt(vault[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(vault[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    desk->listen = listen_at(desk->socket);
    const int descriptors[4] = {control[1], config, desk->listen, vault[1]};
    desk->pid = fork();
    if (desk->pid == 0)
        run_desk(descriptors);
    close(config);
    close(control[1]);
    close(vault[1]);
    desk->control = control[0];
    desk->vault = vault[0];
    kc_test_await(desk->control, POLLIN);
    assert_int_equal(recv(desk->control, &ready, 1, 0), 1);
}

int kc_test_desk_set_up(void **state)
{
    struct kc_test_desk *desk = calloc(1, sizeof *desk);
    strcpy(desk->folder, "/tmp/kc-desk.XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    assert_int_equal(chmod(desk->folder, 0755), 0);
    snprintf(desk->socket, sizeof desk->socket, "%s/socket", desk->folder);
    snprintf(desk->store, sizeof desk->store, "%s/store", desk->folder);
    start(desk);
    *state = desk;
    return 0;
}

int kc_test_desk_tear_down(void **state)
{
    struct kc_test_desk *desk = *state;
    char command[96];
    if (desk->pid > 0) {
        kill(desk->pid, SIGKILL);
        waitpid(desk->pid, NULL, 0);
    }
    kc_descriptors_close(&desk->descriptors);
    close(desk->control);
    close(desk->vault);
    close(desk->listen);
    snprintf(command, sizeof command, "rm -rf '%s'", desk->folder);
    int status = system(command);
    free(desk);
    return status;
}

int kc_test_desk_wait(struct kc_test_desk *desk)
{
    int status = 0;
    kc_test_await(desk->control, POLLHUP);
    waitpid(desk->pid, &status, 0);
    desk->pid = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void kc_test_desk_order(struct kc_test_desk *desk, uint8_t type, uint8_t edge, int descriptor)
{
    const uint8_t order[2] = {type, edge};
    struct kc_descriptors passed = {.fd = {descriptor}, .count = descriptor >= 0};
    assert_int_equal(kc_transport_send(desk->control, order, sizeof order, &passed), KC_OK);
}

/* --- the vault's end --- */

void kc_test_vault_expect(struct kc_test_desk *desk, enum kc_vault_type type)
{
    kc_descriptors_close(&desk->descriptors);
    if (desk->packet.left == 0) {
        size_t size = 0;
        kc_test_await(desk->vault, POLLIN);
        assert_int_equal(kc_transport_receive(desk->vault, desk->bytes, sizeof desk->bytes, &size,
                             &desk->descriptors),
            KC_OK);
        kc_reader_init(&desk->packet, desk->bytes, size);
    }
    kc_vault_message_read(&desk->packet, desk->items, &desk->message);
    assert_false(desk->packet.failed);
    assert_int_equal(desk->message.type, type);
}

bool kc_test_vault_has_message(struct kc_test_desk *desk)
{
    struct pollfd wait = {.fd = desk->vault, .events = POLLIN};
    return desk->packet.left > 0 || poll(&wait, 1, 0) == 1;
}

void kc_test_vault_send(struct kc_test_desk *desk, const struct kc_vault_message *message,
    const struct kc_descriptors *descriptors)
{
    static uint8_t bytes[KC_VAULT_MESSAGE_MAX];
    struct kc_writer w;
    kc_writer_init(&w, bytes, sizeof bytes);
    assert_int_equal(kc_vault_message_pack(&w, message), KC_OK);
    assert_int_equal(kc_transport_send(desk->vault, bytes, w.size, descriptors), KC_OK);
}

void kc_test_vault_answer(
    struct kc_test_desk *desk, uint64_t ticket, enum kc_operation operation, enum kc_error error)
{
    struct kc_vault_message answer = {.type = KC_VAULT_ANSWER, .ticket = ticket};
    kc_message_init(&answer.message, operation);
    answer.message.error = error;
    kc_test_vault_send(desk, &answer, NULL);
}

enum kc_error kc_test_vault_commit(
    struct kc_test_desk *desk, uint64_t ticket, const struct kc_record *records, size_t count)
{
    static uint8_t packed[4][KC_RECORD_SIZE_MAX];
    struct kc_vault_message commit = {
        .type = KC_VAULT_COMMIT, .tickets = {ticket}, .ticket_count = 1, .record_count = count};
    for (size_t i = 0; i < count; i++) {
        struct kc_writer w;
        kc_writer_init(&w, packed[i], sizeof packed[i]);
        kc_record_pack(&w, &records[i]);
        commit.records[i] = (struct kc_span){packed[i], w.size};
    }
    kc_test_vault_send(desk, &commit, NULL);
    kc_test_vault_expect(desk, KC_VAULT_STORED);
    assert_true(desk->message.ticket == 0);
    return desk->message.error;
}

/* --- the client's end --- */

int kc_test_connect_alone(struct kc_test_desk *desk)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", desk->socket);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

void kc_test_vault_connect(struct kc_test_desk *desk)
{
    kc_test_vault_expect(desk, KC_VAULT_CONNECT);
    assert_int_equal(desk->descriptors.count, 1);
    struct kc_vault_message connected = {
        .type = KC_VAULT_CONNECTED, .connection = desk->message.connection};
    kc_test_vault_send(desk, &connected, NULL);
}

int kc_test_connect(struct kc_test_desk *desk, uint64_t *connection)
{
    int client = kc_test_connect_alone(desk);
    kc_test_vault_connect(desk);
    if (connection)
        *connection = desk->message.connection;
    return client;
}

void kc_test_send_bytes(int client, const void *bytes, size_t size)
{
    assert_int_equal(send(client, bytes, size, MSG_NOSIGNAL), size);
}

void kc_test_send(
    int client, const struct kc_message *request, const struct kc_descriptors *descriptors)
{
    static uint8_t bytes[KC_MESSAGE_SIZE_MAX];
    size_t size;
    assert_int_equal(kc_cbor_request_encode(request, bytes, sizeof bytes, &size), KC_OK);
    kc_test_await(client, POLLOUT);
    assert_int_equal(kc_transport_send(client, bytes, size, descriptors), KC_OK);
}

void kc_test_ping(int client, uint64_t id, const char *through)
{
    struct kc_message request;
    kc_message_init(&request, KC_OPERATION_PING);
    request.id = id;
    kc_values_set_text(&request.values, KC_FIELD_THROUGH, through);
    kc_test_send(client, &request, NULL);
}

void kc_test_key_show(int client, uint64_t id, const char *key)
{
    struct kc_message request;
    kc_message_init(&request, KC_OPERATION_KEY_SHOW);
    request.id = id;
    kc_values_set_text(&request.values, KC_FIELD_KEY, key);
    kc_test_send(client, &request, NULL);
}

void kc_test_receive(int client, enum kc_operation operation, struct kc_test_answer *answer)
{
    size_t size = 0;
    kc_test_await(client, POLLIN);
    assert_int_equal(kc_transport_receive(
                         client, answer->bytes, sizeof answer->bytes, &size, &answer->descriptors),
        KC_OK);
    kc_message_init(&answer->message, operation);
    answer->message.items = answer->items;
    if (operation == KC_OPERATION_BATCH) {
        answer->message.batch = answer->batch;
        answer->message.batch_count = answer->batch_count;
    }
    assert_int_equal(
        kc_cbor_answer_decode(answer->bytes, size, answer->descriptors.count, &answer->message),
        KC_OK);
}

enum kc_error kc_test_receive_error(int client, enum kc_operation operation, uint64_t *id)
{
    static struct kc_test_answer answer;
    kc_test_receive(client, operation, &answer);
    if (id)
        *id = answer.message.id;
    return answer.message.error;
}

bool kc_test_is_closed(int client)
{
    uint8_t octet;
    kc_test_await(client, POLLIN | POLLHUP);
    return recv(client, &octet, 1, 0) <= 0;
}

struct kc_record kc_test_key(const char *id, const char *label)
{
    struct kc_record record = {.format = KC_RECORD_FORMAT,
        .kind = KC_KIND_KEY,
        .state = KC_STATE_ACTIVE,
        .role = KC_ROLE_APPLICATION,
        .version = 1};
    strcpy(record.id, id);
    strcpy(record.keyring, "device");
    strcpy(record.label, label);
    return record;
}

uint64_t kc_test_ask_for(struct kc_test_desk *desk, int client, const char *key)
{
    kc_test_key_show(client, 1, key);
    kc_test_vault_expect(desk, KC_VAULT_REQUEST);
    return desk->message.ticket;
}
