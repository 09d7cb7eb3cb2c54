/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/listing.h"

#include "base/text.h"
#include "pkcs11/daemon.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 10000 /* a listing that has more is not one */

/* --- one item --- */

/* Copies text out, terminated. False: it does not fit. */
static bool take_text(struct kc_span text, char out[static KC_KEY_TEXT_SIZE])
{
    if (text.size >= KC_KEY_TEXT_SIZE)
        return false;
    if (text.size > 0)
        memcpy(out, text.bytes, text.size);
    out[text.size] = '\0';
    return true;
}

static struct kc_span span_of(const struct kc_values *item, enum kc_field field)
{
    return kc_values_has(item, field) ? item->value[field].span : (struct kc_span){NULL, 0};
}

static uint64_t number_of(const struct kc_values *item, enum kc_field field)
{
    return kc_values_has(item, field) ? item->value[field].number : 0;
}

/* Label and identifier: what every object has. */
static enum kc_error read_names(
    const struct kc_values *item, enum kc_field id, struct kc_object *object)
{
    struct kc_span identifier = span_of(item, KC_FIELD_IDENTIFIER);
    if (!take_text(span_of(item, id), object->id) || object->id[0] == '\0' ||
        !take_text(span_of(item, KC_FIELD_LABEL), object->label.text) ||
        identifier.size > sizeof object->identifier.bytes)
        return KC_ERR_BAD_REPLY;
    object->label.given = true;
    object->identifier.size = identifier.size;
    object->identifier.given = kc_values_has(item, KC_FIELD_IDENTIFIER);
    if (identifier.size > 0)
        memcpy(object->identifier.bytes, identifier.bytes, identifier.size);
    return KC_OK;
}

static enum kc_error set_value(struct kc_object *object, struct kc_span value)
{
    CK_RV rv = kc_object_set_value(object, value);
    if (rv == CKR_HOST_MEMORY)
        return KC_ERR_NO_MEMORY;
    return rv == CKR_OK ? KC_OK : KC_ERR_BAD_REPLY;
}

static enum kc_key_use read_use(const struct kc_values *item)
{
    if (kc_values_text_is(item, KC_FIELD_USE, "agree"))
        return KC_KEY_AGREES;
    return kc_values_text_is(item, KC_FIELD_USE, "decrypt") ? KC_KEY_DECRYPTS : KC_KEY_SIGNS;
}

/* The other share is the first one, which is used as if the key were whole. */
static bool is_services_share(const struct kc_values *item)
{
    return kc_values_text_is(item, KC_FIELD_ROLE, "share") && number_of(item, KC_FIELD_INDEX) > 1;
}

enum kc_error kc_listing_read_key(
    const struct kc_values *item, enum kc_object_kind half, struct kc_object *object)
{
    uint8_t info[KC_KEY_INFO_MAX];
    size_t size;
    struct kc_object result = {.kind = half};
    const struct kc_key_type *type = kc_key_type_named(span_of(item, KC_FIELD_ALGORITHM));
    bool split = kc_values_has(item, KC_FIELD_GROUP_PUBLIC);
    struct kc_span public = span_of(item, split ? KC_FIELD_GROUP_PUBLIC : KC_FIELD_PUBLIC);
    if (type == NULL || kc_public_of_api(type, public, info, &size) != KC_OK)
        return KC_ERR_BAD_REPLY;
    enum kc_error error = read_names(item, KC_FIELD_KEY, &result);
    if (error == KC_OK && !result.identifier.given)
        error = kc_key_identifier(result.id, result.identifier.bytes, &result.identifier.size);
    if (error == KC_OK)
        error = set_value(&result, (struct kc_span){info, size});
    if (error != KC_OK)
        return error;
    result.token = type->kind;
    result.key.contributes = is_services_share(item);
    result.key.own = true;
    result.key.login = number_of(item, KC_FIELD_LOGIN) != 0;
    result.key.use = read_use(item);
    result.key.confirms = number_of(item, KC_FIELD_CONFIRM) != 0;
    result.key.start = number_of(item, KC_FIELD_START);
    result.key.expiry = number_of(item, KC_FIELD_EXPIRY);
    *object = result;
    return KC_OK;
}

