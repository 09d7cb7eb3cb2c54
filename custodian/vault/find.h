/* SPDX-License-Identifier: Apache-2.0 */
/* Finding records, and believing them: by their MAC, and as the newest by the map. */
#ifndef KC_CUSTODIAN_VAULT_FIND_H
#define KC_CUSTODIAN_VAULT_FIND_H

#include "custodian/vault/core.h"

/*
 * The record of a kind and an id, believed. If the store may have a newer one, or has not been
 * asked, or nodes are missing, the call wishes for what it needs and the error is KC_ERR_UNAVAILABLE.
 *
 * KC_ERR_REFUSED         there is none, as the map shows
 * KC_ERR_RECORD_DAMAGED  it fails its authentication, is an old one played again, or is hidden
 */
KC_CHECKED enum kc_error kc_call_record(
    struct kc_call *call, uint8_t kind, struct kc_span id, struct kc_record **record);

/* The record of a key by its id, whoever may see it and whatever its state; NULL with KC_OK: there is
 * none. Errors of kc_call_record but KC_ERR_REFUSED. */
KC_CHECKED enum kc_error kc_call_own_key(
    struct kc_call *call, const char *id, struct kc_record **key);

/* The recipient that the request names: believed and enrolled. Errors of kc_call_record. */
KC_CHECKED enum kc_error kc_call_recipient(struct kc_call *call, struct kc_record **recipient);

/* Whether a record is the vault's, and its newest. KC_ERR_RECORD_DAMAGED; KC_ERR_CONFLICT: not the
 * newest; KC_ERR_UNAVAILABLE: the call wishes for something first */
KC_CHECKED enum kc_error kc_call_believe(struct kc_call *call, const struct kc_record *record);

/* Wishes for the records with an id, which lives as long as the call; with what is needed already, so
 * that a handler looks for several before it returns. */
void kc_call_need(struct kc_call *call, const char *id);

/* Whether, and how often, the desk has looked into the store for this id, after a NEED. */
bool kc_call_looked_for(const struct kc_call *call, const char *id);
size_t kc_call_times_looked_for(const struct kc_call *call, const char *id);

#endif
