/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/event_log.h"

#include <openssl/evp.h>
#include <string.h>

#define SHA1_SIZE 20
#define SIGNATURE_SIZE 16
#define ALGORITHMS_MAX 8
#define DIGESTS_MAX ALGORITHMS_MAX
#define ALGORITHM_SHA256 0x000b
#define EVENT_NO_ACTION 3

/* What the first event says of the ones that follow. */
struct form {
    struct {
        uint16_t algorithm, size;
    } digests[ALGORITHMS_MAX];
    size_t count;
};

/* --- little-endian, unlike all else that the reader reads --- */

static uint16_t read_u16(struct kc_reader *r)
{
    uint16_t low = kc_reader_u8(r);
    return (uint16_t)(low | kc_reader_u8(r) << 8);
}

static uint32_t read_u32(struct kc_reader *r)
{
    uint32_t low = read_u16(r);
    return low | (uint32_t)read_u16(r) << 16;
}

static struct kc_span read_event(struct kc_reader *r)
{
    size_t size = read_u32(r);
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return (struct kc_span){bytes, bytes ? size : 0};
}

/* --- the first event --- */

static bool has_sha256(const struct form *form)
{
    for (size_t i = 0; i < form->count; i++)
        if (form->digests[i].algorithm == ALGORITHM_SHA256)
            return form->digests[i].size == KC_PCR_SIZE;
    return false;
}

static bool read_form(struct kc_reader *log, struct form *form)
{
    static const uint8_t signature[SIGNATURE_SIZE] = "Spec ID Event03";
    struct kc_reader r;
    (void)read_u32(log); /* PCR */
    uint32_t type = read_u32(log);
    (void)kc_reader_bytes(log, SHA1_SIZE);
    struct kc_span event = read_event(log);
    kc_reader_init(&r, event.bytes, event.size);
    const uint8_t *found = kc_reader_bytes(&r, SIGNATURE_SIZE);
    if (type != EVENT_NO_ACTION || !found || memcmp(found, signature, sizeof signature) != 0)
        return false;
    (void)kc_reader_bytes(&r, 4 + 4); /* platform class, versions, size of words */
    form->count = read_u32(&r);
    if (form->count > ALGORITHMS_MAX)
        return false;
    for (size_t i = 0; i < form->count; i++) {
        form->digests[i].algorithm = read_u16(&r);
        form->digests[i].size = read_u16(&r);
    }
    (void)kc_reader_bytes(&r, kc_reader_u8(&r)); /* the vendor's */
    return kc_reader_finish(&r) == KC_OK && has_sha256(form);
}

/* --- the others --- */

static size_t size_of(const struct form *form, uint16_t algorithm)
{
    for (size_t i = 0; i < form->count; i++)
        if (form->digests[i].algorithm == algorithm)
            return form->digests[i].size;
    return 0;
}

/* The SHA-256 digest of an event; NULL: there is none. */
static const uint8_t *read_digests(struct kc_reader *log, const struct form *form)
{
    const uint8_t *wanted = NULL;
    size_t count = read_u32(log);
    if (count > DIGESTS_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        uint16_t algorithm = read_u16(log);
        size_t size = size_of(form, algorithm);
        const uint8_t *digest = size ? kc_reader_bytes(log, size) : NULL;
        if (!digest)
            return NULL;
        if (algorithm == ALGORITHM_SHA256)
            wanted = digest;
    }
    return wanted;
}

static enum kc_error extend(struct kc_pcr_values *values, uint32_t pcr, const uint8_t *digest)
{
    uint8_t input[2 * KC_PCR_SIZE];
    memcpy(input, values->value[pcr], KC_PCR_SIZE);
    memcpy(input + KC_PCR_SIZE, digest, KC_PCR_SIZE);
    values->mask |= 1u << pcr;
    int done = EVP_Digest(input, sizeof input, values->value[pcr], NULL, EVP_sha256(), NULL);
    return done == 1 ? KC_OK : KC_ERR_NO_MEMORY;
}

/* Where the TPM was started from is the last octet that PCR 0 begins with. */
static void take_locality(struct kc_pcr_values *values, struct kc_span event)
{
    static const char title[16] = "StartupLocality";
    if (event.size == sizeof title + 1 && memcmp(event.bytes, title, sizeof title) == 0)
        values->value[0][KC_PCR_SIZE - 1] = event.bytes[sizeof title];
}

static enum kc_error replay_one(
    struct kc_reader *log, const struct form *form, struct kc_pcr_values *values)
{
    uint32_t pcr = read_u32(log);
    uint32_t type = read_u32(log);
    const uint8_t *digest = read_digests(log, form);
    struct kc_span event = read_event(log);
    if (log->failed || !digest || !event.bytes)
        return KC_ERR_BAD_REQUEST;
    if (type == EVENT_NO_ACTION) {
        take_locality(values, event);
        return KC_OK;
    }
    return pcr < KC_PCR_COUNT ? extend(values, pcr, digest) : KC_ERR_BAD_REQUEST;
}

enum kc_error kc_event_log_replay(struct kc_span log, struct kc_pcr_values *values)
{
    struct kc_pcr_values replayed = {.mask = 0};
    struct form form = {.count = 0};
    struct kc_reader r;
    kc_reader_init(&r, log.bytes, log.size);
    if (!read_form(&r, &form))
        return KC_ERR_BAD_REQUEST;
    while (r.left > 0) {
        enum kc_error error = replay_one(&r, &form, &replayed);
        if (error != KC_OK)
            return error;
    }
    *values = replayed;
    return KC_OK;
}
