/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/exchange.h"

#include "base/text.h"
#include "custodian/front/catalog.h"
#include "custodian/mesh/capability.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_FRAMES_MAX 16
#define PROFILE_REFUSED                                                                            \
    "The profile is of another service or address, or says a Udf that is not its key's"

/* The first of some fields that a request has. */
static struct kc_json first_of(
    const struct kc_exchange *exchange, const char *const *names, size_t count)
{
    struct kc_json found = {.document = NULL};
    for (size_t i = 0; !kc_json_is_there(found) && i < count; i++)
        found = kc_object_member(&exchange->request.object, names[i]);
    return found;
}

/* The address that a request is about, canonical; false: it says none, and the reply is there. */
static bool read_address(struct kc_exchange *exchange, char address[KC_FRONT_ADDRESS_SIZE],
    uint8_t id[KC_REPLAY_ID_SIZE])
{
    static const char *const names[] = {"AccountAddress", "Account"};
    char said[KC_FRONT_ADDRESS_SIZE];
    bool good = kc_json_text(first_of(exchange, names, 2), said, sizeof said) == KC_OK &&
                kc_mesh_address(said, address) && kc_exchange_id(exchange, id);
    if (good && address[strcspn(address, KC_FRONT_ADDRESS_REFUSED)] == '\0')
        return true;
    kc_exchange_refuse(exchange, 400,
        good ? "The address has a character that Hello says is not taken"
             : "The request does not have the required form");
    return false;
}

/* --- bind --- */

/* What the vault has bound, as the front end keeps it. The profile is lent by the request. */
static enum kc_error read_account(
    const struct kc_exchange *exchange, const char *address, struct kc_front_account *account)
{
    static const char *const names[] = {"EnvelopedProfileAccount", "SignedProfileGroup",
        "SignedAssertionAccount", "SignedProfileMesh"};
    struct kc_mesh_account keys;
    struct kc_span profile = kc_json_source(first_of(exchange, names, 4));
    enum kc_error error = kc_mesh_account_read(profile, NULL, &keys);
    if (error != KC_OK)
        return error;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the store only reads it */
    uint8_t *octets = (uint8_t *)(uintptr_t)profile.bytes;
    *account = (struct kc_front_account){.is_group = keys.signature.algorithm[0] == '\0',
        .created = exchange->now_ms / 1000,
        .profile = octets,
        .profile_size = profile.size};
    return kc_text_copy(account->address, sizeof account->address, address) &&
                   kc_text_copy(account->udf, sizeof account->udf, keys.udf)
               ? KC_OK
               : KC_ERR_TOO_LARGE;
}

static size_t first_frames(const struct kc_front_account *account, struct kc_span envelope,
    const uint8_t *digest, struct kc_front_append frames[FIRST_FRAMES_MAX])
{
    size_t count = 0;
    const struct kc_container *container;
    for (size_t i = 0; (container = kc_container_at(i)) && count < FIRST_FRAMES_MAX; i++)
        if (account->is_group ? container->of_groups : container->of_users)
            frames[count++] = (struct kc_front_append){container->name, envelope, digest, 0};
    return count;
}

/* A bind that was cut off is repeated, and finds the account; so does one with a later profile. Another
 * account at the address is left over from before: the vault says who has it now. */
static enum kc_error keep_account(struct kc_exchange *exchange, struct kc_front_change *change)
{
    struct kc_front_store *store = exchange->front->store;
    struct kc_front_account old;
    enum kc_error error = kc_front_store_account(store, change->address, &old);
    if (error != KC_OK)
        return error;
    if (strcmp(old.udf, change->add->udf) == 0) {
        change->replaces = true;
        change->frame_count = 0;
    } else {
        change->remove = old.profile != NULL;
    }
    kc_front_account_done(&old);
    return kc_front_store_put(store, change);
}

static enum kc_error keep_bound(
    struct kc_exchange *exchange, const char *address, const uint8_t id[KC_REPLAY_ID_SIZE])
{
    struct kc_front_account account;
    struct kc_front_append frames[FIRST_FRAMES_MAX];
    struct kc_front_kept_answer answer = kc_exchange_keep(exchange, id);
    uint8_t digest[KC_DARE_DIGEST_SIZE];
    char *first = NULL;
    size_t size = 0;
    enum kc_error error = read_account(exchange, address, &account);
    if (error == KC_OK)
        error = kc_container_first_frame(&first, &size, digest);
    if (error == KC_OK) {
        struct kc_span envelope = {(const uint8_t *)first, size};
        struct kc_front_change change = {.address = address,
            .add = &account,
            .frames = frames,
            .frame_count = first_frames(&account, envelope, digest, frames),
            .answer = &answer};
        error = keep_account(exchange, &change);
    }
    free(first);
    return error;
}

/* --- both --- */

static enum kc_error keep_unbound(
    struct kc_exchange *exchange, const char *address, const uint8_t id[KC_REPLAY_ID_SIZE])
{
    struct kc_front_kept_answer answer = kc_exchange_keep(exchange, id);
    const struct kc_front_change change = {.address = address, .remove = true, .answer = &answer};
    return kc_front_store_put(exchange->front->store, &change);
}

/* Tells what the vault did; of a bind, what shares for the account are to be encrypted to. */
static enum kc_error respond(struct kc_exchange *exchange, const struct kc_custody_answer *answer)
{
    struct kc_response response = {.octets = NULL};
    enum kc_error error =
        kc_response_begin(exchange, 201, "Operation completed successfully", &response);
    if (error != KC_OK)
        return error;
    kc_response_receipt(&response, &answer->response, 1);
    if (answer->document.text && response.type == KC_OBJECT_BindResponse)
        kc_object_write_source(&response.writer, "EnvelopedAccountHostAssignment",
            (struct kc_span){(const uint8_t *)answer->document.text, answer->document.size});
    return kc_response_end(exchange, &response);
}

/* The vault first: what it did is kept before it is told. */
static void ask_and_keep(struct kc_exchange *exchange, enum kc_custody_operation operation,
    enum kc_error (*keep)(struct kc_exchange *, const char *, const uint8_t *))
{
    char address[KC_FRONT_ADDRESS_SIZE];
    uint8_t id[KC_REPLAY_ID_SIZE];
    struct kc_custody_answer answer = {.status = 0};
    if (!read_address(exchange, address, id))
        return;
    pthread_mutex_t *lock = kc_front_lock(exchange->front, address);
    pthread_mutex_lock(lock);
    if (!kc_exchange_was_answered(exchange, address, id)) {
        enum kc_error error =
            kc_custody_pass(exchange->front->custody, operation, exchange->body, &answer);
        if (error == KC_OK)
            error = respond(exchange, &answer);
        if (error == KC_OK)
            error = keep(exchange, address, id);
        if (error == KC_ERR_REFUSED && operation == KC_CUSTODY_ACCOUNT_BIND)
            kc_exchange_refuse(exchange, 403, PROFILE_REFUSED);
        else if (error != KC_OK)
            kc_exchange_fail(exchange, error);
    }
    pthread_mutex_unlock(lock);
    kc_custody_answer_done(&answer);
}

void kc_front_bind(struct kc_exchange *exchange)
{
    ask_and_keep(exchange, KC_CUSTODY_ACCOUNT_BIND, keep_bound);
}

void kc_front_unbind(struct kc_exchange *exchange)
{
    ask_and_keep(exchange, KC_CUSTODY_ACCOUNT_UNBIND, keep_unbound);
}
