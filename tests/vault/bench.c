/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vault/bench.h"

#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- the outside --- */

static void take_sent(
    void *context, const struct kc_vault_message *message, const struct kc_descriptors *descriptors)
{
    struct bench *bench = context;
    struct sent *sent = &bench->queue[bench->queued++];
    struct kc_writer w;
    assert_true(bench->queued < BENCH_QUEUE);
    *sent = (struct sent){.bytes = malloc(KC_VAULT_MESSAGE_MAX)};
    kc_writer_init(&w, sent->bytes, KC_VAULT_MESSAGE_MAX);
    assert_int_equal(kc_vault_message_pack(&w, message), KC_OK);
    sent->size = w.size;
    for (size_t i = 0; descriptors && i < descriptors->count; i++)
        sent->descriptors.fd[sent->descriptors.count++] = dup(descriptors->fd[i]);
}

static void keep_told(void *context, const struct kc_vault_event *event)
{
    struct bench *bench = context;
    bench->told = *event;
    memset(bench->told_key, 0, sizeof bench->told_key);
    if (event->key.size > 0)
        memcpy(bench->told_key, event->key.bytes, event->key.size);
}

/* A blob is of one root: its letter is the root's. */
static enum kc_error seal(struct bench *bench, size_t number, const struct kc_root_request *request,
    uint8_t *packet, struct kc_span *out)
{
    assert_true(bench->seal_count < BENCH_SEALS);
    memcpy(bench->seals[bench->seal_count], request->key, KC_ROOT_KEY_SIZE);
    memset(packet, 'b' + (int)number, 100);
    packet[0] = (uint8_t)bench->seal_count++;
    *out = (struct kc_span){packet, 100};
    return KC_OK;
}

static enum kc_error unseal(struct bench *bench, size_t number,
    const struct kc_root_request *request, uint8_t *packet, struct kc_span *out)
{
    struct kc_span blob = request->blob;
    if (blob.size != 100 || blob.bytes[0] >= bench->seal_count)
        return KC_ERR_RECORD_DAMAGED;
    for (size_t i = 1; i < blob.size; i++)
        if (blob.bytes[i] != 'b' + number)
            return KC_ERR_RECORD_DAMAGED;
    memcpy(packet, bench->seals[blob.bytes[0]], KC_ROOT_KEY_SIZE);
    *out = (struct kc_span){packet, KC_ROOT_KEY_SIZE};
    return KC_OK;
}

/* As a TPM's index: another authorisation value sees nothing. */
static enum kc_error use_head(struct bench *bench, size_t number,
    const struct kc_root_request *request, uint8_t *packet, struct kc_span *out)
{
    struct bench_head *head = &bench->heads[number];
    bool is_ours = memcmp(head->auth, request->auth, KC_ROOT_AUTH_SIZE) == 0;
    if (bench->head_error != KC_OK)
        return bench->head_error;
    if (head->is_there && !is_ours)
        return KC_ERR_ROOT_HEAD_TAKEN;
    if (request->type == KC_ROOT_REQUEST_HEAD_MAKE && head->is_there)
        return KC_ERR_EXISTS;
    if (request->type != KC_ROOT_REQUEST_HEAD_MAKE && !head->is_there)
        return KC_ERR_ROOT_HEAD;
    if (request->type == KC_ROOT_REQUEST_HEAD_REMOVE) {
        *head = (struct bench_head){.is_there = false};
        return KC_OK;
    }
    if (request->type == KC_ROOT_REQUEST_HEAD_READ) {
        memcpy(packet, head->content, KC_ROOT_HEAD_SIZE);
        *out = (struct kc_span){packet, KC_ROOT_HEAD_SIZE};
        return KC_OK;
    }
    memcpy(head->auth, request->auth, KC_ROOT_AUTH_SIZE);
    memcpy(head->content, request->head, KC_ROOT_HEAD_SIZE);
    head->is_there = true;
    bench->head_writes++;
    return KC_OK;
}

static enum kc_error tell_status(size_t number, uint8_t *packet, struct kc_span *out)
{
    struct kc_root_status status = {
        .manufacturer = "bench", .firmware = "1.2", .lockout_max_tries = 3};
    status.srk_name[0] = (uint8_t)number;
    struct kc_writer w;
    kc_writer_init(&w, packet, KC_ROOT_REPLY_MAX);
    kc_root_status_write(&status, &w);
    *out = (struct kc_span){packet, w.size};
    return kc_writer_finish(&w);
}

