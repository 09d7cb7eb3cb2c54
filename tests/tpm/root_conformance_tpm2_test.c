/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite over a TPM 2.0: swtpm. */
#include "tests/support/swtpm.h"
#include "tests/tpm/conformance.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DEADLINE_MS 2000

static struct kc_swtpm tpm;

static void make(void)
{
    kc_swtpm_init(&tpm);
}

static void drop(void)
{
    kc_swtpm_done(&tpm);
}

static void stop(void)
{
    kc_swtpm_kill(&tpm);
}

static void start(void)
{
    kc_swtpm_start(&tpm);
}

static void replace(void)
{
    kc_swtpm_forget(&tpm);
}

static size_t count_remains(void)
{
    return kc_swtpm_count_lines(&tpm, "tpm2_getcap handles-transient") +
           kc_swtpm_count_lines(&tpm, "tpm2_getcap handles-loaded-session") +
           kc_swtpm_count_lines(&tpm, "tpm2_getcap handles-saved-session") +
           kc_swtpm_count_lines(&tpm, "tpm2_getcap handles-persistent | tail -n +2");
}

static struct kc_root *root_on_tpm(const uint8_t *name)
{
    struct kc_root *root = NULL;
    const struct kc_root_settings settings = {
        .tcti = tpm.tcti, .deadline_ms = DEADLINE_MS, .srk_name = name};
    assert_int_equal(kc_tpm2_new(&settings, &root), KC_OK);
    return root;
}

int main(void)
{
    static const struct conformance_hardware hardware = {
        .name = "tpm2",
        .manufacturer = "IBM SW TPM",
        .make = make,
        .drop = drop,
        .stop = stop,
        .start = start,
        .replace = replace,
        .count_remains = count_remains,
        .root = root_on_tpm,
        .column = 0,
        .gives_whole_points = true,
        .wants_auth = true,
    };
    return conformance_run(&hardware) + conformance_keys_run(&hardware);
}
