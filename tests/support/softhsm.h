/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A software HSM of a test's own: SoftHSM with one token, whose files are in a fresh folder below
 * /tmp. SOFTHSM2_CONF points to it, for this process and its children. What fails here aborts the
 * test program.
 */
#ifndef KC_TESTS_SUPPORT_SOFTHSM_H
#define KC_TESTS_SUPPORT_SOFTHSM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define KC_SOFTHSM_MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define KC_SOFTHSM_TOKEN "custodian-test"
#define KC_SOFTHSM_KEY "custodian-wrapping"
#define KC_SOFTHSM_PIN "correct-PIN-4711"

/* Of struct kc_hsm_settings, for a root on it; name NULL: not provisioned yet. No test waits for the
 * deadline: it is beyond what an RSA key takes to make on a machine that is busy, which has no bound. */
#define KC_SOFTHSM_SETTINGS(root_name)                                                             \
    {                                                                                              \
        .module = KC_SOFTHSM_MODULE, .token = KC_SOFTHSM_TOKEN, .key_label = KC_SOFTHSM_KEY,       \
        .pin = (const uint8_t *)KC_SOFTHSM_PIN, .pin_size = sizeof KC_SOFTHSM_PIN - 1,             \
        .name = (root_name), .deadline_ms = 600000                                                 \
    }

struct kc_softhsm {
    char folder[64];
    char config[96];   /* folder/softhsm2.conf */
    char tokens[96];   /* folder/tokens */
    char pin_file[96]; /* folder/pin, mode 0600 */
    uid_t owner;       /* of the token's files */
};

/* Makes the folder and a token in it; its files belong to the owner, if root runs the test. */
void kc_softhsm_init(struct kc_softhsm *hsm, uid_t owner);

/* Removes everything. */
void kc_softhsm_done(struct kc_softhsm *hsm);

/* Takes the token out, and puts it in again. */
void kc_softhsm_remove(struct kc_softhsm *hsm);
void kc_softhsm_insert(struct kc_softhsm *hsm);

/* While it is out: the one that is put in is another, of the same label and PIN. */
void kc_softhsm_replace(struct kc_softhsm *hsm);

/* Runs a shell command in the folder; whether it exits 0. Its output is dropped. */
bool kc_softhsm_run(struct kc_softhsm *hsm, const char *command);

/* The number of objects in the token; KC_SOFTHSM_OF_THE_ROOT of them are a custodian's own: the wrapping
 * key, and the head of its store. */
size_t kc_softhsm_count_objects(struct kc_softhsm *hsm);
#define KC_SOFTHSM_OF_THE_ROOT 2

/* Waits until there are so many: while a custodian replaces the head of its store there is one more,
 * and it may do so at any time. Returns how many there are after it waited for a minute in vain. */
size_t kc_softhsm_await_objects(struct kc_softhsm *hsm, size_t expected);

#endif