static enum kc_error ask_root(void *context, size_t number, const struct kc_root_request *request,
    uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_root_reply *reply)
{
    struct bench *bench = context;
    assert_true(number < bench->config.root_count);
    if (bench->is_dead)
        return KC_ERR_ROOT_UNAVAILABLE;
    if (bench->during_root)
        bench->during_root(bench);
    *reply = (struct kc_root_reply){
        .error = bench->root_error ? bench->root_error : bench->root_errors[number]};
    if (reply->error == KC_OK && bench->retired[number])
        reply->error = KC_ERR_ROOT_CHANGED;
    if (reply->error != KC_OK)
        return KC_OK;
    switch (request->type) {
    case KC_ROOT_REQUEST_SEAL:
        reply->error = seal(bench, number, request, packet, &reply->payload);
        break;
    case KC_ROOT_REQUEST_UNSEAL:
        reply->error = unseal(bench, number, request, packet, &reply->payload);
        break;
    case KC_ROOT_REQUEST_RANDOM:
        memset(packet, 'r', request->random_size);
        reply->payload = (struct kc_span){packet, request->random_size};
        break;
    case KC_ROOT_REQUEST_STATUS:
        reply->error = tell_status(number, packet, &reply->payload);
        break;
    case KC_ROOT_REQUEST_HEAD_READ:
    case KC_ROOT_REQUEST_HEAD_WRITE:
    case KC_ROOT_REQUEST_HEAD_MAKE:
    case KC_ROOT_REQUEST_HEAD_REMOVE:
        reply->error = use_head(bench, number, request, packet, &reply->payload);
        break;
    case KC_ROOT_REQUEST_RETIRE:
        bench->retired[number] = true;
        break;
    case KC_ROOT_REQUEST_KEY_MAKE:
    case KC_ROOT_REQUEST_KEY_LEFT:
    case KC_ROOT_REQUEST_KEY_KEEP:
    case KC_ROOT_REQUEST_KEY_DESTROY:
    case KC_ROOT_REQUEST_KEY_USE:
    case KC_ROOT_REQUEST_ATTEST:
        reply->error = KC_ERR_ROOT_UNFIT; /* it has no resident keys */
        break;
    }
    if (bench->dies_at_root > 0 && --bench->dies_at_root == 0)
        bench->is_dead = true;
    return bench->is_dead ? KC_ERR_ROOT_UNAVAILABLE : KC_OK;
}

static enum kc_error fill_random(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    return getrandom(octets, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM;
}

static uint64_t tell_seconds(void *context)
{
    return ((struct bench *)context)->seconds;
}

static uint64_t tell_milliseconds(void *context)
{
    return ((struct bench *)context)->milliseconds;
}

/* --- life --- */

static void allow_all(struct bench *bench)
{
    bench->rules[0] = (struct kc_policy_rule){.name = "all",
        .anyone = true,
        .keyrings = 1,
        .keys = {"*"},
        .key_count = 1,
        .roles = UINT32_MAX,
        .any_operation = true};
    bench->config.policy = (struct kc_policy){
        .keyrings = {"main", "other"}, .keyring_count = 2, .rules = bench->rules, .rule_count = 1};
}

void bench_allow_only(struct bench *bench, enum kc_operation operation)
{
    bench->rules[0].any_operation = false;
    bench->rules[0].operations = (struct kc_operation_set){0};
    kc_operation_set_add(&bench->rules[0].operations, operation);
}

static void listen_for_clients(struct bench *bench)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(bench->folder, "/tmp/kc-vault-test-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->config.socket, sizeof bench->config.socket, "%s/socket", bench->folder);
    memcpy(name.sun_path, bench->config.socket, sizeof name.sun_path);
    bench->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(bench->listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(bench->listener, 8), 0);
}

struct bench *bench_new(void)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (kc_arena_figures().size == 0)
        assert_int_equal(kc_arena_init(4u << 20), KC_OK);
    bench->client = -1;
    bench->seconds = 1700000000;
    bench->milliseconds = 1000;
    bench->config.limits = (struct kc_config_limits){.clients = 8,
        .in_flight = 16,
        .sessions = 16,
        .cache = 16,
        .session_deadline_ms = 10000,
        .session_wait_ms = 5000,
        .stop_deadline_ms = 5000};
    bench->config.root_count = 1;
    strcpy(bench->config.roots[0].name, KC_CONFIG_ROOT_NAME);
    bench->config.freshness = (struct kc_config_freshness){
        .interval_s = 600, .burst = 32, .rotate_after_h = 168, .required = 1};
    bench->outside = (struct kc_vault_outside){.context = bench,
        .send = take_sent,
        .root = ask_root,
        .tell = keep_told,
        .random = fill_random,
        .seconds = tell_seconds,
        .milliseconds = tell_milliseconds};
    allow_all(bench);
    listen_for_clients(bench);
    assert_int_equal(
        kc_vault_new(&bench->config, "separate", &bench->outside, &bench->vault), KC_OK);
    bench_connect(bench);
    return bench;
}

