/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Mesh service as its users have it: custodian, front end and TLS are real; accounts, administrators
 * and devices come over HTTPS.
 */
#include "tests/front/mesh_client.h"

#include "custodian/mesh/group.h"
#include "custodian/mesh/share_envelope.h"
#include "tests/support/cmocka.h"
#include "threshold/agreement.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define ALICE "alice@example.com"
#define HELLO "{\"HelloRequest\":{}}"

static struct mesh_service service;
static struct mesh_party alice;

static int start_service(void **state)
{
    (void)state;
    mesh_service_start(&service, "rate = 0;", "");
    return 0;
}

static int stop_service(void **state)
{
    (void)state;
    mesh_service_done(&service);
    return 0;
}

/* Each case has an account of its own at the one service. */
static char address[64];
static uint8_t number;

static int new_account(void **state)
{
    (void)state;
    snprintf(address, sizeof address, "alice%u@example.com", (unsigned)number);
    mesh_party_new(&alice, &service, address, (uint8_t)(1 + number), false);
    number = (uint8_t)(number + 20);
    return 0;
}

static int free_account(void **state)
{
    (void)state;
    mesh_party_free(&alice);
    return 0;
}

/* Bound, with a device that has shares of both keys, whose other halves the service has. */
static void connect_with_shares(struct mesh_party *party)
{
    assert_int_equal(mesh_bind(party, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(party, "encryption=threshold,signature=threshold");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(mesh_transact(party, "MMM_Access", party->connected.entries[i]), 201);
}

static void agrees(struct mesh_party *party, bool is_expected)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    int status = mesh_decrypt(
        party, party->c.account.address, &party->device.decrypt, &peer.pair.public, agreed);
    assert_int_equal(status, is_expected ? MESH_DONE : 201);
    if (!is_expected)
        return;
    GOOD(kc_agreement_agree(expected, &party->c.encryption.pair.scalar, &peer.pair.public));
    assert_memory_equal(agreed, expected, kc_curve_info(KC_CURVE_X448)->agreed_size);
}

/* After the vault's start requests are too old until the time up to which IDs may have been taken
 * before has passed: some seconds, in which a requester asks again. */
static void agrees_again(struct mesh_party *party)
{
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    int status = 401;
    for (size_t i = 0; (status == 401 || status == 503) && i < 300; i++) {
        usleep(100000);
        status = mesh_decrypt(
            party, party->c.account.address, &party->device.decrypt, &peer.pair.public, agreed);
    }
    assert_int_equal(status, MESH_DONE);
}

/* --- Hello and TLS --- */

static int curl(const char *options)
{
    char command[512];
    snprintf(command, sizeof command,
        "curl -s -S -o /dev/null --cacert %s --json '" HELLO "' -w '%%{http_code}' %s "
        "https://localhost:%u/.well-known/mmm 2>/dev/null | grep -q 201",
        service.front.certificate, options, (unsigned)service.front.port);
    return system(command); /* NOLINT(cert-env33-c): a fixed command */
}

static void hello_works_with_plain_curl(void **state)
{
    (void)state;
    assert_int_equal(curl(""), 0);
    assert_int_equal(curl("--http1.1"), 0);
    assert_int_not_equal(curl("--tls-max 1.2"), 0);
}

static void tls_before_1_3_is_refused(void **state)
{
    struct web web;
    (void)state;
    assert_false(web_try(&web, service.front.port, service.front.certificate,
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.1"));
    web_close(&web);
    assert_true(web_try(
        &web, service.front.port, service.front.certificate, "NORMAL:-VERS-ALL:+VERS-TLS1.3"));
    web_close(&web);
}

static void use_tls_key(enum kc_operation operation)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, operation);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, service.tls_key);
    GOOD(kc_client_call(service.owner, &request, 20000, &answer));
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
}

static void says_hello(struct web *web)
{
    struct web_answer answer;
    web_post(web, HELLO, strlen(HELLO), &answer);
    assert_int_equal(answer.status, 201);
    web_answer_done(&answer);
}

