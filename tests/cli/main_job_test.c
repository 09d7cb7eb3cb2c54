/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command against real daemons: a device and a service, each with a software TPM. What is made
 * here is checked with OpenSSL's command.
 */
#include "custodian/cli/public.h"
#include "custodian/cli/write.h"
#include "proto/dare_envelope.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct kc_custodian device, service;

/* In lines of shell, D and S are the command for the device and for the service. */

/* Both start, the device enrols the service, and two keys are split between them. */
static int start(void **state)
{
    (void)state;
    kc_custodian_init(&device, "\"device\"");
    kc_custodian_init(&service, "\"service\"");
    kc_shell_init();
    kc_shell_define_custodian("D", device.socket);
    kc_shell_define_custodian("S", service.socket);
    kc_shell_define("head_of() { D status | sed -n 's/^head *//p'; }");
    kc_shell_define("SERVICE='%s' OWN='%s'", service.socket, device.socket);
    HOLDS("echo 'The message.' > message; umask 077; printf 12345678 > pin");
    HOLDS("D operator pin --new-pin-file pin");
    HOLDS("S key generate -l intake -a X448 -r wrap");
    HOLDS("S key public intake --signed -o intake.pem");
    HOLDS("D recipient add service --public intake.pem -p pin");
    HOLDS("for a in X448 X25519; do D key generate -l account-$a -a $a -r account &&"
          " D key public account-$a -o account-$a.pem &&"
          " D share split account-$a -R service -p pin -f -o share && S share accept share -l "
          "share-$a"
          " || exit; done");
    HOLDS("for a in Ed448 Ed25519; do D key generate -l release-$a -a $a &&"
          " D key public release-$a -o release-$a.pem &&"
          " D share split release-$a -R service -p pin -f -o share && S share accept share -l "
          "share-$a"
          " || exit; done");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kc_shell_done();
    kc_custodian_done(&device);
    kc_custodian_done(&service);
    return 0;
}

static void signs_with_a_whole_key_and_openssl_verifies(void **state)
{
    (void)state;
    HOLDS(
        "for a in Ed448 Ed25519; do D key generate -l whole-$a -a $a && D key public whole-$a -fo "
        "whole.pem && D key sign whole-$a message -fo whole.sig &&"
        " openssl pkeyutl -verify -rawin -pubin -inkey whole.pem -in message -sigfile whole.sig &&"
        " D verify whole.pem message whole.sig && D verify whole-$a message whole.sig"
        " || exit; done");
    SAYS(2, "signature-invalid", "D verify release-Ed448.pem message whole.sig");
}

static void signs_with_a_context_that_the_verifier_needs(void **state)
{
    (void)state;
    HOLDS("D key generate -l context -a Ed25519");
    HOLDS("D key sign context - --scheme ctx --context 6d657368 -o ctx.sig < message");
    HOLDS("D verify context message ctx.sig --scheme ctx --context 6d657368");
    SAYS(2, "signature-invalid", "D verify context message ctx.sig");
    SAYS(2, "bad-argument", "D verify context message ctx.sig --context 6d6");
}

static void signs_with_a_split_key_only_together(void **state)
{
    (void)state;
    HOLDS("for a in Ed448 Ed25519; do D sign release-$a message -s $SERVICE -fo together.sig &&"
          " openssl pkeyutl -verify -rawin -pubin -inkey release-$a.pem -in message -sigfile "
          "together.sig || exit; done");
    SAYS(5, "is split", "D key sign release-Ed448 message -o alone.sig");
    SAYS(3, "is split", "S key sign share-Ed448 message -o alone.sig");
    SAYS(2, "the service's share", "S sign share-Ed448 message -s $SERVICE -o alone.sig");
    SAYS(5, "daemon-absent", "D sign release-Ed448 message -s /nowhere/socket -o alone.sig");
    HOLDS("[ ! -e alone.sig ]");
}

