/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon, its root process in its sandbox, on the ways to a TPM that are not its own. */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"
#include "tests/support/tabrmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kc_custodian custodian;
static struct kc_client *client;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    kc_custodian_stop(&custodian);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

static void start_with(const char *tcti)
{
    char change[512];
    snprintf(change, sizeof change,
        "s|tcti = \"[^\"]*\";|tcti = \"%s\"; environment = [ \"TCTI_PCAP_FILE=%s/pcap\", "
        "\"DBUS_SYSTEM_BUS_ADDRESS=unix:path=%s/bus\" ];|",
        tcti, custodian.tpm.folder, custodian.tpm.folder);
    change_settings(&custodian, change, "");
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
}

static void assert_seals(const char *label)
{
    struct key key;
    assert_answer(generate(client, "Ed25519", "application", "sealed", label, &key), KC_OK);
    assert_answer(use_key(client, &key), KC_OK);
}

static void a_program_reaches_the_tpm_and_is_started_again(void **state)
{
    (void)state;
    char tcti[256];
    const char *folder = custodian.tpm.folder;
    assert_true(shell("cd %s && umask 0 && >relay && printf 'echo $$ >%%s\\nexec tpm2_send -T %%s' "
                      "%s/relay %s >relay.sh",
        folder, folder, custodian.tpm.tcti));
    snprintf(tcti, sizeof tcti, "cmd:exec sh %s/relay.sh", folder);
    start_with(tcti);
    assert_seals("before");
    pid_t root = find_process(&custodian, ROOT);
    assert_true(shell("kill -9 $(cat %s/relay)", custodian.tpm.folder));
    struct key key;
    enum kc_error error;
    while ((error = generate(client, "Ed25519", "application", "sealed", "between", &key)) != KC_OK)
        assert_true(error == KC_ERR_ROOT_UNAVAILABLE || error == KC_ERR_UNAVAILABLE);
    await_restart(&custodian, ROOT, root);
    assert_seals("after");
}

static void a_capture_works_in_the_sandbox(void **state)
{
    (void)state;
    char tcti[256];
    assert_true(shell("umask 0; >%s/pcap", custodian.tpm.folder));
    snprintf(tcti, sizeof tcti, "pcap:%s", custodian.tpm.tcti);
    start_with(tcti);
    assert_seals("captured");
    assert_true(shell("test -s %s/pcap", custodian.tpm.folder));
}

static void a_resource_manager_works_in_the_sandbox(void **state)
{
    (void)state;
    struct kc_tabrmd tabrmd;
    kc_tabrmd_start(&tabrmd, &custodian.tpm);
    /* a bus serves users that it can look up */
    change_settings(&custodian, "s/root = 64803/root = \"nobody\"/", "");
    start_with("tabrmd:");
    assert_seals("shared");
    kc_client_free(client);
    client = NULL;
    kc_custodian_stop(&custodian);
    kc_tabrmd_stop(&tabrmd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_program_reaches_the_tpm_and_is_started_again),
        TEST(a_capture_works_in_the_sandbox),
        TEST(a_resource_manager_works_in_the_sandbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
