/* SPDX-License-Identifier: Apache-2.0 */
/* The rights of the running processes, as the kernel tells them, and what becomes of one that does
 * what it has no right to. */
#include "custodian/process.h"
#include "tests/fault/client.h"
#include "tests/fault/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct kc_custodian custodian;
static struct kc_client *client;
static struct key key;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    client = connect_to(&custodian);
    assert_answer(generate(client, "Ed448", "application", "sealed", "key", &key), KC_OK);
    assert_answer(use_key(client, &key), KC_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

static void skip_unless_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("[  SKIPPED ] users are separate, and others can be looked at, for root only\n");
    skip();
}

static void assert_status(enum process process, const char *name, const char *wanted)
{
    char value[128];
    read_status(find_process(&custodian, process), name, value);
    if (strcmp(value, wanted) != 0)
        fail_msg("%s: %s is %s", process_names[process], name, value);
}

/* --- rights --- */

static void each_process_is_a_user_of_its_own(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "64801\t64801\t64801\t64801", "64802\t64802\t64802\t64802", "64803\t64803\t64803\t64803"};
    skip_unless_root();
    for (enum process process = DESK; process < SUPERVISOR; process++) {
        assert_status(process, "Uid", ids[process]);
        assert_status(process, "Gid", ids[process]);
        assert_status(process, "Groups", "");
    }
}

static void no_process_has_rights_or_gets_new_ones(void **state)
{
    (void)state;
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb"};
    for (enum process process = DESK; process < PROCESSES; process++) {
        assert_status(process, "NoNewPrivs", "1");
        assert_status(process, "Seccomp", "2");
        for (size_t i = 0; process != SUPERVISOR && i < 4; i++)
            assert_status(process, sets[i], "0000000000000000");
    }
}

/* Of a process that may not be dumped, /proc belongs to root: not even its own user can look. */
static void not_even_its_own_user_can_look_into_a_process(void **state)
{
    (void)state;
    skip_unless_root();
    for (enum process process = DESK; process < SUPERVISOR; process++) {
        char path[64], user[128];
        struct stat status;
        pid_t pid = find_process(&custodian, process);
        snprintf(path, sizeof path, "/proc/%d/mem", pid);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_uid, 0);
        read_status(pid, "Uid", user);
        assert_true(shell("! setpriv --reuid=%d --clear-groups cat /proc/%d/maps >/dev/null 2>&1",
            atoi(user), pid));
        assert_true(shell(
            "! setpriv --reuid=%d --clear-groups ls /proc/%d/fd >/dev/null 2>&1", atoi(user), pid));
    }
}

/* --- descriptors --- */

/* Whether it is still there. */
static bool read_descriptor(pid_t pid, const char *number, char target[static 256])
{
    char path[320];
    snprintf(path, sizeof path, "/proc/%d/fd/%s", pid, number);
    ssize_t size = readlink(path, target, 255);
    target[size < 0 ? 0 : size] = '\0';
    return size >= 0;
}

static bool is_expected(const char *target, const char *const *expected)
{
    for (; *expected; expected++)
        if (strncmp(target, *expected, strlen(*expected)) == 0)
            return true;
    return false;
}

static void assert_descriptors(enum process process, const char *const *expected)
{
    char folder[64], target[256];
    pid_t pid = find_process(&custodian, process);
    snprintf(folder, sizeof folder, "/proc/%d/fd", pid);
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files));) {
        if (entry->d_name[0] == '.')
            continue;
        if (read_descriptor(pid, entry->d_name, target) && !is_expected(target, expected))
            fail_msg("%s has %s: %s", process_names[process], entry->d_name, target);
    }
    closedir(files);
}

/* docs/architecture.md: what each process never has. */
static void each_process_has_the_descriptors_it_needs(void **state)
{
    (void)state;
    char store[80];
    skip_unless_root();
    snprintf(store, sizeof store, "%s/store", custodian.folder);
    const char *const desk[] = {"/dev/null", custodian.log, "socket:", store,
        "anon_inode:[eventpoll]", "anon_inode:[eventfd]", "/dev/urandom", NULL};
    const char *const vault[] = {"/dev/null", custodian.log, "socket:", "anon_inode:[eventpoll]",
        "anon_inode:[eventfd]", "anon_inode:[timerfd]", "/secretmem", NULL};
    const char *const root[] = {"/dev/null", custodian.log, "socket:", "/secretmem", NULL};
    assert_descriptors(DESK, desk);
    assert_descriptors(VAULT, vault);
    assert_descriptors(ROOT, root);
    assert_int_equal(count_descriptors(find_process(&custodian, ROOT)), 6);
}

