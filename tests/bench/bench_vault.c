/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROOM ((size_t)1 << 16)

void bench_fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* --- what the vault is given --- */

static uint64_t seconds(void *context)
{
    (void)context;
    return (uint64_t)time(NULL);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t milliseconds(void *context)
{
    (void)context;
    return now_ms();
}

static enum kc_error fill_random(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    return getrandom(octets, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM;
}

/* The root's service, in this process. */
static enum kc_error ask_root(void *context, size_t number, const struct kc_root_request *request,
    uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_root_reply *reply)
{
    struct bench_vault *v = context;
    uint8_t question[KC_ROOT_REQUEST_MAX];
    size_t size = 0, answer_size = 0;
    bench_require(number == 0, "the store has one root");
    enum kc_error error = kc_root_request_write(request, question, &size);
    if (error == KC_OK)
        error = kc_root_service_answer(&v->service, question, size, packet, &answer_size);
    return error == KC_OK ? kc_root_reply_read(packet, answer_size, request, reply) : error;
}

/* --- opening --- */

static void read_config(struct bench_vault *v, const char *path)
{
    struct kc_config_problem problem = {.text = ""};
    char *text = NULL;
    int descriptor;
    bool good = kc_config_open(path, &descriptor, &problem) == KC_OK &&
                kc_config_read(descriptor, path, &text, &problem) == KC_OK &&
                kc_config_parse(path, text, &v->config, &problem) == KC_OK;
    bench_require(good, problem.text);
    close(descriptor);
    free(text);
}

/* The root is reached before this process becomes the store's owner. */
static void open_root(struct bench_vault *v)
{
    struct kc_root_trouble trouble;
    BENCH_GOOD(kc_root_host_open(v->config, 0, &v->host, &trouble));
    BENCH_GOOD(kc_root_connect(v->host.root));
    kc_root_service_init(&v->service, v->host.root, now_ms);
    v->outside = (struct kc_vault_outside){.context = v,
        .root = ask_root,
        .random = fill_random,
        .seconds = seconds,
        .milliseconds = milliseconds};
}

static void open_store(struct bench_vault *v)
{
    struct stat status;
    const char *detail;
    bench_require(stat(v->config->store, &status) == 0, "no store");
    bench_require(setegid(status.st_gid) == 0 && seteuid(status.st_uid) == 0, "the store's owner");
    BENCH_GOOD(kc_store_open(v->config->store, &v->store, &detail));
}

static void read_record(
    struct bench_vault *v, uint8_t kind, const char *id, struct kc_record *record)
{
    struct kc_record records[KC_STORE_SAME_ID_MAX];
    size_t count, i = 0;
    BENCH_GOOD(
        kc_store_get(v->store, (struct kc_span){(const uint8_t *)id, strlen(id)}, records, &count));
    while (i < count && records[i].kind != kind)
        i++;
    bench_require(i < count, id);
    *record = records[i];
}

void bench_vault_record(
    struct bench_vault *v, uint8_t kind, const char *id, struct kc_record *record)
{
    read_record(v, kind, id, record);
    BENCH_GOOD(kc_keeper_believe(v->vault->keeper, record));
}

static void load_generations(struct bench_vault *v)
{
    const struct kc_anchor *anchor = v->vault->ledger.anchor;
    for (size_t i = 0; i < KC_GENERATIONS; i++) {
        const struct kc_generation *generation = &anchor->generations[i];
        char id[KC_RECORD_ID_SIZE];
        struct kc_record record;
        if (generation->number == 0)
            continue;
        snprintf(id, sizeof id, "generation-%u", (unsigned)generation->number);
        bench_vault_record(v, KC_KIND_GENERATION, id, &record);
        BENCH_GOOD(kc_keeper_load_generation(
            v->vault->keeper, generation->number, &record, generation->secret));
    }
}

static void load_head(struct bench_vault *v)
{
    struct kc_ledger *ledger = &v->vault->ledger;
    struct kc_store_node node = {.number = KC_VAULT_NODE_HEAD};
    uint8_t octets[KC_ROOT_HEAD_SIZE], room[KC_HEAD_SIZE];
    struct kc_writer w;
    BENCH_GOOD(kc_vault_root_head_read(
        kc_keeper_home(v->vault->keeper), kc_keeper_authorisation(v->vault->keeper), octets));
    BENCH_GOOD(kc_anchor_read(octets, ledger->anchor));
    kc_writer_init(&w, room, sizeof room);
    BENCH_GOOD(kc_store_nodes(v->store, &node, 1, &w));
    BENCH_GOOD(kc_head_read(node.content, kc_keeper_head_key(v->vault->keeper), &ledger->head));
    kc_map_set_key(ledger->map, kc_keeper_name_key(v->vault->keeper));
    kc_map_set_root(ledger->map, ledger->head.root);
}

void bench_vault_open(struct bench_vault *v, const char *config)
{
    struct kc_record own;
    memset(v, 0, sizeof *v);
    read_config(v, config);
    BENCH_GOOD(kc_arena_init(v->config->arena_size));
    open_root(v);
    BENCH_GOOD(kc_vault_new(v->config, "", &v->outside, &v->vault));
    open_store(v);
    read_record(v, KC_KIND_VAULT, KC_RECORD_ID_VAULT, &own);
    BENCH_GOOD(kc_keeper_load(v->vault->keeper, &own));
    load_head(v);
    load_generations(v);
}

void bench_vault_close(struct bench_vault *v)
{
    kc_store_close(v->store);
    kc_vault_free(v->vault);
    kc_root_host_close(&v->host);
    kc_config_free(v->config);
}

/* --- writing --- */

static void put(struct bench_vault *v, const struct kc_store_change *change)
{
    size_t place;
    BENCH_GOOD(kc_store_put(v->store, change, &place));
}

void bench_vault_store(struct bench_vault *v, const struct kc_record *records, size_t count)
{
    put(v, &(struct kc_store_change){.records = records, .count = count});
}

void bench_vault_fetch(struct bench_vault *v, const struct kc_record *record)
{
    static uint8_t room[ROOM];
    struct kc_map *map = v->vault->ledger.map;
    struct kc_store_node nodes[KC_MAP_PATH_MAX];
    uint32_t numbers[KC_MAP_PATH_MAX];
    struct kc_writer w;
    size_t count = kc_map_missing(map, record->kind, record->id, numbers);
    for (size_t i = 0; i < count; i++)
        nodes[i] = (struct kc_store_node){.number = numbers[i]};
    kc_writer_init(&w, room, sizeof room);
    BENCH_GOOD(kc_store_nodes(v->store, nodes, count, &w));
    for (size_t i = 0; i < count; i++)
        kc_map_offer(map, nodes[i].number, nodes[i].content);
    kc_map_hold(map, record->kind, record->id);
}

/* As a commit makes it from the anchor, so that the next start finds what it expects. */
static void make_head(struct bench_vault *v, uint8_t octets[static KC_HEAD_SIZE])
{
    struct kc_ledger *ledger = &v->vault->ledger;
    struct kc_head *head = &ledger->head;
    head->number++;
    head->time = seconds(NULL);
    head->anchored = ledger->anchor->number;
    memcpy(head->previous, ledger->anchor->digest, sizeof head->previous);
    kc_map_root(ledger->map, head->root);
    BENCH_GOOD(kc_entropy_fill(v->vault->entropy, head->random, sizeof head->random));
    kc_head_write(head, kc_keeper_head_key(v->vault->keeper), octets);
}

void bench_vault_store_nodes(
    struct bench_vault *v, struct kc_store_node *nodes, size_t count, bool is_last)
{
    uint8_t octets[KC_HEAD_SIZE];
    if (is_last) {
        make_head(v, octets);
        nodes[count++] = (struct kc_store_node){KC_VAULT_NODE_HEAD, {octets, sizeof octets}};
    }
    put(v, &(struct kc_store_change){.nodes = nodes, .node_count = count});
}