static void close_client(struct bench *bench)
{
    if (bench->client >= 0)
        close(bench->client);
    bench->client = -1;
}

void bench_free(struct bench *bench)
{
    kc_vault_free(bench->vault);
    close_client(bench);
    for (size_t i = 0; i < bench->queued; i++) {
        kc_descriptors_close(&bench->queue[i].descriptors);
        free(bench->queue[i].bytes);
    }
    close(bench->listener);
    unlink(bench->config.socket);
    rmdir(bench->folder);
    kc_wipe(bench->seals, sizeof bench->seals);
    while (bench->bodies) {
        struct bench_body *next = bench->bodies->next;
        free(bench->bodies);
        bench->bodies = next;
    }
    free(bench);
}

static void drop_sent(struct bench *bench, size_t at);

void bench_add_root(struct bench *bench, const char *name)
{
    snprintf(
        bench->config.roots[bench->config.root_count++].name, KC_CONFIG_ROOT_NAME_SIZE, "%s", name);
}

void bench_restart(struct bench *bench)
{
    bench->is_dead = false;
    bench->dies_at_commit = bench->dies_at_root = 0;
    kc_vault_free(bench->vault);
    close_client(bench);
    while (bench->queued > 0) /* of a vault that is no more */
        drop_sent(bench, 0);
    assert_int_equal(
        kc_vault_new(&bench->config, "separate", &bench->outside, &bench->vault), KC_OK);
    bench_connect(bench);
}

int bench_setup(void **state)
{
    *state = bench_new();
    return 0;
}

int bench_teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* --- to the vault --- */

static void give_packet(
    struct bench *bench, const struct kc_vault_message *message, const struct kc_descriptors *d)
{
    static uint8_t packet[KC_VAULT_MESSAGE_MAX];
    struct kc_writer w;
    kc_writer_init(&w, packet, sizeof packet);
    assert_int_equal(kc_vault_message_pack(&w, message), KC_OK);
    assert_int_equal(
        kc_vault_receive(bench->vault, kc_vault_desk(bench->vault), packet, w.size, d), KC_OK);
    (void)kc_vault_do_slow(bench->vault);
}

uint64_t bench_connect(struct bench *bench)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct kc_descriptors d = {.count = 1};
    static struct kc_vault_message message;
    memcpy(name.sun_path, bench->config.socket, sizeof name.sun_path);
    bench->client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(bench->client, (struct sockaddr *)&name, sizeof name), 0);
    d.fd[0] = accept(bench->listener, NULL, NULL);
    assert_true(d.fd[0] >= 0);
    bench->connection = ++bench->next_connection;
    message.type = KC_VAULT_CONNECT;
    message.connection = bench->connection;
    give_packet(bench, &message, &d);
    bench_pump(bench); /* takes CONNECTED */
    return bench->connection;
}

struct ask ask_new(enum kc_operation operation)
{
    struct ask ask;
    ask.descriptors.count = 0;
    kc_message_init(&ask.message, operation);
    ask.message.id = 7;
    return ask;
}

void ask_text(struct ask *ask, enum kc_field field, const char *text)
{
    kc_values_set_text(&ask->message.values, field, text);
}

void ask_octets(struct ask *ask, enum kc_field field, const void *octets, size_t size)
{
    kc_values_set_span(&ask->message.values, field, octets, size);
}

void ask_number(struct ask *ask, enum kc_field field, uint64_t number)
{
    kc_values_set_number(&ask->message.values, field, number);
}

