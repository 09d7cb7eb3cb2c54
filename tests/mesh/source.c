/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/source.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

/* of any number of threads */
static atomic_uint left;
static _Atomic uint64_t counter;
static _Atomic uint8_t octet;

static uint64_t count(void *context)
{
    (void)context;
    return ++counter;
}

static enum kc_error from_kernel(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    unsigned had = left;
    while (had > 0 && !atomic_compare_exchange_weak(&left, &had, had - 1))
        ;
    if (had == 0)
        return KC_ERR_RANDOM;
    return getrandom(octets, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM;
}

static enum kc_error from_number(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    memset(octets, octet++, size);
    return KC_OK;
}

struct kc_mesh_source sample_source_that_fails(unsigned given)
{
    left = given;
    return (struct kc_mesh_source){.random = from_kernel, .count = count, .now = SAMPLE_NOW};
}

struct kc_mesh_source sample_source(void)
{
    return sample_source_that_fails(UINT_MAX);
}

struct kc_mesh_source sample_source_that_repeats(uint8_t number)
{
    octet = number;
    return (struct kc_mesh_source){.random = from_number, .count = count, .now = SAMPLE_NOW};
}
