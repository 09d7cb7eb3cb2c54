/* SPDX-License-Identifier: Apache-2.0 */
/* What bench-mesh does with the shares in the store: has them made, and measures what depends on how
 * many there are. */
#ifndef KC_TESTS_FRONT_BENCH_MESH_STORE_H
#define KC_TESTS_FRONT_BENCH_MESH_STORE_H

#include "tests/front/mesh_client.h"

/* Stops the service, has bench-fill make shares of the party's account for its device, and starts it
 * again. */
void bench_mesh_store_fill(
    struct mesh_service *service, const struct mesh_party *party, size_t shares);

/* Measures and tells: a start with the first use, listings, and changes of single capabilities. */
void bench_mesh_store_measure(
    struct mesh_service *service, const struct mesh_party *party, size_t shares, bool json);

/* Tells what vault and desk have of memory. */
void bench_mesh_memory(const struct mesh_service *service, size_t shares, bool json);

#endif
