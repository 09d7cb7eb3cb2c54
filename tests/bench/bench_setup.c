/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_setup.h"

#include "tests/bench/bench_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEADLINE_MS 20000
#define OWN_KEYRING "bench"
#define OWN_PIN "benchmark"

static const struct kc_subject subjects[KC_SUBJECTS] = {
    {.operation = KC_OPERATION_AGREEMENT_CONTRIBUTE,
        .algorithm = KC_ALGORITHM_X25519,
        .role = "account"},
    {.operation = KC_OPERATION_AGREEMENT_CONTRIBUTE,
        .algorithm = KC_ALGORITHM_X448,
        .role = "account"},
    {.operation = KC_OPERATION_SIGNATURE_CONTRIBUTE,
        .algorithm = KC_ALGORITHM_ED25519,
        .role = "application"},
    {.operation = KC_OPERATION_SIGNATURE_CONTRIBUTE,
        .algorithm = KC_ALGORITHM_ED448,
        .role = "application"},
    {.operation = KC_OPERATION_KEY_SIGN, .algorithm = KC_ALGORITHM_P256},
    {.operation = KC_OPERATION_KEY_SIGN, .algorithm = KC_ALGORITHM_RSA2048},
    {.operation = KC_OPERATION_KEY_AGREE, .algorithm = KC_ALGORITHM_P256},
};

void kc_bench_must(enum kc_error error, const char *step)
{
    if (error == KC_OK)
        return;
    fprintf(stderr, "bench-socket: %s: %s\n", step, kc_error_row(error)->sentence);
    exit(1);
}

/* The parties while the shares are made. */
struct parties {
    struct kc_client *device, *service;
    const char *keyring;
    char pin[65];
    char wrap[65];      /* the service's key that takes shares */
    char recipient[65]; /* what the device calls it */
};

/* --- one call --- */

struct call {
    struct kc_client_request request;
    struct kc_client_answer *answer;
};

static void start(struct call *call, enum kc_operation operation)
{
    call->answer = NULL;
    kc_client_request_init(&call->request, operation);
}

static void set(struct call *call, enum kc_field field, const char *text)
{
    kc_values_set_text(&call->request.message.values, field, text);
}

static void set_span(struct call *call, enum kc_field field, struct kc_span span)
{
    kc_values_set_span(&call->request.message.values, field, span.bytes, span.size);
}

static void set_secret(struct call *call, enum kc_field field, const char *text)
{
    kc_bench_must(kc_client_request_secret(
                      &call->request, &call->request.message.values, field, text, strlen(text)),
        "pass a secret");
}

static void run(struct call *call, struct kc_client *client)
{
    enum kc_error error = kc_client_call(client, &call->request, DEADLINE_MS, &call->answer);
    kc_bench_must(error, kc_operations[call->request.message.operation].name);
    kc_client_request_done(&call->request);
}

static struct kc_span answered(const struct call *call, enum kc_field field)
{
    return kc_client_answer_message(call->answer)->values.value[field].span;
}

static void copy_text(struct kc_span span, char out[static 65])
{
    snprintf(out, 65, "%.*s", (int)span.size, (const char *)span.bytes);
}

/* --- the steps --- */

static void set_pin(const struct parties *p)
{
    struct call call;
    start(&call, KC_OPERATION_OPERATOR_PIN);
    set_secret(&call, KC_FIELD_NEW_PIN, p->pin);
    run(&call, p->device);
    kc_client_answer_free(call.answer);
}

/* use: NULL for the usual one */
static void generate(struct call *call, struct kc_client *client, const char *keyring,
    const char *algorithm, const char *role, const char *use)
{
    char label[65];
    snprintf(label, sizeof label, "bench-%s-%s-%s-%d", algorithm, role, use ? use : "usual",
        (int)getpid());
    start(call, KC_OPERATION_KEY_GENERATE);
    set(call, KC_FIELD_KEYRING, keyring);
    set(call, KC_FIELD_LABEL, label);
    set(call, KC_FIELD_ALGORITHM, algorithm);
    set(call, KC_FIELD_ROLE, role);
    if (use)
        set(call, KC_FIELD_USE, use);
    run(call, client);
}

static void enrol(struct parties *p)
{
    struct call wrap, add;
    generate(&wrap, p->service, p->keyring, "X448", "wrap", NULL);
    copy_text(answered(&wrap, KC_FIELD_KEY), p->wrap);
    start(&add, KC_OPERATION_RECIPIENT_ADD);
    set(&add, KC_FIELD_LABEL, p->wrap);
    set(&add, KC_FIELD_ALGORITHM, "X448");
    set_span(&add, KC_FIELD_PUBLIC, answered(&wrap, KC_FIELD_PUBLIC));
    set_secret(&add, KC_FIELD_PIN, p->pin);
    run(&add, p->device);
    copy_text(answered(&add, KC_FIELD_RECIPIENT), p->recipient);
    kc_client_answer_free(add.answer);
    kc_client_answer_free(wrap.answer);
}

/* Accepts an envelope at the service: the share that is measured. */
static void accept_share(
    const struct parties *p, struct kc_span envelope, const char *label, char share[static 65])
{
    struct call call;
    start(&call, KC_OPERATION_SHARE_ACCEPT);
    set(&call, KC_FIELD_KEY, p->wrap);
    set(&call, KC_FIELD_KEYRING, p->keyring);
    set(&call, KC_FIELD_LABEL, label);
    set_span(&call, KC_FIELD_ENVELOPE, envelope);
    run(&call, p->service);
    copy_text(answered(&call, KC_FIELD_KEY), share);
    kc_client_answer_free(call.answer);
}

