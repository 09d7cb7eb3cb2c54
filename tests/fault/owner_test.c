/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's owner does with the hardware root, by the command, while the daemon is stopped. */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"

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
    client = NULL;
    kc_custodian_done(&custodian);
    return 0;
}

/* Runs a shell command in the custodian's folder, in which `custodian` has its configuration. */
static bool run(const char *command)
{
    return shell(
        "cd %s && PATH=%s:$PATH && custodian() { test \"$2\" = sign || set -- \"$@\" "
        "--config %s/custodian.conf; command custodian \"$@\"; } && { %s ; } >>commands.log 2>&1",
        custodian.folder, KC_BUILD_DIR, custodian.folder, command);
}

static void use_policies(void)
{
    char change[1024];
    snprintf(change, sizeof change,
        "s|srk.name\";|srk.name\"; pcrs = \"sha256:7,11\"; policy_key = \"%s/policy.pem\"; "
        "policy_file = \"%s/policies\";|",
        custodian.folder, custodian.folder);
    change_settings(&custodian, change, "");
    assert_true(run("openssl ecparam -name prime256v1 -genkey -noout -out key.pem && "
                    "openssl pkey -in key.pem -pubout -out policy.pem"));
}

static bool on_tpm(const char *command)
{
    return kc_swtpm_run(&custodian.tpm, command);
}

static void the_root_is_pinned_once_and_checked_then(void **state)
{
    (void)state;
    assert_true(run("rm srk.name && ! custodian root check"));
    assert_true(run("custodian root init --json | grep -q '\"new\": true'"));
    assert_true(run("custodian root init --json | grep -q '\"new\": false'"));
    assert_true(run("custodian root check && custodian root show | grep -q lockout-max-tries"));
}

static void the_command_says_what_a_tpm_is_and_has(void **state)
{
    (void)state;
    assert_true(run("custodian root show --json >answer"));
    assert_true(run("grep -q '\"manufacturer\": \"IBM SW TPM\"' answer"));
    assert_true(run("grep -q '\"firmware\": \"[0-9.]*\"' answer"));
    assert_true(run("grep -q '\"has-P-384\": true' answer && grep -q '\"P-256\",' answer"));
    assert_true(run("custodian root show | grep -q '^curves .*P-384'"));
    assert_false(run("grep -q curve-by answer")); /* a TPM has no quirks */
}

static void another_tpm_in_its_place_is_an_alarm_and_refused(void **state)
{
    (void)state;
    kc_swtpm_kill(&custodian.tpm);
    kc_swtpm_forget(&custodian.tpm);
    kc_swtpm_start(&custodian.tpm);
    assert_true(run("! custodian root check --json >answer 2>&1; grep -q root-changed answer"));
    assert_true(run("! custodian root init --json >answer 2>&1; grep -q root-changed answer"));
}

static void no_command_of_the_owners_changes_a_foreign_key(void **state)
{
    (void)state;
    assert_true(run("rm srk.name"));
    assert_true(on_tpm("tpm2_evictcontrol -c 0x81000001 && tpm2_createprimary -G ecc -c signer "
                       "-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' && "
                       "tpm2_evictcontrol -c signer 0x81000001"));
    assert_true(run("! custodian root init --json >answer 2>&1; grep -q root-handle answer"));
    assert_true(run("test ! -e srk.name"));
}

static void a_key_lives_through_a_new_kernel_by_a_signature(void **state)
{
    (void)state;
    struct key key;
    use_policies();
    assert_true(run("custodian root init && custodian policy predict -o now && "
                    "custodian policy sign now --signer key.pem -o policies && "
                    "custodian policy test"));
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    assert_answer(generate(client, "Ed25519", "application", "sealed", "kept", &key), KC_OK);
    kc_client_free(client);
    client = NULL;
    kc_custodian_stop(&custodian);

    assert_true(on_tpm("tpm2_pcrextend 11:sha256=$(printf %064d 1)"));
    assert_true(run("! custodian policy test"));
    assert_true(run("custodian policy explain | grep 'pcr 11' | grep -q changed"));
    assert_true(run("custodian policy explain | grep 'pcr 7' | grep -q same"));
    assert_true(run("custodian policy predict --above 1 -o next && "
                    "custodian policy sign next --signer key.pem >>policies && "
                    "custodian policy test"));
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    assert_answer(use_key(client, &key), KC_OK);
}

