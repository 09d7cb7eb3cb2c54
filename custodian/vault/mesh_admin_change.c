/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a holder's keys and shares later: they are refreshed, or it is taken off. */
#include "custodian/mesh/capability_make.h"
#include "custodian/mesh/group.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_admin.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"

#include <stdlib.h>
#include <string.h>

#define STORE_MEMBER "CompleteAccountEncryptMMM_Member"

struct changing {
    struct kc_administered administered;
    struct kc_record *record;
    struct kc_holder holder;
    struct kc_provided provided;
    struct kc_mesh_split_kept *split; /* of a refresh */
};

static enum kc_error wrong(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* One that holds something of the account now. */
static enum kc_error holder_find(struct kc_call *call, struct changing *changing)
{
    enum kc_error error = kc_call_administered(call, &changing->administered);
    if (error == KC_OK)
        error = kc_call_holder(call, &changing->administered, &changing->record, &changing->holder);
    if (error == KC_OK && (!changing->record || changing->record->state != KC_STATE_ACTIVE))
        error = KC_ERR_REFUSED;
    return error;
}

static enum kc_error change_stage(
    struct kc_call *call, const struct changing *changing, uint8_t state)
{
    enum kc_error error = kc_call_stage_holder(
        call, &changing->administered, changing->record, state, &changing->holder);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}

/* --- mesh-account-refresh --- */

/* The one that the request names by its use, or the only one. */
static enum kc_error split_find(struct kc_call *call, struct changing *changing)
{
    uint8_t use = kc_use_find(kc_call_field(call, KC_FIELD_USE));
    for (size_t i = 0; i < KC_MESH_SPLITS_MAX; i++) {
        struct kc_mesh_split_kept *split = &changing->holder.splits[i];
        bool is_asked = use == KC_USE_NONE ||
                        use == (split->class == KC_MESH_SIGN ? KC_USE_SIGN : KC_USE_DECRYPT);
        if (split->class == 0 || !is_asked)
            continue;
        if (changing->split)
            return wrong(call, KC_FIELD_USE); /* there are two */
        changing->split = split;
    }
    return changing->split ? KC_OK : wrong(call, KC_FIELD_USE);
}

static enum kc_error refreshed_answer(struct kc_call *call, struct changing *changing,
    const struct kc_key *administrator, char *entries[2])
{
    struct kc_mesh_changes changes = {0};
    kc_mesh_changes_add(&changes, "MMM_Access", entries[0]);
    enum kc_error error = kc_call_answer_transact(call, changing->provided.address,
        &changing->administered.account, administrator, &changes, &changing->holder.requests);
    return error == KC_OK ? kc_call_answer_document(call, entries[1]) : error;
}

/* By offsets; or, if the request wants that, by shares of a new split. */
static enum kc_error entries_make(struct kc_call *call, const struct changing *changing,
    const struct kc_mesh_parties *parties, char *entries[2])
{
    KC_AUTO_KEY whole = {0};
    struct kc_mesh_source source = kc_call_mesh_source(call);
    if (!kc_call_has(call, KC_FIELD_FORCE) ||
        call->in.message.values.value[KC_FIELD_FORCE].number == 0)
        return kc_mesh_holder_refresh(&source, parties, changing->split, entries);
    enum kc_error error = kc_call_leaf(call, &changing->administered,
        changing->split->class == KC_MESH_SIGN ? KC_MESH_NAME_SIGNATURE : KC_MESH_NAME_ENCRYPTION,
        &whole);
    return error == KC_OK ? kc_mesh_holder_renew(&source, parties, &whole, changing->split, entries)
                          : error;
}

static enum kc_error refresh(struct kc_call *call, struct changing *changing)
{
    KC_AUTO_KEY administrator = {0};
    char *entries[2] = {NULL, NULL};
    struct kc_holder *holder = &changing->holder;
    struct kc_mesh_parties parties = {.administrator = &administrator,
        .provider = &changing->provided.provider,
        .service_address = changing->provided.address,
        .holder = &holder->key,
        .grantee = holder->grantee,
        .grantee_profile = holder->profile};
    enum kc_error error =
        kc_call_leaf(call, &changing->administered, KC_MESH_NAME_ADMINISTRATOR, &administrator);
    if (error == KC_OK)
        error = entries_make(call, changing, &parties, entries);
    if (error == KC_OK)
        error = refreshed_answer(call, changing, &administrator, entries);
    free(entries[0]);
    free(entries[1]);
    if (error == KC_OK && changing->split->epoch > holder->epoch)
        holder->epoch = changing->split->epoch;
    return error;
}

enum kc_error kc_vault_mesh_account_refresh(struct kc_call *call)
{
    struct changing changing = {0};
    bool proven = false;
    enum kc_error error = holder_find(call, &changing);
    if (error == KC_OK)
        error = split_find(call, &changing);
    if (error == KC_OK)
        error = kc_call_provider(call, &changing.administered.account,
            changing.administered.profile, true, &changing.provided);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = refresh(call, &changing);
    return error == KC_OK ? change_stage(call, &changing, KC_STATE_ACTIVE) : error;
}

/* --- mesh-account-disconnect, mesh-group-member-remove --- */

/* The entry that takes it off the list of devices or members. */
static enum kc_error listed_withdraw(struct kc_call *call, const struct changing *changing,
    const struct kc_key *administrator, char **entry)
{
    KC_AUTO_KEY store = {0};
    struct kc_public_key public;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    if (!changing->holder.is_member)
        return kc_mesh_device_withdraw(&source, administrator, changing->holder.udf, entry);
    enum kc_error error = kc_call_leaf(call, &changing->administered, STORE_MEMBER, &store);
    if (error == KC_OK)
        error = kc_mesh_public_key(&store.public, &public);
    return error == KC_OK ? kc_mesh_group_leave(&source, administrator, &public,
                                changing->holder.address, &changing->holder.splits[0], entry)
                          : error;
}

/* What is withdrawn: each split, the right to have keys made, the listing. */
enum { GENERATOR = KC_MESH_SPLITS_MAX, LISTED, WITHDRAWN };

/* The entries that take what the service has of it. */
static enum kc_error capabilities_withdraw(struct kc_call *call, const struct kc_holder *holder,
    const struct kc_key *administrator, char *entries[WITHDRAWN])
{
    size_t size;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < KC_MESH_SPLITS_MAX; i++) {
        const struct kc_mesh_split_kept *split = &holder->splits[i];
        if (split->class != 0)
            error = kc_mesh_capability_withdraw(&source, administrator, split->id, split->class,
                split->epoch + 1, &entries[i], &size);
    }
    if (error == KC_OK && holder->generator[0] != '\0')
        error = kc_mesh_capability_withdraw(&source, administrator, holder->generator,
            KC_MESH_GENERATE, holder->epoch + 1, &entries[GENERATOR], &size);
    return error;
}

