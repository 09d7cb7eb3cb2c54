/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that are not computed again: what is remembered of them, and what is judged anyway. */
#include "tests/support/cmocka.h"

#include "custodian/mesh/verify.h"
#include "tests/mesh/operate_case.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* --- alone --- */

static unsigned computed;
static enum kc_error outcome;

static enum kc_error compute(const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature)
{
    (void)key, (void)digest, (void)signature;
    computed++;
    return outcome;
}

struct signed_digest {
    struct kc_public_key key;
    uint8_t digest[KC_DARE_DIGEST_SIZE], signature[KC_DARE_SIGNATURE_MAX];
};

static enum kc_error verify(struct kc_proven *proven, const struct signed_digest *what)
{
    return kc_proven_verify(proven, &what->key, what->digest,
        (struct kc_span){what->signature, sizeof what->signature});
}

static const struct signed_digest sample = {
    .key = {.algorithm = "Ed448", .octets = {1}, .size = 57}, .digest = {2}, .signature = {3}};

static void what_verified_is_known_by_all_that_it_depends_on(void **state)
{
    (void)state;
    struct kc_proven *proven;
    struct signed_digest others[] = {sample, sample, sample, sample, sample};
    strcpy(others[0].key.algorithm, "Ed44");
    others[1].key.octets[56] ^= 1;
    others[2].key.size--;
    others[3].digest[63] ^= 1;
    others[4].signature[113] ^= 1;
    GOOD(kc_proven_new(1000, compute, &proven));
    computed = 0;
    outcome = KC_OK;
    GOOD(verify(proven, &sample));
    GOOD(verify(proven, &sample));
    assert_int_equal(computed, 1);
    outcome = KC_ERR_SIGNATURE;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(verify(proven, &others[i]), KC_ERR_SIGNATURE);
    assert_int_equal(computed, 6);
    GOOD(verify(proven, &sample));
    assert_int_equal(computed, 6);
    kc_proven_free(proven);
}

static void what_does_not_verify_is_not_remembered(void **state)
{
    (void)state;
    struct kc_proven *proven;
    GOOD(kc_proven_new(1, compute, &proven));
    computed = 0;
    outcome = KC_ERR_SIGNATURE;
    assert_int_equal(verify(proven, &sample), KC_ERR_SIGNATURE);
    assert_int_equal(verify(proven, &sample), KC_ERR_SIGNATURE);
    assert_int_equal(computed, 2);
    kc_proven_free(proven);
}

static void a_newer_one_takes_the_place_of_an_older_one(void **state)
{
    (void)state;
    struct kc_proven *proven;
    struct signed_digest other = sample;
    other.digest[0]++;
    GOOD(kc_proven_new(1, compute, &proven));
    computed = 0;
    outcome = KC_OK;
    GOOD(verify(proven, &sample));
    GOOD(verify(proven, &other));
    GOOD(verify(proven, &other));
    assert_int_equal(computed, 2);
    GOOD(verify(proven, &sample));
    assert_int_equal(computed, 3);
    kc_proven_free(proven);
}

/* --- under a request --- */

static enum kc_error compute_it(const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature)
{
    computed++;
    return kc_mesh_verify(key, digest, signature);
}

/* Plays the agreement with a connection after it was accepted with the one that is right; whether
 * the connection's signature was computed for it is told. */
static enum kc_operate_code play_after(uint64_t now_ms, const char *manifest, bool *was_computed)
{
    static char payload[CASE_TEXT_MAX];
    case_payload(CASE_AGREE, payload);
    char *body = case_seal(payload, CASE_DEVICE, manifest);
    unsigned before = computed;
    enum kc_operate_code code = case_play(now_ms, body);
    *was_computed = computed != before;
    free(body);
    return code;
}

