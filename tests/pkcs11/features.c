/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features [FILE]: what the module has, asked of the module itself, as docs/pkcs11-features.md tells
 * it. With a file, compares; exits 1 if it differs.
 */
#include "tests/pkcs11/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- mechanisms --- */

static const struct {
    CK_MECHANISM_TYPE type;
    const char *name;
} mechanism_names[] = {
#define NAME(name)                                                                                 \
    {                                                                                              \
        name, #name                                                                                \
    }
    NAME(CKM_RSA_PKCS_KEY_PAIR_GEN),
    NAME(CKM_RSA_PKCS),
    NAME(CKM_SHA224_RSA_PKCS),
    NAME(CKM_SHA256_RSA_PKCS),
    NAME(CKM_SHA384_RSA_PKCS),
    NAME(CKM_SHA512_RSA_PKCS),
    NAME(CKM_RSA_PKCS_PSS),
    NAME(CKM_SHA224_RSA_PKCS_PSS),
    NAME(CKM_SHA256_RSA_PKCS_PSS),
    NAME(CKM_SHA384_RSA_PKCS_PSS),
    NAME(CKM_SHA512_RSA_PKCS_PSS),
    NAME(CKM_RSA_PKCS_OAEP),
    NAME(CKM_EC_KEY_PAIR_GEN),
    NAME(CKM_ECDSA),
    NAME(CKM_ECDSA_SHA224),
    NAME(CKM_ECDSA_SHA256),
    NAME(CKM_ECDSA_SHA384),
    NAME(CKM_ECDSA_SHA512),
    NAME(CKM_ECDH1_DERIVE),
    NAME(CKM_ECDH1_COFACTOR_DERIVE),
    NAME(CKM_AES_CBC),
    NAME(CKM_AES_CBC_PAD),
    NAME(CKM_AES_GCM),
    NAME(CKM_EC_EDWARDS_KEY_PAIR_GEN),
    NAME(CKM_EC_MONTGOMERY_KEY_PAIR_GEN),
    NAME(CKM_EDDSA),
    NAME(CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE),
    NAME(CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE),
};

static const struct {
    CK_FLAGS flag;
    const char *word;
} flag_words[] = {
    {CKF_GENERATE_KEY_PAIR, "generate key pair"},
    {CKF_SIGN, "sign"},
    {CKF_VERIFY, "verify"},
    {CKF_ENCRYPT, "encrypt"},
    {CKF_DECRYPT, "decrypt"},
    {CKF_DERIVE, "derive"},
    {CKF_EC_OID, "curve by OID"},
    {CKF_EC_CURVENAME, "curve by name"},
};

static const char *name_of(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < sizeof mechanism_names / sizeof *mechanism_names; i++)
        if (mechanism_names[i].type == type)
            return mechanism_names[i].name;
    fprintf(stderr, "no name for mechanism 0x%lx\n", type);
    abort();
}

static void print_mechanism(FILE *out, CK_SLOT_ID slot, CK_MECHANISM_TYPE type)
{
    CK_MECHANISM_INFO info;
    const char *between = " ";
    if (p11->C_GetMechanismInfo(slot, type, &info) != CKR_OK)
        abort();
    fprintf(out, "| `%s` | %lu to %lu |", name_of(type), info.ulMinKeySize, info.ulMaxKeySize);
    for (size_t i = 0; i < sizeof flag_words / sizeof *flag_words; i++) {
        if ((info.flags & flag_words[i].flag) == 0)
            continue;
        fprintf(out, "%s%s", between, flag_words[i].word);
        between = ", ";
    }
    fprintf(out, " |\n");
}

static void print_token(FILE *out, CK_SLOT_ID slot)
{
    CK_TOKEN_INFO token;
    CK_MECHANISM_TYPE list[64];
    CK_ULONG count = 64;
    if (p11->C_GetTokenInfo(slot, &token) != CKR_OK ||
        p11->C_GetMechanismList(slot, list, &count) != CKR_OK)
        abort();
    int size = 32;
    while (size > 0 && token.label[size - 1] == ' ')
        size--;
    fprintf(out, "\n## The token `%.*s`\n\n| mechanism | key size | for |\n|---|---|---|\n", size,
        (const char *)token.label);
    for (CK_ULONG i = 0; i < count; i++)
        print_mechanism(out, slot, list[i]);
}

/* --- functions --- */

/* What a function answers when all it is given is nothing. */
static CK_RV call_with_nothing(void *function)
{
    union {
        void *pointer;
        CK_RV(*call)
        (CK_ULONG, void *, CK_ULONG, void *, CK_ULONG, void *, CK_ULONG, void *, CK_ULONG, void *);
    } any = {.pointer = function};
    return any.call(0, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL);
}

static void print_functions(FILE *out)
{
    fprintf(out, "\n## Functions\n\nNot supported:");
    const char *between = " ";
#define KC_FUNCTION(name)                                                                          \
    if (strcmp(#name, "C_Initialize") != 0 && strcmp(#name, "C_Finalize") != 0) {                  \
        CK_RV rv = call_with_nothing((void *)p11->name);                                           \
        if (rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_FUNCTION_NOT_PARALLEL) {                 \
            fprintf(out, "%s`%s`", between, #name);                                                \
            between = ", ";                                                                        \
        }                                                                                          \
    }
#include "pkcs11/functions.def"
#undef KC_FUNCTION
    fprintf(out, ". All others do what PKCS #11 3.0 says of them.\n");
}

/* --- all of it --- */

static void print_interfaces(FILE *out)
{
    CK_INTERFACE list[4];
    CK_ULONG count = 4;
    if (p11->C_GetInterfaceList(list, &count) != CKR_OK)
        abort();
    fprintf(out, "## Interfaces\n\n| name | version | fork-safe |\n|---|---|---|\n");
    for (CK_ULONG i = 0; i < count; i++) {
        const CK_VERSION *version = list[i].pFunctionList;
        fprintf(out, "| %s | %u.%u | %s |\n", (const char *)list[i].pInterfaceName, version->major,
            version->minor, (list[i].flags & CKF_INTERFACE_FORK_SAFE) != 0 ? "yes" : "no");
    }
}

static void print_all(FILE *out)
{
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    fprintf(out,
        "# What the PKCS#11 module has\n\n"
        "Made by `build/tests/pkcs11-features` from what the module answers for the keyring "
        "`home`; a test compares.\n\n");
    print_interfaces(out);
    if (p11->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
        abort();
    for (CK_ULONG i = 0; i < count; i++)
        print_token(out, slots[i]);
    print_functions(out);
}

static char *read_all(FILE *file)
{
    static char text[1 << 16];
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    return text;
}

static int compare(const char *path)
{
    FILE *made = tmpfile(), *file = fopen(path, "r");
    if (made == NULL || file == NULL) {
        perror(path);
        return 1;
    }
    print_all(made);
    char *expected = strdup(read_all(made));
    bool same = strcmp(expected, read_all(file)) == 0;
    free(expected);
    fclose(made);
    fclose(file);
    if (!same)
        fprintf(stderr, "%s is not what the module says; make it again\n", path);
    return same ? 0 : 1;
}

int main(int argc, char **argv)
{
    void *state = NULL;
    int result = 0;
    load_module();
    fake_daemon_start();
    fake.keyrings[1] = NULL;
    if (p11->C_Initialize(NULL) != CKR_OK)
        return 2;
    if (argc > 1)
        result = compare(argv[1]);
    else
        print_all(stdout);
    stop_module(&state);
    return result;
}
