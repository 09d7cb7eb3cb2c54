/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an answer of Operate is what the requester may rely on. */
#ifndef KC_TESTS_MESH_OPERATE_VERIFY_H
#define KC_TESTS_MESH_OPERATE_VERIFY_H

#include "tests/mesh/operate_state.h"

/*
 * Verifies the signature of a response, that it is for this request, and each contribution in it,
 * by the shares.
 *
 * results  given, also on failure: json_decref; empty if nothing was executed
 *
 * NULL: all is right; else what is wrong
 */
const char *operate_verify(const struct operate_service *service, struct kc_span request,
    const struct kc_operate_answer *answer, json_t **results);

/* When a request says that it was made, milliseconds since 1970. False: it does not say so. */
bool operate_request_time(struct kc_span request, uint64_t *time_ms);

#endif
