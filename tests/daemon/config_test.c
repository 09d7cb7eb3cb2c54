/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "custodian/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define USERS "users = { desk = 64801; vault = 64802; root = 64803; };\n"
#define ALL_USERS                                                                                  \
    "users = { desk = 64801; vault = 64802; root = 64803; courier = 64804; listener = 64805; };\n"
#define START                                                                                      \
    "socket = \"/run/custodian/socket\";\n"                                                        \
    "store = \"/var/lib/custodian\";\n" USERS
#define ROOT "root = { tcti = \"device:/dev/tpmrm0\"; srk_name_file = \"/etc/custodian/srk\"; };\n"
#define KEYRINGS "keyrings = [ \"device\", \"ci\" ];\n"
#define NO_POLICY "policy = ();\n"
#define MINIMAL START ROOT KEYRINGS NO_POLICY
#define WITH_RULE(rule) START ROOT KEYRINGS "policy = ( { " rule " } );\n"
#define RULE "name = \"r\"; users = [ \"1000\" ]; operations = [ \"*\" ];"

static struct kc_config_problem problem;

static struct kc_config *parse(const char *text)
{
    struct kc_config *config = NULL;
    problem.text[0] = '\0';
    enum kc_error error = kc_config_parse("test.conf", text, &config, &problem);
    if (error != KC_OK)
        print_error("%s\n", problem.text);
    assert_int_equal(error, KC_OK);
    return config;
}

static void fills_in_what_is_not_said(void **state)
{
    (void)state;
    struct kc_config *config = parse(MINIMAL);
    assert_string_equal(config->socket, "/run/custodian/socket");
    assert_int_equal(config->socket_mode, 0666);
    assert_int_equal(config->roots[0].srk_handle, 0x81000001);
    assert_string_equal(config->roots[0].pcrs, "");
    assert_int_equal(config->limits.clients, 256);
    assert_int_equal(config->policy.keyring_count, 2);
    assert_int_equal(config->policy.rule_count, 0);
    kc_config_free(config);
}

static void takes_what_is_said(void **state)
{
    (void)state;
    struct kc_config *config =
        parse("socket_mode = \"0600\"; arena_size = 1048576;\n"
              "limits = { clients = 3; session_deadline_ms = 200; };\n" START KEYRINGS NO_POLICY
              "root = { tcti = \"swtpm:path=/x\"; srk_name_file = \"/s\"; srk_handle = 0x81000123;"
              " pcrs = \"sha256:0,7\"; timeout_s = 5; };");
    assert_int_equal(config->socket_mode, 0600);
    assert_int_equal(config->arena_size, 1048576);
    assert_int_equal(config->limits.clients, 3);
    assert_int_equal(config->limits.session_deadline_ms, 200);
    assert_int_equal(config->roots[0].srk_handle, 0x81000123);
    assert_string_equal(config->roots[0].pcrs, "sha256:0,7");
    kc_config_free(config);
}

#define TOKEN_REQUIRED                                                                             \
    "srk_name_file = \"/s\"; pkcs11 = \"/m.so\"; token = \"t\"; pin_file = \"/p\"; "

static void takes_a_token_as_the_root(void **state)
{
    (void)state;
    struct kc_config *config = parse(START KEYRINGS NO_POLICY
        "root = { " TOKEN_REQUIRED "environment = [ \"A=b\", \"CONF=/x=y\" ]; };");
    assert_string_equal(config->roots[0].tcti, "");
    assert_string_equal(config->roots[0].pkcs11, "/m.so");
    assert_string_equal(config->roots[0].token, "t");
    assert_string_equal(config->roots[0].pin_file, "/p");
    assert_string_equal(config->roots[0].key_label, "custodian");
    assert_int_equal(config->roots[0].environment_count, 2);
    assert_string_equal(config->roots[0].environment[1], "CONF=/x=y");
    kc_config_free(config);
}

#define TPM_REQUIRED "root = { tcti = \"tabrmd:\"; srk_name_file = \"/n\"; "

