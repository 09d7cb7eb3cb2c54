/* SPDX-License-Identifier: Apache-2.0 */
/* A service as an example describes it: account bound, every access entry accepted, nothing
 * seen. */
#ifndef KC_TESTS_MESH_OPERATE_STATE_H
#define KC_TESTS_MESH_OPERATE_STATE_H

#include "custodian/mesh/operate.h"

#include <jansson.h>

#define OPERATE_CAPABILITIES_MAX 64
#define OPERATE_REVOKED_MAX 16

struct operate_service {
    struct kc_operate_state state;
    char name[64], udf[KC_UDF_ID_SIZE];
    struct kc_mesh_account account;
    struct kc_mesh_capability capabilities[OPERATE_CAPABILITIES_MAX];
    bool is_revoked[OPERATE_CAPABILITIES_MAX];
    size_t capability_count;
    char revoked[OPERATE_REVOKED_MAX][KC_UDF_ID_SIZE]; /* devices */
    size_t revoked_count;
    struct kc_key decryption, response;
    struct kc_public_key response_public; /* as ConnectionHost says it */
    struct kc_public_key share_public;    /* of the decryption key */
    struct kc_mesh_service self;
    struct kc_mesh_source source;
    uint64_t counter;
    unsigned operations_left; /* until the quota is reached */
};

/* Loads a base set. False, and a line on stderr: something in it does not hold. */
bool operate_service_load(struct operate_service *service, const json_t *base);

/* Forgets requests and revocations, but not which connections verified. */
bool operate_service_reset(struct operate_service *service);
void operate_service_done(struct operate_service *service);

/* False: there is no such capability, or no room. */
bool operate_service_revoke_capability(struct operate_service *service, const char *id);
bool operate_service_revoke_device(struct operate_service *service, const char *udf);

/* A capability by its id, also a revoked one; NULL: none. */
const struct kc_mesh_capability *operate_service_capability(
    const struct operate_service *service, const char *id);

#endif
