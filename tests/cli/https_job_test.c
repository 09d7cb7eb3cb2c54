/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Mesh service over real HTTPS, as its users meet it who have the command and curl: S is its
 * custodian, A an administrator's, B that of a watch and of a member of a group. What goes from one
 * to the other is a file, and each test goes on from the one before.
 */
#include "tests/front/mesh_client.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

#include <stdlib.h>

#define SKIPPED 77
#define SERVED "--service-profile service.profile --host example.com -p pin"

static struct mesh_service service;
static struct kc_custodian administrator, member;

static int start(void **state)
{
    (void)state;
    mesh_service_start(&service, "rate = 0;", "");
    kc_custodian_init(&administrator, "\"main\"");
    kc_custodian_init(&member, "\"main\"");
    kc_shell_init();
    kc_shell_define_custodian("S", service.custodian.socket);
    kc_shell_define_custodian("A", administrator.socket);
    kc_shell_define_custodian("B", member.socket);
    kc_shell_define("D() { '" KC_BUILD_DIR "/custodian' \"$@\"; }");
    kc_shell_define("POST='curl --silent --cacert %s --json @- "
                    "https://localhost:%u/.well-known/mmm'",
        service.front.certificate, (unsigned)service.front.port);
    /* carries a request, and shows the answer to it */
    kc_shell_define("sent() { $POST < \"$1\" > \"$1.answer\" && D mesh answer \"$1.answer\" "
                    "${2:+-fo \"$2\"}; }");
    /* a member of what a command printed as JSON */
    kc_shell_define("take() { sed -n \"s/.*\\\"$1\\\": \\\"\\([^\\\"]*\\)\\\".*/\\1/p\"; }");
    HOLDS("umask 077; printf 12345678 > pin");
    HOLDS("for c in A B; do $c operator pin --new-pin-file pin || exit; done");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kc_shell_done();
    kc_custodian_done(&member);
    kc_custodian_done(&administrator);
    mesh_service_done(&service);
    return 0;
}

/* --- accounts --- */

static void a_service_says_who_it_is(void **state)
{
    (void)state;
    SAYS(0, "MeshHelloResponse",
        "echo '{\"HelloRequest\":{}}' > hello && sent hello service.profile");
    HOLDS("S mesh service show example.com -o own.profile && cmp own.profile service.profile");
    SAYS(2, "answered 400", "echo '{}' > nothing; sent nothing");
    SAYS(5, "no answer of a Mesh service", "D mesh answer pin");
    SAYS(2, "nothing for --output",
        "sed 's/EnvelopedProfileService/Other/' hello.answer > less;"
        " D mesh answer less -o none");
}

static void an_account_is_made_and_bound(void **state)
{
    (void)state;
    HOLDS("A mesh account create alice@example.com -l alice " SERVED
          " -o alice.profile --request bind --json | take account_udf > alice");
    HOLDS("A mesh account repeat $(cat alice) bind -p pin -o bind2");
    SAYS(0, "bound of 1: effective", "sent bind2 assignment"); /* the first one came too late */
    SAYS(0, "bound of 1: effective", "sent bind -f");
    HOLDS("S mesh account list | grep \"$(cat alice).*active\"");
    SAYS(0, "\"answer\": \"BindResponse\"", "D mesh answer bind.answer --json");
}

/* --- a device, by its witness --- */

