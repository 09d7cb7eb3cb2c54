/* SPDX-License-Identifier: Apache-2.0 */
/* A Transact of many frames: all of it is done, or nothing. */
#include "tests/vault/service_case.h"

#include "proto/base64url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCEPT KC_OPERATION_MESH_CAPABILITY_ACCEPT
#define REVOKE KC_OPERATION_MESH_CAPABILITY_REVOKE
#define REVOKE_DEVICE KC_OPERATION_MESH_DEVICE_REVOKE
#define SUBJECT "MBYD-4DME-YFNJ-6BSU-XR5W-WLMC-XUDF"
#define IDS "NDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZ"
#define ROOM ((size_t)120000)

/* What a request is made of. */
struct frames {
    char text[ROOM];
    size_t size;
};

static struct frames access_frames, device_frames;

static int clear(void **state)
{
    access_frames = device_frames = (struct frames){0};
    return service_setup(state);
}

static void add(struct frames *frames, const char *frame)
{
    frames->size += (size_t)snprintf(frames->text + frames->size, ROOM - frames->size, "%s%s",
        frames->size > 0 ? "," : "", frame);
    assert_true(frames->size < ROOM);
}

/* The entry of the case with another last character of its Id, and something else changed in it. */
static void add_entry(char id, const char *what, const char *with, const char *signer)
{
    static char entry[CASE_TEXT_MAX];
    char name[] = IDS "A";
    name[sizeof name - 2] = id;
    case_payload_of("access.0.entry", entry);
    case_edit(entry, CASE_DECRYPT_ID, name);
    case_edit(entry, what, with);
    char *sealed = case_seal(entry, signer, NULL);
    add(&access_frames, sealed);
    free(sealed);
}

static void add_good(char id)
{
    add_entry(id, SUBJECT, SUBJECT, CASE_ADMINISTRATOR);
}

/* The right to have keys made, which is a small entry. grantee: NULL: the device. */
static void add_right(char id, const char *grantee)
{
    char entry[600];
    snprintf(entry, sizeof entry,
        "{\"CatalogedAccess\":{\"Capability\":{\"CapabilityKeyGenerate\":{\"Id\":\"" IDS
        "%c\",\"AuthenticationId\":\"%s\"}}}}",
        id, grantee ? grantee : json_string_value(case_at(case_base, "device.udf")));
    char *sealed = case_seal(entry, CASE_ADMINISTRATOR, NULL);
    add(&access_frames, sealed);
    free(sealed);
}

static void add_deletion(struct frames *frames, const char *id)
{
    char meta[200], encoded[300], frame[400];
    snprintf(meta, sizeof meta, "{\"UniqueId\":\"%s\",\"Event\":\"Delete\"}", id);
    kc_base64url_encode((struct kc_span){(const uint8_t *)meta, strlen(meta)}, encoded);
    snprintf(frame, sizeof frame, "[{\"ContentMetaData\":\"%s\"},\"\"]", encoded);
    add(frames, frame);
}

static void expect(struct bench *bench, enum kc_operation operation, enum kc_error error)
{
    static char updates[2 * ROOM + 200];
    snprintf(updates, sizeof updates,
        "{\"Container\":\"MMM_Device\",\"Envelopes\":[%s]},"
        "{\"Container\":\"MMM_Access\",\"Envelopes\":[%s]}",
        device_frames.text, access_frames.text);
    service_expect(
        bench, operation, service_transact(bench, updates, CASE_ADMINISTRATOR, 0), error);
}

static size_t capabilities(struct bench *bench)
{
    struct ask list = ask_new(KC_OPERATION_MESH_CAPABILITY_LIST);
    struct answer *answer = bench_ask(bench, &list);
    size_t count = answer->in.message.item_count;
    answer_done(answer);
    return count;
}

static void what_is_refused_at_the_end_has_done_nothing_of_it(void **state)
{
    struct bench *bench = *state;
    size_t before = capabilities(bench), commits = bench->commits;
    for (int id = 'B'; id <= 'Z'; id++)
        add_right((char)id, NULL); /* more than one commit holds */
    size_t good = access_frames.size;
    add_right('2', "alice@example.com"); /* which is no fingerprint */
    expect(bench, ACCEPT, KC_ERR_REFUSED);
    access_frames.size = good;
    add_entry('2', SUBJECT, SUBJECT, CASE_DEVICE);
    expect(bench, ACCEPT, KC_ERR_SIGNATURE);
    assert_int_equal(bench->commits, commits);
    assert_int_equal(capabilities(bench), before);
    access_frames.text[access_frames.size = good] = '\0';
    expect(bench, ACCEPT, KC_OK);
    assert_true(bench->commits > commits + 1);
    assert_int_equal(capabilities(bench), before + 25);
}

static void nothing_is_revoked_by_a_request_that_is_refused(void **state)
{
    struct bench *bench = *state;
    add_deletion(&access_frames, CASE_DECRYPT_ID);
    size_t deletion = access_frames.size;
    add_entry('Y', SUBJECT, SUBJECT, CASE_DEVICE);
    expect(bench, REVOKE, KC_ERR_SIGNATURE);
    access_frames.size = deletion;
    add_deletion(&access_frames, "");
    expect(bench, REVOKE, KC_ERR_BAD_ARGUMENT);
    access_frames.text[access_frames.size = deletion] = '\0';
    add_deletion(&device_frames, "MAAA"); /* of which there may be several */
    expect(bench, REVOKE, KC_ERR_BAD_ARGUMENT);
    expect(bench, REVOKE_DEVICE, KC_ERR_BAD_ARGUMENT);
    assert_int_equal(service_operate(bench, service_flow(bench, CASE_AGREE, 0)), 201);
    assert_false(service_refuses(bench, service_flow(bench, CASE_AGREE, 0)));
}

static void of_the_frames_about_one_capability_the_last_counts(void **state)
{
    struct bench *bench = *state;
    size_t before = capabilities(bench);
    add_good('B');
    add_entry('B', "\"SubjectId\"", "\"Epoch\":1,\"SubjectId\"", CASE_ADMINISTRATOR);
    add_good('C');
    add_deletion(&access_frames, IDS "C");
    expect(bench, ACCEPT, KC_OK);
    expect(bench, ACCEPT, KC_OK); /* and so the same again */
    expect(bench, REVOKE, KC_OK);
    assert_int_equal(capabilities(bench), before + 1);
}

static void what_a_request_deletes_it_does_not_bring_again(void **state)
{
    struct bench *bench = *state;
    add_deletion(&access_frames, CASE_DECRYPT_ID);
    add_entry('A', "\"SubjectId\"", "\"Epoch\":1,\"SubjectId\"", CASE_ADMINISTRATOR);
    expect(bench, ACCEPT, KC_ERR_REFUSED);
    expect(bench, REVOKE, KC_ERR_REFUSED);
    assert_false(service_refuses(bench, service_flow(bench, CASE_AGREE, 0)));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, clear, service_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_refused_at_the_end_has_done_nothing_of_it),
        CASE(nothing_is_revoked_by_a_request_that_is_refused),
        CASE(of_the_frames_about_one_capability_the_last_counts),
        CASE(what_a_request_deletes_it_does_not_bring_again),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
