/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of the capabilities that bench-fill makes: who asks for one of them needs just its number. */
#ifndef KC_TESTS_BENCH_FILL_ID_H
#define KC_TESTS_BENCH_FILL_ID_H

#include "proto/udf_key.h"

#include <stdint.h>

void bench_fill_id(uint32_t number, char id[static KC_UDF_ID_SIZE]);

#endif