static void a_device_asks_for_a_connection(void **state)
{
    (void)state;
    HOLDS("B mesh device create -l watch -o watch.profile");
    HOLDS("B mesh device request watch alice@example.com -o request --json | take connection > c");
    HOLDS("D mesh account acknowledge request alice.profile -o acknowledgement --device-profile "
          "asked --json > told && take witness < told > witness");
    HOLDS("cmp asked watch.profile && grep '\"pin\": false' told");
    SAYS(0, "Compare ALL", "B mesh device check $(cat c) acknowledgement alice.profile");
    HOLDS("B mesh device check $(cat c) acknowledgement alice.profile | grep \"$(cat witness)\"");
    SAYS(2, "witness-other",
        "B mesh device check $(cat c) acknowledgement alice.profile --witness "
        "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG");
    SAYS(2, "profile-other",
        "sed 's/x/x/' service.profile > other;"
        " A mesh account create eve@example.com -l eve -o eve.profile -p pin;"
        " D mesh account acknowledge request eve.profile -o none");
    SAYS(2, "sent without a PIN", "A mesh pin check request --account alice@example.com");
}

static void it_is_connected_with_shares(void **state)
{
    (void)state;
    HOLDS("A recipient profile watch watch.profile -p pin");
    HOLDS("A mesh account activate $(cat alice) watch.profile -R watch --rights "
          "encryption=threshold,signature=threshold --connection $(cat witness) --assignment "
          "assignment " SERVED " -o respond --request transact");
    SAYS(0, "accepted of 2: effective", "sent transact");
    SAYS(2, "witness-other",
        "B mesh device activate $(cat c) respond --witness "
        "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG");
    HOLDS("B mesh device activate $(cat c) respond --witness \"$(cat witness)\" > keys");
    HOLDS("grep Account.Encrypt keys | grep share");
    HOLDS("B key show $(sed -n 's/ .*Account.Encrypt.*//p' keys) --json | take capability | "
          "grep .");
    SAYS(0, "MMM_Access 3",
        "B mesh request status alice@example.com --host example.com -o status && sent status");
}

/* --- the service's part --- */

static void a_file_is_opened_by_both_and_by_neither_alone(void **state)
{
    (void)state;
    HOLDS("echo 'for alice' > letter; D encrypt letter --to alice.profile");
    SAYS(5, "peer-unset", "B decrypt letter.dare -o opened");
    HOLDS("B decrypt letter.dare -o opened --host example.com --post \"$POST\"");
    HOLDS("cmp letter opened");
    HOLDS("B mesh request decrypt letter.dare --host example.com -o operate");
    SAYS(0, "CryptographicResultKeyAgreement", "sent operate");
    HOLDS("B decrypt letter.dare -fo opened --response operate.answer && cmp letter opened");
    HOLDS("B envelope open watch/$(cut -c1-9 alice)/Account.Encrypt letter.dare -fo opened --host "
          "example.com --post \"$POST\" && cmp letter opened");
    HOLDS("B envelope open watch/$(cut -c1-9 alice)/Account.Encrypt letter.dare -fo opened "
          "--response operate.answer && cmp letter opened");
    SAYS(2, "already handled", "sent operate");
    SAYS(2, "already handled", "B decrypt letter.dare -fo opened --response operate.answer");
}

static void what_the_service_refuses_is_said(void **state)
{
    (void)state;
    SAYS(2, "answered 401",
        "B decrypt letter.dare -fo opened --host other.example --post \"$POST\"");
    SAYS(2, "--host NAME is missing", "B decrypt letter.dare -fo opened --post \"$POST\"");
    SAYS(5, "ended with status 1",
        "B decrypt letter.dare -fo opened --host example.com --post false");
    SAYS(5, "wrote no answer", "B decrypt letter.dare -fo opened --host example.com --post true");
    SAYS(2, "bad-request", "head -c 99 operate > short; sent short");
    /* the answer to another request is no contribution to this one */
    SAYS(2, "decryption-failed",
        "echo other > o; D encrypt o --to alice.profile;"
        " B mesh request decrypt o.dare --host example.com -o operate2 && sent operate2 > none;"
        " B decrypt letter.dare -fo opened --response operate2.answer");
    SAYS(2, "is whole", "A mesh request decrypt letter.dare --host example.com -o none");
}

