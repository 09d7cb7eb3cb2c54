/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/frost_peer.h"

#include "base/text.h"
#include "custodian/vault/access.h"
#include "custodian/vault/ask.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/quorum.h"

#include <string.h>

/* --- the holder that is asked --- */

/* Of the share of the dealt key that is here. May wish for its record. */
static enum kc_error look_for(
    struct kc_call *call, struct kc_span id, char found[static KC_RECORD_ID_SIZE])
{
    char text[KC_RECORD_ID_SIZE] = {0};
    struct kc_record *record = NULL;
    if (id.size == 0 || id.size >= sizeof text)
        return KC_ERR_REFUSED;
    memcpy(text, id.bytes, id.size);
    enum kc_error error = kc_call_own_key(call, text, &record);
    if (error == KC_OK && record && record->role == KC_ROLE_QUORUM &&
        kc_values_text_is(&call->in.message.values, KC_FIELD_KEY, record->group))
        memcpy(found, text, sizeof text);
    return error;
}

/* All records are wished for at once. */
static enum kc_error choose(struct kc_call *call, char found[static KC_RECORD_ID_SIZE])
{
    struct kc_span left = kc_call_field(call, KC_FIELD_HOLDER_KEYS);
    enum kc_error first = KC_OK;
    while (left.size > 0) {
        enum kc_error error = look_for(call, kc_ids_next(&left), found);
        if (error != KC_OK && call->wish == KC_WISH_ANSWER)
            return error;
        if (error != KC_OK)
            first = error;
    }
    return first == KC_OK && found[0] == 0 ? KC_ERR_REFUSED : first;
}

enum kc_error kc_frost_share(
    struct kc_call *call, char id[static KC_RECORD_ID_SIZE], struct kc_record **share)
{
    memset(id, 0, KC_RECORD_ID_SIZE);
    enum kc_error error = KC_OK;
    if (kc_call_has(call, KC_FIELD_HOLDER_KEYS))
        error = choose(call, id);
    else
        kc_call_text(call, KC_FIELD_KEY, id, KC_RECORD_ID_SIZE);
    struct kc_span span = {(const uint8_t *)id, strlen(id)};
    return error == KC_OK ? kc_call_key_of(call, span, share) : error;
}

/* --- the one that asks --- */

/* The ids of the other holders' shares, a comma between, in the call's own room. */
static enum kc_error name_others(
    struct kc_call *call, const struct kc_record *share, const char **names)
{
    const size_t size = (size_t)KC_QUORUM_HOLDERS_MAX * KC_RECORD_ID_SIZE;
    char *text = (char *)kc_call_keep(call, size);
    struct kc_quorum quorum;
    enum kc_error error = kc_quorum_read(share, &quorum);
    text[0] = 0;
    for (uint32_t i = 1; error == KC_OK && i <= quorum.holders; i++) {
        struct kc_record other = {0};
        struct kc_point public;
        if (i == share->index)
            continue;
        error = kc_quorum_public(&quorum, i, &public);
        if (error == KC_OK)
            error = kc_record_of_share(&other, &public);
        if (error == KC_OK && (!kc_text_append(text, size, text[0] ? "," : "") ||
                                  !kc_text_append(text, size, other.id)))
            error = KC_ERR_INTERNAL;
    }
    *names = text;
    return error;
}

static enum kc_error ask(struct kc_call *call, const struct kc_record *share)
{
    static const enum kc_field same[] = {
        KC_FIELD_SCHEME, KC_FIELD_SESSION, KC_FIELD_MESSAGE, KC_FIELD_COMMITMENTS};
    const struct kc_values *asked = &call->in.message.values;
    struct kc_span name = kc_call_field(call, KC_FIELD_PEER_NAME);
    const struct kc_config_peer *peer =
        kc_config_peer_named(call->vault->config, (const char *)name.bytes, name.size);
    struct kc_values *values;
    const char *names;
    enum kc_error error =
        kc_call_begin_question_to(call, peer, call->in.message.operation, &values);
    if (error == KC_OK)
        error = name_others(call, share, &names);
    if (error != KC_OK)
        return error;
    kc_values_set_text(values, KC_FIELD_KEY, kc_call_print(call, "%s", share->group));
    kc_values_set_text(values, KC_FIELD_HOLDER_KEYS, names);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!kc_values_has(asked, same[i]))
            continue;
        values->value[same[i]] = asked->value[same[i]];
        kc_field_set_add(&values->present, same[i]);
    }
    call->question->descriptors = call->descriptors;
    call->wish = KC_WISH_ASK;
    return KC_ERR_UNAVAILABLE;
}

enum kc_error kc_frost_pass_on(
    struct kc_call *call, const struct kc_record *share, const struct kc_values **answer)
{
    *answer = NULL;
    if (kc_call_has(call, KC_FIELD_HOLDER_KEYS)) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_HOLDER_KEYS].name);
        return KC_ERR_BAD_ARGUMENT;
    }
    enum kc_error error = kc_call_peer_answer(call, answer);
    return error == KC_OK && !*answer ? ask(call, share) : error;
}
