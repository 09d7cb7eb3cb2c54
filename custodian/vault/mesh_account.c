/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts at a Mesh service: bound, unbound, shown; and requests that their administrators sign. */
#include "custodian/vault/access.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh.h"
#include "custodian/vault/operations.h"

#include "custodian/mesh/seed.h"
#include "custodian/vault/seed.h"
#include "threshold/derive.h"

#include <stdlib.h>
#include <string.h>

/* --- the record --- */

static bool fits_field(const char *address)
{
    return strlen(address) < KC_RECORD_TEXT_SIZE;
}

enum kc_error kc_call_account(struct kc_call *call, const char *service, const char *address,
    struct kc_record **account, struct kc_mesh_bound *bound)
{
    char id[KC_RECORD_ID_SIZE];
    kc_mesh_account_record_id(service, address, id);
    enum kc_error error = kc_call_record(
        call, KC_KIND_ACCOUNT, (struct kc_span){(const uint8_t *)id, strlen(id)}, account);
    return error == KC_OK ? kc_mesh_bound_read(*account, bound) : error;
}

static enum kc_error derive_key(const struct kc_secret *seed, struct kc_key *key)
{
    static const char name[] = "AccessEncrypt";
    return kc_derive_key(key, KC_CURVE_X448, KC_DERIVATION_CURRENT,
        (struct kc_span){seed->bytes, seed->size},
        (struct kc_span){(const uint8_t *)name, sizeof name - 1});
}

enum kc_error kc_call_account_key(
    struct kc_call *call, const struct kc_record *account, struct kc_key *key)
{
    KC_AUTO_SECRET seed = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, account, &seed);
    return error == KC_OK ? derive_key(&seed, key) : error;
}

/* --- requests --- */

enum kc_error kc_call_request_error(struct kc_call *call, enum kc_error error)
{
    if (error != KC_ERR_BAD_REQUEST && error != KC_ERR_TOO_LARGE && error != KC_ERR_ENVELOPE)
        return error;
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_REQUEST].name);
    return KC_ERR_BAD_ARGUMENT;
}

static uint64_t now_ms(const struct kc_call *call)
{
    return kc_call_now(call) * 1000;
}

/* Reads the request and finds the service: what each of them begins with. */
static enum kc_error begin(struct kc_call *call, struct kc_data *data, enum kc_mesh_asking asking,
    struct kc_mesh_verified *verified)
{
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = kc_call_fresh(call);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_REQUEST, data);
    if (error == KC_OK)
        error = kc_mesh_request_read(data->span, asking, &verified->request);
    if (error == KC_OK && !fits_field(verified->request.address))
        error = KC_ERR_BAD_REQUEST;
    return error == KC_OK ? kc_call_service(call, &verified->service)
                          : kc_call_request_error(call, error);
}

enum kc_error kc_call_verify_request(struct kc_call *call, struct kc_data *data,
    enum kc_mesh_asking asking, struct kc_mesh_verified *verified)
{
    enum kc_error error = begin(call, data, asking, verified);
    if (error == KC_OK)
        error = kc_call_account(call, verified->service->account, verified->request.address,
            &verified->account, &verified->bound);
    if (error == KC_ERR_REFUSED)
        return KC_ERR_SIGNATURE; /* as whoever does not sign for the account: it tells nothing */
    if (error == KC_OK)
        error = kc_mesh_request_verify(
            &verified->request, &verified->bound.account.administrator, verified->service->account);
    if (error == KC_OK && !kc_mesh_request_is_timely(&verified->request, now_ms(call)))
        error = KC_ERR_STALE;
    return error;
}

void kc_mesh_verified_done(struct kc_mesh_verified *verified)
{
    kc_mesh_request_done(&verified->request);
}

enum kc_error kc_call_commit_again(struct kc_call *call, enum kc_error error, bool is_last)
{
    call->is_last = is_last;
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT_AGAIN;
    return error;
}

static enum kc_error wait_for_others(
    struct kc_call *call, const struct kc_record *record, enum kc_error error)
{
    if (error != KC_ERR_CONFLICT)
        return error;
    kc_call_want_settled(call, record->kind, record->id);
    return KC_ERR_UNAVAILABLE;
}

enum kc_error kc_call_stage_or_wait(
    struct kc_call *call, const struct kc_record *record, struct kc_record **staged)
{
    return wait_for_others(call, record, kc_call_stage(call, record, staged));
}

enum kc_error kc_call_destroy_or_wait(struct kc_call *call, const struct kc_record *record)
{
    return wait_for_others(call, record, kc_call_destroy(call, record));
}

/* --- mesh-account-bind --- */

/* Whether two profiles say the same of all that is kept of one. */
static bool is_same(const struct kc_mesh_account *a, const struct kc_mesh_account *b)
{
    uint8_t kept[2][KC_MESH_ACCOUNT_KEPT_MAX];
    struct kc_writer w[2];
    for (size_t i = 0; i < 2; i++) {
        kc_writer_init(&w[i], kept[i], sizeof kept[i]);
        kc_mesh_account_keep(&w[i], i == 0 ? a : b);
    }
    return !w[0].failed && !w[1].failed && w[0].size == w[1].size &&
           memcmp(kept[0], kept[1], w[0].size) == 0;
}

