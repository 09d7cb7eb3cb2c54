/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/known_keys.h"

#include "custodian/mesh/verify.h"
#include "threshold/signature_key.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct known {
    enum kc_curve curve;
    uint8_t octets[KC_POINT_SIZE_MAX]; /* point_size of the curve */
    struct kc_signature_key key;
};

struct kc_known_keys {
    pthread_mutex_t lock; /* over the places */
    size_t count;
    struct known *places[]; /* owned; NULL: free */
};

enum kc_error kc_known_keys_new(size_t count, struct kc_known_keys **keys)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the places are pointers */
    struct kc_known_keys *made = calloc(1, sizeof *made + count * sizeof made->places[0]);
    if (made == NULL)
        return KC_ERR_NO_MEMORY;
    made->count = count;
    pthread_mutex_init(&made->lock, NULL);
    *keys = made;
    return KC_OK;
}

void kc_known_keys_free(struct kc_known_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++)
        free(keys->places[i]);
    pthread_mutex_destroy(&keys->lock);
    free(keys);
}

/* The one place that a key can have: its octets are as good as random, and who makes many that meet there
 * makes their own slow. */
static struct known **place_of(struct kc_known_keys *keys, const uint8_t *octets)
{
    uint64_t number;
    memcpy(&number, octets, sizeof number);
    return &keys->places[number % keys->count];
}

static bool find(struct kc_known_keys *keys, const struct kc_curve_info *curve,
    const uint8_t *octets, struct kc_signature_key *key)
{
    pthread_mutex_lock(&keys->lock);
    const struct known *known = *place_of(keys, octets);
    bool found = known != NULL && known->curve == curve->curve &&
                 memcmp(known->octets, octets, curve->point_size) == 0;
    if (found)
        *key = known->key;
    pthread_mutex_unlock(&keys->lock);
    return found;
}

static void keep(struct kc_known_keys *keys, const struct kc_curve_info *curve,
    const uint8_t *octets, const struct kc_signature_key *key)
{
    struct known *known = malloc(sizeof *known);
    if (known == NULL)
        return; /* it is made ready again next time */
    *known = (struct known){.curve = curve->curve, .key = *key};
    memcpy(known->octets, octets, curve->point_size);
    pthread_mutex_lock(&keys->lock);
    struct known **place = place_of(keys, octets), *former = *place;
    *place = known;
    pthread_mutex_unlock(&keys->lock);
    free(former);
}

enum kc_error kc_known_keys_verify(void *memory, const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature)
{
    struct kc_known_keys *keys = memory;
    struct kc_signature_key ready;
    const struct kc_curve_info *curve = kc_curve_by_name(key->algorithm, strlen(key->algorithm));
    if (curve == NULL || !curve->signs)
        return KC_ERR_BAD_ALGORITHM;
    bool known = key->size == curve->point_size && find(keys, curve, key->octets, &ready);
    enum kc_error error =
        known ? KC_OK : kc_signature_key_decode(&ready, curve->curve, key->octets, key->size);
    if (error != KC_OK)
        return error;
    struct kc_signed_message message = kc_mesh_signed_message(curve->curve, digest);
    error = kc_signature_key_verify(&ready, &message, signature.bytes, signature.size);
    if (error == KC_OK && !known)
        keep(keys, curve, key->octets, &ready);
    return error;
}
