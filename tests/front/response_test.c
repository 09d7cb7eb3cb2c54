/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every response of the service is, whatever was asked: signed, of the status that HTTP says,
 * no larger than it may be; and what is asked of requests before anything else.
 */
#include "tests/front/fixture.h"

#include "proto/transaction.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reply to a text, of which the status is the one that HTTP says, and its ID the request's. */
static void expect_signed(char *text, int status)
{
    struct mesh_reply reply;
    int64_t said = 0;
    mesh_post(&alice, text, &reply);
    if (reply.status != status || !reply.is_signed)
        fail_msg("%d, signed: %d: %s", reply.status, reply.is_signed, reply.answer.body);
    GOOD(kc_json_integer(kc_object_member(&reply.opened.object, "Status"), &said));
    assert_int_equal(said, status);
    assert_true(kc_json_is_there(kc_object_member(&reply.opened.object, "ID")));
    mesh_reply_done(&reply);
    free(text);
}

static void every_response_is_signed_and_repeats_its_status(void **state)
{
    const char *const nothing[] = {"[{},\"\"]"};
    (void)state;
    expect_signed(
        about(KC_OBJECT_StatusRequest, alice_address, MESH_ADMINISTRATOR), 401); /* unknown */
    expect_signed(mesh_bind_text(&alice, KC_OBJECT_BindRequest), 201);
    expect_signed(about(KC_OBJECT_StatusRequest, alice_address, MESH_ADMINISTRATOR), 201);
    expect_signed(about(KC_OBJECT_StatusRequest, alice_address, MESH_PROFILE), 401);
    expect_signed(about(KC_OBJECT_DownloadRequest, alice_address, MESH_ADMINISTRATOR), 201);
    expect_signed(about(KC_OBJECT_UnbindRequest, alice_address, MESH_PROFILE), 401);
    expect_signed(about(KC_OBJECT_CompleteRequest, alice_address, MESH_ADMINISTRATOR), 501);
    expect_signed(mesh_transact_text(&alice, KC_OBJECT_TransactRequest, "MMM_Contact", 7, nothing,
                      1, MESH_ADMINISTRATOR),
        409);
    expect_signed(mesh_transact_text(&alice, KC_OBJECT_TransactRequest, "MMM_Nothing", -1, nothing,
                      1, MESH_ADMINISTRATOR),
        404);
}

/* A request about one store, by its name; NULL: it says none. */
static char *about_store(enum kc_object_type type, const char *name)
{
    struct mesh_request request;
    bool downloads = type == KC_OBJECT_DownloadRequest;
    mesh_request_begin(&alice, &request, type);
    kc_object_write_text(&request.w, "Account", alice_address);
    if (type == KC_OBJECT_StatusRequest) {
        kc_object_write_list(&request.w, "Catalogs");
        kc_object_write_text(&request.w, NULL, name);
    } else {
        kc_object_write_list(&request.w, downloads ? "Select" : "Updates");
        kc_object_write_object(
            &request.w, NULL, downloads ? KC_OBJECT_ConstraintsSelect : KC_OBJECT_ContainerUpdate);
        if (name)
            kc_object_write_text(&request.w, "Container", name);
        kc_object_write_end(&request.w);
    }
    kc_object_write_end(&request.w);
    return mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR);
}

static void a_store_that_is_not_there_is_not_found_by_any_transaction(void **state)
{
    static const enum kc_object_type types[] = {
        KC_OBJECT_StatusRequest, KC_OBJECT_DownloadRequest, KC_OBJECT_TransactRequest};
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    for (size_t i = 0; i < 3; i++) {
        expect_signed(about_store(types[i], "MMM_Nothing"), 404);
        expect_signed(about_store(types[i], "MMM_Bookmark"), 201); /* empty */
    }
    expect_signed(about_store(KC_OBJECT_DownloadRequest, NULL), 400);
    expect_signed(about_store(KC_OBJECT_TransactRequest, NULL), 400);
}

/* An answer of the vault's is no other, whatever it refuses. */
static void a_refused_operate_repeats_its_id_too(void **state)
{
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    expect_signed(
        mesh_decrypt_text(&alice, "nobody@example.com", &alice.device.decrypt, &peer.pair.public),
        401);
}

static void a_request_that_names_no_service_has_not_the_form(void **state)
{
    static const enum kc_object_type types[] = {
        KC_OBJECT_StatusRequest, KC_OBJECT_TransactRequest, KC_OBJECT_UnbindRequest};
    (void)state;
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct mesh_request request;
        mesh_request_begin(&alice, &request, types[i]);
        char *name = memmem(request.room, request.w.json.out.size, "\"Service\"", 9);
        assert_non_null(name);
        memcpy(name, "\"Another\"", 9);
        kc_object_write_text(&request.w, "Account", alice_address);
        expect_signed(mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR), 400);
    }
    expect_signed(about(KC_OBJECT_StatusRequest, alice_address, MESH_ADMINISTRATOR), 201);
}

