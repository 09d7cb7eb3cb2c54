/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's core with as many workers as are asked for, and requests of many kinds under way at
 * once: signatures, changes, listings, sessions that wait in line, Operate with its charges,
 * revocations beside, a slow key, anchors and deadlines by a clock that goes on; desks that go and
 * clients that hang up in the middle of it. Every request of a desk that stays is answered, and
 * none with an error that none of this explains.
 *
 *     vault-hammer WORKERS REQUESTS ROUNDS     REQUESTS: at once
 */
#include "tests/vault/bench_parts.h"
#include "tests/vault/service_case.h"

#include "custodian/vault/core.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 16
#define SLOTS_MAX 32  /* requests at once */
#define PER_ROUND 240 /* requests */
#define KEYS 6
#define MADE_MAX 16    /* keys that the rounds make; the bench's store is small */
#define TICK_MS 250    /* of the vault's clock, for each time that the deadlines are looked at */
#define PATIENCE_S 300 /* until what is not answered never will be */
#define JOINED_OCTETS 60000 /* of packets that are handed over as one */

/* A packet of the desk's. */
struct packet {
    struct packet *next;
    uint64_t desk;
    struct kc_descriptors descriptors;
    size_t size;
    uint8_t bytes[];
};

struct slot {
    bool is_open;
    uint64_t ticket;
    enum kc_operation operation;
    char *text; /* that the request lends from */
};

/* The bench, its queue and its clock; the lock is over all but the vault. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct bench *bench;
    struct kc_vault_outside outside; /* the bench's own */
    atomic_uint_fast64_t seconds, milliseconds;
    struct packet *first, *last;
    size_t busy; /* workers that have a packet */
    bool is_over;
    struct slot slots[SLOTS_MAX];
    size_t slot_count, open, answered, good;
    char *keys[KEYS], *share;
    size_t made;
} hammer = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

_Noreturn static void give_up(const char *why, const char *what)
{
    fprintf(stderr, "vault-hammer: %s: %s\n", why, what);
    exit(1);
}

/* --- answers; the lock is held --- */

/* What happens when others change what one asks for, or too many ask. */
static bool is_explained(enum kc_error error)
{
    return error == KC_OK || error == KC_ERR_REFUSED || error == KC_ERR_CONFLICT ||
           error == KC_ERR_LABEL_TAKEN || error == KC_ERR_LIMIT || error == KC_ERR_SESSION_WAIT;
}

static void close_slot(struct slot *slot)
{
    free(slot->text);
    *slot = (struct slot){0};
    hammer.open--;
}

static void take_answers(void)
{
    for (size_t i = 0; i < hammer.slot_count; i++) {
        struct slot *slot = &hammer.slots[i];
        struct answer *answer = slot->is_open ? bench_take(hammer.bench, slot->ticket) : NULL;
        if (!answer)
            continue;
        if (!is_explained(answer->error))
            give_up(kc_operations[slot->operation].name, kc_error_name(answer->error));
        hammer.answered++;
        hammer.good += answer->error == KC_OK;
        answer_done(answer);
        close_slot(slot);
    }
    pthread_cond_broadcast(&hammer.changed);
}

/* --- what the vault is given --- */

static void carry(const void *bytes, size_t size, const struct kc_descriptors *descriptors)
{
    struct packet *packet = malloc(sizeof *packet + size);
    *packet = (struct packet){
        .desk = kc_vault_desk(hammer.bench->vault), .descriptors = *descriptors, .size = size};
    memcpy(packet->bytes, bytes, size);
    *(hammer.last ? &hammer.last->next : &hammer.first) = packet;
    hammer.last = packet;
    pthread_cond_broadcast(&hammer.changed);
}

static void send_to_desk(
    void *context, const struct kc_vault_message *message, const struct kc_descriptors *descriptors)
{
    pthread_mutex_lock(&hammer.lock);
    hammer.outside.send(context, message, descriptors);
    bench_pump(hammer.bench);
    take_answers();
    pthread_mutex_unlock(&hammer.lock);
}

