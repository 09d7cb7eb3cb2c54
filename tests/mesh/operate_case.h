/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the worked case, changed and signed again, and the service that they are played
 * against. Each ends the test if it fails.
 */
#ifndef KC_TESTS_MESH_OPERATE_CASE_H
#define KC_TESTS_MESH_OPERATE_CASE_H

#include "tests/mesh/operate_state.h"

#define CASE_NOW 1772452805000u /* 2026-03-02T12:00:05Z */
#define CASE_TEXT_MAX 30000

/* Keys by their place in the base set. */
#define CASE_DEVICE "device.composite_keys.Sign.scalar_le"
#define CASE_ADMINISTRATOR "account.keys.AdminSign.scalar_le"

extern json_t *case_base;
extern struct operate_service case_service;

/* Fixtures: of the group, and of each test. */
int case_load(void **state);
int case_unload(void **state);
int case_reset(void **state);

/* A value by a path such as "flows.agreement.envelope.1". */
const json_t *case_at(const json_t *value, const char *path);

/* Octets of base64url; how many. */
size_t case_decode(const char *text, uint8_t *octets, size_t room);

/* The payload of a flow, or of any envelope of the base set. */
void case_payload(const char *flow, char payload[CASE_TEXT_MAX]);
void case_payload_of(const char *envelope, char payload[CASE_TEXT_MAX]);

/* The body of a flow, as it was sent. */
void case_body(const char *flow, char body[CASE_TEXT_MAX]);

/* Replaces the first place of what must be there. */
void case_edit(char text[CASE_TEXT_MAX], const char *what, const char *with);

/* The device's ConnectionDevice, enveloped; given: free. */
char *case_manifest(void);

/* A key of the base set, all of Ed448. */
struct kc_key case_key(const char *path);

/* An envelope of a payload; manifest may be NULL, and signer, too; given: free. */
char *case_seal(const char *payload, const char *signer, const char *manifest);
char *case_seal_by(const char *payload, const struct kc_key *signer, const char *manifest);
char *case_seal_also(const char *payload, const struct kc_key *signer, const char *manifest,
    const struct kc_key *also);

/* A member of another account, whose keys are base keys of the device. Its profile; and the device,
 * connected to that account by whom, with the key that other capabilities name as their grantee, too.
 * Given: free. */
#define CASE_MEMBER "device.base_keys.Profile"
#define CASE_MEMBER_ADMINISTRATOR "device.base_keys.Sign"
#define CASE_MEMBER_ENCRYPTION "account.keys.Escrow"
char *case_member_profile(void);
char *case_member_connection(const char *updated, const char *signer);

/* A key of X448, by its place. */
struct kc_key case_agreement_key(const char *path);

/* What a result of Share or Generate holds for a key: the service's share is the first. */
struct kc_scalar case_open_share(const json_t *result, size_t which, const struct kc_key *key);

/* Plays a body, and verifies whatever the answer is. */
enum kc_operate_code case_play(uint64_t now_ms, const char *body);

/* The same with a payload, which the device signs. */
enum kc_operate_code case_play_payload(const char *payload);

/* The agreement as it was sent, with one thing changed in what surrounds its payload. */
enum kc_operate_code case_play_body(const char *what, const char *with);

/* Requests with one thing changed each, signed again by the device that signed them. */
struct case_change {
    const char *flow, *what, *with;
    enum kc_operate_code code;
};
void case_play_changes(const struct case_change *changes, size_t count);
#define CASE_PLAY(changes) case_play_changes(changes, sizeof(changes) / sizeof *(changes))

/* What stands in the flows. */
#define CASE_AGREE "agreement"
#define CASE_LAGRANGE "agreement_lagrange"
#define CASE_SIGN "sign"
#define CASE_DECRYPT_ID "NDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZA"
#define CASE_LAGRANGE_ID "NB22-JRAP-FRUH-KN5M-DLGU-VWSB-W6JA"
#define CASE_SIGN_ID "NAUI-UG6Y-JRU2-HSNL-DYV4-TICC-O5XQ"
#define CASE_POINT "ZshUowHLQrzvrJKH3IYIV6LLAqFx-uInBWMX0SfwdQGsn8K1NVQ12Z5T1lw-A3e3jbchfu0upw2A"
#define CASE_R_D "22cdu8fjzLmJgW-rPc2EvSYVXL3d86hGLPO0FuzRmaVkx112sqqWw2sJYdkuvb0_MJ5otN_wgl0A"
#define CASE_COEFFICIENT                                                                           \
    "qMFyjttAKGEchezZ0EAkCzAS8uRtnm9Bo7aYKVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVRU"

#endif