static enum kc_error withdrawn_answer(struct kc_call *call, struct changing *changing,
    const struct kc_key *administrator, char *entries[WITHDRAWN])
{
    struct kc_mesh_changes changes = {0};
    enum kc_error error = capabilities_withdraw(call, &changing->holder, administrator, entries);
    if (error == KC_OK)
        error = listed_withdraw(call, changing, administrator, &entries[LISTED]);
    if (error != KC_OK)
        return error;
    for (size_t i = 0; i < LISTED; i++)
        kc_mesh_changes_add(&changes, "MMM_Access", entries[i]);
    kc_mesh_changes_add(
        &changes, changing->holder.is_member ? "MMM_Member" : "MMM_Device", entries[LISTED]);
    changing->holder.requests.count = 0; /* what gave it something is not to be said again */
    return kc_call_answer_transact(call, changing->provided.address,
        &changing->administered.account, administrator, &changes, &changing->holder.requests);
}

static enum kc_error withdraw(struct kc_call *call, struct changing *changing)
{
    KC_AUTO_KEY administrator = {0};
    char *entries[WITHDRAWN] = {NULL};
    enum kc_error error =
        kc_call_leaf(call, &changing->administered, KC_MESH_NAME_ADMINISTRATOR, &administrator);
    if (error == KC_OK)
        error = withdrawn_answer(call, changing, &administrator, entries);
    for (size_t i = 0; i < WITHDRAWN; i++)
        free(entries[i]);
    changing->holder.epoch++;
    return error;
}

static enum kc_error take_off(struct kc_call *call, bool is_member)
{
    struct changing changing = {0};
    bool proven = false;
    enum kc_error error = holder_find(call, &changing);
    if (error == KC_OK && changing.holder.is_member != is_member)
        error = wrong(call, KC_FIELD_ACCOUNT_UDF);
    if (error == KC_OK)
        error = kc_call_provider(call, &changing.administered.account,
            changing.administered.profile, false, &changing.provided);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = withdraw(call, &changing);
    return error == KC_OK ? change_stage(call, &changing, KC_STATE_DESTROYED) : error;
}

enum kc_error kc_vault_mesh_account_disconnect(struct kc_call *call)
{
    return take_off(call, false);
}

enum kc_error kc_vault_mesh_group_member_remove(struct kc_call *call)
{
    return take_off(call, true);
}

/* --- mesh-account-close --- */

/* Nothing changes here: whether the service did it, its receipt says. */
static enum kc_error unbind_answer(struct kc_call *call, const struct kc_administered *administered)
{
    KC_AUTO_KEY administrator = {0};
    char service[KC_RECORD_TEXT_SIZE], *text;
    size_t size;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    kc_call_text(call, KC_FIELD_SERVICE, service, sizeof service);
    struct kc_mesh_asker asker = {&administrator, service, administered->account.address};
    enum kc_error error =
        kc_call_leaf(call, administered, KC_MESH_NAME_ADMINISTRATOR, &administrator);
    if (error == KC_OK)
        error = kc_mesh_unbind_make(&source, &asker, &text, &size);
    if (error != KC_OK)
        return error;
    error = kc_call_set_data(call, KC_FIELD_REQUEST, (struct kc_span){(const uint8_t *)text, size});
    free(text);
    return error;
}

enum kc_error kc_vault_mesh_account_close(struct kc_call *call)
{
    struct kc_administered administered;
    bool proven = false;
    enum kc_error error = kc_call_administered(call, &administered);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = unbind_answer(call, &administered);
    if (error != KC_OK)
        return error;
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