static enum kc_error ask_root(void *context, size_t number, const struct kc_root_request *request,
    uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_root_reply *reply)
{
    pthread_mutex_lock(&hammer.lock);
    enum kc_error error = hammer.outside.root(context, number, request, packet, reply);
    pthread_mutex_unlock(&hammer.lock);
    return error;
}

static void tell(void *context, const struct kc_vault_event *event)
{
    pthread_mutex_lock(&hammer.lock);
    hammer.outside.tell(context, event);
    pthread_mutex_unlock(&hammer.lock);
}

static uint64_t tell_seconds(void *context)
{
    (void)context;
    return atomic_load(&hammer.seconds);
}

static uint64_t tell_milliseconds(void *context)
{
    (void)context;
    return atomic_load(&hammer.milliseconds);
}

/* --- workers --- */

/* The next packet, and those behind it as far as they are of the same desk and bring no
 * descriptors. NULL: it is over. */
static struct packet *take_packet(void)
{
    while (!hammer.first && !hammer.is_over)
        pthread_cond_wait(&hammer.changed, &hammer.lock);
    struct packet *packet = hammer.first, *next;
    if (!packet)
        return NULL;
    while ((next = packet->next) != NULL && next->desk == packet->desk &&
           next->descriptors.count == 0 && packet->size + next->size < JOINED_OCTETS) {
        packet = realloc(packet, sizeof *packet + packet->size + next->size);
        memcpy(packet->bytes + packet->size, next->bytes, next->size);
        packet->size += next->size;
        packet->next = next->next;
        free(next);
    }
    hammer.first = packet->next;
    if (!hammer.first)
        hammer.last = NULL;
    hammer.busy++;
    return packet;
}

static void *work(void *unused)
{
    struct kc_vault *vault = hammer.bench->vault;
    struct packet *packet;
    (void)unused;
    pthread_mutex_lock(&hammer.lock);
    while ((packet = take_packet()) != NULL) {
        pthread_mutex_unlock(&hammer.lock);
        if (kc_vault_receive(
                vault, packet->desk, packet->bytes, packet->size, &packet->descriptors) != KC_OK)
            give_up("a packet", "malformed");
        (void)kc_vault_do_slow(vault);
        free(packet);
        pthread_mutex_lock(&hammer.lock);
        hammer.busy--;
        pthread_cond_broadcast(&hammer.changed);
    }
    pthread_mutex_unlock(&hammer.lock);
    return NULL;
}

/* --- requests; the lock is held --- */

/* text  given; NULL: the request lends from nothing */
static void ask_for(struct ask *ask, char *text)
{
    struct slot *slot = hammer.slots;
    while (slot->is_open)
        slot++;
    uint64_t ticket = bench_send(hammer.bench, ask);
    *slot = (struct slot){
        .is_open = true, .ticket = ticket, .operation = ask->message.operation, .text = text};
    hammer.open++;
}

static void ask_mesh(enum kc_operation operation, char *request)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_SERVICE, SERVICE);
    ask_octets(&ask, KC_FIELD_REQUEST, request, strlen(request));
    ask_for(&ask, request);
}

static void ask_about(enum kc_operation operation, size_t number)
{
    struct ask ask = key_ask(operation, hammer.keys[number % KEYS]);
    char *label = NULL;
    if (operation == KC_OPERATION_KEY_SIGN)
        ask_octets(&ask, KC_FIELD_MESSAGE, "m", 1);
    if (operation == KC_OPERATION_KEY_UPDATE) {
        label = malloc(32);
        snprintf(label, 32, "label %zu", number);
        ask_text(&ask, KC_FIELD_LABEL, label);
    }
    if (operation == KC_OPERATION_KEY_DISABLE || operation == KC_OPERATION_KEY_ENABLE)
        ask_number(&ask, KC_FIELD_WAIT, number % 2);
    ask_for(&ask, label);
}

static void ask_for_key(const char *algorithm)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    char *label = malloc(32);
    snprintf(label, 32, "made %zu", hammer.made++);
    ask_text(&ask, KC_FIELD_ALGORITHM, algorithm);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ROLE, "application");
    ask_for(&ask, label);
}