static void without_its_tls_key_nobody_new_comes_in_and_who_is_there_stays(void **state)
{
    struct web other;
    (void)state;
    use_tls_key(KC_OPERATION_KEY_DISABLE);
    assert_false(web_try(
        &other, service.front.port, service.front.certificate, "NORMAL:-VERS-ALL:+VERS-TLS1.3"));
    web_close(&other);
    says_hello(&alice.web);
    use_tls_key(KC_OPERATION_KEY_ENABLE);
    web_open(&other, service.front.port, service.front.certificate);
    says_hello(&other);
    web_close(&other);
}

/* 002, 4.2.1: "SHOULD NOT" use TLS client authentication. */
static void nobody_is_asked_for_a_certificate(void **state)
{
    struct web web;
    (void)state;
    assert_true(web_try(
        &web, service.front.port, service.front.certificate, "NORMAL:-VERS-ALL:+VERS-TLS1.3"));
    assert_false(web_was_asked_for_certificate(&web));
    web_close(&web);
}

static void hello_shows_the_service_and_its_host(void **state)
{
    static const char *const names[] = {"HelloRequest", "Hello", "MeshHelloRequest"};
    struct kc_mesh_provider provider;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct web_answer answer;
        struct kc_json_document document;
        struct kc_object hello;
        char body[64];
        snprintf(body, sizeof body, "{\"%s\":{}}", names[i]);
        web_post(&alice.web, body, strlen(body), &answer);
        assert_int_equal(answer.status, 201);
        GOOD(kc_object_parse(admin_span(answer.body), answer.size, KC_OBJECT_MeshHelloResponse,
            &document, &hello, NULL));
        GOOD(kc_mesh_provider_read(
            kc_json_source(kc_object_member(&hello, "EnvelopedProfileService")), service.udf,
            (struct kc_span){NULL, 0}, ALICE, &provider));
        assert_true(kc_json_is_there(kc_object_member(&hello, "EnvelopedProfileHost")));
        kc_json_done(&document);
        web_answer_done(&answer);
    }
}

/* --- accounts --- */

static void an_account_is_bound_once_and_the_same_request_gets_the_same_answer(void **state)
{
    struct mesh_reply first, again;
    struct mesh_party other;
    (void)state;
    char *text = mesh_bind_text(&alice, KC_OBJECT_BindRequest);
    mesh_post(&alice, text, &first);
    mesh_post(&alice, text, &again);
    assert_int_equal(first.status, 201);
    assert_true(first.is_signed);
    assert_string_equal(first.answer.body, again.answer.body);
    assert_true(kc_json_is_there(kc_object_member(&first.opened.object, "EnvelopedReceipts")));
    mesh_reply_done(&first);
    mesh_reply_done(&again);
    free(text);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 1);
    mesh_party_new(&other, &service, address, 201, false);
    assert_int_equal(mesh_bind(&other, KC_OBJECT_BindRequest), 409);
    mesh_party_free(&other);
}

static void accounts_are_made_and_deleted_by_the_older_names_too(void **state)
{
    struct mesh_request request;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_CreateRequest), 201);
    mesh_request_begin(&alice, &request, KC_OBJECT_DeleteRequest);
    kc_object_write_text(&request.w, "Account", address);
    assert_int_equal(
        mesh_send(&alice, mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR)), 201);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 0);
}

static void a_profile_that_another_key_signed_is_not_bound(void **state)
{
    struct mesh_request request;
    (void)state;
    mesh_request_begin(&alice, &request, KC_OBJECT_BindRequest);
    kc_object_write_text(&request.w, "AccountAddress", address);
    kc_object_write_source(&request.w, "EnvelopedProfileAccount", admin_span(alice.c.account_text));
    assert_int_equal(
        mesh_send(&alice, mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR)), 401);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 0);
}

static void an_account_that_is_unbound_is_gone_with_its_shares(void **state)
{
    struct mesh_request request;
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    agrees(&alice, true);
    mesh_request_begin(&alice, &request, KC_OBJECT_UnbindRequest);
    kc_object_write_text(&request.w, "Account", address);
    char *by_device = mesh_request_seal(&alice, &request, MESH_DEVICE);
    assert_int_equal(mesh_send(&alice, by_device), 401); /* not the administrator */
    mesh_request_begin(&alice, &request, KC_OBJECT_UnbindRequest);
    kc_object_write_text(&request.w, "Account", address);
    char *text = mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR);
    char *again = strdup(text);
    assert_int_equal(mesh_send(&alice, text), 201);
    assert_int_equal(mesh_send(&alice, again), 201);
    assert_int_equal(
        mesh_decrypt(&alice, address, &alice.device.decrypt, &peer.pair.public, agreed), 401);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 0);
}