void ask_secret(struct ask *ask, enum kc_field field, const void *octets, size_t size)
{
    int descriptor = -1;
    assert_int_equal(kc_sealed_make(octets, size, &descriptor), KC_OK);
    kc_values_set_passed(&ask->message.values, field, ask->descriptors.count);
    ask->descriptors.fd[ask->descriptors.count++] = descriptor;
}

/* --- the store --- */

struct kc_record *bench_record(struct bench *bench, uint8_t kind, const char *id)
{
    for (size_t i = 0; i < bench->record_count; i++)
        if (bench->records[i].kind == kind && strcmp(bench->records[i].id, id) == 0)
            return &bench->records[i];
    return NULL;
}

static bool label_taken(const struct bench *bench, const struct kc_record *record)
{
    if (record->kind != KC_KIND_KEY && record->kind != KC_KIND_RECIPIENT)
        return false;
    for (size_t i = 0; i < bench->record_count; i++) {
        const struct kc_record *other = &bench->records[i];
        if (record->kind == other->kind && *record->label && record->state != KC_STATE_DESTROYED &&
            other->state != KC_STATE_DESTROYED && strcmp(other->id, record->id) != 0 &&
            strcmp(other->label, record->label) == 0 &&
            strcmp(other->keyring, record->keyring) == 0)
            return true;
    }
    return false;
}

/* Bodies stay until the bench goes: records of before may come again. */
static void keep_body(struct bench *bench, struct kc_record *record)
{
    if (record->body.size == 0)
        return;
    struct bench_body *body = malloc(sizeof *body + record->body.size);
    memcpy(body->bytes, record->body.bytes, record->body.size);
    record->body.bytes = body->bytes;
    body->next = bench->bodies;
    bench->bodies = body;
}

static enum kc_error put(struct bench *bench, const struct kc_record *record)
{
    struct kc_record *former = bench_record(bench, record->kind, record->id);
    if (record->version == 1 && former)
        return KC_ERR_EXISTS;
    if (record->version > 1 && (!former || former->version >= record->version))
        return KC_ERR_CONFLICT;
    if (label_taken(bench, record))
        return KC_ERR_LABEL_TAKEN;
    if (!former) {
        assert_true(bench->record_count < BENCH_RECORDS);
        former = &bench->records[bench->record_count++];
    }
    *former = *record;
    keep_body(bench, former);
    return KC_OK;
}

struct bench_node *bench_node(struct bench *bench, uint32_t number)
{
    for (size_t i = 0; i < bench->node_count; i++)
        if (bench->nodes[i].number == number)
            return &bench->nodes[i];
    return NULL;
}

static void put_node(struct bench *bench, const struct kc_vault_node *node)
{
    struct bench_node *former = bench_node(bench, node->number);
    if (!former) {
        assert_true(bench->node_count < BENCH_NODES);
        former = &bench->nodes[bench->node_count++];
    }
    assert_true(node->content.size <= sizeof former->content);
    former->number = node->number;
    former->size = node->content.size;
    memcpy(former->content, node->content.bytes, node->content.size);
}

struct bench_copy *bench_copy(const struct bench *bench)
{
    struct bench_copy *copy = malloc(sizeof *copy);
    memcpy(copy->records, bench->records, sizeof copy->records);
    copy->record_count = bench->record_count;
    memcpy(copy->nodes, bench->nodes, sizeof copy->nodes);
    copy->node_count = bench->node_count;
    return copy;
}

void bench_restore(struct bench *bench, const struct bench_copy *copy)
{
    memcpy(bench->records, copy->records, sizeof copy->records);
    bench->record_count = copy->record_count;
    memcpy(bench->nodes, copy->nodes, sizeof copy->nodes);
    bench->node_count = copy->node_count;
}

static enum kc_error commit(
    struct bench *bench, const struct kc_vault_message *message, uint32_t *place)
{
    struct bench_copy *before = bench_copy(bench);
    enum kc_error error = bench->store_error;
    bench->commits++;
    *place = UINT32_MAX;
    for (size_t i = 0; error == KC_OK && !bench->lies_about_storing && i < message->record_count;
         i++) {
        struct kc_record record;
        assert_int_equal(kc_record_unpack(message->records[i], &record), KC_OK);
        error = put(bench, &record);
        *place = error == KC_OK ? UINT32_MAX : (uint32_t)i;
    }
    for (size_t i = 0; error == KC_OK && !bench->lies_about_storing && i < message->node_count; i++)
        put_node(bench, &message->nodes[i]);
    if (error != KC_OK)
        bench_restore(bench, before);
    free(before);
    return error;
}

