/* SPDX-License-Identifier: Apache-2.0 */
/* custodian-desk: the desk as a process. */
#include "custodian/closer.h"
#include "custodian/desk/desk.h"
#include "custodian/desk/sandbox.h"
#include "custodian/log.h"
#include "custodian/process.h"

#include <sched.h>
#include <unistd.h>

/* A message that comes does not push a computing vault from its core: while all cores compute, the
 * desk and its messages wait a moment and are then carried together, at half the cost. An idle core
 * wakes the desk as fast as ever. */
static void carry_together(void)
{
    (void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
}

/* A store that cannot be opened does not keep the desk from coming up: it tells every client why.
 */
static enum kc_error open_store(const struct kc_config *config, struct kc_store **store)
{
    const char *detail = NULL;
    enum kc_error error = kc_store_open(config->store, store, &detail);
    if (error != KC_OK)
        kc_log(KC_LOG_ERROR, "store-failed", kc_log_error(error),
            kc_log_text("path", config->store), kc_log_text("detail", detail));
    return error;
}

static enum kc_error prepare_store(const struct kc_config *config)
{
    const struct kc_config_user *user = &config->users[KC_PROCESS_DESK];
    enum kc_error error = kc_store_prepare(config->store, user->user, user->group);
    if (error != KC_OK)
        kc_log(
            KC_LOG_ERROR, "store-failed", kc_log_error(error), kc_log_text("path", config->store));
    return error;
}

static enum kc_error start(struct kc_config **config, struct kc_desk **desk)
{
    struct kc_store *store = NULL;

    enum kc_error error = kc_process_start(KC_PROCESS_DESK, config);
    if (error != KC_OK)
        return error;
    carry_together();
    enum kc_error store_error = prepare_store(*config);
    error = kc_process_drop_rights(KC_PROCESS_DESK, *config);
    if (error != KC_OK)
        return error;
    if (store_error == KC_OK)
        store_error = open_store(*config, &store);
    error = kc_closer_start();
    if (error != KC_OK)
        return error;
    error = kc_desk_new(
        *config, KC_FD_DESK_LISTEN, KC_FD_DESK_VAULT, KC_FD_DESK_COURIER, store, store_error, desk);
    return error == KC_OK ? kc_desk_sandbox(&(*desk)->lowest) : error;
}

int main(void)
{
    struct kc_config *config = NULL;
    struct kc_desk *desk = NULL;

    enum kc_error error = start(&config, &desk);
    if (error != KC_OK)
        return (int)kc_error_row(error)->class;
    kc_process_ready();
    kc_desk_run(desk);
    /* the rest ends with the process: the filter lets it close nothing, and the store is synced */
    _exit(0);
}
