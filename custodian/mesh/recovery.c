/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/recovery.h"

#include "base/ct.h"
#include "base/secret.h"
#include "custodian/mesh/verify.h"
#include "proto/object.h"
#include "proto/udf_key.h"

#include <stdlib.h>
#include <string.h>

#define SET_SIZE 9 /* of an id's text: its second and third group, "NJ3D-OJIO" */
#define SET_GROUP 4
#define SET_AT 5
#define PAYLOAD_ROOM 512   /* octets of an EscrowedKeySet */
#define SEED_OCTETS 35     /* of the UDF of a seed of 32 octets, its type included */
#define SEED_TEXT_SIZE 128 /* characters of the UDF of a seed */

void kc_recovery_seed_wipe(struct kc_recovery_seed *seed)
{
    kc_wipe(seed, sizeof *seed);
}

/* --- the key that signs --- */

static const char *profile_name(struct kc_span seed)
{
    switch (kc_mesh_seed_type(seed)) {
    case KC_MESH_SEED_PROFILE_DEVICE:
        return "BaseDeviceProfile";
    case KC_MESH_SEED_PROFILE_ACCOUNT:
        return "CompleteAccountProfile";
    case KC_MESH_SEED_PROFILE_SERVICE:
        return "BaseServiceProfile";
    default:
        return NULL;
    }
}

enum kc_error kc_recovery_profile_key(
    struct kc_span seed, enum kc_curve signing, struct kc_key *key)
{
    const char *name = profile_name(seed);
    return name == NULL ? KC_ERR_BAD_ARGUMENT
                        : kc_mesh_seed_key(seed, signing, KC_DERIVATION_CURRENT, name, key);
}

/* --- making a record --- */

static enum kc_error payload_write(const struct kc_recovery_seed *seed, const char *profile,
    uint64_t now, uint8_t payload[PAYLOAD_ROOM], size_t *size)
{
    char text[SEED_TEXT_SIZE];
    struct kc_object_writer w;
    enum kc_error error = kc_udf_present(
        KC_UDF_SEED, (struct kc_span){seed->octets, seed->size}, 0, text, sizeof text);
    if (error != KC_OK)
        return error;
    kc_object_writer_init(&w, payload, PAYLOAD_ROOM);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_EscrowedKeySet);
    kc_object_write_list(&w, "Seeds");
    kc_object_write_text(&w, NULL, text);
    kc_object_write_end(&w);
    kc_object_write_text(&w, "ProfileUdf", profile);
    kc_object_write_time(&w, "Updated", (int64_t)now);
    kc_object_write_end(&w);
    kc_wipe(text, sizeof text);
    *size = w.json.out.size;
    return kc_object_writer_finish(&w);
}

/* The signed part. Secret, terminated: kc_room_free. */
static enum kc_error inner_make(const struct kc_mesh_source *source,
    const struct kc_recovery_seed *seed, char **text, size_t *size)
{
    KC_AUTO_KEY key = {0};
    struct kc_public_key public;
    uint8_t payload[PAYLOAD_ROOM];
    size_t payload_size = 0;
    enum kc_error error =
        kc_recovery_profile_key((struct kc_span){seed->octets, seed->size}, seed->signing, &key);
    if (error == KC_OK)
        error = kc_mesh_public_key(&key.public, &public);
    if (error == KC_OK)
        error = payload_write(seed, public.udf, source->now, payload, &payload_size);
    struct kc_mesh_letter letter = {.payload = {payload, payload_size},
        .type = "EscrowedKeySet",
        .signer = &key,
        .in_room = true};
    if (error == KC_OK)
        error = kc_mesh_envelope_make(source, &letter, text, size);
    kc_wipe(payload, sizeof payload);
    return error;
}

enum kc_error kc_recovery_make(const struct kc_mesh_source *source,
    const struct kc_recovery_seed *seed, uint8_t key[static KC_RECOVERY_KEY_SIZE],
    char id[static KC_UDF_ID_SIZE], char **text, size_t *size)
{
    char *inner = NULL;
    size_t inner_size = 0;
    struct kc_span secret = {key, KC_RECOVERY_KEY_SIZE};
    enum kc_error error = source->random(source->context, key, KC_RECOVERY_KEY_SIZE);
    if (error == KC_OK)
        error = kc_udf_symmetric_id(secret, id);
    if (error == KC_OK)
        error = inner_make(source, seed, &inner, &inner_size);
    struct kc_mesh_letter letter = {
        .payload = {(const uint8_t *)inner, inner_size}, .id = id, .secret = secret};
    if (error == KC_OK)
        error = kc_mesh_envelope_make(source, &letter, text, size);
    kc_room_free(inner);
    return error;
}

