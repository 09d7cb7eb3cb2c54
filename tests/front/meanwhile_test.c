/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another request does to an account while one waits for the account's lock: the linker sends
 * whoever takes a lock through here, which is where the other one is done. There is no custodian; what
 * it would sign is a word.
 */
#include "custodian/front/exchange.h"
#include "tests/front/mesh_client.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define FRAME "[{\"ContentMetaData\":\"e30\"},\"ZW50cnk\"]"
#define STORE "MMM_Contact"

static struct kc_front_settings settings;
static struct kc_front_store *store;
static struct kc_custody *custody;
static struct kc_front *front;
static struct mesh_party party;
static char folder[64];
static void (*meanwhile)(void); /* once, when a lock is to be taken, or frames to be read */
static char *answered;          /* what was to be signed last; owned */

/* --- in the place of what the linker redirects --- */

/* clang-format off */
pthread_mutex_t *__real_kc_front_lock(struct kc_front *of, const char *address);
pthread_mutex_t *__wrap_kc_front_lock(struct kc_front *of, const char *address);
enum kc_error __wrap_kc_custody_sign(struct kc_custody *by, struct kc_span payload, struct kc_custody_text *envelope);
enum kc_error __real_kc_front_store_frames(struct kc_front_store *of, const char *address,
    const char *container, uint64_t first, uint64_t end, kc_front_frame_see see, void *context);
enum kc_error __wrap_kc_front_store_frames(struct kc_front_store *of, const char *address,
    const char *container, uint64_t first, uint64_t end, kc_front_frame_see see, void *context);
/* clang-format on */

static void let_in(void)
{
    void (*other)(void) = meanwhile;
    meanwhile = NULL;
    if (other)
        other();
}

pthread_mutex_t *__wrap_kc_front_lock(struct kc_front *of, const char *address)
{
    let_in();
    return __real_kc_front_lock(of, address);
}

enum kc_error __wrap_kc_custody_sign(
    struct kc_custody *by, struct kc_span payload, struct kc_custody_text *envelope)
{
    (void)by;
    free(answered);
    answered = strndup((const char *)payload.bytes, payload.size);
    *envelope = (struct kc_custody_text){strdup("signed"), 6};
    return envelope->text ? KC_OK : KC_ERR_NO_MEMORY;
}

enum kc_error __wrap_kc_front_store_frames(struct kc_front_store *of, const char *address,
    const char *container, uint64_t first, uint64_t end, kc_front_frame_see see, void *context)
{
    let_in();
    return __real_kc_front_store_frames(of, address, container, first, end, see, context);
}

/* --- an account with a device --- */

static void change(struct kc_front_change done)
{
    done.address = ADMIN_ADDRESS;
    GOOD(kc_front_store_put(store, &done));
}

static void bind_profile(const char *profile)
{
    struct kc_front_account account = {
        .created = 7, .profile = (uint8_t *)(uintptr_t)profile, .profile_size = strlen(profile)};
    snprintf(account.udf, sizeof account.udf, "%s", party.c.account.udf);
    change((struct kc_front_change){.add = &account, .replaces = true});
}

static int set_up(void **state)
{
    const char *detail;
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/kc-front-meanwhile-XXXXXX");
    assert_non_null(mkdtemp(folder));
    settings = (struct kc_front_settings){
        .service = ADMIN_SERVICE, .limits = {.message_size = 65536, .frames = 100}};
    GOOD(kc_front_store_open(folder, 3, &store, &detail));
    GOOD(kc_custody_new("/nonexistent/socket", ADMIN_SERVICE, 1000, &custody));
    GOOD(kc_front_new(&settings, store, custody, &front));
    struct admin_case *made = admin_case_new();
    party = (struct mesh_party){.c = *made};
    free(made); /* what it has is the party's */
    mesh_party_connect(&party, "encryption");
    bind_profile(party.c.account_text);
    return 0;
}

static int tear_down(void **state)
{
    char command[96];
    (void)state;
    free(answered);
    answered = NULL;
    kc_front_free(front);
    kc_custody_free(custody);
    kc_front_store_close(store);
    admin_device_done(&party.device);
    kc_mesh_connected_done(&party.connected);
    free(party.c.account_text);
    free(party.c.device_text);
    free(party.c.service_text);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a fixed command */
}

static char *upload_by(enum mesh_signer signer)
{
    return mesh_transact_text(
        &party, KC_OBJECT_UploadRequest, STORE, -1, (const char *const[]){FRAME}, 1, signer);
}

/* The status of a request, and whether the answer to it is a text. */
static int status_of(const char *text, const char *answer)
{
    struct kc_front_reply reply = {.status = 0};
    kc_front_answer(front, admin_span(text), &reply);
    if (answer) {
        assert_int_equal(reply.size, strlen(answer));
        assert_memory_equal(reply.text, answer, reply.size);
    }
    int status = reply.status;
    kc_front_reply_done(&reply);
    return status;
}

static uint64_t frames(void)
{
    struct kc_front_status status;
    GOOD(kc_front_store_status(store, ADMIN_ADDRESS, STORE, &status));
    return status.count;
}

/* An upload while something else is done: its status. */
static int upload_while(void (*other)(void), enum mesh_signer signer)
{
    char *text = upload_by(signer);
    meanwhile = other;
    int status = status_of(text, NULL);
    assert_null(meanwhile);
    free(text);
    return status;
}

/* --- the others --- */

static void nothing(void)
{
}

static void delete_name(const char *name)
{
    change((struct kc_front_change){.revoked = &name, .revoked_count = 1});
}

static void delete_device(void)
{
    delete_name(party.c.device.udf);
}

static void delete_key_of_device(void)
{
    struct kc_public_key key;
    GOOD(kc_mesh_public_key(&party.device.signature.public, &key));
    delete_name(key.udf);
}

