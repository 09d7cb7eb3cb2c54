/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/escrow_key.h"

#include "base/secret.h"
#include "base/wipe.h"
#include "custodian/mesh/account_create.h"
#include "custodian/mesh/key_document.h"
#include "custodian/mesh/opening.h"
#include "custodian/mesh/seed.h"

#include <string.h>

bool kc_mesh_may_be_escrowed(const char *name, enum kc_curve curve)
{
    return !kc_curve_info(curve)->signs &&
           strncmp(name, KC_MESH_NAME_ENCRYPTION, strlen(KC_MESH_NAME_ENCRYPTION)) == 0 &&
           kc_mesh_key_use(KC_MESH_SEED_PROFILE_ACCOUNT, name) == KC_USE_AGREE;
}

enum kc_error kc_mesh_escrow_key(const struct kc_mesh_source *source, const char *name,
    const struct kc_key *key, const struct kc_public_key *escrow,
    const struct kc_key *administrator, char **text, size_t *size)
{
    uint8_t room[KC_MESH_KEY_DOCUMENT_MAX]; /* secret */
    struct kc_object_writer w;
    struct kc_public_key public;
    if (!kc_mesh_may_be_escrowed(name, key->scalar.curve))
        return KC_ERR_ESCROW_KEY;
    enum kc_error error = kc_mesh_public_key(&key->public, &public);
    if (error != KC_OK)
        return error;
    kc_object_writer_init(&w, room, sizeof room);
    kc_mesh_write_scalar(&w, NULL, &public, &key->scalar);
    error = kc_object_writer_finish(&w);
    struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
        .type = "KeyData",
        .unique_id = public.udf,
        .signer = administrator,
        .recipients = escrow,
        .recipient_count = 1};
    if (error == KC_OK)
        error = kc_mesh_envelope_make(source, &letter, text, size);
    kc_wipe(room, sizeof room);
    return error;
}

/* --- and back --- */

static enum kc_error key_read(const struct kc_object *key_data, struct kc_key *key)
{
    struct kc_public_key public;
    KC_AUTO_SCALAR scalar = {0};
    if (kc_public_key_read(key_data->value, &public) != KC_OK)
        return KC_ERR_BAD_REQUEST;
    enum kc_error error = kc_mesh_read_scalar(key_data, &public, &scalar);
    if (error == KC_OK && kc_curve_info(scalar.curve)->signs)
        error = KC_ERR_ESCROW_KEY;
    return error == KC_OK ? kc_key_from_scalar(key, &scalar) : error;
}

enum kc_error kc_mesh_escrow_key_open(struct kc_span text, const struct kc_key *escrow,
    const struct kc_public_key *administrator, struct kc_key *key)
{
    struct kc_json_document document = {0};
    struct kc_object key_data;
    uint8_t *content = NULL; /* secret */
    size_t size = 0;
    if (text.size > KC_ESCROW_KEY_MAX)
        return KC_ERR_TOO_LARGE;
    enum kc_error error =
        kc_mesh_opening_whole(text, administrator, escrow, KC_ESCROW_KEY_MAX, &content, &size);
    if (error == KC_OK)
        error = kc_object_parse(
            (struct kc_span){content, size}, size, KC_OBJECT_KeyData, &document, &key_data, NULL);
    if (error == KC_OK)
        error = key_read(&key_data, key);
    kc_json_done(&document);
    kc_room_free(content);
    return error;
}
