/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void address_of(const struct kc_front_settings *settings, struct sockaddr_storage *address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)address;
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, settings->address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)settings->port);
    } else {
        (void)inet_pton(AF_INET6, settings->address, &six->sin6_addr);
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)settings->port);
    }
}

int kc_listen(const struct kc_front_settings *settings)
{
    struct sockaddr_storage address;
    const int yes = 1, no = 0;
    address_of(settings, &address);
    int made = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return -1;
    bool good = setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0;
    if (good && address.ss_family == AF_INET6) /* "::" is IPv4 too */
        good = setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0;
    socklen_t size =
        address.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    good = good && bind(made, (const struct sockaddr *)&address, size) == 0 &&
           listen(made, SOMAXCONN) == 0;
    if (good)
        return made;
    int cause = errno;
    close(made);
    errno = cause;
    return -1;
}

uint16_t kc_listen_port(int listening)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address = {.six = {0}};
    socklen_t size = sizeof address;
    if (getsockname(listening, &address.any, &size) < 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port : address.four.sin_port);
}