static void an_abandoned_signature_does_not_hold_the_next_one_up(void **state)
{
    (void)state;
    HOLDS("S key disable share-Ed448");
    SAYS(3, "refused", "D sign release-Ed448 message -s $SERVICE -o later.sig");
    HOLDS("S key enable share-Ed448; D sign release-Ed448 message -s $SERVICE -o later.sig");
}

static void decrypts_with_a_split_key_only_together(void **state)
{
    (void)state;
    HOLDS("for a in X448 X25519; do D encrypt message -t account-$a.pem -o $a.dare &&"
          " D decrypt $a.dare -s $SERVICE -fo opened && cmp message opened || exit; done");
    SAYS(5, "is split", "D decrypt X448.dare -o alone");
    SAYS(3, "is split", "S decrypt X448.dare -o alone");
    HOLDS("[ ! -e alone ]");
}

static void decrypts_with_a_whole_key_for_one_of_several_recipients(void **state)
{
    (void)state;
    HOLDS("D key generate -l mine -a X25519 && D key generate -l other -a X448");
    HOLDS("D encrypt message -t account-X448.pem -t mine -t other -o several.dare");
    HOLDS("D decrypt several.dare --key mine -fo opened && cmp message opened");
    HOLDS("D decrypt several.dare --key other -fo opened && cmp message opened");
    SAYS(2, "not among the recipients", "D decrypt several.dare --key account-X25519 -o alone");
    SAYS(3, "no key here",
        "S key generate -l stranger -a X448 && D encrypt message -t mine -o mine.dare &&"
        " S decrypt mine.dare -o alone");
}

/* With its sign or without. */
static void encrypts_to_a_key_as_the_mesh_writes_it(void **state)
{
    (void)state;
    HOLDS("as_json() { printf '{\"PublicKeyECDH\":{\"crv\":\"%s\",\"Public\":\"%s\"}}' $1 "
          "\"$(basenc -w0 --base64url | tr -d =)\"; };"
          " for k in 'mine X25519' 'other X448'; do set -- $k; D key public $1 -fo $1.pem &&"
          " openssl pkey -pubin -in $1.pem -outform DER | tail -c +13 | as_json $2 > $1.json &&"
          " D key public $1 --raw | tr a-f A-F | basenc -di --base16 | as_json $2 > $1.signed &&"
          " for f in $1.json $1.signed; do D encrypt message -t $f -fo as-json.dare &&"
          " D decrypt as-json.dare -fo opened && cmp message opened || exit; done; done");
}

