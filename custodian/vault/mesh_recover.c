/* SPDX-License-Identifier: Apache-2.0 */
/* A seed comes back out of shares, and with it the records of its keys; and goes where an escrow of it
 * was verified. */
#include "base/text.h"
#include "custodian/mesh/account_create.h"
#include "custodian/mesh/device.h"
#include "custodian/mesh/verify.h"
#include "custodian/vault/access.h"
#include "custodian/vault/derived.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_escrow.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "proto/identifier.h"
#include "proto/signed_object.h"

#include <stdio.h>
#include <string.h>

#define LEAVES_MAX 5
#define LABEL_MAX 50 /* bytes of a label that something is added to */

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* --- the keys of a seed that have records --- */

struct leaf {
    const char *name, *suffix; /* how it is derived, and what its label ends with */
};

/* As those who make devices and accounts name them. */
static const struct leaf device_leaves[LEAVES_MAX] = {{"BaseDeviceProfile", ".Profile"},
    {"BaseDeviceSign", ".Sign"}, {"BaseDeviceEncrypt", ".Encrypt"},
    {"BaseDeviceAuthenticate", ".Authenticate"}, {NULL, NULL}};
static const struct leaf account_leaves[LEAVES_MAX] = {{KC_MESH_NAME_PROFILE, " profile"},
    {KC_MESH_NAME_ADMINISTRATOR, " administrator"}, {KC_MESH_NAME_ENCRYPTION, " encrypt"},
    {KC_MESH_NAME_AUTHENTICATION, " authenticate"}, {KC_MESH_NAME_SIGNATURE, " sign"}};

static unsigned type_of(const struct kc_recovery_seed *seed)
{
    return kc_mesh_seed_type((struct kc_span){seed->octets, seed->size});
}

/* A service has none: its keys are derived of its own record. */
static const struct leaf *leaves_of(const struct kc_recovery_seed *seed)
{
    static const struct leaf none[LEAVES_MAX];
    unsigned type = type_of(seed);
    return type == KC_MESH_SEED_PROFILE_ACCOUNT  ? account_leaves
           : type == KC_MESH_SEED_PROFILE_DEVICE ? device_leaves
                                                 : none;
}

/* A key of a seed, and the record that it has here. */
struct branch {
    struct leaf leaf;        /* no suffix: one that has a label of its own */
    struct kc_key key;       /* secret */
    struct kc_record *found; /* NULL: none */
};

struct branches {
    struct branch of[LEAVES_MAX + KC_SEED_NAMES_MAX];
    size_t count;
    char names[KC_SEED_NAMES_MAX]
              [KC_MESH_KEY_NAME_SIZE]; /* of those that were derived by request */
};

static void branches_done(struct branches *branches)
{
    kc_wipe(branches, sizeof *branches);
}

#define AUTO_BRANCHES __attribute__((cleanup(branches_done))) struct branches

static enum kc_error branch_find(
    struct kc_call *call, const struct kc_recovery_seed *seed, struct branch *branch)
{
    struct kc_record named = {0};
    enum kc_error error = kc_mesh_seed_key((struct kc_span){seed->octets, seed->size},
        seed->signing, KC_DERIVATION_CURRENT, branch->leaf.name, &branch->key);
    if (error == KC_OK)
        error = kc_record_of_public(&named, &branch->key.public);
    return error == KC_OK ? kc_call_own_key(call, named.id, &branch->found) : error;
}

/* Those that each seed of its type has. */
static void leaves_add(const struct kc_recovery_seed *seed, struct branches *branches)
{
    const struct leaf *leaves = leaves_of(seed);
    for (size_t i = 0; i < LEAVES_MAX && leaves[i].name; i++)
        branches->of[branches->count++].leaf = leaves[i];
}

static bool has_branch(const struct branches *branches, const char *name)
{
    for (size_t i = 0; i < branches->count; i++)
        if (strcmp(branches->of[i].leaf.name, name) == 0)
            return true;
    return false;
}