static void any_operation_can_be_asked_for(void **state)
{
    (void)state;
    HOLDS("echo '[{\"CryptographicOperationShare\":{\"KeyId\":\"NAAA\",\"Threshold\":2,"
          "\"Shares\":3}}]' > operations");
    HOLDS("B mesh request operate alice@example.com operations --host example.com -o operate4");
    SAYS(3, "not allowed, or no such key", "sent operate4");
    HOLDS("D mesh answer operate4.answer --json | grep RequestDigest");
    SAYS(2, "is none of the operations",
        "echo '[{\"HelloRequest\":{}}]' > operations;"
        " B mesh request operate alice@example.com operations "
        "--host example.com -o none");
    SAYS(2, "no JSON array",
        "echo '{}' > operations; B mesh request operate alice@example.com "
        "operations --host example.com -o none");
}

static void a_letter_is_signed_by_both(void **state)
{
    (void)state;
    HOLDS("A key public 'alice sign' -o sign.pem; "
          "echo watch/$(cut -c1-9 alice)/Account.Sign > share");
    HOLDS("echo '{\"MessageContact\":{\"MessageId\":\"NAAA\",\"Sender\":\"alice@example.com\"}}' "
          "> contact");
    HOLDS("B envelope sign \"$(cat share)\" contact --host example.com --post \"$POST\"");
    HOLDS("D envelope verify contact.dare sign.pem");
    HOLDS(
        "D envelope verify contact.dare alice.profile | grep \"$(D udf key sign.pem | cut -c6-)\"");
    SAYS(2, "by no key of watch.profile", "D envelope verify contact.dare watch.profile");
    SAYS(0, "signer", "D envelope verify alice.profile $(cat alice)");
    HOLDS("A envelope seal 'alice sign' contact --to alice.profile -o sealed; "
          "A envelope open 'alice encrypt' sealed -fo told --public alice.profile && cmp contact "
          "told");
    SAYS(2, "by no key of watch.profile",
        "A envelope open 'alice encrypt' sealed -fo told --public watch.profile");
    HOLDS("B envelope sign \"$(cat share)\" - -o - --host example.com --post \"$POST\" < contact |"
          " D envelope verify - sign.pem");
    SAYS(3, "message", /* the vault sees whose it is, though the service does not */
        "sed s/alice@/mallory@/ contact > forged;"
        "B envelope sign \"$(cat share)\" forged -fo none --host example.com --post \"$POST\"");
    SAYS(3, "this is none",
        "B envelope sign \"$(cat share)\" letter -fo none --host example.com --post \"$POST\"");
    SAYS(2, "is whole",
        "A envelope sign 'alice sign' contact -fo none --host example.com --post \"$POST\"");
}

static void shares_are_refreshed(void **state)
{
    (void)state;
    HOLDS("A mesh account refresh $(cat alice) -R watch -u decrypt --assignment assignment " SERVED
          " -o offset --request update && sent update");
    SAYS(5, "contribution-invalid",
        "B decrypt letter.dare -fo opened --host example.com --post \"$POST\" || "
        "{ echo contribution-invalid; exit 5; }");
    HOLDS("B mesh device refresh watch $(cat alice) offset");
    HOLDS("B decrypt letter.dare -fo opened --host example.com --post \"$POST\"");
}

/* --- a second device, by a PIN --- */

