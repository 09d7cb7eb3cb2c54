/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands about keys that libcrypto works with, objects and logins, against a real daemon. What
 * is made here is checked with OpenSSL's command, and made with it.
 */
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kc_custodian custodian;

static int start(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"device\"");
    kc_shell_init();
    kc_shell_define_custodian("C", custodian.socket);
    HOLDS("echo 'The message.' > message; umask 077; printf 12345678 > pin; printf 'so pin' > so;"
          " printf 1234 > user; printf 4321 > wrong");
    HOLDS("C operator pin --new-pin-file pin");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kc_shell_done();
    kc_custodian_done(&custodian);
    return 0;
}

static void openssl_verifies_ecdsa(void **state)
{
    (void)state;
    HOLDS(
        "for a in P-256 P-384; do C key generate -l ec-$a -a $a && C key public ec-$a -fo ec.pem &&"
        " C key sign ec-$a message -H SHA-256 -fo ec.sig &&"
        " openssl dgst -sha256 -verify ec.pem -signature ec.sig message &&"
        " C verify ec.pem message ec.sig -H SHA-256 && C verify ec-$a message ec.sig -H SHA-256"
        " || exit; done");
    HOLDS("openssl dgst -sha256 -binary message > digest &&"
          " C key sign ec-P-384 digest --hashed -fo ec.sig &&"
          " openssl dgst -sha256 -verify ec.pem -signature ec.sig message");
    SAYS(2, "signature-invalid", "C verify ec-P-256 message ec.sig -H SHA-256");
    SAYS(2, "hash", "C key sign ec-P-256 message -fo ec.sig");
}

static void openssl_verifies_rsa(void **state)
{
    (void)state;
    HOLDS("C key generate -l rsa -a RSA-2048 && C key public rsa -o rsa.pem");
    HOLDS("C key sign rsa message --scheme pkcs1 -H SHA-256 -fo rsa.sig &&"
          " openssl dgst -sha256 -verify rsa.pem -signature rsa.sig message &&"
          " C verify rsa message rsa.sig --scheme pkcs1 -H SHA-256");
    HOLDS("C key sign rsa message --scheme pss -H SHA-256 --salt-size 20 -fo rsa.sig &&"
          " openssl dgst -sha256 -verify rsa.pem -signature rsa.sig -sigopt rsa_padding_mode:pss"
          " -sigopt rsa_pss_saltlen:20 message &&"
          " C verify rsa message rsa.sig --scheme pss -H SHA-256 --salt-size 20");
    SAYS(2, "scheme", "C key sign rsa message -fo rsa.sig");
}

static void decrypts_what_openssl_encrypted(void **state)
{
    (void)state;
    HOLDS("C key generate -l opens -a RSA-2048 -u decrypt && C key public opens -o opens.pem");
    HOLDS("openssl pkeyutl -encrypt -pubin -inkey opens.pem -in message -out oaep"
          " -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 &&"
          " C key decrypt opens oaep --scheme oaep -H SHA-256 -o opened && cmp opened message");
    HOLDS("openssl pkeyutl -encrypt -pubin -inkey opens.pem -in message -out pkcs1 &&"
          " C key decrypt opens pkcs1 --scheme pkcs1 -fo opened && cmp opened message");
    SAYS(2, "decryption-failed", "C key decrypt opens pkcs1 --scheme oaep -H SHA-256 -fo opened");
}

static void agrees_as_openssl_does(void **state)
{
    (void)state;
    HOLDS("C key generate -l meets -a P-256 --use agree && C key public meets -o meets.pem");
    HOLDS("openssl ecparam -name prime256v1 -genkey -noout -out peer.key &&"
          " openssl pkey -in peer.key -pubout -out peer.pem &&"
          " C key agree meets peer.pem -o ours &&"
          " openssl pkeyutl -derive -inkey peer.key -peerkey meets.pem -out theirs && cmp ours "
          "theirs");
    SAYS(3, "refused", "C key agree ec-P-256 peer.pem -fo ours");
}

