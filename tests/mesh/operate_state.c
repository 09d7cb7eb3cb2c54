/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/operate_state.h"

#include "base/text.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"
#include "threshold/derive.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define IDS_MAX 4096
#define PROVEN_MAX 64

static bool good(enum kc_error error, const char *what)
{
    if (error != KC_OK)
        fprintf(stderr, "%s: %s\n", what, kc_error_name(error));
    return error == KC_OK;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* --- what the state answers --- */

static const struct kc_mesh_account *find_account(void *context, const char *address)
{
    struct operate_service *service = context;
    for (size_t i = 0; i < service->account_count; i++)
        if (strcmp(service->accounts[i].address, address) == 0)
            return &service->accounts[i];
    return NULL;
}

static const struct kc_mesh_capability *find_capability(void *context, const char *id)
{
    struct operate_service *service = context;
    for (size_t i = 0; i < service->capability_count; i++)
        if (!service->is_revoked[i] && strcmp(service->capabilities[i].id, id) == 0)
            return &service->capabilities[i];
    return NULL;
}

static bool device_is_revoked(void *context, const char *account_udf, const char *udf)
{
    struct operate_service *service = context;
    (void)account_udf;
    for (size_t i = 0; i < service->revoked_count; i++)
        if (strcmp(service->revoked[i], udf) == 0)
            return true;
    return false;
}

static uint64_t count(void *context)
{
    struct operate_service *service = context;
    return ++service->counter;
}

static enum kc_error make_octets(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    return getrandom(octets, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM;
}

static bool charge(void *context, const struct kc_mesh_capability *capability)
{
    struct operate_service *service = context;
    (void)capability;
    if (service->operations_left == 0)
        return false;
    service->operations_left--;
    return true;
}

/* --- loading --- */

/* The private part of a key that a document names. */
static bool key_load(
    const char *seed_text, const char *name, const struct kc_public_key *said, struct kc_key *key)
{
    struct kc_udf seed;
    struct kc_public_key made;
    const struct kc_curve_info *info = kc_curve_by_name(said->algorithm, strlen(said->algorithm));
    if (info == NULL || !good(kc_udf_parse_canonical(span_of(seed_text), &seed), "seed") ||
        !good(kc_derive_key(key, info->curve, KC_DERIVATION_CURRENT,
                  (struct kc_span){seed.data, seed.data_size}, span_of(name)),
            name) ||
        !good(kc_mesh_public_key(&key->public, &made), name))
        return false;
    return good(kc_public_key_equal(&made, said) ? KC_OK : KC_ERR_CONTRIBUTION, name);
}

/* What the service says of its own keys. */
static bool profile_load(
    struct operate_service *service, const json_t *described, struct kc_public_key *signature)
{
    struct kc_signed_object profile;
    char *text = json_dumps(json_object_get(described, "ProfileService"), JSON_COMPACT);
    bool loaded = text != NULL && good(kc_signed_object_open_profile(span_of(text), strlen(text),
                                           KC_OBJECT_ProfileService, text_at(described, "udf"),
                                           kc_mesh_verify, &profile, NULL),
                                      "ProfileService");
    if (loaded) {
        loaded = good(kc_object_key(&profile.object, "ServiceSignature", signature),
                     "ServiceSignature") &&
                 good(kc_object_key(&profile.object, "ServiceEncryption", &service->share_public),
                     "ServiceEncryption");
        kc_signed_object_done(&profile);
    }
    free(text);
    return loaded;
}

/* What ConnectionHost says about the key that signs responses. */
static bool response_public_load(
    struct operate_service *service, const json_t *host, const struct kc_public_key *signer)
{
    struct kc_signed_object connection;
    char *text = json_dumps(json_object_get(host, "ConnectionHost"), JSON_COMPACT);
    bool loaded =
        text != NULL && good(kc_signed_object_open(span_of(text), strlen(text),
                                 KC_OBJECT_ConnectionHost, signer, kc_mesh_verify, &connection),
                            "ConnectionHost");
    if (loaded) {
        loaded =
            good(kc_object_key(&connection.object, "CustodianSignature", &service->response_public),
                "CustodianSignature");
        kc_signed_object_done(&connection);
    }
    free(text);
    return loaded;
}

static bool self_load(struct operate_service *service, const json_t *described)
{
    struct kc_public_key signature;
    const json_t *host = json_object_get(described, "host");
    service->self = (struct kc_mesh_service){
        .udf = service->udf, .key = &service->decryption, .custodian = &service->response_public};
    service->state.share_key = &service->share_public;
    return kc_text_copy(service->name, sizeof service->name, text_at(described, "address")) &&
           kc_text_copy(service->udf, sizeof service->udf, text_at(described, "udf")) &&
           profile_load(service, described, &signature) &&
           response_public_load(service, host, &signature) &&
           key_load(text_at(described, "seed"), "BaseServiceEncrypt", &service->share_public,
               &service->decryption) &&
           key_load(
               text_at(host, "custodian_seed"), "", &service->response_public, &service->response);
}

/* An account that another service serves is none of this one's. */
static bool account_load(struct operate_service *service, const json_t *described)
{
    const json_t *enveloped = json_object_get(described, "ProfileUser");
    if (enveloped == NULL)
        enveloped = json_object_get(described, "ProfileGroup");
    if (enveloped == NULL)
        return true;
    if (service->account_count == OPERATE_ACCOUNTS_MAX)
        return good(KC_ERR_LIMIT, "accounts");
    char *profile = json_dumps(enveloped, JSON_COMPACT);
    enum kc_error error = profile == NULL ? KC_ERR_NO_MEMORY
                                          : kc_mesh_account_read(span_of(profile), service->udf,
                                                &service->accounts[service->account_count]);
    free(profile);
    service->account_count += error == KC_OK ? 1 : 0;
    return error == KC_ERR_REFUSED || good(error, "account");
}

/* Whatever they are called in the base set: each alone, or several in a list. */
static bool accounts_load(struct operate_service *service, json_t *base)
{
    size_t index;
    const char *name;
    json_t *described, *one;
    json_object_foreach(base, name, described)
    {
        if (json_is_object(described) && !account_load(service, described))
            return false;
        json_array_foreach(described, index, one) if (!account_load(service, one)) return false;
    }
    return true;
}

/* An entry is of the account whose administrator signed it. */
static bool capability_load(struct operate_service *service, const json_t *access)
{
    char *entry = json_dumps(json_object_get(access, "entry"), JSON_COMPACT);
    enum kc_error error = entry == NULL ? KC_ERR_NO_MEMORY : KC_ERR_SIGNATURE;
    if (service->capability_count == OPERATE_CAPABILITIES_MAX)
        error = KC_ERR_LIMIT;
    for (size_t i = 0; error == KC_ERR_SIGNATURE && i < service->account_count; i++)
        error = kc_mesh_capability_read(span_of(entry), &service->accounts[i], &service->self,
            &service->capabilities[service->capability_count]);
    free(entry);
    service->capability_count += error == KC_OK ? 1 : 0;
    return good(error, "access entry");
}

bool operate_service_load(struct operate_service *service, json_t *base)
{
    size_t index;
    const json_t *access;
    *service = (struct operate_service){0};
    service->state = (struct kc_operate_state){.context = service,
        .service = service->name,
        .connection_age_max = KC_OPERATE_MEMBER_AGE,
        .member_connection_age_max = KC_OPERATE_MEMBER_AGE,
        .response_key = &service->response,
        .account = find_account,
        .capability = find_capability,
        .is_revoked = device_is_revoked,
        .charge = charge,
        .source = &service->source};
    service->source = (struct kc_mesh_source){service, make_octets, count, 0};
    if (!self_load(service, json_object_get(base, "service")) || !accounts_load(service, base))
        return false;
    json_array_foreach(json_object_get(base, "access"), index,
        access) if (!capability_load(service, access)) return false;
    return good(kc_proven_new(PROVEN_MAX, kc_mesh_verify, &service->state.proven), "memory") &&
           good(kc_known_keys_new(PROVEN_MAX, &service->state.known_keys), "memory") &&
           operate_service_reset(service);
}

bool operate_service_reset(struct operate_service *service)
{
    uint64_t hash_key;
    kc_replay_free(service->state.replay);
    service->state.replay = NULL;
    service->revoked_count = 0;
    service->operations_left = UINT_MAX;
    memset(service->is_revoked, 0, sizeof service->is_revoked);
    return getrandom(&hash_key, sizeof hash_key, 0) == (ssize_t)sizeof hash_key &&
           good(kc_replay_new(0, IDS_MAX, hash_key, &service->state.replay), "replay window");
}

void operate_service_done(struct operate_service *service)
{
    kc_replay_free(service->state.replay);
    kc_proven_free(service->state.proven);
    kc_known_keys_free(service->state.known_keys);
    for (size_t i = 0; i < service->capability_count; i++)
        kc_mesh_capability_wipe(&service->capabilities[i]);
    kc_key_wipe(&service->decryption);
    kc_key_wipe(&service->response);
}

void operate_service_revoke_capability(struct operate_service *service, const char *id)
{
    const struct kc_mesh_capability *found = operate_service_capability(service, id);
    if (found != NULL)
        service->is_revoked[found - service->capabilities] = true;
}

bool operate_service_revoke_device(struct operate_service *service, const char *udf)
{
    if (service->revoked_count == OPERATE_REVOKED_MAX ||
        !kc_mesh_device_name(udf, service->revoked[service->revoked_count]))
        return false;
    service->revoked_count++;
    return true;
}

const struct kc_mesh_capability *operate_service_capability(
    const struct operate_service *service, const char *id)
{
    for (size_t i = 0; i < service->capability_count; i++)
        if (strcmp(service->capabilities[i].id, id) == 0)
            return &service->capabilities[i];
    return NULL;
}
