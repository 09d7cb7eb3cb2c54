/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root/pin.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_SIZE (2 * KC_ROOT_NAME_SIZE + 1) /* the digits and a line feed */

/* --- reading --- */

/* Of a hexadecimal digit; -1 for any other character. */
static int value_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_name(const char *line, uint8_t name[static KC_ROOT_NAME_SIZE])
{
    for (size_t i = 0; i < KC_ROOT_NAME_SIZE; i++) {
        int high = value_of(line[2 * i]), low = value_of(line[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        name[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

enum kc_error kc_root_pin_read(
    const char *path, uint8_t name[static KC_ROOT_NAME_SIZE], struct kc_config_problem *problem)
{
    uint8_t read[KC_ROOT_NAME_SIZE];
    char *text = NULL;
    int descriptor = -1;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return KC_ERR_ROOT_NOT_PROVISIONED;
    enum kc_error error = kc_config_open(path, &descriptor, problem);
    if (error != KC_OK)
        return error;
    error = kc_config_read(descriptor, path, &text, problem);
    close(descriptor);
    if (error != KC_OK)
        return error;
    bool is_pin = strlen(text) == LINE_SIZE && text[LINE_SIZE - 1] == '\n' && read_name(text, read);
    free(text);
    if (!is_pin) {
        snprintf(
            problem->text, sizeof problem->text, "%.120s: does not hold the Name of an SRK", path);
        return KC_ERR_CONFIG;
    }
    memcpy(name, read, sizeof read);
    return KC_OK;
}

/* --- writing --- */

static bool write_line(int descriptor, const uint8_t name[static KC_ROOT_NAME_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char line[LINE_SIZE];
    for (size_t i = 0; i < KC_ROOT_NAME_SIZE; i++) {
        line[2 * i] = digits[name[i] >> 4];
        line[2 * i + 1] = digits[name[i] & 15];
    }
    line[LINE_SIZE - 1] = '\n';
    return write(descriptor, line, sizeof line) == (ssize_t)sizeof line &&
           fchmod(descriptor, 0644) == 0 && fsync(descriptor) == 0;
}

static enum kc_error sync_folder(const char *path)
{
    char copy[KC_CONFIG_PATH_SIZE];
    if (!kc_text_copy(copy, sizeof copy, path))
        return KC_ERR_FILE;
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    return done ? KC_OK : KC_ERR_FILE;
}

enum kc_error kc_root_pin_write(const char *path, const uint8_t name[static KC_ROOT_NAME_SIZE])
{
    char temporary[KC_CONFIG_PATH_SIZE + 8];
    if (strlen(path) >= KC_CONFIG_PATH_SIZE)
        return KC_ERR_FILE;
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0)
        return KC_ERR_FILE;
    bool written = write_line(descriptor, name);
    close(descriptor);
    /* link, unlike rename, leaves alone what is there */
    enum kc_error error = written && link(temporary, path) == 0 ? KC_OK : KC_ERR_FILE;
    if (written && error != KC_OK && errno == EEXIST)
        error = KC_ERR_EXISTS;
    unlink(temporary);
    return error == KC_OK ? sync_folder(path) : error;
}
