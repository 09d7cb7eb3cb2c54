/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key as the provider has it: a public half, in the default provider, and the custodian's id of
 * the private one. With a private half it never changes once it is made, and is shared by counting.
 */
#ifndef KC_PKCS11_PROVIDER_KEY_H
#define KC_PKCS11_PROVIDER_KEY_H

#include "pkcs11/provider/provider.h"

#include <stdatomic.h>

#define KC_KEY_ID_SIZE 65 /* bytes of an id, with its end */

/* A type of key, as OpenSSL names them. */
struct kc_key_kind {
    const char *name;      /* "RSA", "EC", "ED25519", ... */
    const char *signature; /* which operation signs; NULL: none */
    const char *exchange;  /* which agrees; NULL: none */
    size_t raw_size;       /* octets of a raw public half; 0: RSA, EC */
};

enum kc_key_kind_number {
    KC_KIND_RSA,
    KC_KIND_EC,
    KC_KIND_ED25519,
    KC_KIND_ED448,
    KC_KIND_X25519,
    KC_KIND_X448,
    KC_KINDS,
};

extern const struct kc_key_kind kc_key_kinds[KC_KINDS];

/* The kind that an algorithm of the custodian is of; NULL: none that the provider offers. */
const struct kc_key_kind *kc_key_kind_of(struct kc_span algorithm);

struct kc_key {
    const struct kc_provider *provider;
    const struct kc_key_kind *kind;
    EVP_PKEY *public;        /* NULL: nothing was imported yet */
    char id[KC_KEY_ID_SIZE]; /* "": there is no private half */
    atomic_uint users;
};

/* An empty one, with one user. NULL: no memory. */
struct kc_key *kc_key_new(const struct kc_provider *provider, const struct kc_key_kind *kind);

struct kc_key *kc_key_share(struct kc_key *key);

/* One user fewer; the last one frees. NULL is fine. */
void kc_key_free(struct kc_key *key);

static inline bool kc_key_is_private(const struct kc_key *key)
{
    return key->id[0] != '\0';
}

/* Whom to ask for a PIN: what OpenSSL gives stores and decoders for that. */
struct kc_asker {
    OSSL_PASSPHRASE_CALLBACK *ask; /* NULL: nobody */
    void *argument;
};

/*
 * Finds a key of the custodian by its URI (uri.h). If the policy wants a login for it, asks for the PIN
 * of its keyring, and logs the provider's connection in: as `user`, or whom the URI names. Errors are
 * raised.
 *
 * key  given to the caller: kc_key_free
 *
 * KC_ERR_BAD_ARGUMENT  not such a URI
 * KC_ERR_REFUSED       no such key, or more than one of that label
 * KC_ERR_PIN_WRONG, KC_ERR_PIN_WAIT
 */
KC_CHECKED enum kc_error kc_key_find(const struct kc_provider *provider, const char *uri,
    const struct kc_asker *asker, struct kc_key **key);

/*
 * Hands a key to OpenSSL, by reference, as stores and decoders do it. The key is consumed.
 *
 * Returns what the callback does: 0 is failure.
 */
int kc_key_hand_over(struct kc_key *key, OSSL_CALLBACK *callback, void *argument);

#endif
