/* SPDX-License-Identifier: Apache-2.0 */
/* A text that a decision may rest on is the one that its octets are presented as; whoever types it
 * otherwise means the same octets. */
#include "tests/fuzz/fuzz.h"

#include "proto/udf.h"

#include <stdbool.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_udf strict = {0}, typed = {0};
    char text[KC_UDF_TEXT_SIZE];
    struct kc_span octets = {bytes, size};
    bool read = kc_udf_parse(octets, &typed) == KC_OK;
    bool decides = kc_udf_parse_canonical(octets, &strict) == KC_OK;
    if (read) {
        struct kc_udf again = {0};
        fuzz_must(kc_udf_present(typed.type, (struct kc_span){typed.data, typed.data_size}, 0, text,
                      sizeof text) == KC_OK);
        struct kc_span presented = {(const uint8_t *)text, strlen(text)};
        fuzz_must(kc_udf_parse(presented, &again) == KC_OK);
        fuzz_must(memcmp(&again, &typed, sizeof again) == 0);
    }
    fuzz_must(!decides || read);
    fuzz_must(!decides || memcmp(&strict, &typed, sizeof strict) == 0);
    return 0;
}
