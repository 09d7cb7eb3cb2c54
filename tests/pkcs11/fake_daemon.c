/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pkcs11/fake_daemon.h"

#include "proto/socket/cbor.h"
#include "proto/socket/transport.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 64

struct fake_state fake;

static char folder[64];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static pthread_t thread;
static int wake = -1; /* written to end the thread */

/* Everything here is a test's own machinery: what fails ends the test. */
static void must(bool held, const char *what)
{
    if (held)
        return;
    perror(what);
    abort();
}

struct fake_key *fake_add_key(
    const char *algorithm, const char *keyring, const char *label, const char *role, uint8_t fill)
{
    must(fake.key_count < FAKE_KEYS_MAX, "too many fake keys");
    struct fake_key *key = &fake.keys[fake.key_count];
    /* Ids in ascending order, as UDFs look. */
    unsigned number = (unsigned)fake.key_count++;
    snprintf(key->id, sizeof key->id, "MA%c%c-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA",
        (char)('A' + number / 26), (char)('A' + number % 26));
    snprintf(key->label, sizeof key->label, "%s", label);
    key->algorithm = algorithm;
    key->keyring = keyring;
    key->role = role;
    key->state = "active";
    key->public_size = strcmp(algorithm, "Ed25519") == 0  ? 32
                       : strcmp(algorithm, "X25519") == 0 ? 33
                                                          : 57;
    memset(key->public, fill, key->public_size);
    return key;
}

static const struct fake_key *find_key(const struct kc_values *values)
{
    for (size_t i = 0; i < fake.key_count; i++)
        if (kc_values_text_is(values, KC_FIELD_KEY, fake.keys[i].id))
            return &fake.keys[i];
    return NULL;
}

static bool passes(const struct kc_values *filter, enum kc_field field, const char *text)
{
    return !kc_values_has(filter, field) || kc_values_text_is(filter, field, text);
}

static bool is_listed(const struct kc_values *filter, const struct fake_key *key)
{
    return passes(filter, KC_FIELD_KEYRING, key->keyring) &&
           passes(filter, KC_FIELD_LABEL, key->label) && passes(filter, KC_FIELD_ROLE, key->role) &&
           passes(filter, KC_FIELD_STATE, key->state);
}

static void describe(const struct fake_key *key, struct kc_values *item)
{
    item->present = 0;
    kc_values_set_text(item, KC_FIELD_KEY, key->id);
    kc_values_set_text(item, KC_FIELD_KEYRING, key->keyring);
    kc_values_set_text(item, KC_FIELD_LABEL, key->label);
    kc_values_set_text(item, KC_FIELD_ALGORITHM, key->algorithm);
    kc_values_set_text(item, KC_FIELD_ROLE, key->role);
    kc_values_set_text(item, KC_FIELD_USE, key->algorithm[0] == 'E' ? "sign" : "agree");
    kc_values_set_text(item, KC_FIELD_RESIDENCE, "sealed");
    kc_values_set_text(item, KC_FIELD_STATE, key->state);
    kc_values_set_number(item, KC_FIELD_VERSION, 1);
    kc_values_set_number(item, KC_FIELD_CREATED, 1700000000);
    kc_values_set_span(item, KC_FIELD_PUBLIC, key->public, key->public_size);
}

/* One answer under construction. */
struct reply {
    struct kc_message message;
    struct kc_values items[KC_ITEMS_MAX];
    struct kc_descriptors descriptors;
    uint8_t octets[1024];
};

static void list_keys(const struct kc_message *request, struct reply *reply)
{
    const struct kc_values *filter = &request->values;
    size_t first = 0;
    if (kc_values_has(filter, KC_FIELD_AFTER))
        while (first < fake.key_count &&
               !kc_values_text_is(filter, KC_FIELD_AFTER, fake.keys[first++].id))
            continue;
    bool more = false;
    const char *last = NULL;
    for (size_t i = first; i < fake.key_count && !more; i++) {
        if (!is_listed(filter, &fake.keys[i]))
            continue;
        more = reply->message.item_count == fake.page;
        if (more)
            break;
        last = fake.keys[i].id;
        describe(&fake.keys[i], &reply->items[reply->message.item_count++]);
    }
    kc_values_set_number(&reply->message.values, KC_FIELD_MORE, more);
    if (more)
        kc_values_set_text(&reply->message.values, KC_FIELD_AFTER, last);
}

