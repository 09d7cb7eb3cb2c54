/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a front end brings, only what a device signed is executed, and every answer is right. */
#include "tests/fuzz/fuzz.h"

#include "proto/base64url.h"
#include "proto/dare_envelope.h"
#include "tests/mesh/operate_verify.h"

#include <string.h>

#define NOW 1772452805000u /* 2026-03-02T12:00:05Z */

static json_t *base;
static struct operate_service service;

static void load_once(void)
{
    if (base != NULL)
        return;
    base = json_load_file(
        KC_SOURCE_DIR "/tests/vectors/examples/constructed-operate-signed.json", 0, NULL);
    fuzz_must(base != NULL && operate_service_load(&service, base));
}

/* Whether a device of the worked case signed a payload of this digest. */
static bool was_signed(const uint8_t digest[KC_DARE_DIGEST_SIZE])
{
    const char *flow;
    json_t *value;
    json_object_foreach(json_object_get(base, "flows"), flow, value)
    {
        uint8_t known[KC_DARE_DIGEST_SIZE];
        size_t size = sizeof known;
        const char *text = json_string_value(json_object_get(value, "request_digest"));
        fuzz_must(text != NULL &&
                  kc_base64url_decode((struct kc_span){(const uint8_t *)text, strlen(text)}, known,
                      &size) == KC_OK);
        if (memcmp(known, digest, sizeof known) == 0)
            return true;
    }
    return false;
}

static void check_executed(struct kc_span body)
{
    static struct kc_dare_envelope envelope;
    fuzz_must(kc_dare_envelope_read(body, &envelope) == KC_OK);
    fuzz_must(was_signed(envelope.digest));
    kc_dare_envelope_done(&envelope);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_operate_answer answer;
    json_t *results = NULL;
    struct kc_span body = {bytes, size};
    load_once();
    fuzz_must(operate_service_reset(&service));
    fuzz_must(kc_operate(&service.state, NOW, body, &answer) == KC_OK);
    fuzz_must(operate_verify(&service, body, &answer, &results) == NULL);
    if (answer.code == KC_OPERATE_ACCEPTED)
        check_executed(body);
    json_decref(results);
    kc_operate_answer_done(&answer);
    return 0;
}
