/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/escrow_key.h"

#include "base/wipe.h"
#include "custodian/mesh/account_create.h"
#include "custodian/mesh/key_document.h"
#include "custodian/mesh/seed.h"

#include <string.h>

static bool may_be_escrowed(const char *name, const struct kc_key *key)
{
    return !kc_curve_info(key->scalar.curve)->signs &&
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
    if (!may_be_escrowed(name, key))
        return KC_ERR_REFUSED;
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
