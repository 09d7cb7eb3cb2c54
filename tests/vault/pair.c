/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vault/pair.h"

#include <stdlib.h>

int pair_setup(void **state)
{
    struct pair *pair = malloc(sizeof *pair);
    *pair = (struct pair){.device = bench_new(), .service = bench_new()};
    *state = pair;
    return 0;
}

int pair_teardown(void **state)
{
    struct pair *pair = *state;
    bench_free(pair->device);
    bench_free(pair->service);
    halves_free(pair->halves);
    free(pair);
    return 0;
}

void pair_split(struct pair *pair, const char *algorithm, const char *role)
{
    char *key = bench_generate(pair->device, algorithm, role, "k");
    pair->halves = bench_split(pair->device, pair->service, key);
    free(key);
}