/* What nobody signed gets no signature for it: it would be had for nothing. */
static void a_bare_request_is_refused_in_a_bare_answer(void **state)
{
    struct web_answer answer;
    static const char body[] = "{\"StatusRequest\":{}}";
    (void)state;
    web_post(&alice.web, body, sizeof body - 1, &answer);
    assert_int_equal(answer.status, 401);
    assert_int_equal(answer.body[0], '{');
    assert_non_null(strstr(answer.body, "\"Status\":401"));
    web_answer_done(&answer);
}

/* 002, 4.3.1: "MUST NOT" be used for anything but Hello. */
static void nobody_but_hello_goes_without_a_signature(void **state)
{
    (void)state;
    for (int i = 0; i < KC_TRANSACTION_COUNT; i++) {
        const struct kc_transaction_info *info = kc_transaction_info((enum kc_transaction)i);
        struct web_answer answer;
        char body[100];
        bool is_hello = i == KC_TRANSACTION_Hello;
        snprintf(body, sizeof body, "{\"%s\":{}}", info->name);
        web_post(&alice.web, body, strlen(body), &answer);
        if (is_hello ? answer.status != 201 : answer.status != 401 && answer.status != 501)
            fail_msg("%s: %d", body, answer.status);
        web_answer_done(&answer);
    }
}

/* 002, 10.4.4: what is refused for a character, Hello says of before. */
static void an_address_is_refused_for_characters_that_hello_names(void **state)
{
    static const char *const names[] = {"a b@example.com", "a\"b@example.com", "a<b>@example.com",
        "a\nb@example.com", "a\177b@example.com"};
    static const char hello[] = "{\"Hello\":{}}";
    char refused[128];
    struct web_answer answer;
    struct kc_json_document document;
    struct kc_object object;
    (void)state;
    web_post(&alice.web, hello, sizeof hello - 1, &answer);
    GOOD(kc_object_parse((struct kc_span){(const uint8_t *)answer.body, answer.size}, answer.size,
        KC_OBJECT_MeshHelloResponse, &document, &object, NULL));
    struct kc_object policy = kc_object_inner(&object, "PolicyAccount");
    GOOD(kc_json_text(kc_object_member(&policy, "InvalidCharacters"), refused, sizeof refused));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mesh_request request;
        assert_int_not_equal(names[i][strcspn(names[i], refused)], '\0');
        mesh_request_begin(&alice, &request, KC_OBJECT_BindRequest);
        kc_object_write_text(&request.w, "AccountAddress", names[i]);
        kc_object_write_source(
            &request.w, "EnvelopedProfileAccount", admin_span(alice.c.account_text));
        char *text = mesh_request_seal(&alice, &request, MESH_PROFILE);
        struct mesh_reply reply;
        mesh_post(&alice, text, &reply);
        assert_int_equal(reply.status, 400);
        assert_non_null(reply.is_signed ? "" : NULL);
        assert_true(kc_json_is_text(kc_object_member(&reply.opened.object, "StatusDescription"),
            "The address has a character that Hello says is not taken"));
        mesh_reply_done(&reply);
        free(text);
    }
    kc_json_done(&document);
    web_answer_done(&answer);
}

/* RFC 6530: an address in the letters of its owner; and one that was given up has a new owner. */
static void an_address_is_of_any_letters_and_of_a_new_owner_once_it_is_free(void **state)
{
    struct mesh_party other;
    (void)state;
    mesh_party_free(&alice);
    mesh_party_new(&alice, &service, "\xc5\xbeofie.\xe6\x84\x9b@example.com", 120, false);
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 1);
    mesh_party_new(&other, &service, alice.c.account.address, 140, false);
    assert_int_equal(mesh_bind(&other, KC_OBJECT_BindRequest), 409);
    assert_int_equal(mesh_send(&alice, about(KC_OBJECT_UnbindRequest, alice.c.account.address,
                                           MESH_ADMINISTRATOR)),
        201);
    assert_int_equal(mesh_bind(&other, KC_OBJECT_BindRequest), 201);
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 0);
    mesh_party_free(&other);
}

static int64_t limit_in(const struct kc_object *hello, const char *name)
{
    int64_t limit = 0;
    struct kc_object constraints = kc_object_inner(hello, name);
    GOOD(kc_json_integer(kc_object_member(&constraints, "BytesMax"), &limit));
    return limit;
}

