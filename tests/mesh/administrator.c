/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/administrator.h"

#include "custodian/mesh/key_document.h"
#include "proto/object.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define ROOM ((size_t)128 << 10)

const char administrator_device_seed[] =
    "ZAAQ-AO3M-SYLX-X7ET-MZHC-BURC-V2OE-ZWUX-ZWPF-KAL4-6C3G-6IPV-2D76-MT4N";

/* --- keys --- */

static enum kc_error count_up(void *context, uint8_t *octets, size_t size)
{
    static uint8_t next;
    (void)context;
    for (size_t i = 0; i < size; i++)
        octets[i] = (uint8_t)(next + i * 7);
    next++;
    return KC_OK;
}

static uint64_t count(void *context)
{
    static uint64_t counter;
    (void)context;
    return ++counter;
}

struct kc_mesh_source administrator_source(void)
{
    return (struct kc_mesh_source){NULL, count_up, count, ADMINISTRATOR_NOW};
}

struct kc_key administrator_key(enum kc_curve curve, uint8_t number)
{
    struct kc_key key;
    uint8_t seed[KC_SEED_SIZE_MAX];
    memset(seed, number, sizeof seed);
    GOOD(kc_key_from_seed(&key, curve, seed, kc_curve_info(curve)->seed_size));
    return key;
}

struct kc_mesh_device_keys administrator_device(void)
{
    struct kc_mesh_device_keys keys;
    struct kc_udf udf;
    GOOD(kc_udf_parse((struct kc_span){(const uint8_t *)administrator_device_seed,
                          strlen(administrator_device_seed)},
        &udf));
    GOOD(kc_mesh_device_derive((struct kc_span){udf.data, udf.data_size}, KC_CURVE_ED448, &keys));
    return keys;
}

static struct kc_public_key public_of(const struct kc_point *point)
{
    struct kc_public_key public;
    GOOD(kc_mesh_public_key(point, &public));
    return public;
}

/* --- documents --- */

static char *envelope(const struct kc_object_writer *w, const char *type,
    const struct kc_key *signer, const struct kc_point *recipient)
{
    char *text;
    size_t size;
    struct kc_mesh_source source = administrator_source();
    struct kc_public_key to;
    if (recipient != NULL)
        to = public_of(recipient);
    struct kc_mesh_letter letter = {.payload = {w->json.out.bytes, w->json.out.size},
        .type = type,
        .signer = signer,
        .recipients = recipient != NULL ? &to : NULL,
        .recipient_count = recipient != NULL ? 1 : 0};
    GOOD(kc_object_writer_finish(w));
    GOOD(kc_mesh_envelope_make(&source, &letter, &text, &size));
    return text;
}

static void write_public(
    struct kc_object_writer *w, const char *field, const struct kc_point *point)
{
    struct kc_public_key public = public_of(point);
    kc_mesh_write_public(w, field, &public);
}

static void write_source(struct kc_object_writer *w, const char *field, const char *text)
{
    if (text != NULL)
        kc_object_write_source(w, field, (struct kc_span){(const uint8_t *)text, strlen(text)});
}

static void write_text(struct kc_object_writer *w, const char *field, const char *text)
{
    if (text != NULL)
        kc_object_write_text(w, field, text);
}

/* As the reference writes an X25519 key. */
static struct kc_public_key signless(const struct kc_public_key *key)
{
    struct kc_public_key made;
    GOOD(kc_public_key_make(key->algorithm, (struct kc_span){key->octets, key->size - 1}, &made));
    return made;
}

static char *profile_make(const struct administrator *a)
{
    struct kc_public_key encryption = public_of(&a->encryption.public);
    static uint8_t room[ROOM];
    struct kc_object_writer w;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ProfileUser);
    write_public(&w, "ProfileSignature", &a->profile.public);
    kc_object_write_text(&w, "AccountAddress", a->address);
    write_public(&w, "AdministratorSignature", &a->signature.public);
    if (a->lacks_sign)
        encryption = signless(&encryption);
    kc_mesh_write_public(&w, "AccountEncryption", &encryption);
    write_public(&w, "AccountAuthentication", &a->authentication.public);
    write_public(&w, "AccountSignature", &a->account_signature.public);
    kc_object_write_end(&w);
    return envelope(&w, "ProfileUser", &a->profile, NULL);
}

