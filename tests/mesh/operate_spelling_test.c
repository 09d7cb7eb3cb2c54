/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the worked case in which nothing is another thing, but written in another way: what
 * means the same is answered the same, what could be read in two ways is none, and no name but the
 * name itself finds a key.
 */
#include "tests/support/cmocka.h"

#include "tests/mesh/operate_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAD KC_OPERATE_BAD_REQUEST
#define STRANGER KC_OPERATE_NOT_AUTHENTICATED
#define GOOD KC_OPERATE_ACCEPTED
#define ID "\"ID\""
#define KEY "\"" CASE_DECRYPT_ID "\""

/* --- names of keys --- */

static void a_key_is_found_by_its_name_and_by_nothing_like_it(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, KEY, "\"\\u004eDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZA\"", GOOD},
        {CASE_AGREE, KEY, "\"ndf6-buul-qw2v-ugry-taet-jnop-xfza\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"NDF6BUULQW2VUGRYTAETJNOPXFZA\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\" NDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZA\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"NDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZA \"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"NDF6-BUUL-QW2V-UGRY\\n-TAET-JNOP-XFZA\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"NDF6-BUUL-QW2V-UGRY-TAET-JNOP\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"NDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZA-AAAA\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"NDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZA\\u0000\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"alice@example.com\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, "\"KeyId\"", "\"Other\"", KC_OPERATE_REFUSED},
        {CASE_SIGN, "\"" CASE_SIGN_ID "\"", "\"\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, KEY, "\"" CASE_DECRYPT_ID "@example.com\"", KC_OPERATE_REFUSED},
    };
    CASE_PLAY(changes);
}

static void service_and_account_are_the_names_themselves(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, "\"example.com\"", "\"example.com\\u0000.evil\"", STRANGER},
        {CASE_AGREE, "\"example.com\"", "\"example.com:443\"", STRANGER},
        {CASE_AGREE, "\"example.com\"", "\"https://example.com\"", STRANGER},
        {CASE_AGREE, "\"alice@example.com\"", "\"ALICE@EXAMPLE.COM\"", GOOD},
        {CASE_AGREE, "\"alice@example.com\"", "\"al\\u0131ce@example.com\"", STRANGER},
        {CASE_AGREE, "\"alice@example.com\"", "\"alice@example.com\\u0000\"", STRANGER},
        {CASE_AGREE, "\"alice@example.com\"", "\"alice\"", STRANGER},
    };
    CASE_PLAY(changes);
}

/* --- JSON --- */

static void what_is_no_json_is_no_request(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, ID, "'X':1,\"ID\"", BAD},
        {CASE_AGREE, ID, "/*c*/\"ID\"", BAD},
        {CASE_AGREE, ID, ",\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":01,\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":NaN,\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":\"\xff\",\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":\"\\ud800\",\"ID\"", BAD},
        {CASE_AGREE, "]}}", "],}}", BAD},
        {CASE_AGREE, "]}}", "]}}x", BAD},
        {CASE_AGREE, "]}}", "]}", BAD},
        {CASE_AGREE, "]}}", "]}}{}", BAD},
        {CASE_AGREE, "]}}", "]}} \n", GOOD},
        {CASE_AGREE, "{\"OperateRequest\"", "\xef\xbb\xbf{\"OperateRequest\"", BAD},
        {CASE_AGREE, "{\"OperateRequest\":{", "{\"OperateRequest\":[{", BAD},
        {CASE_AGREE, "OperateRequest", "operateRequest", BAD},
        {CASE_AGREE, "OperateRequest", "OPERATE", BAD},
    };
    CASE_PLAY(changes);
}

static void a_member_stands_once_however_it_is_written(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, ID, "\"\\u0049D\"", GOOD},
        {CASE_AGREE, ID, "\"id\":\"AAAA\",\"ID\"", GOOD}, /* another name */
        {CASE_AGREE, ID, "\"\\u0049D\":\"AAAA\",\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":1,\"X\":2,\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":{\"a\":1,\"\\u0061\":1},\"ID\"", BAD},
        {CASE_AGREE, "\"Service\"", "\"Service\":\"example.com\",\"Service\"", BAD},
        {CASE_AGREE, "\"Operations\"", "\"Operations\":[],\"Operations\"", BAD},
        {CASE_AGREE, "\"PublicKey\"", "\"PublicKey\":null,\"PublicKey\"", BAD},
    };
    CASE_PLAY(changes);
}

