/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/settings.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEEDED "service = \"example.com\"; store = \"/var/lib/mesh\"; "
#define TLS "tls = { certificate = \"/etc/mesh.pem\"; key = \"MAAA\"; }; "

static struct kc_front_settings settings;
static struct kc_config_problem problem;

static enum kc_error parse(const char *text)
{
    problem.text[0] = '\0';
    return kc_front_settings_parse("mesh.conf", text, &settings, &problem);
}

static void has_defaults_for_all_but_service_store_and_tls(void **state)
{
    (void)state;
    assert_int_equal(parse(NEEDED TLS), KC_OK);
    assert_string_equal(settings.path, "/.well-known/mmm");
    assert_string_equal(settings.address, "::");
    assert_int_equal(settings.port, 443);
    assert_string_equal(settings.custodian, "/run/custodian/socket");
    assert_int_equal(settings.limits.body_size, 131072);
    assert_true(settings.has_tls);
    assert_string_equal(settings.tls.key, "MAAA");
    assert_int_equal(settings.host_count, 0);
}

static void serves_plain_http_on_a_loopback_address_alone(void **state)
{
    (void)state;
    assert_int_equal(parse(NEEDED), KC_ERR_CONFIG);
    assert_non_null(strstr(problem.text, "loopback"));
    assert_int_equal(parse(NEEDED "address = \"192.0.2.1\";"), KC_ERR_CONFIG);
    assert_int_equal(parse(NEEDED "address = \"127.0.0.2\";"), KC_OK);
    assert_int_equal(parse(NEEDED "address = \"::1\";"), KC_OK);
    assert_int_equal(parse(NEEDED TLS "address = \"192.0.2.1\";"), KC_OK);
}

static void refuses_what_is_not_known_or_not_of_its_form(void **state)
{
    static const char *const wrong[] = {
        "service = \"example.com\";",                     /* no store */
        "store = \"/s\"; " TLS,                           /* no service */
        NEEDED TLS "limit = 1;",                          /* no such setting */
        NEEDED TLS "limits = { connections = 0; };",      /* below its least */
        NEEDED TLS "limits = { body_size = 1000000; };",  /* above its most */
        NEEDED TLS "address = \"localhost\";",            /* a name */
        NEEDED TLS "hosts = [ \"a b\" ];",                /* no name of the DNS */
        "service = \"a/b\"; store = \"/s\"; " TLS,        /* the same */
        "service = \"example.com\"; store = \"s\"; " TLS, /* a relative path */
        NEEDED "tls = { key = \"M\"; };",                 /* no certificate */
        NEEDED "tls = { certificate = \"/c\"; };",        /* no key */
        NEEDED "tls = { certificate = \"/c\"; object = \"O\"; key = \"M\"; };", /* two */
        NEEDED TLS "user = \"root\";",
        NEEDED TLS "@include \"other\"",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(parse(wrong[i]), KC_ERR_CONFIG);
        assert_non_null(strstr(problem.text, "mesh.conf"));
    }
}

/* Every setting is in the manual, and in the sample. */
static void every_setting_is_documented(void **state)
{
    static char manual[65536], sample[65536];
    struct kc_setting_group groups[KC_FRONT_SETTING_GROUPS];
    (void)state;
    FILE *file = fopen(KC_SOURCE_DIR "/docs/man/custodian-mesh.conf.5", "r");
    assert_non_null(file);
    manual[fread(manual, 1, sizeof manual - 1, file)] = '\0';
    fclose(file);
    file = fopen(KC_SOURCE_DIR "/custodian/front/custodian-mesh.conf", "r");
    assert_non_null(file);
    sample[fread(sample, 1, sizeof sample - 1, file)] = '\0';
    fclose(file);
    kc_front_setting_groups(groups);
    for (size_t i = 0; i < KC_FRONT_SETTING_GROUPS; i++)
        for (size_t j = 0; j < groups[i].row_count; j++) {
            char item[96], assignment[96];
            snprintf(item, sizeof item, ".It Ic %s%s%s", groups[i].name, *groups[i].name ? "." : "",
                groups[i].rows[j].name);
            snprintf(assignment, sizeof assignment, "%s = ", groups[i].rows[j].name);
            if (!strstr(manual, item) || !strstr(sample, assignment))
                fail_msg("not documented: %s", item);
        }
}

static void the_sample_is_valid(void **state)
{
    static char sample[65536];
    (void)state;
    FILE *file = fopen(KC_SOURCE_DIR "/custodian/front/custodian-mesh.conf", "r");
    assert_non_null(file);
    sample[fread(sample, 1, sizeof sample - 1, file)] = '\0';
    fclose(file);
    char *user = strstr(sample, "\nuser = "); /* one that this machine need not have */
    assert_non_null(user);
    memset(user + 1, '#', 1);
    assert_int_equal(parse(sample), KC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_defaults_for_all_but_service_store_and_tls),
        cmocka_unit_test(serves_plain_http_on_a_loopback_address_alone),
        cmocka_unit_test(refuses_what_is_not_known_or_not_of_its_form),
        cmocka_unit_test(every_setting_is_documented),
        cmocka_unit_test(the_sample_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
