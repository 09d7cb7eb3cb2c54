/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of operate-check, against the vault: the same code and status as the pure core gives. */
#include "tests/vault/service_case.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_OF_REQUESTS KC_SOURCE_DIR "/tests/vectors/examples/operate-refusals.json"

static uint64_t seconds_of(const char *text)
{
    struct tm parts = {0};
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &parts));
    return (uint64_t)timegm(&parts);
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void play_event(struct bench *bench, const json_t *event)
{
    const char *capability = text_at(event, "revoked_capability");
    const char *device = text_at(event, "revoked_device");
    if (json_object_get(event, "now") != NULL)
        bench->seconds = seconds_of(text_at(event, "now"));
    if (*capability != '\0')
        service_expect(bench, KC_OPERATION_MESH_CAPABILITY_REVOKE,
            service_delete_request(bench, "MMM_Access", capability), KC_OK);
    else if (*device != '\0')
        service_expect(bench, KC_OPERATION_MESH_DEVICE_REVOKE,
            service_delete_request(bench, "MMM_Device", device), KC_OK);
    else
        assert_int_equal(service_operate(bench, strdup(text_at(event, "accepted"))), 201);
}

static void play_before(struct bench *bench, const json_t *before)
{
    size_t index;
    const json_t *event;
    if (json_is_object(before))
        play_event(bench, before);
    json_array_foreach(before, index, event) play_event(bench, event);
}

static void play(const json_t *entry)
{
    const json_t *expect = json_object_get(entry, "expect");
    uint64_t now = seconds_of(text_at(entry, "now"));
    struct bench *bench = service_with_shares_at(now);
    play_before(bench, json_object_get(entry, "before"));
    bench->seconds = now;
    int status = service_operate(bench, strdup(text_at(entry, "body")));
    if (status != json_integer_value(json_object_get(expect, "status")) ||
        strcmp(bench->told.note, text_at(expect, "code")) != 0)
        fail_msg("%s: %d, %s", text_at(entry, "id"), status, bench->told.note);
    bench_free(bench);
}

static void the_vault_answers_each_request_as_the_pure_core(void **state)
{
    (void)state;
    static const char *const lists[] = {"refusals", "controls"};
    json_t *file = json_load_file(FILE_OF_REQUESTS, JSON_ALLOW_NUL, NULL);
    size_t played = 0;
    assert_non_null(file);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        size_t index;
        const json_t *entry;
        json_array_foreach(json_object_get(file, lists[i]), index, entry)
        {
            play(entry);
            played++;
        }
    }
    assert_true(played > 0);
    json_decref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vault_answers_each_request_as_the_pure_core),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