/* --- catalogs --- */

static void a_transact_appends_and_says_where(void **state)
{
    struct mesh_reply reply;
    int64_t index = 0;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold,signature=threshold");
    const char *const frames[] = {alice.connected.entries[0], alice.connected.entries[1]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "mmm_access", 1, frames, 2, MESH_ADMINISTRATOR);
    mesh_post(&alice, text, &reply);
    assert_int_equal(reply.status, 201);
    struct kc_json entries = kc_object_member(&reply.opened.object, "Entries");
    assert_int_equal(kc_json_count(entries), 2);
    GOOD(kc_json_integer(kc_json_member(kc_json_item(entries, 1), "IndexContainer"), &index));
    assert_int_equal(index, 2);
    assert_int_equal(kc_json_count(kc_object_member(&reply.opened.object, "EnvelopedReceipts")), 1);
    mesh_reply_done(&reply);
    assert_int_equal(mesh_send(&alice, text), 201); /* the same again: the same answer, no frame */
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 3);
    agrees(&alice, true);
}

static void a_store_that_is_not_as_expected_is_a_conflict_and_nothing_is_done(void **state)
{
    struct mesh_reply reply;
    int64_t index = 0;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold");
    const char *const frames[] = {alice.connected.entries[0]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "MMM_Access", 7, frames, 1, MESH_ADMINISTRATOR);
    mesh_post(&alice, text, &reply);
    free(text);
    assert_int_equal(reply.status, 409);
    assert_true(reply.is_signed);
    struct kc_json now = kc_json_item(kc_object_member(&reply.opened.object, "ContainerStatus"), 0);
    assert_true(kc_json_is_text(kc_json_member(now, "Container"), "MMM_Access"));
    GOOD(kc_json_integer(kc_json_member(now, "Index"), &index));
    assert_int_equal(index, 1);
    mesh_reply_done(&reply);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 1);
    agrees(&alice, false); /* the vault was not asked either */
}

static void a_device_uploads_to_a_catalog_and_downloads_it(void **state)
{
    static const char entry[] = "[{\"ContentMetaData\":\"e30\"},\"ZW50cnk\"]";
    const char *const frames[] = {entry};
    struct mesh_request request;
    struct mesh_reply reply;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption");
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_UploadRequest, "MMM_Contact", -1, frames, 1, MESH_DEVICE);
    assert_int_equal(mesh_send(&alice, text), 201);
    mesh_request_begin(&alice, &request, KC_OBJECT_DownloadRequest);
    kc_object_write_text(&request.w, "Account", address);
    kc_object_write_list(&request.w, "Select");
    kc_object_write_object(&request.w, NULL, KC_OBJECT_ConstraintsSelect);
    kc_object_write_text(&request.w, "Container", "MMM_Contact");
    kc_object_write_end(&request.w);
    kc_object_write_end(&request.w);
    text = mesh_request_seal(&alice, &request, MESH_DEVICE);
    mesh_post(&alice, text, &reply);
    free(text);
    assert_int_equal(reply.status, 201);
    struct kc_json update = kc_json_item(kc_object_member(&reply.opened.object, "Updates"), 0);
    struct kc_json envelopes = kc_json_member(update, "Envelopes");
    assert_int_equal(kc_json_count(envelopes), 1);
    struct kc_span source = kc_json_source(kc_json_item(envelopes, 0));
    assert_int_equal(source.size, sizeof entry - 1);
    assert_memory_equal(source.bytes, entry, source.size);
    mesh_reply_done(&reply);
}

static void the_access_catalog_is_the_administrators_alone(void **state)
{
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold");
    const char *const frames[] = {alice.connected.entries[0]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "MMM_Access", -1, frames, 1, MESH_DEVICE);
    assert_int_equal(mesh_send(&alice, text), 401);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 1);
    agrees(&alice, false);
}

