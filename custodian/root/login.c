/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root/login.h"

#include "tpm/root.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM (KC_HSM_PIN_MAX + 2) /* a line feed, and one octet too many */

static enum kc_error say(
    struct kc_config_problem *problem, enum kc_error error, const char *path, const char *words)
{
    snprintf(problem->text, sizeof problem->text, "%.120s: %s", path, words);
    return error;
}

static enum kc_error check_mode(int descriptor, const char *path, struct kc_config_problem *problem)
{
    struct stat status;
    if (fstat(descriptor, &status) < 0)
        return say(problem, KC_ERR_CONFIG, path, "cannot be looked at");
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return say(problem, KC_ERR_CONFIG_PERMISSIONS, path,
            "a PIN must be in a file of mode 0600: for its owner alone");
    return KC_OK;
}

/* Reads until the end; -1 if that fails. */
static ssize_t read_all(int descriptor, uint8_t room[static ROOM])
{
    size_t size = 0;
    ssize_t got = 1;
    while (got > 0 && size < ROOM) {
        got = read(descriptor, room + size, ROOM - size);
        size += got > 0 ? (size_t)got : 0;
    }
    return got < 0 ? -1 : (ssize_t)size;
}

static enum kc_error read_pin(
    int descriptor, const char *path, struct kc_secret *pin, struct kc_config_problem *problem)
{
    KC_AUTO_SECRET room = {0};
    KC_AUTO_SECRET read = {0};
    if (kc_secret_init(&room, ROOM) != KC_OK)
        return KC_ERR_NO_MEMORY;
    ssize_t size = read_all(descriptor, room.bytes);
    if (size > 0 && room.bytes[size - 1] == '\n')
        size--;
    if (size < 1 || size > KC_HSM_PIN_MAX)
        return say(problem, KC_ERR_CONFIG, path, "holds no PIN of 1 to 255 octets");
    if (kc_secret_init(&read, (size_t)size) != KC_OK)
        return KC_ERR_NO_MEMORY;
    memcpy(read.bytes, room.bytes, read.size);
    *pin = kc_secret_take(&read);
    return KC_OK;
}

enum kc_error kc_root_login_read(
    const char *path, struct kc_secret *pin, struct kc_config_problem *problem)
{
    int descriptor = -1;
    enum kc_error error = kc_config_open(path, &descriptor, problem);
    if (error != KC_OK)
        return error;
    if ((error = check_mode(descriptor, path, problem)) == KC_OK)
        error = read_pin(descriptor, path, pin, problem);
    close(descriptor);
    return error;
}