struct administrator *administrator_of(uint8_t number, const char *address)
{
    struct administrator *a = calloc(1, sizeof *a);
    assert_non_null(a);
    a->profile = administrator_key(KC_CURVE_ED448, number);
    a->signature = administrator_key(KC_CURVE_ED448, (uint8_t)(number + 1));
    a->encryption = administrator_key(KC_CURVE_X448, (uint8_t)(number + 2));
    a->authentication = administrator_key(KC_CURVE_X448, (uint8_t)(number + 3));
    a->account_signature = administrator_key(KC_CURVE_ED448, (uint8_t)(number + 4));
    a->address = address;
    a->account_profile = profile_make(a);
    memcpy(a->account_udf, public_of(&a->profile.public).udf, sizeof a->account_udf);
    memset(a->seed, 0x59 + number, sizeof a->seed);
    a->seed[0] = KC_MESH_SEED_ACTIVATION_DEVICE >> 8;
    a->seed[1] = KC_MESH_SEED_ACTIVATION_DEVICE & 0xff;
    a->result = "Accept";
    a->authority = a->seed_account_udf = a->account_udf;
    a->updated = ADMINISTRATOR_NOW;
    a->responds = a->connects = a->activates = a->gives = &a->signature;
    return a;
}

void administrator_take_sign(struct administrator *administrator)
{
    administrator->lacks_sign = true;
    administrator->encryption = administrator_key(KC_CURVE_X25519, 40);
    free(administrator->account_profile);
    administrator->account_profile = profile_make(administrator);
}

struct administrator *administrator_new(void)
{
    return administrator_of(1, ADMINISTRATOR_ADDRESS);
}

void administrator_free(struct administrator *administrator)
{
    free(administrator->account_profile);
    free(administrator);
}

char *administrator_acknowledge(const struct administrator *a, const struct kc_public_key *device,
    const char *request, const struct kc_mesh_connecting_device *known)
{
    static uint8_t room[ROOM];
    static const uint8_t nonce[KC_MESH_NONCE_SIZE] = {9, 8, 7};
    struct kc_object_writer w;
    struct kc_public_key account = public_of(&a->profile.public);
    char witness[KC_UDF_ID_SIZE];
    GOOD(kc_connection_witness(&account, (struct kc_span){nonce, sizeof nonce}, device,
        (struct kc_span){known->nonce, sizeof known->nonce}, witness));
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_AcknowledgeConnection);
    kc_object_write_text(&w, "MessageId", witness);
    write_source(&w, "EnvelopedRequestConnection", request);
    kc_object_write_octets(&w, "ServerNonce", (struct kc_span){nonce, sizeof nonce});
    kc_object_write_text(&w, "Witness", witness);
    kc_object_write_end(&w);
    return envelope(&w, "AcknowledgeConnection", NULL, NULL);
}

/* --- the activation --- */

static struct kc_key activation_key(const struct administrator *a, const char *name)
{
    struct kc_key key;
    GOOD(kc_mesh_seed_key((struct kc_span){a->seed, sizeof a->seed}, KC_CURVE_ED448,
        KC_DERIVATION_CURRENT, name, &key));
    return key;
}

static void composite_of(const struct administrator *a,
    const struct kc_point base[KC_MESH_DEVICE_KEYS], struct kc_point composite[KC_MESH_DEVICE_KEYS])
{
    for (size_t i = KC_MESH_DEVICE_SIGN; i < KC_MESH_DEVICE_KEYS; i++) {
        struct kc_key key = activation_key(a, kc_mesh_activation_names[i]);
        struct kc_point parts[2] = {base[i], key.public};
        GOOD(kc_point_sum(&composite[i], parts, 2));
    }
    if (a->says_rogue_key) /* one of his own, to which he would know the private half */
        composite[KC_MESH_DEVICE_SIGN] = a->account_signature.public;
}

static char *connection_make(
    const struct administrator *a, const struct kc_point composite[KC_MESH_DEVICE_KEYS])
{
    static uint8_t room[ROOM];
    struct kc_object_writer w;
    if (a->lacks_connection)
        return NULL;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ConnectionDevice);
    if (a->updated != 0)
        kc_object_write_time(&w, "Updated", a->updated);
    write_text(&w, "Subject", a->subject);
    write_text(&w, "Authority", a->authority);
    kc_object_write_text(&w, "Account", a->address);
    if (!a->lacks_authentication)
        write_public(&w, "Authentication", &composite[KC_MESH_DEVICE_AUTHENTICATE]);
    write_public(&w, "Signature", &composite[KC_MESH_DEVICE_SIGN]);
    write_public(&w, "Encryption", &composite[KC_MESH_DEVICE_ENCRYPT]);
    kc_object_write_end(&w);
    return envelope(&w, "ConnectionDevice", a->connects, NULL);
}