static void a_withdrawn_policy_opens_nothing(void **state)
{
    (void)state;
    use_policies();
    assert_true(run("custodian root init && custodian policy predict -o now && "
                    "custodian policy sign now --signer key.pem -o policies && "
                    "custodian root check"));
    assert_true(run("! custodian policy withdraw")); /* only with --yes */
    assert_true(run("custodian policy test && custodian policy withdraw --yes"));
    assert_true(run("! custodian policy test --json >answer 2>&1; grep -q withdrawn answer"));
    assert_true(run("! custodian root check"));
    assert_true(run("custodian policy explain | grep counter | grep -q changed"));
}

static void values_that_are_given_are_signed_before_they_are_there(void **state)
{
    (void)state;
    use_policies();
    /* what PCR 11 has after this one extension of zeros */
    assert_true(
        run("custodian root init && custodian policy predict -o later 11=$("
            "{ printf '%032d'; printf '%032d'; } | tr 0 '\\000' | openssl sha256 -r | cut -c 1-64)"
            "&& custodian policy sign later --signer key.pem -o policies && "
            "! custodian policy test"));
    assert_true(on_tpm("tpm2_pcrextend 11:sha256=$(printf %064d 0) || "
                       "tpm2_pcrextend 11:sha256=$(printf %064d 0)"));
    assert_true(run("custodian policy test"));
}

/* The log of the corpus has two events of PCR 11. */
static void the_values_of_an_event_log_are_taken(void **state)
{
    (void)state;
    use_policies();
    assert_true(run("custodian root init && custodian policy predict -o later --event-log "
                    "" KC_SOURCE_DIR "/tests/fuzz/corpus/event_log/four-events && "
                    "custodian policy sign later --signer key.pem -o policies && "
                    "! custodian policy test"));
    assert_true(on_tpm("tpm2_pcrextend 7:sha256=$(printf 'secure boot' | sha256sum | cut -c 1-64) "
                       "11:sha256=$(printf 'kernel one' | sha256sum | cut -c 1-64) && "
                       "tpm2_pcrextend 11:sha256=$(printf initrd | sha256sum | cut -c 1-64)"));
    assert_true(run("custodian policy test"));
    assert_true(run("! custodian policy predict --event-log key.pem"));
}

static void use_pcrs_alone(void)
{
    change_settings(&custodian, "s|srk.name\";|srk.name\"; pcrs = \"sha256:7,11\";|", "");
}

static void without_signed_policies_the_register_that_changed_is_named_too(void **state)
{
    (void)state;
    use_pcrs_alone();
    assert_true(run("custodian policy predict -o values"));
    assert_true(run("! custodian policy explain values | grep -q changed"));
    assert_true(on_tpm("tpm2_pcrextend 11:sha256=$(printf %064d 1)"));
    assert_true(run("custodian policy explain values | grep changed | grep -q 'pcr 11'"));
    assert_true(run("custodian policy explain values | grep same | grep -q 'pcr 7'"));
    assert_true(run("! custodian policy explain")); /* which values? */
}