static void list_keyrings(struct reply *reply)
{
    for (size_t i = 0; fake.keyrings[i] != NULL; i++) {
        struct kc_values *item = &reply->items[reply->message.item_count++];
        item->present = 0;
        kc_values_set_text(item, KC_FIELD_KEYRING, fake.keyrings[i]);
    }
}

/* The first octet of a message that came inline or in a descriptor. */
static uint8_t first_octet(const struct kc_values *values, const struct kc_descriptors *descriptors)
{
    static uint8_t passed[KC_DATA_SIZE_MAX];
    const struct kc_value *value = &values->value[KC_FIELD_MESSAGE];
    fake.last_message_size = value->span.size;
    if (value->passed) {
        enum kc_error error = kc_sealed_read(
            descriptors->fd[value->number], passed, sizeof passed, &fake.last_message_size);
        must(error == KC_OK, "passed message");
        return passed[0];
    }
    return value->span.size > 0 ? value->span.bytes[0] : FAKE_SIGNATURE_EMPTY;
}

static void sign(const struct kc_message *request, const struct kc_descriptors *descriptors,
    const struct fake_key *key, struct reply *reply)
{
    const struct kc_value *scheme = &request->values.value[KC_FIELD_SCHEME];
    snprintf(fake.last_scheme, sizeof fake.last_scheme, "%.*s", (int)scheme->span.size,
        (const char *)scheme->span.bytes);
    size_t size = strcmp(key->algorithm, "Ed448") == 0 ? 114 : 64;
    memset(reply->octets, first_octet(&request->values, descriptors), size);
    kc_values_set_span(
        &reply->message.values, KC_FIELD_SIGNATURE, reply->octets, size - fake.wrong_size);
}

static void agree(const struct kc_message *request, const struct fake_key *key, struct reply *reply)
{
    uint8_t octets[56];
    size_t size = strcmp(key->algorithm, "X448") == 0 ? 56 : 32;
    struct kc_span peer = request->values.value[KC_FIELD_PEER].span;
    memset(octets, peer.bytes[0], size);
    octets[size - 1] = (uint8_t)~peer.bytes[0]; /* so that both ends can be told apart */
    enum kc_error error = kc_sealed_make(octets, size - fake.wrong_size, &reply->descriptors.fd[0]);
    must(error == KC_OK, "memfd");
    reply->descriptors.count = 1;
    kc_values_set_passed(&reply->message.values, KC_FIELD_SECRET, 0);
}

static void make_random(const struct kc_message *request, struct reply *reply)
{
    size_t size = request->values.value[KC_FIELD_SIZE].number;
    memset(reply->octets, (int)(fake.asked[KC_OPERATION_RANDOM] & 0xff), size);
    kc_values_set_span(
        &reply->message.values, KC_FIELD_RANDOM, reply->octets, size - fake.wrong_size);
}

static void handle(
    const struct kc_message *request, const struct kc_descriptors *descriptors, struct reply *reply)
{
    enum kc_operation operation = request->operation;
    const struct fake_key *key = find_key(&request->values);
    fake.asked[operation]++;
    reply->message.error = fake.fail[operation];
    if (reply->message.error != KC_OK)
        return;
    if (operation == KC_OPERATION_KEYRING_LIST)
        list_keyrings(reply);
    else if (operation == KC_OPERATION_KEY_LIST)
        list_keys(request, reply);
    else if (operation == KC_OPERATION_RANDOM)
        make_random(request, reply);
    else if (operation == KC_OPERATION_KEY_SIGN && key != NULL)
        sign(request, descriptors, key, reply);
    else if (operation == KC_OPERATION_KEY_AGREE && key != NULL)
        agree(request, key, reply);
    else
        reply->message.error = KC_ERR_REFUSED;
}

