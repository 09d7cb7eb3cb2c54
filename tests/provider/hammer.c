/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider-hammer [PROCESSES [THREADS [ROUNDS]]]: the OpenSSL provider before a real custodian: each
 * thread finds and frees keys, by URI and by PEM reference, and signs, agrees and decrypts with these and
 * with keys that all threads share.
 *
 * Forks wait until no thread is inside libcrypto, whose locks a child would inherit held.
 */
#include "tests/support/hammer.h"
#include "tests/provider/support.h"
#include "tests/support/custodian.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 66

static EVP_PKEY *shared[ALGORITHMS], *publics[ALGORITHMS], *opens;

static bool works(bool worked, const char *what)
{
    if (!worked) {
        fprintf(stderr, "%s\n", what);
        ERR_print_errors_fp(stderr);
    }
    return worked;
}

static bool derive(EVP_PKEY *own, EVP_PKEY *peer, unsigned char *secret, size_t *size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library, own, NULL);
    bool done = EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                EVP_PKEY_derive(context, secret, size) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

/* With a key of the default provider, which comes to the same secret. */
static bool agrees(size_t which)
{
    unsigned char ours[SECRET_MAX], theirs[SECRET_MAX];
    size_t our_size = sizeof ours, their_size = sizeof theirs;
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(library, NULL, algorithms[which]), *public = public_of(peer);
    bool same = derive(shared[which], public, ours, &our_size) &&
                derive(peer, publics[which], theirs, &their_size) && our_size == their_size &&
                memcmp(ours, theirs, our_size) == 0;
    EVP_PKEY_free(public);
    EVP_PKEY_free(peer);
    return same;
}

static bool crypt(EVP_PKEY *key, int (*begin)(EVP_PKEY_CTX *),
    int (*go)(EVP_PKEY_CTX *, unsigned char *, size_t *, const unsigned char *, size_t),
    const unsigned char *in, size_t in_size, unsigned char *out, size_t *size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library, key, NULL);
    bool done = begin(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                go(context, out, size, in, in_size) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

static bool decrypts(uint8_t number)
{
    unsigned char sealed[256], opened[256];
    size_t sealed_size = sizeof sealed, opened_size = sizeof opened;
    EVP_PKEY *public = public_of(opens);
    bool same =
        crypt(public, EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, &number, 1, sealed, &sealed_size) &&
        crypt(opens, EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, sealed, sealed_size, opened,
            &opened_size) &&
        opened_size == 1 && opened[0] == number;
    EVP_PKEY_free(public);
    return same;
}

/* A key of the thread's own, then one that it shares. */
static bool round_of_work(uint8_t number)
{
    size_t which = number % SIGNING;
    EVP_PKEY *found = find_label(algorithms[which]), *decoded = decode(REFERENCE_P_256);
    bool good = works(decoded != NULL, "a reference") &&
                works(signs(found, publics[which]), algorithms[which]) &&
                works(signs(shared[which], publics[which]), "a shared key") &&
                works(agrees(SIGNING + number % 2), "an agreement") &&
                works(decrypts(number), "a decryption");
    EVP_PKEY_free(decoded);
    EVP_PKEY_free(found);
    return good;
}

static bool load(void)
{
    if (!load_provider())
        return false;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        shared[i] = find_label(algorithms[i]);
        publics[i] = public_of(shared[i]);
    }
    opens = find_label("opens");
    return true;
}

static bool leave(void)
{
    for (size_t i = 0; i < ALGORITHMS; i++) {
        EVP_PKEY_free(shared[i]);
        EVP_PKEY_free(publics[i]);
    }
    EVP_PKEY_free(opens);
    unload_provider();
    return true;
}

int main(int argc, char **argv)
{
    static const struct kc_hammer hammer = {load, leave, round_of_work, leave, true};
    struct kc_custodian custodian;
    kc_custodian_init(&custodian, "\"home\"");
    setenv("CUSTODIAN_SOCKET", custodian.socket, 1);
    generate_keys();
    generate("RSA-2048", "application", "decrypt", "opens");
    int result = kc_hammer_run(&hammer, argc, argv);
    kc_custodian_done(&custodian);
    return result;
}