/* And those that were derived of this one. */
static void names_add(const struct kc_record *record, struct branches *branches)
{
    size_t count = kc_seed_names(record, branches->names);
    for (size_t i = 0; i < count; i++)
        if (!has_branch(branches, branches->names[i]))
            branches->of[branches->count++].leaf.name = branches->names[i];
}

static enum kc_error branches_find(
    struct kc_call *call, const struct kc_recovery_seed *seed, struct branches *branches)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < branches->count; i++)
        error = branch_find(call, seed, &branches->of[i]);
    return error;
}

/* --- mesh-escrow-recover --- */

/* An account's keys sign messages of its address alone: the profile's, which the request may repeat. */
static enum kc_error take_address(
    struct kc_call *call, const struct kc_object *profile, struct kc_record *wanted)
{
    char address[KC_ACCOUNT_SIZE], canonical[KC_ACCOUNT_SIZE];
    if (kc_json_text(kc_object_member(profile, "AccountAddress"), address, sizeof address) !=
            KC_OK ||
        kc_account_canonical(address, canonical) != KC_OK)
        return KC_OK; /* a device's */
    if (wanted->account[0] != '\0' && strcmp(wanted->account, canonical) != 0)
        return wrong_field(call, KC_FIELD_ACCOUNT);
    return kc_text_copy(wanted->account, sizeof wanted->account, canonical)
               ? KC_OK
               : wrong_field(call, KC_FIELD_PROFILE);
}

/* The profile is taken along if the request has it: signed by itself, and the one that is expected. */
static enum kc_error check_profile(
    struct kc_call *call, const char *expected, struct kc_span profile, struct kc_record *wanted)
{
    struct kc_signed_object object;
    if (profile.size == 0)
        return KC_OK;
    enum kc_error error = kc_signed_object_open_profile(
        profile, KC_RECORD_BODY_MAX, KC_OBJECT_Profile, expected, kc_mesh_verify, &object, NULL);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? error : wrong_field(call, KC_FIELD_PROFILE);
    error = take_address(call, &object.object, wanted);
    kc_signed_object_done(&object);
    return error;
}

/* A seed that was retired here has its tombstone, which this takes the place of. */
static enum kc_error place_of(struct kc_call *call, const char *id, struct kc_record *wanted)
{
    struct kc_record *found;
    enum kc_error error = kc_call_record(
        call, KC_KIND_SEED, (struct kc_span){(const uint8_t *)id, strlen(id)}, &found);
    if (error == KC_ERR_REFUSED)
        return KC_OK;
    if (error == KC_OK && found->state != KC_STATE_DESTROYED)
        return KC_ERR_EXISTS;
    if (error == KC_OK) {
        wanted->version = found->version;
        memcpy(wanted->mac, found->mac, sizeof wanted->mac);
    }
    return error;
}

/* What is to be stored: named, and where nothing is yet. */
static enum kc_error name_seed(
    struct kc_call *call, const struct kc_recovery_seed *seed, struct kc_record *wanted)
{
    struct kc_point public;
    KC_AUTO_DATA profile = {0};
    wanted->role = type_of(seed) == KC_MESH_SEED_PROFILE_ACCOUNT ? KC_ROLE_ACCOUNT : KC_ROLE_BASE;
    enum kc_error error = kc_call_allowed_new(call, wanted);
    if (error == KC_OK && strlen(wanted->label) > LABEL_MAX)
        error = wrong_field(call, KC_FIELD_LABEL);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_PROFILE, &profile);
    if (error == KC_OK)
        error = check_profile(call, seed->profile.udf, profile.span, wanted);
    if (error == KC_OK)
        error = kc_point_decode(&public, seed->signing, seed->profile.octets, seed->profile.size);
    if (error == KC_OK)
        error = kc_record_of_public(wanted, &public);
    wanted->use = KC_USE_NONE;
    return error == KC_OK ? place_of(call, wanted->id, wanted) : error;
}

