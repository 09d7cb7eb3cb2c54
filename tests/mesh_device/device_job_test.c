/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of a device against a real daemon, with the documents of an account that answers. */
#include "tests/mesh/administrator.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"
#include "tests/vectors/example.h"

#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static struct kc_custodian custodian;

static void file_write(const char *name, struct kc_span content)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content.bytes, 1, content.size, file), content.size);
    assert_int_equal(fclose(file), 0);
}

static void text_write(const char *name, const char *text)
{
    file_write(name, (struct kc_span){(const uint8_t *)text, strlen(text)});
}

/* Given: free. */
static char *file_read(const char *name)
{
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 18);
    assert_true(fread(text, 1, (1 << 18) - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static int start(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"device\"");
    kc_shell_init();
    kc_shell_define_custodian("C", custodian.socket);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kc_shell_done();
    kc_custodian_done(&custodian);
    return 0;
}

/* The public keys of a device, of its profile. */
static void profile_read(
    const char *name, struct kc_point base[KC_MESH_DEVICE_KEYS], struct kc_public_key *key)
{
    static const char *const fields[] = {
        "ProfileSignature", "Signature", "Encryption", "Authentication"};
    char *text = file_read(name);
    struct kc_signed_object opened;
    GOOD(kc_signed_object_open_profile((struct kc_span){(uint8_t *)text, strlen(text)}, 65536,
        KC_OBJECT_ProfileDevice, NULL, kc_mesh_verify, &opened, key));
    for (size_t i = 0; i < KC_MESH_DEVICE_KEYS; i++) {
        struct kc_public_key public;
        GOOD(kc_object_key(&opened.object, fields[i], &public));
        const struct kc_curve_info *curve =
            kc_curve_by_name(public.algorithm, strlen(public.algorithm));
        GOOD(kc_point_decode(&base[i], curve->curve, public.octets, public.size));
    }
    kc_signed_object_done(&opened);
    free(text);
}

/* What a service answers to the request in a file, and what follows from it. */
static void acknowledge(struct administrator *a, const struct kc_public_key *device,
    char witness[KC_UDF_ID_SIZE], char response_id[KC_UDF_ID_SIZE])
{
    struct kc_mesh_connecting_device known = {.account = ADMINISTRATOR_ADDRESS};
    struct kc_mesh_acknowledged read;
    struct kc_signed_object opened;
    size_t size = sizeof known.nonce;
    char *request = file_read("request");
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)request, strlen(request)}, 65536,
        KC_OBJECT_RequestConnection, device, kc_mesh_verify, &opened));
    GOOD(kc_json_octets(kc_object_member(&opened.object, "ClientNonce"), known.nonce, &size));
    memcpy(known.digest, opened.envelope->digest, sizeof known.digest);
    kc_signed_object_done(&opened);
    char *text = administrator_acknowledge(a, device, request, &known);
    GOOD(kc_mesh_acknowledge_read((struct kc_span){(uint8_t *)text, strlen(text)},
        (struct kc_span){(uint8_t *)a->account_profile, strlen(a->account_profile)}, device, &known,
        &read));
    text_write("acknowledgement", text);
    text_write("account", a->account_profile);
    memcpy(witness, read.witness, KC_UDF_ID_SIZE);
    memcpy(response_id, read.response_id, KC_UDF_ID_SIZE);
    text_write("witness", witness);
    text_write("account.udf", a->account_udf);
    free(request);
    free(text);
}

static void a_device_is_made_connected_used_and_taken_off(void **state)
{
    struct administrator *a = administrator_new();
    struct kc_point base[KC_MESH_DEVICE_KEYS];
    struct kc_public_key device;
    char witness[KC_UDF_ID_SIZE], response_id[KC_UDF_ID_SIZE];
    (void)state;
    HOLDS("C mesh device create -l pot --description 'a coffee pot' -o profile --json > made");
    HOLDS("[ $(grep -o '\"residence\": *\"derived\"' made | wc -l) = 4 ]");
    profile_read("profile", base, &device);
    HOLDS("C mesh device list | grep pot");
    HOLDS("C mesh device request pot alice@example.com -o request --json |"
          " sed -n 's/.*\"connection\": *\"\\([A-Z0-9-]*\\)\".*/\\1/p' > connection");
    acknowledge(a, &device, witness, response_id);
    HOLDS("C mesh device check $(cat connection) acknowledgement account 2>&1 |"
          " grep -c \"$(cat witness)\"");
    a->device_udf = a->subject = device.udf;
    a->response_id = response_id;
    a->gives_encryption = GIVEN_SHARE;
    char *response = administrator_respond(a, base);
    text_write("response", response);
    free(response);
    HOLDS("C mesh device pending | grep $(cat connection) | grep alice@example.com |"
          " grep $(cat witness)");
    SAYS(2, "witness-other", "C mesh device activate $(cat connection) response");
    SAYS(2, "witness-other",
        "C mesh device activate $(cat connection) response --witness $(cut -c1-29 witness)");
    HOLDS("C mesh device activate $(cat connection) response --witness $(cat witness) | grep "
          "Encrypt");
    SAYS(
        3, "refused", "C mesh device activate $(cat connection) response --witness $(cat witness)");
    HOLDS("[ $(C mesh device pending --json) = '[]' ]");
    HOLDS("C mesh device show pot | grep \"$(cat account.udf)\"");
    HOLDS("C mesh device show pot $(cat account.udf) -o accreditation && grep -q signatures "
          "accreditation");
    HOLDS("C key list -r device --json | grep -c 'alice@example.com'");
    HOLDS("[ $(C key list -r share | grep -c Account.Encrypt) = 1 ]");
    SAYS(2, "connected to an account", "C mesh device destroy pot --yes");
    SAYS(2, "--yes", "C mesh device leave pot $(cat account.udf)");
    HOLDS("C mesh device leave pot $(cat account.udf) --yes");
    HOLDS("[ $(C key list -r device --state active | grep -c Encrypt) = 0 ]");
    HOLDS("C mesh device destroy pot --yes && ! C mesh device list | grep pot");
    administrator_free(a);
}

