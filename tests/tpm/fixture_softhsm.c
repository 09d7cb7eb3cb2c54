/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture with a software HSM in the place of the TPM, for tests that just use its root. */
#include "tests/support/softhsm.h"
#include "tests/tpm/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const bool fixture_bears_a_full_heap = false;

static struct kc_softhsm hsm;

static struct kc_root *make_root_on_token(const uint8_t *name)
{
    struct kc_root *root = NULL;
    const struct kc_hsm_settings settings = KC_SOFTHSM_SETTINGS(name);
    assert_int_equal(kc_hsm_new(&settings, &root), KC_OK);
    return root;
}

int make_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    kc_softhsm_init(&hsm, geteuid());
    struct kc_root *owner = make_root_on_token(NULL);
    if (kc_root_provision(owner, f->srk_name) != KC_OK)
        fail_msg("provisioning: %s", kc_root_cause(owner));
    kc_root_free(owner);
    f->root = make_root_on_token(f->srk_name);
    *state = f;
    return 0;
}

int drop_fixture(void **state)
{
    struct fixture *f = *state;
    kc_root_free(f->root);
    kc_softhsm_done(&hsm);
    free(f);
    return 0;
}