static void takes_several_roots_each_with_a_name(void **state)
{
    (void)state;
    struct kc_config *config = parse(START KEYRINGS NO_POLICY TPM_REQUIRED
        "};"
        "roots = ( { name = \"hsm\"; " TOKEN_REQUIRED "timeout_s = 3; } );");
    assert_int_equal(config->root_count, 2);
    assert_string_equal(config->roots[0].name, "main");
    assert_string_equal(config->roots[1].name, "hsm");
    assert_string_equal(config->roots[1].token, "t");
    assert_int_equal(config->roots[0].timeout_s, 20);
    assert_int_equal(config->roots[1].timeout_s, 3);
    assert_int_equal(kc_config_root_find(config, "hsm"), 1);
    assert_int_equal(kc_config_root_find(config, "none"), 2);
    kc_config_free(config);
}

static void reads_the_rules_of_the_policy(void **state)
{
    (void)state;
    struct kc_config *config =
        parse(WITH_RULE("name = \"signers\"; users = [ \"1000\", \"root\" ]; groups = [ \"50\" ];"
                        " keyrings = [ \"ci\" ]; keys = [ \"ssh*\" ]; roles = [ \"application\" ];"
                        " operations = [ \"key-sign\", \"key-list\" ];"));
    const struct kc_policy_rule *rule = &config->policy.rules[0];
    assert_string_equal(rule->name, "signers");
    assert_int_equal(rule->users[0], 1000);
    assert_int_equal(rule->users[1], 0);
    assert_int_equal(rule->groups[0], 50);
    assert_int_equal(rule->keyrings, 2);
    assert_string_equal(rule->keys[0], "ssh*");
    assert_int_equal(rule->roles, 1u << KC_ROLE_APPLICATION);
    assert_false(rule->any_operation);
    for (enum kc_operation operation = 0; operation < KC_OPERATIONS; operation++)
        assert_true(kc_operation_set_has(&rule->operations, operation) ==
                    (operation == KC_OPERATION_KEY_SIGN || operation == KC_OPERATION_KEY_LIST));
    kc_config_free(config);
}

static void a_rule_that_names_operators_needs_a_login(void **state)
{
    (void)state;
    struct kc_config *config =
        parse(WITH_RULE(RULE "keyrings = [ \"ci\" ]; operators = [ \"anna\", \"user\" ];"));
    const struct kc_policy_rule *rule = &config->policy.rules[0];
    assert_int_equal(rule->operator_count, 2);
    assert_string_equal(rule->operators[0], "anna");
    assert_string_equal(rule->operators[1], KC_WHO_USER);
    assert_int_equal(rule->login, 1);
    kc_config_free(config);
}

static void gives_a_rule_no_keyrings_that_it_does_not_list(void **state)
{
    (void)state;
    struct kc_config *config = parse(WITH_RULE(RULE));
    assert_int_equal(config->policy.rules[0].keyrings, 0);
    assert_true(config->policy.rules[0].any_operation);
    for (enum kc_operation operation = 0; operation < KC_OPERATIONS; operation++)
        assert_false(kc_operation_set_has(&config->policy.rules[0].operations, operation));
    kc_config_free(config);
}

