/* SPDX-License-Identifier: Apache-2.0 */
/* What a desk that was taken over could try, one attempt per process. */
#include "tests/support/cmocka.h"

#include "custodian/desk/sandbox.h"
#include "custodian/store/store.h"
#include "proto/socket/transport.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int lowest, edge; /* in the process that tries */

/* A secret as it comes to the desk. */
static int receive_secret(void)
{
    struct kc_descriptors descriptors = {.count = 0};
    uint8_t octet;
    size_t size = 0;
    if (kc_transport_receive(edge, &octet, 1, &size, &descriptors) != KC_OK ||
        descriptors.count != 1 || descriptors.fd[0] < lowest)
        _exit(2);
    return descriptors.fd[0];
}

static void reads_a_passed_secret(void)
{
    char octets[8];
    (void)!read(receive_secret(), octets, sizeof octets);
}

static void reads_a_passed_secret_at_an_offset(void)
{
    char octets[8];
    (void)!pread(receive_secret(), octets, sizeof octets, 0);
}

static void reads_a_passed_secret_in_parts(void)
{
    char octets[8];
    struct iovec part = {octets, sizeof octets};
    (void)!readv(receive_secret(), &part, 1);
}

static void maps_a_passed_secret(void)
{
    (void)mmap(NULL, 4096, PROT_READ, MAP_SHARED, receive_secret(), 0);
}

static void copies_a_passed_secret_to_a_socket(void)
{
    (void)!sendfile(edge, receive_secret(), NULL, 8);
}

static void gives_a_passed_secret_a_low_number(void)
{
    (void)dup2(receive_secret(), STDIN_FILENO);
}

static void makes_a_low_number_free(void)
{
    close(STDIN_FILENO);
}

static void opens_a_file(void)
{
    (void)open("/etc/passwd", O_RDONLY);
}

static void makes_a_socket(void)
{
    (void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void starts_a_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
}

static void makes_memory_executable(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void kills_another_process(void)
{
    kill(getppid(), 0);
}

/* What it may do, so that the others are not killed by something else. */
static void passes_a_secret_on(void)
{
    struct kc_descriptors passed = {.fd = {receive_secret()}, .count = 1};
    if (kc_transport_send(edge, "x", 1, &passed) != KC_OK)
        _exit(3);
    kc_descriptors_close(&passed);
}

/* The status of a process that enters the sandbox and tries. */
static int try_it(void (*attempt)(void))
{
    struct kc_descriptors secret = {.count = 1};
    int pair[2], status = -1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(kc_sealed_make("a secret", 8, &secret.fd[0]), KC_OK);
    assert_int_equal(kc_transport_send(pair[0], "x", 1, &secret), KC_OK);
    pid_t pid = fork();
    if (pid == 0) {
        edge = pair[1];
        close(pair[0]);
        kc_descriptors_close(&secret); /* leaves holes below the edge */
        if (kc_desk_sandbox(&lowest) != KC_OK)
            _exit(1);
        attempt();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    close(pair[0]);
    close(pair[1]);
    kc_descriptors_close(&secret);
    return status;
}

static void lets_a_secret_pass(void **state)
{
    (void)state;
    int status = try_it(passes_a_secret_on);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void ends_a_desk_that_does_what_it_must_not(void **state)
{
    (void)state;
    static void (*const attempts[])(void) = {reads_a_passed_secret,
        reads_a_passed_secret_at_an_offset, reads_a_passed_secret_in_parts, maps_a_passed_secret,
        copies_a_passed_secret_to_a_socket, gives_a_passed_secret_a_low_number,
        makes_a_low_number_free, opens_a_file, makes_a_socket, starts_a_program,
        makes_memory_executable, kills_another_process};
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        int status = try_it(attempts[i]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("attempt %zu ended with status %x", i, (unsigned)status);
    }
}

/* --- the store in the sandbox --- */

static bool put_records(struct kc_store *store, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        struct kc_record record = {.format = KC_RECORD_FORMAT,
            .kind = KC_KIND_KEY,
            .state = KC_STATE_ACTIVE,
            .version = 1};
        const struct kc_store_change change = {.records = &record, .count = 1};
        size_t place;
        record.seal_size = KC_RECORD_SEAL_MAX;
        snprintf(record.id, sizeof record.id, "id-%zu", i * 7919 % 100003); /* all over the file */
        if (kc_store_put(store, &change, &place) != KC_OK)
            return false;
    }
    return true;
}

static int fill_store(const char *folder, bool sandboxed, size_t first, size_t count)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct kc_store *store = NULL;
        const char *detail = NULL;
        bool good = kc_store_open(folder, &store, &detail) == KC_OK &&
                    (!sandboxed || kc_desk_sandbox(&lowest) == KC_OK) &&
                    put_records(store, first, count);
        _exit(good ? 0 : 1); /* as when it is killed: the store is not closed */
    }
    waitpid(pid, &status, 0);
    return status;
}

/* Past a thousand pages the log is written back and begun anew. */
static void lets_the_store_of_a_killed_desk_grow_past_a_checkpoint(void **state)
{
    (void)state;
    char folder[] = "/tmp/kc-sandbox.XXXXXX", command[64];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(fill_store(folder, false, 0, 150), 0);
    assert_int_equal(fill_store(folder, true, 1000, 600), 0);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_the_store_of_a_killed_desk_grow_past_a_checkpoint),
        cmocka_unit_test(lets_a_secret_pass),
        cmocka_unit_test(ends_a_desk_that_does_what_it_must_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
