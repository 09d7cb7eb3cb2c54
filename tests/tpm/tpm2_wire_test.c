/* SPDX-License-Identifier: Apache-2.0 */
/* What someone between the custodian and its TPM can read, and what he can exchange. */
#include "tests/support/tpm_proxy.h"
#include "tests/tpm/fixture.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CC_START_AUTH_SESSION 0x176u
#define CC_READ_PUBLIC 0x173u
#define WINDOW 8 /* octets in a row that would already be too many */

struct wire {
    struct fixture *fixture;
    struct kc_tpm_proxy proxy;
    struct kc_root *root; /* through the proxy */
};

static int make_wire(void **state)
{
    struct wire *w = calloc(1, sizeof *w);
    void *fixture = NULL;
    assert_non_null(w);
    assert_int_equal(make_fixture(&fixture), 0);
    w->fixture = fixture;
    kc_tpm_proxy_init(&w->proxy, &w->fixture->tpm);
    w->fixture->settings.tcti = w->proxy.tcti;
    w->root = make_root(&w->fixture->settings);
    *state = w;
    return 0;
}

static int drop_wire(void **state)
{
    struct wire *w = *state;
    void *fixture = w->fixture;
    kc_root_free(w->root);
    kc_tpm_proxy_done(&w->proxy);
    drop_fixture(&fixture);
    free(w);
    return 0;
}

/* --- reading --- */

static void assert_unseen(const struct wire *w, const uint8_t *secret, size_t size)
{
    for (size_t i = 0; i + WINDOW <= size; i++)
        assert_false(kc_tpm_proxy_saw(&w->proxy, secret + i, WINDOW));
}

static void seal_and_unseal(struct kc_root *root)
{
    uint8_t blob[KC_ROOT_BLOB_MAX], key[KC_ROOT_KEY_SIZE];
    size_t blob_size = 0;
    assert_int_equal(
        kc_root_seal(root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size), KC_OK);
    assert_int_equal(kc_root_unseal(root, blob, blob_size, key), KC_OK);
    assert_memory_equal(key, fixture_key, sizeof key);
}

static void no_secret_crosses_in_clear(void **state)
{
    struct wire *w = *state;
    uint8_t random[KC_ROOT_RANDOM_MAX];
    seal_and_unseal(w->root);
    assert_int_equal(kc_root_random(w->root, random, sizeof random), KC_OK);
    kc_root_disconnect(w->root);
    assert_unseen(w, fixture_key, sizeof fixture_key);
    assert_unseen(w, random, sizeof random);
    /* the public half of it all did cross: this is the traffic */
    assert_true(kc_tpm_proxy_saw(&w->proxy, w->fixture->srk_name, sizeof w->fixture->srk_name));
}

static void no_secret_crosses_in_clear_with_a_pcr_policy(void **state)
{
    struct wire *w = *state;
    w->fixture->settings.pcr_mask = 1u << 7;
    struct kc_root *root = make_root(&w->fixture->settings);
    seal_and_unseal(root);
    kc_root_free(root);
    assert_unseen(w, fixture_key, sizeof fixture_key);
    assert_true(kc_tpm_proxy_saw(&w->proxy, w->fixture->srk_name, sizeof w->fixture->srk_name));
}

/* Neither what authorises a resident key's use nor what it agreed on, though the TPM answers that. */
static void no_secret_of_a_resident_key_crosses_in_clear(void **state)
{
    struct wire *w = *state;
    static const uint8_t tag[KC_ROOT_KEY_TAG_SIZE] = "a maker's tag";
    static const uint8_t auth[KC_ROOT_AUTH_SIZE] = "what authorises the use of a key";
    uint8_t agreed[KC_ROOT_RESULT_MAX], signature[KC_ROOT_RESULT_MAX];
    size_t agreed_size = 0, signature_size = 0;
    struct kc_root_made agrees, signs, other;
    assert_int_equal(
        kc_root_key_make(w->root, KC_ALGORITHM_P256, KC_USE_AGREE, auth, tag, &agrees), KC_OK);
    assert_int_equal(
        kc_root_key_make(w->root, KC_ALGORITHM_P256, KC_USE_AGREE, auth, tag, &other), KC_OK);
    assert_int_equal(
        kc_root_key_make(w->root, KC_ALGORITHM_P256, KC_USE_SIGN, auth, tag, &signs), KC_OK);
    const struct kc_root_key first = {auth, {agrees.blob, agrees.blob_size}};
    const struct kc_root_key second = {auth, {signs.blob, signs.blob_size}};
    assert_int_equal(
        kc_root_key_agree(w->root, &first, (struct kc_span){other.public_key, other.public_size},
            agreed, &agreed_size),
        KC_OK);
    assert_int_equal(kc_root_key_sign(w->root, &second, KC_ROOT_ECDSA,
                         (struct kc_span){fixture_key, 32}, signature, &signature_size),
        KC_OK);
    kc_root_disconnect(w->root);
    assert_int_equal(agreed_size, 65);
    assert_unseen(w, auth, sizeof auth);
    assert_unseen(w, agreed + 1, 32);
    assert_unseen(w, agreed + 33, 32);
    /* what is public did cross */
    assert_true(kc_tpm_proxy_saw(&w->proxy, signs.public_key + 1, 32));
}

