/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's vault: what it makes works for a device, a member and a service; whom it was not
 * told to trust gets nothing; and no crash leaves half of anything. */
#include "tests/mesh/admin_case.h"
#include "tests/vault/bench.h"

#include "custodian/mesh/group.h"
#include "custodian/mesh/share_envelope.h"
#include "custodian/mesh/share_refresh.h"
#include "custodian/vault/core.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define ADDRESS "alice@example.com"
#define GROUP_ADDRESS "group@example.com"
#define ACKNOWLEDGED "NBF4-4PTH-UTSC-RYHZ-EQMK-BVH7-MU3F"

/* The device, the service and a second person are of the case; its account is the vault's. */
struct world {
    struct bench *bench;
    struct admin_case *c;
    char *bob;                     /* another account's profile, as it was made */
    struct sample_key bob_profile; /* what it is known by */
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->bench = bench_new();
    w->bench->seconds = SAMPLE_NOW;
    bench_set_pin(w->bench);
    w->c = admin_case_new();
    w->bob = strdup(w->c->account_text);
    w->bob_profile = w->c->profile;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    bench_free(w->bench);
    admin_case_free(w->c);
    free(w->bob);
    free(w);
    return 0;
}

/* --- asking --- */

static void ask_pin(struct ask *ask)
{
    ask_secret(ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
}

static struct ask create_ask(
    const struct world *w, enum kc_operation operation, const char *label, const char *address)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ACCOUNT, address);
    ask_octets(&ask, KC_FIELD_PROFILE, w->c->service_text, strlen(w->c->service_text));
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_pin(&ask);
    return ask;
}

/* Takes the vault's account in place of the one of the case. */
/* 001, 8.1.1: "MUST" name an EscrowEncryption, of a person and of a group, at each change. */
static void check_escrow(struct kc_span profile)
{
    struct kc_signed_object opened;
    struct kc_public_key key;
    GOOD(kc_signed_object_open_profile(
        profile, profile.size, KC_OBJECT_ProfileAccount, NULL, kc_mesh_verify, &opened, NULL));
    GOOD(kc_object_key(&opened.object, "EscrowEncryption", &key));
    kc_signed_object_done(&opened);
}

static void take_account(struct world *w, char *profile)
{
    struct admin_case *c = w->c;
    check_escrow(admin_span(profile));
    free(c->account_text);
    c->account_text = profile;
    GOOD(kc_mesh_account_read(admin_span(profile), c->provider.udf, &c->account));
    c->administrator.public = c->account.administrator;
    c->encryption.public = c->account.encryption;
    GOOD(kc_mesh_point(&c->account.encryption, &c->encryption.pair.public));
    if (c->account.signature.size == 0)
        return;
    c->signature.public = c->account.signature;
    GOOD(kc_mesh_point(&c->account.signature, &c->signature.pair.public));
}

/* The UDF; given: free. */
static char *create(struct world *w, enum kc_operation operation, const char *address)
{
    size_t size;
    struct ask ask = create_ask(w, operation, "account", address);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *udf = strdup(answer_text(answer, KC_FIELD_ACCOUNT_UDF));
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    assert_string_equal(w->c->account.udf, udf);
    answer_done(answer);
    return udf;
}

static struct ask enrol_ask(const struct sample_key *profile, const char *label)
{
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ALGORITHM, profile->public.algorithm);
    ask_octets(&ask, KC_FIELD_PUBLIC, profile->public.octets, profile->public.size);
    ask_pin(&ask);
    return ask;
}

static void enrol(struct world *w, const struct sample_key *profile, const char *label)
{
    struct ask ask = enrol_ask(profile, label);
    struct answer *answer = bench_ask(w->bench, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_RECIPIENT), profile->public.udf);
    answer_done(answer);
}

static void ask_parties(struct ask *ask, const char *account, const char *holder)
{
    ask_text(ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(ask, KC_FIELD_RECIPIENT, holder);
    ask_text(ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
}

static void ask_service(const struct world *w, struct ask *ask)
{
    ask_octets(ask, KC_FIELD_PROFILE, w->c->service_text, strlen(w->c->service_text));
}

static struct ask activate_ask(const struct world *w, const char *account, const char *rights)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_ACTIVATE);
    ask_parties(&ask, account, w->c->device_profile.public.udf);
    ask_octets(&ask, KC_FIELD_DOCUMENT, w->c->device_text, strlen(w->c->device_text));
    ask_text(&ask, KC_FIELD_RIGHTS, rights);
    ask_service(w, &ask);
    ask_pin(&ask);
    return ask;
}

