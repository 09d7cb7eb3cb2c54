/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/keeper.h"
#include "base/text.h"
#include "custodian/vault/root.h"
#include "proto/hkdf.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 32
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES

#define PREFIX_SIZE (GENERATION_SIZE + NONCE_SIZE)
#define GENERATION_SIZE 4

_Static_assert(PREFIX_SIZE + KC_KEPT_SECRET_MAX + TAG_SIZE <= KC_RECORD_SECRET_MAX,
    "any secret fits into its record");
_Static_assert(KC_ROOT_KEY_SIZE == KEY_SIZE && KC_RECORD_MAC_SIZE == crypto_auth_hmacsha256_BYTES,
    "keys and MACs have one size");

/* In the arena; once ready they do not change. */
struct keys {
    uint8_t mac[KEY_SIZE];
    uint8_t pin[KEY_SIZE];
    uint8_t head[KEY_SIZE];
    uint8_t names[KEY_SIZE];
    uint8_t authorisation[KEY_SIZE];
    uint8_t attestation[KEY_SIZE];
    uint8_t maker[KEY_SIZE];
};

/* A wrapping key; in the arena. */
struct generation {
    uint32_t number; /* 0: none */
    uint8_t key[KEY_SIZE];
};

struct kc_keeper {
    const struct kc_config *config;
    const struct kc_vault_outside *outside;
    atomic_size_t home; /* number of the root that has the vault's own secret */
    struct kc_entropy *entropy;
    pthread_mutex_t lock; /* of loading, and of record */
    atomic_bool ready;
    struct keys *keys;
    pthread_rwlock_t generations_lock;
    struct generation *generations; /* KC_GENERATIONS */
    struct kc_record record;        /* the vault's own */
};

enum kc_error kc_keeper_new(const struct kc_config *config, const struct kc_vault_outside *outside,
    struct kc_entropy *entropy, struct kc_keeper **keeper)
{
    struct kc_keeper *k = calloc(1, sizeof *k);
    struct keys *keys = kc_arena_allocate(sizeof *keys);
    struct generation *generations = kc_arena_allocate(KC_GENERATIONS * sizeof *generations);
    if (!k || !keys || !generations) {
        kc_arena_free(keys);
        kc_arena_free(generations);
        free(k);
        return KC_ERR_NO_MEMORY;
    }
    k->config = config;
    k->outside = outside;
    k->entropy = entropy;
    k->keys = keys;
    k->generations = generations;
    pthread_rwlock_init(&k->generations_lock, NULL);
    pthread_mutex_init(&k->lock, NULL);
    *keeper = k;
    return KC_OK;
}