/* --- shares --- */

enum kc_error kc_recovery_share_print(
    const struct kc_udf_share *share, const char *id, char text[static KC_RECOVERY_SHARE_SIZE])
{
    static const char between[] = " : ";
    if (strlen(id) < SET_AT + SET_SIZE || share->size != 1 + KC_RECOVERY_KEY_SIZE)
        return KC_ERR_INTERNAL;
    enum kc_error error = kc_udf_present(KC_UDF_SHARE, (struct kc_span){share->octets, share->size},
        0, text, KC_RECOVERY_SHARE_SIZE - SET_SIZE - sizeof between);
    if (error != KC_OK)
        return KC_ERR_INTERNAL;
    char *end = text + strlen(text);
    memcpy(end, between, sizeof between - 1);
    memcpy(end + sizeof between - 1, id + SET_AT, SET_SIZE);
    end[sizeof between - 1 + SET_SIZE] = '\0';
    return KC_OK;
}

/* Shares as they are read. Secret. */
struct reading {
    struct kc_udf_share shares[KC_UDF_SHAMIR_SHARES_MAX];
    size_t count;
    char set[SET_SIZE + 1]; /* of the shares before; empty: none said */
};

/* What people type for a letter that looks like it. The alphabet has neither 0 nor 8; a 1 could be an I
 * or an L, and is told them. */
static uint8_t letter_meant(uint8_t c)
{
    return c == '0' ? 'O' : c == '8' ? 'B' : c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

static bool is_base32(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

/* Letters and digits of a set, as it is written: dashes and white space are put where they belong.
 * False: no set. */
static bool set_read(struct kc_span text, char set[SET_SIZE + 1])
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)letter_meant(text.bytes[i]);
        if (c == ' ' || c == '\t' || c == '\r' || c == '-')
            continue;
        if (size == SET_SIZE || !is_base32(c))
            return false;
        set[size++] = c;
        if (size == SET_GROUP)
            set[size++] = '-';
    }
    set[size] = '\0';
    return size == SET_SIZE;
}

static enum kc_error set_check(struct reading *reading, struct kc_span text)
{
    char set[SET_SIZE + 1];
    if (!set_read(text, set))
        return KC_ERR_BAD_ARGUMENT;
    if (reading->set[0] != '\0' && strcmp(reading->set, set) != 0)
        return KC_ERR_SHARES_MIXED;
    memcpy(reading->set, set, sizeof set);
    return KC_OK;
}

static bool is_same(const struct kc_udf_share *a, const struct kc_udf_share *b)
{
    return a->size == b->size && kc_ct_bytes_equal(a->octets, b->octets, a->size) != 0;
}

static enum kc_error share_add(struct reading *reading, const struct kc_udf_share *share)
{
    const struct kc_udf_share *first = &reading->shares[0];
    for (size_t i = 0; i < reading->count; i++) {
        if (is_same(&reading->shares[i], share))
            return KC_OK;
        if (reading->shares[i].octets[0] == share->octets[0])
            return KC_ERR_SHARES_MIXED; /* two shares of one place */
    }
    if (reading->count > 0 &&
        (first->size != share->size || first->octets[0] >> 4 != share->octets[0] >> 4))
        return KC_ERR_SHARES_MIXED;
    if (reading->count == KC_UDF_SHAMIR_SHARES_MAX)
        return KC_ERR_SHARES_MIXED;
    reading->shares[reading->count++] = *share;
    return KC_OK;
}

/* A share as it was typed. */
static enum kc_error udf_read(struct kc_span text, struct kc_udf *udf)
{
    uint8_t meant[KC_UDF_TEXT_SIZE]; /* secret */
    if (text.size > sizeof meant)
        return KC_ERR_BAD_ARGUMENT;
    for (size_t i = 0; i < text.size; i++)
        meant[i] = letter_meant(text.bytes[i]);
    enum kc_error error = kc_udf_parse((struct kc_span){meant, text.size}, udf);
    kc_wipe(meant, sizeof meant);
    return error;
}