/* What is wrong, and what is said about it. */
static const struct {
    const char *text, *says;
} wrong[] = {
    {"colour = \"red\";\n" MINIMAL, "test.conf:1: unknown setting 'colour'"},
    {MINIMAL "limits = { clientz = 3; };", "unknown setting 'clientz'"},
    {MINIMAL "limits = { clients = 0; };", "not within 1 to 65536: 'clients'"},
    {MINIMAL "limits = 3;", "not a group"},
    {MINIMAL "socket_mode = \"0999\";", "not a mode"},
    {MINIMAL "socket_mode = 666;", "not a mode"},
    {MINIMAL "arena_size = 1;", "not within 262144 to 1073741824: 'arena_size'"},
    {MINIMAL "arena_size = \"big\";", "not a number"},
    {MINIMAL "@include \"/etc/passwd\"\n", "@include"},
    {MINIMAL "socket = \"/again\";", "duplicate setting"},
    {MINIMAL "colour", "syntax error"},
    {"", "test.conf: missing setting 'socket'"},
    {START KEYRINGS NO_POLICY, "missing setting 'root'"},
    {START KEYRINGS NO_POLICY "root = { tcti = \"\"; srk_name_file = \"/s\"; };",
        "may not be empty: 'tcti'"},
    {START KEYRINGS NO_POLICY "root = { tcti = \"mssim:\"; srk_name_file = \"/s\"; };",
        "not a way to a TPM: 'mssim:'"},
    {START KEYRINGS NO_POLICY "root = { tcti = \"device:tpm0\"; srk_name_file = \"/s\"; };",
        "not a way to a TPM: 'device:tpm0'"},
    {START KEYRINGS NO_POLICY "root = { tcti = \"tabrmd:\"; srk_name_file = \"/s\"; "
                              "pcrs = \"sha256:0,24\"; };",
        "not a list of PCRs such as \"sha256:0,7\": 'sha256:0,24'"},
    {START KEYRINGS NO_POLICY "root = { srk_name_file = \"/s\"; };", "one of tcti and pkcs11"},
    {START KEYRINGS NO_POLICY "root = { tcti = \"tabrmd:\"; " TOKEN_REQUIRED "};",
        "one of tcti and pkcs11"},
    {START KEYRINGS NO_POLICY
        "root = { srk_name_file = \"/s\"; pkcs11 = \"/m\"; pin_file = \"/p\"; };",
        "missing setting 'token'"},
    {START KEYRINGS NO_POLICY "root = { srk_name_file = \"/s\"; pkcs11 = \"/m\"; token = \"t\"; };",
        "missing setting 'pin_file'"},
    {START KEYRINGS NO_POLICY "root = { " TOKEN_REQUIRED "pcrs = \"sha256:0\"; };",
        "not a setting of this kind of root: 'pcrs'"},
    {START KEYRINGS NO_POLICY
        "root = { srk_name_file = \"/s\"; tcti = \"tabrmd:\"; key_label = \"k\"; };",
        "not a setting of this kind of root: 'key_label'"},
    {START KEYRINGS NO_POLICY "root = { " TOKEN_REQUIRED "environment = [ \"=b\" ]; };",
        "not a variable such as"},
    {START KEYRINGS NO_POLICY "root = { " TOKEN_REQUIRED "environment = [ \"A\" ]; };",
        "not a variable such as"},
    {START KEYRINGS NO_POLICY "root = { " TOKEN_REQUIRED
                              "key_label = \"123456789012345678901234567890123\"; };",
        "too long: 'key_label'"},
    {START KEYRINGS NO_POLICY
        "root = { srk_name_file = \"/s\"; pkcs11 = \"m.so\"; token = \"t\"; pin_file = \"/p\"; };",
        "not an absolute path: 'pkcs11'"},
    {START KEYRINGS NO_POLICY
        "root = { tcti = \"tabrmd:\"; srk_name_file = \"/s\"; srk_handle = 0x40000001; };",
        "not within 0x81000000 to 0x817fffff: 'srk_handle'"},
    {START KEYRINGS NO_POLICY TPM_REQUIRED "name = \"not a name\"; };",
        "not a name of a-z, 0-9 and -: 'not a name'"},
    {START KEYRINGS NO_POLICY TPM_REQUIRED "name = \"hsm\"; };"
                                           "roots = ( { name = \"hsm\"; " TOKEN_REQUIRED "} );",
        "this root is named twice: 'hsm'"},
    {START KEYRINGS NO_POLICY TPM_REQUIRED
        "}; roots = ( { name = \"b\"; tcti = \"tabrmd:\"; srk_name_file = \"/n\"; } );",
        "another root has this srk_name_file: '/n'"},
    {MINIMAL "roots = { };", "not a list"},
    {MINIMAL "roots = ( { name = \"b\"; srk_name_file = \"/n\"; } );", "one of tcti and pkcs11"},
    {"socket = \"relative\"; store = \"/s\";" USERS ROOT KEYRINGS NO_POLICY,
        "not an absolute path"},
    {START ROOT NO_POLICY "keyrings = [ \"a\", \"a\" ];", "listed twice"},
    {START ROOT NO_POLICY "keyrings = [ \"*\" ];", "not a name for a keyring"},
    {START ROOT KEYRINGS "policy = { };", "not a list"},
    {WITH_RULE("name = \"r\"; operations = [ \"*\" ];"), "nobody in users or groups of rule 'r'"},
    {WITH_RULE("name = \"r\"; users = [ \"1000\" ];"), "missing setting 'operations'"},
    {WITH_RULE("name = \"r\"; users = [ \"1000\" ]; operations = [ ];"),
        "nothing in operations of rule 'r'"},
    {WITH_RULE(RULE "colour = \"red\";"), "unknown setting 'colour'"},
    {WITH_RULE(RULE "keyrings = [ \"cii\" ];"), "not one of the keyrings: 'cii'"},
    {WITH_RULE(RULE "keyrings = [ \"ci\" ]; operators = [ \"so\" ];"),
        "the security officer uses no keys: 'so'"},
    {WITH_RULE(RULE "keyrings = [ \"ci\" ]; operators = [ \"\" ];"), "empty, or too long: ''"},
    {WITH_RULE(
         RULE "keyrings = [ \"ci\" ]; operators = [ \"123456789012345678901234567890123\" ];"),
        "empty, or too long: '123456789012345678901234567890123'"},
    {WITH_RULE(RULE "keyrings = [ \"ci\" ]; operators = [ ];"), "nobody in operators of rule 'r'"},
    {WITH_RULE(RULE "keyrings = [ \"ci\" ]; operators = \"anna\";"), "not a list"},
    {WITH_RULE(RULE "operators = [ \"anna\" ];"), "operators but no keyrings in rule 'r'"},
    {WITH_RULE(RULE "keyrings = [ \"ci\" ]; operators = [ \"anna\" ]; login = false;"),
        "operators, but no login wanted, in rule 'r'"},
    {WITH_RULE(RULE "roles = [ \"king\" ];"), "no such role 'king'"},
    {WITH_RULE(RULE "groups = [ \"no-such-group\" ];"), "no such group"},
    {WITH_RULE("name = \"r\"; users = [ \"1000\" ]; operations = [ \"fly\" ];"),
        "no such operation 'fly'"},
    {WITH_RULE("name = \"r\"; users = [ \"no-such-user\" ]; operations = [ \"*\" ];"),
        "no such user 'no-such-user'"},
};

