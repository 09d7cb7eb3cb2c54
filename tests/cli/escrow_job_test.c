/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that is lost: what was escrowed on it is recovered on another, each a real daemon with a
 * software TPM of its own; and envelopes, sequences, PINs and publications, as a person makes them.
 */
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

#include "proto/socket/client.h"

#include <stdio.h>
#include <string.h>

static struct kc_custodian lost, other;

/* A device of the Mesh, for its seed; the command for it is tested where devices are. */
static void make_device(const struct kc_custodian *custodian, char id[65])
{
    struct kc_client *client;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    assert_int_equal(kc_client_new(custodian->socket, &client), KC_OK);
    kc_client_request_init(&request, KC_OPERATION_MESH_DEVICE_CREATE);
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "home");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, "device");
    assert_int_equal(kc_client_call(client, &request, 20000, &answer), KC_OK);
    struct kc_span span = kc_client_answer_message(answer)->values.value[KC_FIELD_DEVICE].span;
    snprintf(id, 65, "%.*s", (int)span.size, (const char *)span.bytes);
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    kc_client_free(client);
}

static int start(void **state)
{
    char device[65];
    (void)state;
    kc_custodian_init(&lost, "\"home\"");
    kc_custodian_init(&other, "\"home\"");
    kc_shell_init();
    kc_shell_define_custodian("L", lost.socket);
    kc_shell_define_custodian("O", other.socket);
    HOLDS("umask 077; printf 12345678 > pin;"
          " L operator pin --new-pin-file pin && O operator pin --new-pin-file pin");
    make_device(&lost, device);
    kc_shell_define("DEVICE=%s", device);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kc_shell_done();
    kc_custodian_done(&lost);
    kc_custodian_done(&other);
    return 0;
}

static void a_lost_machine_s_seed_is_recovered_on_another(void **state)
{
    (void)state;
    HOLDS("umask 077; L mesh escrow create $DEVICE -n 5 -m 3 -o record -p pin > said &&"
          " grep ' : ' said > shares && test $(wc -l < shares) = 5");
    HOLDS("umask 077; sed -n '1p;3p;5p' shares > three; sed -n '1p;3p' shares > two;"
          " L mesh escrow verify --shares-file three");
    SAYS(2, "shares-few", "L mesh escrow verify --shares-file two");
    kc_custodian_stop(&lost);
    SAYS(
        2, "shares-few", "O mesh escrow recover $DEVICE record -l device -p pin --shares-file two");
    SAYS(2, "recovery-profile",
        "O mesh escrow recover MDDK-7N6A-727A-JZNO-STRX-XKS7-DJAF record -l device -p pin"
        " --shares-file three");
    SAYS(3, "operator-proof",
        "umask 077; printf 87654321 > wrong;"
        " O mesh escrow recover $DEVICE record -l device -p wrong --shares-file three");
    SAYS(0, "key  M", "O mesh escrow recover $DEVICE record -l device -p pin --shares-file three");
    SAYS(4, "exists", "O mesh escrow recover $DEVICE record -l device -p pin --shares-file three");
    HOLDS("O mesh escrow create $DEVICE -n 2 -m 2 -o again -p pin > again.said &&"
          " grep -q ' : ' again.said");
    SAYS(4, "escrow-unverified",
        "O mesh escrow retire $(sed -n 's/^escrow  *//p' again.said) -p pin");
    kc_custodian_start(&lost);
}

static void shares_come_from_descriptors_too_and_from_no_file_of_others(void **state)
{
    (void)state;
    HOLDS("L mesh escrow verify --shares-file /dev/fd/3 3< three");
    HOLDS("cat three | L mesh escrow verify --shares-file -");
    SAYS(2, "others may use", "chmod 644 three; L mesh escrow verify --shares-file three");
    SAYS(2, "threshold", "L mesh escrow create $DEVICE -n 3 -m 1 -o single -p pin");
    HOLDS("L mesh escrow create $DEVICE -n 3 -m 1 -o single -p pin --yes > single.said");
    HOLDS("L mesh escrow create $DEVICE -n 2 -m 2 -o coded -p pin --json > coded.json &&"
          " python3 -c \"import json; j = json.load(open('coded.json')); assert j['count'] == 2 and"
          " [s['index'] for s in j['shares']] == [1, 2]\" && grep -c '\"share\"' coded.json"
          " | grep -qx 2");
}