/* Whatever it starts, or a library does for it, has none of its edges. */
static void assert_kept(enum process process)
{
    char folder[64], path[320], line[128];
    pid_t pid = find_process(&custodian, process);
    snprintf(folder, sizeof folder, "/proc/%d/fdinfo", pid);
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files));) {
        unsigned flags = 0;
        if (entry->d_name[0] == '.' || strtol(entry->d_name, NULL, 10) <= STDERR_FILENO)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *about = fopen(path, "re");
        while (about && fgets(line, sizeof line, about) && sscanf(line, "flags: %o", &flags) != 1)
            continue;
        if (about)
            fclose(about);
        if (!(flags & (unsigned)O_CLOEXEC))
            fail_msg("descriptor %s of %s is inherited", entry->d_name, process_names[process]);
    }
    closedir(files);
}

static void no_descriptor_outlives_the_start_of_another_program(void **state)
{
    (void)state;
    skip_unless_root();
    for (enum process process = DESK; process < SUPERVISOR; process++)
        assert_kept(process);
}

/* --- memory --- */

/* Sums the mappings whose VmFlags have all of the flags, in KiB. */
static unsigned long count_mapped(pid_t pid, const char *const *flags)
{
    char path[64], line[512];
    unsigned long size = 0, sum = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps", pid);
    FILE *maps = fopen(path, "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        (void)sscanf(line, "Size: %lu kB", &size);
        bool all = strncmp(line, "VmFlags:", 8) == 0;
        for (size_t i = 0; all && flags[i]; i++)
            all = strstr(line, flags[i]) != NULL;
        sum += all ? size : 0;
    }
    fclose(maps);
    return sum;
}

/* lo: locked; dd: in no core image; dc: not inherited by a fork. */
static void the_arena_is_locked_not_dumped_and_not_inherited(void **state)
{
    (void)state;
    static const char *const arena[] = {" lo", " dd", " dc", NULL};
    skip_unless_root();
    assert_true(count_mapped(find_process(&custodian, VAULT), arena) >= 4096);
    assert_true(count_mapped(find_process(&custodian, ROOT), arena) >= 256);
}

static void no_process_can_run_what_it_writes(void **state)
{
    (void)state;
    static const char *const both[] = {" wr", " ex", NULL};
    skip_unless_root();
    for (enum process process = DESK; process < SUPERVISOR; process++)
        assert_int_equal(count_mapped(find_process(&custodian, process), both), 0);
}

/* --- the filter --- */

static void open_a_file(void)
{
    (void)!open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static void make_a_socket(void)
{
    (void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void start_a_program(void)
{
    char *const none[] = {NULL};
    execve("/bin/true", none, none);
}

static void start_a_process(void)
{
    (void)fork();
}

static void kill_another(void)
{
    (void)kill(getppid(), 0);
}

static void become_root(void)
{
    (void)!setuid(0);
}

static void do_nothing(void)
{
}

/* What all of the processes have in common; each adds just what it needs. */
static int run_filtered(void (*act)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (kc_process_filter(NULL, 0) == KC_OK)
            act();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_call_that_is_not_allowed_ends_the_process(void **state)
{
    (void)state;
    static void (*const acts[])(void) = {
        open_a_file, make_a_socket, start_a_program, start_a_process, kill_another, become_root};
    assert_int_equal(run_filtered(do_nothing), 0);
#ifdef __SANITIZE_ADDRESS__
    skip(); /* there the filter only reports */
#endif
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        int status = run_filtered(acts[i]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("act %zu ended with %d", i, status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_process_is_a_user_of_its_own),
        cmocka_unit_test(no_process_has_rights_or_gets_new_ones),
        cmocka_unit_test(not_even_its_own_user_can_look_into_a_process),
        cmocka_unit_test(each_process_has_the_descriptors_it_needs),
        cmocka_unit_test(no_descriptor_outlives_the_start_of_another_program),
        cmocka_unit_test(the_arena_is_locked_not_dumped_and_not_inherited),
        cmocka_unit_test(no_process_can_run_what_it_writes),
        cmocka_unit_test(a_call_that_is_not_allowed_ends_the_process),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
