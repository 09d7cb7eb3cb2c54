/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of the Mesh that change something, each with the real daemon killed at its writes:
 * those of the desk into the store, and the commands to the TPM (deaths.h). What stands here is one
 * life of a service, an account, a device, a group and what belongs to them, in its order.
 */
#include "tests/fault/client.h"
#include "tests/fault/deaths.h"
#include "tests/mesh/acknowledge.h"
#include "tests/support/shell.h"
#include "tests/vectors/example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVED "--service-profile service --host example.com -p pin"
#define DOCUMENT_MAX ((size_t)1 << 18)

static struct kc_custodian custodian, publisher;
static size_t samples = 2; /* of the writes of each act; 0: all */
static size_t deaths;

/* --- what a front end brings --- */

static size_t read_file(const char *name, uint8_t *octets, size_t room)
{
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    size_t size = fread(octets, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

static void write_file(const char *name, struct kc_span span)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(span.bytes, 1, span.size, file), span.size);
    assert_int_equal(fclose(file), 0);
}

static void outcome_set(struct outcome *outcome, enum kc_error error)
{
    outcome->status = (int)kc_error_row(error)->class;
    snprintf(outcome->said, sizeof outcome->said, "%s", kc_error_name(error));
}

/* The request in a file. What is assigned at a bind goes into the file `more`. */
static void bring(enum kc_operation operation, const struct act *act, struct outcome *outcome)
{
    struct kc_client_answer *answer = NULL;
    struct kc_client *client = connect_to(&custodian);
    uint8_t *text = malloc(DOCUMENT_MAX);
    size_t size = read_file(act->line, text, DOCUMENT_MAX);
    const struct given fields[] = {
        TEXT(SERVICE, "example.com"), OCTETS(REQUEST, text, size), {KC_FIELDS, NULL, 0}};
    enum kc_error error = ask(client, operation, &answer, fields);
    if (error == KC_OK && act->more) {
        assert_int_equal(kc_client_answer_data(answer, &kc_client_answer_message(answer)->values,
                             KC_FIELD_DOCUMENT, text, DOCUMENT_MAX, &size),
            KC_OK);
        write_file(act->more, (struct kc_span){text, size});
    }
    kc_client_answer_free(answer);
    kc_client_free(client);
    free(text);
    outcome_set(outcome, error);
}

static void ask_to_bind(const struct act *act, struct outcome *outcome)
{
    bring(KC_OPERATION_MESH_ACCOUNT_BIND, act, outcome);
}

/* The administrator's request to the service goes into the file. */
static void ask_to_close(const struct act *act, struct outcome *outcome)
{
    struct kc_client_answer *answer = NULL;
    struct kc_client *client = connect_to(&custodian);
    uint8_t *octets = malloc(DOCUMENT_MAX);
    size_t size = read_file("udf", octets, DOCUMENT_MAX);
    const struct given fields[] = {OCTETS(ACCOUNT_UDF, octets, strcspn((char *)octets, "\n")),
        TEXT(SERVICE, "example.com"), TEXT(PIN, "12345678"), {KC_FIELDS, NULL, 0}};
    octets[size] = '\0';
    enum kc_error error = ask(client, KC_OPERATION_MESH_ACCOUNT_CLOSE, &answer, fields);
    if (error == KC_OK) {
        assert_int_equal(kc_client_answer_data(answer, &kc_client_answer_message(answer)->values,
                             KC_FIELD_REQUEST, octets, DOCUMENT_MAX, &size),
            KC_OK);
        write_file(act->line, (struct kc_span){octets, size});
    }
    kc_client_answer_free(answer);
    kc_client_free(client);
    free(octets);
    outcome_set(outcome, error);
}

static void ask_to_unbind(const struct act *act, struct outcome *outcome)
{
    bring(KC_OPERATION_MESH_ACCOUNT_UNBIND, act, outcome);
}

static void ask_to_accept(const struct act *act, struct outcome *outcome)
{
    bring(KC_OPERATION_MESH_CAPABILITY_ACCEPT, act, outcome);
}

static void ask_to_revoke(const struct act *act, struct outcome *outcome)
{
    bring(KC_OPERATION_MESH_CAPABILITY_REVOKE, act, outcome);
}

static void ask_to_revoke_device(const struct act *act, struct outcome *outcome)
{
    bring(KC_OPERATION_MESH_DEVICE_REVOKE, act, outcome);
}

/* --- who else there is --- */

static char *read_text(const char *name)
{
    uint8_t *text = calloc(1, DOCUMENT_MAX);
    (void)read_file(name, text, DOCUMENT_MAX - 1);
    return (char *)text;
}

