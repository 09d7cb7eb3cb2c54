/* SPDX-License-Identifier: Apache-2.0 */
/* What names an object of the custodian: a URI, and the file that refers to one. No OpenSSL needed. */
#ifndef KC_PKCS11_PROVIDER_URI_H
#define KC_PKCS11_PROVIDER_URI_H

#include "base/reader.h"

#include <stdbool.h>

#define KC_URI_PART_SIZE 65 /* bytes of a part when decoded, with its end */
#define KC_URI_MAX 512      /* bytes of a whole one, with its end */

/* Parts that are not there are empty. */
struct kc_uri {
    char id[KC_URI_PART_SIZE], label[KC_URI_PART_SIZE], keyring[KC_URI_PART_SIZE];
    char user[KC_URI_PART_SIZE]; /* as whom to log in */
};

/*
 * Reads custodian:ID, or custodian: and label=LABEL, either with keyring=KEYRING and user=NAME, with a
 * semicolon between. Values may have percent-encoded octets. False: not such a URI.
 */
bool kc_uri_parse(const char *text, struct kc_uri *uri);

/*
 * Reads a reference, DER: SEQUENCE { uri UTF8String, algorithm UTF8String }.
 *
 * uri        a copy, terminated
 * algorithm  lent from the DER
 *
 * False: not one, or one with octets behind it.
 */
bool kc_reference_read(struct kc_span der, char uri[static KC_URI_MAX], struct kc_span *algorithm);

#endif