/* On which token an object is that this module did not make: beside the keys that it belongs to. */
static enum kc_token_kind natural_token(const struct kc_object *object)
{
    struct kc_public public;
    if (object->kind == KC_OBJECT_PUBLIC)
        return object->key.public.type->kind;
    if (object->kind == KC_OBJECT_CERTIFICATE &&
        kc_public_read(object->certificate.public_info, &public) == KC_OK)
        return public.type->kind;
    return KC_TOKEN_NIST;
}

/* u8 token, u8 category, span application, span object_id. What others wrote there is theirs. */
static void read_attributes(struct kc_span bytes, struct kc_object *object)
{
    struct kc_reader r;
    kc_reader_init(&r, bytes.bytes, bytes.size);
    uint8_t token = kc_reader_u8(&r), category = kc_reader_u8(&r);
    struct kc_span application = kc_reader_span(&r, KC_KEY_TEXT_SIZE - 1);
    struct kc_span object_id = kc_reader_span(&r, KC_KEY_IDENTIFIER_MAX);
    bool ours =
        kc_reader_finish(&r) == KC_OK && (token == KC_TOKEN_NIST || token == KC_TOKEN_EDWARDS);
    object->token = ours ? (enum kc_token_kind)token : natural_token(object);
    object->certificate_category = ours ? category : 0;
    if (!ours || object->kind != KC_OBJECT_DATA)
        return;
    struct kc_data_facts *data = &object->data;
    if (!take_text(application, data->application.text))
        return;
    data->object_id.size = object_id.size;
    if (object_id.size > 0)
        memcpy(data->object_id.bytes, object_id.bytes, object_id.size);
}

size_t kc_listing_write_attributes(
    const struct kc_object *object, uint8_t bytes[static KC_LISTING_ATTRIBUTES_MAX])
{
    static const struct kc_data_facts none;
    const struct kc_data_facts *data = object->kind == KC_OBJECT_DATA ? &object->data : &none;
    struct kc_writer w;
    kc_writer_init(&w, bytes, KC_LISTING_ATTRIBUTES_MAX);
    kc_writer_u8(&w, (uint8_t)object->token);
    kc_writer_u8(&w, object->certificate_category);
    kc_writer_span(&w, data->application.text, strlen(data->application.text));
    kc_writer_span(&w, data->object_id.bytes, data->object_id.size);
    return w.size;
}

static bool read_kind(const struct kc_values *item, enum kc_object_kind *kind)
{
    static const struct {
        const char *name;
        enum kc_object_kind kind;
    } kinds[] = {{"certificate", KC_OBJECT_CERTIFICATE}, {"public", KC_OBJECT_PUBLIC},
        {"data", KC_OBJECT_DATA}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kc_values_text_is(item, KC_FIELD_KIND, kinds[i].name)) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
}

enum kc_error kc_listing_read_object(const struct kc_values *item, struct kc_object *object)
{
    struct kc_object result = {0};
    if (!read_kind(item, &result.kind))
        return KC_ERR_BAD_REPLY;
    enum kc_error error = read_names(item, KC_FIELD_OBJECT, &result);
    if (error == KC_OK)
        error = set_value(&result, span_of(item, KC_FIELD_VALUE));
    if (error != KC_OK)
        return error;
    read_attributes(span_of(item, KC_FIELD_ATTRIBUTES), &result);
    *object = result;
    return KC_OK;
}

/* --- a listing --- */

/* Appends an object, or drops it if it is on another token. */
static void append(const struct kc_slot *slot, struct kc_object *object, struct kc_listing *list)
{
    if ((object->token & slot->kinds) == 0) {
        kc_object_done(object);
        return;
    }
    object->slot = slot->id;
    list->objects[list->count++] = *object;
}