/* --- the desk --- */

struct room {
    uint8_t bytes[KC_VAULT_RECORDS_MAX][KC_RECORD_SIZE_MAX];
};

static void attach(
    struct kc_vault_message *request, struct room *room, const struct kc_record *record)
{
    struct kc_writer w;
    if (!record)
        return;
    assert_true(request->record_count < KC_VAULT_RECORDS_MAX);
    kc_writer_init(&w, room->bytes[request->record_count], KC_RECORD_SIZE_MAX);
    kc_record_pack(&w, record);
    assert_int_equal(kc_writer_finish(&w), KC_OK);
    request->records[request->record_count] = (struct kc_span){w.bytes, w.size};
    request->record_count++;
}

static void attach_named(struct bench *bench, struct kc_vault_message *request, struct room *room,
    uint8_t kind, enum kc_field field)
{
    char id[KC_RECORD_ID_SIZE] = {0};
    const struct kc_values *values = &request->message.values;
    if (!kc_values_has(values, field) || values->value[field].span.size >= sizeof id)
        return;
    memcpy(id, values->value[field].span.bytes, values->value[field].span.size);
    attach(request, room, bench_record(bench, kind, id));
}

static void attach_kind(
    struct bench *bench, struct kc_vault_message *request, struct room *room, uint8_t kind)
{
    for (size_t i = 0; i < bench->record_count; i++)
        if (bench->records[i].kind == kind && request->record_count < KC_VAULT_PAGE_MAX)
            attach(request, room, &bench->records[i]);
}

static void attach_needed(struct bench *bench, struct kc_vault_message *request, struct room *room)
{
    switch (kc_operations[request->message.operation].record) {
    case KC_RECORD_NONE:
        break;
    case KC_RECORD_KEY:
        attach_named(bench, request, room, KC_KIND_KEY, KC_FIELD_KEY);
        break;
    case KC_RECORD_PAGE:
        attach_kind(bench, request, room, KC_KIND_KEY);
        break;
    case KC_RECORD_RECIPIENTS:
        attach_kind(bench, request, room, KC_KIND_RECIPIENT);
        break;
    case KC_RECORD_SPLIT:
        attach_named(bench, request, room, KC_KIND_KEY, KC_FIELD_KEY);
        attach_named(bench, request, room, KC_KIND_RECIPIENT, KC_FIELD_RECIPIENT);
        attach_kind(bench, request, room, KC_KIND_OPERATOR);
        break;
    case KC_RECORD_RECIPIENT:
        attach_named(bench, request, room, KC_KIND_RECIPIENT, KC_FIELD_RECIPIENT);
        attach_kind(bench, request, room, KC_KIND_OPERATOR);
        break;
    case KC_RECORD_OPERATOR:
        attach_kind(bench, request, room, KC_KIND_OPERATOR);
        break;
    case KC_RECORD_OBJECT:
        attach_named(bench, request, room, KC_KIND_OBJECT, KC_FIELD_OBJECT);
        break;
    case KC_RECORD_ACCOUNTS:
        attach_kind(bench, request, room, KC_KIND_ACCOUNT);
        break;
    case KC_RECORD_CAPABILITIES:
        attach_kind(bench, request, room, KC_KIND_CAPABILITY);
        break;
    case KC_RECORD_OBJECTS:
        attach_kind(bench, request, room, KC_KIND_KEY);
        attach_kind(bench, request, room, KC_KIND_OBJECT);
        break;
    case KC_RECORD_SEEDS:
        attach_kind(bench, request, room, KC_KIND_SEED);
        break;
    }
}

/* What was asked and is not answered, for a NEED. */
static struct {
    uint64_t ticket;
    struct ask ask;
    uint64_t connection;
} open_asks[64];

static void attach_wanted(struct bench *bench, struct kc_vault_message *message, struct room *room,
    const struct kc_vault_message *need)
{
    for (size_t i = 0; i < need->id_count; i++) {
        char id[KC_RECORD_ID_SIZE] = {0};
        memcpy(id, need->ids[i].bytes, need->ids[i].size);
        for (uint8_t kind = KC_KIND_VAULT; kind <= KC_KIND_LAST; kind++)
            attach(message, room, bench_record(bench, kind, id));
        message->ids[message->id_count++] = need->ids[i];
    }
}