static void somebody_else_sees_nothing_of_an_account(void **state)
{
    struct mesh_party mallory;
    struct mesh_request request;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_new(&mallory, &service, "mallory@example.com", 221, false);
    assert_int_equal(mesh_bind(&mallory, KC_OBJECT_BindRequest), 201);
    mesh_request_begin(&mallory, &request, KC_OBJECT_StatusRequest);
    kc_object_write_text(&request.w, "Account", address);
    assert_int_equal(
        mesh_send(&mallory, mesh_request_seal(&mallory, &request, MESH_ADMINISTRATOR)), 401);
    mesh_request_begin(&mallory, &request, KC_OBJECT_StatusRequest);
    kc_object_write_text(&request.w, "Account", "nobody@example.com");
    assert_int_equal(
        mesh_send(&mallory, mesh_request_seal(&mallory, &request, MESH_ADMINISTRATOR)), 401);
    mesh_party_free(&mallory);
}

/* --- Operate --- */

static void both_together_decrypt_and_sign(void **state)
{
    uint8_t digest[64] = {1, 2, 3}, signature[KC_DARE_SIGNATURE_MAX];
    (void)state;
    connect_with_shares(&alice);
    for (size_t i = 0; i < 3; i++)
        agrees(&alice, true);
    assert_int_equal(mesh_sign(&alice, digest, signature), MESH_DONE);
    GOOD(kc_mesh_verify(
        &alice.c.signature.public, digest, (struct kc_span){signature, sizeof signature}));
}

static void an_operate_request_is_answered_once(void **state)
{
    struct mesh_reply reply;
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    char *text = mesh_decrypt_text(&alice, address, &alice.device.decrypt, &peer.pair.public);
    mesh_post(&alice, text, &reply);
    assert_int_equal(reply.status, 201);
    mesh_reply_done(&reply);
    assert_int_equal(mesh_send(&alice, text), 401);
}

/* Requests that are sent one after the other until one is refused. */
struct asking {
    pthread_t thread;
    struct mesh_party party; /* a copy with a connection of its own */
    char *texts[400];
    size_t count;
    struct timespec last_done; /* when the last request that succeeded was sent */
};

static atomic_bool enough;

static void *ask(void *argument)
{
    struct asking *asking = argument;
    for (size_t i = 0; i < asking->count && !atomic_load(&enough); i++) {
        struct mesh_reply reply;
        struct timespec sent;
        clock_gettime(CLOCK_MONOTONIC, &sent);
        mesh_post(&asking->party, asking->texts[i], &reply);
        struct kc_object result = {KC_OBJECT_NONE, {.document = NULL}};
        if (reply.status == 201)
            result = kc_object_item(kc_object_member(&reply.opened.object, "Results"), 0);
        if (result.type == KC_OBJECT_CryptographicResultKeyAgreement)
            asking->last_done = sent;
        mesh_reply_done(&reply);
    }
    return NULL;
}

static void a_revocation_is_effective_below_a_second_with_requests_in_flight(void **state)
{
    static struct asking asking[4];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    struct timespec asked, told;
    (void)state;
    connect_with_shares(&alice);
    atomic_store(&enough, false);
    for (size_t i = 0; i < 4; i++) {
        asking[i].party = alice;
        web_open(&asking[i].party.web, service.front.port, service.front.certificate);
        asking[i].count = sizeof asking[i].texts / sizeof *asking[i].texts;
        for (size_t j = 0; j < asking[i].count; j++)
            asking[i].texts[j] =
                mesh_decrypt_text(&alice, address, &alice.device.decrypt, &peer.pair.public);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&asking[i].thread, NULL, ask, &asking[i]), 0);
    for (size_t i = 0; i < 5; i++)
        agrees(&alice, true);
    char *deletion = mesh_deletion(&alice, &alice.connected.splits[0]);
    clock_gettime(CLOCK_MONOTONIC, &asked);
    assert_int_equal(mesh_transact(&alice, "MMM_Access", deletion), 201);
    clock_gettime(CLOCK_MONOTONIC, &told);
    agrees(&alice, false);
    atomic_store(&enough, true);
    double took =
        (double)(told.tv_sec - asked.tv_sec) + (double)(told.tv_nsec - asked.tv_nsec) / 1e9;
    print_message("revoked after %.0f ms\n", took * 1000);
    assert_true(took < 1.0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(asking[i].thread, NULL), 0);
        const struct timespec *last = &asking[i].last_done;
        assert_true(last->tv_sec > 0); /* there were some */
        assert_true(last->tv_sec < told.tv_sec ||
                    (last->tv_sec == told.tv_sec && last->tv_nsec <= told.tv_nsec));
        for (size_t j = 0; j < asking[i].count; j++)
            free(asking[i].texts[j]);
        web_close(&asking[i].party.web);
    }
    free(deletion);
    /* what was deleted does not come back */
    assert_int_not_equal(mesh_transact(&alice, "MMM_Access", alice.connected.entries[0]), 201);
    agrees(&alice, false);
}

