/* SPDX-License-Identifier: Apache-2.0 */
/* A key of an account in escrow by the account's own escrow key, which just its seed makes: so it comes
 * back where the seed is, on another machine too. */
#include "custodian/mesh/account_create.h"
#include "custodian/mesh/escrow_key.h"
#include "custodian/vault/access.h"
#include "custodian/vault/derived.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"

#include <stdlib.h>
#include <string.h>

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* The account that the request names, by its seed, and its keys for this. */
struct account {
    struct kc_record *seed;
    struct kc_key escrow, administrator; /* secret */
};

static void account_done(struct account *account)
{
    kc_key_wipe(&account->escrow);
    kc_key_wipe(&account->administrator);
}
#define AUTO_ACCOUNT __attribute__((cleanup(account_done))) struct account

static enum kc_error find_account(struct kc_call *call, struct account *account)
{
    enum kc_error error =
        kc_call_seed(call, kc_call_field(call, KC_FIELD_ACCOUNT_UDF), &account->seed);
    if (error == KC_OK && account->seed->role != KC_ROLE_ACCOUNT)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_seed_key(call, account->seed, KC_MESH_NAME_ESCROW, &account->escrow);
    return error == KC_OK ? kc_call_seed_key(call, account->seed, KC_MESH_NAME_ADMINISTRATOR,
                                &account->administrator)
                          : error;
}

/* --- mesh-escrow-seal --- */

/* Derived of its seed, or of the one that its encryption key comes of since it was rotated; or with a
 * secret of its own, as of a seed that was retired, and of its address. */
static bool is_of_account(
    const struct account *account, const struct kc_record *key, const struct kc_derived_part *part)
{
    const struct kc_record *seed = account->seed;
    bool is_derived = strcmp(part->id, seed->id) == 0 ||
                      (seed->group[0] != '\0' && strcmp(part->id, seed->group) == 0);
    return is_derived || (part->kind == 0 && seed->account[0] != '\0' &&
                             strcmp(key->account, seed->account) == 0 &&
                             strcmp(key->keyring, seed->keyring) == 0);
}

/* What others made, and what is used outside of the Mesh, has no name of an account's key. */
static enum kc_error check_key(struct kc_call *call, const struct account *account,
    const struct kc_record *key, struct kc_derived *derived)
{
    enum kc_error error = kc_derived_read(key, derived);
    if (error != KC_OK)
        return error;
    const struct kc_derived_part *part = &derived->parts[0];
    if (key->role != KC_ROLE_ACCOUNT ||
        !kc_mesh_may_be_escrowed(part->name, (enum kc_curve)key->algorithm))
        return KC_ERR_ESCROW_KEY;
    return is_of_account(account, key, part) ? KC_OK : wrong_field(call, KC_FIELD_KEY);
}

static enum kc_error seal(struct kc_call *call, const struct account *account,
    const struct kc_derived *derived, const struct kc_key *key)
{
    struct kc_public_key escrow;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    char *text = NULL;
    size_t size = 0;
    enum kc_error error = kc_mesh_public_key(&account->escrow.public, &escrow);
    if (error == KC_OK)
        error = kc_mesh_escrow_key(
            &source, derived->parts[0].name, key, &escrow, &account->administrator, &text, &size);
    if (error == KC_OK)
        error = kc_call_set_data(
            call, KC_FIELD_DOCUMENT, (struct kc_span){(const uint8_t *)text, size});
    free(text);
    return error;
}

enum kc_error kc_vault_mesh_escrow_seal(struct kc_call *call)
{
    AUTO_ACCOUNT account = {0};
    KC_AUTO_MATERIAL material = {0};
    struct kc_record *key;
    struct kc_derived derived;
    bool proven = false;
    enum kc_error error = find_account(call, &account);
    if (error == KC_OK)
        error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = check_key(call, &account, key, &derived);
    if (error == KC_OK)
        error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = seal(call, &account, &derived, &material.key);
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_KEY, kc_call_print(call, "%s", key->id));
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

/* --- mesh-escrow-open --- */

static enum kc_error open_document(
    struct kc_call *call, const struct account *account, struct kc_key *key)
{
    struct kc_public_key administrator;
    KC_AUTO_DATA document = {0};
    enum kc_error error = kc_mesh_public_key(&account->administrator.public, &administrator);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &document);
    return error == KC_OK
               ? kc_mesh_escrow_key_open(document.span, &account->escrow, &administrator, key)
               : error;
}

/* It says of itself which key it is, and not of which store: it is one that decrypts. */
static enum kc_error stage(struct kc_call *call, const struct account *account,
    const struct kc_record *wanted, const struct kc_key *key)
{
    struct kc_record *staged;
    struct kc_derived derived = kc_derived_of(0, account->seed->id, KC_MESH_NAME_ENCRYPTION);
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_secret_init(&secret, kc_curve_info(key->scalar.curve)->scalar_size);
    if (error != KC_OK)
        return error;
    kc_scalar_encode(&key->scalar, secret.bytes);
    error = kc_call_stage_key(call, wanted, &derived, &key->public, &secret, &staged);
    if (error == KC_OK)
        kc_call_describe_made(call, staged);
    return error;
}

enum kc_error kc_vault_mesh_escrow_open(struct kc_call *call)
{
    AUTO_ACCOUNT account = {0};
    KC_AUTO_KEY key = {0};
    struct kc_record wanted;
    bool proven = false;
    enum kc_error error = find_account(call, &account);
    if (error == KC_OK)
        error = kc_call_wanted_key(call, account.seed, KC_RESIDENCE_WRAPPED, &wanted);
    if (error == KC_OK)
        error = open_document(call, &account, &key);
    if (error == KC_OK)
        error = kc_call_key_place(call, &key.public, &wanted);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = stage(call, &account, &wanted, &key);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}