static void a_device_with_a_pin_needs_no_witness(void **state)
{
    (void)state;
    HOLDS("umask 077; A mesh pin create device --account alice@example.com --json | take uri > "
          "uri");
    HOLDS("A mesh device create -l laptop -o laptop.profile");
    HOLDS("A mesh device request laptop alice@example.com --mesh-pin-file uri -o request2 --json |"
          " take connection > c2");
    HOLDS("A mesh pin verify request2 --account alice@example.com");
    HOLDS("A mesh pin check request2 --account alice@example.com");
    SAYS(3, "pin-used", "A mesh pin check request2 --account alice@example.com");
    HOLDS("D mesh account acknowledge request2 alice.profile -o acknowledgement2 --json |"
          " take witness > witness2");
    HOLDS("A recipient profile laptop laptop.profile -p pin");
    SAYS(0, "does not know of the device",
        "A mesh account activate $(cat alice) laptop.profile -R laptop --rights "
        "encryption=direct,signature=none,MMM_Contact --connection $(cat witness2) -o respond2 "
        "-p pin");
    HOLDS("A mesh device check $(cat c2) acknowledgement2 alice.profile");
    HOLDS("A mesh device activate $(cat c2) respond2");
    SAYS(2, "no PIN in",
        "umask 077; echo > empty; A mesh device request laptop alice@example.com "
        "--mesh-pin-file empty -o none");
}

static void a_message_in_a_request_is_refused_by_a_service_that_carries_none(void **state)
{
    (void)state;
    HOLDS("A mesh account disconnect $(cat alice) -R laptop --host example.com --request gone2 -p "
          "pin");
    HOLDS("A mesh account activate $(cat alice) laptop.profile -R laptop --rights MMM_Contact "
          "--connection $(cat witness2) --messages " SERVED " -o respond3 --request transact3");
    SAYS(2, "unknown-operation", "sent transact3");
}

/* --- a device that may have keys made --- */

/* A key whose shares are the service's and the device's. */
static void ask_for_a_key(int status, const char *words)
{
    HOLDS("key=$(B key public maker/$(cut -c1-9 alice)/Encrypt --raw | tr a-f A-F | "
          "basenc -di --base16 | basenc -w0 --base64url | tr -d =); printf "
          "'[{\"CryptographicOperationGenerate\":{\"KeyId\":"
          "\"%s\",\"Algorithm\":\"X448\",\"PublicKeys\":[{\"PublicKeyECDH\":{\"crv\":"
          "\"X448\",\"Public\":\"%s\"}}]}}]' $(cat generator) $key > generate");
    HOLDS("B mesh request operate alice@example.com generate --host example.com "
          "--device maker/$(cut -c1-9 alice)/Sign -fo operate5");
    SAYS(status, words, "sent operate5");
}

static void a_device_with_the_right_has_a_key_made(void **state)
{
    (void)state;
    HOLDS("B mesh device create -l maker -o maker.profile && B mesh device request maker "
          "alice@example.com -o request5 --json | take connection > c5");
    HOLDS("D mesh account acknowledge request5 alice.profile -o acknowledgement5 --json |"
          " take witness > witness5");
    HOLDS("A recipient profile maker maker.profile -p pin");
    HOLDS("A mesh account activate $(cat alice) maker.profile -R maker --rights generate "
          "--connection $(cat witness5) " SERVED " -o respond5 --request transact5 --json |"
          " take capability > generator && grep -q . generator && sent transact5");
    /* it was delivered, or not: it is signed again, and done once */
    HOLDS("A mesh account repeat $(cat alice) transact5 -R maker -p pin -o transact6");
    SAYS(0, "accepted of 1", "sent transact6");
    HOLDS("[ $(S mesh capability list | grep -c \"$(cat generator)\") = 1 ]");
    HOLDS("B mesh device check $(cat c5) acknowledgement5 alice.profile;"
          " B mesh device activate $(cat c5) respond5 --witness \"$(cat witness5)\"");
    ask_for_a_key(0, "CryptographicResultGenerate");
    HOLDS("D mesh answer operate5.answer --json | grep EncryptedShares");
    /* the right is one device's: another of the account is told what it is told of no such right */
    HOLDS("B mesh request operate alice@example.com generate --host example.com --device "
          "watch/$(cut -c1-9 alice)/Sign -o operate6");
    SAYS(3, "not allowed, or no such key", "sent operate6");
}