void kc_keeper_free(struct kc_keeper *keeper)
{
    if (!keeper)
        return;
    kc_arena_free(keeper->keys);
    kc_arena_free(keeper->generations);
    pthread_rwlock_destroy(&keeper->generations_lock);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

bool kc_keeper_ready(struct kc_keeper *keeper)
{
    return atomic_load(&keeper->ready);
}

/* --- roots --- */

struct kc_vault_root kc_keeper_home(struct kc_keeper *keeper)
{
    return (struct kc_vault_root){keeper->outside, atomic_load(&keeper->home)};
}

const char *kc_keeper_home_name(struct kc_keeper *keeper)
{
    return keeper->config->roots[atomic_load(&keeper->home)].name;
}

enum kc_error kc_keeper_root_of(
    struct kc_keeper *keeper, const struct kc_record *record, struct kc_vault_root *root)
{
    if (!kc_residence_has_root(record->residence)) {
        *root = kc_keeper_home(keeper);
        return KC_OK;
    }
    return kc_vault_root_find(keeper->config, keeper->outside, record->root, root);
}

static enum kc_error unseal(
    struct kc_keeper *keeper, const struct kc_record *record, uint8_t key[static KEY_SIZE])
{
    struct kc_vault_root root;
    enum kc_error error = kc_keeper_root_of(keeper, record, &root);
    return error == KC_OK ? kc_vault_root_unseal(root, record, key) : error;
}

/* Under the root that the record names; it names one. */
static enum kc_error seal(
    struct kc_keeper *keeper, const uint8_t key[static KEY_SIZE], struct kc_record *record)
{
    struct kc_vault_root root;
    enum kc_error error = kc_keeper_root_of(keeper, record, &root);
    return error == KC_OK ? kc_vault_root_seal(root, key, record) : error;
}

/* --- the root secret --- */

static enum kc_error derive_one(
    struct kc_span secret, const char *purpose, uint8_t key[static KEY_SIZE])
{
    struct kc_span info = {(const uint8_t *)purpose, strlen(purpose)};
    return kc_hkdf(KC_HASH_SHA256, secret, (struct kc_span){NULL, 0}, info, key, KEY_SIZE);
}

static enum kc_error derive(const uint8_t secret[static KEY_SIZE], struct keys *keys)
{
    struct kc_span span = {secret, KEY_SIZE};
    enum kc_error error = derive_one(span, "custodian vault: record MAC, 1", keys->mac);
    if (error == KC_OK)
        error = derive_one(span, "custodian vault: PIN verifier, 1", keys->pin);
    if (error == KC_OK)
        error = derive_one(span, "custodian vault: head MAC, 1", keys->head);
    if (error == KC_OK)
        error = derive_one(span, "custodian vault: names in the map, 1", keys->names);
    if (error == KC_OK)
        error = derive_one(span, "custodian vault: head in the root, 1", keys->authorisation);
    if (error == KC_OK)
        error = derive_one(span, "custodian vault: attestation key, 1", keys->attestation);
    if (error == KC_OK)
        error = derive_one(span, "custodian vault: maker of resident keys, 1", keys->maker);
    return error;
}

static void compute_mac(const uint8_t key[static KEY_SIZE], const struct kc_record *record,
    uint8_t mac[static KC_RECORD_MAC_SIZE])
{
    uint8_t packed[KC_RECORD_SIZE_MAX];
    struct kc_writer w;
    kc_writer_init(&w, packed, sizeof packed);
    kc_record_pack(&w, record);
    if (kc_writer_finish(&w) != KC_OK)
        abort(); /* any record fits */
    crypto_auth_hmacsha256(mac, packed, w.size - KC_RECORD_MAC_SIZE, key);
}

static bool has_mac(const uint8_t key[static KEY_SIZE], const struct kc_record *record)
{
    uint8_t mac[KC_RECORD_MAC_SIZE];
    compute_mac(key, record, mac);
    return sodium_memcmp(mac, record->mac, sizeof mac) == 0;
}

/* The lock is held. */
static enum kc_error load(struct kc_keeper *keeper, const struct kc_record *record)
{
    if (atomic_load(&keeper->ready))
        return KC_OK;
    uint8_t secret[KEY_SIZE]; /* secret */
    struct keys keys = {0};   /* secret */
    struct kc_vault_root root;
    enum kc_error error = kc_keeper_root_of(keeper, record, &root);
    if (error == KC_OK)
        error = kc_vault_root_unseal(root, record, secret);
    if (error == KC_OK)
        error = derive(secret, &keys);
    if (error == KC_OK && !has_mac(keys.mac, record))
        error = KC_ERR_RECORD_DAMAGED;
    if (error == KC_OK)
        error = kc_entropy_stir(keeper->entropy, root);
    if (error == KC_OK) {
        atomic_store(&keeper->home, root.number);
        *keeper->keys = keys;
        keeper->record = *record;
        atomic_store(&keeper->ready, true);
    }
    kc_wipe(secret, sizeof secret);
    kc_wipe(&keys, sizeof keys);
    return error;
}

enum kc_error kc_keeper_load(struct kc_keeper *keeper, const struct kc_record *record)
{
    if (record->kind != KC_KIND_VAULT || strcmp(record->id, KC_RECORD_ID_VAULT) != 0)
        return KC_ERR_RECORD_DAMAGED;
    pthread_mutex_lock(&keeper->lock);
    enum kc_error error = load(keeper, record);
    pthread_mutex_unlock(&keeper->lock);
    return error;
}

enum kc_error kc_keeper_make(struct kc_keeper *keeper, struct kc_record *record)
{
    struct kc_record made = {.format = KC_RECORD_FORMAT,
        .id = KC_RECORD_ID_VAULT,
        .kind = KC_KIND_VAULT,
        .residence = KC_RESIDENCE_SEALED,
        .state = KC_STATE_ACTIVE,
        .version = 1,
        .created = keeper->outside->seconds(keeper->outside->context)};
    uint8_t secret[KEY_SIZE];       /* secret */
    struct keys keys = {0};         /* secret */
    atomic_store(&keeper->home, 0); /* a new store begins with the first root */
    KC_TEXT_COPY_ARRAY(made.root, keeper->config->roots[0].name);
    enum kc_error error = kc_entropy_stir(keeper->entropy, kc_keeper_home(keeper));
    if (error == KC_OK)
        error = kc_entropy_fill(keeper->entropy, secret, sizeof secret);
    if (error == KC_OK)
        error = seal(keeper, secret, &made);
    if (error == KC_OK)
        error = derive(secret, &keys);
    if (error == KC_OK) {
        compute_mac(keys.mac, &made, made.mac);
        *record = made;
        *keeper->keys = keys; /* not ready by that: the record is to be stored, and loaded */
    }
    kc_wipe(secret, sizeof secret);
    kc_wipe(&keys, sizeof keys);
    return error;
}

struct kc_record kc_keeper_record(struct kc_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    struct kc_record record = keeper->record;
    pthread_mutex_unlock(&keeper->lock);
    return record;
}

void kc_keeper_changed(struct kc_keeper *keeper, const struct kc_record *record)
{
    struct kc_vault_root root;
    pthread_mutex_lock(&keeper->lock);
    if (record->version > keeper->record.version) {
        keeper->record = *record;
        if (kc_keeper_root_of(keeper, record, &root) == KC_OK)
            atomic_store(&keeper->home, root.number);
    }
    pthread_mutex_unlock(&keeper->lock);
}

/* --- records --- */

/* secret; KC_ERR_RECORD_DAMAGED: that generation was destroyed, or never was */
static enum kc_error find_generation(
    struct kc_keeper *keeper, uint32_t number, uint8_t key[static KEY_SIZE])
{
    enum kc_error error = KC_ERR_RECORD_DAMAGED;
    pthread_rwlock_rdlock(&keeper->generations_lock);
    for (size_t i = 0; number != 0 && i < KC_GENERATIONS; i++)
        if (keeper->generations[i].number == number) {
            memcpy(key, keeper->generations[i].key, KEY_SIZE);
            error = KC_OK;
        }
    pthread_rwlock_unlock(&keeper->generations_lock);
    return error;
}

/* The key of a sealed record's secret takes both: what the root seals for it alone, and the
 * generation, with which it is erased. */
static enum kc_error join(uint8_t own[static KEY_SIZE], const uint8_t generation[static KEY_SIZE])
{
    struct kc_span span = {own, KEY_SIZE}, salt = {generation, KEY_SIZE};
    static const char purpose[] = "custodian vault: sealed key, 1";
    uint8_t joined[KEY_SIZE]; /* secret */
    enum kc_error error = kc_hkdf(KC_HASH_SHA256, span, salt,
        (struct kc_span){(const uint8_t *)purpose, sizeof purpose - 1}, joined, sizeof joined);
    memcpy(own, joined, sizeof joined);
    kc_wipe(joined, sizeof joined);
    return error;
}

/* The key that a record's secret is encrypted with; secret. */
static enum kc_error find_key(struct kc_keeper *keeper, const struct kc_record *record,
    uint32_t number, uint8_t key[static KEY_SIZE])
{
    uint8_t generation[KEY_SIZE]; /* secret */
    if (record->residence == KC_RESIDENCE_NONE)
        return KC_ERR_RECORD_DAMAGED;
    enum kc_error error = find_generation(keeper, number, generation);
    if (error == KC_OK && record->residence != KC_RESIDENCE_SEALED)
        memcpy(key, generation, KEY_SIZE);
    else if (error == KC_OK && (error = unseal(keeper, record, key)) == KC_OK)
        error = join(key, generation);
    kc_wipe(generation, sizeof generation);
    return error;
}

/* The seal that a record of the sealed residence still lacks. */
static enum kc_error make_seal(struct kc_keeper *keeper, struct kc_record *record)
{
    uint8_t own[KEY_SIZE]; /* secret */
    if (record->root[0] == 0)
        KC_TEXT_COPY_ARRAY(record->root, keeper->config->roots[atomic_load(&keeper->home)].name);
    enum kc_error error = kc_entropy_fill(keeper->entropy, own, KEY_SIZE);
    if (error == KC_OK)
        error = seal(keeper, own, record);
    kc_wipe(own, sizeof own);
    return error;
}

static size_t describe(
    const struct kc_record *record, uint8_t associated[static KC_RECORD_SIZE_MAX])
{
    struct kc_writer w;
    kc_writer_init(&w, associated, KC_RECORD_SIZE_MAX);
    kc_record_associated_data(&w, record);
    if (kc_writer_finish(&w) != KC_OK)
        abort(); /* any description fits */
    return w.size;
}

static enum kc_error encrypt(struct kc_keeper *keeper, struct kc_record *record,
    const struct kc_secret *secret, uint32_t number, const uint8_t key[static KEY_SIZE])
{
    uint8_t associated[KC_RECORD_SIZE_MAX], nonce[NONCE_SIZE];
    size_t size = describe(record, associated);
    struct kc_writer w;
    enum kc_error error = kc_entropy_fill(keeper->entropy, nonce, sizeof nonce);
    if (error != KC_OK)
        return error;
    memset(record->secret, 0, sizeof record->secret);
    kc_writer_init(&w, record->secret, sizeof record->secret);
    kc_writer_u32(&w, number);
    kc_writer_bytes(&w, nonce, sizeof nonce);
    crypto_aead_xchacha20poly1305_ietf_encrypt(record->secret + PREFIX_SIZE, NULL, secret->bytes,
        secret->size, associated, size, NULL, nonce, key);
    record->secret_size = (uint16_t)(PREFIX_SIZE + secret->size + TAG_SIZE);
    return KC_OK;
}

static enum kc_error put_secret(
    struct kc_keeper *keeper, struct kc_record *record, const struct kc_secret *secret)
{
    uint8_t key[KEY_SIZE]; /* secret */
    uint32_t number = kc_keeper_generation(keeper);
    enum kc_error error = secret->size > KC_KEPT_SECRET_MAX ? KC_ERR_INTERNAL : KC_OK;
    if (error == KC_OK && record->residence == KC_RESIDENCE_SEALED && record->seal_size == 0)
        error = make_seal(keeper, record);
    if (error == KC_OK)
        error = find_key(keeper, record, number, key);
    if (error == KC_OK)
        error = encrypt(keeper, record, secret, number, key);
    kc_wipe(key, sizeof key);
    return error;
}

enum kc_error kc_keeper_protect(
    struct kc_keeper *keeper, struct kc_record *record, const struct kc_secret *secret)
{
    enum kc_error error = secret ? put_secret(keeper, record, secret) : KC_OK;
    if (error == KC_OK)
        compute_mac(keeper->keys->mac, record, record->mac);
    return error;
}

enum kc_error kc_keeper_believe(struct kc_keeper *keeper, const struct kc_record *record)
{
    return has_mac(keeper->keys->mac, record) ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

static enum kc_error decrypt(
    const struct kc_record *record, const uint8_t key[static KEY_SIZE], struct kc_secret *secret)
{
    uint8_t associated[KC_RECORD_SIZE_MAX];
    size_t size = describe(record, associated);
    KC_AUTO_SECRET opened = {0};
    enum kc_error error = kc_secret_init(&opened, record->secret_size - PREFIX_SIZE - TAG_SIZE);
    if (error != KC_OK)
        return error;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened.bytes, NULL, NULL,
            record->secret + PREFIX_SIZE, record->secret_size - PREFIX_SIZE, associated, size,
            record->secret + GENERATION_SIZE, key) != 0)
        return KC_ERR_RECORD_DAMAGED;
    *secret = kc_secret_take(&opened);
    return KC_OK;
}