/* The account's service, to the device. */
static void answer_request(void)
{
    char witness[KC_UDF_ID_SIZE];
    char *request = read_text("request"), *account = read_text("alice.profile");
    char *device = read_text("watch.profile");
    char *text = acknowledge(request, account, device, witness);
    write_file("acknowledgement", (struct kc_span){(uint8_t *)text, strlen(text)});
    write_file("witness", (struct kc_span){(uint8_t *)witness, strlen(witness)});
    HOLDS("take connection requested > connection");
    free(request);
    free(account);
    free(device);
    free(text);
}

/* The maker of a device. */
static void make_kettle(void)
{
    struct example example;
    example_open(&example, "2021-device-preconfiguration");
    write_file("maker", kc_json_source(example_at(&example, "object")));
    example_close(&example);
}

/* --- fixture --- */

static int start(void **state)
{
    (void)state;
    stops_init();
    kc_custodian_init(&custodian, "\"home\"");
    kc_shell_init();
    kc_custodian_init(&publisher, "\"home\"");
    kc_shell_define_custodian("C", custodian.socket);
    kc_shell_define_custodian("P", publisher.socket);
    /* take FIELD FILE: the value of a field of JSON in a file */
    kc_shell_define("take() { sed -n 's/.*\"'$1'\": *\"\\([^\"]*\\)\".*/\\1/p' $2 | head -n 1; }");
    HOLDS("umask 077; printf 12345678 > pin; C operator pin --new-pin-file pin");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kc_shell_done();
    kc_custodian_done(&custodian);
    kc_custodian_done(&publisher);
    stops_done();
    print_message("%zu deaths\n", deaths);
    return 0;
}

static bool has_died[KC_OPERATIONS];

/* An act's name begins with the operation's, without what all of them begin with. */
static void die_of_one(const struct act *act)
{
    size_t died = die_of(&custodian, act, samples);
    for (size_t i = 0; i < KC_OPERATIONS; i++) {
        const char *name = kc_operations[i].name;
        if (strncmp(name, "mesh-", 5) == 0 && strncmp(act->name, name + 5, strlen(name + 5)) == 0)
            has_died[i] = has_died[i] || died > 0;
    }
    deaths += died;
}

static void each_dies(const struct act *acts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (acts[i].between)
            acts[i].between();
        else if (!acts[i].ask)
            HOLDS(acts[i].line);
        else
            die_of_one(&acts[i]);
    }
}

/* what is not there is done again */
#define DIES(act_name, act_line, said_again, line_that_works)                                      \
    {                                                                                              \
        .name = (act_name), .ask = ask_by_shell, .line = (act_line), .again = (said_again),        \
        .works = (line_that_works)                                                                 \
    }
#define BROUGHT(act_name, how, file, line_that_works)                                              \
    {                                                                                              \
        .name = (act_name), .ask = (how), .line = (file), .works = (line_that_works)               \
    }
#define THEN(act_line)                                                                             \
    {                                                                                              \
        .line = (act_line)                                                                         \
    }
#define BETWEEN(function)                                                                          \
    {                                                                                              \
        .between = (function)                                                                      \
    }
#define ALL_DIE(acts) each_dies(acts, sizeof(acts) / sizeof *(acts))

/* --- a service, an account at it, and a device of the account --- */

