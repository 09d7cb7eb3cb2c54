/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key that is dealt to three custodians, each a daemon with a software TPM: any two sign, and
 * OpenSSL's command verifies what they made. Nobody alone does.
 */
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

static struct kc_custodian first, second, third;

/* In lines of shell, A, B and C are the command for each. A deals the key, and keeps a share. */
static int start(void **state)
{
    (void)state;
    kc_custodian_init(&first, "\"first\"");
    kc_custodian_init(&second, "\"second\"");
    kc_custodian_init(&third, "\"third\"");
    kc_shell_init();
    kc_shell_define_custodian("A", first.socket);
    kc_shell_define_custodian("B", second.socket);
    kc_shell_define_custodian("C", third.socket);
    kc_shell_define("session_of() { sed -n 's/^session *//p' \"$1\"; }");
    HOLDS("echo 'The message.' > message; umask 077; printf 12345678 > pin");
    HOLDS("A operator pin --new-pin-file pin");
    HOLDS("for h in B C; do $h key generate -l intake -a X448 -r wrap &&"
          " $h key public intake --signed -o intake-$h.pem &&"
          " A recipient add $h --public intake-$h.pem -p pin || exit; done");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kc_shell_done();
    kc_custodian_done(&first);
    kc_custodian_done(&second);
    kc_custodian_done(&third);
    return 0;
}

static void two_of_three_custodians_sign_what_openssl_verifies(void **state)
{
    (void)state;
    HOLDS("A key generate -l release -a Ed25519 && A key public release -o release.pem");
    SAYS(0, "threshold", "A share deal release B C --threshold 2 --keep -p pin -o share");
    HOLDS("B share accept share.2 -l release && C share accept share.3 -l release");
    SAYS(0, "quorum", "B share show release --json");
    HOLDS("B frost commit release -o commit.B > said.B && C frost commit release -o commit.C > "
          "said.C");
    HOLDS("cat commit.C commit.B > list"); /* in whatever order */
    HOLDS("B frost contribute release message list --session $(session_of said.B) -o part.B");
    HOLDS("C frost contribute release message list --session $(session_of said.C) -o part.C");
    HOLDS("A frost aggregate release message list part.C part.B");
    HOLDS("openssl pkeyutl -verify -pubin -inkey release.pem -rawin -in message -sigfile "
          "message.sig");
}

static void a_session_is_used_once_and_can_be_given_up(void **state)
{
    (void)state;
    SAYS(4, "session-unknown",
        "B frost contribute release message list --session $(session_of said.B) -o again");
    HOLDS("B frost commit release -f -o commit.B > said.B && C frost commit release -f -o commit.C "
          "> said.C");
    HOLDS("cat commit.B commit.C > list && C frost abort release --session $(session_of said.C)");
    SAYS(4, "session-unknown",
        "C frost contribute release message list --session $(session_of said.C) -o again");
}

static void a_part_that_cannot_be_written_costs_no_session(void **state)
{
    (void)state;
    HOLDS("B frost commit release -f -o commit.B > said.B && C frost commit release -f -o commit.C "
          "> said.C && cat commit.B commit.C > list && : > there");
    SAYS(2, "there exists",
        "B frost contribute release message list --session $(session_of said.B) -o there");
    SAYS(0, "\"size\": 36",
        "B frost contribute release message list --session $(session_of said.B) -o there -f "
        "--json");
    HOLDS("test $(stat -c %s there) = 36");
}

static void a_key_is_dealt_only_if_each_envelope_can_be_written(void **state)
{
    (void)state;
    HOLDS("A key generate -l later -a Ed25519 && : > later.2");
    SAYS(2, "a file of its own", "A share deal later B C --threshold 2 -p pin -o -");
    SAYS(2, "later.2 exists", "A share deal later B C --threshold 2 -p pin -o later");
    SAYS(2, "No such file", "A share deal later B C --threshold 2 -p pin -o none/later");
    HOLDS("A key sign later message -o whole.sig && test ! -e later.1");
    HOLDS("A share deal later B C --threshold 2 -p pin -o later --force && test -s later.2");
}

