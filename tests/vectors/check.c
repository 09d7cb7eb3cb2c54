/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_DIGITS_MAX 2000

void check_init(struct check *c)
{
    memset(c, 0, sizeof *c);
    c->numbers = BN_CTX_new();
    if (c->numbers == NULL)
        abort();
    BN_CTX_start(c->numbers);
}

void check_done(struct check *c)
{
    BN_CTX_end(c->numbers);
    BN_CTX_free(c->numbers);
    for (size_t i = 0; i < c->lent_count; i++)
        free(c->lent[i]);
    free(c->lent);
}

/* Zeros that live as long as the vector. */
static uint8_t *lend(struct check *c, size_t size)
{
    uint8_t *octets = calloc(1, size);
    uint8_t **lent = reallocarray(c->lent, c->lent_count + 1, sizeof *lent);
    if (octets == NULL || lent == NULL)
        abort();
    c->lent = lent;
    c->lent[c->lent_count++] = octets;
    return octets;
}

void check_fail(struct check *c, const char *format, ...)
{
    if (c->failed)
        return;
    c->failed = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->reason, sizeof c->reason, format, arguments);
    va_end(arguments);
}

void check_skip(struct check *c, const char *what, const char *name)
{
    c->skipped = true;
    snprintf(c->reason, sizeof c->reason, "no %s %s here", what, name);
}

void check_ok(struct check *c, const char *what, enum kc_error error)
{
    if (error != KC_OK)
        check_fail(c, "%s: %s", what, kc_error_name(error));
}

bool check_has(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    return member != NULL && !json_is_null(member);
}

static const json_t *member_of_type(
    struct check *c, const json_t *object, const char *name, json_type type)
{
    const json_t *member = json_object_get(object, name);
    if (member == NULL || json_is_null(member)) {
        check_fail(c, "%s is missing", name);
        return NULL;
    }
    if (json_typeof(member) != type) {
        check_fail(c, "%s has another type", name);
        return NULL;
    }
    return member;
}

const json_t *check_list(struct check *c, const json_t *object, const char *name)
{
    return member_of_type(c, object, name, JSON_ARRAY);
}

const json_t *check_object(struct check *c, const json_t *object, const char *name)
{
    return member_of_type(c, object, name, JSON_OBJECT);
}

const json_t *check_list_if_there(struct check *c, const json_t *object, const char *name)
{
    return check_has(object, name) ? check_list(c, object, name) : NULL;
}

const json_t *check_object_if_there(struct check *c, const json_t *object, const char *name)
{
    return check_has(object, name) ? check_object(c, object, name) : NULL;
}

const char *check_text(struct check *c, const json_t *object, const char *name)
{
    const json_t *member = member_of_type(c, object, name, JSON_STRING);
    return member != NULL ? json_string_value(member) : "";
}

static int hex_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *place = digit != '\0' ? strchr(digits, digit) : NULL;
    return place != NULL ? (int)(place - digits) : -1;
}

/* Decodes lower-case hex into octets of half its size. */
static bool decode_hex(const char *text, uint8_t *octets)
{
    for (size_t i = 0; text[i] != '\0'; i += 2) {
        int high = hex_value(text[i]), low = high >= 0 ? hex_value(text[i + 1]) : -1;
        if (low < 0)
            return false;
        octets[i / 2] = (uint8_t)(high << 4 | low);
    }
    return true;
}

struct kc_span check_octets(struct check *c, const json_t *object, const char *name)
{
    const char *text = check_text(c, object, name);
    size_t size = strlen(text) / 2;
    if (size > CHECK_OCTETS_MAX) {
        check_fail(c, "%s is too long", name);
        size = 0;
        text = "";
    }
    uint8_t *octets = lend(c, size + 1);
    if (!decode_hex(text, octets)) {
        check_fail(c, "%s is not lower-case hex", name);
        size = 0;
    }
    return (struct kc_span){octets, size};
}

bool check_flag(struct check *c, const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_boolean(member))
        check_fail(c, "%s is missing or no boolean", name);
    return json_is_true(member);
}

long check_count(struct check *c, const json_t *object, const char *name)
{
    const json_t *member = member_of_type(c, object, name, JSON_INTEGER);
    json_int_t value = json_integer_value(member);
    if (value < 0 || value > INT32_MAX) {
        check_fail(c, "%s is out of range", name);
        return 0;
    }
    return (long)value;
}

BIGNUM *check_new_number(struct check *c)
{
    BIGNUM *number = BN_CTX_get(c->numbers);
    if (number == NULL)
        abort();
    BN_zero(number);
    return number;
}

BIGNUM *check_number_item(struct check *c, const json_t *item, const char *name)
{
    BIGNUM *number = check_new_number(c);
    const char *text = json_string_value(item);
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > NUMBER_DIGITS_MAX || text[digits] != '\0')
        check_fail(c, "%s is missing or no decimal string", name);
    else if (BN_dec2bn(&number, text) == 0)
        abort();
    return number;
}

BIGNUM *check_number(struct check *c, const json_t *object, const char *name)
{
    return check_number_item(c, json_object_get(object, name), name);
}

void expect_text(struct check *c, const json_t *object, const char *name, const char *value)
{
    if (strcmp(check_text(c, object, name), value) != 0)
        check_fail(c, "%s differs: %s", name, value);
}

void expect_octets(
    struct check *c, const json_t *object, const char *name, const uint8_t *bytes, size_t size)
{
    struct kc_span wanted = check_octets(c, object, name);
    if (wanted.size != size || memcmp(wanted.bytes, bytes, size) != 0)
        check_fail(c, "%s differs", name);
}

void expect_number(struct check *c, const json_t *object, const char *name, const BIGNUM *value)
{
    if (BN_cmp(check_number(c, object, name), value) != 0)
        check_fail(c, "%s differs", name);
}

void expect_count(struct check *c, const json_t *object, const char *name, long value)
{
    if (check_count(c, object, name) != value)
        check_fail(c, "%s differs: %ld", name, value);
}

void expect_text_if_there(
    struct check *c, const json_t *object, const char *name, const char *value)
{
    if (check_has(object, name))
        expect_text(c, object, name, value);
}

void expect_octets_if_there(
    struct check *c, const json_t *object, const char *name, const uint8_t *bytes, size_t size)
{
    if (check_has(object, name))
        expect_octets(c, object, name, bytes, size);
}

void expect_count_if_there(struct check *c, const json_t *object, const char *name, long value)
{
    if (check_has(object, name))
        expect_count(c, object, name, value);
}
