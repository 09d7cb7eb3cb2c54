/* SPDX-License-Identifier: Apache-2.0 */
/* What root does with a packet, on a hardware root that does as the test says. */
#include "base/secret.h"
#include "custodian/root/service.h"
#include "tpm/root_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[KC_ROOT_KEY_SIZE] = "thirty-two octets that are a key";

/* --- a hardware root whose sealing is to put an octet before --- */

static struct {
    enum kc_error error; /* what it answers */
    unsigned asked;
} fake;

static enum kc_error fake_seal(struct kc_root *root, const uint8_t *secret, const uint8_t *about,
    uint8_t *blob, size_t *blob_size)
{
    (void)root;
    fake.asked++;
    assert_memory_equal(about, key, sizeof key);
    blob[0] = 's';
    memcpy(blob + 1, secret, KC_ROOT_KEY_SIZE);
    *blob_size = 1 + KC_ROOT_KEY_SIZE;
    return fake.error;
}

static enum kc_error fake_unseal(
    struct kc_root *root, const uint8_t *blob, size_t blob_size, uint8_t *secret)
{
    (void)root;
    fake.asked++;
    if (blob_size != 1 + KC_ROOT_KEY_SIZE)
        return KC_ERR_RECORD_DAMAGED;
    memcpy(secret, blob + 1, KC_ROOT_KEY_SIZE);
    return fake.error;
}

static enum kc_error fake_random(struct kc_root *root, uint8_t *random, size_t size)
{
    (void)root;
    fake.asked++;
    memset(random, 'r', size);
    return fake.error;
}

static enum kc_error fake_status(struct kc_root *root, struct kc_root_status *status)
{
    (void)root;
    fake.asked++;
    *status = (struct kc_root_status){.manufacturer = "a test", .lockout_max_tries = 3};
    return fake.error;
}

static enum kc_error fake_key_make(struct kc_root *root, enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t *auth, const uint8_t *tag, struct kc_root_made *made)
{
    (void)root;
    (void)auth;
    fake.asked++;
    *made = (struct kc_root_made){.algorithm = algorithm,
        .use = use,
        .blob = {(uint8_t)algorithm, (uint8_t)use},
        .blob_size = 2,
        .public_key = {tag[0]},
        .public_size = 1};
    return fake.error;
}

static enum kc_error fake_key_left(
    struct kc_root *root, const uint8_t *tag, uint32_t number, struct kc_root_made *left)
{
    (void)root;
    (void)tag;
    (void)number;
    fake.asked++;
    *left = (struct kc_root_made){.blob_size = 0};
    return fake.error;
}

static enum kc_error fake_key(struct kc_root *root, const struct kc_root_key *about)
{
    (void)root;
    fake.asked++;
    return about->blob.size == 2 ? fake.error : KC_ERR_RECORD_DAMAGED;
}

/* Its results are what was to be done, and the input. */
static enum kc_error fake_key_use(struct kc_root *root, const struct kc_root_use_of_key *use,
    uint8_t *result, size_t *result_size)
{
    (void)root;
    fake.asked++;
    result[0] = (uint8_t)use->operation;
    memcpy(result + 1, use->input.bytes, use->input.size);
    *result_size = 1 + use->input.size;
    return fake.error;
}

static const struct kc_root_kind fake_kind = {.key_make = fake_key_make,
    .key_left = fake_key_left,
    .key_keep = fake_key,
    .key_destroy = fake_key,
    .key_use = fake_key_use,
    .seal = fake_seal,
    .unseal = fake_unseal,
    .random = fake_random,
    .status = fake_status};
static struct kc_root fake_root = {&fake_kind};

static uint64_t clock_ms;

static uint64_t now_ms(void)
{
    return clock_ms;
}

static struct kc_root_service service;

static int start_service(void **state)
{
    (void)state;
    fake.error = KC_OK;
    fake.asked = 0;
    clock_ms = 1000;
    kc_root_service_init(&service, &fake_root, now_ms);
    return 0;
}

/* Lent: valid until the next. */
static struct kc_root_reply ask(const struct kc_root_request *request)
{
    static uint8_t packet[KC_ROOT_REQUEST_MAX], answer[KC_ROOT_REPLY_MAX];
    size_t size = 0, answer_size = 0;
    struct kc_root_reply reply;
    assert_int_equal(kc_root_request_write(request, packet, &size), KC_OK);
    assert_int_equal(kc_root_service_answer(&service, packet, size, answer, &answer_size), KC_OK);
    assert_int_equal(kc_root_reply_read(answer, answer_size, request, &reply), KC_OK);
    assert_int_equal(reply.error, service.answered);
    return reply;
}

static const struct kc_root_request ask_seal = {
    .type = KC_ROOT_REQUEST_SEAL, .id = 1, .key = key, .about = key};
static const struct kc_root_request ask_random = {
    .type = KC_ROOT_REQUEST_RANDOM, .id = 2, .random_size = 5};
static const struct kc_root_request ask_status = {.type = KC_ROOT_REQUEST_STATUS, .id = 3};

static void each_request_reaches_its_operation(void **state)
{
    (void)state;
    struct kc_root_reply reply = ask(&ask_seal);
    assert_int_equal(reply.payload.size, 1 + KC_ROOT_KEY_SIZE);
    uint8_t blob[1 + KC_ROOT_KEY_SIZE];
    memcpy(blob, reply.payload.bytes, sizeof blob);
    reply = ask(&(struct kc_root_request){
        .type = KC_ROOT_REQUEST_UNSEAL, .id = 9, .blob = {blob, sizeof blob}});
    assert_memory_equal(reply.payload.bytes, key, sizeof key);
    assert_memory_equal(ask(&ask_random).payload.bytes, "rrrrr", 5);
    struct kc_root_status status;
    assert_int_equal(kc_root_status_read(ask(&ask_status).payload, &status), KC_OK);
    assert_string_equal(status.manufacturer, "a test");
    assert_int_equal(fake.asked, 4);
}

