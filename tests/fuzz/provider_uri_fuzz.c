/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What names a key of the OpenSSL provider: the first octet says whether the rest is a URI, or the DER
 * of a file that refers to one. What is taken has all its parts within their sizes.
 */
#include "tests/fuzz/fuzz.h"

#include "pkcs11/provider/uri.h"

#include <stdlib.h>
#include <string.h>

static void parse(const char *text)
{
    struct kc_uri uri;
    if (!kc_uri_parse(text, &uri))
        return;
    const char *const parts[] = {uri.id, uri.label, uri.keyring, uri.user};
    for (size_t i = 0; i < 4; i++)
        fuzz_must(memchr(parts[i], 0, KC_URI_PART_SIZE) != NULL);
    fuzz_must((uri.id[0] != '\0') != (uri.label[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char uri[KC_URI_MAX];
    struct kc_span algorithm = {NULL, 0};
    if (size < 1)
        return 0;
    /* in memory of their own, so that a sanitizer sees each octet too many */
    char *copy = malloc(size);
    fuzz_must(copy != NULL);
    memcpy(copy, bytes + 1, size - 1);
    copy[size - 1] = '\0';
    if (bytes[0] % 2 == 0) {
        parse(copy);
    } else if (kc_reference_read(
                   (struct kc_span){(const uint8_t *)copy, size - 1}, uri, &algorithm)) {
        fuzz_must(strlen(uri) > 0 && strlen(uri) < KC_URI_MAX);
        fuzz_must(algorithm.size + strlen(uri) < size);
        parse(uri);
    }
    free(copy);
    return 0;
}