static void a_service_and_an_account(void **state)
{
    static const struct act acts[] = {
        DIES("service-create", "C mesh service create example.com -fo service", "exists",
            "C mesh service show example.com"),
        DIES("device-create", "C mesh device create -l watch -fo watch.profile", "label-taken",
            "C mesh device show watch"),
        DIES("account-create",
            "C mesh account create alice@example.com -l alice " SERVED
            " -fo alice.profile --request bind --json > made",
            "label-taken", "C key list --json | grep -q 'alice encrypt'"),
        THEN("take account_udf made > udf; C recipient profile watch watch.profile -p pin"),
        {.name = "account-bind",
            .ask = ask_to_bind,
            .line = "bind",
            .more = "assignment",
            .works = "C mesh account list | grep alice@example.com | grep -q active"},
        DIES("device-request",
            "C mesh device request watch alice@example.com -fo request --json > requested", NULL,
            NULL),
        BETWEEN(answer_request),
        DIES("device-check",
            "C mesh device check $(cat connection) acknowledgement alice.profile"
            " --witness $(cat witness)",
            NULL, NULL),
        DIES("account-activate",
            "C mesh account activate $(cat udf) watch.profile -R watch --rights"
            " encryption=threshold,signature=threshold --assignment assignment --connection"
            " $(cat witness) " SERVED " -fo response --request transact",
            "exists", NULL),
        BROUGHT("capability-accept", ask_to_accept, "transact",
            "C mesh capability list $(cat udf) | grep -q CapabilitySign"),
        DIES("device-activate",
            "C mesh device activate $(cat connection) response --witness $(cat witness)", "refused",
            "C key list -r share | grep -q Account.Encrypt"),
        DIES("account-refresh",
            "C mesh account refresh $(cat udf) -R watch -u sign --assignment assignment " SERVED
            " -fo offset --request refresh",
            NULL, NULL),
        BROUGHT("capability-accept of a refresh", ask_to_accept, "refresh", NULL),
        DIES("device-refresh", "C mesh device refresh watch $(cat udf) offset", "epoch-old", NULL),
        THEN("C mesh capability list $(cat udf) --json > list; take capability list > capability"),
        DIES("capability-withdraw", "C mesh capability revoke $(cat udf) $(cat capability) --yes",
            NULL, "C mesh capability list | grep $(cat capability) | grep -q destroyed"),
        DIES("account-disconnect",
            "C mesh account disconnect $(cat udf) -R watch --host example.com -f --request gone -p "
            "pin",
            "refused", NULL),
        DIES("account-repeat", "C mesh account repeat $(cat udf) gone -R watch -fo again -p pin",
            NULL, NULL),
        BROUGHT("capability-revoke", ask_to_revoke, "gone",
            "C mesh capability list | grep CapabilitySign | grep -q destroyed"),
        BROUGHT("device-revoke", ask_to_revoke_device, "gone", NULL),
        DIES("device-leave", "C mesh device leave watch $(cat udf) --yes", "refused", NULL),
        DIES("device-withdraw",
            "C mesh device revoke $(cat udf) MAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA --yes", NULL, NULL),
        THEN("C mesh service create example.net -o other"),
        DIES("account-move",
            "C mesh account move $(cat udf) --host example.com --service-profile other -p pin"
            " -fo moved --request move",
            NULL, NULL),
    };
    (void)state;
    ALL_DIE(acts);
}

/* --- a group, and the account in it --- */

static void a_group_and_its_member(void **state)
{
    static const struct act acts[] = {
        DIES("group-create",
            "C mesh group create team@example.com -l team " SERVED
            " -fo team.profile --json > made",
            "label-taken", "C key list --json | grep -q 'team encrypt'"),
        THEN("take account_udf made > team; C recipient profile alice alice.profile -p pin"),
        DIES("group-member-add",
            "C mesh group add $(cat team) alice.profile -R alice " SERVED
            " -fo invitation --request add",
            "exists", NULL),
        DIES("group-join",
            "C mesh group join $(cat team) invitation -K 'alice encrypt' -l joined"
            " --profile team.profile",
            "epoch-old", "C key show joined | grep -q share"),
        DIES("group-member-remove",
            "C mesh group remove $(cat team) -R alice --host example.com -f --request remove -p "
            "pin",
            "refused", NULL),
        DIES("group-rotate", "C mesh group rotate $(cat team) -fo rotated -p pin", NULL, NULL),
    };
    (void)state;
    ALL_DIE(acts);
}

/* --- PINs and publications: each used once --- */

static void pins_and_publications(void **state)
{
    static const struct act acts[] = {
        DIES("pin-create", "C mesh pin create device --account alice@example.com --json > made",
            NULL, NULL),
        THEN("umask 077; take uri made | sed 's|.*/||' | tr -d '\\n' > mesh.pin"),
        DIES("device-request",
            "C mesh device request watch alice@example.com --mesh-pin-file mesh.pin -fo request"
            " --json > requested",
            NULL, NULL),
        {.name = "pin-verify",
            .ask = ask_by_shell,
            .line = "C mesh pin verify request --account alice@example.com",
            .counts = true},
        {.name = "pin-check",
            .ask = ask_by_shell,
            .line = "C mesh pin check request --account alice@example.com",
            .again = "pin-used",
            .works = "C mesh pin check request --account alice@example.com 2>&1 | grep -q pin-used",
            .counts = true},
        THEN("take connection requested > connection"),
        DIES("device-cancel", "C mesh device cancel $(cat connection)", "refused", NULL),
        THEN("C mesh pin create contact --account alice@example.com --json > made;"
             " take pin made > pin.id"),
        DIES("pin-close", "C mesh pin close $(cat pin.id)", "pin-used",
            "C mesh pin close $(cat pin.id) 2>&1 | grep -q pin-used"),
        THEN("echo published > published"),
        DIES("earl-create",
            "C mesh earl create published --account alice@example.com -fo publication --json > "
            "made",
            NULL, NULL),
        THEN("P mesh earl create published --account alice@example.com -fo publication --json > "
             "made;"
             " umask 077; take uri made > uri"),
        DIES("earl-publish", "C mesh earl publish publication --account alice@example.com",
            "exists", NULL),
        THEN("C mesh earl claim uri --key 'alice sign' --account alice@example.com"
             " --profile alice.profile -o claim"),
        {.name = "earl-check",
            .ask = ask_by_shell,
            .line = "C mesh earl check claim",
            .again = "claimed",
            .works = "C mesh earl check claim 2>&1 | grep -q claimed",
            .counts = true},
        DIES("device-destroy", "C mesh device destroy watch --yes", "refused",
            "! C mesh device list | grep -q watch"),
        BETWEEN(make_kettle),
        DIES("device-install", "C mesh device install maker -l kettle -fo claims", "exists",
            "C mesh device show kettle"),
    };
    (void)state;
    ALL_DIE(acts);
}

