/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tpm_proxy.h"

#include "base/writer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define TRAFFIC_MAX ((size_t)1 << 20)

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

static uint32_t u32_at(const uint8_t *bytes)
{
    struct kc_reader r;
    kc_reader_init(&r, bytes, 4);
    return kc_reader_u32(&r);
}

uint32_t kc_tpm_proxy_command_code(const uint8_t *command)
{
    return u32_at(command + 6);
}

size_t kc_tpm_proxy_answer_code(uint8_t *answer, uint32_t code)
{
    struct kc_writer w;
    kc_writer_init(&w, answer, 10);
    kc_writer_u16(&w, 0x8001);
    kc_writer_u32(&w, 10);
    kc_writer_u32(&w, code);
    return w.size;
}

static bool read_exactly(int fd, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = read(fd, bytes, size);
        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

/* One command or answer; 0 at the end. */
static size_t read_message(int fd, uint8_t *message)
{
    if (!read_exactly(fd, message, 10))
        return 0;
    size_t size = u32_at(message + 2);
    if (size < 10 || size > KC_TPM_PROXY_MESSAGE_MAX || !read_exactly(fd, message + 10, size - 10))
        return 0;
    return size;
}

static bool write_message(int fd, const uint8_t *message, size_t size)
{
    ssize_t sent = size > 0 ? send(fd, message, size, MSG_NOSIGNAL) : 0;
    if (sent < 0 && errno == ENOTSOCK)
        sent = write(fd, message, size);
    return size > 0 && sent == (ssize_t)size;
}

static void record(struct kc_tpm_proxy *proxy, const uint8_t *message, size_t size)
{
    if (proxy->forgets)
        return;
    if (size > TRAFFIC_MAX - proxy->traffic_size)
        abort(); /* the test has more traffic than it can look at */
    memcpy(proxy->traffic + proxy->traffic_size, message, size);
    proxy->traffic_size += size;
}

/* The answer to a command; 0: none. */
static size_t ask(
    struct kc_tpm_proxy *proxy, int tpm, const uint8_t *command, size_t size, uint8_t *answer)
{
    size_t answer_size = 0;
    if (proxy->answers && proxy->answers(proxy, command, answer, &answer_size))
        return answer_size;
    if (!write_message(tpm, command, size))
        return 0;
    answer_size = read_message(tpm, answer);
    record(proxy, answer, answer_size);
    if (answer_size > 0 && proxy->hook)
        answer_size = proxy->hook(proxy, command, size, answer, answer_size);
    return answer_size;
}

static void serve(struct kc_tpm_proxy *proxy, int client, int tpm)
{
    uint8_t command[KC_TPM_PROXY_MESSAGE_MAX], answer[KC_TPM_PROXY_MESSAGE_MAX];
    size_t size;
    while ((size = read_message(client, command)) > 0) {
        record(proxy, command, size);
        if (!write_message(client, answer, ask(proxy, tpm, command, size, answer)))
            return;
    }
}

static void serve_client(struct kc_tpm_proxy *proxy, int client)
{
    struct sockaddr_un address = address_of(proxy->tpm->socket);
    int tpm = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(tpm, (struct sockaddr *)&address, sizeof address) == 0)
        serve(proxy, client, tpm);
    close(tpm);
}

static void *run(void *argument)
{
    struct kc_tpm_proxy *proxy = argument;
    if (proxy->terminal >= 0)
        serve_client(proxy, proxy->listener);
    for (int client; (client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        serve_client(proxy, client);
        close(client);
    }
    return NULL;
}

static int listen_at(const void *address, socklen_t size)
{
    const struct sockaddr *at = address;
    int listener = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, at, size) != 0 || listen(listener, 4) != 0)
        abort();
    return listener;
}

static void start(struct kc_tpm_proxy *proxy, const struct kc_swtpm *tpm)
{
    proxy->tpm = tpm;
    proxy->hook = NULL;
    proxy->answers = NULL;
    proxy->forgets = false;
    proxy->count = 0;
    proxy->traffic_size = 0;
    proxy->traffic = malloc(TRAFFIC_MAX);
    if (!proxy->traffic || pthread_create(&proxy->thread, NULL, run, proxy) != 0)
        abort();
}

void kc_tpm_proxy_init(struct kc_tpm_proxy *proxy, const struct kc_swtpm *tpm)
{
    snprintf(proxy->tcti, sizeof proxy->tcti, "swtpm:path=%s.proxy", tpm->socket);
    struct sockaddr_un address = address_of(strchr(proxy->tcti, '=') + 1);
    proxy->terminal = -1;
    proxy->listener = listen_at(&address, sizeof address);
    start(proxy, tpm);
}

void kc_tpm_proxy_init_tcp(struct kc_tpm_proxy *proxy, const struct kc_swtpm *tpm)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    proxy->terminal = -1;
    proxy->listener = listen_at(&address, sizeof address);
    if (getsockname(proxy->listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    snprintf(proxy->tcti, sizeof proxy->tcti, "swtpm:host=localhost,port=%u",
        (unsigned)ntohs(address.sin_port));
    start(proxy, tpm);
}

void kc_tpm_proxy_init_device(struct kc_tpm_proxy *proxy, const struct kc_swtpm *tpm)
{
    struct termios raw;
    char path[64];
    if (openpty(&proxy->listener, &proxy->terminal, path, NULL, NULL) != 0 ||
        tcgetattr(proxy->terminal, &raw) != 0)
        abort();
    cfmakeraw(&raw);
    if (tcsetattr(proxy->terminal, TCSANOW, &raw) != 0 || chmod(path, 0666) != 0)
        abort();
    snprintf(proxy->tcti, sizeof proxy->tcti, "device:%s", path);
    start(proxy, tpm);
}

void kc_tpm_proxy_done(struct kc_tpm_proxy *proxy)
{
    shutdown(proxy->listener, SHUT_RDWR); /* ends the accept */
    if (proxy->terminal >= 0)
        close(proxy->terminal); /* or the read */
    pthread_join(proxy->thread, NULL);
    close(proxy->listener);
    free(proxy->traffic);
}

bool kc_tpm_proxy_saw(const struct kc_tpm_proxy *proxy, const void *bytes, size_t size)
{
    return memmem(proxy->traffic, proxy->traffic_size, bytes, size) != NULL;
}
