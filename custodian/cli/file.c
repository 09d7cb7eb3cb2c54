/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/file.h"

#include "base/secret.h"
#include "custodian/cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define FIRST_SIZE 65536 /* octets of the first buffer for a file whose size is not known */

enum kc_error kc_cli_octets_new(const struct kc_cli *cli, size_t size, struct kc_cli_octets *octets)
{
    uint8_t *bytes = calloc(1, size + 1);
    if (bytes == NULL)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    octets->bytes = bytes;
    octets->size = size;
    return KC_OK;
}

void kc_cli_octets_done(struct kc_cli_octets *octets)
{
    if (octets->bytes != NULL)
        kc_wipe(octets->bytes, octets->size);
    free(octets->bytes);
    *octets = (struct kc_cli_octets){NULL, 0};
}

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* Makes room for twice as much; what was read moves, and is wiped where it was. */
static bool grow(struct kc_cli_octets *octets, size_t used, size_t limit)
{
    size_t wanted = octets->size == 0 ? FIRST_SIZE : 2 * octets->size;
    struct kc_cli_octets larger = {NULL, wanted > limit + 1 ? limit + 1 : wanted};
    larger.bytes = malloc(larger.size);
    if (larger.bytes == NULL)
        return false;
    if (used > 0)
        memcpy(larger.bytes, octets->bytes, used);
    kc_cli_octets_done(octets);
    *octets = larger;
    return true;
}

/* Reads to the end, or to one octet above the limit. False: errno says why. */
static bool read_all(int descriptor, size_t limit, struct kc_cli_octets *octets)
{
    size_t used = 0;
    for (;;) {
        if (used == octets->size && !grow(octets, used, limit))
            return false;
        ssize_t got = read(descriptor, octets->bytes + used, octets->size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        used += (size_t)got;
        if (got == 0 || used > limit)
            break;
    }
    octets->size = used;
    return true;
}

enum kc_error kc_cli_read(
    const struct kc_cli *cli, const char *path, size_t limit, struct kc_cli_octets *octets)
{
    KC_AUTO_OCTETS read = {NULL, 0};
    int descriptor = is_standard(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool done = descriptor >= 0 && read_all(descriptor, limit, &read);
    int cause = errno;
    if (descriptor > STDIN_FILENO)
        close(descriptor);
    if (!done)
        return kc_cli_fail(cli, KC_ERR_FILE, "%s: %s", path, strerror(cause));
    if (read.size > limit)
        return kc_cli_fail(cli, KC_ERR_TOO_LARGE, "%s has more than %zu octets", path, limit);
    *octets = read;
    read = (struct kc_cli_octets){NULL, 0};
    return KC_OK;
}

/* Signals that would end or stop the command wait until the terminal echoes again. */
static void signals_hold(sigset_t *before)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGTSTP);
    sigprocmask(SIG_BLOCK, &held, before);
}

/* Reads a line without echo. False: it is no terminal, or it ended. */
static bool read_hidden(FILE *terminal, const char *prompt, char *line, size_t size)
{
    struct termios shown, hidden;
    if (tcgetattr(fileno(terminal), &shown) != 0)
        return false;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    setvbuf(terminal, NULL, _IONBF, 0); /* nothing is left in a buffer */
    tcsetattr(fileno(terminal), TCSAFLUSH, &hidden);
    fprintf(terminal, "%s: ", prompt);
    bool good = fflush(terminal) == 0 && fgets(line, (int)size, terminal) != NULL;
    tcsetattr(fileno(terminal), TCSAFLUSH, &shown);
    fputc('\n', terminal);
    return good;
}

/* Asks on the terminal. False: there is none, or it ended. */
static bool ask(const char *prompt, char *line, size_t size)
{
    sigset_t before;
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (terminal == NULL)
        return false;
    signals_hold(&before);
    bool good = read_hidden(terminal, prompt, line, size);
    fclose(terminal);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return good;
}

/* Asks once, or twice with the same answer. */
static enum kc_error ask_pin(const struct kc_cli *cli, enum kc_cli_option option,
    const char *prompt, enum kc_cli_pin_how how, char *line, size_t size)
{
    char again[KC_CLI_PIN_MAX + 3] = "", prompt_again[64];
    snprintf(prompt_again, sizeof prompt_again, "%s, again", prompt);
    if (!ask(prompt, line, size))
        return kc_cli_fail(
            cli, KC_ERR_USAGE, "no terminal to ask on: --%s FILE", kc_cli_options[option].name);
    if (how != KC_CLI_PIN_TWICE)
        return KC_OK;
    bool same = ask(prompt_again, again, sizeof again) && strcmp(line, again) == 0;
    kc_wipe(again, sizeof again);
    return same ? KC_OK : kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "the two PINs differ");
}

enum kc_error kc_cli_read_secret(
    const struct kc_cli *cli, const char *path, size_t limit, struct kc_cli_octets *octets)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
            "others may use %s, a file with a secret: chmod 600 it", path);
    return kc_cli_read(cli, path, limit, octets);
}

static enum kc_error read_pin_file(
    const struct kc_cli *cli, const char *path, char *line, size_t size)
{
    KC_AUTO_OCTETS octets = {NULL, 0};
    enum kc_error error = kc_cli_read_secret(cli, path, FIRST_SIZE, &octets);
    if (error != KC_OK)
        return error;
    size_t length = octets.size < size ? octets.size : size - 1;
    if (length > 0)
        memcpy(line, octets.bytes, length);
    line[length] = '\0';
    return KC_OK;
}

enum kc_error kc_cli_read_pin(const struct kc_cli *cli, enum kc_cli_option option,
    const char *prompt, enum kc_cli_pin_how how, size_t least, uint8_t pin[KC_CLI_PIN_MAX],
    size_t *size)
{
    /* Room for a line feed, and for one octet more that shows a PIN that is too long. */
    char line[KC_CLI_PIN_MAX + 3] = "";
    const char *path = cli->values[option];
    enum kc_error error = path != NULL ? read_pin_file(cli, path, line, sizeof line)
                                       : ask_pin(cli, option, prompt, how, line, sizeof line);
    size_t length = strcspn(line, "\r\n");
    bool good =
        (length >= least && length <= KC_CLI_PIN_MAX) || (length == 0 && how == KC_CLI_PIN_PERHAPS);
    if (error == KC_OK && !good)
        error = kc_cli_fail(
            cli, KC_ERR_BAD_ARGUMENT, "a PIN has %zu to %d octets", least, KC_CLI_PIN_MAX);
    if (error == KC_OK) {
        memcpy(pin, line, length);
        *size = length;
    }
    kc_wipe(line, sizeof line);
    return error;
}
