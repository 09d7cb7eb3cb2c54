/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     PROGRAM all         calls everything
 *     PROGRAM branch      leaks a secret by a branch, on purpose
 *     PROGRAM index       leaks a secret by an index
 *
 * Run by the script beside it, which wants both leaks noticed: the tool and the marking of secrets
 * are at work then.
 */
#include "tests/constant_time/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

void secret(void *bytes, size_t size)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes, size);
}

void must(enum kc_error error)
{
    if (error != KC_OK) {
        printf("unexpected: %s\n", kc_error_name(error));
        exit(3);
    }
}

struct kc_scalar secret_scalar(enum kc_curve curve, uint8_t seed)
{
    uint8_t uniform[KC_UNIFORM_SIZE];
    struct kc_scalar scalar;
    memset(uniform, seed, sizeof uniform);
    must(kc_scalar_random(&scalar, curve, uniform));
    secret(scalar.limb, sizeof scalar.limb);
    return scalar;
}

struct kc_fresh fresh(uint64_t counter)
{
    struct kc_fresh made = {.counter = counter};
    secret(made.random, sizeof made.random);
    return made;
}

static void leak_by_branch(void)
{
    struct kc_scalar scalar = secret_scalar(KC_CURVE_ED448, 19);
    puts(scalar.limb[0] & 1 ? "odd" : "even");
}

static void leak_by_index(void)
{
    static const volatile uint8_t table[2] = {7, 8};
    struct kc_scalar scalar = secret_scalar(KC_CURVE_ED448, 20);
    printf("%d\n", table[scalar.limb[0] & 1] == 9);
}

int main(int count, char **arguments)
{
    if (count != 2 || !RUNNING_ON_VALGRIND)
        return 2;
    if (strcmp(arguments[1], "branch") == 0) {
        leak_by_branch();
    } else if (strcmp(arguments[1], "index") == 0) {
        leak_by_index();
    } else {
        constant_time_groups();
        constant_time_protocols();
        constant_time_padding();
    }
    return 0;
}
