/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any body gets an answer with one of the front end's status codes. The first octet chooses: the rest is
 * the body as it came, or stands in a request that the account's administrator signed.
 */
#include "tests/fuzz/fuzz.h"

#include "custodian/front/front.h"
#include "custodian/mesh/account_create.h"
#include "custodian/mesh/replay.h"
#include "proto/json_write.h"
#include "tests/mesh/sample.h"
#include "tests/mesh/source.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ADDRESS "alice@example.com"
#define ROOM ((size_t)128 * 1024)

static struct kc_front_settings settings;
static struct kc_front *front;
static struct sample_key administrator;

static void add_account(struct kc_front_store *store)
{
    struct sample_key profile = sample_key(KC_CURVE_ED448, 1),
                      encryption = sample_key(KC_CURVE_X448, 3);
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_account_keys keys = {.profile = &profile.pair,
        .administrator = &administrator.pair,
        .encryption = &encryption.pair};
    struct kc_front_account account = {.address = ADDRESS};
    char *text;
    size_t size;
    fuzz_must(kc_mesh_profile_make(&source, true, &keys, ADDRESS, NULL, &text, &size) == KC_OK);
    account.profile = (uint8_t *)text;
    account.profile_size = size;
    snprintf(account.udf, sizeof account.udf, "%s", profile.public.udf);
    const struct kc_front_change change = {.address = ADDRESS, .add = &account};
    fuzz_must(kc_front_store_put(store, &change) == KC_OK);
    free(text);
}

static void set_up(void)
{
    static char folder[] = "/tmp/kc-front-fuzz-XXXXXX";
    char file[128];
    struct kc_front_store *store;
    struct kc_custody *custody;
    struct kc_config_problem problem;
    const char *detail;
    fuzz_must(kc_front_settings_parse("fuzz",
                  "service = \"example.com\"; store = \"/s\"; address = \"127.0.0.1\";", &settings,
                  &problem) == KC_OK);
    fuzz_must(mkdtemp(folder) != NULL);
    administrator = sample_key(KC_CURVE_ED448, 2);
    fuzz_must(kc_front_store_open(folder, 10, &store, &detail) == KC_OK);
    add_account(store);
    fuzz_must(kc_custody_new("/nonexistent", settings.service, 1000, &custody) == KC_OK);
    fuzz_must(kc_front_new(&settings, store, custody, &front) == KC_OK);
    /* the store goes on with the files that it has open */
    static const char *const names[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s/%s%s", folder, KC_FRONT_STORE_FILE, names[i]);
        (void)unlink(file);
    }
    (void)rmdir(folder);
}

/* {"TAG":{"ID":...,"Service":...,"Account":... and what the input says */
static size_t write_payload(
    const char *tag, const uint8_t *bytes, size_t size, uint8_t payload[static ROOM])
{
    uint8_t id[KC_REPLAY_ID_SIZE] = {0};
    uint64_t now = (uint64_t)time(NULL) * 1000;
    struct kc_json_writer w;
    for (size_t i = 0; i < 8; i++)
        id[i] = (uint8_t)(now >> (8 * (7 - i)));
    kc_json_writer_init(&w, payload, ROOM);
    kc_json_write_object(&w);
    kc_json_write_name(&w, tag);
    kc_json_write_object(&w);
    kc_json_write_name(&w, "ID");
    kc_json_write_octets(&w, (struct kc_span){id, sizeof id});
    kc_json_write_name(&w, "Service");
    kc_json_write_text(&w, "example.com");
    kc_json_write_name(&w, "Account");
    kc_json_write_text(&w, ADDRESS);
    memcpy(payload + w.out.size, bytes, size);
    return w.out.size + size;
}

static char *sign(uint8_t *payload, size_t payload_size, size_t *size)
{
    static struct kc_dare_envelope envelope;
    char *text;
    memset(&envelope, 0, sizeof envelope);
    envelope.body = payload;
    envelope.body_size = payload_size;
    fuzz_must(kc_dare_envelope_digest(&envelope) == KC_OK);
    sample_sign(&envelope, &administrator, (struct kc_span){NULL, 0});
    fuzz_must(kc_dare_envelope_write(&envelope, &text, size) == KC_OK);
    return text;
}

static void answer(struct kc_span body)
{
    static const int known[] = {400, 401, 404, 409, 413, 501, 503};
    struct kc_front_reply reply = {.status = 0};
    size_t i = 0;
    kc_front_answer(front, body, &reply);
    while (i < sizeof known / sizeof *known && known[i] != reply.status)
        i++;
    fuzz_must(i < sizeof known / sizeof *known && reply.text && reply.size == strlen(reply.text));
    kc_front_reply_done(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const tags[] = {
        "TransactRequest", "DownloadRequest", "StatusRequest", "UploadRequest"};
    static uint8_t payload[ROOM];
    if (!front)
        set_up();
    if (size == 0 || size > 65536)
        return 0;
    if (bytes[0] % 5 == 0) {
        answer((struct kc_span){bytes + 1, size - 1});
        return 0;
    }
    size_t text_size;
    size_t payload_size = write_payload(tags[bytes[0] % 5 - 1], bytes + 1, size - 1, payload);
    char *text = sign(payload, payload_size, &text_size);
    answer((struct kc_span){(const uint8_t *)text, text_size});
    free(text);
    return 0;
}
