/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's commands against a real daemon: what they write is what a device, a member and a
 * service take. */
#include "tests/mesh/admin_case.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define SERVED "--service-profile service --host example.com -p pin"

static struct kc_custodian custodian;
static struct admin_case *c;

static void file_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* Given: free. */
static char *file_read(const char *name)
{
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 18);
    assert_true(fread(text, 1, (1 << 18) - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static int start(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"device\"");
    kc_shell_init();
    kc_shell_define_custodian("C", custodian.socket);
    HOLDS("umask 077; printf 12345678 > pin");
    HOLDS("C operator pin --new-pin-file pin");
    c = admin_case_new();
    file_write("device", c->device_text);
    file_write("service", c->service_text);
    file_write("member", c->account_text);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    admin_case_free(c);
    kc_shell_done();
    kc_custodian_done(&custodian);
    return 0;
}

static void take_account(const char *profile)
{
    free(c->account_text);
    c->account_text = file_read(profile);
    GOOD(kc_mesh_account_read(admin_span(c->account_text), c->provider.udf, &c->account));
    c->administrator.public = c->account.administrator;
    char name[64];
    snprintf(name, sizeof name, "%s.udf", profile);
    file_write(name, c->account.udf);
}

static void a_device_is_connected_refreshed_and_disconnected(void **state)
{
    (void)state;
    struct admin_device device;
    HOLDS("C mesh account create alice@example.com -l alice " SERVED
          " -o alice --request bind --json | grep account_udf");
    take_account("alice");
    HOLDS("C mesh account profile $(cat alice.udf) -o shown | grep escrow && cmp shown alice");
    HOLDS("C recipient profile watch device -p pin");
    HOLDS("C mesh account activate $(cat alice.udf) device -R watch --rights"
          " encryption=threshold,signature=threshold,MMM_Contact " SERVED
          " -o entry --request transact");
    char *entry = file_read("entry");
    admin_activate(c, entry, &device);
    assert_true(device.has_decrypt && device.has_sign);
    admin_device_done(&device);
    free(entry);
    SAYS(4, "exists",
        "C mesh account activate $(cat alice.udf) device -R watch --rights MMM_Contact " SERVED
        " -fo entry");
    HOLDS("C mesh account refresh $(cat alice.udf) -R watch -u sign " SERVED
          " -o offset --request refresh");
    SAYS(0, "refuses the device for good",
        "C mesh account disconnect $(cat alice.udf) -R watch --host example.com --request gone "
        "-p pin");
    HOLDS("for f in bind transact refresh gone; do grep -q signatures $f || exit; done");
}

static void a_member_joins_leaves_and_comes_again_after_a_rotation(void **state)
{
    (void)state;
    HOLDS("C mesh group create team@example.com -l team " SERVED " -o team");
    take_account("team");
    HOLDS("C recipient profile bob member -p pin");
    HOLDS("C mesh group add $(cat team.udf) member -R bob " SERVED " -o invitation --request add");
    HOLDS("C mesh group rotate $(cat team.udf) -o rotated -p pin");
    HOLDS(
        "C mesh group add $(cat team.udf) member -R bob " SERVED " -fo invitation --request add2");
    HOLDS("C mesh group remove $(cat team.udf) -R bob --host example.com --request remove -p pin");
    take_account("rotated");
}

static void an_invited_account_takes_its_share(void **state)
{
    (void)state;
    HOLDS("C recipient profile alice alice -p pin");
    HOLDS("C mesh group add $(cat team.udf) alice -R alice " SERVED " -o own --request add3");
    SAYS(2, "profile", "C mesh group join $(cat team.udf) own -K 'alice encrypt' -l joined");
    SAYS(2, "decryption-failed",
        "C mesh group join $(cat team.udf) invitation -K 'alice encrypt' -l joined "
        "--profile team");
    HOLDS("C mesh group join $(cat team.udf) own -K 'alice encrypt' -l joined --profile team --json"
          " | grep team@example.com");
    HOLDS("C key show joined | grep share");
    SAYS(2, "epoch-old", "C mesh group join $(cat team.udf) own -K 'alice encrypt' -l again");
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    SAYS(2, "account", "C mesh account create alice -l b -o b -p pin");
    SAYS(2, "--host", "C mesh account create b@example.com -l b -o b --request r -p pin");
    HOLDS("! C key list | grep b@example.com && [ ! -e b ]");
    SAYS(2, "no command", "C mesh nobody create");
    SAYS(2, "rights",
        "C mesh account activate $(cat alice.udf) device -R watch --rights x -o c -p pin");
    SAYS(2, "envelope-invalid", "tr A B < device > odd; C recipient profile odd odd -p pin");
    HOLDS("C mesh --help | grep 'mesh group rotate'");
    HOLDS("C mesh account --help | grep 'mesh account refresh'");
    SAYS(2, "alice is no UDF", "C mesh account profile alice");
}

static void a_wrong_file_or_option_is_named(void **state)
{
    (void)state;
    HOLDS("C mesh account create carol@example.com -l carol " SERVED
          " -o carol --json > made && sed -n 's/.*\"account_udf\": *\"\\([^\"]*\\)\".*/\\1/p' made"
          " > carol.udf && cp device gadget && : > empty && C recipient list | grep watch");
    SAYS(2, "--service-profile is needed here",
        "C mesh account activate $(cat carol.udf) gadget -R watch --rights encryption=threshold"
        " -o none -p pin");
    SAYS(2, "the value of --connection is not possible here",
        "C mesh account activate $(cat carol.udf) gadget -R watch --rights MMM_Contact"
        " --connection nonsense -o none -p pin");
    SAYS(2, "empty is empty",
        "C mesh account activate $(cat carol.udf) gadget -R watch --rights encryption=threshold"
        " --assignment empty " SERVED " -o none --request none2");
    SAYS(2, "\n  gadget\n",
        "C mesh account create dan@example.com -l dan --service-profile gadget -o none -p pin");
    SAYS(2, "\n  service or carol\n", "C mesh account acknowledge service carol -o none");
    SAYS(2, "service is no profile of a device or a person",
        "C recipient profile other service -p pin");
    HOLDS("[ ! -e none ] && [ ! -e none2 ] && ! C recipient list | grep other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_connected_refreshed_and_disconnected),
        cmocka_unit_test(a_member_joins_leaves_and_comes_again_after_a_rotation),
        cmocka_unit_test(an_invited_account_takes_its_share),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_wrong_file_or_option_is_named),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