static void the_right_to_have_keys_made_is_taken_away_again(void **state)
{
    (void)state;
    HOLDS("S mesh capability list | grep \"$(cat generator)\"");
    HOLDS("A mesh account disconnect $(cat alice) -R maker --host example.com --request gone5 "
          "-p pin");
    HOLDS("A mesh account repeat $(cat alice) gone5 -R maker -p pin -o gone6");
    SAYS(0, "revoked of", "sent gone6"); /* the first one never came */
    SAYS(2, "epoch-old",
        "A mesh account repeat $(cat alice) transact5 -R maker -p pin -o transact7");
    SAYS(2, "answered 401",
        "B mesh request operate alice@example.com generate --host example.com --device "
        "maker/$(cut -c1-9 alice)/Sign -fo operate5 && sent operate5");
    HOLDS("S mesh capability list | grep \"$(cat generator)\" | grep -v active");
    HOLDS("B mesh device leave maker $(cat alice) --yes");
}

/* --- a group --- */

static void a_member_of_a_group_opens_its_letters(void **state)
{
    (void)state;
    HOLDS("B mesh account create bob@example.com -l bob " SERVED
          " -o bob.profile --request bind-bob --json | take account_udf > bob && sent bind-bob");
    HOLDS("B mesh device request watch bob@example.com --expect $(cat bob) -o request4 --json |"
          " take connection > c4");
    HOLDS("D mesh account acknowledge request4 bob.profile -o acknowledgement4 --json |"
          " take witness > witness4");
    HOLDS("B recipient profile watch watch.profile -p pin; B mesh account activate $(cat bob) "
          "watch.profile -R watch --rights encryption=none,signature=none --connection $(cat "
          "witness4) " SERVED " -o respond4 --request transact4 && sent transact4");
    HOLDS("B mesh device check $(cat c4) acknowledgement4 bob.profile");
    SAYS(2, "confirm", "B mesh device activate $(cat c4) respond4");
    HOLDS("B mesh device activate $(cat c4) respond4 --second");
    HOLDS("A mesh group create team@example.com -l team " SERVED
          " -o team.profile --request bind-team --json | take account_udf > team;"
          " sent bind-team assignment-team");
    HOLDS("A recipient profile bob bob.profile -p pin; A mesh group add $(cat team) bob.profile -R "
          "bob --assignment assignment-team " SERVED " -o invitation --request add && sent add");
    HOLDS("B mesh group join $(cat team) invitation -K 'bob encrypt' -l team --profile "
          "team.profile");
    HOLDS("echo 'for the team' > news; D encrypt news --to team.profile;"
          " echo watch/$(cut -c1-9 bob)/Sign > own");
    SAYS(2, "--device", "B decrypt news.dare -o read --host example.com --post \"$POST\"");
    HOLDS("B decrypt news.dare -o read --device \"$(cat own)\" --host example.com --post "
          "\"$POST\" && cmp news read");
}

static void who_was_removed_opens_nothing_and_who_is_added_again_does(void **state)
{
    (void)state;
    HOLDS("A mesh group remove $(cat team) -R bob --host example.com --request remove -p pin && "
          "sent remove");
    SAYS(2, "answered 401",
        "B decrypt news.dare -fo read --device \"$(cat own)\" --host "
        "example.com --post \"$POST\"");
    HOLDS("A mesh group rotate $(cat team) --host example.com -o team2.profile --request rotate -p "
          "pin && sent rotate assignment-team2");
    HOLDS("A mesh group add $(cat team) bob.profile -R bob --assignment assignment-team2 " SERVED
          " -fo invitation --request add2 && sent add2");
    HOLDS("B mesh group join $(cat team) invitation -K 'bob encrypt' -l team2");
    HOLDS("D encrypt news --to team2.profile -fo news2.dare; B decrypt news2.dare -fo read "
          "--device \"$(cat own)\" --host example.com --post \"$POST\" && cmp news read");
}

/* --- the end --- */

