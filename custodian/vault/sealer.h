/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Derived secrets in the hands of clients that must not read them: each is given out in the vault's
 * own encryption, and comes back with every use. So the vault keeps nothing for a client, has no room
 * to run out of, and a connection that is lost loses none.
 *
 *   nonce [24] || XChaCha20-Poly1305 of the secret, associated data: "derived secret, 1", user u64
 *
 * under a random key that is made with the sealer, lives in the arena and dies with it. Thread-safe.
 */
#ifndef KC_CUSTODIAN_VAULT_SEALER_H
#define KC_CUSTODIAN_VAULT_SEALER_H

#include "base/secret.h"
#include "custodian/vault/entropy.h"

#include <sys/types.h>

#define KC_SEALED_SECRET_MAX 64 /* octets of a secret */
#define KC_SEALED_SIZE_MAX (24 + KC_SEALED_SECRET_MAX + 16)

struct kc_sealer;

/* KC_ERR_NO_MEMORY, KC_ERR_RANDOM */
KC_CHECKED enum kc_error kc_sealer_new(struct kc_entropy *entropy, struct kc_sealer **sealer);
void kc_sealer_free(struct kc_sealer *sealer);

/*
 * Seals a secret for a user.
 *
 * secret  at most KC_SEALED_SECRET_MAX octets
 * size    octets of sealed, written only on KC_OK
 *
 * KC_ERR_RANDOM
 */
KC_CHECKED enum kc_error kc_sealer_seal(struct kc_sealer *sealer, uid_t user, struct kc_span secret,
    uint8_t sealed[static KC_SEALED_SIZE_MAX], size_t *size);

/*
 * Opens what was sealed for that user. *secret is given.
 *
 * KC_ERR_REFUSED    it was sealed for somebody else, by another vault, or by nobody
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_sealer_open(
    struct kc_sealer *sealer, uid_t user, struct kc_span sealed, struct kc_secret *secret);

#endif
