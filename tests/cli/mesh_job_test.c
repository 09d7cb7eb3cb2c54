/* SPDX-License-Identifier: Apache-2.0 */
/* The commands for Mesh documents, as a person runs them; no custodian is there. */
#include "tests/support/shell.h"

/* D is the command, E the folder of the corpus. */
static int start(void **state)
{
    (void)state;
    kc_shell_init();
    kc_shell_define("D() { '" KC_BUILD_DIR "/custodian' \"$@\"; }");
    kc_shell_define("E='" KC_SOURCE_DIR "/tests/fuzz/corpus'");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kc_shell_done();
    return 0;
}

static void tells_what_a_udf_is_but_not_the_octets_of_a_secret(void **state)
{
    (void)state;
    SAYS(0, "b95fad80207804db30c97311c766acae", "D udf show MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSXO");
    SAYS(0, "secret seed", "echo ZAAQ-AO3M-SYLX-X7ET | D udf show -");
    assert_null(strstr(kc_shell_said(), "data"));
    SAYS(2, "no UDF", "D udf show 'not one'");
}

static void makes_the_content_digest_of_a_file(void **state)
{
    (void)state;
    SAYS(0, "MDDK-7N6A-727A-JZNO-STRX-XKS7-DJAF",
        "printf 'UDF Data Value' > file; D udf digest file --content-type text/plain --bits 140");
    SAYS(2, "--bits is a number", "D udf digest file --content-type text/plain --bits 10");
}

static void names_a_key_in_a_file(void **state)
{
    (void)state;
    SAYS(0, "udf  M",
        "openssl genpkey -algorithm ed448 | openssl pkey -pubout -out key.pem && D udf key "
        "key.pem");
}

static void describes_an_envelope_and_verifies_who_signed_it(void **state)
{
    (void)state;
    SAYS(0, "OperateRequest", "D dare show $E/dare_envelope/operate-signed");
    SAYS(0, "MBGD-657F-AADF-Z6PE-2MPF-SWLU-QRCT",
        "D dare show --json $E/dare_envelope/operate-signed");
    /* The device's key, as RFC 8410 has it. */
    SAYS(0, "signer  MBGD-657F-AADF-Z6PE-2MPF-SWLU-QRCT",
        "{ printf '\\060\\103\\060\\005\\006\\003\\053\\145\\161\\003\\072\\000';"
        " echo xHvZ24mlCuOr7NuyLYQWdwqPmshGoTfVRsjROLBnF3slKhq3HViOeqk688hE-gbg5t39_9au8syA"
        " | tr _- /+ | base64 -d; } | openssl pkey -pubin -inform DER -out device.pem &&"
        " D dare verify $E/dare_envelope/operate-signed device.pem");
    SAYS(2, "signature-invalid",
        "openssl genpkey -algorithm ed448 | openssl pkey -pubout -out other.pem;"
        " D dare verify $E/dare_envelope/operate-signed other.pem");
}

#define DEVICE_KEY "xHvZ24mlCuOr7NuyLYQWdwqPmshGoTfVRsjROLBnF3slKhq3HViOeqk688hE-gbg5t39_9au8syA"
#define DEVICE_UDF "MBGD-657F-AADF-Z6PE-2MPF-SWLU-QRCT"

static void a_key_is_read_as_the_mesh_writes_it(void **state)
{
    (void)state;
    HOLDS("printf ' {\"PublicKeyECDH\":{\"crv\":\"Ed448\",\"Public\":\"" DEVICE_KEY
          "\"}}' > key.json");
    HOLDS("printf '{\"Udf\":\"" DEVICE_UDF
          "\",\"PublicParameters\":%s}' \"$(cat key.json)\" > data.json");
    HOLDS("printf '{\"KeyData\":%s}' \"$(cat data.json)\" > tagged.json");
    HOLDS("for f in key data tagged; do D udf key $f.json | grep -q " DEVICE_UDF
          " && D dare verify $E/dare_envelope/operate-signed $f.json || exit; done");
    SAYS(2, "not a file with a good public key", /* the fingerprint is another key's */
        "sed s/MBGD/MBGE/ data.json > other.json; D udf key other.json");
    SAYS(2, "not a file with a good public key", "echo '{}' > other.json; D udf key other.json");
    SAYS(2, "not a file with a good public key",
        "sed s/Ed448/P-256/ key.json > other.json; D udf key other.json");
    SAYS(2, "not a file with a good public key", /* y = 0 is no point of the group */
        "printf '{\"PublicKeyECDH\":{\"crv\":\"Ed25519\",\"Public\":\"%043d\"}}' 0 | tr 0 A >"
        " other.json; D udf key other.json");
}

static void a_signer_is_known_by_the_fingerprint_of_a_key_that_is_there(void **state)
{
    (void)state;
    SAYS(0, "signer  " DEVICE_UDF, "D dare verify $E/dare_envelope/operate-signed " DEVICE_UDF);
    SAYS(0, "signer  " DEVICE_UDF,
        "D envelope verify $E/dare_envelope/operate-signed $(echo " DEVICE_UDF
        " | tr -d - | tr A-Z a-z)");
    SAYS(2, "signature-invalid", /* the key is there, and it made no such signature */
        "sed 's/\"k-TX/\"k-TY/' $E/dare_envelope/operate-signed > forged;"
        " D dare verify forged " DEVICE_UDF);
    SAYS(5, "daemon-absent", /* no key that is there */
        "CUSTODIAN_SOCKET=/none D dare verify $E/dare_envelope/operate-signed "
        "MBGE-657F-AADF-Z6PE-2MPF-SWLU-QRCT");
    SAYS(5, "daemon-absent", /* less than all of it names a key of the custodian */
        "CUSTODIAN_SOCKET=/none D dare verify $E/dare_envelope/operate-signed "
        "MBGD-657F-AADF-Z6PE");
}

static void lists_checks_and_recovers_a_sequence(void **state)
{
    (void)state;
    SAYS(0, "SIGNERS", "D sequence list $E/dare_sequence/merkle");
    SAYS(0, "unlinked   0", "D sequence verify $E/dare_sequence/merkle");
    SAYS(1, "truncated", "cp $E/dare_sequence/truncated t; D sequence verify t");
    SAYS(
        0, "octets cut off", "D sequence recover t && D sequence verify t && D sequence recover t");
    SAYS(4, "record-damaged", "D sequence verify $E/dare_sequence/other-index");
}

static void names_the_frame_of_a_sequence_that_is_damaged(void **state)
{
    (void)state;
    SAYS(1, "first-damaged   2",
        "LC_ALL=C sed 's/payload 2/Payload 2/' $E/dare_sequence/merkle >d && ! cmp -s d "
        "$E/dare_sequence/merkle &&"
        " D sequence verify d");
    SAYS(4, "record-damaged", "D sequence recover d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_a_udf_is_but_not_the_octets_of_a_secret),
        cmocka_unit_test(makes_the_content_digest_of_a_file),
        cmocka_unit_test(names_a_key_in_a_file),
        cmocka_unit_test(describes_an_envelope_and_verifies_who_signed_it),
        cmocka_unit_test(a_key_is_read_as_the_mesh_writes_it),
        cmocka_unit_test(a_signer_is_known_by_the_fingerprint_of_a_key_that_is_there),
        cmocka_unit_test(lists_checks_and_recovers_a_sequence),
        cmocka_unit_test(names_the_frame_of_a_sequence_that_is_damaged),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
