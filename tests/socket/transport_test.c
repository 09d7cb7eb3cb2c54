/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/descriptors.h"

#include "proto/socket/transport.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];
static uint8_t buffer[KC_MESSAGE_SIZE_MAX];
static struct kc_descriptors received;
static size_t size;

static int open_pair(void **state)
{
    (void)state;
    received.count = 0;
    size = 0;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int close_pair(void **state)
{
    (void)state;
    kc_descriptors_close(&received);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static struct kc_descriptors sealed(size_t count)
{
    struct kc_descriptors made = {.count = count};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(kc_sealed_make("octets", 6, &made.fd[i]), KC_OK);
    return made;
}

static enum kc_error receive(size_t limit)
{
    return kc_transport_receive(ends[1], buffer, limit, &size, &received);
}

static void a_message_arrives_with_its_descriptors(void **state)
{
    (void)state;
    struct kc_descriptors sent = sealed(KC_DESCRIPTORS_MAX);
    assert_int_equal(kc_transport_send(ends[0], "message", 7, &sent), KC_OK);
    kc_descriptors_close(&sent);
    assert_int_equal(receive(sizeof buffer), KC_OK);
    assert_int_equal(size, 7);
    assert_memory_equal(buffer, "message", 7);
    assert_int_equal(received.count, KC_DESCRIPTORS_MAX);
    for (size_t i = 0; i < received.count; i++)
        assert_int_equal(fcntl(received.fd[i], F_GETFD), FD_CLOEXEC);
}

static void nothing_there_is_no_error(void **state)
{
    (void)state;
    size = 5;
    assert_int_equal(receive(sizeof buffer), KC_OK);
    assert_int_equal(size, 0);
}

static void a_message_that_is_too_long_is_refused_and_its_descriptors_closed(void **state)
{
    (void)state;
    size_t before = open_descriptors();
    struct kc_descriptors sent = sealed(2);
    assert_int_equal(kc_transport_send(ends[0], "message", 7, &sent), KC_OK);
    kc_descriptors_close(&sent);
    assert_int_equal(receive(6), KC_ERR_TOO_LARGE);
    assert_int_equal(received.count, 0);
    assert_int_equal(open_descriptors(), before);
}

static void too_many_descriptors_are_refused_and_closed(void **state)
{
    (void)state;
    enum { MANY = KC_DESCRIPTORS_MAX + 1 };
    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof(int) * MANY)];
    } control = {.bytes = {0}};
    struct iovec vector = {.iov_base = buffer, .iov_len = 1};
    struct msghdr message = {.msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control};
    int many[MANY] = {0, 0, 0, 0, 0};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof many);
    memcpy(CMSG_DATA(&control.header), many, sizeof many);
    size_t before = open_descriptors();
    assert_int_equal(sendmsg(ends[0], &message, 0), 1);
    assert_int_equal(receive(sizeof buffer), KC_ERR_BAD_REQUEST);
    assert_int_equal(open_descriptors(), before);
}

static void an_empty_message_is_not_sent_and_ends_the_connection(void **state)
{
    (void)state;
    assert_int_equal(kc_transport_send(ends[0], "", 0, NULL), KC_ERR_TOO_LARGE);
    assert_int_equal(send(ends[0], "", 0, 0), 0);
    assert_int_equal(receive(sizeof buffer), KC_ERR_CONNECTION_LOST);
}

static void a_full_socket_takes_no_more_for_now(void **state)
{
    (void)state;
    enum kc_error error = KC_OK;
    for (size_t i = 0; i < 10000 && error == KC_OK; i++)
        error = kc_transport_send(ends[0], buffer, sizeof buffer, NULL);
    assert_int_equal(error, KC_ERR_LIMIT);
    assert_int_equal(receive(sizeof buffer), KC_OK);
    assert_int_equal(size, sizeof buffer);
}

static void a_message_larger_than_the_socket_takes_is_refused(void **state)
{
    (void)state;
    static uint8_t large[8 * 1024 * 1024];
    assert_int_equal(kc_transport_send(ends[0], large, sizeof large, NULL), KC_ERR_TOO_LARGE);
}

static void a_gone_peer_is_told_without_a_signal(void **state)
{
    (void)state;
    shutdown(ends[1], SHUT_RDWR);
    assert_int_equal(kc_transport_send(ends[0], "m", 1, NULL), KC_ERR_CONNECTION_LOST);
    assert_int_equal(receive(sizeof buffer), KC_ERR_CONNECTION_LOST);
}

