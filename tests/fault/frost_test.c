/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key that is dealt to three custodians, each on a machine of its own, that reach each other over TLS:
 * whoever of them coordinates signs by one command, and what the others can do about it.
 */
#include "custodian/vault/frost_sessions.h"
#include "tests/fault/client.h"
#include "tests/fault/liar.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"
#include "tests/support/port.h"
#include "tests/support/shell.h"
#include "tests/support/tls_files.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOLDERS 3
#define COMMITMENT_SIZE (4 + 2 * 32) /* Ed25519 */
#define FIRST_USER 64811             /* as whom the first of them is seen by others */

enum { ALICE, BOB, CAROL };
static const char *const names[HOLDERS] = {"alice", "bob", "carol"};

static struct kc_custodian holders[HOLDERS];
static struct kc_client *at[HOLDERS];
static char share[HOLDERS][65]; /* ids of the key's shares */
static unsigned ports[HOLDERS], liars_port;

/* --- settings --- */

static unsigned user_of(size_t holder)
{
    return geteuid() == 0 ? FIRST_USER + (unsigned)holder : geteuid();
}

static void add_policy(char *text, size_t size, const char *operations)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used,
        "policy = ( { name = \"test\"; users = [ \"%u\" ]; keyrings = [ \"*\" ]; "
        "operations = [ \"*\" ]; }, { name = \"holders\"; users = [ \"%u\", \"%u\", \"%u\" ]; "
        "keyrings = [ \"*\" ]; roles = [ \"quorum\" ]; operations = [ %s ]; } );\n",
        geteuid(), user_of(ALICE), user_of(BOB), user_of(CAROL), operations);
}

static void add_peer(char *text, size_t size, const char *peer, unsigned port, const char *name)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used,
        "%s { name = \"%s\"; address = \"127.0.0.1\"; port = %u; certificate_name = \"%s.test\"; "
        "deadline_ms = %d; }",
        text[used - 2] == '(' ? "" : ",", peer, port, name, PEER_DEADLINE_MS);
}

/* Each listens for the two others, who are its peers; the first has a liar among its own. */
static void add_network(size_t holder, char *text, size_t size)
{
    char remotes[512] = "";
    kc_tls_settings(text, size, holders[ALICE].folder, names[holder], "authority");
    for (size_t i = 0; i < HOLDERS; i++)
        if (i != holder)
            snprintf(remotes + strlen(remotes), sizeof remotes - strlen(remotes),
                "%s { certificate_name = \"%s.test\"; user = %u; }", remotes[0] ? "," : "",
                names[i], user_of(i));
    size_t used = strlen(text);
    snprintf(text + used, size - used,
        "listen = { address = \"127.0.0.1\"; port = %u; remotes = ( %s ); };\npeers = ( ",
        ports[holder], remotes);
    for (size_t i = 0; i < HOLDERS; i++)
        if (i != holder)
            add_peer(text, size, names[i], ports[i], names[i]);
    if (holder == ALICE)
        add_peer(text, size, "mallory", liars_port, names[CAROL]);
    used = strlen(text);
    snprintf(text + used, size - used, " );\n");
}

#define ROUNDS "\"frost-commit\", \"frost-contribute\", \"frost-abort\""

static void configure(size_t holder, const char *operations)
{
    char text[4096];
    kc_custodian_stop(&holders[holder]);
    add_network(holder, text, sizeof text);
    add_policy(text, sizeof text, operations);
    change_settings(&holders[holder], "/^tls\\|^peers\\|^listen\\|^policy/d", text);
    kc_custodian_start(&holders[holder]);
}

/* --- the three of them --- */

static void choose_ports(void)
{
    for (size_t i = 0; i < HOLDERS; i++)
        ports[i] = kc_test_own_port();
    liars_port = kc_test_own_port();
}

static void read_share(size_t holder)
{
    char line[64];
    snprintf(line, sizeof line, "%s share show release | sed -n 's/^key  *//p'", names[holder]);
    HOLDS(line);
    snprintf(share[holder], sizeof share[holder], "%.*s", (int)strcspn(kc_shell_said(), "\n"),
        kc_shell_said());
}

static void deal(void)
{
    HOLDS("echo 'The message.' > message; umask 077; printf 12345678 > pin");
    HOLDS("alice operator pin --new-pin-file pin");
    HOLDS("for h in bob carol; do $h key generate -l intake -a X448 -r wrap &&"
          " $h key public intake --signed -o intake-$h.pem &&"
          " alice recipient add $h --public intake-$h.pem -p pin || exit; done");
    HOLDS("alice key generate -l release -a Ed25519 && alice key public release -o release.pem");
    HOLDS("alice share deal release bob carol --threshold 2 --keep -p pin -o share");
    HOLDS("bob share accept share.2 -l release && carol share accept share.3 -l release");
    for (size_t i = 0; i < HOLDERS; i++)
        read_share(i);
}