/* The same key sealed without care, by tpm2-tools: what the test would
 * see if we did not encrypt. */
static void a_key_that_does_cross_in_clear_would_be_seen(void **state)
{
    struct wire *w = *state;
    char command[512];
    snprintf(command, sizeof command,
        "ln -s tpm.ctrl tpm.proxy.ctrl; printf '%.32s' | TPM2TOOLS_TCTI=%s tpm2_create -C "
        "0x81000001 "
        "-i - -u pub -r priv",
        (const char *)fixture_key, w->proxy.tcti);
    assert_true(kc_swtpm_run(&w->fixture->tpm, command));
    assert_true(kc_tpm_proxy_saw(&w->proxy, fixture_key, sizeof fixture_key));
}

/* --- exchanging the key to which sessions are salted --- */

/* The generator of P-256: a point whose private half everybody knows. */
static const uint8_t known_point[2][32] = {
    {0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
        0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
        0x96},
    {0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
        0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51,
        0xf5},
};

/* Where things are in the answer to ReadPublic of an SRK like ours (ECC, no policy, no scheme). */
enum {
    AREA = 10 + 2,
    POINT_X = AREA + 2 + 2 + 4 + 2 + 6 + 2 + 2 + 2 + 2,
    POINT_Y = POINT_X + 32 + 2,
    AREA_END = POINT_Y + 32,
    NAME_DIGEST = AREA_END + 2 + 2,
};

static bool started_a_session;
static bool exchanges_name;

static size_t exchange(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)command_size;
    uint32_t code = kc_tpm_proxy_command_code(command);
    started_a_session |= code == CC_START_AUTH_SESSION;
    if (code != CC_READ_PUBLIC)
        return answer_size;
    proxy->count++;
    memcpy(answer + POINT_X, known_point[0], 32);
    memcpy(answer + POINT_Y, known_point[1], 32);
    if (exchanges_name)
        SHA256(answer + AREA, AREA_END - AREA, answer + NAME_DIGEST);
    return answer_size;
}

static void a_substituted_storage_key_gets_no_session(void **state)
{
    struct wire *w = *state;
    static const bool with_name[] = {
        true,  /* wholly another key */
        false, /* another key under the pinned Name */
    };
    w->proxy.hook = exchange;
    for (size_t i = 0; i < sizeof with_name / sizeof with_name[0]; i++) {
        exchanges_name = with_name[i];
        started_a_session = false;
        w->proxy.count = 0;
        kc_root_disconnect(w->root);
        enum kc_error error = kc_root_connect(w->root);
        assert_true(error == KC_ERR_ROOT_CHANGED || error == KC_ERR_ROOT_ANSWER);
        assert_false(started_a_session);
        assert_int_equal(w->proxy.count, 1); /* what was compared is what is used */
    }
    w->proxy.hook = NULL;
    assert_int_equal(kc_root_connect(w->root), KC_OK);
}

/* The exchange is a real one: with that key's own Name as the pin the root goes on to a session. */
static void the_substituted_key_would_do_for_who_pins_it(void **state)
{
    struct wire *w = *state;
    w->proxy.hook = exchange;
    exchanges_name = true;
    started_a_session = false;
    struct kc_root_settings settings = {.tcti = w->proxy.tcti};
    struct kc_root *owner = make_root(&settings);
    uint8_t name[KC_ROOT_NAME_SIZE];
    assert_int_not_equal(
        kc_root_provision(owner, name), KC_OK); /* the TPM has not its private half */
    assert_true(started_a_session);
    kc_root_free(owner);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_wire, drop_wire)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_secret_crosses_in_clear),
        TEST(no_secret_crosses_in_clear_with_a_pcr_policy),
        TEST(no_secret_of_a_resident_key_crosses_in_clear),
        TEST(a_key_that_does_cross_in_clear_would_be_seen),
        TEST(a_substituted_storage_key_gets_no_session),
        TEST(the_substituted_key_would_do_for_who_pins_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
