/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/answer.h"

#include "custodian/cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum kc_error open_envelope(struct kc_span *text, struct kc_cli_answer *answer)
{
    answer->envelope = calloc(1, sizeof *answer->envelope);
    if (answer->envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(*text, answer->envelope);
    if (error == KC_OK && answer->envelope->salt_size != 0)
        error = KC_ERR_ENVELOPE;
    if (error == KC_OK)
        *text = (struct kc_span){answer->envelope->body, answer->envelope->body_size};
    return error;
}

static void read_status(struct kc_cli_answer *answer)
{
    int64_t status = 0;
    if (kc_json_integer(kc_object_member(&answer->object, "Status"), &status) == KC_OK &&
        status > 0)
        answer->status = (uint64_t)status;
    if (kc_json_text(kc_object_member(&answer->object, "StatusDescription"), answer->description,
            sizeof answer->description) != KC_OK)
        answer->description[0] = '\0';
}

enum kc_error kc_cli_answer_read(
    const struct kc_cli *cli, struct kc_span text, struct kc_cli_answer *answer)
{
    enum kc_error error = KC_OK;
    *answer = (struct kc_cli_answer){0};
    while (text.size > 0 && strchr(" \t\r\n", text.bytes[0]) != NULL)
        text = (struct kc_span){text.bytes + 1, text.size - 1};
    if (text.size > 0 && text.bytes[0] == '[')
        error = open_envelope(&text, answer);
    if (error == KC_OK)
        error = kc_object_parse(
            text, text.size, KC_OBJECT_Response, &answer->document, &answer->object, NULL);
    if (error != KC_OK) {
        kc_cli_answer_done(answer);
        return kc_cli_refuse(cli, error == KC_ERR_NO_MEMORY ? error : KC_ERR_BAD_REPLY,
            "this is no answer of a Mesh service");
    }
    read_status(answer);
    return KC_OK;
}

void kc_cli_answer_done(struct kc_cli_answer *answer)
{
    kc_json_done(&answer->document);
    if (answer->envelope != NULL)
        kc_dare_envelope_done(answer->envelope);
    free(answer->envelope);
    *answer = (struct kc_cli_answer){0};
}

enum kc_error kc_cli_status_error(uint64_t status)
{
    static const struct {
        uint64_t status;
        enum kc_error error;
    } errors[] = {{400, KC_ERR_BAD_REQUEST}, {401, KC_ERR_SIGNATURE}, {409, KC_ERR_CONFLICT},
        {413, KC_ERR_TOO_LARGE}, {429, KC_ERR_LIMIT}, {501, KC_ERR_UNKNOWN_OPERATION},
        {503, KC_ERR_UNAVAILABLE}};
    if (status >= 200 && status < 300)
        return KC_OK;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].status == status)
            return errors[i].error;
    return KC_ERR_REFUSED;
}

enum kc_error kc_cli_answer_check(const struct kc_cli *cli, const struct kc_cli_answer *answer)
{
    enum kc_error error = kc_cli_status_error(answer->status);
    return error == KC_OK
               ? KC_OK
               : kc_cli_refuse(cli, error, "the service answered %u%s%s", (unsigned)answer->status,
                     answer->description[0] != '\0' ? ": " : "", answer->description);
}

/* --- results of Operate --- */

#define REFUSAL_SIZE 128

/* Why an operation was not done; false: it was. */
static bool refusal_of(const struct kc_object *result, char refusal[REFUSAL_SIZE])
{
    struct kc_json error = kc_object_member(result, "Error");
    if (!kc_json_is_there(error))
        return false;
    if (kc_json_text(error, refusal, REFUSAL_SIZE) != KC_OK)
        snprintf(refusal, REFUSAL_SIZE, "an error");
    return true;
}

static enum kc_error fail_refused(const struct kc_cli *cli, const char *refusal)
{
    return kc_cli_refuse(cli, KC_ERR_REFUSED, "the service did not do it: %s", refusal);
}

enum kc_error kc_cli_answer_result(const struct kc_cli *cli, const struct kc_cli_answer *answer,
    enum kc_object_type type, struct kc_object *result)
{
    char refusal[REFUSAL_SIZE];
    enum kc_error error = kc_cli_answer_check(cli, answer);
    if (error != KC_OK)
        return error;
    if (answer->object.type != KC_OBJECT_OperateResponse)
        return kc_cli_fail(cli, KC_ERR_BAD_REPLY, "the service answered something else: a %s",
            kc_object_info(answer->object.type)->name);
    *result = kc_object_item(kc_object_member(&answer->object, "Results"), 0);
    if (refusal_of(result, refusal))
        return fail_refused(cli, refusal);
    return result->type == type ? KC_OK : kc_cli_fail(cli, KC_ERR_BAD_REPLY, "Results");
}

