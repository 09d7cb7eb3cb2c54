/* SPDX-License-Identifier: Apache-2.0 */
/* How the vault is, and what needs no key of its own. */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/root.h"

#include <stdio.h>
#include <string.h>

#ifndef KC_VERSION
#define KC_VERSION "0"
#endif

enum kc_error kc_vault_ping(struct kc_call *call)
{
    return kc_call_allowed(call);
}

#define RANDOM_MAX 1024

enum kc_error kc_vault_random(struct kc_call *call)
{
    uint8_t octets[RANDOM_MAX]; /* the client's to keep secret */
    uint64_t size = call->in.message.values.value[KC_FIELD_SIZE].number;
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK && (size == 0 || size > sizeof octets))
        error = KC_ERR_BAD_ARGUMENT;
    if (error == KC_OK)
        error = kc_entropy_fill(call->vault->entropy, octets, size);
    if (error == KC_OK)
        kc_call_set_octets(call, KC_FIELD_RANDOM, octets, size);
    kc_wipe(octets, sizeof octets);
    return error;
}

/* --- status --- */

static struct kc_vault_root root_at(const struct kc_call *call, size_t number)
{
    return (struct kc_vault_root){call->vault->outside, number};
}

/* How each root is, if there are several; of the vault's own it is known already. */
static void answer_roots(struct kc_call *call, enum kc_error of_home)
{
    const struct kc_config *config = call->vault->config;
    size_t home = kc_keeper_home(call->vault->keeper).number;
    char text[200] = "";
    if (config->root_count < 2)
        return;
    for (size_t i = 0; i < config->root_count; i++) {
        struct kc_root_status unused;
        enum kc_error error = i == home ? of_home : kc_vault_root_status(root_at(call, i), &unused);
        size_t size = strlen(text);
        snprintf(text + size, sizeof text - size, "%s%s %s", i > 0 ? ", " : "",
            config->roots[i].name, error == KC_OK ? "ready" : kc_error_name(error));
    }
    kc_call_set_text(call, KC_FIELD_ROOTS, kc_call_print(call, "%s", text));
}

static void answer_root(struct kc_call *call)
{
    struct kc_root_status root = {0};
    enum kc_error error = kc_vault_root_status(kc_keeper_home(call->vault->keeper), &root);
    answer_roots(call, error);
    kc_call_set_text(call, KC_FIELD_ROOT, error == KC_OK ? "ready" : kc_error_name(error));
    kc_call_set_number(call, KC_FIELD_LOCKOUT, root.in_lockout || error == KC_ERR_ROOT_LOCKOUT);
    if (error != KC_OK)
        return;
    kc_call_set_octets(call, KC_FIELD_ROOT_NAME, root.srk_name, sizeof root.srk_name);
    kc_call_set_text(call, KC_FIELD_ROOT_TEXT,
        kc_call_print(call, "%.36s %.27s", root.manufacturer, root.firmware));
}

static void answer_memory(struct kc_call *call)
{
    struct kc_arena_figures figures = kc_arena_figures();
    kc_call_set_text(call, KC_FIELD_MEMORY, figures.memfd_secret ? "memfd_secret" : "anonymous");
    kc_call_set_number(call, KC_FIELD_MEMORY_SIZE, figures.size);
    kc_call_set_number(call, KC_FIELD_MEMORY_USED, figures.used);
}

#define WRITES_OF_A_LIFE 500000u /* that an NV index of a TPM bears */
#define SECONDS_PER_DAY 86400u

static const char *freshness_of(const struct kc_ledger *ledger)
{
    switch ((enum kc_ledger_state)atomic_load(&ledger->state)) {
    case KC_LEDGER_ROLLED_BACK:
        return "rolled-back";
    case KC_LEDGER_OPEN:
    case KC_LEDGER_UNSETTLED:
        return ledger->detects ? "anchored" : "not-detected";
    case KC_LEDGER_CLOSED:
        break;
    }
    return "closed";
}