static void make_share(const struct parties *p, struct kc_subject *subject)
{
    struct call key, split;
    char id[65];
    generate(&key, p->device, p->keyring, kc_algorithm_info(subject->algorithm)->name,
        subject->role, NULL);
    copy_text(answered(&key, KC_FIELD_KEY), id);
    start(&split, KC_OPERATION_SHARE_SPLIT);
    set(&split, KC_FIELD_KEY, id);
    set(&split, KC_FIELD_RECIPIENT, p->recipient);
    set_secret(&split, KC_FIELD_PIN, p->pin);
    run(&split, p->device);
    accept_share(p, answered(&split, KC_FIELD_ENVELOPE), id, subject->key);
    kc_client_answer_free(split.answer);
    kc_client_answer_free(key.answer);
}

static void make_key(const struct parties *p, struct kc_subject *subject)
{
    struct call key;
    generate(&key, p->service, p->keyring, kc_algorithm_info(subject->algorithm)->name,
        "application", subject->operation == KC_OPERATION_KEY_AGREE ? "agree" : "sign");
    copy_text(answered(&key, KC_FIELD_KEY), subject->key);
    if (subject->operation == KC_OPERATION_KEY_AGREE) { /* with itself: a good point */
        struct kc_span public = answered(&key, KC_FIELD_PUBLIC);
        memcpy(subject->point, public.bytes, public.size);
    }
    kc_client_answer_free(key.answer);
}

/* What a whole key is asked for: as a client asks that has hashed its message. */
static void prepare_whole(struct kc_subject *subject)
{
    struct kc_values *values = &subject->request.message.values;
    if (subject->operation == KC_OPERATION_KEY_AGREE) {
        kc_values_set_span(values, KC_FIELD_PEER, subject->point,
            kc_algorithm_info(subject->algorithm)->public_size);
        return;
    }
    kc_values_set_text(
        values, KC_FIELD_SCHEME, subject->algorithm == KC_ALGORITHM_P256 ? "ecdsa" : "pkcs1");
    kc_values_set_text(values, KC_FIELD_HASH, "SHA-256");
    kc_values_set_number(values, KC_FIELD_HASHED, 1);
    kc_values_set_span(values, KC_FIELD_MESSAGE, KC_BENCH_MESSAGE, 32);
}

static void prepare_share(struct kc_subject *subject)
{
    struct kc_values *values = &subject->request.message.values;
    enum kc_curve curve = (enum kc_curve)subject->algorithm;
    bool signs = subject->operation == KC_OPERATION_SIGNATURE_CONTRIBUTE;
    kc_bench_random_point(curve, subject->point);
    kc_values_set_span(values, signs ? KC_FIELD_COMMITMENT : KC_FIELD_PEER, subject->point,
        kc_curve_info(curve)->point_size);
    if (signs)
        kc_bench_must(kc_client_request_data(&subject->request, values, KC_FIELD_MESSAGE,
                          KC_BENCH_MESSAGE, strlen(KC_BENCH_MESSAGE)),
            "message");
}

/* The request that is measured; once, so that the key is there and the request is right. */
static void prepare(struct kc_subject *subject, struct kc_client *service)
{
    struct kc_client_answer *answer;
    kc_client_request_init(&subject->request, subject->operation);
    kc_values_set_text(&subject->request.message.values, KC_FIELD_KEY, subject->key);
    if (subject->role)
        prepare_share(subject);
    else
        prepare_whole(subject);
    kc_bench_must(kc_client_call(service, &subject->request, DEADLINE_MS, &answer),
        kc_operations[subject->operation].name);
    kc_client_answer_free(answer);
}

/* --- where --- */

static void read_pin(const char *path, char pin[static 65])
{
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(pin, 65, file) == NULL) {
        perror(path);
        exit(1);
    }
    fclose(file);
    pin[strcspn(pin, "\n")] = '\0';
}

static struct kc_client *connect_to(const char *socket)
{
    struct kc_client *client;
    kc_bench_must(kc_client_new(socket, &client), socket);
    return client;
}

static struct parties find_parties(struct kc_bench *bench, const struct kc_bench_place *place)
{
    struct parties p = {.keyring = OWN_KEYRING, .pin = OWN_PIN};
    bench->own = place->device == NULL;
    if (bench->own) {
        kc_custodian_init(&bench->device_custodian, "\"" OWN_KEYRING "\"");
        kc_custodian_init(&bench->service_custodian, "\"" OWN_KEYRING "\"");
        p.device = connect_to(bench->device_custodian.socket);
        p.service = connect_to(bench->service_custodian.socket);
        set_pin(&p);
    } else {
        p.keyring = place->keyring;
        p.device = connect_to(place->device);
        p.service = connect_to(place->service);
        read_pin(place->pin_file, p.pin);
    }
    return p;
}

void kc_bench_set_up(struct kc_bench *bench, const struct kc_bench_place *place)
{
    struct parties p = find_parties(bench, place);
    enrol(&p);
    memcpy(bench->subjects, subjects, sizeof subjects);
    for (size_t i = 0; i < KC_SUBJECTS; i++) {
        if (bench->subjects[i].role)
            make_share(&p, &bench->subjects[i]);
        else
            make_key(&p, &bench->subjects[i]);
        prepare(&bench->subjects[i], p.service);
    }
    kc_client_free(p.device);
    kc_cpu_find(&bench->processes, kc_client_path(p.service));
    bench->service = p.service;
}

void kc_bench_done(struct kc_bench *bench)
{
    for (size_t i = 0; i < KC_SUBJECTS; i++)
        kc_client_request_done(&bench->subjects[i].request);
    kc_client_free(bench->service);
    if (!bench->own)
        return;
    kc_custodian_done(&bench->device_custodian);
    kc_custodian_done(&bench->service_custodian);
}
