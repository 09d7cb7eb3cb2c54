/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a Mesh service that a key of the custodian signs: written here, carried by whoever
 * speaks HTTPS. The time is in their ID, so they are to be sent within five minutes.
 */
#ifndef KC_CUSTODIAN_CLI_REQUEST_H
#define KC_CUSTODIAN_CLI_REQUEST_H

#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"
#include "custodian/mesh/envelope_make.h"
#include "proto/object.h"

#define KC_CLI_REQUEST_ROOM 4096 /* octets of the payload */

/* One that is being written; w is for the members that only its type has. */
struct kc_cli_request {
    struct kc_object_writer w;
    uint8_t room[KC_CLI_REQUEST_ROOM];
};

/* What documents are made with that nobody signs here: random octets, and the time. */
struct kc_mesh_source kc_cli_source(void);

/* Opens a request of a type, with an ID of now, to the service that --host names. KC_ERR_RANDOM;
 * KC_ERR_USAGE: there is no --host. Reported. */
KC_CHECKED enum kc_error kc_cli_request_begin(
    const struct kc_cli *cli, enum kc_object_type type, struct kc_cli_request *request);

/*
 * Closes it and has it signed, with the accreditation that the key has.
 *
 * text  given: the request, enveloped
 *
 * Errors are reported.
 */
KC_CHECKED enum kc_error kc_cli_request_sign(struct kc_cli *cli, struct kc_cli_request *request,
    const struct kc_cli_key *key, struct kc_cli_octets *text);

#endif
