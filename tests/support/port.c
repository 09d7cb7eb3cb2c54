/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void require(bool condition)
{
    if (condition)
        return;
    fprintf(stderr, "port: %s\n", strerror(errno));
    abort();
}

/* The socket stays. It is bound and does not listen: so another one can listen there that says
 * SO_REUSEADDR as this one does, and the kernel chooses the port for nobody. */
uint16_t kc_test_own_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int yes = 1, kept = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(kept >= 0);
    require(setsockopt(kept, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
    require(bind(kept, (const struct sockaddr *)&address, size) == 0);
    require(getsockname(kept, (struct sockaddr *)&address, &size) == 0);
    return ntohs(address.sin_port);
}