static void a_key_is_renamed_and_expires(void **state)
{
    (void)state;
    HOLDS("C key generate -l old -a P-256 --expiry 2100-01-01 --identifier 0102 &&"
          " C key update old -l new --expiry 2000-01-01");
    SAYS(3, "refused", "C key sign new message -H SHA-256 -fo x.sig");
    HOLDS("C key update new --expiry 0 && C key sign new message -H SHA-256 -fo x.sig");
    HOLDS("C --json key show new | grep -q '\"identifier\": \"0102\"'");
}

static void keeps_certificates_and_lists_them_with_keys(void **state)
{
    (void)state;
    HOLDS("openssl req -x509 -newkey ed25519 -nodes -keyout c.key -subj /CN=x -outform DER -out "
          "c.der");
    HOLDS("C --json object import c.der --kind certificate -l web --identifier 07 |"
          " sed -n 's/.*\"object\": \"\\([^\"]*\\)\".*/\\1/p' > id && test -s id");
    HOLDS("C object list | grep certificate && C object list --kind certificate -l web");
    HOLDS("C object show $(cat id) -o again.der && cmp c.der again.der");
    HOLDS("C object remove $(cat id) && ! C object list | grep certificate");
    SAYS(3, "refused", "C object show $(cat id)");
    HOLDS("head -c 16384 /dev/urandom > most && C object import most --kind data");
    SAYS(2, "too-large", "head -c 16385 /dev/urandom > more; C object import more --kind data");
}

static void pins_are_set_tried_and_changed(void **state)
{
    (void)state;
    HOLDS("C keyring pin so -p pin --new-pin-file so");
    HOLDS("C keyring pin user -L so --login-pin-file so --new-pin-file user");
    HOLDS("C keyring login user -p user");
    SAYS(3, "pin-wrong", "C keyring login user -p wrong");
    HOLDS("C keyring show | grep failed");
    HOLDS("C keyring change user -p user --new-pin-file wrong && C keyring login user -p wrong &&"
          " C keyring change user -p wrong --new-pin-file user");
    SAYS(3, "pin-unset", "C keyring login alice -p user");
}

static void a_confirmed_key_wants_its_login_each_time(void **state)
{
    (void)state;
    HOLDS("C key generate -l careful -a P-256 --confirm");
    SAYS(3, "confirmation-needed", "C key sign careful message -H SHA-256 -fo x.sig");
    HOLDS("C key sign careful message -H SHA-256 -fo x.sig -L user --login-pin-file user");
    SAYS(3, "confirmation-needed", "C key sign careful message -H SHA-256 -fo x.sig");
}

/* The vault is held by primes, and others are served. */
static void nobody_waits_for_an_rsa_key(void **state)
{
    (void)state;
    HOLDS("for i in 1 2 3; do C key generate -l large-$i -a RSA-4096 --timeout 300 & done;"
          " while C ping >/dev/null && ! C key list | grep -q large; do"
          " C key sign ec-P-256 message -H SHA-256 -fo y.sig || exit; done; wait");
    HOLDS("test $(C key list | grep -c large) = 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_verifies_ecdsa),
        cmocka_unit_test(openssl_verifies_rsa),
        cmocka_unit_test(decrypts_what_openssl_encrypted),
        cmocka_unit_test(agrees_as_openssl_does),
        cmocka_unit_test(a_key_is_renamed_and_expires),
        cmocka_unit_test(keeps_certificates_and_lists_them_with_keys),
        cmocka_unit_test(pins_are_set_tried_and_changed),
        cmocka_unit_test(a_confirmed_key_wants_its_login_each_time),
        cmocka_unit_test(nobody_waits_for_an_rsa_key),
    };
    return cmocka_run_group_tests_name("command and keys", tests, start, stop);
}