/* A custodian signs what another one's keys are bound to; here it is the same one, before. */
static void a_policy_is_signed_by_a_key_of_a_custodian(void **state)
{
    (void)state;
    use_policies();
    assert_true(run("custodian root init && custodian policy predict -o now"));
    assert_true(
        run("cp custodian.conf bound.conf; "
            "sed -i 's/pcrs = .*policies\"; //' custodian.conf; grep -vq policies custodian.conf"));
    kc_custodian_start(&custodian);
    assert_true(shell("cd %s && C='" KC_BUILD_DIR "/custodian --socket socket' && "
                      "$C key generate -l signer -a P-256 --residence resident --use sign >>log && "
                      "$C key generate -l other -a Ed25519 >>log && "
                      "$C key public signer -fo policy.pem && "
                      "$C policy sign now --key signer -o policies && "
                      "! $C policy sign now --key other -o none 2>>log && "
                      "! $C policy sign now -o none 2>>log",
        custodian.folder));
    kc_custodian_stop(&custodian);
    assert_true(run("cp bound.conf custodian.conf; custodian policy test && custodian root check"));
    assert_true(run("custodian policy explain | grep signature | grep -q same"));
}

static void the_seal_of_a_key_is_given_and_tpm2_tools_open_it(void **state)
{
    (void)state;
    kc_custodian_start(&custodian);
    assert_true(shell(
        "cd %s && C='" KC_BUILD_DIR "/custodian --socket socket' && "
        "$C key generate -l sealed -a Ed25519 >>log && $C key seal sealed -o '%s/sealed.pem' && "
        "$C key generate -l wrapped -a Ed25519 --residence wrapped >>log && "
        "! $C key seal wrapped 2>>log",
        custodian.folder, custodian.tpm.folder));
    kc_custodian_stop(&custodian);
    assert_true(on_tpm("tpm2_load -r sealed.pem -c sealed.ctx && "
                       "[ $(tpm2_unseal -c sealed.ctx | wc -c) = 66 ]"));
}

static void what_is_no_policy_or_key_is_refused_by_name(void **state)
{
    (void)state;
    use_policies();
    assert_true(run("echo nonsense >policies; ! custodian root check >answer 2>&1; "
                    "grep -q 'policies:1' answer"));
    assert_true(run("rm policies; openssl genpkey -algorithm ed25519 -out ed.pem; "
                    "custodian root init && custodian policy predict -o now; "
                    "! custodian policy sign now --signer ed.pem"));
    assert_true(run("openssl pkey -in ed.pem -pubout -out policy.pem; "
                    "! custodian root check >answer 2>&1; grep -q policy_key answer"));
}

static void wrong_pins_of_clients_are_not_the_tpms(void **state)
{
    (void)state;
    kc_custodian_start(&custodian);
    assert_true(
        shell("cd %s && umask 077 && printf 'right-PIN-1' >right && printf 'wrong-PIN-1' >wrong "
              "&& " KC_BUILD_DIR "/custodian --socket socket operator pin --new-pin-file right",
            custodian.folder));
    for (int i = 0; i < 4; i++)
        assert_false(shell("cd %s && " KC_BUILD_DIR "/custodian --socket socket operator pin "
                           "--pin-file wrong --new-pin-file wrong 2>/dev/null",
            custodian.folder));
    kc_custodian_stop(&custodian);
    assert_true(run("custodian root show --json >answer; grep -q '\"lockout-counter\": 0' answer"));
    assert_true(run("grep -q '\"in-lockout\": false' answer"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_root_is_pinned_once_and_checked_then),
        TEST(the_command_says_what_a_tpm_is_and_has),
        TEST(another_tpm_in_its_place_is_an_alarm_and_refused),
        TEST(no_command_of_the_owners_changes_a_foreign_key),
        TEST(a_key_lives_through_a_new_kernel_by_a_signature),
        TEST(a_withdrawn_policy_opens_nothing),
        TEST(values_that_are_given_are_signed_before_they_are_there),
        TEST(the_values_of_an_event_log_are_taken),
        TEST(without_signed_policies_the_register_that_changed_is_named_too),
        TEST(a_policy_is_signed_by_a_key_of_a_custodian),
        TEST(the_seal_of_a_key_is_given_and_tpm2_tools_open_it),
        TEST(what_is_no_policy_or_key_is_refused_by_name),
        TEST(wrong_pins_of_clients_are_not_the_tpms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
