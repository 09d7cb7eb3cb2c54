/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-fill: gives an account of a service very many shares, while the custodian does not run. Each
 * is a record as the vault makes it for a share that it accepts: a random scalar with its point,
 * encrypted under the account's key and the wrapping key, with the vault's MAC, and in the map under
 * a head. What nobody did is what stands before that: an administrator's entry for each.
 *
 * Records are stored in the order of their ids and many in a transaction, so that the store's indexes
 * grow at their ends; then the map is made leaf by leaf, and with its last nodes the head.
 */
#include "custodian/vault/key.h"
#include "custodian/vault/mesh.h"
#include "tests/bench/bench_fill_id.h"
#include "tests/bench/bench_vault.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 4096                   /* records of a transaction */
#define LEAVES_AT_ONCE 32            /* of a change to the map */
#define NODES_MAX 8192               /* of a transaction, and */
#define NODES_ROOM ((size_t)8 << 20) /* their octets */

static const char help[] =
    "usage: bench-fill --config FILE --service NAME --account ADDRESS --grantee UDF --shares N\n"
    "                  [--first NUMBER]\n"
    "\n"
    "Shares of the account's encryption key, for the grantee. The custodian is not to run.\n";

static struct {
    const char *config, *service, *account, *grantee;
    uint32_t shares, first;
} options;

/* A share, as far as it is not in the store alone. */
struct share {
    char record[KC_RECORD_ID_SIZE];
    uint8_t tag[KC_MAP_TAG_SIZE];
    uint32_t number, leaf;
};

static struct bench_vault vault;
static struct kc_record account;
static struct kc_mesh_bound bound;
static struct share *shares;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- records --- */

static void find_account(void)
{
    char id[KC_RECORD_ID_SIZE];
    kc_mesh_account_record_id(options.service, options.account, id);
    bench_vault_record(&vault, KC_KIND_ACCOUNT, id, &account);
    BENCH_GOOD(kc_mesh_bound_read(&account, &bound));
    bench_require(bound.account.encryption.size > 0, "the account has no encryption key");
}

static void name_shares(void)
{
    shares = calloc(options.shares, sizeof *shares);
    bench_require(shares != NULL, "memory");
    for (uint32_t i = 0; i < options.shares; i++) {
        char id[KC_UDF_ID_SIZE];
        shares[i].number = options.first + i;
        bench_fill_id(shares[i].number, id);
        kc_mesh_capability_record_id(bound.account.udf, id, shares[i].record);
    }
}

static int by_record(const void *a, const void *b)
{
    return strcmp(((const struct share *)a)->record, ((const struct share *)b)->record);
}

static void make_capability(
    struct kc_call *call, uint32_t number, struct kc_mesh_capability *capability)
{
    const struct kc_mesh_source source = kc_call_mesh_source(call);
    struct kc_point own;
    *capability = (struct kc_mesh_capability){
        .class = KC_MESH_DECRYPT, .has_share = true, .epoch = 1, .share.curve = KC_CURVE_X448};
    bench_fill_id(number, capability->id);
    snprintf(capability->account_udf, sizeof capability->account_udf, "%s", bound.account.udf);
    snprintf(capability->grantee, sizeof capability->grantee, "%s", options.grantee);
    memcpy(capability->group, bound.account.encryption.octets, bound.account.encryption.size);
    BENCH_GOOD(kc_mesh_random_scalar(&source, KC_CURVE_X448, &capability->share));
    BENCH_GOOD(kc_point_multiply_base(&own, &capability->share));
    kc_point_encode(&own, capability->own);
}

/* What is accepted is staged, written and protected; here it is new for certain. */
static void make_record(struct kc_call *call, struct share *share, struct kc_record *record)
{
    struct kc_mesh_granted granted = {.binding = bound.binding};
    *record =
        (struct kc_record){.format = KC_RECORD_FORMAT, .version = 1, .created = kc_call_now(call)};
    make_capability(call, share->number, &granted.capability);
    kc_mesh_capability_describe(&granted.capability, record);
    BENCH_GOOD(kc_mesh_granted_write(call, record, &granted));
    BENCH_GOOD(kc_call_protect_share(call, &account, record, &granted.capability));
    kc_mesh_capability_wipe(&granted.capability);
    memcpy(share->tag, record->mac, sizeof share->tag);
}

/* One call has the bodies of a batch. */
static void store_records(void)
{
    struct kc_record *records = calloc(BATCH, sizeof *records);
    bench_require(records != NULL, "memory");
    qsort(shares, options.shares, sizeof *shares, by_record);
    for (size_t done = 0; done < options.shares;) {
        size_t count = options.shares - done < BATCH ? options.shares - done : BATCH;
        struct kc_call *call;
        BENCH_GOOD(kc_call_new_own(vault.vault, KC_OPERATION_MESH_CAPABILITY_ACCEPT, &call));
        for (size_t i = 0; i < count; i++)
            make_record(call, &shares[done + i], &records[i]);
        bench_vault_store(&vault, records, count);
        kc_call_free(call);
        done += count;
    }
    free(records);
}