static int set_up(void **state)
{
    (void)state;
    choose_ports();
    for (size_t i = 0; i < HOLDERS; i++)
        kc_custodian_init(&holders[i], "\"home\"");
    const char *folder = holders[ALICE].folder;
    kc_tls_make_authority(folder, "authority");
    for (size_t i = 0; i < HOLDERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s.test", names[i]);
        kc_tls_make_certificate(folder, "authority", names[i], name, KC_TLS_VALID);
    }
    kc_shell_init();
    for (size_t i = 0; i < HOLDERS; i++) {
        configure(i, ROUNDS);
        kc_shell_define_custodian(names[i], holders[i].socket);
        at[i] = connect_to(&holders[i]);
    }
    kc_shell_define("verify() { openssl pkeyutl -verify -pubin -inkey release.pem -rawin -in "
                    "\"$1\" -sigfile \"$2\"; }");
    deal();
    liar_start(liars_port, folder, names[CAROL], holders[CAROL].socket);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_shell_done();
    for (size_t i = 0; i < HOLDERS; i++) {
        kc_client_free(at[i]);
        kc_custodian_done(&holders[i]);
    }
    return 0;
}

/* --- one command --- */

static void whoever_coordinates_signs_by_one_command(void **state)
{
    (void)state;
    HOLDS("alice frost sign release message bob -o 1.sig && verify message 1.sig");
    HOLDS("bob frost sign release message carol -o 2.sig && verify message 2.sig");
    HOLDS("carol frost sign release message bob alice -o 3.sig && verify message 3.sig");
    SAYS(0, "bob has committed, as holder 2", "alice frost sign release message bob -o 4.sig");
    SAYS(0, "\"size\": 64", "alice frost sign release message bob --json -o 5.sig");
    HOLDS("head -c 200000 /dev/urandom > large && alice frost sign release large carol && "
          "verify large large.sig");
    HOLDS("alice frost sign release message bob --scheme ctx -o ctx.sig");
    HOLDS("! verify message ctx.sig");
}

static void who_does_not_take_part_is_told_and_made_up_for(void **state)
{
    (void)state;
    SAYS(0, "nobody: peer-unset", "alice frost sign release message nobody bob -f");
    SAYS(5, "1 of the 2 holders that are needed", "alice frost sign release message nobody -o no");
    SAYS(2, "exists", "alice frost sign release message bob");
    HOLDS("verify message message.sig && test ! -e no");
}

static void a_holder_whose_policy_does_not_allow_it_refuses(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* all are the same user */
    configure(CAROL, "\"frost-abort\"");
    SAYS(0, "carol: peer-refused (refused)", "alice frost sign release message carol bob -f");
    HOLDS("verify message message.sig");
    SAYS(5, "carol: peer-refused (refused)", "alice frost sign release message carol -o no");
    configure(CAROL, ROUNDS);
    HOLDS("alice frost sign release message carol -f && verify message message.sig");
}

/* Stops her desk, which takes requests in one thread: none comes through after this. */
static pid_t silence_carol(void)
{
    pid_t desk = find_process(&holders[CAROL], DESK);
    assert_int_equal(kill(desk, SIGSTOP), 0);
    return desk;
}

static void a_silent_holder_is_late_and_made_up_for(void **state)
{
    (void)state;
    set_peer_deadline(&holders[ALICE], &at[ALICE], "carol", PEER_LATE_MS);
    pid_t desk = silence_carol();
    SAYS(0, "carol: peer-late", "alice frost sign release message carol bob -f");
    assert_int_equal(kill(desk, SIGCONT), 0);
    set_peer_deadline(&holders[ALICE], &at[ALICE], "carol", PEER_DEADLINE_MS);
    HOLDS("verify message message.sig");
}

static void a_holder_that_answers_wrongly_is_named_and_nothing_is_written(void **state)
{
    (void)state;
    SAYS(5, "mallory: signature_shares: of holder 3",
        "alice frost sign release message mallory -o no");
    HOLDS("test ! -e no");
}

static void two_names_of_one_holder_are_not_two_holders(void **state)
{
    (void)state;
    HOLDS("alice key generate -l three -a Ed25519 && alice share deal three bob carol "
          "--threshold 3 --keep -p pin -o three");
    HOLDS("bob share accept three.2 -l three && carol share accept three.3 -l three");
    SAYS(5, "carol and mallory both answer as holder 3",
        "alice frost sign three message carol mallory -o no");
    HOLDS("alice frost sign three message carol bob -o three.sig && test ! -e no");
}

/* --- step by step, at alice's: of her own share, or passed on --- */

