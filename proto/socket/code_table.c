/* SPDX-License-Identifier: Apache-2.0 */
/* code-table: writes docs/errors.md from base/error.def. */
#include "base/error.h"

#include <stdio.h>

static const char *class_text(enum kc_error_class class)
{
    switch (class) {
    case KC_CLASS_NONE:
        return "no error";
    case KC_CLASS_INTERNAL:
        return "the custodian itself";
    case KC_CLASS_CALLER:
        return "the caller: correct the request";
    case KC_CLASS_REFUSED:
        return "not allowed";
    case KC_CLASS_STATE:
        return "not in this state";
    case KC_CLASS_PEER:
        return "the other side: try again, or look at it";
    case KC_CLASS_HARDWARE:
        return "the hardware root";
    case KC_CLASS_STORE:
        return "the store";
    case KC_CLASS_CONFIG:
        return "the installation";
    }
    return "";
}

static void write_classes(void)
{
    printf("| exit status | who has to act |\n|---|---|\n");
    for (int class = KC_CLASS_NONE; class <= KC_CLASS_CONFIG; class ++)
        printf("| %d | %s |\n", class, class_text((enum kc_error_class) class));
}

static void write_rows(void)
{
    const struct kc_error_row *row;
    printf("| number | name | exit status | what it says | what to do |\n|---|---|---|---|---|\n");
    for (size_t i = 0; (row = kc_error_at(i)) != NULL; i++)
        printf("| %d | `%s` | %d | %s | %s |\n", (int)row->code, row->name, (int)row->class,
            row->sentence, row->advice);
}

int main(void)
{
    printf("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
           "<!-- Made by code-table from base/error.def: do not edit. -->\n"
           "# Errors\n\n"
           "The same everywhere: in answers on the socket, in the C library, in the log, and from "
           "the\n"
           "command, which prints the sentence and what to do, and exits with the status of the "
           "class.\n"
           "Numbers and names are stable.\n\n");
    write_classes();
    printf("\n");
    write_rows();
    return ferror(stdout) || fflush(stdout) != 0;
}