/* Agrees as older implementations did: the ephemeral key is u alone. */
static size_t agree_as_others_did(
    const struct kc_cli_public *public, struct kc_dare_recipient *entry, uint8_t agreed[56])
{
    EVP_PKEY *fresh = EVP_PKEY_Q_keygen(NULL, NULL, "X448");
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(NULL, "X448", NULL, public->octets, 56);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(fresh, NULL);
    size_t size = 56;
    entry->ephemeral_size = 56;
    assert_true(EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                EVP_PKEY_derive(context, agreed, &size) == 1 &&
                EVP_PKEY_get_raw_public_key(fresh, entry->ephemeral, &entry->ephemeral_size) == 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(fresh);
    return size;
}

static const uint8_t base_seed[KC_DARE_SEED_SIZE] = "thirty-two octets of a base seed";

/* An entry for the key in a PEM file, with an empty kek_info. */
static void wrap_as_others_did(const char *pem, struct kc_dare_recipient *entry)
{
    struct kc_cli_public public;
    struct kc_cli cli = {0};
    uint8_t agreed[56], kek[KC_DARE_KEK_SIZE];
    assert_int_equal(kc_cli_public_read(&cli, pem, &public), KC_OK);
    assert_int_equal(
        kc_udf_key_fingerprint(public.algorithm, kc_cli_public_span(&public), entry->kid), KC_OK);
    strcpy(entry->algorithm, "X448");
    struct kc_span octets = {agreed, agree_as_others_did(&public, entry, agreed)};
    assert_int_equal(kc_dare_kek(octets, (struct kc_span){NULL, 0}, kek), KC_OK);
    assert_int_equal(kc_dare_wrap(kek, base_seed, entry->wrapped), KC_OK);
}

static void encrypt_as_others_did(const char *pem, const char *path)
{
    static const uint8_t plaintext[] = "of another one\n";
    static struct kc_dare_envelope envelope;
    struct kc_cli cli = {.values[KC_CLI_FORCE] = ""};
    struct kc_dare_content content;
    uint8_t body[16];
    char *text;
    size_t size;
    envelope = (struct kc_dare_envelope){.salt_size = KC_DARE_SALT_SIZE,
        .recipient_count = 1,
        .body = body,
        .body_size = sizeof body};
    wrap_as_others_did(pem, &envelope.recipients[0]);
    struct kc_span salt = {envelope.salt, envelope.salt_size};
    assert_int_equal(kc_dare_content_derive(base_seed, salt, &content), KC_OK);
    struct kc_span octets = {plaintext, sizeof plaintext - 1};
    assert_int_equal(kc_dare_content_encrypt(&content, octets, body), KC_OK);
    assert_int_equal(kc_dare_envelope_write(&envelope, &text, &size), KC_OK);
    octets = (struct kc_span){(const uint8_t *)text, size};
    assert_int_equal(kc_cli_write(&cli, path, octets, 0644), KC_OK);
    free(text);
}

static void decrypts_what_older_implementations_made(void **state)
{
    (void)state;
    HOLDS("D key generate -l older -a X448 && D key public older -o older.pem");
    encrypt_as_others_did("older.pem", "older.dare");
    HOLDS("[ \"$(D decrypt older.dare -o -)\" = 'of another one' ]");
    encrypt_as_others_did("account-X448.pem", "older.dare");
    HOLDS("[ \"$(D decrypt older.dare -s $SERVICE -o -)\" = 'of another one' ]");
}

static void writes_what_is_secret_for_the_owner_alone(void **state)
{
    struct stat status;
    (void)state;
    HOLDS("D encrypt message -t account-X448.pem -o mode.dare && D decrypt mode.dare -s $SERVICE");
    assert_int_equal(stat("mode", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    SAYS(2, "exists", "D decrypt mode.dare -s $SERVICE");
    HOLDS("D decrypt mode.dare -s $SERVICE -o - | cmp message -");
}

static void refuses_an_envelope_that_was_changed(void **state)
{
    (void)state;
    HOLDS("D key generate -l changed -a X448 && D encrypt message -t changed -o changed.dare");
    SAYS(2, "envelope-invalid",
        "sed 's/\\(\",\\)\\(\"[A-Za-z0-9_-]*\"\\)/\\1/; s/\"PayloadDigest\":\"./&A/' changed.dare "
        "> "
        "bad.dare; D decrypt bad.dare -o alone");
    SAYS(2, "envelope-invalid", "echo no envelope > bad.dare; D decrypt bad.dare -o alone");
    SAYS(2, "decryption-failed",
        "sed 's/\"wmk\":\"...../\"wmk\":\"AAAAA/' changed.dare > bad.dare; D decrypt bad.dare -o "
        "alone");
    HOLDS("[ ! -e alone ]");
}

static void agrees_as_openssl_does(void **state)
{
    (void)state;
    HOLDS("for a in X448 X25519; do D key generate -l agree-$a -a $a && D key public agree-$a -fo "
          "agree.pem && openssl genpkey -algorithm $a -out peer.key && openssl pkey -in peer.key "
          "-pubout -out peer.pem && D key agree agree-$a peer.pem -fo ours && openssl pkeyutl "
          "-derive "
          "-inkey peer.key -peerkey agree.pem -out theirs && cmp ours theirs || exit; done");
}

static void tells_keys_by_id_and_by_label(void **state)
{
    (void)state;
    HOLDS(
        "D key generate -l named -a Ed448 && D key show $(D key public named --udf) | grep named");
    SAYS(2, "label-taken", "D key generate -l named -a Ed448 || exit 2");
    HOLDS("D key destroy named --yes; D key generate -l named -a Ed25519; D key show named | grep "
          "Ed25519");
    SAYS(3, "no key nobody", "D key show nobody");
    SAYS(2, "confirm it with --yes",
        "setsid -w '" KC_BUILD_DIR "/custodian' --socket \"$SERVICE\""
        " key destroy intake");
}

static void lists_more_keys_than_a_page_holds(void **state)
{
    (void)state;
    HOLDS("for i in $(seq 130); do S key generate -q -l many-$i -a Ed25519 ||"
          " exit; done >/dev/null");
    HOLDS("[ $(S key list | grep -c many-) = 130 ]");
    HOLDS("[ $(S key list --json | grep -c '\"label\": \"many-') = 130 ]");
}

static void prints_json_with_the_names_of_the_wire(void **state)
{
    (void)state;
    HOLDS("D key list --json | grep '\"key\": \"M'");
    HOLDS("D share list --json | grep '\"group_public\": \"'");
    HOLDS("D status --json | grep '\"memory_size\": [0-9]'");
    HOLDS("D doctor --json | grep '\"check\": \"root\"'");
    HOLDS("D recipient list --json | grep '\"label\": \"service\"'");
    SAYS(3, "\"name\":\"refused\"", "D key show nobody --json");
}

static void keeps_a_key_whose_share_cannot_be_written(void **state)
{
    (void)state;
    HOLDS("D key generate -l precious -a X448 -r account; mkdir occupied; echo old > taken");
    SAYS(2, "nowhere/share", "D share split precious -R service -p pin -o nowhere/share");
    SAYS(2, "occupied", "D share split precious -R service -p pin -f -o occupied");
    SAYS(2, "taken exists", "D share split precious -R service -p pin -o taken");
    HOLDS("D key show precious | grep -E '^state +active' && [ \"$(cat taken)\" = old ]");
    HOLDS("[ -z \"$(ls taken.* nowhere* 2>/dev/null)\" ]");
    HOLDS(
        "D share split precious -R service -p pin -f -o taken && S share accept taken -l precious");
}

static void gives_a_share_again_that_was_lost(void **state)
{
    (void)state;
    HOLDS("D key generate -l lost -a X448 -r account && D key public lost -o lost.pem");
    SAYS(2, "the key is split; for the other share: custodian share envelope M",
        "D share split lost -R service -p pin -o /dev/full");
    HOLDS("D share envelope lost -o found && S share accept found -l found");
    HOLDS("D encrypt message -t lost.pem -o lost.dare && D decrypt lost.dare -s $SERVICE -o - |"
          " cmp message -");
    SAYS(2, "Broken pipe; the key is split",
        "D key generate -l piped -a X448 -r account -q; mkfifo pipe; exec 8<>pipe 9>pipe 8<&-;"
        " D share split piped -R service -p pin -o - >&9");
    SAYS(2, "found exists", "D share envelope piped -o found");
    SAYS(3, "refused", "S share envelope found -o again");
}

static void replaces_a_file_only_when_forced(void **state)
{
    (void)state;
    HOLDS("D key generate -l forced -a Ed25519 && D key generate -l forced-x -a X25519");
    HOLDS("D key public forced-x -o forced-x.pem && echo old > there && cp message whom");
    SAYS(2, "there exists; --force", "D random 8 -o there");
    SAYS(2, "there exists; --force", "D key public forced -o there");
    SAYS(2, "there exists; --force", "D key sign forced message -o there");
    SAYS(2, "there exists; --force", "D key agree forced-x forced-x.pem -o there");
    SAYS(2, "there exists; --force", "D sign release-Ed448 message -s $SERVICE -o there");
    SAYS(2, "there exists; --force", "D encrypt message -t forced-x -o there");
    HOLDS("[ \"$(cat there)\" = old ]");
    HOLDS("D key sign forced whom");
    SAYS(2, "whom.sig exists; --force", "D key sign forced whom");
    HOLDS("D key sign forced whom --force && D verify forced whom whom.sig");
    HOLDS("D random 8 -f -o there && [ $(stat -c %s there) = 8 ] && D random 8 -o /dev/null");
}

static void refuses_to_split_without_the_operator(void **state)
{
    (void)state;
    HOLDS("D key generate -l kept -a X448 -r account; umask 077; printf 87654321 > wrong");
    SAYS(3, "operator-proof", "D share split kept -R service -p wrong -o unshared");
    SAYS(3, "no recipient nobody", "D share split kept -R nobody -p pin -o unshared");
    SAYS(2, "lacks the sign",
        "S key public intake -o plain.pem; D recipient add again --public plain.pem -p pin");
}

static void says_what_is_wrong_with_a_command(void **state)
{
    (void)state;
    SAYS(2, "1 to 107 octets", "CUSTODIAN_SOCKET= '" KC_BUILD_DIR "/custodian' status");
    SAYS(2, "1 to 107 octets",
        "D status --socket '' || '" KC_BUILD_DIR "/custodian' status --socket $(printf %0108d 0)");
    SAYS(2, "custodian --help", "'" KC_BUILD_DIR "/custodian'");
    SAYS(2, "custodian key --help", "D key");
    SAYS(2, "8 to 64 octets", "umask 077; printf %070d 0 > long; D operator pin -p long");
    SAYS(2, "chmod 600", "printf 12345678 > loose; chmod 644 loose; D operator pin -p loose");
    SAYS(3, "After several wrong ones", "D operator pin -p wrong --new-pin-file pin");
    SAYS(3, "recipient list", "D recipient remove nobody -p pin");
    SAYS(2, "the one that has the other",
        "ln -s $OWN own; D sign release-Ed448 message -s own -o alone.sig");
    HOLDS("D key generate -l agrees -a X25519 -q");
    SAYS(2, "agrees is an X25519 key and release-Ed448.pem an Ed448 key",
        "D key agree agrees release-Ed448.pem -o alone");
    SAYS(2, "account-X448.pem an X448 key", "D key agree agrees account-X448.pem -o alone");
    SAYS(2, "can only sign",
        "D key generate -l signs -a Ed448 && D key agree signs account-X448.pem -o alone");
    SAYS(3, "no key nobody", "echo old > message.sig; D key sign nobody message");
}

static void tells_of_a_destroyed_key_by_its_label(void **state)
{
    (void)state;
    HOLDS("D key generate -l gone -a X448 && D key public gone -o gone.pem &&"
          " D key destroy gone --yes");
    HOLDS("D key show gone | grep -E '^state +destroyed' && D key public gone | cmp gone.pem");
    SAYS(3, "the key gone is destroyed", "D encrypt message -t gone -o gone.dare");
    SAYS(3, "the key gone is destroyed", "D key agree gone gone.pem -o alone");
}

static void prints_json_of_what_it_wrote(void **state)
{
    (void)state;
    HOLDS("D key generate -l writes -a Ed448 && D key public writes -o writes.pem");
    HOLDS("D key sign writes message --json -o json.sig > said.json");
    HOLDS("grep '\"output\": \"json.sig\"' said.json && grep '\"size\": 114' said.json");
    HOLDS("D verify writes.pem message json.sig --json | grep '\"verified\": true'");
    HOLDS("D encrypt message -t account-X448 --json -o json.dare | grep '\"output\"'");
    HOLDS("D sign release-Ed25519 message -s $SERVICE --json -o j.sig | grep '\"size\": 64'");
}

static void ends_silently_when_nobody_reads(void **state)
{
    (void)state;
    /* The reader is gone before the writer starts. */
    HOLDS("mkfifo fifo; exec 8<>fifo 9>fifo 8<&-; ('" KC_BUILD_DIR "/custodian' error usage >&9);"
          " [ $? = 141 ]");
    assert_string_equal(kc_shell_said(), "");
}

/* The vault's workers must not look at it before the connection itself. */
static void the_first_request_of_every_connection_is_answered(void **state)
{
    (void)state;
    HOLDS("for i in $(seq 300); do S keyring list || exit; done >/dev/null");
}

static void makes_random_octets(void **state)
{
    (void)state;
    HOLDS("D random 32 -o random && [ $(stat -c %s random) = 32 ]");
    HOLDS("D random 32 | grep -E '^[0-9a-f]{64}$'");
    SAYS(2, "from 1 to", "D random 0");
}

static void a_resident_key_and_a_share_in_software_become_one_key(void **state)
{
    (void)state;
    HOLDS("S key generate -a P-256 -l hard --residence resident -u agree && S key public hard -o "
          "hard.pem"
          " && S operator pin --new-pin-file pin");
    HOLDS("D share join hard.pem -l soft --index 1 -p pin -o joined && D share show soft");
    SAYS(2, "not what share join wrote", "S share form hard message --index 2 -p pin");
    SAYS(5, "contribution-invalid", "S share form hard joined --index 1 -p pin");
    SAYS(2, "--index", "S share form hard joined --index 3 -p pin");
    HOLDS("S share form hard joined --index 2 -p pin && S share show hard | grep -q resident");
}

#define NONCE "--nonce 000102030405060708090a0b0c0d0e0f"

/* Host and verifier, who has nothing but files. */
static void keys_are_attested_enrolled_and_verified(void **state)
{
    (void)state;
    HOLDS("D key generate -a P-256 -l attested --residence resident -u sign"
          " && D attest attested " NONCE " --output bundle");
    HOLDS("D attest verify bundle " NONCE " --pcr-mask 0xff --json | grep -q '\"resident\"'");
    HOLDS("D attest verify bundle " NONCE " | grep -q 'AK not bound to a TPM'");
    SAYS(2, "attestation-invalid",
        "D attest verify bundle --nonce 00112233445566778899aabbccddeeff");
    SAYS(2, "nonce", "D attest verify bundle --nonce 0011");
    HOLDS("for mask in 7x -1 0 '' 0x1000000 eight; do"
          " ! D attest verify bundle " NONCE " --pcr-mask \"$mask\" || exit 1; done");
    SAYS(2, "--pcr-mask takes a number", "D attest verify bundle " NONCE " --pcr-mask 0x");
    SAYS(2, "attestation-invalid", "D attest verify message " NONCE);
    HOLDS("D attest enrol --output identity"
          " && D attest challenge identity --output challenge --enrolment pending"
          " && D attest activate challenge --output answer"
          " && D attest confirm answer --enrolment pending --output enrolled");
    HOLDS("D attest verify bundle " NONCE " --enrolment enrolled | grep -q enrolled");
    SAYS(2, "no confirmed enrolment", "D attest verify bundle " NONCE " --enrolment pending");
    SAYS(6, "decryption-failed", "S attest activate challenge --output stolen || exit 6");
    SAYS(2, "attestation-invalid",
        "D attest confirm challenge --enrolment pending --output no"
        " || D attest confirm pin --enrolment pending --output no");
    HOLDS("S key generate -a P-256 -l attested --residence resident -u sign"
          " && S attest attested " NONCE " --output other");
    SAYS(2, "not the enrolled one", "D attest verify other " NONCE " --enrolment enrolled");
    HOLDS("D key generate -a Ed25519 -l attested-sealed --residence sealed"
          " && D attest attested-sealed " NONCE " --output bundle --force");
    SAYS(0, "it made it for what it was told is this public key",
        "D attest verify bundle " NONCE " --enrolment enrolled");
    SAYS(2, "no confirmed enrolment", "D attest verify bundle " NONCE " --enrolment identity");
}

static void the_store_is_rotated_and_the_state_of_it_is_told(void **state)
{
    (void)state;
    HOLDS("D key generate -l rotates -a Ed25519 && D status | grep -E '^generation +1$'");
    HOLDS("D key generate -l erased -a Ed25519 && D key destroy erased --yes"
          " && D status --json | grep '\"erase_by\"'");
    HOLDS(
        "D store rotate --json | grep '\"erased\"' && D key sign rotates message -fo rotated.sig");
    HOLDS(
        "D status > told && grep -E '^generation +2$' told && grep -E '^freshness +anchored$' told"
        " && grep -E '^head +[0-9]+$' told && grep -E '^anchored +[0-9]+$' told"
        " && grep -E '^writes left +4[0-9]{5}$' told && ! grep 'erase by' told");
    HOLDS("D doctor | grep -E '^freshness +ok +head [0-9]+, anchored [0-9]+'");
}

/* Shell on the store of the device, which is the current folder, while it is stopped. */
static void on_store(const char *line)
{
    char command[512];
    kc_custodian_stop(&device);
    snprintf(command, sizeof command, "cd '%s' && %s", device.folder, line);
    HOLDS(command);
    kc_custodian_start(&device);
}

static void an_older_store_after_a_rollback_is_taken_with_the_operators_pin_alone(void **state)
{
    (void)state;
    HOLDS("D key generate -l revoked -a Ed25519; umask 077; printf 87654321 > wrong");
    SAYS(3, "nothing to accept", "D store accept-rollback -p pin");
    on_store("cp -a store older");
    HOLDS("D key disable revoked");
    on_store("mv store newest && mv older store");
    SAYS(7, "custodian store accept-rollback", "D key sign revoked message -fo revoked.sig");
    SAYS(7, "store-rolled-back", "D store rotate");
    HOLDS("D status | grep -E '^freshness +rolled-back$'");
    SAYS(1, "fail", "D doctor");
    SAYS(2, "confirm the head of the store", "D store accept-rollback -p pin");
    SAYS(3, "operator-proof", "D store accept-rollback --head $(head_of) -p wrong");
    HOLDS("D store accept-rollback --head $(head_of) -p pin --json | grep '\"anchored\"'");
    HOLDS(
        "D key sign revoked message -fo revoked.sig && D status | grep -E '^freshness +anchored$'");
    on_store("rm -r store && mv newest store");
    SAYS(7, "store-rolled-back", "D key show revoked"); /* one of the two goes on */
    HOLDS("D store accept-rollback --head $(head_of) -p pin 2>&1 | grep 'revoked in between'");
    SAYS(3, "refused", "D key sign revoked message -fo revoked.sig");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_with_a_whole_key_and_openssl_verifies),
        cmocka_unit_test(signs_with_a_context_that_the_verifier_needs),
        cmocka_unit_test(signs_with_a_split_key_only_together),
        cmocka_unit_test(an_abandoned_signature_does_not_hold_the_next_one_up),
        cmocka_unit_test(decrypts_with_a_split_key_only_together),
        cmocka_unit_test(decrypts_with_a_whole_key_for_one_of_several_recipients),
        cmocka_unit_test(encrypts_to_a_key_as_the_mesh_writes_it),
        cmocka_unit_test(decrypts_what_older_implementations_made),
        cmocka_unit_test(writes_what_is_secret_for_the_owner_alone),
        cmocka_unit_test(refuses_an_envelope_that_was_changed),
        cmocka_unit_test(agrees_as_openssl_does),
        cmocka_unit_test(tells_keys_by_id_and_by_label),
        cmocka_unit_test(lists_more_keys_than_a_page_holds),
        cmocka_unit_test(prints_json_with_the_names_of_the_wire),
        cmocka_unit_test(keeps_a_key_whose_share_cannot_be_written),
        cmocka_unit_test(gives_a_share_again_that_was_lost),
        cmocka_unit_test(replaces_a_file_only_when_forced),
        cmocka_unit_test(refuses_to_split_without_the_operator),
        cmocka_unit_test(says_what_is_wrong_with_a_command),
        cmocka_unit_test(tells_of_a_destroyed_key_by_its_label),
        cmocka_unit_test(prints_json_of_what_it_wrote),
        cmocka_unit_test(ends_silently_when_nobody_reads),
        cmocka_unit_test(the_first_request_of_every_connection_is_answered),
        cmocka_unit_test(makes_random_octets),
        cmocka_unit_test(a_resident_key_and_a_share_in_software_become_one_key),
        cmocka_unit_test(keys_are_attested_enrolled_and_verified),
        cmocka_unit_test(the_store_is_rotated_and_the_state_of_it_is_told),
        cmocka_unit_test(an_older_store_after_a_rollback_is_taken_with_the_operators_pin_alone),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
