/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command prints: results on standard output, for people or (--json) for scripts;
 * failures, remarks and progress on standard error.
 *
 * Results are JSON values inside, with the wire names of fields; octets in lower-case hex.
 */
#ifndef KC_CUSTODIAN_CLI_OUTPUT_H
#define KC_CUSTODIAN_CLI_OUTPUT_H

#include "custodian/cli/cli.h"

#include <jansson.h>

/* Reports a failure and returns its error. The detail may be NULL. */
enum kc_error kc_cli_fail(const struct kc_cli *cli, enum kc_error error, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failure that the detail explains in full: the error's own sentence and advice are
 * left out. */
enum kc_error kc_cli_refuse(const struct kc_cli *cli, enum kc_error error, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* A remark for a person; nothing with --quiet or --json. */
void kc_cli_say(const struct kc_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* From now on, after a second, a line on a terminal says what is being waited for. */
void kc_cli_wait_begin(const struct kc_cli *cli, const char *what);
void kc_cli_wait_end(void);

/* The fields of a message as an object; given. */
json_t *kc_cli_object(const struct kc_values *values);

/* The same, with the id of an object called by what it is: "escrow". */
json_t *kc_cli_object_of(const struct kc_values *values, const char *kind);

/* Adds an item to a list; of kc_cli_visitor's form. */
bool kc_cli_collect(void *list, const struct kc_values *item);

/* Octets as hex; given. */
json_t *kc_cli_hex(const void *bytes, size_t size);

/* Prints an object: as it is, or one line for each member; to standard error if a document went to
 * standard output. Consumes it. */
void kc_cli_print_object(const struct kc_cli *cli, json_t *object);

/* Prints a list of objects: as it is, or a table of the named members, which end with NULL; there
 * too. Consumes it. */
void kc_cli_print_list(const struct kc_cli *cli, json_t *list, const char *const columns[]);

#endif
