/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/p11_kit_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 5000

static pid_t server; /* 0: none */

/* It tells its address before it is there. */
static bool is_there(const char *path)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), tries = 0;
    while (connect(probe, (const struct sockaddr *)&address, sizeof address) != 0 &&
           ++tries < PATIENCE_MS)
        nanosleep(&pause, NULL);
    close(probe);
    return tries < PATIENCE_MS;
}

bool p11_kit_server_start(const struct kc_softhsm *hsm)
{
    char path[96], command[512], line[256], value[256];
    int number = 0;
    snprintf(path, sizeof path, "%s/p11-kit.sock", hsm->folder);
    snprintf(command, sizeof command,
        "p11-kit server --provider " KC_SOFTHSM_MODULE " -n %s 'pkcs11:token=" KC_SOFTHSM_TOKEN "'",
        path);
    FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c): a fixed command */
    while (pipe && fgets(line, sizeof line, pipe)) {
        if (sscanf(line, "P11_KIT_SERVER_ADDRESS=%255[^;]", value) == 1)
            setenv("P11_KIT_SERVER_ADDRESS", value, 1);
        if (sscanf(line, "P11_KIT_SERVER_PID=%d", &number) == 1)
            server = number;
    }
    if (pipe)
        pclose(pipe);
    return server > 0 && is_there(path);
}

void p11_kit_server_stop(void)
{
    if (server > 0)
        kill(server, SIGTERM);
    server = 0;
}