enum kc_error kc_cli_answer_check_results(
    const struct kc_cli *cli, const struct kc_cli_answer *answer)
{
    char refusal[REFUSAL_SIZE];
    struct kc_json results = {.document = NULL};
    if (answer->object.type == KC_OBJECT_OperateResponse)
        results = kc_object_member(&answer->object, "Results");
    for (size_t i = 0; i < kc_json_count(results); i++) {
        struct kc_object result = kc_object_item(results, i);
        if (refusal_of(&result, refusal))
            return fail_refused(cli, refusal);
    }
    return KC_OK;
}

/* --- describing --- */

static json_t *describe_results(struct kc_json list)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < kc_json_count(list); i++) {
        char refusal[REFUSAL_SIZE];
        struct kc_object result = kc_object_item(list, i);
        json_array_append_new(
            texts, json_string(
                       refusal_of(&result, refusal) ? refusal : kc_object_info(result.type)->name));
    }
    return texts;
}

/* How many frames each store has. */
static json_t *describe_containers(struct kc_json list)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < kc_json_count(list); i++) {
        char name[64], text[96];
        int64_t count = 0;
        struct kc_json item = kc_json_item(list, i);
        if (kc_json_text(kc_json_member(item, "Container"), name, sizeof name) != KC_OK ||
            kc_json_integer(kc_json_member(item, "Index"), &count) != KC_OK)
            continue;
        snprintf(text, sizeof text, "%s %" PRId64, name, count);
        json_array_append_new(texts, json_string(text));
    }
    return texts;
}

static json_t *receipt_text(const struct kc_object *receipt)
{
    char done[64], text[192];
    int64_t effective = 0, anchored = 0;
    bool good = kc_json_text(kc_object_member(receipt, "Done"), done, sizeof done) == KC_OK &&
                kc_json_integer(kc_object_member(receipt, "Effective"), &effective) == KC_OK &&
                kc_json_integer(kc_object_member(receipt, "Anchored"), &anchored) == KC_OK;
    if (!good)
        return NULL;
    snprintf(text, sizeof text, "%s of %zu: effective %" PRId64 ", anchored %" PRId64, done,
        kc_json_count(kc_object_member(receipt, "Subjects")), effective, anchored);
    return json_string(text);
}

json_t *kc_cli_receipt_describe(struct kc_span text)
{
    json_t *described = NULL;
    struct kc_json_document document = {0};
    struct kc_object receipt;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return NULL;
    if (kc_dare_envelope_read(text, envelope) == KC_OK &&
        kc_object_parse((struct kc_span){envelope->body, envelope->body_size}, envelope->body_size,
            KC_OBJECT_CustodianReceipt, &document, &receipt, NULL) == KC_OK)
        described = receipt_text(&receipt);
    kc_json_done(&document);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return described;
}

static json_t *describe_receipts(struct kc_json list)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < kc_json_count(list); i++) {
        json_t *text = kc_cli_receipt_describe(kc_json_source(kc_json_item(list, i)));
        if (text != NULL)
            json_array_append_new(texts, text);
    }
    return texts;
}

json_t *kc_cli_answer_describe(const struct kc_cli_answer *answer)
{
    static const struct {
        const char *field, *name;
        json_t *(*describe)(struct kc_json list);
    } lists[] = {{"ContainerStatus", "stores", describe_containers},
        {"Results", "results", describe_results},
        {"EnvelopedReceipts", "receipts", describe_receipts}};
    json_t *object = json_object();
    json_object_set_new(object, "status", json_integer((json_int_t)answer->status));
    json_object_set_new(object, "description", json_string(answer->description));
    json_object_set_new(object, "answer", json_string(kc_object_info(answer->object.type)->name));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct kc_json list = {.document = NULL};
        if (kc_object_field_named(answer->object.type, lists[i].field) != NULL)
            list = kc_object_member(&answer->object, lists[i].field);
        if (kc_json_count(list) > 0)
            json_object_set_new(object, lists[i].name, lists[i].describe(list));
    }
    return object;
}
