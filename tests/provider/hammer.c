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
#include <stdio.h>
#include <stdlib.h>

static EVP_PKEY *shared[ALGORITHMS], *publics[ALGORITHMS], *opens;

static bool works(bool worked, const char *what)
{
    if (!worked) {
        fprintf(stderr, "%s\n", what);
        ERR_print_errors_fp(stderr);
    }
    return worked;
}

/* A key of the thread's own, then one that it shares. */
static bool round_of_work(uint8_t number)
{
    size_t which = number % SIGNING, exchange = SIGNING + number % 2;
    EVP_PKEY *found = find_label(algorithms[which]), *decoded = decode(REFERENCE_P_256);
    bool good = works(decoded != NULL, "a reference") &&
                works(signs(found, publics[which]), algorithms[which]) &&
                works(signs(shared[which], publics[which]), "a shared key") &&
                works(agrees(shared[exchange], algorithms[exchange]), algorithms[exchange]) &&
                works(decrypts(opens, number), "a decryption");
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
    static const struct kc_hammer hammer = {load, leave, round_of_work, leave, true, NULL};
    struct kc_custodian custodian;
    kc_custodian_init(&custodian, "\"home\"");
    setenv("CUSTODIAN_SOCKET", custodian.socket, 1);
    generate_keys();
    generate("RSA-2048", "application", "decrypt", "opens");
    int result = kc_hammer_run(&hammer, argc, argv);
    kc_custodian_done(&custodian);
    return result;
}