enum kc_error kc_keeper_open(
    struct kc_keeper *keeper, const struct kc_record *record, struct kc_secret *secret)
{
    if (record->secret_size < PREFIX_SIZE + TAG_SIZE)
        return KC_ERR_RECORD_DAMAGED;
    uint8_t key[KEY_SIZE]; /* secret */
    enum kc_error error = find_key(keeper, record, kc_keeper_generation_of(record), key);
    if (error == KC_OK)
        error = decrypt(record, key, secret);
    kc_wipe(key, sizeof key);
    return error;
}

/* --- generations --- */

uint32_t kc_keeper_generation_of(const struct kc_record *record)
{
    struct kc_reader r;
    bool has = kc_kind_is_wrapped(record->kind) && record->secret_size >= PREFIX_SIZE + TAG_SIZE;
    kc_reader_init(&r, record->secret, has ? GENERATION_SIZE : 0);
    return kc_reader_u32(&r);
}

uint32_t kc_keeper_generation(struct kc_keeper *keeper)
{
    uint32_t newest = 0;
    pthread_rwlock_rdlock(&keeper->generations_lock);
    for (size_t i = 0; i < KC_GENERATIONS; i++)
        if (keeper->generations[i].number > newest)
            newest = keeper->generations[i].number;
    pthread_rwlock_unlock(&keeper->generations_lock);
    return newest;
}