static struct ask refresh_ask(
    const struct world *w, const char *account, const char *holder, const char *use)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_REFRESH);
    ask_parties(&ask, account, holder);
    ask_service(w, &ask);
    if (use)
        ask_text(&ask, KC_FIELD_USE, use);
    ask_pin(&ask);
    return ask;
}

static struct ask remove_ask(enum kc_operation operation, const char *account, const char *holder)
{
    struct ask ask = ask_new(operation);
    ask_parties(&ask, account, holder);
    ask_pin(&ask);
    return ask;
}

static struct ask join_ask(const struct world *w, const char *group)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_MEMBER_ADD);
    ask_parties(&ask, group, w->bob_profile.public.udf);
    ask_octets(&ask, KC_FIELD_DOCUMENT, w->bob, strlen(w->bob));
    ask_service(w, &ask);
    ask_pin(&ask);
    return ask;
}

/* --- what a request to the service holds --- */

/* The frame at a position; given: free. Verified under the account's administrator. */
static char *frame_at(
    const struct world *w, const struct answer *answer, size_t position, const char *container)
{
    size_t size;
    struct kc_signed_object request;
    char *text = answer_octets(answer, KC_FIELD_REQUEST, &size);
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)text, size}, size,
        KC_OBJECT_TransactRequest, &w->c->account.administrator, kc_mesh_verify, &request));
    assert_true(
        kc_json_is_text(kc_object_member(&request.object, "Account"), w->c->account.address));
    struct kc_json update = kc_json_item(kc_object_member(&request.object, "Updates"), position);
    assert_true(kc_json_is_text(kc_json_member(update, "Container"), container));
    struct kc_span frame = kc_json_source(kc_json_item(kc_json_member(update, "Envelopes"), 0));
    char *copy = strndup((const char *)frame.bytes, frame.size);
    kc_signed_object_done(&request);
    free(text);
    return copy;
}

static size_t frame_count(const struct world *w, const struct answer *answer)
{
    size_t size;
    struct kc_signed_object request;
    char *text = answer_octets(answer, KC_FIELD_REQUEST, &size);
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)text, size}, size,
        KC_OBJECT_TransactRequest, &w->c->account.administrator, kc_mesh_verify, &request));
    size_t count = kc_json_count(kc_object_member(&request.object, "Updates"));
    kc_signed_object_done(&request);
    free(text);
    return count;
}

static void accept_frame(const struct world *w, const struct answer *answer, size_t position,
    struct admin_service *service)
{
    char *entry = frame_at(w, answer, position, "MMM_Access");
    GOOD(admin_service_accept(service, entry));
    free(entry);
}

/* What the peer agrees with the whole key. */
static void check_decrypts(
    const struct world *w, const struct admin_service *service, const struct admin_device *device)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    assert_int_equal(
        admin_decrypt(service, device, &peer.pair.public, agreed), KC_OPERATE_ACCEPTED);
    GOOD(kc_agreement_agree(expected, &peer.pair.scalar, &w->c->encryption.pair.public));
    assert_memory_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
}

/* --- accounts --- */

static void an_account_has_its_seed_its_keys_and_what_binds_it(void **state)
{
    struct world *w = *state;
    size_t size;
    struct kc_signed_object request;
    struct ask ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *udf = strdup(answer_text(answer, KC_FIELD_ACCOUNT_UDF));
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    char *bind = answer_octets(answer, KC_FIELD_REQUEST, &size);
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)bind, size}, size, KC_OBJECT_BindRequest,
        &w->c->account.profile, kc_mesh_verify, &request));
    kc_signed_object_done(&request);
    free(bind);
    answer_done(answer);
    const struct kc_record *seed = bench_record(w->bench, KC_KIND_SEED, udf);
    assert_non_null(seed);
    assert_string_equal(seed->account, ADDRESS);
    const struct kc_public_key *keys[] = {&w->c->account.profile, &w->c->account.administrator,
        &w->c->account.encryption, &w->c->account.signature};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct kc_record *key = bench_record(w->bench, KC_KIND_KEY, keys[i]->udf);
        assert_non_null(key);
        assert_int_equal(key->role, KC_ROLE_ACCOUNT);
        assert_int_equal(key->secret_size, 0);
    }
    free(udf);
}

