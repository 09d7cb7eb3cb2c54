/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/admin_activation.h"

#include "base/wipe.h"
#include "custodian/mesh/capability_make.h"
#include "custodian/mesh/device_documents.h"
#include "custodian/mesh/seed.h"
#include "custodian/mesh/split.h"

#include <stdlib.h>
#include <string.h>

#define SPECIFIER_SIZE 2
#define SEED_SIZE (SPECIFIER_SIZE + KC_MESH_SEED_SECRET)

/* --- the device's own keys --- */

/* Base key plus the key of a name: the sum, and none that is no key. */
static enum kc_error compose(const uint8_t seed[SEED_SIZE], enum kc_curve signing, const char *name,
    const struct kc_public_key *base, struct kc_public_key *composite)
{
    KC_AUTO_KEY contribution = {0};
    struct kc_point points[2], sum;
    enum kc_error error = kc_mesh_point(base, &points[0]);
    if (error == KC_OK)
        error = kc_mesh_seed_key(
            (struct kc_span){seed, SEED_SIZE}, signing, KC_DERIVATION_CURRENT, name, &contribution);
    if (error != KC_OK)
        return error;
    if (contribution.public.curve != points[0].curve)
        return KC_ERR_BAD_ALGORITHM;
    points[1] = contribution.public;
    error = kc_point_sum(&sum, points, 2);
    return error == KC_OK ? kc_mesh_public_key(&sum, composite) : error;
}

static enum kc_error compose_all(const uint8_t seed[SEED_SIZE], const struct kc_mesh_device *device,
    struct kc_mesh_connected *made)
{
    struct kc_point base;
    enum kc_error error = kc_mesh_point(&device->signature, &base);
    if (error == KC_OK)
        error =
            compose(seed, base.curve, "ActivationDeviceSign", &device->signature, &made->signature);
    if (error == KC_OK)
        error = compose(
            seed, base.curve, "ActivationDeviceEncrypt", &device->encryption, &made->encryption);
    return error == KC_OK ? compose(seed, base.curve, "ActivationDeviceAuthenticate",
                                &device->authentication, &made->authentication)
                          : error;
}

static enum kc_error seed_make(
    const struct kc_mesh_source *source, uint8_t seed[SEED_SIZE], uint8_t *digest)
{
    struct kc_udf_digest hashed;
    seed[0] = KC_MESH_SEED_ACTIVATION_DEVICE >> 8;
    seed[1] = KC_MESH_SEED_ACTIVATION_DEVICE & 0xff;
    enum kc_error error =
        source->random(source->context, seed + SPECIFIER_SIZE, KC_MESH_SEED_SECRET);
    if (error == KC_OK)
        error =
            kc_udf_content_digest(KC_HASH_SHA512, (struct kc_span){seed, SEED_SIZE}, "", &hashed);
    if (error == KC_OK)
        memcpy(digest, hashed.value, sizeof hashed.value);
    kc_wipe(&hashed, sizeof hashed);
    return error;
}

/* --- what it gets of the account --- */

/* Splits one of the account's keys: the service's share into an entry, the holder's into `given`. */
static enum kc_error resource_split(const struct kc_mesh_source *source,
    const struct kc_mesh_connecting *connecting, const struct kc_mesh_connected *made,
    struct kc_mesh_given *given, struct kc_mesh_split_kept *kept, char **entry)
{
    KC_AUTO_MESH_SPLIT split = {0};
    const struct kc_mesh_parties parties = {
        .administrator = connecting->keys[KC_MESH_RESOURCE_ADMINISTRATOR],
        .provider = connecting->provider,
        .grantee = made->authentication.udf};
    kept->epoch = connecting->epoch;
    enum kc_error error = kc_mesh_holder_split(source, &parties, given->key, &split, kept, entry);
    if (error != KC_OK)
        return error;
    given->share = split.holder;
    given->share_own = &kept->holder_own;
    given->service_id = kept->id;
    return KC_OK;
}