/* After its end the vault shows nobody what was not shown, nor anything again. */
static void expect_no_share(void)
{
    struct kc_client *client = connect_to(&custodian);
    char *escrow = read_text("escrow");
    assert_answer(
        ASK(client, MESH_ESCROW_SHARE, NULL, OCTETS(OBJECT, escrow, strcspn(escrow, "\n"))),
        KC_ERR_REFUSED);
    free(escrow);
    kc_client_free(client);
}

/* --- an escrow, and the seed that comes back of it --- */

static void an_escrow(void **state)
{
    static const struct act acts[] = {
        BROUGHT("account-close", ask_to_close, "unbind", NULL),
        BROUGHT("account-unbind", ask_to_unbind, "unbind",
            "! C mesh account list | grep alice@example.com | grep -q active"),
        THEN("C key derive $(cat udf) CompleteAccountEncryptMMM_Contact -l contacts"),
        DIES("escrow-seal", "C mesh escrow seal $(cat udf) contacts -fo sealed -p pin", NULL, NULL),
        /* it is made with one request; that all shares were shown is stored with that for the last */
        {.name = "escrow-create and escrow-share",
            .ask = ask_by_shell,
            .line = "umask 077; C mesh escrow create $(cat udf) -n 3 -m 2 -fo record -p pin > made",
            .counts = true},
        THEN("umask 077; grep ' : ' made | head -n 2 > shares; sed -n 's/^escrow  *//p' made > "
             "escrow"),
        BETWEEN(expect_no_share),
        DIES("escrow-verify", "C mesh escrow verify --shares-file shares", NULL, NULL),
        DIES("escrow-retire", "C mesh escrow retire $(cat escrow) -p pin", "refused",
            "C key list --json | grep -q 'alice encrypt'"),
        THEN("C key destroy contacts --yes"),
        DIES("escrow-recover",
            "C mesh escrow recover $(cat udf) record -l back -p pin --shares-file shares", "exists",
            NULL),
        DIES("escrow-open", "C mesh escrow open $(cat udf) sealed -l contacts -p pin", "exists",
            "C key show contacts"),
    };
    (void)state;
    ALL_DIE(acts);
}

/* --- all of them --- */

/* Those that change nothing; and mesh-operate, which front_kill_test has. */
static const enum kc_operation others[] = {
    KC_OPERATION_MESH_SERVICE_SHOW, KC_OPERATION_MESH_HOST_SIGN, KC_OPERATION_MESH_ACCOUNT_LIST,
    KC_OPERATION_MESH_ACCOUNT_SHOW, KC_OPERATION_MESH_ACCOUNT_PROFILE,
    KC_OPERATION_MESH_CAPABILITY_LIST, KC_OPERATION_MESH_OPERATE, KC_OPERATION_MESH_DEVICE_LIST,
    KC_OPERATION_MESH_DEVICE_PENDING, KC_OPERATION_MESH_DEVICE_SHOW, KC_OPERATION_MESH_EARL_OPEN,
    KC_OPERATION_MESH_EARL_CLAIM,
    KC_OPERATION_MESH_ESCROW_SHARE, /* its last one is a part of what escrow-create does */
    KC_OPERATION_MESH_ESCROW_SHOW, KC_OPERATION_MESH_ACCOUNT_UNBIND, /* front_kill_test has it */
};

static void no_operation_was_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        has_died[others[i]] = true;
    for (size_t i = 0; i < KC_OPERATIONS; i++)
        if (strncmp(kc_operations[i].name, "mesh-", 5) == 0 && !has_died[i])
            fail_msg("nobody died of %s", kc_operations[i].name);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_and_an_account),
        cmocka_unit_test(a_group_and_its_member),
        cmocka_unit_test(pins_and_publications),
        cmocka_unit_test(an_escrow),
        cmocka_unit_test(no_operation_was_left_out),
    };
    if (count > 1)
        samples = (size_t)atoi(arguments[1]);
    return cmocka_run_group_tests(tests, start, stop);
}