static void no_account_is_made_without_the_operator_or_of_a_wrong_name(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *label, *address;
    } wrong[] = {{"account", "alice"}, {"account", "alice@"}, {"account", "a b@example.com"},
        {"a label of more characters than those of its keys leave room for", ADDRESS}};
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_CREATE);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "account");
    ask_text(&ask, KC_FIELD_ACCOUNT, ADDRESS);
    ask_secret(&ask, KC_FIELD_PIN, "another PIN", 11);
    bench_expect(w->bench, &ask, KC_ERR_OPERATOR_PROOF);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, wrong[i].label, wrong[i].address);
        bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    }
    ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    ask_text(&ask, KC_FIELD_ALGORITHM, "X448");
    bench_expect(w->bench, &ask, KC_ERR_BAD_ALGORITHM);
    ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    ask_octets(&ask, KC_FIELD_PROFILE, w->c->device_text, strlen(w->c->device_text));
    bench_expect(w->bench, &ask, KC_ERR_BAD_REQUEST);
    for (size_t i = 0; i < w->bench->record_count; i++)
        assert_int_not_equal(w->bench->records[i].kind, KC_KIND_SEED);
    free(create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS));
    ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    bench_expect(w->bench, &ask, KC_ERR_LABEL_TAKEN);
}

/* Escrows what is said to have none, to the last share or not. */
static void escrow(struct world *w, const char *seed, bool to_the_last)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ESCROW_CREATE);
    ask_text(&ask, KC_FIELD_KEY, seed);
    ask_number(&ask, KC_FIELD_COUNT, 3);
    ask_number(&ask, KC_FIELD_THRESHOLD, 2);
    ask_pin(&ask);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *object = strdup(answer_text(answer, KC_FIELD_OBJECT));
    answer_done(answer);
    for (size_t i = 0; i < (to_the_last ? 3u : 2u); i++) {
        ask = ask_new(KC_OPERATION_MESH_ESCROW_SHARE);
        ask_text(&ask, KC_FIELD_OBJECT, object);
        bench_expect(w->bench, &ask, KC_OK);
    }
    free(object);
}

/* The id of the seed that has no escrow, or NULL; given: free. */
static char *unescrowed(struct world *w, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_PROFILE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    struct answer *answer = bench_ask(w->bench, &ask);
    bool is_pending = kc_values_has(&answer->in.message.values, KC_FIELD_ADVICE);
    char *seed = is_pending ? strdup(answer_text(answer, KC_FIELD_KEY)) : NULL;
    assert_string_equal(answer_text(answer, KC_FIELD_ACCOUNT_UDF), account);
    answer_done(answer);
    return seed;
}

static void an_account_says_until_all_shares_were_shown_that_it_has_no_escrow(void **state)
{
    struct world *w = *state;
    char *group = create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS);
    char *seed = unescrowed(w, group);
    assert_string_equal(seed, group);
    escrow(w, seed, false);
    free(seed);
    seed = unescrowed(w, group);
    assert_string_equal(seed, group);
    escrow(w, seed, true);
    free(seed);
    assert_null(unescrowed(w, group));
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE); /* a seed more */
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group);
    ask_pin(&ask);
    bench_expect(w->bench, &ask, KC_OK);
    seed = unescrowed(w, group);
    assert_string_not_equal(seed, group);
    free(seed);
    free(group);
}

/* --- devices --- */

static void a_device_that_the_vault_connected_works_with_the_service(void **state)
{
    struct world *w = *state;
    size_t size;
    struct admin_device device;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX], digest[64] = "what is signed";
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask =
        activate_ask(w, account, "encryption=threshold,signature=threshold,MMM_Contact");
    struct answer *answer = bench_ask(w->bench, &ask);
    char *cataloged = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    admin_activate(w->c, cataloged, &device);
    assert_int_equal(device.store_count, 1);
    assert_int_equal(frame_count(w, answer), 3);
    struct admin_service *service = admin_service_new(w->c, &w->c->account);
    accept_frame(w, answer, 1, service);
    accept_frame(w, answer, 2, service);
    check_decrypts(w, service, &device);
    assert_int_equal(admin_sign(service, &device, digest, signature), KC_OPERATE_ACCEPTED);
    GOOD(kc_mesh_verify(&w->c->account.signature, digest,
        (struct kc_span){signature, kc_curve_info(KC_CURVE_ED448)->signature_size}));
    admin_service_free(service);
    admin_device_done(&device);
    free(cataloged);
    answer_done(answer);
    free(account);
}

static void the_answer_to_a_device_is_what_it_waits_for(void **state)
{
    struct world *w = *state;
    size_t size;
    struct kc_signed_object respond;
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, account, "");
    ask_text(&ask, KC_FIELD_CONNECTION, ACKNOWLEDGED);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *text = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)text, size}, size,
        KC_OBJECT_RespondConnection, &w->c->account.administrator, kc_mesh_verify, &respond));
    kc_signed_object_done(&respond);
    free(text);
    answer_done(answer);
    free(account);
}