static void a_makers_device_is_installed_once(void **state)
{
    struct example example;
    (void)state;
    example_open(&example, "2021-device-preconfiguration");
    file_write("maker", kc_json_source(example_at(&example, "object")));
    example_close(&example);
    HOLDS("C mesh device install maker -l kettle -o claims | grep "
          "MC6H-2IFS-4OXA-U2YQ-QZ6Y-RZWX-JC3Q");
    HOLDS("[ $(wc -l < claims) = 3 ] && [ $(stat -c %a claims) = 600 ]");
    SAYS(4, "exists", "C mesh device install maker -l other");
    SAYS(2, "profile-other",
        "sed 's/ZAAQ-AO3M/ZAAQ-AO3N/' maker > odd; C mesh device install odd -l odd");
    HOLDS("C mesh device show kettle -o shown && grep -q MC6H-2IFS shown");
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    SAYS(2, "label", "C mesh device create");
    SAYS(2, "bad-algorithm", "C mesh device create -l x -a X448");
    SAYS(3, "refused",
        "C mesh device request nobody alice@example.com -o x; s=$?; [ ! -e x ]; exit $s");
    SAYS(2, "bad-argument",
        "umask 077; printf 1234 > pin; C mesh device request kettle a@example.com"
        " --mesh-pin-file pin -o x");
    SAYS(2, "--description is not possible",
        "C mesh device create -l x --description \"$(printf '%0200d' 0)\"");
    SAYS(2, "void is empty", ": > void; C mesh device install void -l x");
    SAYS(2, "\n  odd\n", "echo '{}' > odd; C mesh device install odd -l x");
    SAYS(3, "refused", "C mesh device cancel NAAA-AAAA");
    HOLDS("C mesh device --help | grep 'mesh device activate'");
}

static void a_request_that_could_lead_nowhere_is_not_made(void **state)
{
    (void)state;
    HOLDS("C mesh device create -l clock");
    HOLDS("umask 077; echo mcu://bob@example.com/ADOG-AAAA-AAAA-AAAA > uri; echo none! > odd-pin");
    SAYS(2, "account", "C mesh device request clock alice -o none");
    SAYS(2, "account", "C mesh device request clock @example.com -o none");
    SAYS(2, "account", "C mesh device request clock 'al ice@example.com' -o none");
    SAYS(2, "account", "C mesh device request clock alice@example.com@org -o none");
    SAYS(2, "--expect", "C mesh device request clock alice@example.com --expect XYZ -o none");
    SAYS(2, "--expect",
        "C mesh device request clock alice@example.com -o none"
        " --expect NDOB-NR4M-FOS4-UOH6-LFW7-TA5R-NFTQ");
    SAYS(2, "uri is for another account",
        "C mesh device request clock alice@example.com --mesh-pin-file uri -o none");
    SAYS(2, "--mesh-pin-file",
        "C mesh device request clock alice@example.com --mesh-pin-file odd-pin -o none");
    HOLDS("[ ! -e none ]");
    HOLDS("C mesh device request clock Bob@example.com --mesh-pin-file uri -o bobs");
    HOLDS("C mesh device request clock bob@example.com -o - > piped 2> told && C dare show piped |"
          " grep RequestConnection && grep '^connection' told");
    HOLDS("C mesh device destroy clock --yes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_made_connected_used_and_taken_off),
        cmocka_unit_test(a_makers_device_is_installed_once),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_request_that_could_lead_nowhere_is_not_made),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