/* What somebody keeps as a certificate without it being one is left out, and harms no other's listing;
 * a key that is none is the custodian's fault. */
static enum kc_error append_item(
    const struct kc_slot *slot, const struct kc_values *item, struct kc_listing *list)
{
    static const enum kc_object_kind halves[] = {KC_OBJECT_PRIVATE, KC_OBJECT_PUBLIC};
    struct kc_object object;
    enum kc_error error = KC_OK;
    if (!kc_values_text_is(item, KC_FIELD_KIND, "key")) {
        error = kc_listing_read_object(item, &object);
        if (error == KC_OK)
            append(slot, &object, list);
        return error == KC_ERR_BAD_REPLY ? KC_OK : error;
    }
    for (size_t i = 0; i < 2 && error == KC_OK; i++) {
        error = kc_listing_read_key(item, halves[i], &object);
        if (error == KC_OK)
            append(slot, &object, list);
        if (error == KC_OK && is_services_share(item))
            break; /* the public half is that of the whole key, and beside its first share */
    }
    return error;
}

static enum kc_error append_page(
    const struct kc_slot *slot, const struct kc_message *page, struct kc_listing *list)
{
    if (page->item_count == 0)
        return KC_OK;
    struct kc_object *larger =
        reallocarray(list->objects, list->count + 2 * page->item_count, sizeof *larger);
    if (larger == NULL)
        return KC_ERR_NO_MEMORY;
    list->objects = larger;
    for (size_t i = 0; i < page->item_count; i++) {
        enum kc_error error = append_item(slot, &page->items[i], list);
        if (error != KC_OK)
            return error;
    }
    return KC_OK;
}

/* Fetches the page behind *after, appends it, and moves *after. */
static enum kc_error fetch_page(const struct kc_slot *slot, const struct kc_listing_filter *filter,
    char after[static KC_KEY_TEXT_SIZE], struct kc_listing *list, bool *more)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_OBJECT_LIST);
    struct kc_values *values = &request.message.values;
    kc_values_set_text(values, KC_FIELD_KEYRING, slot->keyring);
    if (filter->kind != NULL)
        kc_values_set_text(values, KC_FIELD_KIND, filter->kind);
    if (filter->label != NULL)
        kc_values_set_text(values, KC_FIELD_LABEL, filter->label);
    if (after[0] != '\0')
        kc_values_set_text(values, KC_FIELD_AFTER, after);
    enum kc_error error = kc_daemon_call(&request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return error;

    const struct kc_message *page = kc_client_answer_message(answer);
    error = append_page(slot, page, list);
    *more = page->values.value[KC_FIELD_MORE].number != 0;
    /* The daemon says where to go on, as it may have passed keys that the filters left out. */
    if (error == KC_OK && *more && !take_text(span_of(&page->values, KC_FIELD_AFTER), after))
        error = KC_ERR_BAD_REPLY;
    kc_client_answer_free(answer);
    return error;
}

enum kc_error kc_listing_fetch(
    const struct kc_slot *slot, const struct kc_listing_filter *filter, struct kc_listing *list)
{
    struct kc_listing result = {0};
    char after[KC_KEY_TEXT_SIZE] = "";
    enum kc_error error = KC_OK;
    bool more = true;
    for (size_t page = 0; error == KC_OK && more; page++)
        error =
            page < PAGES_MAX ? fetch_page(slot, filter, after, &result, &more) : KC_ERR_BAD_REPLY;
    if (error != KC_OK) {
        kc_listing_done(&result);
        return error;
    }
    *list = result;
    return KC_OK;
}

void kc_listing_done(struct kc_listing *list)
{
    for (size_t i = 0; i < list->count; i++)
        kc_object_done(&list->objects[i]);
    free(list->objects);
    *list = (struct kc_listing){0};
}