/* Its own seed, of which its key comes; and its public columns. */
static enum kc_error stage_bound(struct kc_call *call, const struct kc_mesh_verified *verified,
    const struct kc_mesh_bound *bound, struct kc_record **staged)
{
    KC_AUTO_SECRET seed = {0};
    struct kc_record wanted = {.kind = KC_KIND_ACCOUNT, .created = kc_call_now(call)};
    enum kc_error error = kc_call_make_seed(call, KC_MESH_SEED_PROFILE_SERVICE, &seed);
    if (error != KC_OK)
        return error;
    if (verified->account)
        wanted = *verified->account;
    kc_mesh_account_record_id(verified->service->account, bound->account.address, wanted.id);
    memcpy(wanted.account, bound->account.address, strlen(bound->account.address) + 1);
    memcpy(wanted.group, verified->service->id, sizeof wanted.group);
    wanted.residence = KC_RESIDENCE_WRAPPED;
    wanted.state = KC_STATE_ACTIVE;
    error = kc_call_stage_or_wait(call, &wanted, staged);
    if (error == KC_OK)
        error = kc_mesh_bound_write(call, *staged, bound);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, *staged, &seed) : error;
}

static enum kc_error set_assignment(struct kc_call *call, const struct kc_mesh_verified *verified)
{
    struct kc_mesh_source source = kc_call_mesh_source(call);
    KC_AUTO_KEY signer = {0}, key = {0};
    struct kc_public_key access;
    char *text;
    size_t size;
    enum kc_error error = kc_call_account_key(call, verified->account, &key);
    if (error == KC_OK)
        error = kc_mesh_public_key(&key.public, &access);
    if (error == KC_OK)
        error = kc_call_service_key(call, verified->service, KC_MESH_SERVICE_SIGNATURE, &signer);
    if (error == KC_OK)
        error = kc_mesh_assignment_make(&source, &signer, verified->bound.account.address,
            verified->service->account, &access, &text, &size);
    if (error != KC_OK)
        return error;
    if (size <= KC_CALL_KEPT_SIZE / 2)
        kc_call_set_octets(call, KC_FIELD_DOCUMENT, (const uint8_t *)text, size);
    free(text);
    return size <= KC_CALL_KEPT_SIZE / 2 ? KC_OK : KC_ERR_INTERNAL;
}

/* The account is bound, just now or before. */
static enum kc_error answer_bound(struct kc_call *call, const struct kc_mesh_verified *verified)
{
    const struct kc_mesh_account *account = &verified->bound.account;
    const struct kc_mesh_told told = {.account_udf = account->udf,
        .done = "bound",
        .subjects = (const char *const[]){account->address},
        .subject_count = 1};
    kc_call_set_text(call, KC_FIELD_ACCOUNT, kc_call_print(call, "%s", account->address));
    kc_call_set_text(call, KC_FIELD_ACCOUNT_UDF, kc_call_print(call, "%s", account->udf));
    if (!verified->has_escrow)
        kc_call_set_text(call, KC_FIELD_ADVICE,
            "The profile has no EscrowEncryption: what the account encrypts is lost with its "
            "devices.");
    enum kc_error error = set_assignment(call, verified);
    return error == KC_OK ? kc_call_set_receipt(call, verified->service, &verified->request, &told)
                          : error;
}

static enum kc_error bind_anew(
    struct kc_call *call, struct kc_mesh_verified *verified, const struct kc_mesh_account *account)
{
    struct kc_record *staged;
    struct kc_mesh_bound bound = {.account = *account,
        .binding = verified->account ? verified->bound.binding + 1 : 1,
        .unbound_ms = verified->account ? verified->bound.unbound_ms : 0};
    enum kc_error error = stage_bound(call, verified, &bound, &staged);
    return kc_call_commit_again(call, error, true);
}

/* A later profile of the same account takes the place of the one that it was bound by: a group's key
 * was rotated. Capabilities on the former key are of that key still, until they are updated. */
static enum kc_error bind_later(
    struct kc_call *call, struct kc_mesh_verified *verified, const struct kc_mesh_account *account)
{
    KC_AUTO_SECRET seed = {0};
    struct kc_record *staged;
    struct kc_mesh_bound bound = verified->bound;
    if (strcmp(bound.account.udf, account->udf) != 0)
        return KC_ERR_EXISTS; /* the address is another's */
    if (account->updated <= bound.account.updated)
        return KC_ERR_CONFLICT;
    bound.account = *account;
    enum kc_error error = kc_keeper_open(call->vault->keeper, verified->account, &seed);
    if (error == KC_OK)
        error = kc_call_stage_or_wait(call, verified->account, &staged);
    if (error == KC_OK)
        error = kc_mesh_bound_write(call, staged, &bound);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, &seed);
    return kc_call_commit_again(call, error, true);
}

