/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command writes: files, whole or not at all. A file that is there already is replaced
 * only with --force; a device or a pipe is written into; "-" is standard output.
 */
#ifndef KC_CUSTODIAN_CLI_WRITE_H
#define KC_CUSTODIAN_CLI_WRITE_H

#include "base/reader.h"
#include "custodian/cli/cli.h"

#include <sys/types.h>

/* Where octets will go that do not exist yet. */
struct kc_cli_target {
    const char *path; /* borrowed */
    char *beside;     /* the new file, until it gets its name; NULL: written into as it is */
    int descriptor;
    const char *rescue; /* what helps if writing fails, for its report; borrowed; NULL: nothing */
};

/*
 * Makes everything ready that can fail, so that what cannot be done twice is done after it: the new
 * file is there, beside the path, with its space.
 *
 * mode    0600 for what is secret, 0644 else; the umask takes from it
 * size    octets to come, at most
 * target  given: kc_cli_target_done
 *
 * KC_ERR_FILE  reported
 */
KC_CHECKED enum kc_error kc_cli_target_open(const struct kc_cli *cli, const char *path, mode_t mode,
    size_t size, struct kc_cli_target *target);

/*
 * Writes, once. If only the last step fails, the octets stay in the new file and the report says
 * where that is.
 *
 * KC_ERR_FILE  reported
 */
KC_CHECKED enum kc_error kc_cli_target_write(
    const struct kc_cli *cli, struct kc_cli_target *target, struct kc_span octets);

/* Closes, and removes a new file that did not get its name. */
void kc_cli_target_done(struct kc_cli_target *target);

/* With --json prints where to octets were written, and how many. */
void kc_cli_print_written(const struct kc_cli *cli, const char *path, size_t size);

/*
 * Opens, writes and closes, and with --json prints where to and how much.
 *
 * KC_ERR_FILE  reported
 */
KC_CHECKED enum kc_error kc_cli_write(
    const struct kc_cli *cli, const char *path, struct kc_span octets, mode_t mode);

/* The same for a DARE envelope, as text; mode 0644. KC_ERR_FILE, and the errors of
 * kc_dare_envelope_write; reported */
struct kc_dare_envelope;
KC_CHECKED enum kc_error kc_cli_write_envelope(
    const struct kc_cli *cli, const char *path, struct kc_dare_envelope *envelope);

/*
 * The path to write to: --output, else the input's with the suffix added or (add false) taken off.
 * *path is given: free.
 *
 * KC_ERR_USAGE  there is no name to be made
 * KC_ERR_FILE   it is there already
 * Errors are reported.
 */
KC_CHECKED enum kc_error kc_cli_output_path(
    const struct kc_cli *cli, const char *input, const char *suffix, bool add, char **path);

#endif
