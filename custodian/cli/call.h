/* SPDX-License-Identifier: Apache-2.0 */
/* One request of the command to a custodian, and its answer. */
#ifndef KC_CUSTODIAN_CLI_CALL_H
#define KC_CUSTODIAN_CLI_CALL_H

#include "custodian/cli/cli.h"

#define KC_CLI_OCTETS_MAX 512

/* Where a field's value is from, which a person knows and a field's name does not tell: an argument as it
 * was written, mostly a file's name, or an option, also one that was not given. Borrowed; NULL: neither. */
struct kc_cli_origin {
    const char *argument, *option;
};

struct kc_cli_call {
    const struct kc_cli *cli;
    struct kc_client *client; /* borrowed */
    struct kc_client_request request;
    struct kc_client_answer *answer;
    const char *waits_for;             /* what a person is told that takes long; borrowed */
    uint8_t octets[KC_CLI_OCTETS_MAX]; /* of options in hex */
    size_t octet_count;
    struct kc_cli_origin origins[KC_FIELDS];
};

/*
 * The client of the custodian that --socket names, or of the one that --service names. Lives as
 * long as the run. The service is not the custodian itself.
 *
 * Errors are reported.
 */
KC_CHECKED enum kc_error kc_cli_custodian(struct kc_cli *cli, struct kc_client **client);
KC_CHECKED enum kc_error kc_cli_service(struct kc_cli *cli, struct kc_client **client);

/* Prepares a request. The texts and octets that are set are borrowed until the call is done. */
void kc_cli_call_init(struct kc_cli_call *call, const struct kc_cli *cli, struct kc_client *client,
    enum kc_operation operation);

/* The same to the custodian. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_call_begin(
    struct kc_cli *cli, struct kc_cli_call *call, enum kc_operation operation);

void kc_cli_call_text(struct kc_cli_call *call, enum kc_field field, const char *text);
void kc_cli_call_octets(struct kc_cli_call *call, enum kc_field field, struct kc_span octets);
void kc_cli_call_number(struct kc_cli_call *call, enum kc_field field, uint64_t number);

/* Notes the argument or the option that a field is from, for the report of a failure. */
void kc_cli_call_from_argument(struct kc_cli_call *call, enum kc_field field, const char *argument);
void kc_cli_call_from_option(
    struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option);

/* Sets a field from an option, if that was given. */
void kc_cli_call_option(struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option);

/* The same from octets in hex, a number, a date or seconds, or a flag. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_call_hex(
    struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option);
KC_CHECKED enum kc_error kc_cli_call_count(
    struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option);
KC_CHECKED enum kc_error kc_cli_call_time(
    struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option);
void kc_cli_call_flag(struct kc_cli_call *call, enum kc_field field, enum kc_cli_option option);

/* DATA and SECRET. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_call_data(
    struct kc_cli_call *call, enum kc_field field, struct kc_span octets);
KC_CHECKED enum kc_error kc_cli_call_secret(
    struct kc_cli_call *call, enum kc_field field, struct kc_span octets);

/* Calls. `run` reports a failure, with the detail that the custodian gave; `try` leaves that to who
 * knows better. */
KC_CHECKED enum kc_error kc_cli_call_run(struct kc_cli_call *call);
KC_CHECKED enum kc_error kc_cli_call_try(struct kc_cli_call *call);

/* Reports a failure that `try` gave, with the detail that the custodian gave. */
void kc_cli_call_report(const struct kc_cli_call *call, enum kc_error error);

/*
 * Calls again and again, for a listing that comes in pages, and tells the visitor of every item
 * until that says false. Errors are reported.
 */
typedef bool kc_cli_visitor(void *context, const struct kc_values *item);
KC_CHECKED enum kc_error kc_cli_call_list(
    struct kc_cli_call *call, kc_cli_visitor *visit, void *context);

/* The answer's message; the values lend from it. Only after KC_OK. */
const struct kc_message *kc_cli_call_answer(const struct kc_cli_call *call);
struct kc_span kc_cli_call_span(const struct kc_cli_call *call, enum kc_field field);

/* Octets of the answer that have to be so many. KC_ERR_BAD_REPLY: they are not. Reported. */
KC_CHECKED enum kc_error kc_cli_call_exactly(
    const struct kc_cli_call *call, enum kc_field field, size_t size, struct kc_span *octets);

/* The same for a SECRET of the answer, which is read into size octets. */
KC_CHECKED enum kc_error kc_cli_call_answer_secret(
    const struct kc_cli_call *call, enum kc_field field, uint8_t *octets, size_t size);

/* Ends a call; fine with a zeroed one. */
void kc_cli_call_done(struct kc_cli_call *call);

/* A local call that ends when it leaves its scope. */
#define KC_AUTO_CALL __attribute__((cleanup(kc_cli_call_done))) struct kc_cli_call

#endif
