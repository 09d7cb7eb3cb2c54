/* SPDX-License-Identifier: Apache-2.0 */
/* The runner itself: what it says about files with one thing wrong, and about a good one. */
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOOD                                                                                       \
    "\"id\":\"nonce\",\"type\":\"udf-fixed\",\"kind\":\"nonce\",\"type_octet\":104,"               \
    "\"data\":\"fabc6c9e30c79520516bc6bedacce424\",\"text\":\"ND5L-Y3E6-GDDZ-KICR-NPDL-5WWM-"      \
    "4QSA\""
#define FILE_OF(vectors) "{\"source\":\"\",\"notes\":[],\"vectors\":[" vectors "]}"

struct folder {
    char path[64];
    char file[96];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    strcpy(folder->path, "/tmp/vectors-check-XXXXXX");
    if (mkdtemp(folder->path) == NULL)
        return -1;
    snprintf(folder->file, sizeof folder->file, "%s/one.json", folder->path);
    *state = folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    unlink(folder->file);
    rmdir(folder->path);
    free(folder);
    return 0;
}

/* Plays a folder that holds one file with this text; gives the exit status. */
static int play(const struct folder *folder, const char *text, char *output, size_t output_size)
{
    char command[256];
    FILE *file = fopen(folder->file, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    snprintf(command, sizeof command, "%s/vectors-check %s 2>&1", KC_BUILD_DIR, folder->path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    output[fread(output, 1, output_size - 1, pipe)] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void passes_a_good_vector(void **state)
{
    char output[1024];
    assert_int_equal(play(*state, FILE_OF("{" GOOD "}"), output, sizeof output), 0);
    assert_string_equal(output, "one.json: 1 passed, 0 failed, 0 skipped\n");
}

static void skips_a_type_that_it_does_not_know_and_names_it(void **state)
{
    char output[1024];
    assert_int_equal(
        play(*state, FILE_OF("{" GOOD "},{\"id\":\"n\",\"type\":\"new\"}"), output, sizeof output),
        0);
    assert_string_equal(
        output, "one.json: 1 passed, 0 failed, 1 skipped\n  skipped: n: no type new here\n");
}

static void a_folder_of_which_nothing_was_played_is_no_success(void **state)
{
    char output[1024];
    assert_int_equal(
        play(*state, FILE_OF("{\"id\":\"n\",\"type\":\"new\"}"), output, sizeof output), 2);
    assert_int_equal(play(*state, FILE_OF(""), output, sizeof output), 2);
}

/* One vector more than a document on the wire may have values. */
static void plays_files_of_many_vectors(void **state)
{
    enum { COUNT = 20000 };
    static char text[COUNT * sizeof "{" GOOD "}," + 64];
    char output[1024], *end = text;
    end += sprintf(end, "{\"vectors\":[");
    for (int i = 0; i < COUNT; i++)
        end += sprintf(end, "%s{" GOOD "}", i > 0 ? "," : "");
    strcpy(end, "]}");
    assert_int_equal(play(*state, text, output, sizeof output), 0);
    assert_string_equal(output, "one.json: 20000 passed, 0 failed, 0 skipped\n");
}

static void fails_and_names_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"not JSON", "(file)"},
        {"", "(file)"},
        {"[]", "(file)"},
        {"{\"vectors\":7}", "(file)"},
        {"{\"vectors\":[7]}", "(without id)"},
        {FILE_OF("{\"id\":\"n\"}"), "n: type is missing"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"udf-fixed\"}"), "n: data is missing"},
        {FILE_OF("{" GOOD ",\"data\":\"00\"}"), "(file): line 1: duplicate object key"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"udf-fixed\",\"kind\":\"\",\"type_octet\":104,"
                 "\"data\":\"FA\",\"text\":\"ND5A\"}"),
            "n: data is not lower-case hex"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"udf-fixed\",\"kind\":\"\",\"type_octet\":104,"
                 "\"data\":\"fab\",\"text\":\"ND5A\"}"),
            "n: data is not lower-case hex"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"udf-fixed\",\"kind\":\"\",\"type_octet\":104,"
                 "\"data\":\"fa\",\"text\":\"AAAA\"}"),
            "n: text differs"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"key-split\",\"alg\":\"Ed25519\",\"scalar\":\"-1\","
                 "\"other_shares\":[\"1\"],\"last_share\":\"0\",\"last_share_encoded\":\"\"}"),
            "n: scalar is missing or no decimal string"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"agreement\",\"alg\":\"X9\",\"shares\":[]}"),
            "n: alg is no curve"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"agreement\",\"alg\":\"X448\",\"shares\":[]}"),
            "n: shares: none, or too many"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"eddsa-threshold\",\"curve\":\"Ed448\",\"mode\":"
                 "\"direct\",\"signers\":[7]}"),
            "n: algorithm is missing"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"eddsa-threshold\",\"curve\":\"Ed448\",\"mode\":"
                 "\"shamir\",\"signers\":[{\"x\":1}],\"algorithm\":\"Ed448xy\",\"message\":\"\","
                 "\"prehash\":false}"),
            "n: algorithm is none"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"udf-shamir\",\"secret\":\"07\",\"secret_udf\":"
                 "\"EADQ\",\"threshold\":1,\"shares\":[\"SAQA-O\"],\"prime\":\"257\"}"),
            "n: shares: of another threshold"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"udf-shamir\",\"secret\":\"07\",\"secret_udf\":"
                 "\"EADQ\",\"threshold\":1,\"shares\":[\"SAIA-O\"],\"prime\":\"263\"}"),
            "n: prime differs"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"activation\",\"device_seed\":\"ZAAQ-A\","
                 "\"activation_seed\":\"ZAAQ-A\",\"keys\":[{\"alg\":\"X448\",\"operation\":"
                 "\"Encrypt\",\"base_key_name\":\"BaseDeviceSign\",\"activation_key_name\":"
                 "\"ActivationDeviceEncrypt\"}]}"),
            "n: the names are of another operation"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"recipient\",\"alg\":\"X448\",\"shares\":[{}],"
                 "\"ephemeral_public\":\"00\"}"),
            "n: ephemeral_public: point-encoding"},
        {FILE_OF("{\"id\":\"n\",\"type\":\"rsa-2018\",\"n\":\"c5\",\"e\":3,\"protected\":\"00\","
                 "\"signature\":\"01\",\"key_udf\":\"MALEI-GTV3E-5W7JR-6NMEY-7G52U-6K3OT\"}"),
            "n: the signature does not verify"},
    };
    char output[2048];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(play(*state, cases[i].text, output, sizeof output), 1);
        if (strncmp(output, "one.json: 0 passed, 1 failed, 0 skipped\n", 40) != 0 ||
            strstr(output, cases[i].name) == NULL)
            fail_msg("case %zu: %s", i, output);
    }
}

static void says_that_a_folder_has_no_vectors(void **state)
{
    struct folder *folder = *state;
    char command[256];
    snprintf(
        command, sizeof command, "%s/vectors-check %s 2>/dev/null", KC_BUILD_DIR, folder->path);
    assert_int_equal(WEXITSTATUS(system(command)), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(passes_a_good_vector, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(
            skips_a_type_that_it_does_not_know_and_names_it, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(
            a_folder_of_which_nothing_was_played_is_no_success, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(plays_files_of_many_vectors, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(fails_and_names_what_is_wrong, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(
            says_that_a_folder_has_no_vectors, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
