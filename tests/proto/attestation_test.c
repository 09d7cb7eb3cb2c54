/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying attestations that an attestation key made here signed: whoever has such a key, or a
 * custodian's, can have signed whatever it likes, and each check is violated alone.
 */
#include "base/writer.h"
#include "proto/attestation.h"
#include "tests/support/cmocka.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

#define ATTRIBUTES_OF_AK (1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 10 | 1u << 16 | 1u << 18)
#define ATTRIBUTES_OF_SEAL (1u << 1 | 1u << 4 | 1u << 10)
#define ATTRIBUTES_OF_KEY (ATTRIBUTES_OF_SEAL | 1u << 5 | 1u << 18)

static const uint8_t nonce[] = "a verifier's fresh nonce";
static const uint8_t pcrs[2 * 32] = "the values of PCRs 0 and 7";
static EVP_PKEY *ak, *custodian, *key;

/* What is right, unless a case changes it. */
struct forgery {
    enum kc_attestation_class class;
    uint32_t magic, ak_attributes, quoted_mask, bundled_mask, object_attributes, says;
    uint16_t quote_type, certificate_type, creation_type, object_type;
    bool ak_has_another_scheme;
    bool is_of_other_values; /* the quoted digest */
    bool names_another;      /* the certificate */
    bool has_another_point;  /* the object's area */
    bool created_another, creation_is_altered, is_told_another, has_creation_more;
    bool quote_has_more, certificate_has_more, created_has_more;
    EVP_PKEY *quote_signer, *certificate_signer, *creation_signer, *custodian_signer;
    const uint8_t *signed_nonce; /* in all that is signed */
};

struct room {
    uint8_t octets[512];
    struct kc_writer w;
};

static struct kc_writer *open_room(struct room *room)
{
    kc_writer_init(&room->w, room->octets, sizeof room->octets);
    return &room->w;
}

static struct kc_span span_of(const struct room *room)
{
    assert_int_equal(kc_writer_finish(&room->w), KC_OK);
    return (struct kc_span){room->octets, room->w.size};
}

static void write_sized(struct kc_writer *w, const void *octets, size_t size)
{
    kc_writer_u16(w, (uint16_t)size);
    kc_writer_bytes(w, octets, size);
}

static void hash(struct kc_span octets, uint8_t digest[static 32])
{
    assert_int_equal(EVP_Digest(octets.bytes, octets.size, digest, NULL, EVP_sha256(), NULL), 1);
}

/* 04, x, y */
static void read_point(EVP_PKEY *of, uint8_t point[static 65])
{
    size_t size = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(of, "pub", point, 65, &size), 1);
    assert_int_equal(size, 65);
}

static void write_ecc_area(struct kc_writer *w, EVP_PKEY *of, uint32_t attributes, bool has_scheme)
{
    uint8_t point[65];
    read_point(of, point);
    kc_writer_u16(w, 0x23);
    kc_writer_u16(w, 0x0b);
    kc_writer_u32(w, attributes);
    write_sized(w, NULL, 0);
    kc_writer_u16(w, 0x10);
    kc_writer_u16(w, has_scheme ? 0x18 : 0x10);
    if (has_scheme)
        kc_writer_u16(w, 0x0b);
    kc_writer_u16(w, 3);
    kc_writer_u16(w, 0x10);
    write_sized(w, point + 1, 32);
    write_sized(w, point + 33, 32);
}

static void write_object(struct kc_writer *w, const struct forgery *f)
{
    if (f->object_type == 0x23) {
        write_ecc_area(w, f->has_another_point ? ak : key, f->object_attributes, false);
        return;
    }
    kc_writer_u16(w, 0x08);
    kc_writer_u16(w, 0x0b);
    kc_writer_u32(w, f->object_attributes);
    write_sized(w, NULL, 0);
    kc_writer_u16(w, 0x10);
    write_sized(w, pcrs, 32);
}

