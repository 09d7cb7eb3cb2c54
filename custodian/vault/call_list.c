/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/call_list.h"

#include "custodian/vault/call.h"

void kc_call_list_append(struct kc_call_list *list, struct kc_call *call)
{
    call->next = NULL;
    *(list->last ? &list->last->next : &list->first) = call;
    list->last = call;
}

struct kc_call *kc_call_list_take(struct kc_call_list *list)
{
    struct kc_call *call = list->first;
    if (call) {
        list->first = call->next;
        if (!list->first)
            list->last = NULL;
        call->next = NULL;
    }
    return call;
}
