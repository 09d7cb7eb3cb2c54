/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/signer.h"

#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/output.h"
#include "custodian/mesh/capability.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)64 << 10)

/* Keys that sign, as profiles and connections name them. */
static const char *const fields[] = {"ProfileSignature", "AdministratorSignature",
    "AccountSignature", "ServiceSignature", "CustodianSignature", "Signature"};

static bool has_signed(const struct kc_public_key *key, const struct kc_dare_envelope *envelope)
{
    const struct kc_dare_signature *signature;
    return kc_dare_envelope_verify(envelope, key, kc_mesh_verify, &signature) == KC_OK;
}

/* --- by a profile --- */

static enum kc_error profile_find(const struct kc_object *profile,
    const struct kc_dare_envelope *envelope, struct kc_public_key *key)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (kc_object_key(profile, fields[i], key) == KC_OK && has_signed(key, envelope))
            return KC_OK;
    return KC_ERR_SIGNATURE;
}

static enum kc_error of_profile(const struct kc_cli *cli, const char *path, struct kc_span text,
    const struct kc_dare_envelope *envelope, struct kc_public_key *key)
{
    struct kc_signed_object opened;
    enum kc_error error = kc_signed_object_open_profile(
        text, FILE_MAX, KC_OBJECT_Profile, NULL, kc_mesh_verify, &opened, NULL);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s: not a profile that its own key signed", path);
    error = profile_find(&opened.object, envelope, key);
    kc_signed_object_done(&opened);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, "by no key of %s", path);
}

/* --- by a fingerprint --- */

static bool names(const char *udf, const struct kc_object *object, struct kc_public_key *key)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (kc_object_key(object, fields[i], key) == KC_OK && strcmp(key->udf, udf) == 0)
            return true;
    return false;
}

/* Whether what an envelope holds has the key: it is the fingerprint's, whoever wrote it there. */
static bool holds(
    const char *udf, const struct kc_dare_envelope *envelope, struct kc_public_key *key)
{
    struct kc_json_document document = {0};
    struct kc_object object;
    struct kc_span payload = {envelope->body, envelope->body_size};
    if (envelope->salt_size > 0 ||
        kc_object_parse(payload, payload.size, KC_OBJECT_NONE, &document, &object, NULL) != KC_OK)
        return false;
    bool found = names(udf, &object, key);
    kc_json_done(&document);
    return found;
}

static bool is_accredited(
    const char *udf, const struct kc_dare_envelope *envelope, struct kc_public_key *key)
{
    bool found = false;
    struct kc_dare_envelope *manifest = calloc(1, sizeof *manifest);
    for (size_t i = 0; manifest != NULL && !found && i < envelope->signature_count; i++) {
        struct kc_span text = envelope->signatures[i].manifest;
        if (text.size == 0 || kc_dare_envelope_read(text, manifest) != KC_OK)
            continue;
        found = holds(udf, manifest, key);
        kc_dare_envelope_done(manifest);
    }
    free(manifest);
    return found;
}

/* --- whoever it is --- */

static enum kc_error of_name(struct kc_cli *cli, const char *name,
    const struct kc_dare_envelope *envelope, struct kc_cli_public *public)
{
    char udf[KC_UDF_ID_SIZE];
    struct kc_public_key key;
    if (kc_mesh_device_name(name, udf) &&
        (holds(udf, envelope, &key) || is_accredited(udf, envelope, &key)) &&
        kc_cli_public_of(&key, public) == KC_OK)
        return KC_OK;
    return kc_cli_public_find(cli, name, public);
}

enum kc_error kc_cli_signer_find(struct kc_cli *cli, const char *name,
    const struct kc_dare_envelope *envelope, struct kc_cli_public *public)
{
    KC_AUTO_OCTETS text = {NULL, 0};
    struct kc_public_key key;
    if (access(name, F_OK) != 0)
        return of_name(cli, name, envelope, public);
    enum kc_error error = kc_cli_read(cli, name, FILE_MAX, &text);
    if (error != KC_OK)
        return error;
    if (text.size == 0 || text.bytes[0] != '[')
        return kc_cli_public_read(cli, name, public);
    error = of_profile(cli, name, kc_cli_span(&text), envelope, &key);
    if (error == KC_OK && (error = kc_cli_public_of(&key, public)) != KC_OK)
        error = kc_cli_fail(cli, error, "%s", name);
    return error;
}