static void begin_attest(
    struct kc_writer *w, const struct forgery *f, uint16_t type, const uint8_t *binding)
{
    kc_writer_u32(w, f->magic);
    kc_writer_u16(w, type);
    write_sized(w, "signer", 6);
    write_sized(w, binding, 32);
    for (size_t i = 0; i < 8 + 4 + 4 + 1 + 8; i++)
        kc_writer_u8(w, (uint8_t)i);
}

static void sign(EVP_PKEY *by, struct kc_span octets, uint8_t signature[static 64])
{
    uint8_t der[80];
    const uint8_t *cursor = der;
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, by), 1);
    assert_int_equal(EVP_DigestSign(context, der, &size, octets.bytes, octets.size), 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &cursor, (long)size);
    assert_non_null(pair);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32), 32);
    ECDSA_SIG_free(pair);
}

/* --- the parts --- */

struct bundle {
    struct kc_attestation a;
    struct room ak_area, object, quoted, certified, creation, created, token;
    uint8_t point[65], root_name[34], custodian_key[32];
    uint8_t signature[4][64];
};

static void quote(struct bundle *b, const struct forgery *f, const uint8_t *binding)
{
    uint8_t digest[32];
    struct kc_writer *w = open_room(&b->quoted);
    begin_attest(w, f, f->quote_type, binding);
    kc_writer_u32(w, 1);
    kc_writer_u16(w, 0x0b);
    kc_writer_u8(w, 3);
    for (unsigned i = 0; i < 24; i += 8)
        kc_writer_u8(w, (uint8_t)(f->quoted_mask >> i));
    hash((struct kc_span){pcrs, sizeof pcrs - f->is_of_other_values}, digest);
    write_sized(w, digest, sizeof digest);
    if (f->quote_has_more)
        kc_writer_u8(w, 0);
    b->a.quoted = span_of(&b->quoted);
    sign(f->quote_signer, b->a.quoted, b->signature[0]);
    b->a.quoted_signature = (struct kc_span){b->signature[0], 64};
}

static void certify(struct bundle *b, const struct forgery *f, const uint8_t *binding)
{
    uint8_t name[KC_ATTESTATION_NAME_SIZE] = {0};
    write_object(open_room(&b->object), f);
    b->a.object_area = span_of(&b->object);
    assert_int_equal(kc_attestation_name(b->a.object_area, name), KC_OK);
    name[9] ^= f->names_another;
    struct kc_writer *w = open_room(&b->certified);
    begin_attest(w, f, f->certificate_type, binding);
    write_sized(w, name, sizeof name);
    write_sized(w, name, sizeof name);
    if (f->certificate_has_more)
        kc_writer_u8(w, 0);
    b->a.certified = span_of(&b->certified);
    sign(f->certificate_signer, b->a.certified, b->signature[1]);
    b->a.certified_signature = (struct kc_span){b->signature[1], 64};
}

static void write_creation(struct bundle *b, const struct forgery *f)
{
    uint8_t digest[32];
    struct kc_writer *w = open_room(&b->creation);
    hash(b->a.public_key, digest);
    digest[3] ^= f->is_told_another;
    kc_writer_u32(w, 0);
    write_sized(w, NULL, 0);
    kc_writer_u8(w, 1);
    kc_writer_u16(w, 0x0b);
    write_sized(w, "the parent's Name", 17);
    write_sized(w, "and its qualified one", 21);
    write_sized(w, digest, sizeof digest);
    if (f->has_creation_more)
        kc_writer_u8(w, 0);
    b->a.creation = span_of(&b->creation);
}

static void certify_creation(struct bundle *b, const struct forgery *f, const uint8_t *binding)
{
    uint8_t name[KC_ATTESTATION_NAME_SIZE] = {0}, digest[32];
    write_creation(b, f);
    hash(b->a.creation, digest);
    assert_int_equal(kc_attestation_name(b->a.object_area, name), KC_OK);
    name[9] ^= f->created_another;
    struct kc_writer *w = open_room(&b->created);
    begin_attest(w, f, f->creation_type, binding);
    write_sized(w, name, sizeof name);
    write_sized(w, digest, sizeof digest);
    if (f->created_has_more)
        kc_writer_u8(w, 0);
    b->a.created = span_of(&b->created);
    sign(f->creation_signer, b->a.created, b->signature[2]);
    b->a.created_signature = (struct kc_span){b->signature[2], 64};
    if (f->creation_is_altered)
        b->creation.octets[6] ^= 3; /* the locality */
}

