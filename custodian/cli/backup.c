/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup and restore of the store, by the host's owner (docs/freshness.md). The store belongs to the
 * desk's user, who is not trusted: a process that has become that user, and has nothing but the other
 * file's descriptor, does what is to be done with it. For a backup the daemon may run: it is asked to
 * hold the store's file as it is meanwhile.
 */
#include "custodian/cli/call.h"
#include "custodian/cli/host.h"
#include "custodian/cli/output.h"
#include "custodian/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum kc_error kc_cli_store_work(const char *folder, int descriptor);

static bool become(const struct kc_config *config)
{
    const struct kc_config_user *user = &config->users[0]; /* the desk's */
    return !config->drops_rights ||
           (setgroups(0, NULL) == 0 && setresgid(user->group, user->group, user->group) == 0 &&
               setresuid(user->user, user->user, user->user) == 0);
}

_Noreturn static void work_and_end(
    const struct kc_config *config, kc_cli_store_work *work, int descriptor, int answers)
{
    enum kc_error error =
        become(config) ? work(config->store, descriptor) : KC_ERR_CONFIG_PERMISSIONS;
    uint16_t code = (uint16_t)error;
    ssize_t written = write(answers, &code, sizeof code);
    _exit(written == sizeof code ? 0 : 1);
}

static enum kc_error run(const struct kc_config *config, kc_cli_store_work *work, int descriptor)
{
    int answers[2];
    uint16_t code = KC_ERR_INTERNAL;
    if (pipe2(answers, O_CLOEXEC) < 0)
        return KC_ERR_NO_MEMORY;
    pid_t pid = fork();
    if (pid == 0)
        work_and_end(config, work, descriptor, answers[1]);
    close(answers[1]);
    ssize_t got = pid < 0 ? -1 : read(answers[0], &code, sizeof code);
    close(answers[0]);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    return got == sizeof code && kc_error_known(code) ? (enum kc_error)code : KC_ERR_INTERNAL;
}

static enum kc_error report(struct kc_cli *cli, const struct kc_config *config, enum kc_error error)
{
    if (error == KC_ERR_STORE)
        return kc_cli_refuse(
            cli, error, "%s is in use, or its disk failed: stop the daemon first", config->store);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "%s", config->store);
}

static enum kc_error ask_daemon(
    struct kc_cli *cli, struct kc_client *client, const char *mode, bool *is_absent)
{
    KC_AUTO_CALL call = {0};
    kc_cli_call_init(&call, cli, client, KC_OPERATION_STORE_BACKUP);
    if (mode)
        kc_cli_call_text(&call, KC_FIELD_MODE, mode);
    enum kc_error error = kc_cli_call_try(&call);
    *is_absent = error == KC_ERR_DAEMON_ABSENT;
    if (error != KC_OK && (!*is_absent || mode))
        kc_cli_call_report(&call, error);
    return error;
}

/* The daemon is asked first: one that is about to start would find the store in use. Errors are
 * reported. */
static enum kc_error back_up(struct kc_cli *cli, const struct kc_config *config, int output)
{
    struct kc_client *client;
    bool is_absent;
    if (!kc_cli_given(cli, KC_CLI_SOCKET))
        cli->values[KC_CLI_SOCKET] = config->socket;
    enum kc_error error = kc_cli_custodian(cli, &client);
    if (error != KC_OK)
        return error;
    error = ask_daemon(cli, client, NULL, &is_absent);
    if (error != KC_OK && !is_absent)
        return error;
    error = run(config, is_absent ? kc_store_backup : kc_store_backup_held, output);
    if (error != KC_OK)
        return report(cli, config, error);
    return is_absent ? KC_OK : ask_daemon(cli, client, "end", &is_absent);
}

static int open_output(const struct kc_cli *cli, const char *path)
{
    if (kc_cli_given(cli, KC_CLI_FORCE))
        (void)unlink(path);
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

enum kc_error kc_cli_store_backup(struct kc_cli *cli)
{
    const char *path = cli->arguments[0];
    KC_AUTO_HOST_CONFIG config = NULL;
    struct stat status = {.st_size = 0};
    enum kc_error error = kc_cli_host_config(cli, &config);
    if (error != KC_OK)
        return error;
    int output = open_output(cli, path);
    if (output < 0 && errno == EEXIST)
        return kc_cli_fail(cli, KC_ERR_FILE, "%s exists; --force replaces it", path);
    if (output < 0)
        return kc_cli_fail(cli, KC_ERR_FILE, "%s: %s", path, strerrordesc_np(errno));
    error = back_up(cli, config, output);
    (void)fstat(output, &status);
    close(output);
    if (error != KC_OK) {
        (void)unlink(path);
        return error;
    }
    kc_cli_print_object(
        cli, json_pack("{s:s, s:I}", "file", path, "size", (json_int_t)status.st_size));
    return KC_OK;
}

enum kc_error kc_cli_store_restore(struct kc_cli *cli)
{
    const char *path = cli->arguments[0];
    KC_AUTO_HOST_CONFIG config = NULL;
    enum kc_error error = kc_cli_host_config(cli, &config);
    if (error != KC_OK)
        return error;
    if (!kc_cli_given(cli, KC_CLI_YES))
        return kc_cli_fail(cli, KC_ERR_USAGE,
            "what was changed since the backup is lost: --yes says that it is meant");
    int input = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (input < 0)
        return kc_cli_fail(cli, KC_ERR_FILE, "%s: %s", path, strerrordesc_np(errno));
    const struct kc_config_user *user = &config->users[0];
    error = kc_store_prepare(config->store, user->user, user->group);
    if (error == KC_OK)
        error = run(config, kc_store_restore, input);
    close(input);
    if (error == KC_ERR_STORE_DAMAGED || error == KC_ERR_STORE_VERSION)
        return kc_cli_fail(cli, error, "%s", path); /* the store may be: that is why it is done */
    if (error != KC_OK)
        return report(cli, config, error);
    kc_cli_print_object(cli, json_pack("{s:s, s:s}", "store", config->store, "restored", path));
    kc_cli_say(cli, "Start the daemon; if the store is older than the hardware root says, "
                    "custodian store accept-rollback takes it.");
    return KC_OK;
}