/*
 * Who has the profile's key binds its account. An address that was unbound may be bound again, also
 * with another profile, but not by a request from before that: it may be one that is played again.
 */
enum kc_error kc_vault_mesh_account_bind(struct kc_call *call)
{
    KC_AUTO_DATA data = {0};
    KC_AUTO_VERIFIED verified = {0};
    kc_call_restart(call);
    struct kc_mesh_account account;
    char udf[KC_UDF_ID_SIZE];
    enum kc_error error = begin(call, &data, KC_MESH_BIND, &verified);
    if (error == KC_OK)
        error = kc_mesh_service_udf(verified.service, udf);
    if (error == KC_OK)
        error = kc_mesh_request_verify_bind(
            &verified.request, verified.service->account, udf, &account);
    if (error == KC_OK && !kc_mesh_request_is_timely(&verified.request, now_ms(call)))
        error = KC_ERR_STALE;
    if (error != KC_OK)
        return kc_call_request_error(call, error);
    verified.has_escrow = kc_mesh_request_has_escrow(&verified.request);
    error = kc_call_account(
        call, verified.service->account, account.address, &verified.account, &verified.bound);
    if (error == KC_ERR_REFUSED)
        return bind_anew(call, &verified, &account);
    if (error != KC_OK)
        return error;
    if (verified.bound.is_active)
        return is_same(&verified.bound.account, &account) ? answer_bound(call, &verified)
                                                          : bind_later(call, &verified, &account);
    return kc_replay_time(verified.request.id) > verified.bound.unbound_ms
               ? bind_anew(call, &verified, &account)
               : KC_ERR_STALE;
}

/* --- mesh-account-unbind --- */

static enum kc_error unbind(struct kc_call *call, struct kc_mesh_verified *verified)
{
    struct kc_record *staged;
    verified->bound.unbound_ms = kc_replay_time(verified->request.id);
    enum kc_error error = kc_call_destroy_or_wait(call, verified->account);
    if (error != KC_OK)
        return error;
    staged = &call->changes[call->change_count - 1];
    error = kc_mesh_bound_write(call, staged, &verified->bound);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, NULL);
    return kc_call_commit_again(call, error, true);
}

/* With the account's seed go the key over its shares and the one that they were encrypted to: nothing
 * of it can be used from here on, or opened when the generation is destroyed. */
enum kc_error kc_vault_mesh_account_unbind(struct kc_call *call)
{
    KC_AUTO_DATA data = {0};
    KC_AUTO_VERIFIED verified = {0};
    kc_call_restart(call);
    enum kc_error error = kc_call_verify_request(call, &data, KC_MESH_UNBIND, &verified);
    if (error != KC_OK)
        return error;
    if (verified.bound.is_active)
        return kc_replay_time(verified.request.id) > verified.bound.unbound_ms
                   ? unbind(call, &verified)
                   : KC_ERR_STALE;
    const struct kc_mesh_account *account = &verified.bound.account;
    const struct kc_mesh_told told = {.account_udf = account->udf,
        .done = "unbound",
        .subjects = (const char *const[]){account->address},
        .subject_count = 1};
    return kc_call_set_receipt(call, verified.service, &verified.request, &told);
}

/* --- mesh-account-list, mesh-account-show --- */

static enum kc_error describe(
    struct kc_call *call, struct kc_values *values, const struct kc_record *record)
{
    struct kc_mesh_bound bound;
    enum kc_error error = kc_mesh_bound_read(record, &bound);
    if (error != KC_OK)
        return error;
    kc_values_set_text(values, KC_FIELD_OBJECT, record->id);
    kc_values_set_text(values, KC_FIELD_ACCOUNT, record->account);
    kc_values_set_text(values, KC_FIELD_ACCOUNT_UDF, kc_call_print(call, "%s", bound.account.udf));
    kc_values_set_text(values, KC_FIELD_STATE, kc_state_text(record->state));
    kc_values_set_number(values, KC_FIELD_VERSION, record->version);
    kc_values_set_number(values, KC_FIELD_CREATED, record->created);
    return KC_OK;
}

static bool is_listed(struct kc_call *call, const struct kc_record *record)
{
    (void)call;
    return record->kind == KC_KIND_ACCOUNT;
}

enum kc_error kc_vault_mesh_account_list(struct kc_call *call)
{
    return kc_call_list(call, is_listed, describe);
}

enum kc_error kc_vault_mesh_account_show(struct kc_call *call)
{
    struct kc_record *service, *account;
    struct kc_mesh_bound bound;
    char said[KC_MESH_ADDRESS_SIZE], address[KC_MESH_ADDRESS_SIZE];
    enum kc_error error = kc_call_allowed(call);
    kc_call_text(call, KC_FIELD_ACCOUNT, said, sizeof said);
    if (error == KC_OK)
        error = kc_mesh_address(said, address) ? kc_call_service(call, &service) : KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_account(call, service->account, address, &account, &bound);
    return error == KC_OK ? describe(call, &call->answer.values, account) : error;
}
