/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/provider/uri.h"

#include <string.h>

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* Decodes what is percent-encoded in size octets of text. False: not so, or too long. */
static bool decode(const char *text, size_t size, char out[static KC_URI_PART_SIZE])
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < size ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0' || used + 1 == KC_URI_PART_SIZE)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return used > 0;
}

/* One part: NAME=VALUE, or an id. */
static bool parse_part(const char *text, size_t size, struct kc_uri *uri)
{
    const struct {
        const char *name;
        char *value;
    } named[] = {{"label=", uri->label}, {"keyring=", uri->keyring}, {"user=", uri->user}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        size_t name_size = strlen(named[i].name);
        if (size > name_size && memcmp(text, named[i].name, name_size) == 0)
            return named[i].value[0] == '\0' &&
                   decode(text + name_size, size - name_size, named[i].value);
    }
    return memchr(text, '=', size) == NULL && uri->id[0] == '\0' && decode(text, size, uri->id);
}

bool kc_uri_parse(const char *text, struct kc_uri *uri)
{
    static const char scheme[] = "custodian:";
    *uri = (struct kc_uri){.id = ""};
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return false;
    for (const char *at = text + sizeof scheme - 1;; at++) {
        size_t size = strcspn(at, ";");
        if (!parse_part(at, size, uri))
            return false;
        at += size;
        if (*at == '\0')
            break;
    }
    return (uri->id[0] != '\0') != (uri->label[0] != '\0');
}

/* --- references --- */

#define DER_SEQUENCE 0x30
#define DER_UTF8_STRING 0x0c

/* An element with this tag, its length in the shortest form, of at most 65,535 octets. */
static struct kc_span take(struct kc_reader *r, uint8_t tag)
{
    if (kc_reader_u8(r) != tag)
        kc_reader_fail(r);
    size_t size = kc_reader_u8(r);
    if (size == 0x81) {
        size = kc_reader_u8(r);
        if (size < 0x80)
            kc_reader_fail(r);
    } else if (size == 0x82) {
        size = kc_reader_u16(r);
        if (size < 0x100)
            kc_reader_fail(r);
    } else if (size >= 0x80) {
        kc_reader_fail(r);
    }
    const uint8_t *bytes = kc_reader_bytes(r, size);
    return r->failed ? (struct kc_span){NULL, 0} : (struct kc_span){bytes, size};
}

bool kc_reference_read(struct kc_span der, char uri[static KC_URI_MAX], struct kc_span *algorithm)
{
    struct kc_reader whole, parts;
    kc_reader_init(&whole, der.bytes, der.size);
    struct kc_span content = take(&whole, DER_SEQUENCE);
    if (kc_reader_finish(&whole) != KC_OK)
        return false;
    kc_reader_init(&parts, content.bytes, content.size);
    struct kc_span text = take(&parts, DER_UTF8_STRING);
    struct kc_span name = take(&parts, DER_UTF8_STRING);
    if (kc_reader_finish(&parts) != KC_OK || text.size == 0 || text.size >= KC_URI_MAX ||
        memchr(text.bytes, 0, text.size) != NULL)
        return false;
    memcpy(uri, text.bytes, text.size);
    uri[text.size] = '\0';
    *algorithm = name;
    return true;
}
