/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message of the socket API in memory, and the two tables that say what messages there are:
 * fields.def, operations.def.
 *
 * Client and desk carry it as CBOR (cbor.h), desk and vault as a fixed layout (packed.h). A message
 * lends: its text and octets point into the buffer that it was decoded from, or that its maker
 * keeps.
 */
#ifndef KC_PROTO_SOCKET_MESSAGE_H
#define KC_PROTO_SOCKET_MESSAGE_H

#include "base/error.h"
#include "base/reader.h"
#include "proto/socket/field.h"

#define KC_PROTOCOL_VERSION 1
#define KC_MESSAGE_SIZE_MAX 65536             /* bytes of one CBOR message */
#define KC_DATA_SIZE_MAX ((size_t)256 * 1024) /* bytes of DATA, in a descriptor */
#define KC_DATA_INLINE_MAX 61440              /* bytes of DATA in the message itself */
#define KC_DESCRIPTORS_MAX 4                  /* descriptors with one message */
#define KC_IN_FLIGHT_MAX 64                   /* requests of one connection that are not answered */
#define KC_BATCH_MAX 64                       /* requests in a batch */
#define KC_ITEMS_MAX 100
#define KC_ERROR_SENTENCE_MAX 200 /* bytes of an error's name or sentence in an answer */

enum kc_operation {
#define KC_OPERATION(                                                                              \
    symbol, name, place, record, required, optional, answer, answer_optional, item, sentence)      \
    KC_OPERATION_##symbol,
#include "proto/socket/operations.def"
#undef KC_OPERATION
    KC_OPERATIONS,
};

enum kc_operation_place { KC_PLACE_DESK, KC_PLACE_VAULT };

enum kc_operation_record {
    KC_RECORD_NONE,
    KC_RECORD_KEY,
    KC_RECORD_PAGE,
    KC_RECORD_RECIPIENTS,
    KC_RECORD_OPERATOR,
    KC_RECORD_RECIPIENT,
    KC_RECORD_SPLIT,
    KC_RECORD_OBJECT,
    KC_RECORD_OBJECTS,
    KC_RECORD_SEEDS,
    KC_RECORD_CONNECTIONS,
    KC_RECORD_ACCOUNTS,
    KC_RECORD_CAPABILITIES,
};

struct kc_operation_row {
    const char *name;
    enum kc_operation_place place;
    enum kc_operation_record record;
    struct kc_field_set required, optional;      /* of the request */
    struct kc_field_set answer, answer_optional; /* of the answer */
    struct kc_field_set item;                    /* of each item of the answer */
    const char *sentence;
};

extern const struct kc_operation_row kc_operations[KC_OPERATIONS];

/* A value. Which member counts is said by the field's type, and for DATA by `passed`. */
struct kc_value {
    uint64_t number;     /* UINT, BOOL; SECRET and passed DATA: index of the descriptor */
    struct kc_span span; /* TEXT (no terminator), BYTES, DATA in the message */
    bool passed;         /* DATA is in a descriptor; SECRET always is */
};

/* The fields of a message or of an item: those in `present` count. */
struct kc_values {
    struct kc_field_set present;
    struct kc_value value[KC_FIELD_ROOM];
};

struct kc_message {
    uint64_t id;
    enum kc_operation operation;
    enum kc_error error; /* of an answer; KC_OK in a request */
    struct kc_values values;
    struct kc_values *items; /* borrowed; room for KC_ITEMS_MAX where items are expected */
    size_t item_count;
    /* of BATCH, in place of items: its requests, or their answers; borrowed; room for KC_BATCH_MAX
     * where a batch is expected */
    struct kc_message *batch;
    size_t batch_count;
};

/* Empties a message and gives it its operation; the arrays of values are left as they are. */
void kc_message_init(struct kc_message *message, enum kc_operation operation);

/* A message that lends what another lends; of its values, those that are there are copied. */
void kc_message_copy(struct kc_message *copy, const struct kc_message *message);

/* Finding by wire name; false if there is none. */
bool kc_field_find(const char *name, size_t size, enum kc_field *field);
bool kc_operation_find(const char *name, size_t size, enum kc_operation *operation);

/* Setting and asking. The span is borrowed. */
void kc_values_set_number(struct kc_values *values, enum kc_field field, uint64_t number);
void kc_values_set_span(
    struct kc_values *values, enum kc_field field, const void *bytes, size_t size);
void kc_values_set_text(struct kc_values *values, enum kc_field field, const char *text);
void kc_values_set_passed(struct kc_values *values, enum kc_field field, size_t descriptor);

static inline bool kc_values_has(const struct kc_values *values, enum kc_field field)
{
    return kc_field_set_has(&values->present, field);
}

/* Whether a TEXT value equals a string; false if absent. */
bool kc_values_text_is(const struct kc_values *values, enum kc_field field, const char *text);

/* Whether octets are TEXT: UTF-8 in its shortest form (RFC 3629), no surrogates, no control
 * characters (U+0000..001F, U+007F..009F). */
bool kc_text_valid(struct kc_span text);

/*
 * Checks a request against the tables: required fields there, no others, sizes and number ranges
 * kept, text valid, descriptors below KC_DESCRIPTORS_MAX. A batch holds 1..KC_BATCH_MAX requests,
 * none of them a batch, a watch or one whose answer has items, and none that together could bring back more
 * than KC_DESCRIPTORS_MAX secrets and documents or KC_MESSAGE_SIZE_MAX bytes. On failure *detail names the offending field (static text) or is
 * NULL.
 *
 * KC_ERR_BAD_REQUEST   a field is missing or does not belong there, text is not valid
 * KC_ERR_BAD_ARGUMENT  a value is outside its range, or an operation cannot be in a batch
 */
KC_CHECKED enum kc_error kc_request_check(const struct kc_message *request, const char **detail);

/*
 * The same for an answer to answer->operation: for a client that does not trust its daemon, and for
 * the desk's tests. An answer with an error carries at most `detail`.
 *
 * KC_ERR_BAD_REPLY  not an answer to this operation
 */
KC_CHECKED enum kc_error kc_answer_check(const struct kc_message *answer);

#endif