static void answer_freshness(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_ledger *ledger = &vault->ledger;
    uint32_t interval = vault->config->freshness.interval_s;
    kc_call_set_text(call, KC_FIELD_FRESHNESS, freshness_of(ledger));
    pthread_mutex_lock(&vault->lock);
    struct kc_head head = ledger->head;
    uint32_t writes = ledger->anchor->writes;
    uint64_t anchored = ledger->anchor->number;
    if ((enum kc_ledger_state)atomic_load(&ledger->state) == KC_LEDGER_ROLLED_BACK)
        head.number = ledger->found;
    pthread_mutex_unlock(&vault->lock);
    kc_call_set_number(call, KC_FIELD_HEAD, head.number);
    kc_call_set_number(call, KC_FIELD_ANCHORED, anchored);
    kc_call_set_number(call, KC_FIELD_WRITES, writes);
    kc_call_set_number(
        call, KC_FIELD_WRITES_LEFT, writes < WRITES_OF_A_LIFE ? WRITES_OF_A_LIFE - writes : 0);
    if (interval > 0)
        kc_call_set_number(call, KC_FIELD_WRITES_DAILY, SECONDS_PER_DAY / interval);
    kc_call_set_number(call, KC_FIELD_GENERATION, kc_keeper_generation(vault->keeper));
    if (head.due != 0)
        kc_call_set_number(call, KC_FIELD_ERASE_BY, head.due);
}

enum kc_error kc_vault_status(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    enum kc_error error = kc_call_allowed(call);
    if (error != KC_OK)
        return error;
    kc_call_set_text(call, KC_FIELD_PRODUCT, "custodian " KC_VERSION);
    kc_call_set_number(call, KC_FIELD_STARTED, vault->started);
    kc_call_set_text(call, KC_FIELD_USERS, vault->users);
    kc_call_set_number(call, KC_FIELD_CONNECTIONS, kc_clients_count(vault->clients));
    kc_call_set_number(call, KC_FIELD_SESSIONS,
        kc_sessions_count(vault->sessions) + kc_frost_sessions_count(vault->frost));
    answer_memory(call);
    answer_freshness(call);
    answer_root(call);
    return KC_OK;
}

/* --- doctor --- */

/* What a check found; texts are static or the call's. */
struct finding {
    const char *check, *result, *detail, *advice;
};

static enum kc_error add_finding(struct kc_call *call, struct finding finding)
{
    struct kc_values *item;
    enum kc_error error = kc_call_add_item(call, &item);
    if (error != KC_OK)
        return error;
    kc_values_set_text(item, KC_FIELD_CHECK, finding.check);
    kc_values_set_text(item, KC_FIELD_RESULT, finding.result);
    kc_values_set_text(item, KC_FIELD_DETAIL, finding.detail);
    kc_values_set_text(item, KC_FIELD_ADVICE, finding.advice);
    return KC_OK;
}

static struct finding of_error(const char *check, enum kc_error error)
{
    const struct kc_error_row *row = kc_error_row(error);
    return (struct finding){check, "fail", row->sentence, row->advice};
}

static struct finding look_at_root(
    struct kc_call *call, const char *check, enum kc_error error, const struct kc_root_status *root)
{
    if (error != KC_OK)
        return of_error(check, error);
    return (struct finding){check, "ok",
        kc_call_print(call, "%.36s %.36s answers, its root key is the pinned one",
            root->manufacturer, root->firmware),
        ""};
}

static struct finding look_at_lockout(
    struct kc_call *call, const char *check, enum kc_error error, const struct kc_root_status *root)
{
    if (error != KC_OK && error != KC_ERR_ROOT_LOCKOUT)
        return (struct finding){check, "warn", "Unknown: the hardware root does not answer.",
            kc_error_row(error)->advice};
    if (error == KC_ERR_ROOT_LOCKOUT || root->in_lockout)
        return of_error(check, KC_ERR_ROOT_LOCKOUT);
    if (root->lockout_max_tries == 0) /* an HSM tells no numbers */
        return (struct finding){check, "ok",
            root->lockout_counter == 0 ? "not in lockout, no failures counted"
                                       : "not in lockout, but failures counted",
            ""};
    return (struct finding){check, "ok",
        kc_call_print(call, "not in lockout, %u of %u failures counted", root->lockout_counter,
            root->lockout_max_tries),
        ""};
}

static struct finding look_at_secret(struct kc_call *call)
{
    if (kc_keeper_ready(call->vault->keeper))
        return (struct finding){"root-secret", "ok", "The vault has its keys.", ""};
    return (struct finding){"root-secret", "warn",
        "The vault has not opened its keys yet; it does with the first operation on a key.", ""};
}