static void a_device_is_connected_once_until_it_is_taken_off(void **state)
{
    struct world *w = *state;
    const char *udf = w->c->device_profile.public.udf;
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, account, "encryption=threshold");
    bench_expect(w->bench, &ask, KC_OK);
    ask = activate_ask(w, account, "encryption=threshold");
    bench_expect(w->bench, &ask, KC_ERR_EXISTS);
    ask = remove_ask(KC_OPERATION_MESH_GROUP_MEMBER_REMOVE, account, udf);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    ask = remove_ask(KC_OPERATION_MESH_ACCOUNT_DISCONNECT, account, udf);
    struct answer *answer = bench_ask(w->bench, &ask);
    assert_int_equal(frame_count(w, answer), 2);
    free(frame_at(w, answer, 0, "MMM_Access"));
    free(frame_at(w, answer, 1, "MMM_Device"));
    answer_done(answer);
    ask = remove_ask(KC_OPERATION_MESH_ACCOUNT_DISCONNECT, account, udf);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    ask = activate_ask(w, account, "");
    bench_expect(w->bench, &ask, KC_OK);
    free(account);
}

/* The activation seed leaves in an envelope; no record holds it after that. */
static void the_activation_seed_is_not_kept(void **state)
{
    struct world *w = *state;
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, account, "");
    size_t before = w->bench->record_count, holders = 0;
    bench_expect(w->bench, &ask, KC_OK);
    assert_int_equal(w->bench->record_count, before + 1);
    for (size_t i = 0; i < w->bench->record_count; i++) {
        const struct kc_record *record = &w->bench->records[i];
        if (record->kind != KC_KIND_HOLDER)
            continue;
        holders++;
        assert_int_equal(record->secret_size, 0);
        assert_int_equal(record->seal_size, 0);
    }
    assert_int_equal(holders, 1);
    free(account);
}

static void nothing_is_made_for_whom_the_operator_did_not_enrol(void **state)
{
    struct world *w = *state;
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    struct ask ask = activate_ask(w, account, "");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    enrol(w, &w->c->device_signature, "another key");
    ask = activate_ask(w, account, "");
    ask_text(&ask, KC_FIELD_RECIPIENT, w->c->device_signature.public.udf);
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    enrol(w, &w->c->device_profile, "watch");
    char *forged = admin_profile_device(&w->c->device_profile, &w->c->device_encryption.public,
        &w->c->device_signature.public, &w->c->device_authentication.public,
        &w->c->device_signature);
    ask = activate_ask(w, account, "");
    ask_octets(&ask, KC_FIELD_DOCUMENT, forged, strlen(forged));
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    free(forged);
    ask = activate_ask(w, account, "");
    ask_secret(&ask, KC_FIELD_PIN, "another PIN", 11);
    bench_expect(w->bench, &ask, KC_ERR_OPERATOR_PROOF);
    ask = activate_ask(w, w->bob_profile.public.udf, "");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    free(account);
}

/* Any service could say that it is the account's, if the account's own profile names none. */
static void an_account_without_a_service_has_no_shares_anywhere(void **state)
{
    struct world *w = *state;
    size_t size;
    struct ask ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "account", ADDRESS);
    kc_field_set_remove(&ask.message.values.present, KC_FIELD_PROFILE);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *account = strdup(answer_text(answer, KC_FIELD_ACCOUNT_UDF));
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    answer_done(answer);
    enrol(w, &w->c->device_profile, "watch");
    ask = activate_ask(w, account, "encryption=threshold");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    free(account);
}

/* What a key of a recipient for shares is enrolled for is something else. */
static void an_enrolled_wrap_key_is_no_profile_and_a_profile_no_wrap_key(void **state)
{
    struct world *w = *state;
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_encryption, "wrap");
    enrol(w, &w->c->device_profile, "profile");
    struct ask ask = activate_ask(w, account, "");
    ask_text(&ask, KC_FIELD_RECIPIENT, w->c->device_encryption.public.udf);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    char *key = bench_generate(w->bench, "X448", "application", "k");
    ask = ask_new(KC_OPERATION_SHARE_SPLIT);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_text(&ask, KC_FIELD_RECIPIENT, w->c->device_profile.public.udf);
    ask_pin(&ask);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    free(key);
    free(account);
}

static void shares_go_to_the_service_of_the_account_s_profile_alone(void **state)
{
    struct world *w = *state;
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, account, "encryption=threshold");
    kc_field_set_remove(&ask.message.values.present, KC_FIELD_PROFILE);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    w->c->service_profile = w->c->response; /* another service, with the same keys for the rest */
    char *other = admin_profile_service(w->c);
    ask = activate_ask(w, account, "encryption=threshold");
    ask_octets(&ask, KC_FIELD_PROFILE, other, strlen(other));
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    free(other);
    ask = activate_ask(w, account, "escrow");
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    free(account);
}

