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

/* The payload of a flow. */
void case_payload(const char *flow, char payload[CASE_TEXT_MAX]);

/* Replaces the first place of what must be there. */
void case_edit(char text[CASE_TEXT_MAX], const char *what, const char *with);

/* The device's ConnectionDevice, enveloped; given: free. */
char *case_manifest(void);

/* An envelope of a payload; manifest may be NULL; given: free. */
char *case_seal(const char *payload, const char *signer, const char *manifest);

/* Plays a body, and verifies whatever the answer is. */
enum kc_operate_code case_play(uint64_t now_ms, const char *body);

/* The same with a payload, which the device signs. */
enum kc_operate_code case_play_payload(const char *payload);

#endif