static void ask_for_session(void)
{
    struct ask ask = key_ask(KC_OPERATION_SIGNATURE_COMMIT, hammer.share);
    ask_octets(&ask, KC_FIELD_MESSAGE, "m", 1);
    ask_for(&ask, NULL);
}

/* One of what comes all the time. */
static void ask_something(size_t number)
{
    static const enum kc_operation kinds[] = {KC_OPERATION_KEY_SIGN, KC_OPERATION_MESH_OPERATE,
        KC_OPERATION_KEY_UPDATE, KC_OPERATION_KEY_SIGN, KC_OPERATION_KEY_DISABLE,
        KC_OPERATION_MESH_OPERATE, KC_OPERATION_KEY_ENABLE, KC_OPERATION_KEY_LIST,
        KC_OPERATION_SIGNATURE_COMMIT, KC_OPERATION_KEY_GENERATE, KC_OPERATION_STATUS};
    enum kc_operation kind = kinds[number % (sizeof kinds / sizeof *kinds)];
    struct ask plain = ask_new(kind);
    if (kind == KC_OPERATION_MESH_OPERATE)
        ask_mesh(kind, service_flow(hammer.bench, number % 2 == 0 ? CASE_AGREE : CASE_SIGN, 0));
    else if (kind == KC_OPERATION_SIGNATURE_COMMIT)
        ask_for_session();
    else if (kind == KC_OPERATION_KEY_GENERATE && hammer.made < MADE_MAX)
        ask_for_key("Ed25519");
    else if (kind == KC_OPERATION_KEY_LIST || kind == KC_OPERATION_STATUS)
        ask_for(&plain, NULL);
    else
        ask_about(kind == KC_OPERATION_KEY_GENERATE ? KC_OPERATION_KEY_SHOW : kind, number / 3);
}

/* --- the thread that keeps deadlines, and brings the requests --- */

static void wait_a_moment(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&hammer.changed, &hammer.lock, &until);
}

/* The clock goes on; the lock is left meanwhile. */
static void tick(void)
{
    wait_a_moment();
    pthread_mutex_unlock(&hammer.lock);
    atomic_fetch_add(&hammer.milliseconds, TICK_MS);
    kc_vault_expire(hammer.bench->vault);
    (void)kc_vault_do_slow(hammer.bench->vault);
    pthread_mutex_lock(&hammer.lock);
}

static void wait_for_answers(size_t most_open)
{
    time_t began = time(NULL);
    while (hammer.open > most_open) {
        if (time(NULL) - began > PATIENCE_S) {
            for (size_t i = 0; i < hammer.slot_count; i++)
                if (hammer.slots[i].is_open)
                    fprintf(stderr, "open: %s\n", kc_operations[hammer.slots[i].operation].name);
            give_up("requests", "not answered");
        }
        tick();
    }
}

static void wait_idle(void)
{
    while (hammer.first || hammer.busy > 0)
        pthread_cond_wait(&hammer.changed, &hammer.lock);
}

static void connect_again(void)
{
    close(hammer.bench->client);
    bench_connect(hammer.bench);
    wait_idle(); /* another worker would have a request before it */
}

/* As the process does it: at once, and again when no worker is in the vault before the next one
 * comes. */
static void change_desks(void)
{
    for (size_t i = 0; i < hammer.slot_count; i++)
        if (hammer.slots[i].is_open) {
            bench_forget_ask(hammer.slots[i].ticket);
            close_slot(&hammer.slots[i]);
        }
    pthread_mutex_unlock(&hammer.lock);
    kc_vault_desk_gone(hammer.bench->vault);
    pthread_mutex_lock(&hammer.lock);
    wait_idle();
    pthread_mutex_unlock(&hammer.lock);
    kc_vault_desk_gone(hammer.bench->vault);
    pthread_mutex_lock(&hammer.lock);
    while (hammer.bench->queued > 0)
        bench_drop_sent(hammer.bench, 0);
    connect_again();
}