static void says_what_is_wrong_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct kc_config *config = NULL;
        assert_int_equal(
            kc_config_parse("test.conf", wrong[i].text, &config, &problem), KC_ERR_CONFIG);
        if (!strstr(problem.text, wrong[i].says))
            fail_msg("row %zu: '%s' does not say '%s'", i, problem.text, wrong[i].says);
        assert_null(config);
    }
}

static void needs_users_when_started_as_root(void **state)
{
    (void)state;
    struct kc_config *config = NULL;
    const char *text = "socket = \"/s\"; store = \"/s\";" ROOT KEYRINGS NO_POLICY;
    enum kc_error error = kc_config_parse("test.conf", text, &config, &problem);
    if (geteuid() == 0) {
        assert_int_equal(error, KC_ERR_CONFIG);
        return;
    }
    assert_int_equal(error, KC_OK);
    assert_false(config->drops_rights);
    assert_false(config->separate_users);
    assert_string_not_equal(kc_config_users_text(config), "separate");
    kc_config_free(config);
}

static void tells_whether_users_are_separate_all_or_some(void **state)
{
    (void)state;
    struct kc_config config = {.users = {{"a", 1, 1}, {"b", 2, 2}, {"b", 2, 2}}};
    assert_string_equal(kc_config_users_text(&config), "partly separate");
    config.users[0] = config.users[1];
    assert_string_equal(kc_config_users_text(&config), "b");
    config.separate_users = true;
    assert_string_equal(kc_config_users_text(&config), "separate");
}

