/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transaction.h"

static const struct kc_transaction_info infos[KC_TRANSACTION_COUNT] = {
#define KC_TRANSACTION(title, asks, answers, when)                                                 \
    [KC_TRANSACTION_##title] = {.name = #title,                                                    \
        .request = KC_OBJECT_##asks,                                                               \
        .response = KC_OBJECT_##answers,                                                           \
        .years = (when)},
#include "proto/transaction.def"
#undef KC_TRANSACTION
};

const struct kc_transaction_info *kc_transaction_info(enum kc_transaction transaction)
{
    return &infos[transaction];
}

/* Finds the transaction of a tag, and the type of what is in it. */
static bool find(struct kc_json tag, enum kc_transaction *transaction, enum kc_object_type *type)
{
    enum kc_object_type message = kc_object_type_find(tag);
    for (unsigned i = 0; i < KC_TRANSACTION_COUNT; i++) {
        bool by_message = message != KC_OBJECT_NONE && kc_object_type_is(message, infos[i].request);
        if (!by_message && !kc_json_is_text(tag, infos[i].name))
            continue;
        *transaction = (enum kc_transaction)i;
        *type = by_message ? message : infos[i].request;
        return true;
    }
    return false;
}

static enum kc_error request_read(
    struct kc_json root, struct kc_request *request, struct kc_object_notes *notes)
{
    struct kc_request read;
    enum kc_object_type type;
    struct kc_json_walk walk = kc_json_walk(root);
    if (kc_json_kind(root) != KC_JSON_OBJECT || kc_json_count(root) != 1 ||
        !kc_json_walk_next(&walk))
        return KC_ERR_BAD_REQUEST;
    if (!find(walk.name, &read.transaction, &type))
        return KC_ERR_UNKNOWN_OPERATION;
    enum kc_error error = kc_object_read(walk.value, type, &read.object, notes);
    if (error == KC_OK)
        *request = read;
    return error;
}

enum kc_error kc_request_parse(struct kc_span octets, size_t size_max,
    struct kc_json_document *document, struct kc_request *request, struct kc_object_notes *notes)
{
    if (notes != NULL)
        *notes = (struct kc_object_notes){0};
    enum kc_error error = kc_json_read(octets, size_max, document);
    if (error != KC_OK)
        return error;
    error = request_read(kc_json_root(document), request, notes);
    if (error != KC_OK)
        kc_json_done(document);
    return error;
}