/* The record that the request brings, or that of an escrow here. */
static enum kc_error open_record(
    struct kc_call *call, struct kc_span secret, struct kc_recovery_seed *seed)
{
    char profile[KC_RECORD_ID_SIZE];
    KC_AUTO_DATA document = {0};
    struct kc_record *escrow;
    struct kc_escrow_body body = {0};
    kc_call_text(call, KC_FIELD_KEY, profile, sizeof profile);
    enum kc_error error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    body.record = document.span;
    if (error == KC_OK && document.span.size == 0 && secret.size == KC_RECOVERY_KEY_SIZE) {
        error = kc_call_escrow_of_shares(call, secret, &escrow);
        if (error == KC_OK)
            error = kc_escrow_body_read(escrow, &body);
    }
    return error == KC_OK ? kc_recovery_open(body.record, secret, profile, seed) : error;
}

/* Everything that can be wrong, before anything is staged. */
static enum kc_error recover(struct kc_call *call, struct kc_record *wanted,
    struct kc_recovery_seed *seed, struct branches *branches)
{
    uint8_t secret[KC_UDF_SHAMIR_SECRET_MAX]; /* secret */
    size_t size = 0;
    enum kc_error error = kc_call_combine_shares(call, secret, &size);
    if (error == KC_OK)
        error = open_record(call, (struct kc_span){secret, size}, seed);
    kc_wipe(secret, sizeof secret);
    if (error == KC_OK)
        error = name_seed(call, seed, wanted);
    if (error != KC_OK)
        return error;
    leaves_add(seed, branches);
    return branches_find(call, seed, branches);
}

/* The record of a key; one that was kept when the seed was retired stays as it is. */
static enum kc_error stage_branch(
    struct kc_call *call, const struct kc_record *seed, const struct branch *branch)
{
    struct kc_record *staged, wanted = {.role = seed->role, .residence = KC_RESIDENCE_DERIVED};
    struct kc_derived derived = kc_derived_of(KC_KIND_SEED, seed->id, branch->leaf.name);
    if (branch->found && branch->found->state != KC_STATE_DESTROYED)
        return KC_OK;
    if (branch->found) {
        wanted.version = branch->found->version;
        memcpy(wanted.mac, branch->found->mac, sizeof wanted.mac);
    }
    memcpy(wanted.keyring, seed->keyring, sizeof wanted.keyring);
    memcpy(wanted.account, seed->account, sizeof wanted.account);
    (void)snprintf(
        wanted.label, sizeof wanted.label, "%.*s%s", LABEL_MAX, seed->label, branch->leaf.suffix);
    return kc_call_stage_key(call, &wanted, &derived, &branch->key.public, NULL, &staged);
}

static enum kc_error stage_all(struct kc_call *call, struct kc_record *wanted,
    const struct kc_recovery_seed *seed, const struct branches *branches)
{
    struct kc_record *staged;
    KC_AUTO_SECRET secret = {0};
    KC_AUTO_DATA profile = {0};
    enum kc_error error = kc_call_data(call, KC_FIELD_PROFILE, &profile);
    if (error == KC_OK)
        error = kc_secret_init(&secret, seed->size);
    if (error != KC_OK)
        return error;
    memcpy(secret.bytes, seed->octets, seed->size);
    wanted->body = profile.span;
    error = kc_call_stage_seed(call, wanted, &secret, &staged);
    for (size_t i = 0; error == KC_OK && i < branches->count; i++)
        error = stage_branch(call, wanted, &branches->of[i]);
    if (error == KC_OK)
        kc_call_set_text(call, KC_FIELD_KEY, kc_call_print(call, "%s", wanted->id));
    return error;
}