/* --- refresh --- */

struct connected {
    char *account;
    struct admin_device device;
    struct admin_service *service;
};

static struct connected connect_device(struct world *w, const char *rights)
{
    size_t size;
    struct connected made = {.account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS)};
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = activate_ask(w, made.account, rights);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *cataloged = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    admin_activate(w->c, cataloged, &made.device);
    made.service = admin_service_new(w->c, &w->c->account);
    for (size_t i = 1; i < frame_count(w, answer); i++)
        accept_frame(w, answer, i, made.service);
    free(cataloged);
    answer_done(answer);
    return made;
}

static void connected_done(struct connected *made)
{
    free(made->account);
    admin_device_done(&made->device);
    admin_service_free(made->service);
}

/* Takes a whole share out of what a holder was sent. */
static void holder_share_open(const struct world *w, const char *entry, struct admin_device *device)
{
    struct kc_signed_object opened;
    GOOD(kc_signed_object_open(admin_span(entry), strlen(entry), KC_OBJECT_CatalogedAccess,
        &w->c->account.administrator, kc_mesh_verify, &opened));
    struct kc_object inner = kc_object_inner(&opened.object, "Capability");
    struct kc_mesh_share_terms terms = {.signer = &w->c->account.administrator,
        .key = &device->encryption,
        .own = &device->decrypt.own,
        .now = SAMPLE_NOW};
    GOOD(kc_object_key(&inner, "KeyData", &device->decrypt.own));
    GOOD(kc_mesh_share_open(
        kc_json_source(kc_json_item(kc_object_member(&inner, "EnvelopedKeyShares"), 0)), &terms,
        &device->decrypt.share));
    kc_signed_object_done(&opened);
}

/* Whether the two shares are of the account's key. */
static bool check_fits(
    const struct world *w, const struct admin_service *service, const struct admin_device *device)
{
    struct kc_scalar sum;
    struct kc_point point;
    kc_scalar_add(&sum, &service->capabilities[0].share, &device->decrypt.share);
    GOOD(kc_point_multiply_base(&point, &sum));
    return kc_point_equal(&point, &w->c->encryption.pair.public) != 0;
}

static void after_a_refresh_both_decrypt_and_no_half_from_before_helps(void **state)
{
    struct world *w = *state;
    size_t size;
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct kc_mesh_capability after;
    struct kc_mesh_share_state renewed;
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    struct connected made = connect_device(w, "encryption=threshold");
    struct ask ask = refresh_ask(w, made.account, w->c->device_profile.public.udf, NULL);
    struct answer *answer = bench_ask(w->bench, &ask);
    char *entry = frame_at(w, answer, 0, "MMM_Access");
    char *offset = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    struct kc_mesh_share_state before = {.class = KC_MESH_DECRYPT,
        .own = made.device.decrypt.own,
        .share = made.device.decrypt.share};
    memcpy(before.subject, w->c->account.encryption.udf, sizeof before.subject);
    GOOD(kc_mesh_capability_update(admin_span(entry), &w->c->account, &made.service->self,
        &made.service->capabilities[0], &after));
    GOOD(kc_mesh_share_refresh(admin_span(offset), &w->c->account, &made.device.encryption,
        SAMPLE_NOW, &before, &renewed));
    made.service->capabilities[0] = after; /* the device's half is still the old one */
    assert_int_equal(
        admin_decrypt(made.service, &made.device, &peer.pair.public, agreed), KC_OPERATE_ACCEPTED);
    GOOD(kc_agreement_agree(expected, &peer.pair.scalar, &w->c->encryption.pair.public));
    assert_memory_not_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
    made.device.decrypt.share = renewed.share;
    check_decrypts(w, made.service, &made.device);
    free(entry);
    free(offset);
    answer_done(answer);
    connected_done(&made);
}

static void a_refresh_names_one_split_of_who_has_some(void **state)
{
    struct world *w = *state;
    const char *udf = w->c->device_profile.public.udf;
    struct connected made = connect_device(w, "encryption=threshold,signature=threshold");
    struct ask ask = refresh_ask(w, made.account, udf, NULL);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    ask = refresh_ask(w, made.account, udf, "agree");
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    ask = refresh_ask(w, made.account, udf, "sign");
    bench_expect(w->bench, &ask, KC_OK);
    ask = refresh_ask(w, made.account, udf, "decrypt");
    bench_expect(w->bench, &ask, KC_OK);
    ask = refresh_ask(w, made.account, w->bob_profile.public.udf, "sign");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    connected_done(&made);
}

