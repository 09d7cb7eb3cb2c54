/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/policy_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "custodian-policy 1"
#define LINE_MAX_SIZE 256

/* --- writing --- */

struct text {
    char *next;
    size_t left;
};

static void add(struct text *text, const char *words)
{
    size_t size = strlen(words);
    if (size >= text->left)
        return;
    memcpy(text->next, words, size + 1);
    text->next += size;
    text->left -= size;
}

static void add_number(struct text *text, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    add(text, digits);
}

/* A word, the octets, and the line's end. */
static void add_hex(struct text *text, const char *word, const uint8_t *bytes, size_t size)
{
    add(text, word);
    for (size_t i = 0; i < size; i++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", bytes[i]);
        add(text, digits);
    }
    add(text, "\n");
}

void kc_policy_file_write(
    const struct kc_signed_policy *policy, char written[static KC_POLICY_TEXT_MAX])
{
    struct text text = {written, KC_POLICY_TEXT_MAX};
    add(&text, FIRST_LINE "\n");
    add_hex(&text, "host ", policy->host, sizeof policy->host);
    add(&text, "class " KC_POLICY_CLASS "\n");
    add_hex(&text, "counter ", policy->counter, sizeof policy->counter);
    add(&text, "version ");
    add_number(&text, policy->version);
    add(&text, "\n");
    for (unsigned i = 0; i < KC_PCR_COUNT; i++) {
        if (!(policy->pcrs.mask >> i & 1))
            continue;
        add(&text, "pcr ");
        add_number(&text, i);
        add_hex(&text, " ", policy->pcrs.value[i], KC_PCR_SIZE);
    }
    if (policy->is_signed)
        add_hex(&text, "signature ", policy->signature, sizeof policy->signature);
}

/* --- reading --- */

struct lines {
    const char *next;
    char line[LINE_MAX_SIZE]; /* the present one; "" at the end */
    unsigned number;
};

static void advance(struct lines *lines)
{
    size_t size = strcspn(lines->next, "\n");
    lines->number++;
    lines->line[0] = 0;
    if (size >= sizeof lines->line)
        return; /* too long: fits nothing that is expected */
    memcpy(lines->line, lines->next, size);
    lines->line[size] = 0;
    lines->next += size + (lines->next[size] == '\n');
}

static int digit_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_hex(const char *text, uint8_t *bytes, size_t size)
{
    if (strlen(text) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* What follows a word and a blank, or NULL. */
static const char *after(const struct lines *lines, const char *word)
{
    size_t size = strlen(word);
    bool has_word = strncmp(lines->line, word, size) == 0 && lines->line[size] == ' ';
    return has_word ? lines->line + size + 1 : NULL;
}

static bool take_hex(struct lines *lines, const char *word, uint8_t *bytes, size_t size)
{
    const char *text = after(lines, word);
    if (!text || !read_hex(text, bytes, size))
        return false;
    advance(lines);
    return true;
}

static bool take_version(struct lines *lines, uint64_t *version)
{
    const char *text = after(lines, "version");
    char *end = NULL;
    if (!text || *text < '0' || *text > '9')
        return false;
    *version = strtoull(text, &end, 10);
    if (*end != 0)
        return false;
    advance(lines);
    return true;
}

static bool take_pcr(struct lines *lines, struct kc_pcr_values *pcrs)
{
    const char *text = after(lines, "pcr");
    char *end = NULL;
    if (!text || *text < '0' || *text > '9')
        return false;
    unsigned long number = strtoul(text, &end, 10);
    bool is_next = *end == ' ' && number < KC_PCR_COUNT && pcrs->mask >> number == 0;
    if (!is_next || !read_hex(end + 1, pcrs->value[number], KC_PCR_SIZE))
        return false;
    pcrs->mask |= 1u << number;
    advance(lines);
    return true;
}

static bool take_line(struct lines *lines, const char *line)
{
    bool is_it = strcmp(lines->line, line) == 0;
    if (is_it)
        advance(lines);
    return is_it;
}

static bool read_one(struct lines *lines, struct kc_signed_policy *policy)
{
    struct kc_signed_policy read = {.is_signed = false};
    bool has_head = take_line(lines, FIRST_LINE) &&
                    take_hex(lines, "host", read.host, sizeof read.host) &&
                    take_line(lines, "class " KC_POLICY_CLASS) &&
                    take_hex(lines, "counter", read.counter, sizeof read.counter) &&
                    take_version(lines, &read.version);
    while (has_head && take_pcr(lines, &read.pcrs))
        continue;
    if (!has_head || read.pcrs.mask == 0)
        return false;
    read.is_signed = take_hex(lines, "signature", read.signature, sizeof read.signature);
    *policy = read;
    return true;
}

enum kc_error kc_policy_file_read(
    const char *text, struct kc_signed_policy *policies, size_t most, size_t *count, unsigned *line)
{
    struct lines lines = {.next = text};
    size_t read = 0;
    advance(&lines);
    while (lines.line[0] || *lines.next) {
        if (read == most || !read_one(&lines, &policies[read])) {
            *line = lines.number;
            return KC_ERR_CONFIG;
        }
        read++;
    }
    *count = read;
    return KC_OK;
}
