/* SPDX-License-Identifier: Apache-2.0 */
/* operate-check as whoever plays requests with it sees it: what it plays, and that nothing that it
 * could not play counts as passed. */
#include "tests/support/shell.h"

#define CASES KC_SOURCE_DIR "/tests/mesh/operate/operate-25519-cases.json"
#define SAMPLE KC_SOURCE_DIR "/tests/vectors/examples/operate-refusals.json"
#define COPY "cp " KC_SOURCE_DIR "/tests/mesh/operate/*.json " SAMPLE " ."

static void plays_a_base_set_of_other_curves_with_several_accounts_and_what_was_before(void **state)
{
    (void)state;
    SAYS(0, "52 passed, 0 failed", "check " CASES);
}

static void plays_several_files_each_by_the_base_set_beside_it(void **state)
{
    (void)state;
    SAYS(0, "70 passed, 0 failed", "check " SAMPLE " " CASES " " SAMPLE);
    HOLDS(COPY);
    SAYS(1, "52 passed, 9 failed", "check operate-25519-cases.json operate-refusals.json");
    SAYS(1, "./constructed-operate-signed.json: unable to open", "check operate-refusals.json");
}

static void a_base_set_that_does_not_hold_plays_nothing(void **state)
{
    (void)state;
    HOLDS(COPY);
    HOLDS("sed -i 's/\"custodian_seed\": \"ZA/\"custodian_seed\": \"ZB/' "
          "constructed-operate-25519.json");
    SAYS(1, "0 passed, 52 failed", "check operate-25519-cases.json");
    SAYS(1, "./constructed-operate-25519.json", "check operate-25519-cases.json");
    HOLDS("sed -i 's/\"base\": \"/\"base\": \"..\\//' operate-25519-cases.json");
    SAYS(1, "it names no base set", "check operate-25519-cases.json");
}

static void what_is_expected_is_compared(void **state)
{
    (void)state;
    HOLDS(COPY);
    HOLDS("sed 's/\"invalid coefficient\"/\"invalid key\"/' " CASES " > results.json");
    SAYS(1, "several: another result than expected", "check results.json");
    SAYS(1, "51 passed, 1 failed", "check results.json");
    HOLDS("sed -i 's/\"code\": \"stale\"/\"code\": \"replayed\"/' operate-25519-cases.json");
    SAYS(1, "event-replay-stale: code stale instead of replayed", "check operate-25519-cases.json");
    SAYS(1, "51 passed, 1 failed", "check operate-25519-cases.json");
    HOLDS("sed -i 's/\"status\": 400/\"status\": 401/; s/\"now\": \"2026/\"now\": \"in 2026/' "
          "operate-25519-cases.json");
    SAYS(1, "0 passed, 52 failed", "check operate-25519-cases.json");
}

static void a_file_in_which_nothing_can_be_played_is_a_failure(void **state)
{
    (void)state;
    SAYS(1, "nothing-here: unable to open", "check nothing-here");
    HOLDS("echo '{\"refusals\":[' > half; echo '{\"refusals\":[]}' > empty; echo '[7]' > list");
    SAYS(1, "half: ", "check half");
    SAYS(1, "empty: no requests in it", "check empty");
    SAYS(1, "0 passed, 1 failed", "check list");
    SAYS(1, "52 passed, 1 failed", "check empty " CASES);
    HOLDS("echo '{\"refusals\":[{\"id\":\"a\"}]}' > vain");
    SAYS(1, "vain: a: it says nothing that is expected", "check vain");
}

static void says_how_it_is_used(void **state)
{
    (void)state;
    SAYS(2, "usage: operate-check FILE...", "check");
    SAYS(0, "usage: operate-check FILE...", "check --help");
}

static int set_up(void **state)
{
    (void)state;
    kc_shell_init();
    kc_shell_define("check() { " KC_BUILD_DIR "/operate-check \"$@\"; }");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_shell_done();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            plays_a_base_set_of_other_curves_with_several_accounts_and_what_was_before),
        cmocka_unit_test(plays_several_files_each_by_the_base_set_beside_it),
        cmocka_unit_test(a_base_set_that_does_not_hold_plays_nothing),
        cmocka_unit_test(what_is_expected_is_compared),
        cmocka_unit_test(a_file_in_which_nothing_can_be_played_is_a_failure),
        cmocka_unit_test(says_how_it_is_used),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