static void *send_later(void *unused)
{
    (void)unused;
    return kc_transport_send(ends[0], "late", 4, NULL) == KC_OK ? ends : NULL;
}

static void a_receiver_can_wait(void **state)
{
    (void)state;
    pthread_t thread;
    void *sent = NULL;
    assert_int_equal(pthread_create(&thread, NULL, send_later, NULL), 0);
    assert_int_equal(kc_transport_wait(ends[1], buffer, sizeof buffer, &size, &received), KC_OK);
    assert_int_equal(size, 4);
    assert_int_equal(pthread_join(thread, &sent), 0);
    assert_non_null(sent);
    shutdown(ends[0], SHUT_RDWR);
    assert_int_equal(kc_transport_wait(ends[1], buffer, sizeof buffer, &size, &received),
        KC_ERR_CONNECTION_LOST);
}

static void what_was_sent_before_the_end_arrives(void **state)
{
    (void)state;
    assert_int_equal(kc_transport_send(ends[1], "unread", 6, NULL), KC_OK);
    assert_int_equal(kc_transport_send(ends[0], "answer", 6, NULL), KC_OK);
    close(ends[0]); /* with a message unread: a reset */
    assert_int_equal(receive(sizeof buffer), KC_OK);
    assert_memory_equal(buffer, "answer", 6);
    assert_int_equal(receive(sizeof buffer), KC_ERR_CONNECTION_LOST);
    ends[0] = -1;
}

static void sealed_octets_come_back(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(kc_sealed_make("octets", 6, &fd), KC_OK);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(kc_sealed_size(fd, 6, &size), KC_OK);
    assert_int_equal(size, 6);
    lseek(fd, 4, SEEK_SET); /* wherever it stands */
    assert_int_equal(kc_sealed_read(fd, buffer, 6, &size), KC_OK);
    assert_memory_equal(buffer, "octets", 6);
    assert_true(write(fd, "x", 1) < 0);
    assert_true(ftruncate(fd, 3) < 0);
    close(fd);
    assert_int_equal(kc_sealed_make("", 0, &fd), KC_OK);
    assert_int_equal(kc_sealed_read(fd, buffer, 6, &size), KC_OK);
    assert_int_equal(size, 0);
    close(fd);
}

static void sealed_octets_over_the_limit_are_refused(void **state)
{
    (void)state;
    struct kc_descriptors made = sealed(1);
    memset(buffer, 'x', 6);
    assert_int_equal(kc_sealed_read(made.fd[0], buffer, 5, &size), KC_ERR_TOO_LARGE);
    assert_memory_equal(buffer, "\0\0\0\0\0x", 6); /* wiped as far as it was lent */
    kc_descriptors_close(&made);
}

static void check_not_sealed(int fd)
{
    assert_true(fd >= 0);
    assert_int_equal(kc_sealed_read(fd, buffer, 64, &size), KC_ERR_BAD_REQUEST);
    close(fd);
}

static int memfd_with(int seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void what_can_still_change_is_refused(void **state)
{
    (void)state;
    int pipes[2];
    check_not_sealed(memfd_create("test", MFD_CLOEXEC));
    check_not_sealed(memfd_with(F_SEAL_GROW | F_SEAL_SHRINK));
    check_not_sealed(memfd_with(F_SEAL_GROW | F_SEAL_WRITE));
    check_not_sealed(memfd_with(F_SEAL_SHRINK | F_SEAL_WRITE));
    check_not_sealed(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    check_not_sealed(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    check_not_sealed(open("/tmp", O_RDONLY | O_CLOEXEC));
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    check_not_sealed(pipes[0]);
    close(pipes[1]);
    assert_int_equal(kc_sealed_read(-1, buffer, 64, &size), KC_ERR_BAD_REQUEST);
}

#define paired(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        paired(a_message_arrives_with_its_descriptors),
        paired(nothing_there_is_no_error),
        paired(a_message_that_is_too_long_is_refused_and_its_descriptors_closed),
        paired(too_many_descriptors_are_refused_and_closed),
        paired(an_empty_message_is_not_sent_and_ends_the_connection),
        paired(a_full_socket_takes_no_more_for_now),
        paired(a_message_larger_than_the_socket_takes_is_refused),
        paired(a_gone_peer_is_told_without_a_signal),
        paired(a_receiver_can_wait),
        paired(what_was_sent_before_the_end_arrives),
        cmocka_unit_test(sealed_octets_come_back),
        cmocka_unit_test(sealed_octets_over_the_limit_are_refused),
        cmocka_unit_test(what_can_still_change_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