static void numbers_and_nesting_have_limits_also_where_nothing_is_read(void **state)
{
    (void)state;
#define OPEN_13 "[[[[[[[[[[[[["
#define CLOSE_13 "]]]]]]]]]]]]]"
    static const struct case_change changes[] = {
        {CASE_AGREE, ID, "\"X\":9007199254740992,\"ID\"", GOOD},
        {CASE_AGREE, ID, "\"X\":9007199254740993,\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":-9007199254740993,\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":1e400,\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":1.5,\"ID\"", GOOD},
        {CASE_AGREE, ID, "\"X\":" OPEN_13 "[" CLOSE_13 "],\"ID\"", GOOD},
        {CASE_AGREE, ID, "\"X\":" OPEN_13 "[[" CLOSE_13 "]],\"ID\"", BAD},
        {CASE_AGREE, ID, "\"X\":" OPEN_13 OPEN_13 CLOSE_13 CLOSE_13 ",\"ID\"", BAD},
    };
    CASE_PLAY(changes);
}

/* --- members of operations --- */

static void a_member_that_is_null_is_as_one_that_is_not_there(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, "\"KeyId\"", "\"WithProof\":null,\"KeyId\"", GOOD},
        {CASE_AGREE, "\"KeyId\"", "\"WithProof\":1,\"KeyId\"", BAD},
        {CASE_AGREE, "\"KeyId\"", "\"KeyOffset\":null,\"KeyId\"", GOOD},
        {CASE_AGREE, "\"KeyId\"", "\"KeyOffset\":\"\",\"KeyId\"", KC_OPERATE_BAD_SCALAR},
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":null,\"KeyId\"", GOOD},
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":\"*\",\"KeyId\"", BAD},
        {CASE_AGREE, "\"KeyId\"", "\"Data\":\"AAAA\",\"KeyId\"", GOOD}, /* of another operation */
        {CASE_LAGRANGE, "\"KeyCoefficient\":\"", "\"KeyCoefficient\":null,\"x\":\"",
            KC_OPERATE_BAD_SCALAR},
        {CASE_SIGN, "\"Data\":\"", "\"Data\":null,\"x\":\"", BAD},
        {CASE_SIGN, "\"Data\":\"", "\"Data\":\"\",\"x\":\"", GOOD},
        {CASE_SIGN, "\"PartialR\":\"", "\"PartialR\":null,\"x\":\"", BAD},
        {CASE_SIGN, "\"PartialR\":\"", "\"PartialR\":\"\",\"x\":\"", KC_OPERATE_BAD_POINT},
        {CASE_SIGN, "\"Data\":\"", "\"Algorithm\":null,\"Data\":\"", GOOD},
        {CASE_SIGN, "\"Data\":\"", "\"Algorithm\":\"ed448\",\"Data\":\"", KC_OPERATE_REFUSED},
        {CASE_SIGN, "\"Data\":\"", "\"Algorithm\":\"\",\"Data\":\"", KC_OPERATE_REFUSED},
        {CASE_SIGN, "\"Data\":\"", "\"Context\":null,\"Data\":\"", GOOD},
        {CASE_SIGN, "\"Data\":\"", "\"PreHash\":\"true\",\"Data\":\"", BAD},
    };
    CASE_PLAY(changes);
}

#define POINT_OF(key) "\"PublicKey\":{\"PublicKeyECDH\":{" key "}}"
#define FIRST(operation) "\"Operations\":[{\"CryptographicOperation" operation "},"

static void each_operation_is_one_of_those_that_there_are(void **state)
{
    (void)state;
    static const char list[] = "\"Operations\":[";
    static const struct case_change changes[] = {
        {CASE_AGREE, list, FIRST("\":{\"KeyId\":" KEY "}"), BAD},
        {CASE_AGREE, list, FIRST("KeyAgreement\":null"), BAD},
        {CASE_AGREE, list, FIRST("KeyAgreement\":{\"KeyId\":" KEY ",\"PublicKey\":{}}"), BAD},
        {CASE_AGREE, list, FIRST("Share\":{}"), KC_OPERATE_REFUSED},
        {CASE_AGREE, list, FIRST("Generate\":{\"Algorithm\":\"X448\"}"), KC_OPERATE_REFUSED},
        {CASE_AGREE, list, FIRST("KeyAgreement\":{\"KeyId\":\"x\"," POINT_OF("") "}"),
            KC_OPERATE_REFUSED},
        {CASE_AGREE, list, FIRST("KeyAgreement\":{\"KeyId\":" KEY "," POINT_OF("") "}"),
            KC_OPERATE_BAD_POINT},
        {CASE_SIGN, list,
            FIRST("KeyAgreement\":{\"KeyId\":" KEY
                  "," POINT_OF("\"crv\":\"X448\",\"Public\":\"" CASE_POINT "\"") "}"),
            GOOD},
        {CASE_AGREE, "PublicKeyECDH", "PrivateKeyECDH", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "\"X448\"", "\"X448\\u0000\"", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "upw2A\"", "upw2A=\"", BAD},
        {CASE_AGREE, "-uInBW", "+uInBW", BAD},
        {CASE_AGREE, "-uInBW", "-\\n  uInBW", GOOD},
    };
    CASE_PLAY(changes);
}

