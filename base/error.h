/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: one enum for the whole project, made from the table in error.def.
 *
 * A function that can fail returns enum kc_error and is KC_CHECKED. Its outputs are untouched
 * unless it returns KC_OK.
 */
#ifndef KC_BASE_ERROR_H
#define KC_BASE_ERROR_H

#include "base/language.h"

#include <stdbool.h>
#include <stddef.h>

KC_C_BEGIN

#define KC_CHECKED __attribute__((warn_unused_result))

enum kc_error {
#define KC_ERROR(number, symbol, name, class, sentence, advice) KC_ERR_##symbol = number,
#include "base/error.def"
#undef KC_ERROR
    KC_OK = KC_ERR_OK,
};

/* Who has to act. Also the exit status of the command. */
enum kc_error_class {
    KC_CLASS_NONE = 0,     /* no error */
    KC_CLASS_INTERNAL = 1, /* the custodian itself */
    KC_CLASS_CALLER = 2,   /* correct the request */
    KC_CLASS_REFUSED = 3,  /* not allowed */
    KC_CLASS_STATE = 4,    /* not in this state */
    KC_CLASS_PEER = 5,     /* try again, or look at the other side */
    KC_CLASS_HARDWARE = 6, /* the hardware root */
    KC_CLASS_STORE = 7,    /* the store */
    KC_CLASS_CONFIG = 8,   /* the installation */
};

/* One row of the table. All strings are static. */
struct kc_error_row {
    enum kc_error code;
    const char *name;     /* stable, lower case, for scripts */
    const char *sentence; /* for a person */
    const char *advice;   /* what to do */
    enum kc_error_class KC_CLASS;
};

/* The row of an error; the row of KC_ERR_INTERNAL for a number that is in no row. Never NULL. */
const struct kc_error_row *kc_error_row(enum kc_error error);

/* The row at a position, for listings; NULL after the last. */
const struct kc_error_row *kc_error_at(size_t position);

/* Whether a number, such as one from a message, is in the table. */
bool kc_error_known(unsigned long number);

static inline const char *kc_error_name(enum kc_error error)
{
    return kc_error_row(error)->name;
}

KC_C_END

#endif