static void a_dealt_key_is_not_signed_with_like_a_split_one(void **state)
{
    (void)state;
    SAYS(3, "its holders sign with custodian frost", "A key sign release message -o no.sig");
    SAYS(2, "its holders sign with custodian frost",
        "A sign release message --service ${TMPDIR:-/tmp}/none -o no.sig");
}

static void on_p256_holders_make_no_ecdsa_signature_and_verify_says_so(void **state)
{
    (void)state;
    HOLDS("A key generate -l nist -a P-256 && A key public nist -o nist.pem");
    HOLDS(
        "A share deal nist B C --threshold 2 -p pin -o nist && B share accept nist.1 -l nist && C "
        "share accept nist.2 -l nist");
    HOLDS("for h in B C; do $h frost commit nist -o nist-$h > nist.$h || exit; done");
    HOLDS("cat nist-B nist-C > nist.list; for h in B C; do $h frost contribute nist message "
          "nist.list --session $(session_of nist.$h) -o nist-part-$h || exit; done");
    HOLDS("B frost aggregate nist message nist.list nist-part-B nist-part-C -o nist.sig");
    SAYS(2, "Schnorr's, not ECDSA's", "A verify nist.pem message nist.sig --hash SHA-256");
}

static void a_wrong_part_is_told_by_its_holder(void **state)
{
    (void)state;
    HOLDS("A frost commit release -f -o commit.A > said.A && C frost commit release -f -o commit.C "
          "> said.C");
    HOLDS("cat commit.A commit.C > list");
    HOLDS("A frost contribute release message list --session $(session_of said.A) -f -o part.A");
    HOLDS("echo other > other; C frost contribute release other list --session $(session_of "
          "said.C) -f -o part.C");
    SAYS(5, "of holder 3", "B frost aggregate release message list part.A part.C -o bad.sig");
    SAYS(2, "as many parts",
        "B frost aggregate release message list part.A part.A part.C -o bad.sig");
    SAYS(2, "a second part of the same holder",
        "B frost aggregate release message list part.A part.A -o bad.sig");
    HOLDS("test ! -e bad.sig");
}

static void the_help_has_the_schemes_that_holders_sign_by(void **state)
{
    (void)state;
    HOLDS("A frost contribute --help | grep 'plain, ctx or envelope'");
    SAYS(2, "not pss", "A frost commit release -o none --scheme pss");
    HOLDS("A share deal --help | grep 'of an escrow one'");
}

static void one_custodian_alone_cannot_sign(void **state)
{
    (void)state;
    HOLDS("B frost commit release -f -o commit.B > said.B");
    SAYS(2, "commitments",
        "B frost contribute release message commit.B --session $(session_of said.B) -o alone");
    SAYS(3, "", "B key sign release message -o alone.sig");
    HOLDS("test ! -e alone && test ! -e alone.sig");
}

static void the_envelopes_are_written_again(void **state)
{
    (void)state;
    HOLDS(
        "A share dealt $(B share show release | sed -n 's/^group  *\\([^ ]*\\)$/\\1/p') -o again");
    HOLDS("cmp share.2 again.2 && cmp share.3 again.3");
    SAYS(4, "exists", "B share accept again.2 -l twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_of_three_custodians_sign_what_openssl_verifies),
        cmocka_unit_test(a_session_is_used_once_and_can_be_given_up),
        cmocka_unit_test(a_part_that_cannot_be_written_costs_no_session),
        cmocka_unit_test(a_key_is_dealt_only_if_each_envelope_can_be_written),
        cmocka_unit_test(a_dealt_key_is_not_signed_with_like_a_split_one),
        cmocka_unit_test(on_p256_holders_make_no_ecdsa_signature_and_verify_says_so),
        cmocka_unit_test(a_wrong_part_is_told_by_its_holder),
        cmocka_unit_test(the_help_has_the_schemes_that_holders_sign_by),
        cmocka_unit_test(one_custodian_alone_cannot_sign),
        cmocka_unit_test(the_envelopes_are_written_again),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