/* Answers one message. False: the client is gone, or is to be dropped. */
static bool serve(int client)
{
    static uint8_t in[KC_MESSAGE_SIZE_MAX], out[KC_MESSAGE_SIZE_MAX];
    static struct reply reply; /* large; the one thread's own */
    struct kc_descriptors descriptors = {.count = 0};
    struct kc_message request;
    const char *detail;
    size_t size;
    if (kc_transport_receive(client, in, sizeof in, &size, &descriptors) != KC_OK)
        return false;
    if (size == 0)
        return true;
    enum kc_error error =
        kc_cbor_request_decode(in, size, descriptors.count, NULL, &request, &detail);
    kc_message_init(&reply.message, request.operation);
    reply.message.items = reply.items;
    reply.descriptors.count = 0;
    must(error == KC_OK, "the module's request");
    handle(&request, &descriptors, &reply);
    kc_descriptors_close(&descriptors);
    if (kc_operations[request.operation].item != 0 && reply.message.error == KC_OK)
        reply.message.values.present |= KC_FIELD_BIT(KC_FIELD_ITEMS);
    reply.message.id = request.id;
    bool goes_on = fake.cut == 0;
    if (goes_on) {
        error = kc_cbor_answer_encode(&reply.message, out, sizeof out, &size);
        must(error == KC_OK, "the fake's answer");
        goes_on = kc_transport_send(client, out, size, &reply.descriptors) == KC_OK;
    } else {
        fake.cut--;
    }
    kc_descriptors_close(&reply.descriptors);
    return goes_on;
}

static void *run(void *listener)
{
    struct pollfd polls[2 + CLIENTS_MAX] = {
        {.fd = wake, .events = POLLIN},
        {.fd = *(int *)listener, .events = POLLIN},
    };
    nfds_t count = 2;
    free(listener);
    for (;;) {
        must(poll(polls, count, -1) > 0, "poll");
        if (polls[0].revents != 0)
            break;
        for (nfds_t i = count - 1; i >= 2; i--) {
            if (polls[i].revents == 0 || serve(polls[i].fd))
                continue;
            close(polls[i].fd);
            polls[i] = polls[--count];
        }
        if (polls[1].revents != 0 && count < 2 + CLIENTS_MAX)
            polls[count++] = (struct pollfd){
                .fd = accept4(polls[1].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK),
                .events = POLLIN,
            };
    }
    for (nfds_t i = 1; i < count; i++)
        close(polls[i].fd);
    return NULL;
}

void fake_daemon_resume(void)
{
    int *listener = malloc(sizeof *listener);
    must(listener != NULL, "malloc");
    *listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    must(*listener >= 0, "socket");
    must(bind(*listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    must(listen(*listener, CLIENTS_MAX) == 0, "listen");
    wake = eventfd(0, EFD_CLOEXEC);
    must(wake >= 0, "eventfd");
    must(pthread_create(&thread, NULL, run, listener) == 0, "thread");
}

void fake_daemon_pause(void)
{
    must(eventfd_write(wake, 1) == 0, "eventfd");
    must(pthread_join(thread, NULL) == 0, "join");
    close(wake);
    unlink(address.sun_path);
}

void fake_daemon_start(void)
{
    memset(&fake, 0, sizeof fake);
    fake.keyrings[0] = "home";
    fake.keyrings[1] = "work";
    fake.page = KC_ITEMS_MAX;
    fake_add_key("Ed25519", "home", "Ed25519", "application", 0x11);
    fake_add_key("Ed448", "home", "Ed448", "application", 0x22);
    fake_add_key("X25519", "home", "X25519", "application", 0x33);
    fake_add_key("X448", "home", "X448", "application", 0x44);
    strcpy(folder, "/tmp/kc-fake-XXXXXX");
    must(mkdtemp(folder) != NULL, "mkdtemp");
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    setenv("CUSTODIAN_SOCKET", address.sun_path, 1);
    fake_daemon_resume();
}

void fake_daemon_stop(void)
{
    fake_daemon_pause();
    rmdir(folder);
}