static void a_device_that_is_deleted_is_refused_at_once(void **state)
{
    char frame[512];
    struct mesh_request request;
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    assert_int_equal(mesh_transact(&alice, "MMM_Device", alice.connected.cataloged), 201);
    agrees(&alice, true);
    char meta[256];
    static char encoded[512];
    struct kc_json_writer w;
    snprintf(meta, sizeof meta, "{\"UniqueId\":\"%s\",\"Event\":\"Delete\"}", alice.c.device.udf);
    kc_json_writer_init(&w, encoded, sizeof encoded);
    kc_json_write_octets(&w, admin_span(meta));
    snprintf(frame, sizeof frame, "[{\"ContentMetaData\":%.*s},\"\"]", (int)w.out.size, encoded);
    assert_int_equal(mesh_transact(&alice, "MMM_Device", frame), 201);
    assert_int_equal(
        mesh_decrypt(&alice, address, &alice.device.decrypt, &peer.pair.public, agreed), 401);
    mesh_request_begin(&alice, &request, KC_OBJECT_StatusRequest);
    kc_object_write_text(&request.w, "Account", address);
    assert_int_equal(mesh_send(&alice, mesh_request_seal(&alice, &request, MESH_DEVICE)), 401);
}

/* --- a group, and a member whose account is another --- */

static void invitation_open(const struct mesh_party *group, const struct mesh_party *member,
    const struct kc_mesh_joined *joined, struct admin_share *share)
{
    uint8_t *octets;
    struct kc_json_document document;
    struct kc_object invitation =
        admin_open(admin_span(joined->invitation), &group->c.administrator.public,
            &member->c.encryption.pair, KC_OBJECT_GroupInvitation, &octets, &document);
    struct kc_object contact = kc_object_inner(&invitation, "Contact");
    struct kc_json network = kc_json_item(kc_object_member(&contact, "NetworkAddresses"), 0);
    struct kc_object capability = kc_object_item(kc_json_member(network, "Capabilities"), 0);
    GOOD(kc_json_text(
        kc_object_member(&capability, "ServiceId"), share->service_id, sizeof share->service_id));
    GOOD(kc_object_key(&capability, "KeyData", &share->own));
    struct kc_mesh_share_terms terms = {.signer = &group->c.administrator.public,
        .key = &member->c.encryption.pair,
        .own = &share->own,
        .now = time(NULL)};
    GOOD(kc_mesh_share_open(
        kc_json_source(kc_json_item(kc_object_member(&capability, "EnvelopedKeyShares"), 0)),
        &terms, &share->share));
    kc_json_done(&document);
    free(octets);
}

/* What is encrypted to the group, its member reads with the group's service, and after it was taken
 * out no more. */
