/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in the order in which they came. */
#ifndef KC_CUSTODIAN_VAULT_CALL_LIST_H
#define KC_CUSTODIAN_VAULT_CALL_LIST_H

struct kc_call;

/* Zeroed: empty. Calls are lent; a call is in one list at a time. */
struct kc_call_list {
    struct kc_call *first, *last;
};

void kc_call_list_append(struct kc_call_list *list, struct kc_call *call);

/* Takes the first; NULL: there is none. */
struct kc_call *kc_call_list_take(struct kc_call_list *list);

#endif
