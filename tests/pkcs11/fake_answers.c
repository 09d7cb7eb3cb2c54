/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pkcs11/fake_answers.h"

#include "tests/pkcs11/fake_computing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_state fake;

void fake_must(bool held, const char *what)
{
    if (held)
        return;
    perror(what);
    abort();
}

/* --- keys --- */

/* RSAPublicKey of 2048 bits: all of the modulus is fill, the exponent F4. */
static void make_rsa(struct fake_key *key, uint8_t fill)
{
    static const uint8_t head[] = {0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
    static const uint8_t tail[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    memcpy(key->public, head, sizeof head);
    memset(key->public + sizeof head, fill | 0x80, 256);
    memcpy(key->public + sizeof head + 256, tail, sizeof tail);
}

struct fake_key *fake_add_key(
    const char *algorithm, const char *keyring, const char *label, const char *role, uint8_t fill)
{
    fake_must(fake.key_count < FAKE_KEYS_MAX, "too many fake keys");
    struct fake_key *key = &fake.keys[fake.key_count];
    /* Ids in ascending order, as UDFs look. */
    unsigned number = (unsigned)fake.key_count++;
    size_t row = fake_row_of(algorithm);
    snprintf(key->id, sizeof key->id, "MA%c%c-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA",
        (char)('A' + number / 26), (char)('A' + number % 26));
    snprintf(key->label, sizeof key->label, "%s", label);
    snprintf(key->algorithm, sizeof key->algorithm, "%s", algorithm);
    snprintf(key->use, sizeof key->use, "%s", fake_algorithms[row].use);
    key->keyring = keyring;
    key->role = role;
    key->state = "active";
    key->public_size = fake_algorithms[row].public_size;
    memset(key->public, fill, key->public_size);
    if (algorithm[0] == 'P')
        key->public[0] = 0x04; /* an uncompressed point */
    if (algorithm[0] == 'R')
        make_rsa(key, fill);
    return key;
}

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.keyrings[0] = "home";
    fake.keyrings[1] = "work";
    fake.page = KC_ITEMS_MAX;
    fake.user_pin_state = fake.so_pin_state = "none";
    fake_add_key("Ed25519", "home", "Ed25519", "application", 0x11);
    fake_add_key("Ed448", "home", "Ed448", "application", 0x22);
    fake_add_key("X25519", "home", "X25519", "application", 0x33);
    fake_add_key("X448", "home", "X448", "application", 0x44);
    fake_add_key("P-256", "home", "P-256", "application", 0x55);
    fake_add_key("P-384", "home", "P-384", "application", 0x66);
    fake_add_key("RSA-2048", "home", "RSA-2048", "application", 0x77);
}

static struct fake_key *find_key(const struct kc_values *values)
{
    for (size_t i = 0; i < fake.key_count; i++)
        if (kc_values_text_is(values, KC_FIELD_KEY, fake.keys[i].id))
            return &fake.keys[i];
    return NULL;
}

static size_t copy_octets(
    const struct kc_values *values, enum kc_field field, uint8_t *octets, size_t size)
{
    struct kc_span span = values->value[field].span;
    if (!kc_values_has(values, field))
        return 0;
    fake_must(span.size <= size, "octets");
    if (span.size > 0)
        memcpy(octets, span.bytes, span.size);
    return span.size;
}

static void describe(const struct fake_key *key, struct kc_values *item)
{
    item->present = (struct kc_field_set){0};
    kc_values_set_text(item, KC_FIELD_KEY, key->id);
    kc_values_set_text(item, KC_FIELD_KEYRING, key->keyring);
    kc_values_set_text(item, KC_FIELD_LABEL, key->label);
    kc_values_set_text(item, KC_FIELD_ALGORITHM, key->algorithm);
    kc_values_set_text(item, KC_FIELD_ROLE, key->role);
    kc_values_set_text(item, KC_FIELD_USE, key->use);
    kc_values_set_text(item, KC_FIELD_RESIDENCE, "sealed");
    kc_values_set_text(item, KC_FIELD_STATE, key->state);
    kc_values_set_number(item, KC_FIELD_VERSION, 1);
    kc_values_set_number(item, KC_FIELD_CREATED, 1700000000);
    kc_values_set_span(item, KC_FIELD_PUBLIC, key->public, key->public_size);
    if (key->identifier_size > 0)
        kc_values_set_span(item, KC_FIELD_IDENTIFIER, key->identifier, key->identifier_size);
    if (key->confirm)
        kc_values_set_number(item, KC_FIELD_CONFIRM, true);
    if (key->login)
        kc_values_set_number(item, KC_FIELD_LOGIN, true);
}

static void generate_key(const struct kc_values *values, struct fake_reply *reply)
{
    char algorithm[16], label[65];
    fake_copy_text(values, KC_FIELD_ALGORITHM, algorithm, sizeof algorithm);
    fake_copy_text(values, KC_FIELD_LABEL, label, sizeof label);
    fake_copy_text(values, KC_FIELD_USE, fake.last_use, sizeof fake.last_use);
    for (size_t i = 0; i < fake.key_count; i++)
        if (strcmp(fake.keys[i].label, label) == 0) {
            reply->message.error = KC_ERR_LABEL_TAKEN;
            return;
        }
    bool home = kc_values_text_is(values, KC_FIELD_KEYRING, "home");
    struct fake_key *key =
        fake_add_key(algorithm, home ? "home" : "work", label, "application", 0x5e);
    snprintf(key->use, sizeof key->use, "%s", fake.last_use);
    key->identifier_size =
        copy_octets(values, KC_FIELD_IDENTIFIER, key->identifier, sizeof key->identifier);
    key->confirm = kc_values_has(values, KC_FIELD_CONFIRM);
    describe(key, &reply->message.values);
}

static void update_key(
    const struct kc_values *values, struct fake_key *key, struct fake_reply *reply)
{
    if (kc_values_has(values, KC_FIELD_LABEL))
        fake_copy_text(values, KC_FIELD_LABEL, key->label, sizeof key->label);
    if (kc_values_has(values, KC_FIELD_IDENTIFIER))
        key->identifier_size =
            copy_octets(values, KC_FIELD_IDENTIFIER, key->identifier, sizeof key->identifier);
    kc_values_set_number(&reply->message.values, KC_FIELD_VERSION, 2);
}

/* --- objects --- */

static struct fake_object *find_object(const struct kc_values *values)
{
    for (size_t i = 0; i < FAKE_OBJECTS_MAX; i++)
        if (fake.objects[i].id[0] != '\0' &&
            kc_values_text_is(values, KC_FIELD_OBJECT, fake.objects[i].id))
            return &fake.objects[i];
    return NULL;
}

static void describe_object(const struct fake_object *object, struct kc_values *item)
{
    item->present = (struct kc_field_set){0};
    kc_values_set_text(item, KC_FIELD_OBJECT, object->id);
    kc_values_set_text(item, KC_FIELD_KIND, object->kind);
    kc_values_set_text(item, KC_FIELD_KEYRING, object->keyring);
    kc_values_set_number(item, KC_FIELD_VERSION, 1);
    kc_values_set_number(item, KC_FIELD_CREATED, 1700000000);
    kc_values_set_span(item, KC_FIELD_VALUE, object->value, object->value_size);
    if (object->label[0] != '\0')
        kc_values_set_text(item, KC_FIELD_LABEL, object->label);
    if (object->identifier_size > 0)
        kc_values_set_span(item, KC_FIELD_IDENTIFIER, object->identifier, object->identifier_size);
    kc_values_set_span(item, KC_FIELD_ATTRIBUTES, object->attributes, object->attributes_size);
}

static void set_object(const struct kc_values *values, struct fake_object *object)
{
    if (kc_values_has(values, KC_FIELD_LABEL))
        fake_copy_text(values, KC_FIELD_LABEL, object->label, sizeof object->label);
    if (kc_values_has(values, KC_FIELD_IDENTIFIER))
        object->identifier_size =
            copy_octets(values, KC_FIELD_IDENTIFIER, object->identifier, sizeof object->identifier);
    if (kc_values_has(values, KC_FIELD_ATTRIBUTES))
        object->attributes_size =
            copy_octets(values, KC_FIELD_ATTRIBUTES, object->attributes, sizeof object->attributes);
    if (kc_values_has(values, KC_FIELD_VALUE))
        object->value_size =
            copy_octets(values, KC_FIELD_VALUE, object->value, sizeof object->value);
}

static void import_object(const struct kc_values *values, struct fake_reply *reply)
{
    struct fake_object *object = fake.objects;
    while (object->id[0] != '\0')
        fake_must(++object < fake.objects + FAKE_OBJECTS_MAX, "too many fake objects");
    snprintf(object->id, sizeof object->id, "object-%02u", ++fake.object_number);
    fake_copy_text(values, KC_FIELD_KIND, object->kind, sizeof object->kind);
    fake_copy_text(values, KC_FIELD_KEYRING, object->keyring, sizeof object->keyring);
    set_object(values, object);
    describe_object(object, &reply->message.values);
}

/* --- listings --- */

static bool passes(const struct kc_values *filter, enum kc_field field, const char *text)
{
    return !kc_values_has(filter, field) || kc_values_text_is(filter, field, text);
}

static bool key_is_listed(const struct kc_values *filter, const struct fake_key *key)
{
    return passes(filter, KC_FIELD_KEYRING, key->keyring) &&
           passes(filter, KC_FIELD_LABEL, key->label) && passes(filter, KC_FIELD_KIND, "key") &&
           strcmp(key->role, "application") == 0 && strcmp(key->state, "active") == 0;
}

static bool object_is_listed(const struct kc_values *filter, const struct fake_object *object)
{
    return object->id[0] != '\0' && passes(filter, KC_FIELD_KEYRING, object->keyring) &&
           passes(filter, KC_FIELD_LABEL, object->label) &&
           passes(filter, KC_FIELD_KIND, object->kind);
}

/* Adds an item unless the page is full; keeps count of where it ends. */
struct page {
    struct fake_reply *reply;
    const char *after; /* what is behind this id; NULL: all */
    const char *last;
    bool begun, more;
};

static struct kc_values *next_item(struct page *page, const char *id, bool listed)
{
    bool begun = page->begun;
    page->begun = begun || strcmp(page->after, id) == 0;
    if (!begun || !listed || page->more)
        return NULL;
    page->more = page->reply->message.item_count == fake.page;
    if (page->more)
        return NULL;
    page->last = id;
    return &page->reply->items[page->reply->message.item_count++];
}

static void list_objects(const struct kc_values *filter, struct fake_reply *reply)
{
    char after[65];
    fake_copy_text(filter, KC_FIELD_AFTER, after, sizeof after);
    struct page page = {.reply = reply, .after = after, .begun = after[0] == '\0'};
    for (size_t i = 0; i < fake.key_count; i++) {
        const struct fake_key *key = &fake.keys[i];
        struct kc_values *item = next_item(&page, key->id, key_is_listed(filter, key));
        if (item == NULL)
            continue;
        describe(key, item);
        kc_values_set_text(item, KC_FIELD_KIND, "key");
    }
    for (size_t i = 0; i < FAKE_OBJECTS_MAX; i++) {
        const struct fake_object *object = &fake.objects[i];
        struct kc_values *item = next_item(&page, object->id, object_is_listed(filter, object));
        if (item != NULL)
            describe_object(object, item);
    }
    kc_values_set_number(&reply->message.values, KC_FIELD_MORE, page.more);
    if (page.more)
        kc_values_set_text(&reply->message.values, KC_FIELD_AFTER, page.last);
}

static void list_keyrings(struct fake_reply *reply)
{
    for (size_t i = 0; fake.keyrings[i] != NULL; i++) {
        struct kc_values *item = &reply->items[reply->message.item_count++];
        item->present = (struct kc_field_set){0};
        kc_values_set_text(item, KC_FIELD_KEYRING, fake.keyrings[i]);
    }
}

/* --- keyrings --- */

static void read_secret(const struct kc_values *values, enum kc_field field,
    const struct kc_descriptors *descriptors, char text[static 65])
{
    size_t size = 0;
    if (!kc_values_has(values, field))
        return;
    enum kc_error error =
        kc_sealed_read(descriptors->fd[values->value[field].number], text, 64, &size);
    fake_must(error == KC_OK, "a secret");
    text[size] = '\0';
}

static enum kc_error log_in(const struct kc_values *values, const char *pin)
{
    bool so = kc_values_text_is(values, KC_FIELD_WHO, "so");
    if (strcmp(pin, so ? fake.so_pin : fake.user_pin) != 0)
        return KC_ERR_PIN_WRONG;
    if (kc_values_has(values, KC_FIELD_KEY))
        fake_copy_text(values, KC_FIELD_KEY, fake.confirmed, sizeof fake.confirmed);
    else
        fake_copy_text(values, KC_FIELD_WHO, fake.logged_in, sizeof fake.logged_in);
    return KC_OK;
}

static void set_pin(const struct kc_values *values, const char *pin)
{
    bool so = kc_values_text_is(values, KC_FIELD_WHO, "so");
    strcpy(so ? fake.so_pin : fake.user_pin, pin);
    *(so ? &fake.so_pin_state : &fake.user_pin_state) = "set";
}

static void handle_keyring(const struct kc_message *request,
    const struct kc_descriptors *descriptors, struct fake_reply *reply)
{
    char pin[65] = "", new_pin[65] = "";
    const struct kc_values *values = &request->values;
    struct kc_values *answer = &reply->message.values;
    read_secret(values, KC_FIELD_PIN, descriptors, pin);
    read_secret(values, KC_FIELD_NEW_PIN, descriptors, new_pin);
    switch ((int)request->operation) {
    case KC_OPERATION_KEYRING_SHOW:
        kc_values_set_text(answer, KC_FIELD_KEYRING, "home");
        kc_values_set_number(answer, KC_FIELD_LOGIN, fake.login_required);
        kc_values_set_text(answer, KC_FIELD_USER_PIN, fake.user_pin_state);
        kc_values_set_text(answer, KC_FIELD_SO_PIN, fake.so_pin_state);
        break;
    case KC_OPERATION_KEYRING_LOGIN:
        reply->message.error = log_in(values, pin);
        break;
    case KC_OPERATION_KEYRING_LOGOUT:
        fake.logged_in[0] = '\0';
        break;
    case KC_OPERATION_KEYRING_PIN_CHANGE:
        if (strcmp(pin, fake.user_pin) != 0) {
            reply->message.error = KC_ERR_PIN_WRONG;
            break;
        }
        set_pin(values, new_pin);
        kc_values_set_number(answer, KC_FIELD_VERSION, 2);
        break;
    default: /* KEYRING_PIN_INIT */
        set_pin(values, new_pin);
        kc_values_set_number(answer, KC_FIELD_VERSION, 1);
        break;
    }
}

/* --- dispatching --- */

static void handle_key(const struct kc_message *request, const struct kc_descriptors *descriptors,
    struct fake_key *key, struct fake_reply *reply)
{
    const struct kc_values *values = &request->values;
    switch ((int)request->operation) {
    case KC_OPERATION_KEY_SIGN:
        fake_sign(values, descriptors, key, reply);
        break;
    case KC_OPERATION_KEY_AGREE:
        fake_agree(values, key, reply);
        break;
    case KC_OPERATION_SECRET_DERIVE:
        fake_derive(values, reply);
        break;
    case KC_OPERATION_KEY_DECRYPT:
        fake_note_scheme(values);
        fake_pass_secret(reply, KC_FIELD_SECRET, "opened", 6);
        break;
    case KC_OPERATION_KEY_UPDATE:
        update_key(values, key, reply);
        break;
    case KC_OPERATION_KEY_DESTROY:
        key->state = "destroyed";
        kc_values_set_number(&reply->message.values, KC_FIELD_VERSION, 2);
        break;
    default:
        reply->message.error = KC_ERR_REFUSED;
    }
}

static void handle_object(
    const struct kc_message *request, struct fake_object *object, struct fake_reply *reply)
{
    if (request->operation == KC_OPERATION_OBJECT_UPDATE)
        set_object(&request->values, object);
    else
        object->id[0] = '\0';
    kc_values_set_number(&reply->message.values, KC_FIELD_VERSION, 2);
}

static void handle(const struct kc_message *request, const struct kc_descriptors *descriptors,
    struct fake_reply *reply)
{
    const struct kc_values *values = &request->values;
    switch ((int)request->operation) {
    case KC_OPERATION_PING:
        break;
    case KC_OPERATION_KEYRING_LIST:
        list_keyrings(reply);
        break;
    case KC_OPERATION_OBJECT_LIST:
        list_objects(values, reply);
        break;
    case KC_OPERATION_RANDOM:
        fake_make_random(values, reply);
        break;
    case KC_OPERATION_KEY_GENERATE:
        generate_key(values, reply);
        break;
    case KC_OPERATION_OBJECT_IMPORT:
        import_object(values, reply);
        break;
    case KC_OPERATION_VERIFY:
        fake_verify(values, descriptors, reply);
        break;
    case KC_OPERATION_SECRET_ENCRYPT:
    case KC_OPERATION_SECRET_DECRYPT:
        fake_cipher(request, descriptors, reply);
        break;
    case KC_OPERATION_WATCH:
        kc_values_set_number(&reply->message.values, KC_FIELD_SEEN, 1);
        break;
    default:
        handle_keyring(request, descriptors, reply);
    }
}

void fake_answer(const struct kc_message *request, const struct kc_descriptors *descriptors,
    struct fake_reply *reply)
{
    fake.asked[request->operation]++;
    reply->message.error = fake.fail[request->operation];
    if (reply->message.error != KC_OK)
        return;
    const struct kc_field_set *required = &kc_operations[request->operation].required;
    bool about_key = kc_field_set_has(required, KC_FIELD_KEY);
    bool about_object = kc_field_set_has(required, KC_FIELD_OBJECT);
    struct fake_key *key = about_key ? find_key(&request->values) : NULL;
    struct fake_object *object = about_object ? find_object(&request->values) : NULL;
    if ((about_key && key == NULL) || (about_object && object == NULL))
        reply->message.error = KC_ERR_REFUSED;
    else if (about_key)
        handle_key(request, descriptors, key, reply);
    else if (about_object)
        handle_object(request, object, reply);
    else
        handle(request, descriptors, reply);
}
