/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/raw.h"

#include "proto/socket/cbor.h"
#include "proto/socket/transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

int raw_connect(const struct kc_custodian *custodian)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = 20};
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", custodian->socket);
    assert_int_equal(connect(made, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
    return made;
}

/* More descriptors than struct kc_descriptors has room for can be sent. */
void raw_send(int socket, const void *bytes, size_t size, const int *descriptors, size_t count)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(64 * sizeof(int))] = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    assert_in_range(count, 0, 64);
    if (count > 0) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *passed = CMSG_FIRSTHDR(&header);
        passed->cmsg_level = SOL_SOCKET;
        passed->cmsg_type = SCM_RIGHTS;
        passed->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(passed), descriptors, count * sizeof(int));
    }
    assert_int_equal(sendmsg(socket, &header, MSG_NOSIGNAL), size);
}

bool raw_try_send(int socket, const void *bytes, size_t size)
{
    return send(socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

size_t raw_ping(uint64_t id, uint8_t bytes[static 256])
{
    struct kc_message ping;
    size_t size;
    kc_message_init(&ping, KC_OPERATION_PING);
    ping.id = id;
    assert_int_equal(kc_cbor_request_encode(&ping, bytes, 256, &size), KC_OK);
    return size;
}

/* An answer with an error looks the same whatever was asked, one without like a ping's. */
enum kc_error raw_answer(int socket)
{
    static uint8_t bytes[KC_MESSAGE_SIZE_MAX];
    struct kc_descriptors descriptors = {.count = 0};
    struct kc_message answer;
    size_t size = 0;
    enum kc_error error = kc_transport_wait(socket, bytes, sizeof bytes, &size, &descriptors);
    if (error != KC_OK)
        return error;
    assert_true(size > 0);
    kc_message_init(&answer, KC_OPERATION_PING);
    error = kc_cbor_answer_decode(bytes, size, descriptors.count, &answer);
    kc_descriptors_close(&descriptors);
    return error == KC_OK ? answer.error : error;
}