/* Of what the vault does by itself, and nobody has asked for. */
static void give_needed(struct bench *bench, const struct kc_vault_message *need)
{
    static struct room room;
    static struct kc_vault_message fetched;
    fetched = (struct kc_vault_message){.type = KC_VAULT_FETCHED, .ticket = need->ticket};
    attach_wanted(bench, &fetched, &room, need);
    give_packet(bench, &fetched, &(struct kc_descriptors){.count = 0});
}

static void give_request(struct bench *bench, uint64_t ticket, const struct kc_vault_message *need)
{
    static struct room room;
    static struct kc_vault_message request;
    struct ask *ask = &open_asks[ticket % 64].ask;
    struct kc_descriptors copies = {.count = 0};
    request.type = KC_VAULT_REQUEST;
    request.ticket = ticket;
    request.connection = open_asks[ticket % 64].connection;
    request.message = ask->message;
    request.record_count = request.id_count = 0;
    attach_needed(bench, &request, &room);
    if (need)
        attach_wanted(bench, &request, &room, need);
    if (bench->lie)
        bench->lie(bench, &request);
    for (size_t i = 0; i < ask->descriptors.count; i++)
        copies.fd[copies.count++] = dup(ask->descriptors.fd[i]);
    give_packet(bench, &request, &copies);
}

uint64_t bench_send(struct bench *bench, struct ask *ask)
{
    static uint64_t next_ticket;
    uint64_t ticket = ++next_ticket;
    open_asks[ticket % 64].ask = *ask;
    open_asks[ticket % 64].connection = bench->connection;
    give_request(bench, ticket, NULL);
    return ticket;
}

static void give_fetched(struct bench *bench, const struct kc_vault_message *fetch)
{
    static struct kc_vault_message fetched;
    static struct room room;
    fetched = (struct kc_vault_message){.type = KC_VAULT_FETCHED, .ticket = fetch->ticket};
    for (size_t i = 0; i < fetch->node_count; i++) {
        const struct bench_node *node = bench_node(bench, fetch->nodes[i].number);
        if (node)
            fetched.nodes[fetched.node_count++] =
                (struct kc_vault_node){node->number, {node->content, node->size}};
    }
    for (size_t i = 0; fetch->id_count > 0 && i < bench->record_count; i++) {
        char after[KC_RECORD_ID_SIZE] = {0};
        memcpy(after, fetch->ids[0].bytes, fetch->ids[0].size);
        const struct kc_record *next = NULL;
        for (size_t k = 0; k < bench->record_count; k++)
            if (kc_kind_is_wrapped(bench->records[k].kind) &&
                strcmp(bench->records[k].id, after) > 0 &&
                (!next || strcmp(bench->records[k].id, next->id) < 0))
                next = &bench->records[k];
        for (size_t k = 0; next && k < bench->record_count; k++)
            if (kc_kind_is_wrapped(bench->records[k].kind) &&
                strcmp(bench->records[k].id, next->id) == 0)
                attach(&fetched, &room, &bench->records[k]);
        break;
    }
    give_packet(bench, &fetched, &(struct kc_descriptors){.count = 0});
}

static void drop_sent(struct bench *bench, size_t at)
{
    kc_descriptors_close(&bench->queue[at].descriptors);
    free(bench->queue[at].bytes);
    memmove(&bench->queue[at], &bench->queue[at + 1],
        (bench->queued - at - 1) * sizeof bench->queue[0]);
    bench->queued--;
}

/* What a courier does, at once. */
static void carry(struct bench *bench, const struct kc_vault_message *question)
{
    struct kc_vault_message asked = {.type = KC_VAULT_ASKED, .ticket = question->ticket};
    struct ask ask = ask_new(question->message.operation);
    ask.message.values = question->message.values;
    struct answer *answer = bench_ask(bench->peer, &ask);
    asked.error = answer->error;
    asked.message = answer->in.message;
    if (bench->peer_lie)
        bench->peer_lie(&asked);
    give_packet(bench, &asked, &(struct kc_descriptors){.count = 0});
    answer_done(answer);
}

