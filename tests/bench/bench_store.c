/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the store does with many records: how long it takes to open, to get one of them, to look through
 * all, and to commit one, synced.
 *
 *     bench-store [--json] [--long] [--records NUMBER] [--rounds NUMBER] [--folder PATH]
 *
 * 100,000 records, with --long a million, of the size that a service's shares have; with each commit
 * go as many nodes of the map as a change of one record takes. The folder is on the disk that is to be
 * measured; else in /tmp.
 */
#include "custodian/store/store.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RECORDS 100000
#define RECORDS_LONG 1000000
#define ROUNDS 1000
#define AT_ONCE 32 /* records of a commit, while the store is filled */
#define LEAVES 65536
#define FIRST_LEAF 4369
#define LEAF_ENTRY 48 /* octets of one record in its leaf */
#define LEVELS 5
#define INNER_SIZE (2 + 16 * 32)

static struct {
    bool json;
    size_t records, rounds;
    const char *parent;
} options = {.records = RECORDS, .rounds = ROUNDS, .parent = "/tmp"};

static char folder[256];
static struct kc_store *store;
static uint8_t noise[64 * 1024];

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "bench-store: %s\n", what);
    exit(1);
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The same numbers each time. */
static uint32_t next_random(void)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

/* --- what is stored --- */

/* A share, as it is in the store; ids are spread as fingerprints are. */
static struct kc_record record_of(size_t number, uint32_t version)
{
    struct kc_record record = {.format = KC_RECORD_FORMAT,
        .kind = KC_KIND_KEY,
        .algorithm = KC_ALGORITHM_X448,
        .role = KC_ROLE_SHARE,
        .use = KC_USE_AGREE,
        .residence = KC_RESIDENCE_WRAPPED,
        .state = KC_STATE_ACTIVE,
        .version = version,
        .created = 1700000000,
        .public_size = 57,
        .index = 2,
        .threshold = 2,
        .secret_size = 4 + 24 + 56 + 16};
    snprintf(record.id, sizeof record.id, "M%08X-%020zu", (unsigned)(number * 2654435761u), number);
    snprintf(record.keyring, sizeof record.keyring, "service");
    snprintf(record.label, sizeof record.label, "share-%zu", number);
    snprintf(record.account, sizeof record.account, "account-%zu@example.com", number / 8);
    snprintf(
        record.group, sizeof record.group, "G%08X-%020zu", (unsigned)(number * 40503u), number);
    memcpy(record.public_key, noise + number % 4096, 57);
    memcpy(record.secret, noise + number % 8192, record.secret_size);
    memcpy(record.mac, noise + number % 2048, sizeof record.mac);
    return record;
}

/* The path from a leaf to the root of the map. */
static void path_of(uint32_t leaf, struct kc_store_node nodes[LEVELS])
{
    uint32_t number = FIRST_LEAF + leaf % LEAVES;
    size_t leaf_size = (1 + options.records / LEAVES) * LEAF_ENTRY;
    for (size_t i = 0; i < LEVELS; i++) {
        nodes[i] =
            (struct kc_store_node){number, {noise + leaf % 1024, i == 0 ? leaf_size : INNER_SIZE}};
        number = (number - 1) / 16;
    }
}

static void open_store(void)
{
    const char *detail = NULL;
    require(kc_store_open(folder, &store, &detail) == KC_OK, detail ? detail : "open the store");
}

static void put(const struct kc_record *records, size_t count)
{
    struct kc_store_node nodes[LEVELS];
    size_t place;
    path_of(next_random(), nodes);
    const struct kc_store_change change = {
        .records = records, .count = count, .nodes = nodes, .node_count = LEVELS};
    require(kc_store_put(store, &change, &place) == KC_OK, "commit");
}

/* --- telling --- */

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static void tell(const char *what, double us_half, double us_most, double per_second)
{
    if (options.json)
        printf("{\"what\":\"%s\",\"records\":%zu,\"us_median\":%.1f,\"us_99\":%.1f,\"per_second\":%"
               ".0f}\n",
            what, options.records, us_half, us_most, per_second);
    else
        printf("%-24s %12.1f %12.1f %12.0f\n", what, us_half, us_most, per_second);
    (void)fflush(stdout);
}

static void tell_once(const char *what, double us, size_t count)
{
    tell(what, us, us, (double)count * 1e6 / us);
}

