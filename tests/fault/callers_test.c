/* SPDX-License-Identifier: Apache-2.0 */
/* Other local users: what the policy gives them, by what the kernel says of their connection. */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"
#include "tests/socket/sample.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRANGER 64990
#define SIGNER 64991
#define MEMBER 64992
#define GROUP 64993

static const char rules[] =
    "policy = ( { name = \"owner\"; users = [ \"0\" ]; keyrings = [ \"*\" ]; "
    "operations = [ \"*\" ]; },\n"
    "{ name = \"signer\"; users = [ \"64991\" ]; keyrings = [ \"home\" ]; keys = [ \"web-?*\" ]; "
    "roles = [ \"application\" ]; operations = [ \"key-sign\", \"key-list\" ]; },\n"
    "{ name = \"members\"; groups = [ \"64993\" ]; keyrings = [ \"work\" ]; "
    "operations = [ \"key-generate\", \"key-sign\", \"key-destroy\" ]; } );\n";

static struct kc_custodian custodian;
static struct kc_client *client;
static struct key web, mail, exact, share_of_web;

static void skip_unless_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("[  SKIPPED ] only root can become others\n");
    skip();
}

static int set_up(void **state)
{
    (void)state;
    char recipient[65];
    struct split split;
    kc_custodian_init(&custodian, "\"home\", \"work\"");
    if (geteuid() != 0)
        return 0;
    kc_custodian_stop(&custodian);
    change_settings(&custodian, "/^policy/d", rules);
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    set_pin(client);
    enrol_nobody(client, recipient);
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "web-1", &web), KC_OK);
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "web-", &exact), KC_OK);
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "mail", &mail), KC_OK);
    assert_answer(
        generate(client, "Ed25519", "account", "wrapped", "web-account", &share_of_web), KC_OK);
    assert_answer(split_key(client, &share_of_web, recipient, &split), KC_OK);
    share_of_web = split.first;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

/* --- as another --- */

struct results {
    enum kc_error error[KC_OPERATIONS];
    size_t count[KC_OPERATIONS]; /* items */
};

