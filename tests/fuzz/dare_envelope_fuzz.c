/* SPDX-License-Identifier: Apache-2.0 */
/* An envelope that is read can be written, and what is written reads as the same. */
#include "tests/fuzz/fuzz.h"

#include "proto/dare_envelope.h"

#include <string.h>

static bool same(const struct kc_dare_envelope *a, const struct kc_dare_envelope *b)
{
    return strcmp(a->kid, b->kid) == 0 && a->salt_size == b->salt_size &&
           memcmp(a->salt, b->salt, a->salt_size) == 0 && a->body_size == b->body_size &&
           memcmp(a->body, b->body, a->body_size) == 0 && a->recipient_count == b->recipient_count;
}

static void write_and_read(struct kc_dare_envelope *envelope)
{
    static struct kc_dare_envelope again;
    char *text;
    size_t size;
    fuzz_must(kc_dare_envelope_write(envelope, &text, &size) == KC_OK);
    struct kc_span octets = {(const uint8_t *)text, size};
    fuzz_must(kc_dare_envelope_read(octets, &again) == KC_OK);
    fuzz_must(same(envelope, &again));
    kc_dare_envelope_done(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct kc_dare_envelope envelope;
    if (kc_dare_envelope_read((struct kc_span){bytes, size}, &envelope) != KC_OK)
        return 0;
    write_and_read(&envelope);
    kc_dare_envelope_done(&envelope);
    return 0;
}