enum kc_error kc_vault_mesh_escrow_recover(struct kc_call *call)
{
    KC_AUTO_RECOVERY_SEED seed = {0};
    AUTO_BRANCHES branches = {0};
    struct kc_record wanted = {.kind = KC_KIND_SEED,
        .residence = KC_RESIDENCE_SEALED,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call)};
    bool proven = false;
    kc_call_text(call, KC_FIELD_KEYRING, wanted.keyring, sizeof wanted.keyring);
    kc_call_text(call, KC_FIELD_LABEL, wanted.label, sizeof wanted.label);
    kc_call_text(call, KC_FIELD_ACCOUNT, wanted.account, sizeof wanted.account);
    enum kc_error error = kc_call_allowed_keyring(call);
    if (error != KC_OK)
        return error;
    /* First, as it may wish for records, and a request that comes again would be tried again. */
    enum kc_error found = recover(call, &wanted, &seed, &branches);
    if (found != KC_OK && call->wish != KC_WISH_ANSWER)
        return found;
    struct kc_field_set detail = call->answer.values.present; /* for the operator alone */
    call->answer.values.present = (struct kc_field_set){0};
    error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    if (found != KC_OK) {
        call->answer.values.present = detail;
        return found;
    }
    call->wish = KC_WISH_COMMIT;
    return stage_all(call, &wanted, &seed, &branches);
}

/* --- mesh-escrow-retire --- */

/* The seed of an account, of which shares were shown and have come back. A device's is what all of its
 * connections hang on, and stays. */
static enum kc_error find_retiring(struct kc_call *call, struct kc_record **record)
{
    struct kc_record *escrow;
    struct kc_escrow_body body = {0};
    enum kc_error error = kc_call_escrow(call, &escrow);
    if (error == KC_OK)
        error = kc_call_seed(
            call, (struct kc_span){(const uint8_t *)escrow->group, strlen(escrow->group)}, record);
    if (error == KC_OK)
        error = kc_escrow_body_read(escrow, &body);
    if (error == KC_OK && (escrow->state != KC_STATE_ACTIVE || body.verified == 0))
        error = KC_ERR_ESCROW;
    if (error == KC_OK && (*record)->role != KC_ROLE_ACCOUNT)
        error = wrong_field(call, KC_FIELD_OBJECT);
    return error;
}

/* A key gets a secret of its own; that of the profile goes with the seed. */
static enum kc_error keep_branch(
    struct kc_call *call, const struct kc_record *seed, const struct branch *branch)
{
    struct kc_record *staged, wanted = *branch->found;
    struct kc_derived derived = kc_derived_of(0, seed->id, branch->leaf.name);
    KC_AUTO_SECRET secret = {0};
    enum kc_error error =
        kc_secret_init(&secret, kc_curve_info(branch->key.scalar.curve)->scalar_size);
    if (error != KC_OK)
        return error;
    kc_scalar_encode(&branch->key.scalar, secret.bytes);
    wanted.residence = KC_RESIDENCE_WRAPPED;
    return kc_call_stage_key(call, &wanted, &derived, &branch->key.public, &secret, &staged);
}

static enum kc_error keep_branches(
    struct kc_call *call, const struct kc_record *seed, const struct branches *branches)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < branches->count; i++) {
        const struct branch *branch = &branches->of[i];
        bool is_derived = branch->found && branch->found->state != KC_STATE_DESTROYED &&
                          branch->found->residence == KC_RESIDENCE_DERIVED;
        if (!is_derived)
            continue;
        error = strcmp(branch->leaf.name, KC_MESH_NAME_PROFILE) == 0
                    ? kc_call_destroy(call, branch->found)
                    : keep_branch(call, seed, branch);
    }
    return error;
}

enum kc_error kc_vault_mesh_escrow_retire(struct kc_call *call)
{
    struct kc_record *record;
    KC_AUTO_RECOVERY_SEED seed = {0};
    AUTO_BRANCHES branches = {0};
    bool proven = false;
    enum kc_error error = find_retiring(call, &record);
    if (error == KC_OK)
        error = kc_call_open_recovery_seed(call, record, &seed);
    if (error != KC_OK)
        return error;
    leaves_add(&seed, &branches);
    names_add(record, &branches);
    error = branches_find(call, &seed, &branches);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = keep_branches(call, record, &branches);
    if (error == KC_OK)
        error = kc_call_destroy(call, record);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, call->changes[call->change_count - 1].version);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
