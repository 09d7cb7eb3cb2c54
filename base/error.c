/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

static const struct kc_error_row rows[] = {
#define KC_ERROR(number, symbol, name, class, sentence, advice)                                    \
    {KC_ERR_##symbol, name, sentence, advice, KC_CLASS_##class},
#include "base/error.def"
#undef KC_ERROR
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static const struct kc_error_row *find(unsigned long number)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if ((unsigned long)rows[i].code == number)
            return &rows[i];
    }
    return NULL;
}

const struct kc_error_row *kc_error_row(enum kc_error error)
{
    const struct kc_error_row *row = find((unsigned long)error);
    return row ? row : find(KC_ERR_INTERNAL);
}

const struct kc_error_row *kc_error_at(size_t position)
{
    return position < ROW_COUNT ? &rows[position] : NULL;
}

bool kc_error_known(unsigned long number)
{
    return find(number) != NULL;
}
