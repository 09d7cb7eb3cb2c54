/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/seed.h"
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPECIFIER_SIZE 2

enum kc_error kc_call_make_seed(
    struct kc_call *call, enum kc_mesh_seed_type type, struct kc_secret *seed)
{
    struct kc_entropy *entropy = call->vault->entropy;
    KC_AUTO_SECRET made = {0};
    enum kc_error error = kc_entropy_stir(entropy, kc_keeper_home(call->vault->keeper));
    if (error == KC_OK)
        error = kc_secret_init(&made, SPECIFIER_SIZE + KC_MESH_SEED_SECRET);
    if (error == KC_OK)
        error = kc_entropy_fill(entropy, made.bytes + SPECIFIER_SIZE, KC_MESH_SEED_SECRET);
    if (error != KC_OK)
        return error;
    made.bytes[0] = (uint8_t)((unsigned)type >> 8);
    made.bytes[1] = (uint8_t)((unsigned)type & 0xff);
    *seed = kc_secret_take(&made);
    return KC_OK;
}

enum kc_error kc_call_seed(struct kc_call *call, struct kc_span id, struct kc_record **seed)
{
    struct kc_record *found;
    enum kc_error error = kc_call_record(call, KC_KIND_SEED, id, &found);
    if (error == KC_OK && found->state != KC_STATE_ACTIVE)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_allowed_record(call, found);
    if (error == KC_OK)
        *seed = found;
    return error;
}

enum kc_error kc_call_seed_key(
    struct kc_call *call, const struct kc_record *record, const char *name, struct kc_key *key)
{
    KC_AUTO_SECRET seed = {0};
    enum kc_derivation derivation =
        record->index == KC_DERIVATION_LEGACY ? KC_DERIVATION_LEGACY : KC_DERIVATION_CURRENT;
    if ((record->kind != KC_KIND_SEED && record->kind != KC_KIND_COMPOSITE) ||
        !kc_curve_info((enum kc_curve)record->algorithm))
        return KC_ERR_RECORD_DAMAGED;
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &seed);
    if (error != KC_OK)
        return error;
    return kc_mesh_seed_key((struct kc_span){seed.bytes, seed.size},
        (enum kc_curve)record->algorithm, derivation, name, key);
}

/* --- what an account's seed has noted --- */

/* All but the mark are names of keys, of which this stands before each. */
#define NAMES "CompleteAccount"

/* The next line; an empty one at the end. */
static struct kc_span next_line(struct kc_span *left)
{
    const uint8_t *end = left->size > 0 ? memchr(left->bytes, '\n', left->size) : NULL;
    struct kc_span line = {left->bytes, end ? (size_t)(end - left->bytes) : left->size};
    size_t taken = line.size + (end ? 1 : 0);
    *left = (struct kc_span){left->bytes + taken, left->size - taken};
    return line;
}

static bool is_line(struct kc_span line, const char *text)
{
    return line.size == strlen(text) && memcmp(line.bytes, text, line.size) == 0;
}

static struct kc_span lines_of(const struct kc_record *seed)
{
    return (struct kc_span){seed->attributes, seed->attributes_size};
}

static bool has_line(const struct kc_record *seed, const char *text)
{
    struct kc_span left = lines_of(seed);
    while (left.size > 0)
        if (is_line(next_line(&left), text))
            return true;
    return false;
}

/* False: there is no room. */
static bool add_line(struct kc_record *seed, const char *text)
{
    size_t size = strlen(text), more = size + (seed->attributes_size > 0);
    if (more > sizeof seed->attributes - seed->attributes_size)
        return false;
    if (seed->attributes_size > 0)
        seed->attributes[seed->attributes_size++] = '\n';
    memcpy(seed->attributes + seed->attributes_size, text, size);
    seed->attributes_size = (uint16_t)(seed->attributes_size + size);
    return true;
}

static void remove_line(struct kc_record *seed, const char *text)
{
    struct kc_record kept = {0};
    struct kc_span left = lines_of(seed);
    while (left.size > 0) {
        struct kc_span line = next_line(&left);
        char copy[KC_RECORD_ATTRIBUTES_MAX + 1] = {0};
        memcpy(copy, line.bytes, line.size);
        if (!is_line(line, text) && !add_line(&kept, copy))
            abort(); /* it was longer before */
    }
    memcpy(seed->attributes, kept.attributes, sizeof seed->attributes);
    seed->attributes_size = kept.attributes_size;
}

void kc_seed_set_pending(struct kc_record *seed)
{
    memset(seed->attributes, 0, sizeof seed->attributes);
    seed->attributes_size = 0;
    if (!add_line(seed, KC_SEED_PENDING))
        abort();
}

bool kc_seed_is_pending(const struct kc_record *seed)
{
    return seed->role == KC_ROLE_ACCOUNT && has_line(seed, KC_SEED_PENDING);
}

size_t kc_seed_names(
    const struct kc_record *seed, char names[static KC_SEED_NAMES_MAX][KC_MESH_KEY_NAME_SIZE])
{
    size_t count = 0;
    struct kc_span left = lines_of(seed);
    while (seed->role == KC_ROLE_ACCOUNT && left.size > 0 && count < KC_SEED_NAMES_MAX) {
        struct kc_span line = next_line(&left);
        if (is_line(line, KC_SEED_PENDING) || line.size > KC_MESH_KEY_NAME_SIZE - sizeof NAMES)
            continue;
        (void)snprintf(names[count++], KC_MESH_KEY_NAME_SIZE, NAMES "%.*s", (int)line.size,
            (const char *)line.bytes);
    }
    return count;
}

/* Stages a seed with other notes. */
static enum kc_error stage_notes(
    struct kc_call *call, const struct kc_record *seed, const struct kc_record *noted)
{
    struct kc_record *staged;
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, seed, &secret);
    if (error == KC_OK)
        error = kc_call_stage(call, seed, &staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, seed->body);
    if (error != KC_OK)
        return error;
    memcpy(staged->attributes, noted->attributes, sizeof staged->attributes);
    staged->attributes_size = noted->attributes_size;
    return kc_keeper_protect(call->vault->keeper, staged, &secret);
}

enum kc_error kc_call_seed_escrowed(struct kc_call *call, const struct kc_record *seed)
{
    struct kc_record noted = *seed;
    if (!kc_seed_is_pending(seed))
        return KC_OK;
    remove_line(&noted, KC_SEED_PENDING);
    return stage_notes(call, seed, &noted);
}

enum kc_error kc_call_seed_named(
    struct kc_call *call, const struct kc_record *seed, const char *name)
{
    char names[KC_SEED_NAMES_MAX][KC_MESH_KEY_NAME_SIZE];
    struct kc_record noted = *seed;
    const char *line = name + strlen(NAMES);
    if (seed->role != KC_ROLE_ACCOUNT || strncmp(name, NAMES, strlen(NAMES)) != 0 ||
        has_line(seed, line))
        return KC_OK;
    if (kc_seed_names(seed, names) == KC_SEED_NAMES_MAX || !add_line(&noted, line))
        return KC_ERR_LIMIT;
    return stage_notes(call, seed, &noted);
}

enum kc_error kc_call_stage_seed(struct kc_call *call, const struct kc_record *wanted,
    const struct kc_secret *seed, struct kc_record **staged)
{
    enum kc_error error = kc_call_stage(call, wanted, staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, *staged, wanted->body);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, *staged, seed) : error;
}
