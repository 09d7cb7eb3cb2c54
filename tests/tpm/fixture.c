/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tpm/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

const uint8_t fixture_key[KC_ROOT_KEY_SIZE] = "a key that is never put in clear";

const bool fixture_bears_a_full_heap = true;

struct kc_root *make_root(const struct kc_root_settings *settings)
{
    struct kc_root *root = NULL;
    assert_int_equal(kc_tpm2_new(settings, &root), KC_OK);
    return root;
}

int make_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    kc_swtpm_init(&f->tpm);
    f->settings =
        (struct kc_root_settings){.tcti = f->tpm.tcti, .deadline_ms = FIXTURE_DEADLINE_MS};
    struct kc_root *owner = make_root(&f->settings);
    if (kc_root_provision(owner, f->srk_name) != KC_OK)
        fail_msg("provisioning: %s", kc_root_cause(owner));
    kc_root_free(owner);
    f->settings.srk_name = f->srk_name;
    f->root = make_root(&f->settings);
    *state = f;
    return 0;
}

int drop_fixture(void **state)
{
    struct fixture *f = *state;
    kc_root_free(f->root);
    kc_swtpm_done(&f->tpm);
    free(f);
    return 0;
}
