/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/curve.h"

#include <string.h>

/* clang-format off */
static const struct kc_curve_info curves[] = {
    /* curve             name       signs  scalar point unsigned agreed seed signature */
    {KC_CURVE_ED25519,  "Ed25519", true,  32,    32,   0,       32,    32,  64},
    {KC_CURVE_X25519,   "X25519",  false, 32,    33,   32,      32,    32,  0},
    {KC_CURVE_ED448,    "Ed448",   true,  56,    57,   0,       57,    57,  114},
    {KC_CURVE_X448,     "X448",    false, 56,    57,   56,      56,    56,  0},
    {KC_CURVE_P256,     "P-256",   false, 32,    33,   32,      32,    0,   0},
};
/* clang-format on */

#define CURVE_COUNT (sizeof curves / sizeof curves[0])

const struct kc_curve_info *kc_curve_info(enum kc_curve curve)
{
    for (size_t i = 0; i < CURVE_COUNT; i++)
        if (curves[i].curve == curve)
            return &curves[i];
    return NULL;
}

const struct kc_curve_info *kc_curve_by_name(const char *name, size_t size)
{
    for (size_t i = 0; i < CURVE_COUNT; i++)
        if (curves[i].seed_size > 0 && strlen(curves[i].name) == size &&
            memcmp(curves[i].name, name, size) == 0)
            return &curves[i];
    return NULL;
}
