/* SPDX-License-Identifier: Apache-2.0 */
/* A service as an example describes it: every account bound, every access entry accepted, nothing
 * seen. Its keys are of the curves that its documents say. */
#ifndef KC_TESTS_MESH_OPERATE_STATE_H
#define KC_TESTS_MESH_OPERATE_STATE_H

#include "custodian/mesh/operate.h"

#include <jansson.h>

#define OPERATE_ACCOUNTS_MAX 8
#define OPERATE_CAPABILITIES_MAX 64
#define OPERATE_REVOKED_MAX 16

struct operate_service {
    struct kc_operate_state state;
    char name[64], udf[KC_UDF_ID_SIZE];
    struct kc_mesh_account accounts[OPERATE_ACCOUNTS_MAX];
    size_t account_count;
    struct kc_mesh_capability capabilities[OPERATE_CAPABILITIES_MAX];
    bool is_revoked[OPERATE_CAPABILITIES_MAX];
    size_t capability_count;
    char revoked[OPERATE_REVOKED_MAX][KC_UDF_ID_SIZE]; /* devices */
    size_t revoked_count;
    struct kc_key decryption, response;
    struct kc_public_key response_public; /* as ConnectionHost says it */
    struct kc_public_key share_public;    /* of the decryption key, as ProfileService says it */
    struct kc_mesh_service self;
    struct kc_mesh_source source;
    uint64_t counter;
    unsigned operations_left; /* until the quota is reached */
};

/*
 * Loads a base set.
 *
 * service  given, also if it could not be loaded: operate_service_done
 *
 * False, and a line on stderr: something in it does not hold.
 */
bool operate_service_load(struct operate_service *service, json_t *base);

/* Forgets requests and revocations, but not which connections verified. */
bool operate_service_reset(struct operate_service *service);
void operate_service_done(struct operate_service *service);

/* What is unknown is revoked without effect. */
void operate_service_revoke_capability(struct operate_service *service, const char *id);

/* False: it is no fingerprint, or there is no room. */
bool operate_service_revoke_device(struct operate_service *service, const char *udf);

/* A capability by its id, also a revoked one; NULL: none. */
const struct kc_mesh_capability *operate_service_capability(
    const struct operate_service *service, const char *id);

#endif