static void refuses_root_as_a_process_user(void **state)
{
    (void)state;
    struct kc_config *config = NULL;
    const char *text = "users = { desk = \"root\"; vault = 2; root = 3; };\n"
                       "socket = \"/s\"; store = \"/s\";" ROOT KEYRINGS NO_POLICY;
    assert_int_equal(kc_config_parse("test.conf", text, &config, &problem), KC_ERR_CONFIG);
    assert_non_null(strstr(problem.text, "test.conf:1: no process of the custodian runs as root"));
}

static void accepts_the_sample(void **state)
{
    (void)state;
    char *text = NULL;
    struct kc_config *config = NULL;
    int file = open(KC_SOURCE_DIR "/custodian/custodian.conf", O_RDONLY);
    assert_true(file >= 0);
    assert_int_equal(kc_config_read(file, "sample", &text, &problem), KC_OK);
    close(file);
    enum kc_error error = kc_config_parse("sample", text, &config, &problem);
    free(text);
    if (error != KC_OK) /* the users of an installation are not there */
        assert_non_null(strstr(problem.text, "no such user 'custodian-desk'"));
    kc_config_free(config);
}

static void opens_just_a_protected_file_in_a_protected_folder(void **state)
{
    (void)state;
    char folder[] = "/tmp/kc-config.XXXXXX", path[64];
    int file = -1;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/test.conf", folder);
    assert_int_equal(kc_config_open(path, &file, &problem), KC_ERR_CONFIG);
    int made = open(path, O_WRONLY | O_CREAT, 0644);
    close(made);
    assert_int_equal(kc_config_open(path, &file, &problem), KC_OK);
    close(file);
    assert_int_equal(chmod(path, 0664), 0);
    assert_int_equal(kc_config_open(path, &file, &problem), KC_ERR_CONFIG_PERMISSIONS);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(kc_config_open(path, &file, &problem), KC_ERR_CONFIG_PERMISSIONS);
    assert_int_equal(chmod(folder, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 1000, 1000), 0);
        assert_int_equal(kc_config_open(path, &file, &problem), KC_ERR_CONFIG_PERMISSIONS);
    }
    unlink(path);
    rmdir(folder);
}

static void reads_a_file_up_to_its_limit(void **state)
{
    (void)state;
    char *text = NULL;
    int file = memfd_create("config", 0);
    assert_int_equal(write(file, "abc", 3), 3);
    assert_int_equal(kc_config_read(file, "test", &text, &problem), KC_OK);
    assert_string_equal(text, "abc");
    free(text);
    assert_int_equal(ftruncate(file, 4), 0); /* a NUL in it */
    assert_int_equal(kc_config_read(file, "test", &text, &problem), KC_ERR_CONFIG);
    assert_int_equal(ftruncate(file, 0), 0);
    char line[1024];
    memset(line, '#', sizeof line);
    for (size_t i = 0; i < KC_CONFIG_SIZE_MAX / sizeof line; i++)
        assert_int_equal(pwrite(file, line, sizeof line, (off_t)(i * sizeof line)), sizeof line);
    assert_int_equal(kc_config_read(file, "test", &text, &problem), KC_OK);
    free(text);
    assert_int_equal(pwrite(file, "#", 1, KC_CONFIG_SIZE_MAX), 1);
    assert_int_equal(kc_config_read(file, "test", &text, &problem), KC_ERR_CONFIG);
    close(file);
}

#define WHOLE "socket = \"/s\"; store = \"/t\";\n" ALL_USERS ROOT KEYRINGS NO_POLICY
#define TLS "tls = { certificate = \"/c\"; key = \"/k\"; authorities = \"/a\"; };\n"
#define FAR "name = \"far\"; address = \"2001:db8::7\"; certificate_name = \"far.test\"; "
#define REMOTE(name) "{ certificate_name = \"" name "\"; user = 65000; }"
#define LISTEN(more) "listen = { address = \"0.0.0.0\"; " more " };\n"

