/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client hands to the PKCS#11 module: templates, public keys, certificates, the configuration,
 * parameters of contributions.
 * The first octet says what the rest is. A template: for each attribute a type from the table, a
 * size, and that many octets; 0xff ends one of two templates. What is taken is consistent with itself.
 */
#include "tests/fuzz/fuzz.h"

#include "pkcs11/attribute.h"
#include "pkcs11/config.h"
#include "pkcs11/contribution.h"
#include "pkcs11/key_template.h"
#include "pkcs11/object_template.h"
#include "pkcs11/secret_template.h"

#include <string.h>

#define ATTRIBUTES_MAX 24

static const CK_ATTRIBUTE_TYPE types[] = {CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_LABEL,
    CKA_APPLICATION, CKA_VALUE, CKA_OBJECT_ID, CKA_CERTIFICATE_TYPE, CKA_ISSUER, CKA_SERIAL_NUMBER,
    CKA_KEY_TYPE, CKA_SUBJECT, CKA_ID, CKA_SENSITIVE, CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP,
    CKA_UNWRAP, CKA_SIGN, CKA_VERIFY, CKA_DERIVE, CKA_MODULUS, CKA_MODULUS_BITS,
    CKA_PUBLIC_EXPONENT, CKA_PUBLIC_KEY_INFO, CKA_VALUE_LEN, CKA_EXTRACTABLE, CKA_LOCAL,
    CKA_EC_PARAMS, CKA_EC_POINT, CKA_ALWAYS_AUTHENTICATE, CKA_MODIFIABLE, CKA_COPYABLE,
    CKA_DESTROYABLE, CKA_START_DATE, CKA_CERTIFICATE_CATEGORY};

/* A template in memory of its own, so that a sanitizer sees each octet too many. */
struct template
{
    CK_ATTRIBUTE attributes[ATTRIBUTES_MAX];
    CK_ULONG count;
};

static void read_template(const uint8_t **at, const uint8_t *end, struct template *template)
{
    template->count = 0;
    while (end - *at >= 2 && template->count < ATTRIBUTES_MAX) {
        uint8_t type = *(*at)++;
        if (type == 0xff)
            break;
        size_t size = *(*at)++;
        if (size > (size_t)(end - *at))
            size = (size_t)(end - *at);
        CK_ATTRIBUTE *attribute = &template->attributes[template->count++];
        attribute->type = types[type % (sizeof types / sizeof *types)];
        attribute->ulValueLen = size;
        attribute->pValue = size > 0 ? malloc(size) : NULL;
        if (attribute->pValue != NULL)
            memcpy(attribute->pValue, *at, size);
        *at += size;
    }
}

static void template_done(struct template *template)
{
    for (CK_ULONG i = 0; i < template->count; i++)
        free(template->attributes[i].pValue);
}

static void generate(const struct template *one, const struct template *other)
{
    static const CK_MECHANISM_TYPE mechanisms[] = {CKM_EC_KEY_PAIR_GEN, CKM_RSA_PKCS_KEY_PAIR_GEN,
        CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EC_MONTGOMERY_KEY_PAIR_GEN};
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        struct kc_key_wishes wishes;
        CK_RV rv = kc_key_templates_read(
            mechanisms[i], one->attributes, one->count, other->attributes, other->count, &wishes);
        fuzz_must(rv != CKR_OK || (wishes.type != NULL && wishes.type->made_by == mechanisms[i] &&
                                      (wishes.wishes & KC_WISH_TOKEN) != 0));
    }
}

static void create(const struct template *one, const struct template *other)
{
    bool of_token;
    struct kc_object object;
    struct kc_object_change change;
    if (kc_object_template_create(one->attributes, one->count, &object, &of_token) != CKR_OK)
        return;
    fuzz_must(object.value != NULL && object.value_size <= KC_OBJECT_VALUE_MAX);
    (void)kc_object_template_change(&object, true, other->attributes, other->count, &change);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        CK_BYTE room[16];
        CK_ATTRIBUTE attribute = {types[i], room, sizeof room};
        (void)kc_attribute_read(&object, &attribute);
    }
    kc_object_done(&object);
}

static void derive(const struct template *template)
{
    struct kc_secret_facts facts;
    if (kc_secret_template_read(template->attributes, template->count, &facts) != CKR_OK)
        return;
    fuzz_must(facts.value_size <= KC_SECRET_VALUE_MAX);
    fuzz_must(facts.type == CKK_GENERIC_SECRET || facts.type == CKK_AES);
}

static void try_templates(uint8_t what, const uint8_t *bytes, const uint8_t *end)
{
    struct template one, other;
    read_template(&bytes, end, &one);
    read_template(&bytes, end, &other);
    if (what == 0)
        generate(&one, &other);
    else if (what == 1)
        create(&one, &other);
    else
        derive(&one);
    template_done(&one);
    template_done(&other);
}

static void read_public(struct kc_span octets)
{
    struct kc_public public;
    uint8_t info[KC_KEY_INFO_MAX];
    size_t size;
    if (kc_public_read(octets, &public) != KC_OK)
        return;
    fuzz_must(kc_public_make(public.type, public.octets, info, &size) == KC_OK);
    fuzz_must(size == octets.size && memcmp(info, octets.bytes, size) == 0);
}

static void read_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    fuzz_must(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (kc_config_parse(text) == KC_OK) {
        struct kc_tokens tokens = kc_config_tokens("home");
        fuzz_must((tokens.kinds[0] & tokens.kinds[1]) == 0);
    }
    free(text);
}

/* The parameter of a mechanism that contributes. */
static void contribute(struct kc_span octets)
{
    static const CK_MECHANISM_TYPE mechanisms[] = {
        CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE, CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE};
    static const CK_KEY_TYPE keys[] = {CKK_EC_EDWARDS, CKK_EC_MONTGOMERY};
    static const char *const algorithms[] = {"Ed448", "X25519"};
    for (size_t i = 0; i < 2; i++) {
        struct kc_signing signing = {.row = kc_mechanism_for(mechanisms[i], keys[i])};
        struct kc_span name = {(const uint8_t *)algorithms[i], strlen(algorithms[i])};
        CK_BYTE *copy = malloc(octets.size);
        CK_MECHANISM mechanism = {mechanisms[i], copy, octets.size};
        fuzz_must(copy != NULL && signing.row != NULL);
        memcpy(copy, octets.bytes, octets.size);
        signing.type = kc_key_type_named(name);
        bool taken = kc_contribution_take(&mechanism, &signing) == CKR_OK;
        fuzz_must(!taken || i == 1 || signing.contribution.commitment.size > 0);
        free(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kc_certificate certificate;
    if (size < 2)
        return 0;
    uint8_t what = bytes[0] % 7;
    struct kc_span rest = {bytes + 1, size - 1};
    if (what == 3)
        read_public(rest);
    else if (what == 4)
        fuzz_must(kc_certificate_read(rest, &certificate) != KC_OK ||
                  certificate.subject.size + certificate.issuer.size < rest.size);
    else if (what == 5)
        read_text(rest.bytes, rest.size);
    else if (what == 6)
        contribute(rest);
    else
        try_templates(what, rest.bytes, bytes + size);
    return 0;
}
