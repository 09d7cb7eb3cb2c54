/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/certificate.h"

#include "pkcs11/der.h"

#define VERSION_TAG 0xa0 /* [0] EXPLICIT */

static struct kc_span take_whole(struct kc_reader *r, uint8_t tag)
{
    struct kc_der value;
    kc_der_next(r, &value);
    if (value.tag != tag)
        kc_reader_fail(r);
    return value.whole;
}

/*
 * Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }
 * TBSCertificate ::= SEQUENCE { version [0] DEFAULT v1, serialNumber, signature, issuer, validity,
 *     subject, subjectPublicKeyInfo, ... }
 */
enum kc_error kc_certificate_read(struct kc_span der, struct kc_certificate *certificate)
{
    struct kc_reader r;
    struct kc_certificate result;
    kc_reader_init(&r, der.bytes, der.size);
    struct kc_reader outer = kc_der_enter(&r, KC_DER_SEQUENCE);
    struct kc_reader tbs = kc_der_enter(&outer, KC_DER_SEQUENCE);
    if (!tbs.failed && tbs.left > 0 && tbs.next[0] == VERSION_TAG)
        (void)take_whole(&tbs, VERSION_TAG);
    result.serial = take_whole(&tbs, KC_DER_INTEGER);
    (void)take_whole(&tbs, KC_DER_SEQUENCE); /* signature */
    result.issuer = take_whole(&tbs, KC_DER_SEQUENCE);
    (void)take_whole(&tbs, KC_DER_SEQUENCE); /* validity */
    result.subject = take_whole(&tbs, KC_DER_SEQUENCE);
    result.public_info = take_whole(&tbs, KC_DER_SEQUENCE);
    (void)take_whole(&outer, KC_DER_SEQUENCE);
    (void)take_whole(&outer, KC_DER_BIT_STRING);
    if (kc_reader_finish(&r) != KC_OK || kc_reader_finish(&outer) != KC_OK || tbs.failed)
        return KC_ERR_BAD_ARGUMENT;
    *certificate = result;
    return KC_OK;
}
