/* SPDX-License-Identifier: Apache-2.0 */
/* What the command reads: files, within bounds, and the operator's PIN. */
#ifndef KC_CUSTODIAN_CLI_FILE_H
#define KC_CUSTODIAN_CLI_FILE_H

#include "base/reader.h"
#include "custodian/cli/cli.h"

#define KC_CLI_PIN_MAX 64
#define KC_CLI_PIN_MIN 8 /* of the operator's */

/* Octets on the heap, wiped when freed. */
struct kc_cli_octets {
    uint8_t *bytes;
    size_t size;
};

/* Room for size octets, zero; size may be 0. KC_ERR_NO_MEMORY is reported. */
KC_CHECKED enum kc_error kc_cli_octets_new(
    const struct kc_cli *cli, size_t size, struct kc_cli_octets *octets);
void kc_cli_octets_done(struct kc_cli_octets *octets);

#define KC_AUTO_OCTETS __attribute__((cleanup(kc_cli_octets_done))) struct kc_cli_octets

static inline struct kc_span kc_cli_span(const struct kc_cli_octets *octets)
{
    return (struct kc_span){octets->bytes, octets->size};
}

/*
 * Reads a file, or standard input for "-". Errors are reported.
 *
 * KC_ERR_FILE       it cannot be read
 * KC_ERR_TOO_LARGE  more than limit octets
 */
KC_CHECKED enum kc_error kc_cli_read(
    const struct kc_cli *cli, const char *path, size_t limit, struct kc_cli_octets *octets);

/* The same for a file with a secret, which nobody but its owner may use. KC_ERR_BAD_ARGUMENT: others
 * may; reported. */
KC_CHECKED enum kc_error kc_cli_read_secret(
    const struct kc_cli *cli, const char *path, size_t limit, struct kc_cli_octets *octets);

enum kc_cli_pin_how { KC_CLI_PIN_ONCE, KC_CLI_PIN_TWICE, KC_CLI_PIN_PERHAPS };

/*
 * Reads a PIN from the file that an option names (without the line feed at its end), or asks on the
 * terminal without echo. A file that others than its owner may use is refused.
 *
 * least  octets that such a PIN has at least
 * pin    KC_CLI_PIN_MAX octets; secret, the caller wipes it
 * how    whether to ask a second time, and whether nothing is an answer (then *size is 0)
 *
 * KC_ERR_FILE, KC_ERR_BAD_ARGUMENT  reported
 */
KC_CHECKED enum kc_error kc_cli_read_pin(const struct kc_cli *cli, enum kc_cli_option option,
    const char *prompt, enum kc_cli_pin_how how, size_t least, uint8_t pin[KC_CLI_PIN_MAX],
    size_t *size);

#endif