static char *seed_make(
    const struct administrator *a, const struct kc_point base[KC_MESH_DEVICE_KEYS])
{
    static uint8_t room[ROOM];
    char text[KC_UDF_TEXT_SIZE];
    uint8_t sent[sizeof a->seed];
    struct kc_object_writer w;
    memcpy(sent, a->seed, sizeof sent);
    sent[1] = a->sent_code != 0 ? a->sent_code : sent[1];
    GOOD(kc_udf_present(KC_UDF_SEED, (struct kc_span){sent, sizeof sent}, 0, text, sizeof text));
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(
        &w, NULL, a->names_of_2022 ? KC_OBJECT_ActivationAccount : KC_OBJECT_ActivationDevice);
    kc_object_write_text(&w, "ActivationKey", text);
    write_text(&w, "AccountUdf", a->seed_account_udf);
    kc_object_write_end(&w);
    const struct kc_point *to =
        a->seed_to.scalar.curve != 0 ? &a->seed_to.public : &base[KC_MESH_DEVICE_ENCRYPT];
    return envelope(&w, "ActivationDevice", a->activates, to);
}

static void write_tagged_public(
    struct kc_object_writer *w, const char *field, const struct kc_public_key *key)
{
    kc_object_write_tagged(w, field, KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(w, "crv", key->algorithm);
    kc_object_write_octets(w, "Public", (struct kc_span){key->octets, key->size});
    kc_object_write_end(w);
}

static void write_tagged_point(
    struct kc_object_writer *w, const char *field, const struct kc_point *point)
{
    if (point == NULL)
        return;
    struct kc_public_key public = public_of(point);
    write_tagged_public(w, field, &public);
}

static void write_private(
    struct kc_object_writer *w, const char *field, const struct kc_scalar *scalar)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    char curve[sizeof "Ed25519z"];
    (void)snprintf(curve, sizeof curve, "%sz", kc_curve_info(scalar->curve)->name);
    kc_scalar_encode(scalar, octets);
    kc_object_write_tagged(w, field, KC_OBJECT_PrivateKeyECDH);
    kc_object_write_text(w, "crv", curve);
    kc_object_write_octets(
        w, "Private", (struct kc_span){octets, kc_curve_info(scalar->curve)->scalar_size});
    kc_object_write_end(w);
}

/* As kc_mesh_write_scalar, in a KeyShare. */
static void write_share(const struct administrator *a, struct kc_object_writer *w,
    const char *field, const struct kc_public_key *own, const struct kc_scalar *scalar)
{
    kc_object_write_object(w, field, KC_OBJECT_KeyData);
    write_tagged_public(w, "PublicParameters", own);
    kc_object_write_tagged(w, "PrivateParameters", KC_OBJECT_KeyShare);
    write_tagged_point(w, "PublicPrimary", a->says_primary);
    write_private(w, "Share", scalar);
    kc_object_write_text(w, "ServiceId", "MAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG");
    kc_object_write_end(w);
    kc_object_write_end(w);
}

/* The share of 12345, as the sum of the device's base encryption key and what is sent. */
static void write_composite(
    const struct administrator *a, struct kc_object_writer *w, const char *field)
{
    KC_AUTO_DEVICE_KEYS device = administrator_device();
    const struct kc_key *base = &device.of[KC_MESH_DEVICE_ENCRYPT];
    struct kc_public_key named = public_of(&base->public);
    struct kc_scalar sum, salt;
    kc_scalar_set(&sum, KC_CURVE_X448, 12345);
    kc_scalar_subtract(&salt, &sum, &base->scalar);
    kc_object_write_object(w, field, KC_OBJECT_KeyData);
    kc_object_write_tagged(w, "PrivateParameters", KC_OBJECT_CompositePrivate);
    kc_object_write_text(
        w, "DeviceKeyUdf", a->names_device_key != NULL ? a->names_device_key : named.udf);
    write_private(w, "PrivateSalt", &salt);
    write_tagged_point(w, "ServiceShare", a->says_peer);
    kc_object_write_end(w);
    kc_object_write_end(w);
}