/* --- the map --- */

static int by_leaf(const void *a, const void *b)
{
    uint32_t x = ((const struct share *)a)->leaf, y = ((const struct share *)b)->leaf;
    return (x > y) - (x < y);
}

/* A map of which nothing is known says which leaf it lacks. */
static void find_leaves(void)
{
    static const uint8_t unknown[KC_MAP_DIGEST_SIZE] = {1};
    struct kc_map *map;
    BENCH_GOOD(kc_map_new(&map));
    kc_map_set_key(map, kc_keeper_name_key(vault.vault->keeper));
    kc_map_set_root(map, unknown);
    for (size_t i = 0; i < options.shares; i++) {
        uint32_t path[KC_MAP_PATH_MAX];
        bench_require(
            kc_map_missing(map, KC_KIND_CAPABILITY, shares[i].record, path) == KC_MAP_PATH_MAX,
            "the map knows a leaf");
        shares[i].leaf = path[KC_MAP_PATH_MAX - 1];
    }
    kc_map_free(map);
}

static void apply(const struct share *share)
{
    static struct kc_record record = {.kind = KC_KIND_CAPABILITY};
    memcpy(record.id, share->record, sizeof record.id);
    memcpy(record.mac, share->tag, sizeof share->tag);
    bench_vault_fetch(&vault, &record);
    BENCH_GOOD(kc_map_apply(vault.vault->ledger.map, &record, NULL));
}

/* Applies the shares of the next leaves; says how many. */
static size_t apply_leaves(const struct share *first, size_t count)
{
    size_t done = 0, leaves = 0;
    for (; done < count; done++) {
        leaves += done == 0 || first[done].leaf != first[done - 1].leaf;
        if (leaves > LEAVES_AT_ONCE)
            break;
        apply(&first[done]);
    }
    return done;
}

/* Nodes that wait for their transaction. */
static struct {
    struct kc_store_node nodes[NODES_MAX];
    size_t count;
    struct kc_writer octets;
} waiting;

static void keep_changed(void)
{
    static struct kc_vault_node changed[KC_VAULT_NODES_MAX];
    size_t count;
    BENCH_GOOD(kc_map_changed(vault.vault->ledger.map, &waiting.octets, changed, &count));
    for (size_t i = 0; i < count; i++)
        waiting.nodes[waiting.count++] =
            (struct kc_store_node){changed[i].number, changed[i].content};
    kc_map_end(vault.vault->ledger.map, true);
}

static void store_map(void)
{
    uint8_t *room = malloc(NODES_ROOM);
    bench_require(room != NULL, "memory");
    kc_writer_init(&waiting.octets, room, NODES_ROOM);
    qsort(shares, options.shares, sizeof *shares, by_leaf);
    for (size_t done = 0; done < options.shares;) {
        done += apply_leaves(&shares[done], options.shares - done);
        keep_changed();
        bool is_last = done == options.shares;
        bool is_full = waiting.count + KC_VAULT_NODES_MAX >= NODES_MAX ||
                       waiting.octets.size + KC_VAULT_MESSAGE_MAX >= NODES_ROOM;
        if (!is_last && !is_full)
            continue;
        bench_vault_store_nodes(&vault, waiting.nodes, waiting.count, is_last);
        waiting.count = 0;
        kc_writer_init(&waiting.octets, room, NODES_ROOM);
    }
    free(room);
}

/* --- all of it --- */

static uint32_t number_of(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static void parse_options(int count, char **texts)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
        {"service", required_argument, NULL, 's'}, {"account", required_argument, NULL, 'a'},
        {"grantee", required_argument, NULL, 'g'}, {"shares", required_argument, NULL, 'n'},
        {"first", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(count, texts, "", known, NULL)) != -1) {
        const char **text = letter == 'c'   ? &options.config
                            : letter == 's' ? &options.service
                            : letter == 'a' ? &options.account
                            : letter == 'g' ? &options.grantee
                                            : NULL;
        if (text)
            *text = optarg;
        else if (letter == 'n')
            options.shares = number_of(optarg);
        else if (letter == 'f')
            options.first = number_of(optarg);
    }
    if (options.config && options.service && options.account && options.grantee && options.shares)
        return;
    fputs(help, stderr);
    exit(2);
}

int main(int count, char **texts)
{
    parse_options(count, texts);
    double start = now_s();
    bench_vault_open(&vault, options.config);
    find_account();
    name_shares();
    store_records();
    double stored = now_s();
    find_leaves();
    store_map();
    double done = now_s();
    printf("%u shares: records %.1f s, map %.1f s\n", (unsigned)options.shares, stored - start,
        done - stored);
    free(shares);
    bench_vault_close(&vault);
    return 0;
}