static void hang_up(void)
{
    close(hammer.bench->client);
    hammer.bench->client = -1;
    pthread_mutex_unlock(&hammer.lock);
    kc_vault_hangups(hammer.bench->vault);
    pthread_mutex_lock(&hammer.lock);
    bench_connect(hammer.bench);
    wait_idle();
}

/* An hour later, so that all is charged anew. */
static void begin_round(void)
{
    hammer.bench->seconds += 3600;
    atomic_store(&hammer.seconds, hammer.bench->seconds);
}

static void run_round(size_t round, bool is_last)
{
    size_t most = hammer.slot_count - 1;
    begin_round();
    if (round == 0)
        ask_for_key("RSA-2048");
    for (size_t i = 0; i < PER_ROUND; i++) {
        ask_something(round * PER_ROUND + i);
        if (i == PER_ROUND / 2 && is_last)
            ask_mesh(KC_OPERATION_MESH_CAPABILITY_REVOKE,
                service_delete_request(hammer.bench, "MMM_Access", CASE_DECRYPT_ID));
        wait_for_answers(most - 1);
        if (i == PER_ROUND / 4)
            hang_up();
        if (i == PER_ROUND / 3)
            change_desks();
    }
    wait_for_answers(0);
}

/* --- life --- */

static void prepare(size_t requests)
{
    struct bench *bench = service_with_shares(), *other = bench_new();
    bench->config.limits.in_flight = 64;
    bench->config.freshness.interval_s = 1;
    for (size_t i = 0; i < KEYS; i++) {
        char label[16];
        snprintf(label, sizeof label, "key %zu", i);
        hammer.keys[i] = bench_generate(bench, "Ed25519", "application", label);
    }
    char *whole = bench_generate(bench, "Ed25519", "application", "whole");
    struct halves halves = bench_split(bench, other, whole);
    hammer.share = strdup(halves.device);
    halves_free(halves);
    free(whole);
    bench_free(other);
    hammer.bench = bench;
    hammer.slot_count = requests;
    hammer.outside = bench->outside;
    atomic_store(&hammer.seconds, bench->seconds);
    atomic_store(&hammer.milliseconds, bench->milliseconds);
    bench->outside.send = send_to_desk;
    bench->outside.root = ask_root;
    bench->outside.tell = tell;
    bench->outside.seconds = tell_seconds;
    bench->outside.milliseconds = tell_milliseconds;
    bench->carry = carry;
}

static void end(pthread_t *threads, size_t workers)
{
    pthread_mutex_unlock(&hammer.lock);
    bool has_stopped = kc_vault_stop(hammer.bench->vault); /* nothing is left that waits */
    pthread_mutex_lock(&hammer.lock);
    if (!has_stopped)
        give_up("the vault", "not idle");
    hammer.is_over = true;
    pthread_cond_broadcast(&hammer.changed);
    pthread_mutex_unlock(&hammer.lock);
    for (size_t i = 0; i < workers; i++)
        pthread_join(threads[i], NULL);
    bench_free(hammer.bench);
    for (size_t i = 0; i < KEYS; i++)
        free(hammer.keys[i]);
    free(hammer.share);
    (void)case_unload(NULL);
}

int main(int argc, char **argv)
{
    pthread_t threads[WORKERS_MAX];
    size_t workers = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
    size_t requests = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    size_t rounds = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (workers == 0 || workers > WORKERS_MAX || requests < 2 || requests > SLOTS_MAX)
        give_up("usage", "vault-hammer WORKERS REQUESTS ROUNDS");
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* what fails on the bench fails in any thread */
    if (case_load(NULL) != 0)
        give_up("the worked case", "not loaded");
    prepare(requests);
    for (size_t i = 0; i < workers; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            give_up("a worker", "not started");
    pthread_mutex_lock(&hammer.lock);
    for (size_t i = 0; i < rounds; i++)
        run_round(i, i + 1 == rounds);
    size_t answered = hammer.answered, good = hammer.good;
    end(threads, workers);
    printf("%zu answers, %zu of them good\n", answered, good);
    return good > answered / 2 ? 0 : 1;
}
