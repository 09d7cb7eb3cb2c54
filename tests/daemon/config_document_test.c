/* SPDX-License-Identifier: Apache-2.0 */
/* The man page and the sample of the configuration say what the parser
 * takes, no more and no less. */
#include "tests/support/cmocka.h"

#include "custodian/config_setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65536
#define HANDLES 0x1000000 /* numbers from here on are handles of a TPM */

static const char minimal[] =
    "socket = \"/s\"; store = \"/t\"; users = { desk = 64801; vault = 64802; root = 64803; };\n"
    "root = { tcti = \"tabrmd:\"; srk_name_file = \"/n\"; }; keyrings = [ \"a\" ]; policy = ();\n";

static char page[TEXT_MAX], sample[TEXT_MAX];

static void read_text(const char *path, char text[static TEXT_MAX])
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t size = fread(text, 1, TEXT_MAX - 1, file);
    text[size] = '\0';
    fclose(file);
}

static int read_texts(void **state)
{
    (void)state;
    read_text(KC_SOURCE_DIR "/docs/man/custodian.conf.5", page);
    read_text(KC_SOURCE_DIR "/custodian/custodian.conf", sample);
    return 0;
}

/* The part of the page about a group: from its heading to the next one. */
static const char *section_of(const struct kc_setting_group *group)
{
    static char section[TEXT_MAX];
    char heading[64];
    snprintf(heading, sizeof heading, ".Ss %s\n", *group->name ? group->name : "The file");
    const char *start = strstr(page, heading);
    if (start == NULL)
        fail_msg("the man page lacks: %s", heading);
    const char *end = strstr(start + 1, "\n.S");
    snprintf(section, sizeof section, "%.*s", (int)(end - start), start);
    return section;
}

static void each_setting_is_in_the_man_page_and_nothing_else(void **state)
{
    (void)state;
    struct kc_setting_group groups[KC_SETTING_GROUPS];
    kc_config_groups(groups);
    for (size_t i = 0; i < KC_SETTING_GROUPS; i++) {
        const char *section = section_of(&groups[i]);
        size_t described = 0;
        for (const char *at = section; (at = strstr(at, "\n.It Ic ")) != NULL; at++)
            described++;
        for (size_t k = 0; k < groups[i].row_count; k++) {
            char entry[64];
            snprintf(entry, sizeof entry, ".It Ic %s ", groups[i].rows[k].name);
            if (strstr(section, entry) == NULL)
                fail_msg("the man page lacks: %s (%s)", entry, groups[i].name);
        }
        assert_int_equal(described, groups[i].row_count);
    }
}

static void check_number(const char *section, const struct kc_setting *row,
    const struct kc_config *config, size_t offset)
{
    uint32_t value;
    char decimal[96], hexadecimal[96];
    memcpy(&value, (const char *)config + offset + row->offset, sizeof value);
    snprintf(decimal, sizeof decimal, "Pq %u to %u, default %u\n", row->least, row->most, value);
    snprintf(hexadecimal, sizeof hexadecimal, "Pq 0x%x to 0x%x, default 0x%x\n", row->least,
        row->most, value);
    char entry[64];
    snprintf(entry, sizeof entry, ".It Ic %s ", row->name);
    const char *line = strstr(section, entry);
    assert_non_null(line);
    const char *said = strstr(line, "Pq ");
    if (said == NULL ||
        (strncmp(said, decimal, strlen(decimal)) != 0 &&
            (value < HANDLES || strncmp(said, hexadecimal, strlen(hexadecimal)) != 0)))
        fail_msg("the man page should say of %s: %s", row->name, decimal);
}

static void each_number_is_described_with_its_range_and_its_default(void **state)
{
    (void)state;
    struct kc_setting_group groups[KC_SETTING_GROUPS];
    struct kc_config_problem problem;
    struct kc_config *config = NULL;
    size_t numbers = 0;
    kc_config_groups(groups);
    assert_int_equal(kc_config_parse("minimal", minimal, &config, &problem), KC_OK);
    for (size_t i = 0; i < KC_SETTING_GROUPS; i++)
        for (size_t k = 0; k < groups[i].row_count; k++)
            if (groups[i].rows[k].read == kc_parse_number) {
                check_number(section_of(&groups[i]), &groups[i].rows[k], config, groups[i].offset);
                numbers++;
            }
    assert_true(numbers >= 10);
    kc_config_free(config);
}

static void each_setting_is_in_the_sample(void **state)
{
    (void)state;
    struct kc_setting_group groups[KC_SETTING_GROUPS];
    kc_config_groups(groups);
    for (size_t i = 0; i < KC_SETTING_GROUPS; i++)
        for (size_t k = 0; k < groups[i].row_count; k++)
            if (strstr(sample, groups[i].rows[k].name) == NULL)
                fail_msg("the sample lacks: %s", groups[i].rows[k].name);
}

/* A setting that is commented out shows its default: "# clients = 256;" */
static void the_sample_shows_the_defaults_of_the_limits(void **state)
{
    (void)state;
    struct kc_setting_group groups[KC_SETTING_GROUPS];
    struct kc_config_problem problem;
    struct kc_config *config = NULL;
    kc_config_groups(groups);
    assert_int_equal(kc_config_parse("minimal", minimal, &config, &problem), KC_OK);
    for (size_t i = 0; i < KC_SETTING_GROUPS; i++)
        for (size_t k = 0; k < groups[i].row_count; k++) {
            const struct kc_setting *row = &groups[i].rows[k];
            char decimal[64], hexadecimal[64];
            uint32_t value;
            if (row->read != kc_parse_number)
                continue;
            memcpy(&value, (const char *)config + groups[i].offset + row->offset, sizeof value);
            snprintf(decimal, sizeof decimal, "# %s = %u;", row->name, value);
            snprintf(hexadecimal, sizeof hexadecimal, "# %s = 0x%x;", row->name, value);
            if (strstr(sample, decimal) == NULL && strstr(sample, hexadecimal) == NULL)
                fail_msg("the sample should have: %s", decimal);
        }
    kc_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_is_in_the_man_page_and_nothing_else),
        cmocka_unit_test(each_number_is_described_with_its_range_and_its_default),
        cmocka_unit_test(each_setting_is_in_the_sample),
        cmocka_unit_test(the_sample_shows_the_defaults_of_the_limits),
    };
    return cmocka_run_group_tests(tests, read_texts, NULL);
}