static void unbind(void)
{
    change((struct kc_front_change){.remove = true});
}

/* A later profile of the account: the same administrator. */
static void bind_again(void)
{
    struct kc_mesh_source later = party.c.source;
    struct kc_mesh_account_keys keys = {&party.c.profile.pair, &party.c.administrator.pair,
        &party.c.encryption.pair, &party.c.authentication.pair, &party.c.signature.pair,
        &party.c.escrow.pair};
    char *text;
    size_t size;
    later.now += 60;
    GOOD(kc_mesh_profile_make(
        &later, false, &keys, ADMIN_ADDRESS, party.c.service_profile.public.udf, &text, &size));
    assert_string_not_equal(text, party.c.account_text);
    bind_profile(text);
    free(text);
}

/* The account is another's, who has the address since. */
static void bind_another(void)
{
    char *own = party.c.account_text;
    struct sample_key administrator = sample_key(KC_CURVE_ED448, 77);
    struct kc_mesh_account_keys keys = {&party.c.profile.pair, &administrator.pair,
        &party.c.encryption.pair, &party.c.authentication.pair, &party.c.signature.pair,
        &party.c.escrow.pair};
    char *text;
    size_t size;
    GOOD(kc_mesh_profile_make(&party.c.source, false, &keys, ADMIN_ADDRESS,
        party.c.service_profile.public.udf, &text, &size));
    assert_string_not_equal(text, own);
    unbind();
    bind_profile(text);
    free(text);
}

static char *twice;

static void send_it_too(void)
{
    assert_int_equal(status_of(twice, "signed"), 201);
}

/* --- cases --- */

static void who_is_still_allowed_to_changes_the_store(void **state)
{
    (void)state;
    assert_int_equal(upload_while(nothing, MESH_DEVICE), 201);
    assert_int_equal(upload_while(nothing, MESH_ADMINISTRATOR), 201);
    assert_int_equal(frames(), 2);
}

static void a_device_that_is_deleted_meanwhile_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(upload_while(delete_device, MESH_DEVICE), 401);
    assert_int_equal(upload_while(nothing, MESH_ADMINISTRATOR), 201); /* that one is another */
    assert_int_equal(frames(), 1);
}

static void so_does_one_whose_key_is(void **state)
{
    (void)state;
    assert_int_equal(upload_while(delete_key_of_device, MESH_DEVICE), 401);
    assert_int_equal(frames(), 0);
}

/* Frames of nobody would be there when the address is bound the next time. */
static void an_account_that_is_unbound_meanwhile_has_no_frames(void **state)
{
    (void)state;
    assert_int_equal(upload_while(unbind, MESH_ADMINISTRATOR), 401);
    assert_int_equal(frames(), 0);
}

static void an_address_that_is_anothers_meanwhile_has_nothing_of_its_former_owner(void **state)
{
    (void)state;
    assert_int_equal(upload_while(bind_another, MESH_DEVICE), 401);
    assert_int_equal(frames(), 0);
}

static void a_later_profile_gets_in_nobodys_way(void **state)
{
    (void)state;
    assert_int_equal(upload_while(bind_again, MESH_DEVICE), 201);
    assert_int_equal(frames(), 1);
}

static void the_same_request_twice_at_once_is_done_once(void **state)
{
    (void)state;
    twice = upload_by(MESH_DEVICE);
    meanwhile = send_it_too;
    assert_int_equal(status_of(twice, "signed"), 201);
    assert_null(meanwhile);
    assert_int_equal(frames(), 1);
    free(twice);
}

static void append_one(void)
{
    assert_int_equal(upload_while(nothing, MESH_ADMINISTRATOR), 201);
}

/* Index and digest are of one frame; so is the last that comes. */
static void a_download_ends_where_it_says(void **state)
{
    struct mesh_request request;
    struct kc_json_document document;
    struct kc_object response;
    int64_t index = 0;
    (void)state;
    append_one();
    mesh_request_begin(&party, &request, KC_OBJECT_DownloadRequest);
    kc_object_write_text(&request.w, "Account", ADMIN_ADDRESS);
    kc_object_write_list(&request.w, "Select");
    kc_object_write_object(&request.w, NULL, KC_OBJECT_ConstraintsSelect);
    kc_object_write_text(&request.w, "Container", STORE);
    kc_object_write_integer(&request.w, "IndexMax", 10);
    kc_object_write_end(&request.w);
    kc_object_write_end(&request.w);
    char *text = mesh_request_seal(&party, &request, MESH_DEVICE);
    meanwhile = append_one;
    assert_int_equal(status_of(text, NULL), 201);
    assert_int_equal(frames(), 2);
    GOOD(kc_object_parse(admin_span(answered), strlen(answered), KC_OBJECT_DownloadResponse,
        &document, &response, NULL));
    struct kc_json update = kc_json_item(kc_object_member(&response, "Updates"), 0);
    GOOD(kc_json_integer(kc_json_member(update, "Index"), &index));
    assert_int_equal(index, 1);
    assert_int_equal(kc_json_count(kc_json_member(update, "Envelopes")), 1);
    kc_json_done(&document);
    free(text);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(who_is_still_allowed_to_changes_the_store),
        CASE(a_device_that_is_deleted_meanwhile_changes_nothing),
        CASE(so_does_one_whose_key_is),
        CASE(an_account_that_is_unbound_meanwhile_has_no_frames),
        CASE(an_address_that_is_anothers_meanwhile_has_nothing_of_its_former_owner),
        CASE(a_later_profile_gets_in_nobodys_way),
        CASE(the_same_request_twice_at_once_is_done_once),
        CASE(a_download_ends_where_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