/* --- the envelope --- */

static void what_stands_beside_a_signature_does_not_weaken_it(void **state)
{
    (void)state;
    static const struct {
        const char *what, *with;
        enum kc_operate_code code;
    } cases[] = {
        {"[{", "[{\"EnvelopeId\":\"MAAA\",", GOOD},
        {"[{", "[{\"Received\":\"2026-03-02T12:00:00Z\",", GOOD},
        {"[{", "[{\"SequenceInfo\":{\"Index\":1},", GOOD},
        {"[{", "[{\"unknown\":[1,2,{}],", GOOD},
        {"\"signatures\":[", "\"signatures\":[{},", GOOD},
        {"\"signatures\":[", "\"signatures\":[{\"kid\":\"MAAA\",\"signature\":\"AAAA\"},", GOOD},
        {"\"kid\":\"MBGD", "\"kid\":\"MBGE", GOOD},
        {"\"Manifest\":[", "\"Manifest\":\"AAAA\",\"x\":[", STRANGER},
        {"\"Manifest\":[", "\"Manifest\":[],\"x\":[", STRANGER},
        {"\"Manifest\":[", "\"Manifest\":null,\"x\":[", STRANGER},
        {"\"signature\":\"", "\"signature\":\"A", STRANGER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum kc_operate_code code = case_play_body(cases[i].what, cases[i].with);
        if (code != cases[i].code)
            fail_msg("%s: %s", cases[i].with, kc_operate_code_name(code));
    }
}

/* "Object with exactly one member": what has another could be read in two ways. */
static void a_tagged_envelope_has_its_tag_alone(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        enum kc_operate_code code;
    } cases[] = {{"{\"DareEnvelope\":", "}", GOOD}, {"{\"DareEnvelope\":", ",\"x\":1}", BAD},
        {"{\"x\":1,\"DareEnvelope\":", "}", BAD}, {"{\"dareEnvelope\":", "}", BAD},
        {"{\"DareEnvelope\":{\"DareEnvelope\":", "}}", BAD}, {"[", "]", BAD}, {"", "[]", BAD}};
    static char body[CASE_TEXT_MAX], text[CASE_TEXT_MAX + 100];
    case_body(CASE_AGREE, body);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "%s%s%s", cases[i].before, body, cases[i].after);
        assert_true(operate_service_reset(&case_service));
        enum kc_operate_code code = case_play(CASE_NOW, text);
        if (code != cases[i].code)
            fail_msg("%s%s: %s", cases[i].before, cases[i].after, kc_operate_code_name(code));
    }
}

static void a_body_has_its_size_and_no_more(void **state)
{
    (void)state;
    static char body[CASE_TEXT_MAX], text[KC_OPERATE_BODY_MAX + 2];
    case_body(CASE_AGREE, body);
    size_t size = strlen(body);
    for (size_t more = 0; more < 2; more++) {
        size_t blanks = KC_OPERATE_BODY_MAX - size + more;
        memset(text, ' ', blanks);
        memcpy(text + blanks, body, size + 1);
        assert_true(operate_service_reset(&case_service));
        assert_int_equal(case_play(CASE_NOW, text), more == 0 ? GOOD : BAD);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, case_reset)
    const struct CMUnitTest tests[] = {
        CASE(a_key_is_found_by_its_name_and_by_nothing_like_it),
        CASE(service_and_account_are_the_names_themselves),
        CASE(what_is_no_json_is_no_request),
        CASE(a_member_stands_once_however_it_is_written),
        CASE(numbers_and_nesting_have_limits_also_where_nothing_is_read),
        CASE(a_member_that_is_null_is_as_one_that_is_not_there),
        CASE(each_operation_is_one_of_those_that_there_are),
        CASE(what_stands_beside_a_signature_does_not_weaken_it),
        CASE(a_tagged_envelope_has_its_tag_alone),
        CASE(a_body_has_its_size_and_no_more),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