/* True if this one was for the desk itself. */
static bool serve(struct bench *bench, size_t at)
{
    static struct kc_vault_message message;
    static struct kc_values items[KC_ITEMS_MAX];
    static struct kc_vault_message stored;
    const struct sent *sent = &bench->queue[at];
    assert_int_equal(kc_vault_message_unpack(sent->bytes, sent->size, items, &message), KC_OK);
    if (message.type == KC_VAULT_CONNECTED)
        return true;
    if (message.type == KC_VAULT_NEED && message.ticket == KC_VAULT_TICKET_OWN) {
        give_needed(bench, &message);
        return true;
    }
    if (message.type == KC_VAULT_NEED) {
        give_request(bench, message.ticket, &message);
        return true;
    }
    if (message.type == KC_VAULT_FETCH) {
        give_fetched(bench, &message);
        return true;
    }
    if (message.type == KC_VAULT_ASK && bench->peer) {
        struct kc_vault_message question = message;
        carry(bench, &question);
        return true;
    }
    if (message.type != KC_VAULT_COMMIT || (bench->holds_stored && bench->holds_after == 0))
        return false;
    if (bench->holds_stored)
        bench->holds_after--;
    if (bench->is_dead)
        return true;
    if (bench->dies_at_commit > 0 && --bench->dies_at_commit == 0) {
        bench->is_dead = true;
        if (bench->dies_stored)
            (void)commit(bench, &message, &stored.place);
        return true;
    }
    stored.type = KC_VAULT_STORED;
    stored.ticket = message.ticket;
    stored.error = commit(bench, &message, &stored.place);
    give_packet(bench, &stored, &(struct kc_descriptors){.count = 0});
    return true;
}

void bench_pump(struct bench *bench)
{
    for (size_t at = 0; at < bench->queued;) {
        if (serve(bench, at)) {
            drop_sent(bench, at);
            at = 0;
        } else {
            at++;
        }
    }
}

void bench_store_unheard(struct bench *bench)
{
    static struct kc_vault_message message;
    static struct kc_values items[KC_ITEMS_MAX];
    for (size_t at = bench->queued; at-- > 0;) {
        const struct sent *sent = &bench->queue[at];
        assert_int_equal(kc_vault_message_unpack(sent->bytes, sent->size, items, &message), KC_OK);
        if (message.type != KC_VAULT_COMMIT)
            continue;
        uint32_t place;
        assert_int_equal(commit(bench, &message, &place), KC_OK);
        drop_sent(bench, at);
    }
}

void bench_open(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_LIST);
    bench_expect(bench, &ask, KC_OK);
}

struct answer *bench_take(struct bench *bench, uint64_t ticket)
{
    struct answer *answer = malloc(sizeof *answer);
    for (size_t at = 0; at < bench->queued; at++) {
        struct sent *sent = &bench->queue[at];
        assert_int_equal(
            kc_vault_message_unpack(sent->bytes, sent->size, answer->items, &answer->in), KC_OK);
        if (answer->in.type != KC_VAULT_ANSWER || answer->in.ticket != ticket)
            continue;
        answer->ticket = ticket;
        answer->error = answer->in.message.error;
        answer->sent = *sent;
        memmove(sent, sent + 1, (bench->queued - at - 1) * sizeof *sent);
        bench->queued--;
        kc_descriptors_close(&open_asks[ticket % 64].ask.descriptors);
        return answer;
    }
    free(answer);
    return NULL;
}

/* What the desk adds to a status before it is a full answer. */
static void complete(struct answer *answer)
{
    if (answer->in.message.operation == KC_OPERATION_STATUS && answer->error == KC_OK)
        kc_values_set_number(&answer->in.message.values, KC_FIELD_KEYS, 0);
    assert_int_equal(kc_answer_check(&answer->in.message), KC_OK);
}

struct answer *bench_ask(struct bench *bench, struct ask *ask)
{
    uint64_t ticket = bench_send(bench, ask);
    bench_pump(bench);
    struct answer *answer = bench_take(bench, ticket);
    assert_non_null(answer);
    assert_int_equal(answer->in.message.id, ask->message.id);
    complete(answer);
    return answer;
}

void bench_expect(struct bench *bench, struct ask *ask, enum kc_error error)
{
    struct answer *answer = bench_ask(bench, ask);
    assert_string_equal(kc_error_name(answer->error), kc_error_name(error));
    answer_done(answer);
}

