/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pkcs11/openssl.h"

#include "tests/pkcs11/support.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST ((CK_ULONG)KC_DATA_SIZE_MAX) /* octets of a message */

EVP_PKEY *public_key(CK_SESSION_HANDLE session, const char *label)
{
    CK_BYTE bytes[128];
    CK_ATTRIBUTE attribute = {CKA_PUBLIC_KEY_INFO, bytes, sizeof bytes};
    CK_OBJECT_HANDLE object = find_one(session, CKO_PUBLIC_KEY, label);
    assert_ok(p11->C_GetAttributeValue(session, object, &attribute, 1));
    const unsigned char *next = bytes;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &next, (long)attribute.ulValueLen);
    assert_non_null(key);
    return key;
}

bool verifies(EVP_PKEY *key, const CK_BYTE *signature, CK_ULONG signature_size,
    const CK_BYTE *message, CK_ULONG size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, signature_size, message, size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

void signs_what_openssl_verifies(const char *label)
{
    static const CK_ULONG sizes[] = {0, 1, 5000, 60000, LARGEST};
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, label);
    EVP_PKEY *public = public_key(session, label);
    CK_MECHANISM mechanism = {.mechanism = CKM_EDDSA};
    CK_BYTE *message = malloc(LARGEST), signature[114];
    memset(message, 0x3b, LARGEST);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CK_ULONG size = sizeof signature;
        assert_ok(p11->C_SignInit(session, &mechanism, key));
        assert_ok(p11->C_Sign(session, message, sizes[i], signature, &size));
        assert_true(verifies(public, signature, size, message, sizes[i]));
    }
    free(message);
    EVP_PKEY_free(public);
}

void derives_what_openssl_does(const char *algorithm, const char *label)
{
    bool nist = strcmp(algorithm, "P-256") == 0;
    CK_SESSION_HANDLE session = open_session(nist ? "home" : "home-edwards");
    EVP_PKEY *own = nist ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", algorithm)
                         : EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
    EVP_PKEY *public = public_key(session, label);
    CK_BYTE peer[65], ours[56], theirs[56];
    size_t peer_size, theirs_size = sizeof theirs;
    assert_int_equal(EVP_PKEY_get_octet_string_param(own, "pub", peer, sizeof peer, &peer_size), 1);

    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = peer_size, .pPublicData = peer};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE template[] = {{CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
    CK_OBJECT_HANDLE secret;
    assert_ok(p11->C_DeriveKey(
        session, &mechanism, find_one(session, CKO_PRIVATE_KEY, label), template, 2, &secret));
    CK_ATTRIBUTE value = {CKA_VALUE, ours, sizeof ours};
    assert_ok(p11->C_GetAttributeValue(session, secret, &value, 1));

    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, public), 1);
    assert_int_equal(EVP_PKEY_derive(context, theirs, &theirs_size), 1);
    assert_int_equal(value.ulValueLen, theirs_size);
    assert_memory_equal(ours, theirs, theirs_size);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(public);
    EVP_PKEY_free(own);
}