/* What another user gets is compared here: his process cannot fail a test. */
static struct results as(
    uid_t user, gid_t group, void (*act)(struct kc_client *own, struct results *results))
{
    struct results *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    assert_ptr_not_equal(shared, MAP_FAILED);
    pid_t pid = fork();
    if (pid == 0) {
        struct kc_client *own;
        if (setgroups(1, &group) != 0 || setgid(user) != 0 || setuid(user) != 0 ||
            kc_client_new(custodian.socket, &own) != KC_OK)
            _exit(1);
        act(own, shared);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    struct results results = *shared;
    munmap(shared, sizeof *shared);
    return results;
}

/* --- a stranger --- */

static void fill_descriptors(struct kc_client_request *request)
{
    while (request->descriptors.count < KC_DESCRIPTORS_MAX) {
        int made;
        if (kc_sealed_make("twelve bytes", 12, &made) != KC_OK)
            _exit(2);
        request->descriptors.fd[request->descriptors.count++] = made;
    }
}

static void ask_for_everything(struct kc_client *own, struct results *results)
{
    static struct sample sample;
    for (enum kc_operation operation = 0; operation < KC_OPERATIONS; operation++) {
        struct kc_client_request request;
        struct kc_client_answer *answer = NULL;
        sample_request(&sample, operation, 1);
        kc_client_request_init(&request, operation);
        request.message = sample.message;
        fill_descriptors(&request);
        results->error[operation] = kc_client_call(own, &request, DEADLINE_MS, &answer);
        if (results->error[operation] == KC_OK)
            results->count[operation] = kc_client_answer_message(answer)->item_count;
        kc_client_answer_free(answer);
        kc_client_request_done(&request);
    }
}

/* What is wrong with his words alone he may hear, and that he has no session. Listings show what he may see: nothing. */
static bool is_listing(enum kc_operation operation)
{
    return operation == KC_OPERATION_KEYRING_LIST || operation == KC_OPERATION_KEY_LIST ||
           operation == KC_OPERATION_OBJECT_LIST;
}

static bool is_everyones(enum kc_operation operation)
{
    return operation == KC_OPERATION_PING || operation == KC_OPERATION_STATUS ||
           operation == KC_OPERATION_DOCTOR || operation == KC_OPERATION_BATCH ||
           operation == KC_OPERATION_WATCH;
}

static void policy_gives_a_stranger_nothing(void **state)
{
    (void)state;
    skip_unless_root();
    struct results results = as(STRANGER, STRANGER, ask_for_everything);
    for (enum kc_operation operation = 0; operation < KC_OPERATIONS; operation++) {
        enum kc_error error = results.error[operation];
        bool good = is_everyones(operation) ? error == KC_OK
                    : is_listing(operation) ? kc_error_row(error)->class == KC_CLASS_CALLER ||
                                                  error == KC_ERR_REFUSED ||
                                                  (error == KC_OK && results.count[operation] == 0)
                                            : error == KC_ERR_REFUSED || error == KC_ERR_SESSION ||
                                                  kc_error_row(error)->class == KC_CLASS_CALLER;
        if (!good)
            fail_msg("%s: %s, %zu items", kc_operations[operation].name, kc_error_name(error),
                results.count[operation]);
    }
}

static void use_known_keys(struct kc_client *own, struct results *results)
{
    results->error[0] = ASK(own, KEY_SHOW, NULL, TEXT(KEY, web.id));
    results->error[1] = ASK(own, KEY_SHOW, NULL, TEXT(KEY, "MAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"));
    results->error[2] = ASK(own, KEY_SIGN, NULL, TEXT(KEY, web.id), OCTETS(MESSAGE, "m", 1));
    results->error[3] = ASK(own, KEY_DESTROY, NULL, TEXT(KEY, web.id));
    results->error[4] = ASK(
        own, OPERATOR_PIN, NULL, OCTETS(NEW_PIN, "mine now", 8), OCTETS(PIN, PIN, sizeof PIN - 1));
    results->error[5] = ASK(own, SHARE_SPLIT, NULL, TEXT(KEY, web.id), TEXT(RECIPIENT, web.id),
        OCTETS(PIN, PIN, sizeof PIN - 1));
}

/* One answer for what is there and for what is not; the right PIN does not help. */
static void policy_answers_a_stranger_the_same_for_any_key(void **state)
{
    (void)state;
    skip_unless_root();
    struct results results = as(STRANGER, STRANGER, use_known_keys);
    for (size_t i = 0; i < 6; i++)
        assert_answer(results.error[i], KC_ERR_REFUSED);
    assert_answer(use_key(client, &web), KC_OK);
}

/* --- who may something --- */

static size_t list(struct kc_client *own, enum kc_error *error)
{
    struct kc_client_answer *answer;
    *error = ASK_NOTHING(own, KEY_LIST, &answer);
    if (*error != KC_OK)
        return 0;
    size_t count = kc_client_answer_message(answer)->item_count;
    kc_client_answer_free(answer);
    return count;
}

static enum kc_error try_to_sign(struct kc_client *own, const struct key *key)
{
    return ASK(own, KEY_SIGN, NULL, TEXT(KEY, key->id), OCTETS(MESSAGE, "m", 1));
}

static void act_as_signer(struct kc_client *own, struct results *results)
{
    results->error[0] = try_to_sign(own, &web);
    results->error[1] = try_to_sign(own, &exact);
    results->error[2] = try_to_sign(own, &mail);
    static const char contact[] = "{\"MessageContact\":{}}"; /* what the share would sign */
    results->error[3] = ASK(own, SIGNATURE_COMMIT, NULL, TEXT(KEY, share_of_web.id),
        TEXT(SCHEME, "envelope"), OCTETS(MESSAGE, contact, sizeof contact - 1));
    results->error[4] = ASK(own, KEY_DESTROY, NULL, TEXT(KEY, web.id));
    results->error[5] = ASK(own, KEY_GENERATE, NULL, TEXT(ALGORITHM, "Ed25519"),
        TEXT(KEYRING, "home"), TEXT(LABEL, "web-2"));
    results->count[6] = list(own, &results->error[6]);
}

static void policy_lets_a_user_do_what_a_rule_says_and_no_more(void **state)
{
    (void)state;
    skip_unless_root();
    struct results results = as(SIGNER, SIGNER, act_as_signer);
    assert_answer(results.error[0], KC_OK);
    for (size_t i = 1; i < 6; i++)
        assert_answer(results.error[i], KC_ERR_REFUSED);
    assert_answer(results.error[6], KC_OK);
    assert_int_equal(results.count[6], 1); /* the keys that he may use */
}

static void act_as_member(struct kc_client *own, struct results *results)
{
    struct kc_client_answer *answer;
    struct key made;
    results->error[0] = ASK(own, KEY_GENERATE, &answer, TEXT(ALGORITHM, "Ed25519"),
        TEXT(KEYRING, "work"), TEXT(LABEL, "ours"));
    if (results->error[0] != KC_OK)
        return;
    copy_text(answer, KC_FIELD_KEY, made.id);
    results->error[1] = try_to_sign(own, &made);
    results->error[2] = ASK(own, KEY_DESTROY, NULL, TEXT(KEY, made.id));
    results->error[3] = try_to_sign(own, &web);
    results->error[4] = ASK(own, KEY_GENERATE, NULL, TEXT(ALGORITHM, "Ed25519"),
        TEXT(KEYRING, "home"), TEXT(LABEL, "theirs"));
}

static void policy_knows_groups_beside_the_primary_one(void **state)
{
    (void)state;
    skip_unless_root();
    struct results results = as(MEMBER, GROUP, act_as_member);
    for (size_t i = 0; i < 3; i++)
        assert_answer(results.error[i], KC_OK);
    assert_answer(results.error[3], KC_ERR_REFUSED);
    assert_answer(results.error[4], KC_ERR_REFUSED);
    results = as(MEMBER, MEMBER, act_as_member);
    assert_answer(results.error[0], KC_ERR_REFUSED);
}

/* Credentials are those of who connected, whoever speaks on the connection later. */
static void act_after_giving_up_rights(struct kc_client *own, struct results *results)
{
    results->error[0] = try_to_sign(own, &mail);
}

static void policy_goes_by_who_connected(void **state)
{
    (void)state;
    skip_unless_root();
    struct results results = as(STRANGER, SIGNER, act_after_giving_up_rights);
    assert_answer(results.error[0], KC_ERR_REFUSED);
    assert_answer(use_key(client, &mail), KC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_gives_a_stranger_nothing),
        cmocka_unit_test(policy_answers_a_stranger_the_same_for_any_key),
        cmocka_unit_test(policy_lets_a_user_do_what_a_rule_says_and_no_more),
        cmocka_unit_test(policy_knows_groups_beside_the_primary_one),
        cmocka_unit_test(policy_goes_by_who_connected),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