/* The device's authentication key is the grantee: it stands in the connection that every request
 * brings. */
static enum kc_error resources_give(const struct kc_mesh_source *source,
    const struct kc_mesh_connecting *connecting, struct kc_mesh_given given[KC_MESH_RESOURCE_COUNT],
    struct kc_mesh_connected *made)
{
    size_t splits = 0;
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < KC_MESH_RESOURCE_COUNT; i++) {
        enum kc_mesh_right right = connecting->rights->of[i];
        if (right == KC_MESH_RIGHT_NONE)
            continue;
        given[i].key = connecting->keys[i];
        if (given[i].key == NULL)
            return KC_ERR_BAD_ARGUMENT;
        if (right == KC_MESH_RIGHT_DIRECT)
            continue;
        if (connecting->provider == NULL || splits == KC_MESH_SPLITS_MAX)
            return KC_ERR_BAD_ARGUMENT;
        made->splits[splits].class =
            i == KC_MESH_RESOURCE_SIGNATURE ? KC_MESH_SIGN : KC_MESH_DECRYPT;
        error = resource_split(
            source, connecting, made, &given[i], &made->splits[splits], &made->entries[splits]);
        splits++;
    }
    return error;
}

/* The service makes keys for it: the right has no share, and is the device's as its shares are. */
static enum kc_error generator_give(const struct kc_mesh_source *source,
    const struct kc_mesh_connecting *connecting, struct kc_mesh_connected *made)
{
    size_t size;
    if (!connecting->rights->may_generate)
        return KC_OK;
    if (connecting->provider == NULL)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = kc_mesh_capability_id(source, made->generator_id);
    const struct kc_mesh_grant grant = {
        .administrator = connecting->keys[KC_MESH_RESOURCE_ADMINISTRATOR],
        .class = KC_MESH_GENERATE,
        .id = made->generator_id,
        .epoch = connecting->epoch,
        .service_udf = connecting->provider->udf,
        .grantee = made->authentication.udf};
    return error == KC_OK ? kc_mesh_capability_make(source, &grant, &made->generator, &size)
                          : error;
}

static enum kc_error connect(const struct kc_mesh_source *source,
    const struct kc_mesh_connecting *connecting, uint8_t seed[SEED_SIZE],
    struct kc_mesh_given given[KC_MESH_RESOURCE_COUNT], struct kc_mesh_connected *made)
{
    enum kc_error error = seed_make(source, seed, made->seed_digest);
    if (error == KC_OK)
        error = compose_all(seed, connecting->device, made);
    if (error == KC_OK)
        error = resources_give(source, connecting, given, made);
    if (error == KC_OK)
        error = generator_give(source, connecting, made);
    return error == KC_OK ? kc_mesh_device_documents(
                                source, connecting, (struct kc_span){seed, SEED_SIZE}, given, made)
                          : error;
}

enum kc_error kc_mesh_connect_device(const struct kc_mesh_source *source,
    const struct kc_mesh_connecting *connecting, struct kc_mesh_connected *made)
{
    uint8_t seed[SEED_SIZE]; /* secret */
    struct kc_mesh_given given[KC_MESH_RESOURCE_COUNT] = {0};
    struct kc_mesh_connected connected = {0};
    if (connecting->keys[KC_MESH_RESOURCE_ADMINISTRATOR] == NULL)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = connect(source, connecting, seed, given, &connected);
    kc_wipe(seed, sizeof seed);
    kc_wipe(given, sizeof given);
    if (error == KC_OK)
        *made = connected;
    else
        kc_mesh_connected_done(&connected);
    return error;
}

void kc_mesh_connected_done(struct kc_mesh_connected *made)
{
    free(made->connection);
    free(made->cataloged);
    free(made->respond);
    free(made->generator);
    for (size_t i = 0; i < KC_MESH_SPLITS_MAX; i++)
        free(made->entries[i]);
    *made = (struct kc_mesh_connected){0};
}
