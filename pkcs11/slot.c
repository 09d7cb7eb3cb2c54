/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/slot.h"

#include "base/text.h"
#include "pkcs11/daemon.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"
#include "pkcs11/session.h"

#include <stdio.h>
#include <string.h>

static struct kc_slot slots[KC_SLOTS_MAX];
static size_t slot_count;
static bool looked; /* the custodian was asked: what comes from now on is an event */

/* FNV-1a, 64 bits: spreads names over numbers, nothing more. */
static uint64_t name_hash(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
    return hash;
}

struct kc_slot *kc_slot_find(CK_SLOT_ID id)
{
    for (size_t i = 0; i < slot_count; i++)
        if (slots[i].id == id)
            return &slots[i];
    return NULL;
}

CK_RV kc_slot_with_token(CK_SLOT_ID id, struct kc_slot **slot)
{
    struct kc_slot *found = kc_slot_find(id);
    if (found == NULL)
        return CKR_SLOT_ID_INVALID;
    if (!found->present)
        return CKR_TOKEN_NOT_PRESENT;
    *slot = found;
    return CKR_OK;
}

static struct kc_slot *find_token(const char *keyring, unsigned kinds)
{
    for (size_t i = 0; i < slot_count; i++)
        if (strcmp(slots[i].keyring, keyring) == 0 && slots[i].kinds == kinds)
            return &slots[i];
    return NULL;
}

/* What names a token: its keyring, and beside the token of the other keys what is on it. */
#define EDWARDS_SUFFIX "-edwards"
#define TOKEN_NAME_SIZE (KC_KEYRING_SIZE + sizeof EDWARDS_SUFFIX)

static const char *suffix_of(unsigned kinds)
{
    return kinds == KC_TOKEN_EDWARDS ? EDWARDS_SUFFIX : "";
}

/* A keyring may itself be named as another one's token; so ids and serial numbers come from names
 * that no keyring has. */
static uint64_t token_hash(const char *keyring, unsigned kinds)
{
    char name[TOKEN_NAME_SIZE];
    snprintf(name, sizeof name, "%s%s%s", keyring, kinds == KC_TOKEN_EDWARDS ? "\n" : "",
        suffix_of(kinds));
    return name_hash(name);
}

/* 31 bits of the name's hash: some clients keep slot ids in an int. Names that meet there are told
 * apart by order of appearance; among ten keyrings that happens once in 50 million custodians. */
static struct kc_slot *add(const char *keyring, unsigned kinds)
{
    if (slot_count == KC_SLOTS_MAX)
        return NULL;
    CK_SLOT_ID id = token_hash(keyring, kinds) & 0x7fffffff;
    while (kc_slot_find(id) != NULL)
        id = (id + 1) & 0x7fffffff;
    struct kc_slot *slot = &slots[slot_count];
    *slot = (struct kc_slot){.id = id, .kinds = kinds};
    if (!kc_text_copy(slot->keyring, sizeof slot->keyring, keyring))
        return NULL;
    slot_count++;
    return slot;
}

/* Notes that a token is there. */
static void note_token(const char *keyring, unsigned kinds)
{
    struct kc_slot *slot = find_token(keyring, kinds);
    if (slot == NULL)
        slot = add(keyring, kinds);
    if (slot != NULL)
        slot->present = true;
}

/* Notes that a keyring is there. */
static void note(struct kc_span name)
{
    char keyring[KC_KEYRING_SIZE];
    if (name.size == 0 || name.size >= sizeof keyring)
        return;
    memcpy(keyring, name.bytes, name.size);
    keyring[name.size] = '\0';
    struct kc_tokens tokens = kc_config_tokens(keyring);
    for (size_t i = 0; i < 2; i++)
        if (tokens.kinds[i] != 0)
            note_token(keyring, tokens.kinds[i]);
}

void kc_slots_refresh(void)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_KEYRING_LIST);
    enum kc_error error = kc_daemon_call(&request, &answer);
    kc_client_request_done(&request);

    kc_module_lock();
    bool before[KC_SLOTS_MAX] = {false};
    for (size_t i = 0; i < slot_count; i++) {
        before[i] = slots[i].present;
        slots[i].present = false;
    }
    if (error == KC_OK) {
        const struct kc_message *message = kc_client_answer_message(answer);
        for (size_t i = 0; i < message->item_count; i++)
            note(message->items[i].value[KC_FIELD_KEYRING].span);
    }
    for (size_t i = 0; i < slot_count; i++)
        slots[i].event = slots[i].event || (looked && slots[i].present != before[i]);
    looked = true;
    kc_module_unlock();
    kc_client_answer_free(answer);
}

CK_RV kc_slots_look_again(void)
{
    kc_module_unlock();
    kc_slots_refresh();
    return kc_module_enter();
}

void kc_slots_clear(void)
{
    slot_count = 0;
    looked = false;
}

struct kc_slot *kc_slot_sibling(const struct kc_slot *slot)
{
    for (size_t i = 0; i < slot_count; i++)
        if (&slots[i] != slot && strcmp(slots[i].keyring, slot->keyring) == 0)
            return &slots[i];
    return NULL;
}

void kc_slots_log_out(void)
{
    for (size_t i = 0; i < slot_count; i++) {
        if (slots[i].login == KC_LOGIN_NONE)
            continue;
        slots[i].login = KC_LOGIN_NONE;
        kc_object_remove_private(slots[i].id);
    }
}

bool kc_slot_take_event(CK_SLOT_ID *slot)
{
    for (size_t i = 0; i < slot_count; i++) {
        if (!slots[i].event)
            continue;
        slots[i].event = false;
        *slot = slots[i].id;
        return true;
    }
    return false;
}

