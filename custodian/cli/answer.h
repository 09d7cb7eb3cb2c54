/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Mesh service answered. Nobody verifies its signature here: whoever uses what is in it, the
 * custodian's vault, checks that by itself, and so does TLS who was asked.
 */
#ifndef KC_CUSTODIAN_CLI_ANSWER_H
#define KC_CUSTODIAN_CLI_ANSWER_H

#include "custodian/cli/file.h"
#include "proto/dare_envelope.h"
#include "proto/object.h"

#include <jansson.h>

/* Points into itself: it is not to be copied. */
struct kc_cli_answer {
    struct kc_dare_envelope *envelope; /* NULL: it came bare */
    struct kc_json_document document;
    struct kc_object object; /* a Response */
    uint64_t status;         /* as HTTP has it; 0: it says none */
    char description[256];   /* or empty */
};

/*
 * Reads one, enveloped or bare.
 *
 * text    borrowed for as long as the answer is used
 * answer  given: kc_cli_answer_done
 *
 * KC_ERR_BAD_REPLY  it is none; reported
 */
KC_CHECKED enum kc_error kc_cli_answer_read(
    const struct kc_cli *cli, struct kc_span text, struct kc_cli_answer *answer);

/* Fine with a zeroed one. */
void kc_cli_answer_done(struct kc_cli_answer *answer);

#define KC_AUTO_ANSWER __attribute__((cleanup(kc_cli_answer_done))) struct kc_cli_answer

/* The error that a service's status means: KC_OK for what was done. */
enum kc_error kc_cli_status_error(uint64_t status);

/* Reports a status that means an error. */
KC_CHECKED enum kc_error kc_cli_answer_check(
    const struct kc_cli *cli, const struct kc_cli_answer *answer);

/*
 * The one result of an OperateResponse, of the type that is expected.
 *
 * KC_ERR_REFUSED    the service refused the operation, and says no more
 * KC_ERR_BAD_REPLY  another type
 * and as kc_cli_answer_check; reported
 */
KC_CHECKED enum kc_error kc_cli_answer_result(const struct kc_cli *cli,
    const struct kc_cli_answer *answer, enum kc_object_type type, struct kc_object *result);

/* Reports the first operation of an OperateResponse that was refused; KC_OK for other answers. */
KC_CHECKED enum kc_error kc_cli_answer_check_results(
    const struct kc_cli *cli, const struct kc_cli_answer *answer);

/* What it says, for kc_cli_print_object: the status, the type, and of what it holds the containers,
 * the results and the receipts, a text for each. Given. */
json_t *kc_cli_answer_describe(const struct kc_cli_answer *answer);

/* A receipt, enveloped, as such a text; NULL: it is none. Given. */
json_t *kc_cli_receipt_describe(struct kc_span text);

#endif