static enum kc_error line_read(struct reading *reading, struct kc_span line)
{
    struct kc_udf udf;
    struct kc_udf_share share = {0};
    const uint8_t *colon = memchr(line.bytes, ':', line.size);
    struct kc_span text = {line.bytes, colon ? (size_t)(colon - line.bytes) : line.size};
    enum kc_error error = udf_read(text, &udf);
    if (error == KC_OK && (udf.type != KC_UDF_SHARE || udf.data_size > sizeof share.octets ||
                              udf.data_size < 1 + KC_UDF_SHAMIR_SECRET_MIN))
        error = KC_ERR_BAD_ARGUMENT;
    if (error == KC_OK && colon != NULL)
        error = set_check(
            reading, (struct kc_span){colon + 1, line.size - (size_t)(colon - line.bytes) - 1});
    if (error == KC_OK) {
        share.size = udf.data_size;
        memcpy(share.octets, udf.data, udf.data_size);
        error = share_add(reading, &share);
    }
    kc_wipe(&udf, sizeof udf);
    kc_wipe(&share, sizeof share);
    return error;
}

static bool is_blank(struct kc_span line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.bytes[i] != ' ' && line.bytes[i] != '\t' && line.bytes[i] != '\r')
            return false;
    return true;
}

/* number: of the share that was read last. */
static enum kc_error shares_read(struct kc_span text, struct reading *reading, size_t *number)
{
    enum kc_error error = KC_OK;
    while (error == KC_OK && text.size > 0) {
        const uint8_t *end = memchr(text.bytes, '\n', text.size);
        size_t size = end ? (size_t)(end - text.bytes) : text.size;
        if (!is_blank((struct kc_span){text.bytes, size})) {
            ++*number;
            error = line_read(reading, (struct kc_span){text.bytes, size});
        }
        size += end != NULL;
        text = (struct kc_span){text.bytes + size, text.size - size};
    }
    return error;
}

static enum kc_error combine(const struct reading *reading, uint8_t *secret, size_t *secret_size)
{
    const struct kc_udf_share *first = &reading->shares[0];
    if (reading->count == 0 || reading->count < first->octets[0] >> 4)
        return KC_ERR_SHARES_FEW;
    enum kc_error error = kc_udf_shamir_recover(secret, reading->shares, reading->count);
    if (error == KC_OK)
        *secret_size = first->size - 1;
    return error == KC_OK || error == KC_ERR_INTERNAL ? error : KC_ERR_SHARES_WRONG;
}

enum kc_error kc_recovery_combine(
    struct kc_span shares, uint8_t *secret, size_t *secret_size, size_t *wrong)
{
    struct reading reading = {0};
    size_t number = 0;
    *wrong = 0;
    if (shares.size > KC_RECOVERY_SHARES_SIZE)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = shares_read(shares, &reading, &number);
    if (error != KC_OK)
        *wrong = number;
    if (error == KC_OK)
        error = combine(&reading, secret, secret_size);
    kc_wipe(&reading, sizeof reading);
    return error;
}

/* --- opening a record --- */

/* "Ed448, and X448 for the rest", or the smaller ones: the profile's key tells which. */
static enum kc_error seed_check(
    const char *profile, struct kc_span octets, struct kc_recovery_seed *seed)
{
    static const enum kc_curve curves[] = {KC_CURVE_ED448, KC_CURVE_ED25519};
    if (octets.size > sizeof seed->octets)
        return KC_ERR_RECOVERY_PROFILE;
    for (size_t i = 0; i < 2; i++) {
        KC_AUTO_KEY key = {0};
        struct kc_public_key public;
        if (kc_recovery_profile_key(octets, curves[i], &key) != KC_OK ||
            kc_mesh_public_key(&key.public, &public) != KC_OK ||
            !kc_udf_names_key(
                profile, public.algorithm, (struct kc_span){public.octets, public.size}))
            continue;
        memcpy(seed->octets, octets.bytes, octets.size);
        seed->size = octets.size;
        seed->signing = curves[i];
        seed->profile = public;
        return KC_OK;
    }
    return KC_ERR_RECOVERY_PROFILE;
}

