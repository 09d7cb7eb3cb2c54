/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private key of the front end's certificate. It is in the custodian: each handshake is signed
 * there, by key-sign, and this process never has it.
 *
 * GnuTLS waits for a signature in the thread that serves other connections too. So it has a short
 * deadline, and once the custodian was too late, signatures fail at once until it is seen to answer
 * again: who is connected goes on being served.
 *
 * Thread-safe.
 */
#ifndef KC_CUSTODIAN_FRONT_TLS_KEY_H
#define KC_CUSTODIAN_FRONT_TLS_KEY_H

#include "custodian/front/settings.h"

#include <gnutls/abstract.h>

struct kc_tls_key;

/*
 * Does not ask the custodian yet.
 *
 * settings  borrowed for the call
 * public    of the certificate; borrowed as long as the key: it says of which kind it is
 * key       given: kc_tls_key_free
 *
 * KC_ERR_CONFIG     the custodian signs for TLS with no key of this kind
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_tls_key_new(
    const struct kc_front_settings *settings, gnutls_pubkey_t public, struct kc_tls_key **key);

/* NULL is fine. */
void kc_tls_key_free(struct kc_tls_key *key);

/* What GnuTLS has in its place; as long as the key. */
gnutls_privkey_t kc_tls_key_private(const struct kc_tls_key *key);

/*
 * Whether the custodian signs with the key that is in the certificate: it is asked to.
 *
 * KC_ERR_SIGNATURE  what it signs does not verify under the certificate
 * and errors of kc_client_call
 */
KC_CHECKED enum kc_error kc_tls_key_check(struct kc_tls_key *key);

/* Makes the thread that sees to it that a custodian which was too late is asked again. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_tls_key_watch(struct kc_tls_key *key);

#endif
