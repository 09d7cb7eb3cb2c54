/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which version of each record is the newest that this process has seen or made: an older one, or
 * another one with the same number, is a replay. So what was revoked stays revoked for the life of
 * the process, whatever the store holds. Thread-safe.
 *
 * A record in its first version, as most are, costs nothing here: no version is older.
 */
#ifndef KC_CUSTODIAN_VAULT_VERSIONS_H
#define KC_CUSTODIAN_VAULT_VERSIONS_H

#include "custodian/record.h"

struct kc_versions;

/* limit: records that can be remembered. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_versions_new(size_t limit, struct kc_versions **versions);
void kc_versions_free(struct kc_versions *versions);

/*
 * Whether an authentic record is the newest; remembers it if it is newer than what was.
 *
 * KC_ERR_CONFLICT   there was a newer one, or another one of this version
 * KC_ERR_LIMIT      it cannot be remembered, and must not be used
 */
KC_CHECKED enum kc_error kc_versions_see(
    struct kc_versions *versions, const struct kc_record *record);

/*
 * Gives a record that is to be changed its next version: a number that no record of this name had,
 * also none whose storing failed. The record comes with the version and the MAC that it has now;
 * one that is new, with version 0. Must be followed by settle.
 *
 * KC_ERR_CONFLICT  it is being changed, or was, since this one was read
 * KC_ERR_LIMIT
 */
KC_CHECKED enum kc_error kc_versions_issue(struct kc_versions *versions, struct kc_record *record);

/* Ends what issue began: stored says whether the record is the newest now. */
void kc_versions_settle(struct kc_versions *versions, const struct kc_record *record, bool stored);

#endif