static void a_member_decrypts_what_is_encrypted_to_the_group(void **state)
{
    static const char text[] = "The meeting point is the old lighthouse.";
    struct mesh_party group;
    struct kc_mesh_joined joined;
    struct admin_share share;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    uint8_t agreed[KC_POINT_SIZE_MAX], seed[KC_DARE_SEED_SIZE], plain[256];
    size_t size;
    char *sealed;
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption");
    mesh_party_new(&group, &service, "group@example.com", 231, true);
    assert_int_equal(mesh_bind(&group, KC_OBJECT_BindRequest), 201);
    const struct kc_mesh_joining joining = {.group = &group.c.account,
        .group_profile = admin_span(group.c.account_text),
        .member = &alice.c.account,
        .member_profile = admin_span(alice.c.account_text),
        .administrator = &group.c.administrator.pair,
        .encryption = &group.c.encryption.pair,
        .store = &group.c.store.public,
        .provider = &group.c.provider,
        .service_address = ADMIN_SERVICE,
        .epoch = 1};
    GOOD(kc_mesh_group_join(&group.c.source, &joining, &joined));
    assert_int_equal(mesh_transact(&group, "MMM_Member", joined.cataloged), 201);
    assert_int_equal(mesh_transact(&group, "MMM_Access", joined.entry), 201);
    invitation_open(&group, &alice, &joined, &share);

    const struct kc_mesh_letter letter = {.payload = admin_span(text),
        .type = "text",
        .recipients = &group.c.encryption.public,
        .recipient_count = 1};
    GOOD(kc_mesh_envelope_make(&group.c.source, &letter, &sealed, &size));
    GOOD(kc_dare_envelope_read((struct kc_span){(uint8_t *)sealed, size}, envelope));
    const struct kc_dare_recipient *entry = &envelope->recipients[0];
    struct kc_point ephemeral;
    GOOD(kc_point_decode(&ephemeral, KC_CURVE_X448, entry->ephemeral, entry->ephemeral_size));
    assert_int_equal(
        mesh_decrypt(&alice, "group@example.com", &share, &ephemeral, agreed), MESH_DONE);
    GOOD(kc_dare_unwrap_agreed(
        (struct kc_span){agreed, kc_curve_info(KC_CURVE_X448)->agreed_size}, entry->wrapped, seed));
    GOOD(kc_dare_envelope_decrypt(envelope, NULL, seed, plain, &size));
    assert_int_equal(size, sizeof text - 1);
    assert_memory_equal(plain, text, size);

    char *deletion = mesh_deletion(&group, &joined.split);
    assert_int_equal(mesh_transact(&group, "MMM_Access", deletion), 201);
    assert_int_equal(mesh_decrypt(&alice, "group@example.com", &share, &ephemeral, agreed), 401);
    free(deletion);
    free(sealed);
    kc_dare_envelope_done(envelope);
    free(envelope);
    kc_mesh_joined_done(&joined);
    mesh_party_free(&group);
}

/* --- ends and beginnings --- */

static void all_of_it_is_there_after_restarts(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    web_close(&alice.web);
    mesh_service_restart_front(&service, false);
    kc_custodian_stop(&service.custodian);
    kc_custodian_start(&service.custodian);
    web_open(&alice.web, service.front.port, service.front.certificate);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 3);
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 3);
    agrees_again(&alice);
}

static void without_the_custodian_it_says_so_and_works_again_with_it(void **state)
{
    struct web_answer answer;
    (void)state;
    connect_with_shares(&alice);
    kc_custodian_stop(&service.custodian);
    web_post(&alice.web, HELLO, strlen(HELLO), &answer);
    assert_int_equal(answer.status, 503);
    web_answer_done(&answer);
    kc_custodian_start(&service.custodian);
    agrees_again(&alice);
}

/* The front end is killed while requests are under way; the same requests again, and the state is the
 * one that they ask for. */
static void a_request_that_was_cut_off_is_repeated(void **state)
{
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold,signature=threshold");
    for (size_t i = 0; i < 2; i++) {
        const char *const frames[] = {alice.connected.entries[i]};
        char *text = mesh_transact_text(&alice, KC_OBJECT_TransactRequest, "MMM_Access",
            (int64_t)(1 + i), frames, 1, MESH_ADMINISTRATOR);
        char head[256];
        int size = snprintf(head, sizeof head,
            "POST /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            "application/json\r\n"
            "Content-Length: %zu\r\n\r\n",
            strlen(text));
        for (useconds_t wait = 0; wait < 8; wait++) {
            assert_true(web_write(&alice.web, head, (size_t)size));
            assert_true(web_write(&alice.web, text, strlen(text)));
            usleep(wait * wait * 400); /* at another of its steps each time */
            web_close(&alice.web);
            mesh_service_restart_front(&service, false);
            web_open(&alice.web, service.front.port, service.front.certificate);
        }
        assert_int_equal(mesh_send(&alice, text), 201);
        assert_int_equal(mesh_frames(&alice, "MMM_Access"), (int64_t)(2 + i));
    }
    agrees(&alice, true);
}

/* --- whoever has taken the front end over --- */