static void put_generation(struct kc_keeper *keeper, uint32_t number, const uint8_t *key)
{
    pthread_rwlock_wrlock(&keeper->generations_lock);
    struct generation *place = NULL;
    for (size_t i = 0; i < KC_GENERATIONS; i++)
        if (keeper->generations[i].number == number ||
            (!place && keeper->generations[i].number == 0))
            place = &keeper->generations[i];
    if (!place)
        abort(); /* the anchor has no more either */
    place->number = number;
    memcpy(place->key, key, KEY_SIZE);
    pthread_rwlock_unlock(&keeper->generations_lock);
}

enum kc_error kc_keeper_load_generation(struct kc_keeper *keeper, uint32_t number,
    const struct kc_record *record, const uint8_t outside[static KEY_SIZE])
{
    static const char purpose[] = "custodian vault: wrapping key, 2";
    uint8_t sealed[KEY_SIZE], key[KEY_SIZE]; /* secret */
    enum kc_error error = unseal(keeper, record, sealed);
    if (error == KC_OK)
        error = kc_hkdf(KC_HASH_SHA256, (struct kc_span){sealed, KEY_SIZE},
            (struct kc_span){outside, KEY_SIZE},
            (struct kc_span){(const uint8_t *)purpose, sizeof purpose - 1}, key, sizeof key);
    if (error == KC_OK)
        put_generation(keeper, number, key);
    kc_wipe(sealed, sizeof sealed);
    kc_wipe(key, sizeof key);
    return error;
}

