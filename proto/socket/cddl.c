/* SPDX-License-Identifier: Apache-2.0 */
/* socket-cddl: writes docs/socket-api.cddl, the socket API in CDDL (RFC 8610), from the tables. */
#include "proto/socket/cbor_key.h"
#include "proto/socket/cddl_preface.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- fields --- */

static void write_choices(const char *choices)
{
    const char *separator = "";
    for (size_t size; *choices; choices += size + (choices[size] != 0)) {
        size = strcspn(choices, " ");
        printf("%s\"%.*s\"", separator, (int)size, choices);
        separator = " / ";
    }
}

static void write_sized(const char *type, const struct kc_field_row *row)
{
    if (row->least == row->most)
        printf("%s .size %" PRIu64, type, row->most);
    else
        printf("%s .size (%" PRIu64 "..%" PRIu64 ")", type, row->least, row->most);
}

static void write_type(const struct kc_field_row *row)
{
    switch (row->type) {
    case KC_TYPE_UINT:
        printf("%" PRIu64 "..%" PRIu64, row->least, row->most);
        break;
    case KC_TYPE_BOOL:
        printf("bool");
        break;
    case KC_TYPE_TEXT:
        if (row->choices)
            write_choices(row->choices);
        else
            write_sized("tstr", row);
        break;
    case KC_TYPE_BYTES:
        write_sized("bstr", row);
        break;
    case KC_TYPE_DATA:
        printf("bstr .size (0..%d) / descriptor", KC_DATA_INLINE_MAX);
        break;
    case KC_TYPE_SECRET:
        printf("descriptor");
        break;
    case KC_TYPE_ITEMS:
        break;
    }
}

static void write_field(const struct kc_field_row *row)
{
    printf("%s = ", row->name);
    write_type(row);
    printf(" ; %s", row->sentence);
    if (row->type == KC_TYPE_DATA || row->type == KC_TYPE_SECRET)
        printf("; in a descriptor at most %" PRIu64 " octets", row->most);
    printf("\n");
}

static void write_fields(void)
{
    printf("; --- Fields ---\n\n");
    for (unsigned int i = 0; i < KC_FIELDS; i++) {
        if (kc_fields[i].type != KC_TYPE_ITEMS)
            write_field(&kc_fields[i]);
    }
    printf("\n");
}

/* --- operations --- */

/* The members of a map, in the order that they have in a message: some fields, and of the frame the
 * key that is given. */
static void write_members(const struct kc_operation_row *row, struct kc_field_set required,
    struct kc_field_set optional, unsigned int frame)
{
    const uint8_t *order = kc_key_order();
    for (size_t i = 0; i < KC_KEY_KEYS; i++) {
        unsigned int key = order[i];
        const char *text = (const char *)kc_key_text(key).bytes;
        if (key == frame && key == KC_KEY_OP)
            printf("  \"op\": \"%s\",\n", row->name);
        else if (key == frame)
            printf("  \"error\": 0,\n");
        else if (key == KC_FIELD_ITEMS && kc_field_set_has(&required, KC_FIELD_ITEMS))
            printf("  \"items\": [0*%d %s-item],\n", KC_ITEMS_MAX, row->name);
        else if (key < KC_FIELDS && kc_field_set_has(&required, (enum kc_field)key))
            printf("  \"%s\": %s,\n", text, text);
        else if (key < KC_FIELDS && kc_field_set_has(&optional, (enum kc_field)key))
            printf("  ? \"%s\": %s,\n", text, text);
    }
}

static void write_operation(const struct kc_operation_row *row)
{
    printf("; %s\n%s-request = (\n", row->sentence, row->name);
    write_members(row, row->required, row->optional, KC_KEY_OP);
    printf(")\n%s-answer = (\n", row->name);
    write_members(row, row->answer, row->answer_optional, KC_KEY_ERROR);
    printf(")\n");
    if (!kc_field_set_empty(&row->item)) {
        printf("%s-item = {\n", row->name);
        write_members(row, (struct kc_field_set){0}, row->item, KC_KEY_KEYS);
        printf("}\n");
    }
    printf("\n");
}

static bool in_batch(unsigned int operation)
{
    return operation != KC_OPERATION_BATCH &&
           !kc_field_set_has(&kc_operations[operation].answer, KC_FIELD_ITEMS);
}

/* rule = { <frame><name>-<kind> } / ...: for all operations, or for those that a batch may hold */
static void write_choice(const char *rule, const char *frame, const char *kind, bool batch)
{
    const char *separator = "=";
    printf("%s\n", rule);
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        if (batch && !in_batch(i))
            continue;
        printf("  %s { %s%s-%s }\n", separator, frame, kc_operations[i].name, kind);
        separator = "/";
    }
}

static void write_messages(void)
{
    printf("; --- Messages ---\n\nsocket-message = socket-request / answer\n\n");
    printf("frame = (\n  \"v\": %d,\n  \"id\": id,\n)\n", KC_PROTOCOL_VERSION);
    printf("id = 1..18446744073709551615 ; chosen by the client, different from those in flight\n");
    printf("descriptor = 0..%d ; position among the descriptors passed with the message\n\n",
        KC_DESCRIPTORS_MAX - 1);
    write_choice("socket-request", "frame, ", "request", false);
    printf("\n; An answer does not name its operation: the client knows it by the id.\n");
    write_choice("answer", "frame, ", "answer", false);
    printf("  / { frame, refusal }\n");
    printf("  / { \"v\": %d, \"id\": 0, refusal } ; to a request whose id could not be read\n\n",
        KC_PROTOCOL_VERSION);
    printf("refusal = (\n  \"name\": tstr .size (0..%d), ; stable, for programs\n"
           "  \"error\": error, ; stable, for programs\n  ? \"detail\": detail,\n"
           "  \"sentence\": tstr .size (0..%d), ; for people\n)\n\n",
        KC_ERROR_SENTENCE_MAX, KC_ERROR_SENTENCE_MAX);
}

static void write_batch(void)
{
    const struct kc_operation_row *row = &kc_operations[KC_OPERATION_BATCH];
    printf("; %s\n", row->sentence);
    printf("batch-request = (\n  \"op\": \"batch\",\n  \"items\": [1*%d batched-request],\n)\n",
        KC_BATCH_MAX);
    printf("; as many as were asked for, in their order, each with an error of its own\n");
    printf("batch-answer = (\n  \"error\": 0,\n  \"items\": [1*%d batched-answer],\n)\n",
        KC_BATCH_MAX);
    write_choice("batched-request", "", "request", true);
    write_choice("batched-answer", "", "answer", true);
    printf("  / { refusal }\n\n");
}

static void write_operations(void)
{
    printf("; --- Operations ---\n\n");
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        if (i != KC_OPERATION_BATCH)
            write_operation(&kc_operations[i]);
    }
    write_batch();
}

/* --- errors --- */

static void write_errors(void)
{
    const struct kc_error_row *row;
    printf("; --- Errors ---\n\nerror\n");
    const char *separator = "=";
    for (size_t i = 1; (row = kc_error_at(i)) != NULL; i++) {
        printf("  %s %d ; %s: %s\n", separator, (int)row->code, row->name, row->sentence);
        separator = "/";
    }
}

int main(void)
{
    fputs(cddl_preface, stdout);
    write_messages();
    write_operations();
    write_fields();
    write_errors();
    return ferror(stdout) || fflush(stdout) != 0;
}