/* Another service gets a share of its own; the former one's goes with no half of a device any more. */
static void a_former_service_has_no_half_of_the_key_that_fits(void **state)
{
    struct world *w = *state;
    size_t size;
    struct admin_case *c = w->c;
    struct connected made = connect_device(w, "encryption=threshold");
    struct admin_share former = made.device.decrypt;
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_MOVE);
    c->service_profile = c->response;
    c->service_encryption = c->store;
    char *profile = admin_profile_service(c);
    GOOD(kc_mesh_provider_read(admin_span(profile), c->service_profile.public.udf,
        (struct kc_span){NULL, 0}, ADDRESS, &c->provider));
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, made.account);
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_octets(&ask, KC_FIELD_PROFILE, profile, strlen(profile));
    ask_pin(&ask);
    struct answer *answer = bench_ask(w->bench, &ask);
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    answer_done(answer);
    ask = refresh_ask(w, made.account, c->device_profile.public.udf, NULL);
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE); /* the service of before */
    free(c->service_text);
    c->service_text = profile;
    ask = refresh_ask(w, made.account, c->device_profile.public.udf, NULL);
    ask_number(&ask, KC_FIELD_FORCE, 1);
    answer = bench_ask(w->bench, &ask);
    char *share = answer_octets(answer, KC_FIELD_DOCUMENT, &size);
    struct admin_service *service = admin_service_new(c, &c->account);
    accept_frame(w, answer, 0, service);
    holder_share_open(w, share, &made.device);
    check_decrypts(w, service, &made.device);
    assert_false(check_fits(w, made.service, &made.device));
    made.device.decrypt = former;
    assert_false(check_fits(w, service, &made.device));
    free(share);
    answer_done(answer);
    admin_service_free(service);
    connected_done(&made);
}

/* --- groups --- */

static void a_member_gets_a_share_and_another_after_the_key_was_rotated(void **state)
{
    struct world *w = *state;
    size_t size;
    char *group = create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS);
    assert_int_equal(w->c->account.signature.size, 0);
    enrol(w, &w->bob_profile, "bob");
    struct ask ask = join_ask(w, group);
    struct answer *answer = bench_ask(w->bench, &ask);
    assert_int_equal(frame_count(w, answer), 2);
    struct admin_service *service = admin_service_new(w->c, &w->c->account);
    accept_frame(w, answer, 0, service);
    assert_true(service->capabilities[0].has_member);
    assert_string_equal(service->capabilities[0].grantee, w->bob_profile.public.udf);
    answer_done(answer);
    ask = join_ask(w, group);
    bench_expect(w->bench, &ask, KC_ERR_EXISTS);
    struct kc_public_key before = w->c->account.encryption;
    ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group);
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_pin(&ask);
    answer = bench_ask(w->bench, &ask);
    take_account(w, answer_octets(answer, KC_FIELD_DOCUMENT, &size));
    assert_string_equal(w->c->account.udf, group);
    assert_false(kc_public_key_equal(&before, &w->c->account.encryption));
    answer_done(answer);
    ask = refresh_ask(w, group, w->bob_profile.public.udf, NULL);
    ask_number(&ask, KC_FIELD_FORCE, 1);
    bench_expect(w->bench, &ask, KC_ERR_CONFLICT); /* of the key before */
    ask = join_ask(w, group);
    answer = bench_ask(w->bench, &ask);
    assert_int_equal(frame_count(w, answer), 3); /* the old share is taken away */
    accept_frame(w, answer, 1, service);
    assert_memory_equal(service->capabilities[1].group, w->c->account.encryption.octets, 57);
    assert_int_equal(service->capabilities[1].epoch, 2);
    answer_done(answer);
    admin_service_free(service);
    free(group);
}

