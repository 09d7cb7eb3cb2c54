/* SPDX-License-Identifier: Apache-2.0 */
/* What a service's front end answers to who asks for a connection. What fails ends the test. */
#ifndef KC_TESTS_MESH_ACKNOWLEDGE_H
#define KC_TESTS_MESH_ACKNOWLEDGE_H

#include "proto/public_key.h"
#include "proto/udf.h"

/* The AcknowledgeConnection to a device's request for a connection to an account, by the profiles of
 * both, and its witness. Given: free. */
char *acknowledge(const char *request, const char *account_profile, const char *device_profile,
    char witness[KC_UDF_ID_SIZE]);

/* The key that signed a profile, and is its name. */
void acknowledge_profile_key(const char *profile, struct kc_public_key *key);

#endif