enum kc_error kc_keeper_make_generation(struct kc_keeper *keeper, struct kc_record *record)
{
    memset(record->seal, 0, sizeof record->seal);
    memset(record->root, 0, sizeof record->root);
    record->residence = KC_RESIDENCE_SEALED;
    record->state = KC_STATE_ACTIVE;
    record->created = keeper->outside->seconds(keeper->outside->context);
    enum kc_error error = make_seal(keeper, record);
    return error == KC_OK ? kc_keeper_protect(keeper, record, NULL) : error;
}

enum kc_error kc_keeper_reseal(
    struct kc_keeper *keeper, struct kc_record *record, const char root[static KC_RECORD_ROOT_SIZE])
{
    uint8_t key[KEY_SIZE]; /* secret */
    enum kc_error error = unseal(keeper, record, key);
    if (error == KC_OK) {
        memcpy(record->root, root, KC_RECORD_ROOT_SIZE);
        error = seal(keeper, key, record);
    }
    kc_wipe(key, sizeof key);
    return error == KC_OK ? kc_keeper_protect(keeper, record, NULL) : error;
}

void kc_keeper_forget_generation(struct kc_keeper *keeper, uint32_t number)
{
    pthread_rwlock_wrlock(&keeper->generations_lock);
    for (size_t i = 0; i < KC_GENERATIONS; i++)
        if (keeper->generations[i].number == number)
            kc_wipe(&keeper->generations[i], sizeof keeper->generations[i]);
    pthread_rwlock_unlock(&keeper->generations_lock);
}

/* --- the head --- */

const uint8_t *kc_keeper_maker(const struct kc_keeper *keeper)
{
    return keeper->keys->maker;
}

const uint8_t *kc_keeper_attestation_seed(const struct kc_keeper *keeper)
{
    return keeper->keys->attestation;
}

const uint8_t *kc_keeper_head_key(const struct kc_keeper *keeper)
{
    return keeper->keys->head;
}

const uint8_t *kc_keeper_name_key(const struct kc_keeper *keeper)
{
    return keeper->keys->names;
}

const uint8_t *kc_keeper_authorisation(const struct kc_keeper *keeper)
{
    return keeper->keys->authorisation;
}

void kc_keeper_pin_verifier(struct kc_keeper *keeper, const uint8_t salt[static KC_PIN_SALT_SIZE],
    const struct kc_secret *pin, uint8_t verifier[static 32])
{
    crypto_auth_hmacsha256_state state; /* secret */
    crypto_auth_hmacsha256_init(&state, keeper->keys->pin, KEY_SIZE);
    crypto_auth_hmacsha256_update(&state, salt, KC_PIN_SALT_SIZE);
    crypto_auth_hmacsha256_update(&state, pin->bytes, pin->size);
    crypto_auth_hmacsha256_final(&state, verifier);
    kc_wipe(&state, sizeof state);
}
