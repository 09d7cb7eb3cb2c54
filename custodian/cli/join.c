/* SPDX-License-Identifier: Apache-2.0 */
/* A share in software beside another custodian's resident key, and the resident key as the other share. */
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/operator.h"
#include "custodian/cli/output.h"
#include "custodian/cli/public.h"
#include "custodian/cli/write.h"

#include "base/writer.h"

#include <string.h>

#define JOINED_MAX                                                                                 \
    512 /* the file between the two: public share and proof, each behind its size (u32) */

/* Which of the two shares is here: 1 completes, 2 is the service's. */
static enum kc_error put_index(const struct kc_cli *cli, struct kc_cli_call *call)
{
    const char *index = cli->values[KC_CLI_INDEX];
    if (strcmp(index, "1") != 0 && strcmp(index, "2") != 0)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "--index is 1 or 2");
    kc_cli_call_number(call, KC_FIELD_INDEX, (uint64_t)(index[0] - '0'));
    return KC_OK;
}

static enum kc_error prove_and_run(struct kc_cli *cli, struct kc_cli_call *call)
{
    enum kc_error error = put_index(cli, call);
    if (error == KC_OK)
        error = kc_cli_call_pin(cli, call);
    if (error == KC_OK)
        error = kc_cli_call_run(call);
    return error;
}

static void print_share(const struct kc_cli *cli, const struct kc_cli_call *call)
{
    json_t *object = kc_cli_object(&kc_cli_call_answer(call)->values);
    json_object_del(object, kc_fields[KC_FIELD_POSSESSION].name);
    kc_cli_print_object(cli, object);
}

/* --- share join --- */

static enum kc_error write_joined(struct kc_cli *cli, const struct kc_cli_call *call)
{
    uint8_t octets[JOINED_MAX];
    struct kc_writer w;
    struct kc_span public = kc_cli_call_span(call, KC_FIELD_PUBLIC);
    struct kc_span possession = kc_cli_call_span(call, KC_FIELD_POSSESSION);
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_span(&w, public.bytes, public.size);
    kc_writer_span(&w, possession.bytes, possession.size);
    if (kc_writer_finish(&w) != KC_OK)
        return kc_cli_fail(cli, KC_ERR_BAD_REPLY, "the share is too large");
    return kc_cli_write(cli, cli->values[KC_CLI_OUTPUT], (struct kc_span){octets, w.size}, 0644);
}

enum kc_error kc_cli_share_join(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_public public;
    char keyring[65];
    enum kc_error error = kc_cli_public_read(cli, cli->arguments[0], &public);
    if (error == KC_OK && !public.whole)
        error = kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
            "the file has u alone: make it with custodian key public --signed");
    if (error == KC_OK)
        error = kc_cli_call_begin_in_keyring(cli, &call, KC_OPERATION_SHARE_JOIN, keyring);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_ALGORITHM, public.algorithm);
    kc_cli_call_octets(&call, KC_FIELD_PUBLIC, kc_cli_public_span(&public));
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    kc_cli_call_option(&call, KC_FIELD_ACCOUNT, KC_CLI_ACCOUNT);
    if ((error = prove_and_run(cli, &call)) == KC_OK)
        error = write_joined(cli, &call);
    if (error == KC_OK)
        print_share(cli, &call);
    return error;
}

/* --- share form --- */

enum kc_error kc_cli_share_form(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS joined = {NULL, 0};
    struct kc_cli_key key;
    struct kc_reader r;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[1], JOINED_MAX, &joined);
    if (error != KC_OK)
        return error;
    kc_reader_init(&r, joined.bytes, joined.size);
    struct kc_span public = kc_reader_span(&r, JOINED_MAX);
    struct kc_span possession = kc_reader_span(&r, JOINED_MAX);
    if (kc_reader_finish(&r) != KC_OK)
        return kc_cli_fail(
            cli, KC_ERR_BAD_ARGUMENT, "%s is not what share join wrote", cli->arguments[1]);
    if ((error = kc_cli_call_begin(cli, &call, KC_OPERATION_SHARE_FORM)) != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    kc_cli_call_octets(&call, KC_FIELD_PUBLIC, public);
    kc_cli_call_octets(&call, KC_FIELD_POSSESSION, possession);
    kc_cli_call_option(&call, KC_FIELD_LABEL, KC_CLI_LABEL);
    if ((error = prove_and_run(cli, &call)) == KC_OK)
        print_share(cli, &call);
    return error;
}
