/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite over a TPM 2.0: swtpm, or swtpm behind a shim that makes it slow and busy. */
#include "tests/support/swtpm.h"
#include "tests/support/tpm_proxy.h"
#include "tests/tpm/conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define DEADLINE_MS 600000 /* nothing here waits for it; RSA keys take long on a loaded machine */

static struct kc_swtpm tpm;

#ifdef BEHIND_THE_SHIM
#define NAME "tpm2 behind the shim"
#define RC_RETRY 0x922u
static struct kc_tpm_proxy shim;

/* Every fourth command is refused at first, and every answer takes its time. */
static bool be_busy(
    struct kc_tpm_proxy *proxy, const uint8_t *command, uint8_t *answer, size_t *answer_size)
{
    (void)command;
    const struct timespec pause = {.tv_nsec = 500000};
    nanosleep(&pause, NULL);
    *answer_size = kc_tpm_proxy_answer_code(answer, RC_RETRY);
    return proxy->count++ % 4 == 0;
}

static void make(void)
{
    kc_swtpm_init(&tpm);
    kc_tpm_proxy_init(&shim, &tpm);
    shim.forgets = true;
    shim.answers = be_busy;
}

static void drop(void)
{
    kc_tpm_proxy_done(&shim);
    kc_swtpm_done(&tpm);
}

static const char *tcti(void)
{
    return shim.tcti;
}
#else
#define NAME "tpm2"
static void make(void)
{
    kc_swtpm_init(&tpm);
}

static void drop(void)
{
    kc_swtpm_done(&tpm);
}

static const char *tcti(void)
{
    return tpm.tcti;
}
#endif

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
        .tcti = tcti(), .deadline_ms = DEADLINE_MS, .srk_name = name};
    assert_int_equal(kc_tpm2_new(&settings, &root), KC_OK);
    return root;
}

int main(void)
{
    static const struct conformance_hardware hardware = {
        .name = NAME,
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
