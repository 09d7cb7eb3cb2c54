/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One vector on its way through the code: reads its input fields and compares its output fields.
 *
 * Sticky: the first thing that is wrong with the vector, or differs, is kept and the vector has
 * failed; getters then lend empty or zero values, so that a player reads like the format.
 */
#ifndef KC_TESTS_VECTORS_CHECK_H
#define KC_TESTS_VECTORS_CHECK_H

#include "base/error.h"
#include "base/reader.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <stdint.h>

#define CHECK_OCTETS_MAX 65536 /* octets of one field */

struct check {
    BN_CTX *numbers; /* owns every number of the vector */
    bool failed, skipped;
    char reason[200];
    uint8_t **lent; /* octets that fields were read into; owned, as they are */
    size_t lent_count;
};

/* Plays one vector with a player; what it says is in the check. */
typedef void (*player)(struct check *c, const json_t *vector);

void check_init(struct check *c);
void check_done(struct check *c);

void check_fail(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For what the code cannot do: the vector counts as skipped, for this reason. */
void check_skip(struct check *c, const char *what, const char *name);

/* Fails unless the error is KC_OK. */
void check_ok(struct check *c, const char *what, enum kc_error error);

/* Inputs. A field that is absent or null where it must be there, or of another form, fails. */
bool check_has(const json_t *object, const char *name);
const json_t *check_list(struct check *c, const json_t *object, const char *name);
const json_t *check_object(struct check *c, const json_t *object, const char *name);
const json_t *check_list_if_there(struct check *c, const json_t *object, const char *name);
const json_t *check_object_if_there(struct check *c, const json_t *object, const char *name);
const char *check_text(struct check *c, const json_t *object, const char *name);
struct kc_span check_octets(struct check *c, const json_t *object, const char *name);
bool check_flag(struct check *c, const json_t *object, const char *name);
long check_count(struct check *c, const json_t *object, const char *name);
BIGNUM *check_number(struct check *c, const json_t *object, const char *name);
BIGNUM *check_number_item(struct check *c, const json_t *item, const char *name);

/* A number of the vector's, zero. */
BIGNUM *check_new_number(struct check *c);

/* Outputs: the field must be there and equal. The _if_there forms accept that it is absent. */
void expect_text(struct check *c, const json_t *object, const char *name, const char *value);
void expect_octets(
    struct check *c, const json_t *object, const char *name, const uint8_t *bytes, size_t size);
void expect_number(struct check *c, const json_t *object, const char *name, const BIGNUM *value);
void expect_count(struct check *c, const json_t *object, const char *name, long value);
void expect_text_if_there(
    struct check *c, const json_t *object, const char *name, const char *value);
void expect_octets_if_there(
    struct check *c, const json_t *object, const char *name, const uint8_t *bytes, size_t size);
void expect_count_if_there(struct check *c, const json_t *object, const char *name, long value);

#endif
