/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh-hammer ACCOUNTS CLIENTS ROUNDS: a service whole, and before it everything at once. Each account has so many
 * clients on connections that stay; each does what chance says, while shares are taken away and the front end is
 * started again, in order and not. Every request has its one right answer, what was acknowledged is there once, and
 * nothing is answered with a 5xx but by a front end that says that it is stopping.
 */
#include "proto/socket/client.h"
#include "tests/front/mesh_client.h"
#include "threshold/agreement.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ACCOUNTS_MAX 8 /* numbers of keys are an octet */
#define CLIENTS_MAX 64 /* of each */
#define STEPS 12       /* of each client, in a round */
#define HELLO "{\"HelloRequest\":{}}"
#define BARE "{\"StatusRequest\":{}}"
#define FRAME "[{\"ContentMetaData\":\"e30\"},\"ZW50cnk\"]"
#define STORE "MMM_Contact"
#define LIMITS                                                                                     \
    "rate = 0; connections = 1024; connections_per_address = 1024; handshake_deadline_ms = "       \
    "60000; custodian_deadline_ms = 60000; stop_deadline_ms = 60000; request_deadline_s = 120;"

struct account {
    struct mesh_party party, guest; /* whom the first client binds and unbinds */
    char guest_address[64];
    atomic_bool is_revoking, is_revoked; /* the share that signs */
    atomic_size_t uploads;               /* that were acknowledged */
};

struct client {
    pthread_t thread;
    struct account *account;
    struct mesh_party party; /* a copy with a connection of its own */
    size_t generation;       /* of the front end that it is connected to */
    unsigned number;
    uint64_t chance;
};

static struct mesh_service service;
static struct account accounts[ACCOUNTS_MAX];
static struct client clients[ACCOUNTS_MAX * CLIENTS_MAX];
static size_t account_count, client_count, of_each; /* client_count = account_count * of_each */
static atomic_size_t steps;                         /* that were done in this round */

/* The front end is away between two generations: an odd number. */
static atomic_size_t generation;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_back = PTHREAD_COND_INITIALIZER;