/* Lists with the lock held; *count is room in, number out. */
static CK_RV list_slots(bool with_token, CK_SLOT_ID *list, CK_ULONG *count)
{
    CK_ULONG found = 0;
    for (size_t i = 0; i < slot_count; i++) {
        if (with_token && !slots[i].present)
            continue;
        if (list != NULL && found < *count)
            list[found] = slots[i].id;
        found++;
    }
    CK_RV rv = list != NULL && found > *count ? CKR_BUFFER_TOO_SMALL : CKR_OK;
    *count = found;
    return rv;
}

/* "The set of slots accessible through a Cryptoki library is checked at the time that
 * C_GetSlotList, for list length prediction (NULL pSlotList argument) is called." (3.0, 5.5) */
CK_RV C_GetSlotList(CK_BBOOL with_token, CK_SLOT_ID *list, CK_ULONG *count)
{
    if (count == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    bool ask = list == NULL || slot_count == 0;
    kc_module_unlock();
    if (ask)
        kc_slots_refresh();
    rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    return kc_module_leave(list_slots(with_token != CK_FALSE, list, count));
}

/* Asks how things are now, and takes the lock with the slot found. */
static CK_RV enter_slot(CK_SLOT_ID id, struct kc_slot **slot)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    rv = kc_slots_look_again();
    if (rv != CKR_OK)
        return rv;
    *slot = kc_slot_find(id);
    return *slot != NULL ? CKR_OK : kc_module_leave(CKR_SLOT_ID_INVALID);
}

CK_RV C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_slot *slot;
    CK_RV rv = enter_slot(id, &slot);
    if (rv != CKR_OK)
        return rv;
    *info = (CK_SLOT_INFO){
        .flags = CKF_REMOVABLE_DEVICE | (slot->present ? CKF_TOKEN_PRESENT : 0),
        .firmwareVersion = {KC_VERSION_MAJOR, KC_VERSION_MINOR},
    };
    char description[TOKEN_NAME_SIZE + 32];
    snprintf(description, sizeof description, "Custodian keyring %s%s", slot->keyring,
        slot->kinds == KC_TOKEN_EDWARDS ? ", Edwards" : "");
    kc_module_pad(info->slotDescription, sizeof info->slotDescription, description);
    kc_module_pad(info->manufacturerID, sizeof info->manufacturerID, "Custodian");
    return kc_module_leave(CKR_OK);
}

/* The name is cut, not what comes behind it. */
static void pad_label(const struct kc_slot *slot, CK_UTF8CHAR label[static 32])
{
    const char *suffix = suffix_of(slot->kinds);
    size_t size = strlen(suffix), room = 32 - size;
    size_t used = strlen(slot->keyring) < room ? strlen(slot->keyring) : room;
    kc_module_pad(label, room, slot->keyring);
    while (used > 0 && label[used - 1] == ' ') /* cut before a character of several octets */
        used--;
    memset(label + used, ' ', 32 - used);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a padded text has no zero */
    memcpy(label + used, suffix, size);
}

static CK_FLAGS login_flags(const struct kc_login_state *state)
{
    CK_FLAGS flags = state->required ? CKF_LOGIN_REQUIRED : 0;
    if (state->user_pin != KC_PIN_NONE)
        flags |= CKF_USER_PIN_INITIALIZED;
    if (state->user_pin == KC_PIN_FAILED)
        flags |= CKF_USER_PIN_COUNT_LOW;
    if (state->user_pin == KC_PIN_WAIT)
        flags |= CKF_USER_PIN_LOCKED;
    if (state->so_pin == KC_PIN_FAILED)
        flags |= CKF_SO_PIN_COUNT_LOW;
    if (state->so_pin == KC_PIN_WAIT)
        flags |= CKF_SO_PIN_LOCKED;
    return flags;
}

static void describe_token(
    const struct kc_slot *slot, const struct kc_login_state *state, CK_TOKEN_INFO *info)
{
    *info = (CK_TOKEN_INFO){
        .flags = CKF_RNG | CKF_TOKEN_INITIALIZED | login_flags(state),
        .ulMinPinLen = 4,
        .ulMaxPinLen = 64,
        .ulMaxSessionCount = KC_SESSIONS_MAX,
        .ulSessionCount = slot->session_count,
        .ulMaxRwSessionCount = KC_SESSIONS_MAX,
        .ulRwSessionCount = slot->rw_session_count,
        .ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
        .ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
        .ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
        .ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
        .firmwareVersion = {KC_VERSION_MAJOR, KC_VERSION_MINOR},
    };
    char serial[sizeof info->serialNumber + 1];
    snprintf(serial, sizeof serial, "%016llx",
        (unsigned long long)token_hash(slot->keyring, slot->kinds));
    pad_label(slot, info->label);
    kc_module_pad(info->manufacturerID, sizeof info->manufacturerID, "Custodian");
    kc_module_pad(info->model, sizeof info->model, "custodian");
    kc_module_pad(info->serialNumber, sizeof info->serialNumber, serial);
    kc_module_pad(info->utcTime, sizeof info->utcTime, "");
}

CK_RV C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_slot *slot;
    struct kc_login_state state = {0};
    CK_RV rv = enter_slot(id, &slot);
    if (rv != CKR_OK)
        return rv;
    struct kc_slot copy = *slot;
    kc_module_unlock();
    if (!copy.present || kc_login_show(copy.keyring, &state) != KC_OK)
        return CKR_TOKEN_NOT_PRESENT;
    describe_token(&copy, &state, info);
    return CKR_OK;
}