static void what_is_revoked_is_refused_from_then_on(void **state)
{
    (void)state;
    HOLDS("B key show watch/$(cut -c1-9 alice)/Account.Encrypt --json | take capability > "
          "capability");
    SAYS(2, "--yes", "S mesh capability revoke $(cat alice) $(cat capability)");
    HOLDS("S mesh capability revoke $(cat alice) $(cat capability) --yes");
    SAYS(3, "not allowed, or no such key",
        "B decrypt letter.dare -fo opened --host example.com --post \"$POST\"");
    HOLDS("B mesh request decrypt letter.dare --host example.com -fo operate3");
    SAYS(3, "(refused)", "S mesh operate operate3 --host example.com");
    HOLDS("A mesh account disconnect $(cat alice) -R watch --host example.com --request gone -p "
          "pin");
    SAYS(0, "revoked of", "sent gone");
    SAYS(2, "answered 401", "B decrypt letter.dare -fo opened --host example.com --post \"$POST\"");
    HOLDS("B mesh device leave watch $(cat alice) --yes");
}

static void an_account_is_unbound(void **state)
{
    (void)state;
    SAYS(2, "--host", "A mesh account unbind $(cat alice) --request unbind -p pin");
    HOLDS("A mesh account unbind $(cat alice) --host example.com --request unbind -p pin");
    SAYS(0, "unbound", "sent unbind");
    HOLDS("S mesh account list | grep $(cat alice) | grep -v active");
}

static void the_operator_of_a_service_brings_requests_by_hand(void **state)
{
    (void)state;
    HOLDS("A mesh account create carol@example.com -l carol " SERVED
          " -o carol.profile --request bind-carol --json | take account_udf > carol");
    SAYS(2, "none of bind", "S mesh service take do bind-carol --host example.com");
    SAYS(0, "bound of 1", "S mesh service take bind bind-carol --host example.com -o assigned");
    HOLDS("grep -q signatures assigned");
    HOLDS("A mesh account unbind $(cat carol) --host example.com --request unbind-carol -p pin");
    SAYS(0, "unbound", "S mesh service take unbind unbind-carol --host example.com");
    HOLDS("echo '{\"HelloResponse\":{\"Status\":201}}' > payload; S mesh service sign example.com "
          "payload -o signed && D mesh answer signed");
    SAYS(3, "refused",
        "echo '{\"OperateResponse\":{\"Status\":201}}' > payload;"
        " S mesh service sign example.com payload -o none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_says_who_it_is),
        cmocka_unit_test(an_account_is_made_and_bound),
        cmocka_unit_test(a_device_asks_for_a_connection),
        cmocka_unit_test(it_is_connected_with_shares),
        cmocka_unit_test(a_file_is_opened_by_both_and_by_neither_alone),
        cmocka_unit_test(what_the_service_refuses_is_said),
        cmocka_unit_test(any_operation_can_be_asked_for),
        cmocka_unit_test(a_letter_is_signed_by_both),
        cmocka_unit_test(shares_are_refreshed),
        cmocka_unit_test(a_device_with_a_pin_needs_no_witness),
        cmocka_unit_test(a_message_in_a_request_is_refused_by_a_service_that_carries_none),
        cmocka_unit_test(a_device_with_the_right_has_a_key_made),
        cmocka_unit_test(the_right_to_have_keys_made_is_taken_away_again),
        cmocka_unit_test(a_member_of_a_group_opens_its_letters),
        cmocka_unit_test(who_was_removed_opens_nothing_and_who_is_added_again_does),
        cmocka_unit_test(what_is_revoked_is_refused_from_then_on),
        cmocka_unit_test(an_account_is_unbound),
        cmocka_unit_test(the_operator_of_a_service_brings_requests_by_hand),
    };
    if (system("command -v curl >/dev/null") != 0) /* NOLINT(cert-env33-c): a fixed command */
        return SKIPPED;
    return cmocka_run_group_tests(tests, start, stop);
}
