/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's front end without its network: from the octets of a request to those of its answer.
 *
 * It is trusted for availability only. What a key decides, the custodian's vault decides: the front
 * end passes requests on as they came. By itself it says who may see and append to the stores of an
 * account, whose content is ciphertext or signed by others, and it verifies requests for that as
 * the vault does (mesh-wire, section 3).
 */
#ifndef KC_CUSTODIAN_FRONT_FRONT_H
#define KC_CUSTODIAN_FRONT_FRONT_H

#include "custodian/front/custody.h"
#include "custodian/front/http.h"
#include "custodian/front/settings.h"
#include "custodian/front/store.h"

struct kc_front;

/*
 * All is borrowed.
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_front_new(const struct kc_front_settings *settings,
    struct kc_front_store *store, struct kc_custody *custody, struct kc_front **front);
void kc_front_free(struct kc_front *front);

/* Answers a body, whatever it is: a kc_http_answer, its context a struct kc_front. */
void kc_front_answer(void *front, struct kc_span body, struct kc_front_reply *reply);

#endif
