/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of a call to the custodian that has the other share. */
#ifndef KC_CUSTODIAN_VAULT_ASK_H
#define KC_CUSTODIAN_VAULT_ASK_H

#include "custodian/vault/core.h"

/* A question, and its answer as soon as there is one. */
struct kc_question {
    const struct kc_config_peer *peer;
    struct kc_message request;         /* lends from the call */
    struct kc_descriptors descriptors; /* lent by the call's request */
    struct kc_call *asked;             /* ASKED, of which the answer lends; NULL: none yet */
    enum kc_error error;               /* of the courier or the peer */
};

/*
 * Begins a question to the peer that has the other share of this key: `key` is filled in. The caller
 * sets the other fields, wishes KC_WISH_ASK and returns KC_ERR_UNAVAILABLE; the handler that runs
 * again finds it answered.
 *
 * KC_ERR_PEER_UNSET  the configuration names none
 */
KC_CHECKED enum kc_error kc_call_begin_question(struct kc_call *call, const struct kc_record *share,
    enum kc_operation operation, struct kc_values **values);

/* The same to a peer, without `key`. KC_ERR_PEER_UNSET: it is NULL */
KC_CHECKED enum kc_error kc_call_begin_question_to(struct kc_call *call,
    const struct kc_config_peer *peer, enum kc_operation operation, struct kc_values **values);

/*
 * The answer's fields; NULL with KC_OK if nothing was asked yet.
 *
 * KC_ERR_PEER_REFUSED  the peer answered with an error, which the detail names
 * KC_ERR_PEER_ABSENT, KC_ERR_PEER_LATE
 */
KC_CHECKED enum kc_error kc_call_peer_answer(struct kc_call *call, const struct kc_values **values);

/* Sends the question. The call is the pending table's from here on. */
void kc_call_ask(struct kc_call *call);

/* ASKED came; it is given. */
KC_CHECKED enum kc_error kc_vault_asked(struct kc_vault *vault, struct kc_call *asked);

/* Ends the calls whose question was not answered in time. */
void kc_vault_expire_questions(struct kc_vault *vault, uint64_t now_ms);
uint64_t kc_vault_question_deadline(struct kc_vault *vault); /* the nearest; UINT64_MAX: none */
void kc_question_free(struct kc_question *question);

#endif