static struct finding look_at_freshness(struct kc_call *call)
{
    const struct kc_ledger *ledger = &call->vault->ledger;
    switch ((enum kc_ledger_state)atomic_load(&ledger->state)) {
    case KC_LEDGER_ROLLED_BACK:
        return of_error("freshness", KC_ERR_STORE_ROLLED_BACK);
    case KC_LEDGER_CLOSED:
        return (struct finding){
            "freshness", "warn", "The store was not compared with the hardware root yet.", ""};
    case KC_LEDGER_UNSETTLED:
    case KC_LEDGER_OPEN:
        break;
    }
    if (!ledger->detects)
        return (struct finding){"freshness", "warn",
            "Rollback of the store is not detected: the hardware root cannot hold its head.",
            kc_error_row(KC_ERR_STORE_FRESHNESS)->advice};
    return (struct finding){"freshness", "ok",
        kc_call_print(call, "head %llu, anchored %llu, %u writes done",
            (unsigned long long)ledger->head.number, (unsigned long long)ledger->anchor->number,
            (unsigned)ledger->anchor->writes),
        ""};
}

/* Nothing to see if none is under way. */
static enum kc_error add_replacement(struct kc_call *call)
{
    struct kc_replacement replacement = kc_ledger_replacement(call->vault);
    if (replacement.from[0] == 0)
        return KC_OK;
    return add_finding(
        call, (struct finding){"replacement", "warn",
                  kc_call_print(call, "The hardware root %s is being replaced by %s.",
                      replacement.from, replacement.to),
                  kc_call_print(call, "Go on with: custodian root replace %s %s", replacement.from,
                      replacement.to)});
}

static struct finding look_at_memory(struct kc_call *call)
{
    struct kc_arena_figures figures = kc_arena_figures();
    const char *kind = figures.memfd_secret ? "memfd_secret" : "anonymous";
    bool full = figures.used > figures.size / 10 * 9;
    return (struct finding){"memory", full ? "warn" : "ok",
        kc_call_print(
            call, "%s, locked, %zu of %zu bytes in use", kind, figures.used, figures.size),
        full ? "Raise arena_size, or lower limits.cache." : ""};
}

static struct finding look_at_users(struct kc_call *call)
{
    bool separate = __builtin_strcmp(call->vault->users, "separate") == 0;
    if (separate)
        return (struct finding){"users", "ok", "Each process is a user of its own.", ""};
    return (struct finding){"users", "warn",
        kc_call_print(call, "Processes share the user %.64s.", call->vault->users),
        "Start custodiand as root, with three users in the configuration."};
}

/* The checks of the only root are "root" and "lockout"; of several "root-NAME" and so on. */
static enum kc_error add_root(struct kc_call *call, size_t number)
{
    const struct kc_config *config = call->vault->config;
    struct kc_root_status root = {0};
    enum kc_error error = kc_vault_root_status(root_at(call, number), &root);
    const char *name = config->roots[number].name;
    bool is_alone = config->root_count < 2;
    const char *check = is_alone ? "root" : kc_call_print(call, "root-%s", name);
    const char *lockout = is_alone ? "lockout" : kc_call_print(call, "lockout-%s", name);
    enum kc_error added = add_finding(call, look_at_root(call, check, error, &root));
    return added == KC_OK ? add_finding(call, look_at_lockout(call, lockout, error, &root)) : added;
}

enum kc_error kc_vault_doctor(struct kc_call *call)
{
    enum kc_error error = kc_call_allowed(call);
    if (error != KC_OK)
        return error;
    kc_field_set_add(&call->answer.values.present, KC_FIELD_ITEMS);
    for (size_t i = 0; error == KC_OK && i < call->vault->config->root_count; i++)
        error = add_root(call, i);
    if (error == KC_OK)
        error = add_finding(call, look_at_secret(call));
    if (error == KC_OK)
        error = add_finding(call, look_at_freshness(call));
    if (error == KC_OK)
        error = add_replacement(call);
    if (error == KC_OK)
        error = add_finding(call, look_at_memory(call));
    if (error == KC_OK)
        error = add_finding(call, look_at_users(call));
    return error;
}