static void state_of_token(struct bundle *b, const struct forgery *f)
{
    uint8_t message[KC_ATTESTATION_MESSAGE_MAX];
    size_t size = 0, key_size = sizeof b->custodian_key, signature_size = 64;
    assert_int_equal(EVP_PKEY_get_raw_public_key(custodian, b->custodian_key, &key_size), 1);
    b->a.token = (struct kc_span){(const uint8_t *)"a maker's token", 15};
    b->a.says = f->says;
    b->a.root_name = (struct kc_span){b->root_name, sizeof b->root_name};
    b->a.custodian_key = (struct kc_span){b->custodian_key, sizeof b->custodian_key};
    assert_int_equal(kc_attestation_message(&b->a, message, &size), KC_OK);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, f->custodian_signer), 1);
    assert_int_equal(EVP_DigestSign(context, b->signature[3], &signature_size, message, size), 1);
    EVP_MD_CTX_free(context);
    b->a.custodian_signature = (struct kc_span){b->signature[3], 64};
}

static void make_ak_area(struct bundle *b, const struct forgery *f)
{
    write_ecc_area(open_room(&b->ak_area), ak, f->ak_attributes, true);
    b->a.ak_area = span_of(&b->ak_area);
    if (f->ak_has_another_scheme)
        b->ak_area.octets[10 + 2 + 1] = 0x16; /* another scheme than ECDSA */
}

static void forge(struct bundle *b, const struct forgery *f)
{
    uint8_t binding[KC_ATTESTATION_BINDING_SIZE];
    memset(b, 0, sizeof *b);
    read_point(key, b->point);
    b->a = (struct kc_attestation){
        .class = f->class,
        .nonce = {f->signed_nonce, sizeof nonce},
        .id = {(const uint8_t *)"MDEY", 4},
        .algorithm = {(const uint8_t *)"P-256", 5},
        .public_key = {b->point, sizeof b->point},
        .pcr_mask = f->bundled_mask,
        .pcr_values = {pcrs, sizeof pcrs},
    };
    assert_int_equal(kc_attestation_binding(&b->a, binding), KC_OK);
    if (kc_attestation_is_of_token(f->class)) {
        state_of_token(b, f);
    } else {
        make_ak_area(b, f);
        quote(b, f, binding);
        certify(b, f, binding);
        if (f->class == KC_ATTESTED_SEALED)
            certify_creation(b, f, binding);
    }
    b->a.nonce.bytes = nonce;
}

static struct forgery right(enum kc_attestation_class class)
{
    bool is_sealed = class == KC_ATTESTED_SEALED;
    return (struct forgery){
        .class = class,
        .magic = 0xff544347,
        .ak_attributes = ATTRIBUTES_OF_AK,
        .quoted_mask = 0x81,
        .bundled_mask = 0x81,
        .object_attributes = is_sealed ? ATTRIBUTES_OF_SEAL : ATTRIBUTES_OF_KEY,
        .says = 23,
        .quote_type = 0x8018,
        .certificate_type = 0x8017,
        .creation_type = 0x801a,
        .object_type = is_sealed ? 0x08 : 0x23,
        .quote_signer = ak,
        .certificate_signer = ak,
        .creation_signer = ak,
        .custodian_signer = custodian,
        .signed_nonce = nonce,
    };
}

/* --- verifying --- */

static const struct kc_attestation_wanted wanted = {.nonce = {nonce, sizeof nonce}, .pcr_mask = 1};
static const struct kc_attestation_wanted wanted_of_token = {.nonce = {nonce, sizeof nonce}};

/* As it comes out of a file. */
static enum kc_error verify(const struct kc_attestation *attestation, const char **problem)
{
    uint8_t octets[KC_ATTESTATION_MAX];
    size_t size = 0;
    struct kc_attestation read;
    bool is_of_token = kc_attestation_is_of_token(attestation->class);
    assert_int_equal(kc_attestation_write(attestation, octets, &size), KC_OK);
    assert_int_equal(kc_attestation_read((struct kc_span){octets, size}, &read), KC_OK);
    return kc_attestation_verify(&read, is_of_token ? &wanted_of_token : &wanted, problem);
}