/* Each of them plays the agreement as it is first, and begins with a memory of its own. */
static char *begin(void **state)
{
    bool was_computed;
    char *manifest = case_manifest();
    assert_int_equal(case_reset(state), 0);
    kc_proven_free(case_service.state.proven);
    GOOD(kc_proven_new(64, compute_it, &case_service.state.proven));
    assert_int_equal(play_after(CASE_NOW, manifest, &was_computed), KC_OPERATE_ACCEPTED);
    assert_true(was_computed);
    assert_int_equal(case_reset(state), 0);
    return manifest;
}

static void a_connection_that_is_known_is_not_computed_again(void **state)
{
    bool was_computed;
    char *manifest = begin(state);
    assert_int_equal(play_after(CASE_NOW, manifest, &was_computed), KC_OPERATE_ACCEPTED);
    assert_false(was_computed);
    free(manifest);
}

static void a_device_that_is_known_is_refused_when_it_is_revoked(void **state)
{
    bool was_computed;
    char *manifest = begin(state);
    assert_true(operate_service_revoke_device(
        &case_service, json_string_value(case_at(case_base, "device.udf"))));
    assert_int_equal(play_after(CASE_NOW, manifest, &was_computed), KC_OPERATE_NOT_AUTHENTICATED);
    assert_false(was_computed);
    free(manifest);
}

static void a_connection_that_is_known_is_refused_when_it_is_too_old(void **state)
{
    bool was_computed;
    char *manifest = begin(state);
    assert_int_equal(play_after(CASE_NOW + KC_OPERATE_MEMBER_AGE * 1000, manifest, &was_computed),
        KC_OPERATE_NOT_AUTHENTICATED);
    assert_false(was_computed);
    free(manifest);
}

static void a_connection_that_is_known_is_of_its_account_and_of_its_administrator_alone(
    void **state)
{
    bool was_computed;
    char *manifest = begin(state);
    const struct kc_mesh_account account = case_service.accounts[0];
    case_service.accounts[0].udf[0] ^= 1;
    assert_int_equal(play_after(CASE_NOW, manifest, &was_computed), KC_OPERATE_NOT_AUTHENTICATED);
    assert_false(was_computed);
    case_service.accounts[0] = account;
    case_service.accounts[0].administrator = account.profile;
    assert_int_equal(play_after(CASE_NOW, manifest, &was_computed), KC_OPERATE_NOT_AUTHENTICATED);
    assert_true(was_computed);
    case_service.accounts[0] = account;
    free(manifest);
}

/* An octet of what was signed, and one of the signature. */
static void a_connection_is_not_known_when_an_octet_of_it_was_altered(void **state)
{
    bool was_computed;
    char *manifest = begin(state);
    static const char *const parts[] = {
        "device.ConnectionDevice.1", "device.ConnectionDevice.2.signatures.0.signature"};
    for (size_t i = 0; i < 2; i++) {
        char *place = strstr(manifest, json_string_value(case_at(case_base, parts[i])));
        assert_non_null(place);
        char former = place[20];
        place[20] = former == 'A' ? 'B' : 'A';
        assert_int_equal(
            play_after(CASE_NOW, manifest, &was_computed), KC_OPERATE_NOT_AUTHENTICATED);
        place[20] = former;
    }
    assert_int_equal(play_after(CASE_NOW, manifest, &was_computed), KC_OPERATE_ACCEPTED);
    assert_false(was_computed);
    free(manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_verified_is_known_by_all_that_it_depends_on),
        cmocka_unit_test(what_does_not_verify_is_not_remembered),
        cmocka_unit_test(a_newer_one_takes_the_place_of_an_older_one),
        cmocka_unit_test(a_connection_that_is_known_is_not_computed_again),
        cmocka_unit_test(a_device_that_is_known_is_refused_when_it_is_revoked),
        cmocka_unit_test(a_connection_that_is_known_is_refused_when_it_is_too_old),
        cmocka_unit_test(
            a_connection_that_is_known_is_of_its_account_and_of_its_administrator_alone),
        cmocka_unit_test(a_connection_is_not_known_when_an_octet_of_it_was_altered),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