/* 002, 10.5. What is longer is refused as such. */
static void hello_says_how_large_a_request_may_be(void **state)
{
    static const char hello[] = "{\"Hello\":{}}";
    struct web_answer answer;
    struct kc_json_document document;
    struct kc_object object;
    (void)state;
    web_post(&alice.web, hello, sizeof hello - 1, &answer);
    GOOD(kc_object_parse((struct kc_span){(const uint8_t *)answer.body, answer.size}, answer.size,
        KC_OBJECT_MeshHelloResponse, &document, &object, NULL));
    size_t most = (size_t)limit_in(&object, "ConstraintsUpdate");
    assert_true(limit_in(&object, "ConstraintsPost") <= (int64_t)most);
    kc_json_done(&document);
    web_answer_done(&answer);
    char head[256];
    int length = snprintf(head, sizeof head,
        "POST /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        most + 1);
    assert_true(web_write(&alice.web, head, (size_t)length));
    web_read(&alice.web, &answer);
    assert_int_equal(answer.status, 413);
    web_answer_done(&answer);
}

/* --- Download --- */

static char *download_text(int64_t entries, int64_t octets)
{
    struct mesh_request request;
    mesh_request_begin(&alice, &request, KC_OBJECT_DownloadRequest);
    kc_object_write_text(&request.w, "Account", alice_address);
    kc_object_write_list(&request.w, "Select");
    kc_object_write_object(&request.w, NULL, KC_OBJECT_ConstraintsSelect);
    kc_object_write_text(&request.w, "Container", "MMM_Contact");
    kc_object_write_end(&request.w);
    kc_object_write_end(&request.w);
    kc_object_write_object(&request.w, "ConstraintsPost", KC_OBJECT_ConstraintsData);
    if (entries >= 0)
        kc_object_write_integer(&request.w, "MaxEntries", entries);
    if (octets >= 0)
        kc_object_write_integer(&request.w, "BytesMax", octets);
    kc_object_write_end(&request.w);
    return mesh_request_seal(&alice, &request, MESH_ADMINISTRATOR);
}

/* How many frames come, of how many there are. */
static size_t downloaded(int64_t entries, int64_t octets, int64_t *all, size_t *size)
{
    struct mesh_reply reply;
    char *text = download_text(entries, octets);
    mesh_post(&alice, text, &reply);
    free(text);
    assert_int_equal(reply.status, 201);
    struct kc_json update = kc_json_item(kc_object_member(&reply.opened.object, "Updates"), 0);
    size_t count = kc_json_count(kc_json_member(update, "Envelopes"));
    *all = 0;
    if (kc_json_is_there(update))
        GOOD(kc_json_integer(kc_json_member(update, "Index"), all));
    *size = reply.answer.size;
    mesh_reply_done(&reply);
    return count;
}

static void a_download_is_as_large_as_was_asked_for_and_as_may_be(void **state)
{
    enum { SIZE = 60000 };
    static char frame[SIZE];
    const char *const frames[] = {frame};
    int64_t all;
    size_t size;
    (void)state;
    int start = snprintf(frame, sizeof frame, "[{\"ContentMetaData\":\"e30\"},\"");
    memset(frame + start, 'A', 40000);
    strcpy(frame + start + 40000, "\"]");
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    size_t first = downloaded(-1, -1, &all, &size); /* before and after, as one likes */
    assert_int_equal(first, all);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(mesh_send(&alice, mesh_transact_text(&alice, KC_OBJECT_TransactRequest,
                                               "MMM_Contact", -1, frames, 1, MESH_ADMINISTRATOR)),
            201);
    assert_int_equal(downloaded(2, -1, &all, &size), 2);
    assert_int_equal(downloaded(-1, 50000, &all, &size), 1 + (all == 7));
    assert_true(size < 100000);
    /* there is more than fits, and the Index says so */
    size_t whole = downloaded(-1, INT64_C(1) << 40, &all, &size);
    assert_true(whole < (size_t)all);
    assert_true(size < 256 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_response_is_signed_and_repeats_its_status),
        CASE(a_store_that_is_not_there_is_not_found_by_any_transaction),
        CASE(a_refused_operate_repeats_its_id_too),
        CASE(a_request_that_names_no_service_has_not_the_form),
        CASE(a_bare_request_is_refused_in_a_bare_answer),
        CASE(nobody_but_hello_goes_without_a_signature),
        CASE(an_address_is_refused_for_characters_that_hello_names),
        CASE(an_address_is_of_any_letters_and_of_a_new_owner_once_it_is_free),
        CASE(hello_says_how_large_a_request_may_be),
        CASE(a_download_is_as_large_as_was_asked_for_and_as_may_be),
    };
    return RUN_WITH_SERVICE(tests);
}