static void each_request_about_a_resident_key_reaches_its_operation(void **state)
{
    (void)state;
    static const uint8_t tag[KC_ROOT_KEY_TAG_SIZE] = "t";
    static const struct kc_span blob = {(const uint8_t *)"bl", 2};
    struct kc_root_made made;
    struct kc_root_request request = {.type = KC_ROOT_REQUEST_KEY_MAKE,
        .algorithm = KC_ALGORITHM_P256,
        .use = KC_USE_AGREE,
        .auth = key,
        .tag = tag};
    assert_int_equal(kc_root_made_read(ask(&request).payload, &made), KC_OK);
    assert_int_equal(made.blob[0], KC_ALGORITHM_P256);
    assert_int_equal(made.blob[1], KC_USE_AGREE);
    assert_int_equal(made.public_key[0], 't');
    request.algorithm = 99;
    assert_int_equal(ask(&request).error, KC_ERR_BAD_ARGUMENT);
    request = (struct kc_root_request){.type = KC_ROOT_REQUEST_KEY_LEFT, .tag = tag, .number = 1};
    assert_int_equal(kc_root_made_read(ask(&request).payload, &made), KC_OK);
    assert_int_equal(made.blob_size, 0);
    request = (struct kc_root_request){.type = KC_ROOT_REQUEST_KEY_KEEP, .auth = key, .blob = blob};
    assert_int_equal(ask(&request).error, KC_OK);
    request.type = KC_ROOT_REQUEST_KEY_DESTROY;
    assert_int_equal(ask(&request).error, KC_OK);
    request = (struct kc_root_request){.type = KC_ROOT_REQUEST_KEY_USE,
        .operation = KC_ROOT_KEY_AGREE,
        .auth = key,
        .blob = blob,
        .input = {key, 32}};
    struct kc_root_reply reply = ask(&request);
    assert_int_equal(reply.payload.size, 33);
    assert_int_equal(reply.payload.bytes[0], KC_ROOT_OPERATION_AGREE);
    request.operation = KC_ROOT_KEY_SIGN;
    request.scheme = 99;
    assert_int_equal(ask(&request).error, KC_ERR_BAD_ARGUMENT);
    assert_int_equal(fake.asked, 5);
}

static void an_error_has_no_payload(void **state)
{
    (void)state;
    static const enum kc_error errors[] = {KC_ERR_ROOT_LOCKOUT, KC_ERR_ROOT_CHANGED,
        KC_ERR_ROOT_POLICY, KC_ERR_RECORD_DAMAGED, KC_ERR_ROOT_UNAVAILABLE};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        fake.error = errors[i];
        struct kc_root_reply reply = ask(&ask_seal);
        assert_int_equal(reply.error, errors[i]);
        assert_int_equal(reply.payload.size, 0);
    }
}

static void a_malformed_packet_reaches_no_operation(void **state)
{
    (void)state;
    uint8_t answer[KC_ROOT_REPLY_MAX];
    size_t answer_size = 77;
    assert_int_equal(
        kc_root_service_answer(&service, (const uint8_t *)"\1\0\0\0\1", 5, answer, &answer_size),
        KC_ERR_BAD_REQUEST);
    assert_int_equal(answer_size, 77);
    assert_int_equal(fake.asked, 0);
}

static void a_root_that_is_away_is_asked_ever_more_rarely(void **state)
{
    (void)state;
    static const uint64_t pauses_ms[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    fake.error = KC_ERR_ROOT_UNAVAILABLE;
    for (unsigned i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        assert_int_equal(ask(&ask_seal).error, KC_ERR_ROOT_UNAVAILABLE);
        assert_int_equal(fake.asked, i + 1);
        clock_ms += pauses_ms[i] - 1;
        assert_int_equal(ask(&ask_random).error, KC_ERR_ROOT_UNAVAILABLE);
        assert_int_equal(fake.asked, i + 1);
        clock_ms += 1;
    }
    fake.error = KC_OK;
    assert_int_equal(ask(&ask_seal).error, KC_OK);
    fake.error = KC_ERR_ROOT_UNAVAILABLE;
    assert_int_equal(ask(&ask_seal).error, KC_ERR_ROOT_UNAVAILABLE);
    clock_ms += pauses_ms[0];
    fake.error = KC_OK;
    assert_int_equal(ask(&ask_seal).error, KC_OK);
}

static void no_other_error_makes_a_pause(void **state)
{
    (void)state;
    fake.error = KC_ERR_RECORD_DAMAGED;
    assert_int_equal(ask(&ask_seal).error, KC_ERR_RECORD_DAMAGED);
    fake.error = KC_OK;
    assert_int_equal(ask(&ask_seal).error, KC_OK);
}

#define TEST(name) cmocka_unit_test_setup(name, start_service)

int main(void)
{
    if (kc_arena_init(0) != KC_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        TEST(each_request_reaches_its_operation),
        TEST(each_request_about_a_resident_key_reaches_its_operation),
        TEST(an_error_has_no_payload),
        TEST(a_malformed_packet_reaches_no_operation),
        TEST(a_root_that_is_away_is_asked_ever_more_rarely),
        TEST(no_other_error_makes_a_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