struct ceremony {
    uint8_t session[HOLDERS][KC_FROST_HANDLE_SIZE];
    uint8_t list[HOLDERS * COMMITMENT_SIZE];
    size_t size;
};

static void commit(size_t coordinator, size_t holder, struct ceremony *c)
{
    struct kc_client_answer *answer;
    enum kc_error error =
        coordinator == holder
            ? ASK(at[coordinator], FROST_COMMIT, &answer, TEXT(KEY, share[coordinator]))
            : ASK(at[coordinator], FROST_COMMIT, &answer, TEXT(KEY, share[coordinator]),
                  TEXT(PEER_NAME, names[holder]));
    assert_answer(error, KC_OK);
    struct kc_span commitment = value_of(answer, KC_FIELD_COMMITMENTS)->span;
    assert_int_equal(commitment.size, COMMITMENT_SIZE);
    memcpy(c->list + c->size, commitment.bytes, commitment.size);
    c->size += commitment.size;
    memcpy(c->session[holder], value_of(answer, KC_FIELD_SESSION)->span.bytes,
        sizeof c->session[holder]);
    kc_client_answer_free(answer);
}

/* What is said to it: OK, or the name of carol's error, or of the one on the way to her. */
static void expect_part(
    size_t coordinator, const struct ceremony *c, const char *message, const char *said)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    const struct given fields[] = {TEXT(KEY, share[coordinator]), TEXT(PEER_NAME, "carol"),
        TEXT(MESSAGE, message), OCTETS(SESSION, c->session[CAROL], sizeof c->session[CAROL]),
        OCTETS(COMMITMENTS, c->list, c->size), {KC_FIELDS, NULL, 0}};
    char name[65];
    kc_client_request_init(&request, KC_OPERATION_FROST_CONTRIBUTE);
    give(&request, fields);
    enum kc_error error = kc_client_call(at[coordinator], &request, DEADLINE_MS, &answer);
    snprintf(name, sizeof name, "%s", kc_error_name(error));
    if (error == KC_ERR_PEER_REFUSED)
        copy_text(answer, KC_FIELD_DETAIL, name);
    kc_client_request_done(&request);
    kc_client_answer_free(answer);
    assert_string_equal(name, said);
}

static struct ceremony first_round(size_t coordinator)
{
    struct ceremony c = {.size = 0};
    commit(coordinator, coordinator, &c);
    commit(coordinator, CAROL, &c);
    return c;
}

static void a_session_that_is_played_again_signs_nothing(void **state)
{
    (void)state;
    struct ceremony c = first_round(ALICE);
    expect_part(ALICE, &c, "m", "ok");
    expect_part(ALICE, &c, "m", "session-unknown");
    expect_part(ALICE, &c, "another", "session-unknown");
    struct ceremony next = first_round(ALICE);
    memcpy(next.session[CAROL], c.session[CAROL], sizeof c.session[CAROL]);
    expect_part(ALICE, &next, "m", "session-unknown");
}

static void another_message_than_in_round_one_is_not_signed(void **state)
{
    struct ceremony c = {.size = 0};
    struct kc_client_answer *answer;
    (void)state;
    commit(ALICE, ALICE, &c);
    assert_answer(ASK(at[ALICE], FROST_COMMIT, &answer, TEXT(KEY, share[ALICE]),
                      TEXT(PEER_NAME, "carol"), TEXT(MESSAGE, "this")),
        KC_OK);
    memcpy(c.list + c.size, value_of(answer, KC_FIELD_COMMITMENTS)->span.bytes, COMMITMENT_SIZE);
    c.size += COMMITMENT_SIZE;
    memcpy(c.session[CAROL], value_of(answer, KC_FIELD_SESSION)->span.bytes, 16);
    kc_client_answer_free(answer);
    expect_part(ALICE, &c, "that", "bad-argument");
    expect_part(ALICE, &c, "this", "session-unknown");
}

static void a_list_without_her_own_commitment_is_not_signed_under(void **state)
{
    (void)state;
    struct ceremony c = first_round(ALICE), other = {.size = 0};
    commit(ALICE, ALICE, &other);
    commit(ALICE, BOB, &other);
    memcpy(c.list, other.list, other.size);
    expect_part(ALICE, &c, "m", "bad-argument");
    expect_part(ALICE, &c, "m", "session-unknown");
}

/* One open commitment of a key for one that asks: others have their own. */
static void two_coordinators_do_not_disturb_each_other_and_one_overtakes_itself(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* both are the same user */
    struct ceremony alices = first_round(ALICE), bobs = first_round(BOB);
    expect_part(ALICE, &alices, "alice's", "ok");
    expect_part(BOB, &bobs, "bob's", "ok");
    struct ceremony first = first_round(ALICE), second = first_round(ALICE);
    expect_part(ALICE, &first, "m", "session-unknown");
    expect_part(ALICE, &second, "m", "ok");
    struct ceremony stolen = first_round(ALICE);
    expect_part(BOB, &stolen, "m", "session-unknown"); /* what was opened for another */
    expect_part(ALICE, &stolen, "m", "ok");
}

