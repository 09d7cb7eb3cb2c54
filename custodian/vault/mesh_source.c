/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/core.h"
#include "custodian/vault/key.h"

static enum kc_error fill(void *context, uint8_t *octets, size_t size)
{
    return kc_entropy_fill(context, octets, size);
}

static uint64_t count(void *context)
{
    return kc_entropy_count(context);
}

struct kc_mesh_source kc_call_mesh_source(struct kc_call *call)
{
    return (struct kc_mesh_source){call->vault->entropy, fill, count, kc_call_now(call)};
}
