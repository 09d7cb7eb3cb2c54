/* SPDX-License-Identifier: Apache-2.0 */
/* A custodian that reads its configuration again, and clients that wait for what comes of it. */
#include "proto/socket/client.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS 30000

static struct kc_custodian custodian;
static struct kc_client *client;

static int start(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"main\"");
    return kc_client_new(custodian.socket, &client) == KC_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

/* Replaces words in the configuration, as an editor does. */
static void edit(const char *from, const char *to)
{
    char command[512];
    snprintf(command, sizeof command, "sed -i '%s%s%s%s%s' '%s'", "s|", from, "|", to, "|",
        custodian.config);
    assert_int_equal(system(command), 0);
}

static uint64_t watch(uint64_t seen, bool has_seen)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_WATCH);
    if (has_seen)
        kc_values_set_number(&request.message.values, KC_FIELD_SEEN, seen);
    assert_int_equal(kc_client_call(client, &request, DEADLINE_MS, &answer), KC_OK);
    uint64_t now = kc_client_answer_message(answer)->values.value[KC_FIELD_SEEN].number;
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    return now;
}

static size_t count_keyrings(void)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_KEYRING_LIST);
    assert_int_equal(kc_client_call(client, &request, DEADLINE_MS, &answer), KC_OK);
    size_t count = kc_client_answer_message(answer)->item_count;
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    return count;
}

/* Waits for a line of the log. */
static void await_log(const char *words)
{
    char command[256];
    snprintf(command, sizeof command,
        "timeout 30 tail -n +1 -F '%s' 2>/dev/null | grep -q -m1 '%s'", custodian.log, words);
    assert_int_equal(system(command), 0);
}

static void a_keyring_appears_and_goes_and_a_watch_tells(void **state)
{
    (void)state;
    uint64_t seen = watch(0, false);
    assert_int_equal(count_keyrings(), 1);
    edit("\"main\"", "\"main\", \"other\"");
    kill(custodian.pid, SIGHUP);
    uint64_t next = watch(seen, true); /* of the connection that there was */
    assert_true(next != seen);
    assert_int_equal(count_keyrings(), 2);
    edit(", \"other\"", "");
    kill(custodian.pid, SIGHUP);
    assert_true(watch(next, true) != next);
    assert_int_equal(count_keyrings(), 1);
}

static void what_needs_a_restart_or_is_wrong_changes_nothing(void **state)
{
    (void)state;
    edit("keyrings = \\[ \"main\"", "limits = { clients = 7; }; keyrings = [ \"main\", \"more\"");
    kill(custodian.pid, SIGHUP);
    await_log("limits was changed");
    edit("limits = { clients = 7; };", "no_such_setting = 1;");
    kill(custodian.pid, SIGHUP);
    await_log("no_such_setting");
    assert_int_equal(count_keyrings(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyring_appears_and_goes_and_a_watch_tells),
        cmocka_unit_test(what_needs_a_restart_or_is_wrong_changes_nothing),
    };
    return cmocka_run_group_tests_name("reload", tests, start, stop);
}
