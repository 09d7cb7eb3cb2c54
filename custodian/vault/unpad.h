/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The padding of PKCS #1 v1.5 encryption (RFC 8017, 7.2.2), taken off without telling whether it was
 * right (draft-irtf-cfrg-rsa-guidance, section 7): a wrong one gives octets that are made from the
 * ciphertext and a secret of the key.
 */
#ifndef KC_CUSTODIAN_VAULT_UNPAD_H
#define KC_CUSTODIAN_VAULT_UNPAD_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>

#define KC_UNPAD_SIZE_MAX 512 /* octets of a modulus */

/*
 * encoded     the decrypted block, as long as the modulus; secret. It is overwritten
 * size        its octets, 64..KC_UNPAD_SIZE_MAX
 * key         a secret of the key's, the same each time
 * ciphertext  as it came
 * start       the message is encoded[*start..size]
 *
 * Constant time in all of it but *start, which the size of what is answered tells anyway.
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_unpad_pkcs1(
    uint8_t *encoded, size_t size, struct kc_span key, struct kc_span ciphertext, size_t *start);

#endif