static enum kc_error try_as_front(struct kc_client_request *request)
{
    struct kc_client *client;
    struct kc_client_answer *answer = NULL;
    int result[2];
    enum kc_error error = KC_ERR_INTERNAL;
    assert_int_equal(pipe(result), 0);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(64810) < 0 || setuid(64810) < 0))
            _exit(1);
        error = kc_client_new(service.custodian.socket, &client);
        if (error == KC_OK)
            error = kc_client_call(client, request, 20000, &answer);
        _exit(write(result[1], &error, sizeof error) == sizeof error ? 0 : 1);
    }
    close(result[1]);
    assert_int_equal(read(result[0], &error, sizeof error), sizeof error);
    close(result[0]);
    kc_client_request_done(request);
    return error;
}

static enum kc_error try_text(enum kc_operation operation, enum kc_field field, const char *text)
{
    struct kc_client_request request;
    kc_client_request_init(&request, operation);
    if (operation != KC_OPERATION_KEY_LIST)
        kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, ADMIN_SERVICE);
    if (text)
        GOOD(kc_client_request_data(&request, &request.message.values, field, text, strlen(text)));
    return try_as_front(&request);
}

/* What it would like to have signed, and a request of an administrator's with another octet in what he
 * signed, here and there. */
static void a_front_end_that_lies_gains_nothing(void **state)
{
    static const char *const payloads[] = {"{\"OperateResponse\":{\"Status\":201}}",
        "{\"CustodianReceipt\":{}}", "{\"ProfileUser\":{}}", "{\"OperateRequest\":{}}", "x"};
    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
        assert_int_not_equal(
            try_text(KC_OPERATION_MESH_HOST_SIGN, KC_FIELD_DOCUMENT, payloads[i]), KC_OK);
    GOOD(try_text(
        KC_OPERATION_MESH_HOST_SIGN, KC_FIELD_DOCUMENT, "{\"StatusResponse\":{\"Status\":201}}"));
    assert_int_equal(
        try_text(KC_OPERATION_MESH_SERVICE_CREATE, KC_FIELD_DOCUMENT, NULL), KC_ERR_REFUSED);

    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    mesh_party_connect(&alice, "encryption=threshold");
    const char *const frames[] = {alice.connected.entries[0]};
    char *text = mesh_transact_text(
        &alice, KC_OBJECT_TransactRequest, "MMM_Access", -1, frames, 1, MESH_ADMINISTRATOR);
    char *altered = strdup(text);
    const char *payload = strstr(text, "},\"");
    assert_non_null(payload);
    size_t start = (size_t)(payload + 3 - text), size = strcspn(payload + 3, "\"");
    for (size_t i = start; i < start + size; i += 1 + size / 40) {
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(
            try_text(KC_OPERATION_MESH_CAPABILITY_ACCEPT, KC_FIELD_REQUEST, altered), KC_OK);
        altered[i] = text[i];
    }
    agrees(&alice, false);
    free(altered);
    free(text);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, new_account, free_account)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_works_with_plain_curl),
        cmocka_unit_test(tls_before_1_3_is_refused),
        CASE(without_its_tls_key_nobody_new_comes_in_and_who_is_there_stays),
        cmocka_unit_test(nobody_is_asked_for_a_certificate),
        CASE(hello_shows_the_service_and_its_host),
        CASE(an_account_is_bound_once_and_the_same_request_gets_the_same_answer),
        CASE(accounts_are_made_and_deleted_by_the_older_names_too),
        CASE(a_profile_that_another_key_signed_is_not_bound),
        CASE(an_account_that_is_unbound_is_gone_with_its_shares),
        CASE(a_transact_appends_and_says_where),
        CASE(a_store_that_is_not_as_expected_is_a_conflict_and_nothing_is_done),
        CASE(a_device_uploads_to_a_catalog_and_downloads_it),
        CASE(the_access_catalog_is_the_administrators_alone),
        CASE(somebody_else_sees_nothing_of_an_account),
        CASE(both_together_decrypt_and_sign),
        CASE(an_operate_request_is_answered_once),
        CASE(a_revocation_is_effective_below_a_second_with_requests_in_flight),
        CASE(a_device_that_is_deleted_is_refused_at_once),
        CASE(a_member_decrypts_what_is_encrypted_to_the_group),
        CASE(all_of_it_is_there_after_restarts),
        CASE(without_the_custodian_it_says_so_and_works_again_with_it),
        CASE(a_request_that_was_cut_off_is_repeated),
        CASE(a_front_end_that_lies_gains_nothing),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_service, stop_service);
}
