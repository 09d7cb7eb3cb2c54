/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account, a device and a service as an administrator meets them, and both halves of Operate on
 * what was made: the service that accepted the entries, and the device that was activated. Each ends
 * the test if it fails.
 */
#ifndef KC_TESTS_MESH_ADMIN_CASE_H
#define KC_TESTS_MESH_ADMIN_CASE_H

#include "custodian/mesh/account_create.h"
#include "custodian/mesh/admin_activation.h"
#include "custodian/mesh/operate.h"
#include "tests/mesh/sample.h"
#include "tests/mesh/source.h"

#define ADMIN_ADDRESS "alice@example.com"
#define ADMIN_SERVICE "example.com"
#define ADMIN_ENTRIES_MAX 4

struct admin_case {
    struct kc_mesh_source source;
    struct sample_key profile, administrator, encryption, authentication, signature, escrow, store;
    struct sample_key device_profile, device_encryption, device_signature, device_authentication;
    struct sample_key service_profile, service_encryption, service_signature, response;
    char *account_text, *device_text, *service_text; /* enveloped profiles */
    struct kc_mesh_account account;
    struct kc_mesh_device device;
    struct kc_mesh_provider provider;
};

struct admin_case *admin_case_new(void);
void admin_case_free(struct admin_case *c);

static inline struct kc_span admin_span(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, __builtin_strlen(text)};
}

/* An enveloped ProfileDevice with these base keys, signed by a key. */
char *admin_profile_device(const struct sample_key *profile, const struct kc_public_key *encryption,
    const struct kc_public_key *signature, const struct kc_public_key *authentication,
    const struct sample_key *signer);

/* The ProfileService of the service's keys in the case, enveloped. */
char *admin_profile_service(const struct admin_case *c);

/* What connects the device of the case with rights as they are written. */
struct kc_mesh_connecting admin_connecting(
    const struct admin_case *c, const char *rights, struct kc_mesh_rights *read);

/* Decrypts an enveloped object that the administrator must have signed. document: kc_json_done;
 * octets: free */
struct kc_object admin_open(struct kc_span text, const struct kc_public_key *signer,
    const struct kc_key *key, enum kc_object_type type, uint8_t **octets,
    struct kc_json_document *document);

/* --- the device, activated --- */

struct admin_share {
    struct kc_scalar share;
    struct kc_public_key own;
    char service_id[KC_UDF_ID_SIZE];
};

struct admin_device {
    struct kc_key encryption, signature, authentication; /* composite */
    bool has_administrator;
    struct kc_scalar administrator;
    bool has_decrypt, has_sign;
    struct admin_share decrypt, sign;
    size_t store_count;
    char *connection;
};

/* Activates from the enveloped CatalogedDevice, and compares with the connection. */
void admin_activate(const struct admin_case *c, const char *cataloged, struct admin_device *device);
void admin_device_done(struct admin_device *device);

/* --- the service --- */

struct admin_service {
    struct kc_operate_state state;
    struct kc_mesh_service self;
    const struct admin_case *c;
    const struct kc_mesh_account *account;
    struct kc_mesh_capability capabilities[ADMIN_ENTRIES_MAX];
    size_t capability_count;
};

struct admin_service *admin_service_new(
    const struct admin_case *c, const struct kc_mesh_account *account);
void admin_service_free(struct admin_service *service);
enum kc_error admin_service_accept(struct admin_service *service, const char *entry);

/* --- both --- */

/* What the two agree on with a point, through a signed request; and what comes of one that is
 * refused. kc_operate_code of the request. */
enum kc_operate_code admin_decrypt(const struct admin_service *service,
    const struct admin_device *device, const struct kc_point *peer, uint8_t *agreed);

/* A signature of both over a digest. */
enum kc_operate_code admin_sign(const struct admin_service *service,
    const struct admin_device *device, const uint8_t digest[64], uint8_t *signature);

#endif
