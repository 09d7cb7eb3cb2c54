/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_quirks.h"

#include "base/secret.h"
#include "tpm/hsm_object.h"
#include "tpm/hsm_resident.h"

#include <string.h>
#include <sys/random.h>

/* Whether the token derives with a key and this point. */
static bool derives(
    struct kc_hsm_token *token, const struct kc_root_made *made, struct kc_span point)
{
    uint8_t result[KC_ROOT_RESULT_MAX]; /* of a key that is gone soon */
    size_t size = 0;
    const struct kc_root_key key = {NULL, {made->blob, made->blob_size}};
    const struct kc_root_use_of_key use = {
        .key = &key, .operation = KC_ROOT_OPERATION_AGREE, .input = point};
    bool good = kc_hsm_resident_use(token, &use, result, &size) == KC_OK;
    kc_wipe(result, sizeof result);
    return good;
}

static void try_to_derive(struct kc_hsm_token *token, const struct kc_hsm_algorithm *algorithm,
    const struct kc_root_made *made, struct kc_root_quirk *quirk)
{
    static const uint8_t zeros[KC_ROOT_PUBLIC_MAX] = {0}; /* u = 0: a point of small order */
    quirk->derives = derives(token, made, (struct kc_span){made->public_key, made->public_size});
    quirk->derives_of_der = (token->points_as_der >> algorithm->algorithm & 1) != 0;
    quirk->takes_small_order = derives(token, made, (struct kc_span){zeros, algorithm->point_size});
}

/* One algorithm; a token that has it not is no failure. */
static void probe(struct kc_hsm_token *token, struct kc_hsm_name *name, struct kc_root_quirk *quirk)
{
    struct kc_hsm_pair pair = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    const struct kc_hsm_dialect *dialect;
    struct kc_root_made made = {.blob_size = 0};
    if (kc_hsm_pair_make(token, name, false, &pair, &dialect) != KC_OK)
        return;
    quirk->is_there = true;
    quirk->is_montgomery = dialect->key_type == CKK_EC_MONTGOMERY;
    quirk->curve_by_name = dialect->by_name;
    bool is_described = kc_hsm_public_read(token, name->algorithm, pair.public, &made,
                            &quirk->point_is_der) == KC_OK &&
                        kc_hsm_name_write(token, name, &made) == KC_OK;
    if (is_described && name->use == KC_USE_AGREE)
        try_to_derive(token, name->algorithm, &made, quirk);
    (void)!kc_hsm_pair_destroy(token, &pair);
}

enum kc_error kc_hsm_quirks_find(struct kc_hsm_token *token, struct kc_root_quirks *quirks)
{
    struct kc_root_quirks found = {.of = {{.is_there = false}}};
    for (unsigned number = KC_ALGORITHM_ED25519; number <= KC_ALGORITHM_P384; number++) {
        const struct kc_algorithm_info *info = kc_algorithm_info(number);
        struct kc_hsm_name name = {.algorithm = kc_hsm_algorithm(number)};
        name.use = kc_algorithm_can(info, KC_USE_AGREE) ? KC_USE_AGREE : KC_USE_SIGN;
        if (getrandom(name.id, sizeof name.id, 0) != (ssize_t)sizeof name.id)
            return KC_ERR_RANDOM;
        probe(token, &name, &found.of[number]);
    }
    *quirks = found;
    return KC_OK;
}