static void assert_refused(const struct forgery *f, const char *why)
{
    struct bundle bundle;
    const char *problem = "nothing";
    forge(&bundle, f);
    enum kc_error error = verify(&bundle.a, &problem);
    if (error != KC_ERR_ATTESTATION || !strstr(problem, why))
        fail_msg("%s: %s, not %s", kc_error_name(error), problem, why);
}

static void what_is_right_is_taken(void **state)
{
    (void)state;
    static const enum kc_attestation_class classes[] = {
        KC_ATTESTED_RESIDENT, KC_ATTESTED_SEALED, KC_ATTESTED_TOKEN_RESIDENT};
    for (size_t i = 0; i < 3; i++) {
        struct bundle bundle;
        const char *problem = "nothing";
        struct forgery f = right(classes[i]);
        forge(&bundle, &f);
        if (verify(&bundle.a, &problem) != KC_OK)
            fail_msg("class %d: %s", (int)classes[i], problem);
    }
}

static void an_attestation_key_that_signs_anything_else_is_none(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 19; bit++) {
        struct forgery f = right(KC_ATTESTED_SEALED);
        f.ak_attributes ^= 1u << bit;
        assert_refused(&f, "not a restricted signing key");
    }
    struct forgery f = right(KC_ATTESTED_SEALED);
    f.ak_has_another_scheme = true;
    assert_refused(&f, "not a restricted signing key");
}

static void signatures_of_others_are_refused(void **state)
{
    (void)state;
    struct forgery f = right(KC_ATTESTED_SEALED);
    f.quote_signer = key;
    assert_refused(&f, "not the AK's");
    f = right(KC_ATTESTED_SEALED);
    f.certificate_signer = key;
    assert_refused(&f, "not the AK's");
    f = right(KC_ATTESTED_SEALED);
    f.creation_signer = key;
    assert_refused(&f, "not the AK's");
}

static void what_no_tpm_made_or_is_of_another_type_or_nonce_is_refused(void **state)
{
    (void)state;
    static const uint8_t another[sizeof nonce] = "another verifier's one..";
    struct forgery f = right(KC_ATTESTED_SEALED);
    f.magic ^= 1;
    assert_refused(&f, "not made by a TPM");
    f = right(KC_ATTESTED_SEALED);
    f.signed_nonce = another;
    assert_refused(&f, "another nonce, key or class");
    f = right(KC_ATTESTED_SEALED);
    f.quote_type = 0x8017;
    assert_refused(&f, "of another type");
    f = right(KC_ATTESTED_SEALED);
    f.certificate_type = 0x801a;
    assert_refused(&f, "of another type");
    f = right(KC_ATTESTED_SEALED);
    f.creation_type = 0x8017;
    assert_refused(&f, "of another type");
}

static void a_quote_of_other_pcrs_or_values_is_refused(void **state)
{
    (void)state;
    struct forgery f = right(KC_ATTESTED_SEALED);
    f.quoted_mask = 0x82;
    assert_refused(&f, "other PCRs");
    f = right(KC_ATTESTED_SEALED);
    f.quote_has_more = true;
    assert_refused(&f, "other PCRs");
    f = right(KC_ATTESTED_SEALED);
    f.is_of_other_values = true;
    assert_refused(&f, "quoted digest");
    f = right(KC_ATTESTED_SEALED);
    f.quoted_mask = f.bundled_mask = 0x82;
    assert_refused(&f, "asked for");
}

