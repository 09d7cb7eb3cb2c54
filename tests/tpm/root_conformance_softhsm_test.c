/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite over an HSM behind PKCS#11: SoftHSM. */
#include "tests/support/softhsm.h"
#include "tests/tpm/conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct kc_softhsm hsm;

static void make(void)
{
    kc_softhsm_init(&hsm, geteuid());
}

static void drop(void)
{
    kc_softhsm_done(&hsm);
}

static void stop(void)
{
    kc_softhsm_remove(&hsm);
}

static void start(void)
{
    kc_softhsm_insert(&hsm);
}

static void replace(void)
{
    kc_softhsm_replace(&hsm);
}

static size_t count_remains(void)
{
    return kc_softhsm_count_objects(&hsm) - 1;
}

static struct kc_root *root_on_token(const uint8_t *name)
{
    struct kc_root *root = NULL;
    const struct kc_hsm_settings settings = KC_SOFTHSM_SETTINGS(name);
    assert_int_equal(kc_hsm_new(&settings, &root), KC_OK);
    return root;
}

int main(void)
{
    static const struct conformance_hardware hardware = {
        .name = "softhsm",
        .manufacturer = "SoftHSM project SoftHSM v2",
        .make = make,
        .drop = drop,
        .stop = stop,
        .start = start,
        .replace = replace,
        .count_remains = count_remains,
        .root = root_on_token,
        .column = 1,
        .keeps_keys = true,
    };
    return conformance_run(&hardware) + conformance_keys_run(&hardware);
}
