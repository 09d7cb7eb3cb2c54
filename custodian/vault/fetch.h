/* SPDX-License-Identifier: Apache-2.0 */
/* What else of the store a call waits for: nodes of the map, pages of records, changes on their way. */
#ifndef KC_CUSTODIAN_VAULT_FETCH_H
#define KC_CUSTODIAN_VAULT_FETCH_H

#include "custodian/vault/core.h"

/* Wishes for a node; with what is wished for already. */
void kc_call_want_node(struct kc_call *call, uint32_t number);

/* Wishes for the nodes that the map lacks to know about a name. KC_ERR_UNAVAILABLE;
 * KC_ERR_RECORD_DAMAGED: they were fetched, and are not the right ones */
KC_CHECKED enum kc_error kc_call_want_path(struct kc_call *call, uint8_t kind, const char *id);

/* Wishes for the records of keys that come after an id: call->page has them then. */
void kc_call_want_page(struct kc_call *call, const char *after);

/* Wishes for the same page again, as others change what is on it. KC_ERR_CONFLICT: too often. */
KC_CHECKED enum kc_error kc_call_want_page_again(struct kc_call *call);

/* Wishes for the page after the present one; if there is none, for that after an id. */
void kc_call_want_next_page(struct kc_call *call, const char *first);

/* A request that takes more than one does a part of it in about this time. */
#define KC_CALL_SLICE_MS 500
static inline bool kc_call_has_had_its_time(const struct kc_call *call)
{
    return !call->is_own && kc_call_now_ms(call) >= call->began_ms + KC_CALL_SLICE_MS;
}

/* Sends the FETCH. The call is the pending table's from here on. */
void kc_call_fetch(struct kc_call *call);

/* FETCHED came, given: the call goes on. KC_ERR_BAD_REQUEST: nothing waits for it. */
KC_CHECKED enum kc_error kc_vault_fetched(struct kc_call *answer);

/* Wishes to look again: when the change to this record has ended, or at once if none is on its way. */
void kc_call_want_settled(struct kc_call *call, uint8_t kind, const char *id);
void kc_call_want_again(struct kc_call *call);

void kc_call_wait_settled(struct kc_call *call);

/* Marks were taken away (kc_map_settle): who waits for one goes on. Whoever takes any away calls it. */
void kc_vault_settled(struct kc_vault *vault);

/* Sends a message that the desk is to answer with this ticket, and puts the call into the pending
 * table: from then on another thread may have it. KC_ERR_LIMIT; KC_ERR_CONFLICT: the ticket is in
 * use; KC_ERR_CONNECTION_LOST: the desk is gone */
KC_CHECKED enum kc_error kc_call_pend_and_send(struct kc_call *call,
    const struct kc_vault_message *out, const struct kc_descriptors *descriptors);

/* Takes the call with this ticket that waits for ASKED, or for FETCHED; NULL: none. */
struct kc_call *kc_vault_unpend(struct kc_vault *vault, uint64_t ticket, bool asking);

#endif
