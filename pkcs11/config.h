/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module shows of each keyring: which tokens, and which keys are on them.
 *
 * Some clients find no key at all on a token that holds one of a kind that they do not know
 * (libp11 0.4.12 with an Edwards key). So the keys of a keyring are on two tokens, unless the
 * configuration says otherwise:
 *
 *     home = nist          # lines, or parts with ; between; # begins a comment
 *     *    = split         # every other keyring
 *
 * It is the environment's CUSTODIAN_PKCS11_TOKENS, else the file that CUSTODIAN_PKCS11_CONF names,
 * else /etc/custodian/pkcs11.conf; none of them is everything split. A set-user-id program has no
 * such environment.
 */
#ifndef KC_PKCS11_CONFIG_H
#define KC_PKCS11_CONFIG_H

#include "base/error.h"

#include <stddef.h>

#define KC_CONFIG_SIZE_MAX 8192 /* octets of the file */

/* Kinds of keys, as bits: what clients know came in two waves. */
enum kc_token_kind {
    KC_TOKEN_NIST = 1,    /* RSA, P-256, P-384; certificates and data too */
    KC_TOKEN_EDWARDS = 2, /* Ed25519, Ed448, X25519, X448 */
    KC_TOKEN_ALL = 3,
};

/* The tokens of a keyring: which kinds each holds. */
struct kc_tokens {
    unsigned kinds[2]; /* of enum kc_token_kind; those of no token are 0 */
};

/*
 * Reads the configuration, for kc_config_tokens from then on. With the module's lock held.
 *
 * KC_ERR_CONFIG  the file is there and cannot be read, or a part is not KEYRING = split, joined,
 *                nist, edwards or none
 */
KC_CHECKED enum kc_error kc_config_read(void);

/* The same from a text. What was there before stays if it fails. */
KC_CHECKED enum kc_error kc_config_parse(const char *text);

/* The tokens of a keyring. With the module's lock held. */
struct kc_tokens kc_config_tokens(const char *keyring);

#endif