static void a_member_is_the_one_that_was_enrolled_with_a_profile_not_older(void **state)
{
    struct world *w = *state;
    size_t size;
    char *text, *newer;
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_account_keys keys = {.profile = &w->bob_profile.pair,
        .administrator = &w->c->administrator.pair,
        .encryption = &w->c->store.pair};
    char *group = create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS);
    struct ask ask = join_ask(w, group);
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    enrol(w, &w->bob_profile, "bob");
    enrol(w, &w->c->device_profile, "device");
    ask = join_ask(w, group);
    ask_text(&ask, KC_FIELD_RECIPIENT, w->c->device_profile.public.udf);
    bench_expect(w->bench, &ask, KC_ERR_SIGNATURE);
    source.now += 100;
    GOOD(kc_mesh_profile_make(&source, false, &keys, ADDRESS, NULL, &newer, &size));
    source.now -= 1000;
    GOOD(kc_mesh_profile_make(&source, false, &keys, ADDRESS, NULL, &text, &size));
    ask = join_ask(w, group);
    ask_octets(&ask, KC_FIELD_DOCUMENT, newer, strlen(newer));
    bench_expect(w->bench, &ask, KC_OK);
    ask = remove_ask(KC_OPERATION_MESH_GROUP_MEMBER_REMOVE, group, w->bob_profile.public.udf);
    struct answer *answer = bench_ask(w->bench, &ask);
    free(frame_at(w, answer, 0, "MMM_Access"));
    free(frame_at(w, answer, 1, "MMM_Member"));
    answer_done(answer);
    ask = join_ask(w, group);
    ask_octets(&ask, KC_FIELD_DOCUMENT, text, strlen(text));
    bench_expect(w->bench, &ask, KC_ERR_CONFLICT);
    free(text);
    free(newer);
    free(group);
}

static void a_group_is_no_account_of_a_person_and_the_other_way_round(void **state)
{
    struct world *w = *state;
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->bob_profile, "bob");
    enrol(w, &w->c->device_profile, "watch");
    struct ask ask = join_ask(w, account);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_pin(&ask);
    bench_expect(w->bench, &ask, KC_ERR_BAD_ARGUMENT);
    free(account);
}

static void the_policy_decides_of_each_operation(void **state)
{
    struct world *w = *state;
    char *account = create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, &w->c->device_profile, "watch");
    bench_allow_only(w->bench, KC_OPERATION_MESH_GROUP_CREATE);
    struct ask ask = activate_ask(w, account, "");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    ask = create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "b", "b@example.com");
    bench_expect(w->bench, &ask, KC_ERR_REFUSED);
    ask = create_ask(w, KC_OPERATION_MESH_GROUP_CREATE, "b", "b@example.com");
    bench_expect(w->bench, &ask, KC_OK);
    free(account);
}

/* --- crashes --- */

struct deed {
    struct ask (*ask)(const struct world *w, const char *account);
    bool of_group;
    bool needs_holder;   /* of something that is there already */
    enum kc_error again; /* once it was done */
};

static struct ask account_deed(const struct world *w, const char *account)
{
    (void)account;
    return create_ask(w, KC_OPERATION_MESH_ACCOUNT_CREATE, "another", "b@example.com");
}

static struct ask activate_deed(const struct world *w, const char *account)
{
    return activate_ask(w, account, "encryption=threshold");
}

static struct ask join_deed(const struct world *w, const char *account)
{
    return join_ask(w, account);
}

static struct ask disconnect_deed(const struct world *w, const char *account)
{
    return remove_ask(
        KC_OPERATION_MESH_ACCOUNT_DISCONNECT, account, w->c->device_profile.public.udf);
}

static struct ask remove_deed(const struct world *w, const char *account)
{
    return remove_ask(KC_OPERATION_MESH_GROUP_MEMBER_REMOVE, account, w->bob_profile.public.udf);
}

static struct ask refresh_deed(const struct world *w, const char *account)
{
    return refresh_ask(w, account, w->c->device_profile.public.udf, NULL);
}

static struct ask move_deed(const struct world *w, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_MOVE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(&ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
    ask_service(w, &ask);
    ask_pin(&ask);
    return ask;
}

static struct ask rotate_deed(const struct world *w, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    (void)w;
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_pin(&ask);
    return ask;
}

static const struct deed deeds[] = {
    {account_deed, false, false, KC_ERR_LABEL_TAKEN},
    {activate_deed, false, false, KC_ERR_EXISTS},
    {refresh_deed, false, true, KC_OK},
    {disconnect_deed, false, true, KC_ERR_REFUSED},
    {join_deed, true, false, KC_ERR_EXISTS},
    {remove_deed, true, true, KC_ERR_REFUSED},
    {rotate_deed, true, false, KC_OK},
    {move_deed, false, false, KC_OK},
};

/* What is there before; the account's UDF, given: free. */
static char *before_deed(struct world *w, const struct deed *deed)
{
    char *account = deed->of_group ? create(w, KC_OPERATION_MESH_GROUP_CREATE, GROUP_ADDRESS)
                                   : create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS);
    enrol(w, deed->of_group ? &w->bob_profile : &w->c->device_profile, "holder");
    struct ask ask =
        deed->of_group ? join_ask(w, account) : activate_ask(w, account, "encryption=threshold");
    if (deed->needs_holder)
        bench_expect(w->bench, &ask, KC_OK);
    else
        kc_descriptors_close(&ask.descriptors);
    return account;
}