/* Nonces are in the memory of a process that is gone: they sign nothing, and none comes twice. */
static void a_holder_that_is_killed_between_the_rounds_signs_nothing(void **state)
{
    (void)state;
    struct ceremony c = first_round(ALICE);
    kill_process(&holders[CAROL], VAULT);
    struct kc_client_answer *answer;
    enum kc_error error;
    do /* until it is back */
        error = ASK(at[CAROL], KEY_SHOW, NULL, TEXT(KEY, share[CAROL]));
    while (error == KC_ERR_UNAVAILABLE || error == KC_ERR_CONNECTION_LOST);
    assert_answer(error, KC_OK);
    expect_part(ALICE, &c, "m", "session-unknown");
    assert_answer(
        ASK(at[ALICE], FROST_COMMIT, &answer, TEXT(KEY, share[ALICE]), TEXT(PEER_NAME, "carol")),
        KC_OK);
    assert_memory_not_equal(value_of(answer, KC_FIELD_COMMITMENTS)->span.bytes + 4,
        c.list + COMMITMENT_SIZE + 4, COMMITMENT_SIZE - 4);
    kc_client_answer_free(answer);
    HOLDS("alice frost sign release message carol -f && verify message message.sig");
}

static void a_holder_that_falls_silent_after_round_one_is_late(void **state)
{
    (void)state;
    struct ceremony c = first_round(ALICE); /* for which there is time */
    set_peer_deadline(&holders[ALICE], &at[ALICE], "carol", PEER_LATE_MS);
    pid_t desk = silence_carol();
    expect_part(ALICE, &c, "m", "peer-late");
    assert_int_equal(kill(desk, SIGCONT), 0);
    set_peer_deadline(&holders[ALICE], &at[ALICE], "carol", PEER_DEADLINE_MS);
    HOLDS("alice frost sign release message carol -f && verify message message.sig");
}

/* The last: the shares that all other tests use are destroyed. */
static void holders_deal_the_key_anew_and_the_former_shares_end(void **state)
{
    (void)state;
    HOLDS("alice key generate -l intake -a X448 -r wrap && alice key public intake --signed -o "
          "intake-alice.pem && carol operator pin --new-pin-file pin");
    HOLDS("for h in alice bob; do carol recipient add $h --public intake-$h.pem -p pin || exit; "
          "done");
    HOLDS("alice share redeal release . bob carol -m 2 --dealers 1,3 -p pin -o alices > said");
    HOLDS("carol share redeal release alice bob . -m 2 --dealers 1,3 -p pin -o carols "
          "--session $(sed -n 's/^session  *//p' said)");
    SAYS(2, "that of dealer 1 does not fit", "bob share gather alices.2 alices.2 -l anew");
    SAYS(3, "no key other", "bob share gather alices.2 carols.2 -l anew --former other");
    HOLDS("alice share gather alices.1 carols.1 -l anew && bob share gather alices.2 carols.2 -l "
          "anew --former release && carol share gather alices.3 carols.3 -l anew");
    HOLDS("alice frost sign release message bob -f && verify message message.sig");
    SAYS(2, "quorum", "alice share prove release bob -o early && alice share retire release early");
    HOLDS("alice share prove anew bob -o proof");
    HOLDS("for h in alice bob carol; do $h share retire release proof || exit; done");
    HOLDS("carol frost sign anew message alice -f && verify message message.sig");
    SAYS(3, "", "alice frost sign release message bob -o no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_coordinates_signs_by_one_command),
        cmocka_unit_test(who_does_not_take_part_is_told_and_made_up_for),
        cmocka_unit_test(a_holder_whose_policy_does_not_allow_it_refuses),
        cmocka_unit_test(a_silent_holder_is_late_and_made_up_for),
        cmocka_unit_test(a_holder_that_answers_wrongly_is_named_and_nothing_is_written),
        cmocka_unit_test(two_names_of_one_holder_are_not_two_holders),
        cmocka_unit_test(a_session_that_is_played_again_signs_nothing),
        cmocka_unit_test(another_message_than_in_round_one_is_not_signed),
        cmocka_unit_test(a_list_without_her_own_commitment_is_not_signed_under),
        cmocka_unit_test(two_coordinators_do_not_disturb_each_other_and_one_overtakes_itself),
        cmocka_unit_test(a_holder_that_is_killed_between_the_rounds_signs_nothing),
        cmocka_unit_test(a_holder_that_falls_silent_after_round_one_is_late),
        cmocka_unit_test(holders_deal_the_key_anew_and_the_former_shares_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