void answer_done(struct answer *answer)
{
    if (!answer)
        return;
    kc_descriptors_close(&answer->sent.descriptors);
    free(answer->sent.bytes);
    free(answer);
}

const struct kc_value *answer_value(const struct answer *answer, enum kc_field field)
{
    assert_string_equal(kc_error_name(answer->error), "ok");
    assert_true(kc_values_has(&answer->in.message.values, field));
    return &answer->in.message.values.value[field];
}

const char *answer_text(const struct answer *answer, enum kc_field field)
{
    static char rooms[4][256];
    static size_t next;
    char *room = rooms[next++ % 4];
    const struct kc_value *value = answer_value(answer, field);
    memcpy(room, value->span.bytes, value->span.size);
    room[value->span.size] = 0;
    return room;
}

size_t answer_secret(const struct answer *answer, enum kc_field field, uint8_t octets[64])
{
    size_t size = 0, index = answer_value(answer, field)->number;
    assert_true(index < answer->sent.descriptors.count);
    assert_int_equal(kc_sealed_read(answer->sent.descriptors.fd[index], octets, 64, &size), KC_OK);
    return size;
}

char *answer_octets(const struct answer *answer, enum kc_field field, size_t *size)
{
    const struct kc_value *value = answer_value(answer, field);
    size_t room = value->passed ? (size_t)kc_fields[field].most : value->span.size;
    char *octets = malloc(room + 1);
    assert_non_null(octets);
    *size = room;
    if (value->passed) {
        assert_true(value->number < answer->sent.descriptors.count);
        assert_int_equal(
            kc_sealed_read(answer->sent.descriptors.fd[value->number], octets, room, size), KC_OK);
    } else {
        memcpy(octets, value->span.bytes, room);
    }
    octets[*size] = 0;
    return octets;
}

/* --- common askings --- */

char *bench_generate(
    struct bench *bench, const char *algorithm, const char *role, const char *label)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, algorithm);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ROLE, role);
    struct answer *answer = bench_ask(bench, &ask);
    char *id = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    return id;
}

void bench_set_pin(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_OPERATOR_PIN);
    ask_secret(&ask, KC_FIELD_NEW_PIN, BENCH_PIN, strlen(BENCH_PIN));
    bench_expect(bench, &ask, KC_OK);
}

char *bench_enrol(struct bench *service, struct bench *device, const char *algorithm)
{
    char *wrap = bench_generate(service, algorithm, "wrap", "wrap");
    const struct kc_record *record = bench_record(service, KC_KIND_KEY, wrap);
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    ask_text(&ask, KC_FIELD_LABEL, "service");
    ask_text(&ask, KC_FIELD_ALGORITHM, algorithm);
    ask_octets(&ask, KC_FIELD_PUBLIC, record->public_key, record->public_size);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    struct answer *answer = bench_ask(device, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_RECIPIENT), wrap);
    answer_done(answer);
    return wrap;
}

struct halves bench_split(struct bench *device, struct bench *service, const char *key)
{
    struct halves halves;
    bench_set_pin(device);
    char *wrap = bench_enrol(service, device, "X448");
    struct ask split = ask_new(KC_OPERATION_SHARE_SPLIT);
    ask_text(&split, KC_FIELD_KEY, key);
    ask_text(&split, KC_FIELD_RECIPIENT, wrap);
    ask_secret(&split, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    struct answer *answer = bench_ask(device, &split);
    halves.device = strdup(answer_text(answer, KC_FIELD_KEY));

    const struct kc_span envelope = answer_value(answer, KC_FIELD_ENVELOPE)->span;
    struct ask accept_it = ask_new(KC_OPERATION_SHARE_ACCEPT);
    ask_text(&accept_it, KC_FIELD_KEY, wrap);
    ask_text(&accept_it, KC_FIELD_KEYRING, "main");
    ask_text(&accept_it, KC_FIELD_LABEL, "half");
    ask_octets(&accept_it, KC_FIELD_ENVELOPE, envelope.bytes, envelope.size);
    struct answer *accepted = bench_ask(service, &accept_it);
    halves.service = strdup(answer_text(accepted, KC_FIELD_KEY));
    answer_done(accepted);
    answer_done(answer);
    free(wrap);
    return halves;
}