static void a_certificate_of_another_object_is_refused(void **state)
{
    (void)state;
    struct forgery f = right(KC_ATTESTED_SEALED);
    f.names_another = true;
    assert_refused(&f, "certified Name");
    f = right(KC_ATTESTED_SEALED);
    f.certificate_has_more = true;
    assert_refused(&f, "certified Name");
    f = right(KC_ATTESTED_SEALED);
    f.object_attributes &= ~(1u << 1); /* fixedTPM */
    assert_refused(&f, "not bound to its TPM");
    f = right(KC_ATTESTED_RESIDENT);
    f.object_attributes &= ~(1u << 4); /* fixedParent */
    assert_refused(&f, "not bound to its TPM");
    f = right(KC_ATTESTED_SEALED);
    f.object_type = 0x23;
    assert_refused(&f, "not a seal");
    f = right(KC_ATTESTED_RESIDENT);
    f.object_attributes &= ~(1u << 5); /* sensitiveDataOrigin */
    assert_refused(&f, "not made by the TPM");
    f = right(KC_ATTESTED_RESIDENT);
    f.has_another_point = true;
    assert_refused(&f, "another one");
}

static void the_creation_of_another_object_or_for_another_key_is_refused(void **state)
{
    (void)state;
    struct forgery f = right(KC_ATTESTED_SEALED);
    f.created_another = true;
    assert_refused(&f, "creation is of another object");
    f = right(KC_ATTESTED_SEALED);
    f.created_has_more = true;
    assert_refused(&f, "creation is of another object");
    f = right(KC_ATTESTED_SEALED);
    f.creation_is_altered = true;
    assert_refused(&f, "not those that are certified");
    f = right(KC_ATTESTED_SEALED);
    f.is_told_another = true;
    assert_refused(&f, "made for another public key");
    f = right(KC_ATTESTED_SEALED);
    f.has_creation_more = true;
    assert_refused(&f, "made for another public key");
}

static void a_token_that_does_not_keep_its_keys_or_a_custodian_that_is_another_is_refused(
    void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 6; bit++) {
        struct forgery f = right(KC_ATTESTED_TOKEN_RESIDENT);
        f.says ^= 1u << bit;
        assert_refused(&f, "does not say");
    }
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct forgery f = right(KC_ATTESTED_TOKEN_SEALED);
    f.custodian_signer = other;
    assert_refused(&f, "not the custodian's");
    EVP_PKEY_free(other);
}

/* What is printed for a person is nothing that a terminal obeys. */
static void texts_that_a_terminal_would_obey_are_refused(void **state)
{
    (void)state;
    uint8_t octets[KC_ATTESTATION_MAX];
    size_t size = 0;
    struct bundle bundle;
    struct kc_attestation read;
    struct forgery f = right(KC_ATTESTED_TOKEN_RESIDENT);
    forge(&bundle, &f);
    const struct kc_span escape = {(const uint8_t *)"\x1b[2J", 4},
                         high = {(const uint8_t *)"\xc3(", 2};
    struct kc_attestation tries[4] = {bundle.a, bundle.a, bundle.a, bundle.a};
    tries[0].id = escape;
    tries[1].algorithm = escape;
    tries[2].token = escape;
    tries[3].id = high;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(kc_attestation_write(&tries[i], octets, &size), KC_OK);
        assert_int_equal(
            kc_attestation_read((struct kc_span){octets, size}, &read), KC_ERR_ATTESTATION);
    }
}

static int make_keys(void **state)
{
    (void)state;
    ak = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    custodian = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return ak && key && custodian ? 0 : -1;
}

static int drop_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(ak);
    EVP_PKEY_free(key);
    EVP_PKEY_free(custodian);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_is_taken),
        cmocka_unit_test(an_attestation_key_that_signs_anything_else_is_none),
        cmocka_unit_test(signatures_of_others_are_refused),
        cmocka_unit_test(what_no_tpm_made_or_is_of_another_type_or_nonce_is_refused),
        cmocka_unit_test(a_quote_of_other_pcrs_or_values_is_refused),
        cmocka_unit_test(a_certificate_of_another_object_is_refused),
        cmocka_unit_test(the_creation_of_another_object_or_for_another_key_is_refused),
        cmocka_unit_test(
            a_token_that_does_not_keep_its_keys_or_a_custodian_that_is_another_is_refused),
        cmocka_unit_test(texts_that_a_terminal_would_obey_are_refused),
    };
    return cmocka_run_group_tests_name("attestation", tests, make_keys, drop_keys);
}