__attribute__((format(printf, 2, 3))) static void require(bool holds, const char *format, ...)
{
    va_list arguments;
    if (holds)
        return;
    va_start(arguments, format);
    fputs("mesh-hammer: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

/* --- a client's connection --- */

/* Waits until the front end is there, and connects. */
static void connect_again(struct client *client)
{
    struct mesh_front *front = &service.front;
    bool is_open = false;
    while (!is_open) {
        pthread_mutex_lock(&lock);
        while (atomic_load(&generation) % 2 == 1)
            pthread_cond_wait(&is_back, &lock);
        client->generation = atomic_load(&generation);
        pthread_mutex_unlock(&lock);
        is_open = web_try(&client->party.web, front->port, front->certificate, "NORMAL");
        if (!is_open)
            web_close(&client->party.web);
        require(is_open || atomic_load(&generation) != client->generation, "nobody comes in");
    }
}

/* What was to be answered was not: right just if the front end went away. */
static void lose(struct client *client, const char *what)
{
    require(atomic_load(&generation) != client->generation, "%s: no answer", what);
    web_close(&client->party.web);
    connect_again(client);
}

static bool is_lost(const struct web_answer *answer)
{
    return answer->status == 0 || (answer->status == 503 && strstr(answer->body, "is stopping"));
}

/* Sends a request until it is answered, the same one each time: its status. */
static int status_of(struct client *client, const char *text, const char *what)
{
    struct mesh_reply reply;
    for (;;) {
        mesh_post(&client->party, text, &reply);
        if (!is_lost(&reply.answer))
            break;
        mesh_reply_done(&reply);
        lose(client, what);
    }
    int status = reply.status;
    require(status != 201 || text[0] != '[' || reply.is_signed, "%s: not signed", what);
    mesh_reply_done(&reply);
    return status;
}

static void expect(struct client *client, char *text, int expected, const char *what)
{
    int status = status_of(client, text, what);
    require(status == expected, "%s: %d in place of %d", what, status, expected);
    free(text);
}

/* --- what clients do --- */

static char *about(
    const struct mesh_party *party, enum kc_object_type type, enum mesh_signer signer)
{
    struct mesh_request request;
    mesh_request_begin(party, &request, type);
    kc_object_write_text(&request.w, "Account", party->c.account.address);
    if (type == KC_OBJECT_DownloadRequest) {
        kc_object_write_list(&request.w, "Select");
        kc_object_write_object(&request.w, NULL, KC_OBJECT_ConstraintsSelect);
        kc_object_write_text(&request.w, "Container", STORE);
        kc_object_write_end(&request.w);
        kc_object_write_end(&request.w);
    }
    return mesh_request_seal(party, &request, signer);
}

static char *upload(const struct client *client, int64_t index)
{
    return mesh_transact_text(&client->party, KC_OBJECT_UploadRequest, STORE, index,
        (const char *const[]){FRAME}, 1, MESH_DEVICE);
}

static void hello(struct client *client)
{
    expect(client, strdup(HELLO), 201, "Hello");
}

static void status(struct client *client)
{
    enum mesh_signer signer = client->number % 2 ? MESH_DEVICE : MESH_ADMINISTRATOR;
    expect(client, about(&client->party, KC_OBJECT_StatusRequest, signer), 201, "Status");
}

static void download(struct client *client)
{
    expect(client, about(&client->party, KC_OBJECT_DownloadRequest, MESH_DEVICE), 201, "Download");
}

static void append(struct client *client)
{
    expect(client, upload(client, -1), 201, "Upload");
    atomic_fetch_add(&client->account->uploads, 1);
}

static void append_elsewhere(struct client *client)
{
    expect(client, upload(client, 1000000), 409, "Upload with another index");
}

/* With a point of the client's own: another's answer would be wrong. */
static void agree(struct client *client)
{
    struct mesh_party *party = &client->party;
    struct sample_key peer = sample_key(KC_CURVE_X448, (uint8_t)(client->number + 1));
    uint8_t agreed[KC_POINT_SIZE_MAX] = {0}, expected[KC_POINT_SIZE_MAX];
    require(
        kc_agreement_agree(expected, &party->c.encryption.pair.scalar, &peer.pair.public) == KC_OK,
        "agree");
    size_t size = kc_curve_info(KC_CURVE_X448)->agreed_size;
    while (mesh_decrypt(party, party->c.account.address, &party->device.decrypt, &peer.pair.public,
               agreed) != MESH_DONE ||
           memcmp(agreed, expected, size) != 0)
        lose(client, "agreement");
}

/* Refused from when the revocation is told on, and not before it is asked for. */
static void sign(struct client *client)
{
    uint8_t digest[64] = {(uint8_t)client->number}, signature[KC_DARE_SIGNATURE_MAX] = {0};
    const struct kc_public_key *key = &client->party.c.signature.public;
    struct kc_span made = {signature, sizeof signature};
    for (;;) {
        bool was_revoked = atomic_load(&client->account->is_revoked);
        int said = mesh_sign(&client->party, digest, signature);
        bool is_signed = said == MESH_DONE && kc_mesh_verify(key, digest, made) == KC_OK;
        require(!is_signed || !was_revoked, "signed with what was revoked");
        if (is_signed || (said == 201 && atomic_load(&client->account->is_revoking)))
            return;
        lose(client, "signature");
    }
}

static void ask_bare(struct client *client)
{
    expect(client, strdup(BARE), 401, "a request that is not signed");
}

static void ask_nonsense(struct client *client)
{
    expect(client, strdup("{\"HelloRequest\":"), 400, "nonsense");
}

/* Ends the connection somewhere in a request, or behind it. */
static void hang_up(struct client *client)
{
    char head[256], *text = about(&client->party, KC_OBJECT_StatusRequest, MESH_DEVICE);
    size_t size = strlen(text), parts[] = {0, size / 2, size - 1, size};
    int head_size = snprintf(head, sizeof head,
        "POST /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        size);
    size_t part = parts[client->chance % 4];
    if (web_write(&client->party.web, head, (size_t)head_size / (part ? 1 : 2)) && part)
        (void)web_write(&client->party.web, text, part);
    free(text);
    web_close(&client->party.web);
    connect_again(client);
}

/* The second request is there before the first one is answered. */
static void ask_two(struct client *client)
{
    static const char both[] =
        "POST /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 20\r\n\r\n" BARE
        "POST /.well-known/mmm HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 19\r\n\r\n" HELLO;
    static const int expected[] = {401, 201};
    size_t done = 0;
    while (done < 2) {
        bool is_sent = web_write(&client->party.web, both, sizeof both - 1);
        for (done = 0; is_sent && done < 2; done++) {
            struct web_answer answer;
            web_read(&client->party.web, &answer);
            bool lost = is_lost(&answer);
            require(lost || answer.status == expected[done], "of two: %d", answer.status);
            web_answer_done(&answer);
            if (lost)
                break;
        }
        if (done < 2)
            lose(client, "two requests");
    }
}

/* An account comes and goes. */
static void come_and_go(struct client *client)
{
    struct mesh_party *guest = &client->account->guest;
    expect(client, mesh_bind_text(guest, KC_OBJECT_BindRequest), 201, "Bind");
    expect(client, about(guest, KC_OBJECT_StatusRequest, MESH_ADMINISTRATOR), 201,
        "Status of a guest");
    expect(client, about(guest, KC_OBJECT_UnbindRequest, MESH_ADMINISTRATOR), 201, "Unbind");
    expect(
        client, about(guest, KC_OBJECT_StatusRequest, MESH_ADMINISTRATOR), 401, "Status of nobody");
}

static void (*const kinds[])(struct client *client) = {hello, status, download, append,
    append_elsewhere, agree, agree, sign, ask_bare, ask_nonsense, hang_up, ask_two};
#define KINDS (sizeof kinds / sizeof *kinds)

static void *use(void *argument)
{
    struct client *client = argument;
    connect_again(client);
    for (size_t i = 0; i < STEPS; i++) {
        client->chance = client->chance * 6364136223846793005U + 1442695040888963407U;
        kinds[(client->chance >> 33) % KINDS](client);
        if (client->number % of_each == 0 && i == STEPS / 2)
            come_and_go(client);
        atomic_fetch_add(&steps, 1);
    }
    web_close(&client->party.web);
    return NULL;
}

/* --- a round --- */

static void give_shares(struct account *account)
{
    struct mesh_party *party = &account->party;
    if (party->has_device) {
        admin_device_done(&party->device);
        kc_mesh_connected_done(&party->connected);
    }
    mesh_party_connect(party, "encryption=threshold,signature=threshold");
    for (size_t i = 0; i < 2; i++)
        require(mesh_transact(party, "MMM_Access", party->connected.entries[i]) == 201, "shares");
    atomic_store(&account->is_revoking, false);
    atomic_store(&account->is_revoked, false);
}

static void revoke_shares(struct account *account)
{
    char *deletion = mesh_deletion(&account->party, &account->party.connected.splits[1]);
    atomic_store(&account->is_revoking, true);
    require(mesh_transact(&account->party, "MMM_Access", deletion) == 201, "revocation");
    atomic_store(&account->is_revoked, true);
    free(deletion);
}

static void restart(bool in_order)
{
    struct mesh_front *front = &service.front;
    for (size_t i = 0; i < account_count; i++)
        web_close(&accounts[i].party.web);
    atomic_fetch_add(&generation, 1);
    if (in_order)
        require(mesh_front_stop(front) == 0, "it did not stop in order");
    else
        mesh_front_kill(front);
    mesh_front_start(front, service.custodian.socket, service.tls_key, LIMITS);
    pthread_mutex_lock(&lock);
    atomic_fetch_add(&generation, 1);
    pthread_cond_broadcast(&is_back);
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < account_count; i++)
        web_open(&accounts[i].party.web, front->port, front->certificate);
}

static void wait_for_steps(size_t count)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    while (atomic_load(&steps) < count)
        nanosleep(&moment, NULL);
}

static void require_no_report(const char *path)
{
    char line[1024];
    FILE *log = fopen(path, "r");
    require(log != NULL, "no %s", path);
    while (fgets(line, sizeof line, log))
        require(!strstr(line, "Sanitizer"), "%s: %s", path, line);
    fclose(log);
}

static void hammer(size_t round)
{
    atomic_store(&steps, 0);
    for (size_t i = 0; i < account_count; i++)
        give_shares(&accounts[i]);
    for (size_t i = 0; i < client_count; i++) {
        struct client *client = &clients[i];
        client->account = &accounts[i % account_count];
        client->party = client->account->party;
        client->number = (unsigned)(i / account_count + i % account_count * of_each);
        client->chance = round << 32 | i;
        require(pthread_create(&client->thread, NULL, use, client) == 0, "a thread");
    }
    wait_for_steps(client_count * STEPS / 4);
    for (size_t i = 0; i < account_count; i++)
        revoke_shares(&accounts[i]);
    wait_for_steps(client_count * STEPS / 2);
    restart(round % 2 == 0);
    for (size_t i = 0; i < client_count; i++)
        require(pthread_join(clients[i].thread, NULL) == 0, "a thread");
    for (size_t i = 0; i < account_count; i++) {
        int64_t count = mesh_frames(&accounts[i].party, STORE);
        size_t told = atomic_load(&accounts[i].uploads);
        require(count == (int64_t)told, "%d frames of %zu", (int)count, told);
    }
    require_no_report(service.front.log);
    require_no_report(service.custodian.log);
}

/* --- all of it --- */

static void begin(void)
{
    mesh_service_start(&service, LIMITS, "operate = { rate = 0; };");
    for (size_t i = 0; i < account_count; i++) {
        struct account *account = &accounts[i];
        char address[64];
        snprintf(address, sizeof address, "a%zu@example.com", i);
        snprintf(account->guest_address, sizeof account->guest_address, "g%zu@example.com", i);
        mesh_party_new(&account->party, &service, address, (uint8_t)(1 + 20 * i), false);
        mesh_party_new(
            &account->guest, &service, account->guest_address, (uint8_t)(11 + 20 * i), false);
        web_close(&account->guest.web);
        require(mesh_bind(&account->party, KC_OBJECT_BindRequest) == 201, "Bind of %s", address);
    }
}

int main(int argc, char **argv)
{
    of_each = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    account_count = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
    if (account_count < 1 || account_count > ACCOUNTS_MAX || of_each < 1 || of_each > CLIENTS_MAX) {
        fputs("usage: mesh-hammer ACCOUNTS CLIENTS ROUNDS\n", stderr);
        return 2;
    }
    client_count = account_count * of_each;
    signal(SIGPIPE, SIG_IGN);
    begin();
    for (size_t round = 0; round < strtoul(argv[3], NULL, 10); round++)
        hammer(round);
    for (size_t i = 0; i < account_count; i++) {
        web_open(&accounts[i].guest.web, service.front.port, service.front.certificate);
        mesh_party_free(&accounts[i].guest);
        mesh_party_free(&accounts[i].party);
    }
    mesh_service_done(&service);
    return 0;
}
