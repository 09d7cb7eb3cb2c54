/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands in a file: it is refused, or its frames can be read and checked; and a frame that
 * reads is written as the same parts. */
#include "tests/fuzz/fuzz.h"

#include "proto/sequence.h"
#include "proto/sequence_frame.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool same(struct kc_span a, struct kc_span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

static void frame_round_trip(struct kc_span octets)
{
    struct kc_frame frame, again;
    if (kc_frame_read(octets, &frame) != KC_OK)
        return;
    size_t size = kc_frame_written_size(&frame);
    uint8_t *written = malloc(size);
    fuzz_must(size > 0 && written != NULL);
    kc_frame_write(&frame, written);
    fuzz_must(kc_frame_read((struct kc_span){written, size}, &again) == KC_OK);
    fuzz_must(same(frame.header, again.header) && same(frame.payload, again.payload) &&
              same(frame.trailer, again.trailer));
    free(written);
}

static void open_file(const char *path)
{
    struct kc_sequence sequence;
    struct kc_sequence_report report;
    if (kc_sequence_open(path, true, &sequence) != KC_OK)
        return;
    fuzz_must(kc_sequence_verify(&sequence, &report) == KC_OK);
    fuzz_must(report.frames == sequence.count);
    kc_sequence_close(&sequence);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[32];
    frame_round_trip((struct kc_span){bytes, size});
    int file = memfd_create("sequence", MFD_CLOEXEC);
    fuzz_must(file >= 0 && write(file, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    open_file(path);
    close(file);
    return 0;
}
