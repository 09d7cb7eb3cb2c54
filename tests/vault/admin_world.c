/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vault/admin_world.h"

#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

int world_setup(void **state)
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

int world_teardown(void **state)
{
    struct world *w = *state;
    bench_free(w->bench);
    admin_case_free(w->c);
    free(w->bob);
    free(w);
    return 0;
}

/* --- asking --- */

void ask_pin(struct ask *ask)
{
    ask_secret(ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
}

struct ask create_ask(
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

void take_account(struct world *w, char *profile)
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

char *world_create(struct world *w, enum kc_operation operation, const char *address)
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

struct ask enrol_ask(const struct sample_key *profile, const char *label)
{
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ALGORITHM, profile->public.algorithm);
    ask_octets(&ask, KC_FIELD_PUBLIC, profile->public.octets, profile->public.size);
    ask_pin(&ask);
    return ask;
}

void enrol(struct world *w, const struct sample_key *profile, const char *label)
{
    struct ask ask = enrol_ask(profile, label);
    struct answer *answer = bench_ask(w->bench, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_RECIPIENT), profile->public.udf);
    answer_done(answer);
}

void ask_parties(struct ask *ask, const char *account, const char *holder)
{
    ask_text(ask, KC_FIELD_ACCOUNT_UDF, account);
    ask_text(ask, KC_FIELD_RECIPIENT, holder);
    ask_text(ask, KC_FIELD_SERVICE, ADMIN_SERVICE);
}

void ask_service(const struct world *w, struct ask *ask)
{
    ask_octets(ask, KC_FIELD_PROFILE, w->c->service_text, strlen(w->c->service_text));
}

struct ask activate_ask(const struct world *w, const char *account, const char *rights)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_ACTIVATE);
    ask_parties(&ask, account, w->c->device_profile.public.udf);
    ask_octets(&ask, KC_FIELD_DOCUMENT, w->c->device_text, strlen(w->c->device_text));
    ask_text(&ask, KC_FIELD_RIGHTS, rights);
    ask_service(w, &ask);
    ask_pin(&ask);
    return ask;
}

struct ask refresh_ask(
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

struct ask remove_ask(enum kc_operation operation, const char *account, const char *holder)
{
    struct ask ask = ask_new(operation);
    ask_parties(&ask, account, holder);
    ask_pin(&ask);
    return ask;
}

struct ask join_ask(const struct world *w, const char *group)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_MEMBER_ADD);
    ask_parties(&ask, group, w->bob_profile.public.udf);
    ask_octets(&ask, KC_FIELD_DOCUMENT, w->bob, strlen(w->bob));
    ask_service(w, &ask);
    ask_pin(&ask);
    return ask;
}

/* --- what a request to the service holds --- */

/* The updates' frames are counted through, one update after the other. */
static struct kc_json find_frame(struct kc_json updates, size_t position, const char *container)
{
    size_t at = 0;
    struct kc_json frames = kc_json_member(kc_json_item(updates, 0), "Envelopes");
    while (position >= kc_json_count(frames)) {
        position -= kc_json_count(frames);
        assert_true(++at < kc_json_count(updates));
        frames = kc_json_member(kc_json_item(updates, at), "Envelopes");
    }
    assert_true(kc_json_is_text(kc_json_member(kc_json_item(updates, at), "Container"), container));
    return kc_json_item(frames, position);
}

char *frame_at(
    const struct world *w, const struct answer *answer, size_t position, const char *container)
{
    size_t size;
    struct kc_signed_object request;
    char *text = answer_octets(answer, KC_FIELD_REQUEST, &size);
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)text, size}, size,
        KC_OBJECT_TransactRequest, &w->c->account.administrator, kc_mesh_verify, &request));
    assert_true(
        kc_json_is_text(kc_object_member(&request.object, "Account"), w->c->account.address));
    struct kc_json updates = kc_object_member(&request.object, "Updates");
    struct kc_span frame = kc_json_source(find_frame(updates, position, container));
    char *copy = strndup((const char *)frame.bytes, frame.size);
    kc_signed_object_done(&request);
    free(text);
    return copy;
}

size_t frame_count(const struct world *w, const struct answer *answer)
{
    size_t size;
    struct kc_signed_object request;
    char *text = answer_octets(answer, KC_FIELD_REQUEST, &size);
    GOOD(kc_signed_object_open((struct kc_span){(uint8_t *)text, size}, size,
        KC_OBJECT_TransactRequest, &w->c->account.administrator, kc_mesh_verify, &request));
    struct kc_json updates = kc_object_member(&request.object, "Updates");
    size_t count = 0;
    for (size_t i = 0; i < kc_json_count(updates); i++)
        count += kc_json_count(kc_json_member(kc_json_item(updates, i), "Envelopes"));
    kc_signed_object_done(&request);
    free(text);
    return count;
}

void accept_frame(const struct world *w, const struct answer *answer, size_t position,
    struct admin_service *service)
{
    char *entry = frame_at(w, answer, position, "MMM_Access");
    GOOD(admin_service_accept(service, entry));
    free(entry);
}

void check_decrypts(
    const struct world *w, const struct admin_service *service, const struct admin_device *device)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    assert_int_equal(
        admin_decrypt(service, device, &peer.pair.public, agreed), KC_OPERATE_ACCEPTED);
    GOOD(kc_agreement_agree(expected, &peer.pair.scalar, &w->c->encryption.pair.public));
    assert_memory_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
}

struct connected connect_device(struct world *w, const char *rights)
{
    size_t size;
    struct connected made = {.account = world_create(w, KC_OPERATION_MESH_ACCOUNT_CREATE, ADDRESS)};
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

void connected_done(struct connected *made)
{
    free(made->account);
    admin_device_done(&made->device);
    admin_service_free(made->service);
}