static void give(const struct administrator *a, struct kc_object_writer *w, const char *field,
    const struct kc_key *whole, enum given given)
{
    if (given == GIVEN_NONE)
        return;
    if (given == GIVEN_COMPOSITE) {
        write_composite(a, w, field);
        return;
    }
    struct kc_key key = *whole;
    struct kc_scalar scalar = key.scalar;
    if (given != GIVEN_WHOLE) {
        kc_scalar_set(&scalar, whole->scalar.curve, given == GIVEN_SHARE ? 12345 : 0);
        if (given == GIVEN_SHARE)
            GOOD(kc_key_from_scalar(&key, &scalar));
    }
    struct kc_public_key public =
        public_of(a->lies_about_public ? &a->profile.public : &key.public);
    if (a->lacks_sign && whole == &a->encryption)
    public = signless(&public);
    if (given == GIVEN_SHARE && !a->shares_of_2021)
        write_share(a, w, field, &public, &scalar);
    else
        kc_mesh_write_scalar(w, field, &public, &scalar);
}

/* The names of 2022, which the table reads and does not write: "Encryption" of "AccountEncryption". */
static void rename_to_2022(struct kc_object_writer *w)
{
    static const char longer[] = "\"Account";
    uint8_t *text = w->json.out.bytes;
    size_t made = 0, size = w->json.out.size;
    for (size_t i = 0; i < size; i++) {
        text[made++] = text[i];
        if (i + sizeof longer < size && memcmp(text + i, longer, sizeof longer - 1) == 0)
            i += sizeof longer - 2;
    }
    w->json.out.size = made;
}

static char *keys_make(
    const struct administrator *a, const struct kc_point composite[KC_MESH_DEVICE_KEYS])
{
    static uint8_t room[ROOM];
    struct kc_object_writer w;
    kc_object_writer_init(&w, room, sizeof room);
    bool renamed = a->names_of_2022;
    kc_object_write_tagged(
        &w, NULL, renamed ? KC_OBJECT_ActivationCommon : KC_OBJECT_ActivationAccount);
    if (!renamed)
        write_text(&w, "AccountUdf", a->seed_account_udf);
    give(a, &w, "ProfileSignature", &a->profile, a->gives_profile);
    give(a, &w, "AdministratorSignature", &a->signature, a->gives_administrator);
    give(a, &w, "AccountEncryption", &a->encryption, a->gives_encryption);
    give(a, &w, "AccountAuthentication", &a->authentication, a->gives_authentication);
    give(a, &w, "AccountSignature", &a->account_signature, a->gives_signature);
    if (a->gives_store != GIVEN_NONE) {
        struct kc_key store = administrator_key(KC_CURVE_X448, 77);
        kc_object_write_list(&w, "Entries");
        kc_object_write_object(&w, NULL, KC_OBJECT_ActivationEntry);
        kc_object_write_text(&w, "Resource", "MMM_Contact");
        give(a, &w, "Key", &store, a->gives_store);
        kc_object_write_end(&w);
        kc_object_write_end(&w);
    }
    kc_object_write_end(&w);
    if (renamed)
        rename_to_2022(&w);
    const struct kc_point *to =
        a->keys_to.scalar.curve != 0 ? &a->keys_to.public : &composite[KC_MESH_DEVICE_ENCRYPT];
    return envelope(&w, "ActivationAccount", a->gives, to);
}

char *administrator_respond(
    const struct administrator *a, const struct kc_point base[KC_MESH_DEVICE_KEYS])
{
    static uint8_t room[ROOM];
    struct kc_object_writer w;
    struct kc_point composite[KC_MESH_DEVICE_KEYS];
    bool gives = a->gives_encryption || a->gives_signature || a->gives_administrator ||
                 a->gives_store || a->gives_profile || a->gives_authentication;
    composite_of(a, base, composite);
    char *connection = connection_make(a, composite), *seed = seed_make(a, base);
    char *keys = gives ? keys_make(a, composite) : NULL;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_RespondConnection);
    kc_object_write_text(&w, "MessageId", a->response_id);
    kc_object_write_text(&w, "Result", a->result);
    if (strcmp(a->result, "Accept") == 0 || a->rejects_with_device) {
        kc_object_write_object(&w, "CatalogedDevice", KC_OBJECT_CatalogedDevice);
        write_text(&w, "DeviceUdf", a->device_udf);
        write_source(&w, "EnvelopedProfileDevice", a->device_profile);
        write_source(&w, "EnvelopedConnectionDevice", connection);
        write_source(&w,
            a->names_of_2022 ? "EnvelopedActivationAccount" : "EnvelopedActivationDevice", seed);
        write_source(&w,
            a->names_of_2022 ? "EnvelopedActivationCommon" : "EnvelopedActivationAccount", keys);
        kc_object_write_end(&w);
    }
    kc_object_write_end(&w);
    char *text = envelope(&w, "RespondConnection", a->responds, NULL);
    free(connection);
    free(seed);
    free(keys);
    return text;
}