static void takes_peers_over_a_socket_and_over_tls(void **state)
{
    (void)state;
    struct kc_config *config = parse(WHOLE TLS
        "peers = ( { name = \"near\"; socket = \"/n\"; keyrings = [ \"ci\" ]; deadline_ms = 200; "
        "}, "
        "{ " FAR "keyrings = [ \"device\" ]; } );\n" LISTEN(
            "connections = 3; remotes = ( " REMOTE("a.test") ", " REMOTE("b.test") " );"));
    assert_int_equal(config->peer_count, 2);
    assert_string_equal(config->peers[0].socket, "/n");
    assert_int_equal(config->peers[0].deadline_ms, 200);
    assert_string_equal(config->peers[1].address, "2001:db8::7");
    assert_int_equal(config->peers[1].port, 7415);
    assert_int_equal(config->peers[1].deadline_ms, 5000);
    assert_string_equal(config->tls.key, "/k");
    assert_int_equal(config->listen.port, 7415);
    assert_int_equal(config->listen.connections, 3);
    assert_int_equal(config->listen.remote_count, 2);
    assert_string_equal(config->listen.remotes[1].certificate_name, "b.test");
    kc_config_free(config);
}

static void refuses_ways_to_other_custodians_that_are_not_whole(void **state)
{
#define PEER(more) "peers = ( { keyrings = [ \"ci\" ]; " more " } );\n"
    static const char *const texts[] = {
        WHOLE TLS PEER("name = \"p\";"),
        WHOLE TLS PEER(FAR "socket = \"/s\";"),
        WHOLE TLS PEER("name = \"p\"; address = \"192.0.2.1\";"),
        WHOLE TLS PEER("name = \"p\"; socket = \"/s\"; certificate_name = \"p.test\";"),
        WHOLE TLS PEER("name = \"p\"; address = \"far.test\"; certificate_name = \"far.test\";"),
        WHOLE TLS PEER(FAR "port = 0;"),
        WHOLE TLS PEER("name = \"p\"; address = \"192.0.2.1\"; certificate_name = \".test\";"),
        WHOLE TLS LISTEN("remotes = ( " REMOTE(".test") " );"),
        WHOLE PEER(FAR),
        WHOLE "tls = { certificate = \"/c\"; key = \"/k\"; };\n",
        WHOLE "tls = { certificate = \"/c\"; key = \"k\"; authorities = \"/a\"; };\n",
        WHOLE LISTEN("remotes = ( " REMOTE("a.test") " );"),
        WHOLE TLS LISTEN(""),
        WHOLE TLS LISTEN("port = 443; remotes = ();"),
        WHOLE TLS LISTEN("remotes = ( " REMOTE("a.test") ", " REMOTE("A.test") " );"),
        WHOLE TLS LISTEN("remotes = ( { certificate_name = \"a.test\"; user = 0; } );"),
        WHOLE TLS LISTEN("remotes = ( { user = 65000; } );"),
        WHOLE TLS "listen = { remotes = (); };\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct kc_config *config = NULL;
        if (kc_config_parse("test.conf", texts[i], &config, &problem) != KC_ERR_CONFIG)
            fail_msg("taken: %s", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_what_is_not_said),
        cmocka_unit_test(takes_what_is_said),
        cmocka_unit_test(takes_a_token_as_the_root),
        cmocka_unit_test(takes_several_roots_each_with_a_name),
        cmocka_unit_test(reads_the_rules_of_the_policy),
        cmocka_unit_test(a_rule_that_names_operators_needs_a_login),
        cmocka_unit_test(gives_a_rule_no_keyrings_that_it_does_not_list),
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(needs_users_when_started_as_root),
        cmocka_unit_test(refuses_root_as_a_process_user),
        cmocka_unit_test(tells_whether_users_are_separate_all_or_some),
        cmocka_unit_test(accepts_the_sample),
        cmocka_unit_test(opens_just_a_protected_file_in_a_protected_folder),
        cmocka_unit_test(reads_a_file_up_to_its_limit),
        cmocka_unit_test(takes_peers_over_a_socket_and_over_tls),
        cmocka_unit_test(refuses_ways_to_other_custodians_that_are_not_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
