/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/request.h"

#include "custodian/cli/document.h"
#include "custodian/cli/output.h"
#include "custodian/mesh/replay.h"

#include <sys/random.h>
#include <time.h>

#define TIME_SIZE 8 /* octets of an ID */

static enum kc_error random_octets(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    return getrandom(octets, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM;
}

static uint64_t count_nothing(void *context)
{
    (void)context; /* it is for nonces of signatures */
    return 0;
}

struct kc_mesh_source kc_cli_source(void)
{
    return (struct kc_mesh_source){
        .random = random_octets, .count = count_nothing, .now = (uint64_t)time(NULL)};
}

static enum kc_error id_make(const struct kc_cli *cli, uint8_t id[KC_REPLAY_ID_SIZE])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (size_t i = 0; i < TIME_SIZE; i++)
        id[i] = (uint8_t)(ms >> (8 * (TIME_SIZE - 1 - i)));
    enum kc_error error = random_octets(NULL, id + TIME_SIZE, KC_REPLAY_ID_SIZE - TIME_SIZE);
    return error == KC_OK ? KC_OK : kc_cli_fail(cli, error, NULL);
}

enum kc_error kc_cli_request_begin(
    const struct kc_cli *cli, enum kc_object_type type, struct kc_cli_request *request)
{
    uint8_t id[KC_REPLAY_ID_SIZE];
    if (!kc_cli_given(cli, KC_CLI_HOST))
        return kc_cli_refuse(
            cli, KC_ERR_USAGE, "--host NAME is missing: the service that the request is for");
    enum kc_error error = id_make(cli, id);
    if (error != KC_OK)
        return error;
    kc_object_writer_init(&request->w, request->room, sizeof request->room);
    kc_object_write_tagged(&request->w, NULL, type);
    kc_object_write_octets(&request->w, "ID", (struct kc_span){id, sizeof id});
    kc_object_write_text(&request->w, "Service", cli->values[KC_CLI_HOST]);
    return KC_OK;
}

enum kc_error kc_cli_request_sign(struct kc_cli *cli, struct kc_cli_request *request,
    const struct kc_cli_key *key, struct kc_cli_octets *text)
{
    KC_AUTO_CALL call = {0};
    kc_object_write_end(&request->w);
    enum kc_error error = kc_object_writer_finish(&request->w);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, NULL);
    error = kc_cli_call_begin(cli, &call, KC_OPERATION_ENVELOPE_SIGN);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key->id);
    error = kc_cli_call_data(
        &call, KC_FIELD_MESSAGE, (struct kc_span){request->room, request->w.json.out.size});
    if (error == KC_OK)
        error = kc_cli_call_run(&call);
    return error == KC_OK ? kc_cli_call_read(&call, KC_FIELD_DOCUMENT, text) : error;
}