/* The account's seed comes back from its shares, and with it what was escrowed to its escrow key. */
static void a_store_s_key_is_escrowed_and_taken_back_on_another_machine(void **state)
{
    (void)state;
    HOLDS("umask 077; L mesh account create alice@example.com -l alice -o alice -p pin --json > "
          "made &&"
          " sed -n 's/.*\"account_udf\": *\"\\([^\"]*\\)\".*/\\1/p' made > alice.udf &&"
          " test -s alice.udf");
    HOLDS("L key derive $(cat alice.udf) CompleteAccountEncryptMMM_Contact -l contacts &&"
          " L key public contacts -o contacts.pem && echo 'A contact.' > contact &&"
          " L key generate -l author -a Ed448 && L envelope seal author contact --to contacts.pem");
    SAYS(2, "CompleteAccountEscrow is not what is needed here",
        "L key derive $(cat alice.udf) CompleteAccountEscrow -l escrow");
    HOLDS("L mesh escrow seal $(cat alice.udf) contacts -o contacts.escrow -p pin");
    SAYS(3, "escrow-key", "L mesh escrow seal $(cat alice.udf) 'alice sign' -o other -p pin");
    SAYS(3, "escrow-key",
        "L mesh escrow seal $(cat alice.udf) 'alice authenticate' -o other -p pin; code=$?;"
        " test ! -e other && exit $code");
    SAYS(3, "operator-proof",
        "L mesh escrow seal $(cat alice.udf) contacts -o other -p wrong; code=$?;"
        " sleep 2; exit $code");
    HOLDS("umask 077; L mesh escrow create $(cat alice.udf) -n 2 -m 2 -o alice.record -p pin"
          " > alice.said && grep ' : ' alice.said > alice.shares");
    SAYS(3, "refused", "O mesh escrow open $(cat alice.udf) contacts.escrow -l contacts -p pin");
    SAYS(2, "--account",
        "O mesh escrow recover $(cat alice.udf) alice.record -l alice -p pin --profile alice"
        " --account bob@example.com --shares-file alice.shares");
    HOLDS("O mesh escrow recover $(cat alice.udf) alice.record -l alice -p pin --profile alice"
          " --shares-file alice.shares && O mesh account profile $(cat alice.udf) --json |"
          " grep '\"account\": \"alice@example.com\"'");
    SAYS(3, "forged", /* what it signs is its own */
        "echo '{\"MessageContact\":{\"Sender\":\"mallory@example.com\"}}' > forged;"
        " O envelope sign 'alice sign' forged -o none");
    HOLDS("O mesh escrow open $(cat alice.udf) contacts.escrow -l contacts -p pin &&"
          " O envelope open contacts contact.dare -o contact.opened &&"
          " cmp contact contact.opened");
    SAYS(4, "exists", "O mesh escrow open $(cat alice.udf) contacts.escrow -l again -p pin");
}

static void a_share_is_shown_as_a_qr_code(void **state)
{
    (void)state;
    SAYS(0, "\xe2\x96\x88", "L mesh escrow create $DEVICE -n 2 -m 2 -o qr -p pin --qr");
}

static void envelopes_are_made_and_opened(void **state)
{
    (void)state;
    HOLDS("L key generate -l signs -a Ed448 && L key generate -l opens -a X448 &&"
          " L key public signs -o signs.pem && echo 'The message.' > message");
    HOLDS("L key public opens -o opens.pem && L envelope seal signs message --to opens.pem &&"
          " L envelope open opens message.dare -o opened && rm message.dare opened");
    HOLDS("L envelope seal signs message --to opens && L envelope show message.dare &&"
          " L envelope verify message.dare signs.pem");
    HOLDS("L envelope open opens message.dare --public signs.pem -o opened && cmp opened message");
    SAYS(0, "nobody is known to have signed it", "L envelope open opens message.dare -fo opened");
    SAYS(2, "message exists; --force replaces it", "L envelope open opens message.dare");
    SAYS(2, "signature-invalid",
        "L key generate -l other -a Ed448;"
        " L envelope open opens message.dare --public other -fo opened");
    HOLDS(
        "L envelope sign signs message -fo signed.dare && L envelope verify signed.dare signs.pem");
    SAYS(3, "refused", "echo '{\"ProfileUser\":{}}' > profile; L envelope sign signs profile");
}

static void sequences_are_made_of_envelopes(void **state)
{
    (void)state;
    HOLDS("L sequence create log && L sequence append log message.dare signed.dare &&"
          " L sequence verify log && L sequence show log 2 -o shown.dare &&"
          " L envelope verify shown.dare signs.pem");
    SAYS(2, "--type is", "L sequence create other --type Heap");
    HOLDS("L sequence create chain --type Chain && L sequence append chain message.dare");
    SAYS(2, "log has no frame 9", "L sequence show log 9");
}

static void a_pin_and_a_publication_are_shown_once(void **state)
{
    (void)state;
    SAYS(0, "mcu://alice@example.com/A", "L mesh pin create device --account alice@example.com");
    SAYS(2, "message is not what is needed here",
        "L mesh pin check message --account alice@example.com");
    HOLDS("L mesh pin create contact --account alice@example.com --json > pin.json &&"
          " id=$(sed -n 's/.*\"pin\": *\"\\([^\"]*\\)\".*/\\1/p' pin.json) &&"
          " L mesh pin close $id");
    HOLDS("umask 077; L mesh earl create message --account alice@example.com -o publication --json"
          " > earl.json && sed -n 's/.*\"uri\": *\"\\([^\"]*\\)\".*/\\1/p' earl.json > uri &&"
          " O mesh earl open uri publication -o published && cmp published message");
    HOLDS("O mesh earl publish publication --account alice@example.com | grep '^publication '");
    SAYS(2, "envelope-invalid", "echo '[' > claim; O mesh earl check claim");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_machine_s_seed_is_recovered_on_another),
        cmocka_unit_test(shares_come_from_descriptors_too_and_from_no_file_of_others),
        cmocka_unit_test(a_store_s_key_is_escrowed_and_taken_back_on_another_machine),
        cmocka_unit_test(a_share_is_shown_as_a_qr_code),
        cmocka_unit_test(envelopes_are_made_and_opened),
        cmocka_unit_test(sequences_are_made_of_envelopes),
        cmocka_unit_test(a_pin_and_a_publication_are_shown_once),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