static void tell_samples(const char *what, double *us, size_t count)
{
    double all = 0;
    for (size_t i = 0; i < count; i++)
        all += us[i];
    qsort(us, count, sizeof *us, compare);
    tell(what, us[count / 2], us[count - 1 - count / 100], (double)count * 1e6 / all);
}

/* --- measuring --- */

static void fill(void)
{
    static struct kc_record records[AT_ONCE];
    double began = now_us();
    for (size_t done = 0; done < options.records;) {
        size_t count = 0;
        while (count < AT_ONCE && done < options.records)
            records[count++] = record_of(done++, 1);
        put(records, count);
    }
    tell_once("fill, 32 at once", now_us() - began, options.records);
}

static void measure_open(void)
{
    kc_store_close(store);
    double began = now_us();
    open_store();
    tell_once("open", now_us() - began, 1);
}

static void measure_get(double *us)
{
    struct kc_record found[KC_STORE_SAME_ID_MAX];
    for (size_t i = 0; i < options.rounds; i++) {
        size_t count = 0;
        struct kc_record wanted = record_of(next_random() % options.records, 1);
        struct kc_span id = {(const uint8_t *)wanted.id, strlen(wanted.id)};
        double began = now_us();
        require(kc_store_get(store, id, found, &count) == KC_OK && count == 1, "get");
        us[i] = now_us() - began;
    }
    tell_samples("get", us, options.rounds);
}

static void measure_commit(double *us)
{
    for (size_t i = 0; i < options.rounds; i++) {
        struct kc_record next = record_of(next_random() % options.records, (uint32_t)i + 2);
        double began = now_us();
        put(&next, 1);
        us[i] = now_us() - began;
    }
    tell_samples("commit of one, synced", us, options.rounds);
}

static void measure_pages(void)
{
    static struct kc_store_page page;
    const struct kc_store_filter filter = {.wrapped = true};
    char after[KC_RECORD_ID_SIZE] = "";
    size_t count = 0;
    double began = now_us();
    do {
        struct kc_span id = {(const uint8_t *)after, strlen(after)};
        require(kc_store_page(store, &filter, id, &page) == KC_OK, "read a page");
        count += page.count;
        memcpy(after, page.last, sizeof after);
    } while (!page.end);
    require(count == options.records, "the pages have all records");
    tell_once("look through all", now_us() - began, count);
}

static void tell_size(void)
{
    char path[320];
    struct stat status;
    snprintf(path, sizeof path, "%s/" KC_STORE_FILE, folder);
    require(stat(path, &status) == 0, "look at the file");
    if (options.json)
        printf("{\"what\":\"size\",\"records\":%zu,\"octets_per_record\":%.0f}\n", options.records,
            (double)status.st_size / (double)options.records);
    else
        printf("%-24s %12.0f octets for each record\n", "size",
            (double)status.st_size / (double)options.records);
}

/* --- life --- */

static size_t number_of(const char *text)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    require(*end == 0 && number >= 1 && number <= 100000000, "numbers are from 1 to 100000000");
    return number;
}

static void read_options(int count, char **words)
{
    static const struct option rows[] = {{"json", no_argument, NULL, 'j'},
        {"long", no_argument, NULL, 'l'}, {"records", required_argument, NULL, 'r'},
        {"rounds", required_argument, NULL, 'n'}, {"folder", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(count, words, "", rows, NULL)) >= 0) {
        if (option == 'j')
            options.json = true;
        else if (option == 'l')
            options.records = RECORDS_LONG;
        else if (option == 'r')
            options.records = number_of(optarg);
        else if (option == 'n')
            options.rounds = number_of(optarg);
        else if (option == 'f')
            options.parent = optarg;
        else
            exit(2);
    }
}

static void remove_all(void)
{
    char command[320];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    require(system(command) == 0, "remove the folder"); /* NOLINT(cert-env33-c): a fixed command */
}

int main(int count, char **words)
{
    read_options(count, words);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)next_random();
    double *us = calloc(options.rounds, sizeof *us);
    snprintf(folder, sizeof folder, "%s/kc-bench-store-XXXXXX", options.parent);
    require(us && mkdtemp(folder) != NULL, "make a folder");
    if (!options.json)
        printf(
            "%zu records               us, median          99 %%   per second\n", options.records);
    open_store();
    fill();
    measure_open();
    measure_get(us);
    measure_commit(us);
    measure_pages();
    measure_open();
    kc_store_close(store);
    tell_size();
    remove_all();
    free(us);
    return 0;
}
