/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vault/bench_parts.h"

#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
    bench->dies_everywhere = getenv("KC_BENCH_DEATHS") != NULL;
    if (bench->dies_everywhere)
        bench_check_operations();
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
    bench->outside = bench_outside(bench);
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
        bench_drop_sent(bench, 0);
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
    bench_give_packet(bench, &message, &d);
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

struct ask key_ask(enum kc_operation operation, const char *key)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_KEY, key);
    return ask;
}

struct ask message_ask(enum kc_operation operation, const char *key, const char *message)
{
    struct ask ask = key_ask(operation, key);
    ask_octets(&ask, KC_FIELD_MESSAGE, message, strlen(message));
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

void ask_span(struct ask *ask, enum kc_field field, struct kc_span span)
{
    ask_octets(ask, field, span.bytes, span.size);
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
        bench_forget_ask(ticket);
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

static struct answer *ask_once(struct bench *bench, struct ask *ask)
{
    uint64_t ticket = bench_send(bench, ask);
    bench_pump(bench);
    return bench_take(bench, ticket);
}

struct answer *bench_ask(struct bench *bench, struct ask *ask)
{
    struct answer *answer =
        bench_dies_of(bench, ask) ? bench_ask_with_deaths(bench, ask) : ask_once(bench, ask);
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

void bench_expect_key(
    struct bench *bench, enum kc_operation operation, const char *key, enum kc_error error)
{
    struct ask ask = key_ask(operation, key);
    bench_expect(bench, &ask, error);
}

void bench_expect_sign(struct bench *bench, const char *key, enum kc_error error)
{
    struct ask ask = key_ask(KC_OPERATION_KEY_SIGN, key);
    ask_octets(&ask, KC_FIELD_MESSAGE, "m", 1);
    bench_expect(bench, &ask, error);
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

void halves_free(struct halves halves)
{
    free(halves.device);
    free(halves.service);
}

struct kc_span bench_make_peer(struct bench *bench, const char *algorithm, char **id)
{
    *id = bench_generate(bench, algorithm, "application", "peer");
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, *id);
    return (struct kc_span){record->public_key, record->public_size};
}

enum kc_error bench_opens(struct bench *bench, struct kc_mesh_source source, const char *key)
{
    static const char payload[] = "to the key";
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, key);
    struct kc_public_key to;
    char *text;
    size_t size;
    assert_non_null(record);
    assert_int_equal(kc_public_key_make(kc_algorithm_info(record->algorithm)->name,
                         (struct kc_span){record->public_key, record->public_size}, &to),
        KC_OK);
    struct kc_mesh_letter letter = {.payload = {(const uint8_t *)payload, strlen(payload)},
        .recipients = &to,
        .recipient_count = 1};
    assert_int_equal(kc_mesh_envelope_make(&source, &letter, &text, &size), KC_OK);
    struct ask ask = key_ask(KC_OPERATION_ENVELOPE_OPEN, key);
    ask_octets(&ask, KC_FIELD_DOCUMENT, text, size);
    struct answer *answer = bench_ask(bench, &ask);
    enum kc_error error = answer->error;
    if (error == KC_OK) {
        char *opened = answer_octets(answer, KC_FIELD_OUTPUT, &size);
        assert_int_equal(size, strlen(payload));
        assert_memory_equal(opened, payload, size);
        free(opened);
    }
    answer_done(answer);
    free(text);
    return error;
}
