/* SPDX-License-Identifier: Apache-2.0 */
/* object-table: prints docs/mesh-objects.md from the tables of objects and transactions. */
#include "proto/transaction.h"

#include <stdio.h>

static const char preface[] =
    "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
    "<!-- Made by object-table from proto/object/ and proto/transaction.def: do not edit. -->\n"
    "# Objects of the Mesh\n"
    "\n"
    "What the project reads and writes, row by row. *In*: the generations that have it, 18 (2018) "
    "to\n"
    "22 (2022); *ours* is an extension of this project, which others ignore; *text* is a spelling\n"
    "that only the text of a document has. Every field is optional on the wire; members that are "
    "not\n"
    "listed are counted and passed over; one thing in two spellings is refused.\n"
    "\n"
    "| type | in JSON |\n"
    "|---|---|\n"
    "| text | string |\n"
    "| integer | number without fraction, -2^53..2^53 |\n"
    "| boolean | true or false |\n"
    "| octets | base64url without padding; white space in it is dropped |\n"
    "| time | `2021-08-05T16:37:31Z` |\n"
    "| a name | object of that type |\n"
    "| tagged | object with one member, whose name is the type: that one or one made from it |\n"
    "| envelope | array [header, payload, trailer]; the payload is a tagged object of the type |\n"
    "| value | kept as it stands |\n"
    "| list of | array of such; an empty one may be left out |\n"
    "| was | an older spelling, read and never written |\n";

static void print_kind(const struct kc_object_field *field)
{
    static const char *const words[] = {
        [KC_OBJECT_KIND_TEXT] = "text",
        [KC_OBJECT_KIND_INTEGER] = "integer",
        [KC_OBJECT_KIND_BOOLEAN] = "boolean",
        [KC_OBJECT_KIND_OCTETS] = "octets",
        [KC_OBJECT_KIND_TIME] = "time",
        [KC_OBJECT_KIND_OBJECT] = "",
        [KC_OBJECT_KIND_TAGGED] = "tagged",
        [KC_OBJECT_KIND_ENVELOPE] = "envelope",
        [KC_OBJECT_KIND_VALUE] = "value",
    };
    const char *type = kc_object_info(field->type)->name, *word = words[field->kind];
    if (field->now != NULL) {
        printf("was: now %s", field->now);
        return;
    }
    printf("%s%s%s%s%s", field->is_list ? "list of " : "", word,
        *word != '\0' && *type != '\0' ? " " : "",
        field->kind == KC_OBJECT_KIND_ENVELOPE && *type != '\0' ? "of " : "", type);
}

static void print_object(const struct kc_object_info *info)
{
    const char *parent = kc_object_info(info->parent)->name;
    printf("\n### %s\n\n", info->name);
    if (*parent != '\0')
        printf("Has what %s has. ", parent);
    printf("In: %s.\n", info->years);
    if (info->fields->name == NULL)
        return;
    printf("\n| field | type | in |\n|---|---|---|\n");
    for (const struct kc_object_field *field = info->fields; field->name != NULL; field++) {
        printf("| %s | ", field->name);
        print_kind(field);
        printf(" | %s |\n", field->years);
    }
}

static void print_transactions(void)
{
    printf(
        "\n## Transactions\n\nA request is tagged by the transaction's name or by the request's; "
        "an answer by the response's.\n\n"
        "| transaction | request | response | in |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < KC_TRANSACTION_COUNT; i++) {
        const struct kc_transaction_info *info = kc_transaction_info((enum kc_transaction)i);
        printf("| %s | %s | %s | %s |\n", info->name, kc_object_info(info->request)->name,
            kc_object_info(info->response)->name, info->years);
    }
}

int main(void)
{
    fputs(preface, stdout);
    print_transactions();
    printf("\n## Objects\n");
    for (unsigned type = KC_OBJECT_NONE + 1; type < KC_OBJECT_COUNT; type++)
        print_object(kc_object_info((enum kc_object_type)type));
    return fflush(stdout) == 0 ? 0 : 1;
}