/* The one of the seeds that makes the expected profile. */
static enum kc_error seeds_read(
    const struct kc_object *set, const char *profile, struct kc_recovery_seed *seed)
{
    enum kc_error error = KC_ERR_RECOVERY_PROFILE;
    struct kc_json_walk walk = kc_json_walk(kc_object_member(set, "Seeds"));
    while (error != KC_OK && kc_json_walk_next(&walk)) {
        char text[SEED_TEXT_SIZE];
        struct kc_udf udf = {0};
        if (kc_json_text(walk.value, text, sizeof text) == KC_OK &&
            kc_udf_parse((struct kc_span){(const uint8_t *)text, strlen(text)}, &udf) == KC_OK &&
            udf.type == KC_UDF_SEED)
            error = seed_check(profile, (struct kc_span){udf.data, udf.data_size}, seed);
        kc_wipe(text, sizeof text);
        kc_wipe(&udf, sizeof udf);
    }
    return error;
}

/* The set is read before it is verified, as the key that signed it is derived of what is in it. */
static enum kc_error inner_open(
    struct kc_span text, const char *profile, struct kc_recovery_seed *seed)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    struct kc_json_document document = {0};
    struct kc_object set;
    struct kc_object_notes notes;
    const struct kc_dare_signature *signature;
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    if (error == KC_OK)
        error = kc_object_parse((struct kc_span){envelope->body, envelope->body_size},
            envelope->body_size, KC_OBJECT_EscrowedKeySet, &document, &set, &notes);
    if (error == KC_OK)
        error = seeds_read(&set, profile, seed);
    kc_json_done(&document);
    if (error == KC_OK &&
        kc_dare_envelope_verify(envelope, &seed->profile, kc_mesh_verify, &signature) != KC_OK)
        error = KC_ERR_RECOVERY_PROFILE;
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error == KC_OK || error == KC_ERR_NO_MEMORY ? error : KC_ERR_RECOVERY_PROFILE;
}

/* Whichever entry opens: R is the one that it is for. */
static enum kc_error base_seed_find(const struct kc_dare_envelope *envelope, struct kc_span secret,
    uint8_t seed[static KC_DARE_SEED_SIZE])
{
    for (size_t i = 0; i < envelope->recipient_count; i++)
        if (envelope->recipients[i].ephemeral_size == 0 &&
            kc_dare_unwrap_agreed(secret, envelope->recipients[i].wrapped, seed) == KC_OK)
            return KC_OK;
    return KC_ERR_RECOVERY;
}

static enum kc_error outer_open(const struct kc_dare_envelope *envelope, struct kc_span secret,
    const char *profile, struct kc_recovery_seed *seed)
{
    uint8_t base[KC_DARE_SEED_SIZE];
    size_t size = 0;
    uint8_t *inner = kc_room_allocate(envelope->body_size + 1);
    if (inner == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = base_seed_find(envelope, secret, base);
    if (error == KC_OK && kc_dare_envelope_decrypt(envelope, NULL, base, inner, &size) != KC_OK)
        error = KC_ERR_RECOVERY;
    if (error == KC_OK)
        error = inner_open((struct kc_span){inner, size}, profile, seed);
    kc_wipe(base, sizeof base);
    kc_room_free(inner);
    return error;
}

static enum kc_error record_open(
    struct kc_span text, struct kc_span secret, const char *profile, struct kc_recovery_seed *seed)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (text.size > KC_RECOVERY_RECORD_MAX || envelope == NULL) {
        free(envelope);
        return text.size > KC_RECOVERY_RECORD_MAX ? KC_ERR_TOO_LARGE : KC_ERR_NO_MEMORY;
    }
    enum kc_error error = kc_dare_envelope_read(text, envelope);
    if (error == KC_OK)
        error = outer_open(envelope, secret, profile, seed);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return error;
}

enum kc_error kc_recovery_open(
    struct kc_span text, struct kc_span secret, const char *profile, struct kc_recovery_seed *seed)
{
    KC_AUTO_RECOVERY_SEED opened = {0};
    bool is_seed = secret.size == SEED_OCTETS && secret.bytes[0] == KC_UDF_SEED;
    enum kc_error error =
        is_seed && text.size == 0
            ? seed_check(profile, (struct kc_span){secret.bytes + 1, secret.size - 1}, &opened)
            : record_open(text, secret, profile, &opened);
    if (error == KC_OK)
        *seed = opened;
    return error;
}