/* The vault dies at a write, before or after it is stored. False: there are not so many. */
static bool dies_at(size_t write, bool is_stored, const struct deed *deed)
{
    void *state;
    setup(&state);
    struct world *w = state;
    char *account = before_deed(w, deed);
    size_t records = w->bench->record_count;
    bench_open(w->bench);
    w->bench->holds_stored = true;
    w->bench->holds_after = write;
    struct ask ask = deed->ask(w, account);
    uint64_t ticket = bench_send(w->bench, &ask);
    bench_pump(w->bench);
    struct answer *answer = bench_take(w->bench, ticket);
    w->bench->holds_stored = false;
    bool died = answer == NULL;
    if (died) {
        if (is_stored)
            bench_store_unheard(w->bench);
        bool was_last = is_stored && write > 0; /* the first counts the PIN's try */
        if (!was_last)
            assert_int_equal(w->bench->record_count, records);
        bench_restart(w->bench);
        ask = deed->ask(w, account);
        bench_expect(w->bench, &ask, was_last ? deed->again : KC_OK);
    } else {
        assert_int_equal(answer->error, KC_OK);
        answer_done(answer);
    }
    free(account);
    teardown(&state);
    return died;
}

static void a_vault_that_dies_at_any_write_has_done_all_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        size_t write = 0;
        while (dies_at(write, false, &deeds[i])) {
            assert_true(dies_at(write, true, &deeds[i]));
            write++;
        }
        assert_int_equal(write, 2);
    }
}

/* Nothing of it is there, and it works when there is room again. */
static void a_store_that_is_full_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        void *own;
        setup(&own);
        struct world *w = own;
        char *account = before_deed(w, &deeds[i]);
        size_t records = w->bench->record_count;
        struct ask ask = deeds[i].ask(w, account);
        w->bench->store_error = KC_ERR_STORE_FULL;
        bench_expect(w->bench, &ask, KC_ERR_STORE_FULL);
        assert_int_equal(w->bench->record_count, records);
        w->bench->store_error = KC_OK;
        ask = deeds[i].ask(w, account);
        bench_expect(w->bench, &ask, KC_OK);
        free(account);
        teardown(&own);
    }
}

static void each_of_these_is_the_operator_s_to_allow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        void *own;
        setup(&own);
        struct world *w = own;
        char *account = before_deed(w, &deeds[i]);
        struct ask ask = deeds[i].ask(w, account);
        ask_secret(&ask, KC_FIELD_PIN, "another PIN", 11);
        bench_expect(w->bench, &ask, KC_ERR_OPERATOR_PROOF);
        free(account);
        teardown(&own);
    }
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(an_account_has_its_seed_its_keys_and_what_binds_it),
        IN_A_WORLD(no_account_is_made_without_the_operator_or_of_a_wrong_name),
        IN_A_WORLD(an_account_says_until_all_shares_were_shown_that_it_has_no_escrow),
        IN_A_WORLD(a_device_that_the_vault_connected_works_with_the_service),
        IN_A_WORLD(the_answer_to_a_device_is_what_it_waits_for),
        IN_A_WORLD(a_device_is_connected_once_until_it_is_taken_off),
        IN_A_WORLD(the_activation_seed_is_not_kept),
        IN_A_WORLD(nothing_is_made_for_whom_the_operator_did_not_enrol),
        IN_A_WORLD(an_enrolled_wrap_key_is_no_profile_and_a_profile_no_wrap_key),
        IN_A_WORLD(shares_go_to_the_service_of_the_account_s_profile_alone),
        IN_A_WORLD(after_a_refresh_both_decrypt_and_no_half_from_before_helps),
        IN_A_WORLD(a_former_service_has_no_half_of_the_key_that_fits),
        IN_A_WORLD(a_refresh_names_one_split_of_who_has_some),
        IN_A_WORLD(a_member_gets_a_share_and_another_after_the_key_was_rotated),
        IN_A_WORLD(a_member_is_the_one_that_was_enrolled_with_a_profile_not_older),
        IN_A_WORLD(a_group_is_no_account_of_a_person_and_the_other_way_round),
        IN_A_WORLD(the_policy_decides_of_each_operation),
        cmocka_unit_test(a_vault_that_dies_at_any_write_has_done_all_or_nothing),
        cmocka_unit_test(a_store_that_is_full_changes_nothing),
        cmocka_unit_test(each_of_these_is_the_operator_s_to_allow),
        IN_A_WORLD(an_account_without_a_service_has_no_shares_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
