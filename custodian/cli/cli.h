/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command `custodian`: its tables of commands and options, and the state of one run.
 *
 * A command is a row: a function that does one thing with the arguments that were parsed. It
 * reports its own failure (kc_cli_fail) and returns the error, whose class is the exit status.
 */
#ifndef KC_CUSTODIAN_CLI_H
#define KC_CUSTODIAN_CLI_H

#include "base/error.h"
#include "proto/socket/client.h"

#include <stdint.h>

enum kc_cli_option {
#define KC_CLI_OPTION(symbol, name, letter, argument, field, sentence) KC_CLI_##symbol,
#include "custodian/cli/options.def"
#undef KC_CLI_OPTION
    KC_CLI_OPTION_COUNT,
};

struct kc_cli_option_row {
    const char *name;
    int letter;           /* 0: none */
    const char *argument; /* NULL: a flag */
    enum kc_field field;  /* whose values it may have; KC_FIELDS: any */
    const char *sentence;
};

extern const struct kc_cli_option_row kc_cli_options[KC_CLI_OPTION_COUNT];

/* A set of options. */
typedef unsigned __int128 kc_cli_set;
#define KC_CLI_BIT_OF(option) ((kc_cli_set)1 << (option))
#define KC_CLI_BIT(option) KC_CLI_BIT_OF(KC_CLI_##option)
#define KC_CLI_GLOBAL                                                                              \
    (KC_CLI_BIT(SOCKET) | KC_CLI_BIT(TIMEOUT) | KC_CLI_BIT(JSON) | KC_CLI_BIT(QUIET) |             \
        KC_CLI_BIT(HELP) | KC_CLI_BIT(VERSION))
#define KC_CLI_RECIPIENTS_MAX 16 /* --to in one command */

struct kc_cli;

struct kc_cli_command {
    const char *group; /* one word, or two; NULL: the command is one word */
    const char *name;
    const char *arguments; /* as the usage shows them */
    size_t least, most;    /* number of arguments */
    kc_cli_set needs;      /* options that must be given */
    kc_cli_set takes;      /* others that may be, besides the global ones */
    const char *sentence;
    enum kc_error (*run)(struct kc_cli *cli);
};

extern const struct kc_cli_command kc_cli_commands[];
extern const size_t kc_cli_command_count;

/* One run. */
struct kc_cli {
    const struct kc_cli_command *command;    /* NULL: none was named */
    const char *group;                       /* a group without a command, for its help */
    const char *values[KC_CLI_OPTION_COUNT]; /* NULL: not given; a flag that is given: "" */
    const char *recipients[KC_CLI_RECIPIENTS_MAX];
    size_t recipient_count;
    char **arguments;
    size_t argument_count;
    int timeout_ms;
    struct kc_client *custodian, *service; /* made when they are needed */
    bool unwell;                           /* doctor found something: exit status 1 */
};

/*
 * Parses the words after the program's name into cli; options may stand anywhere before "--".
 *
 * KC_ERR_USAGE  reported
 */
KC_CHECKED enum kc_error kc_cli_parse(struct kc_cli *cli, int count, char *words[]);

/* The values that an option of a command may have, blanks between; NULL: any. */
const char *kc_cli_choices(const struct kc_cli_command *command, enum kc_cli_option option);

/* Words with blanks between as one reads them aloud: "one, two or three". */
void kc_cli_read_aloud(const char *words, char *text, size_t size);

/* KC_ERR_BAD_ARGUMENT: not a label; reported. */
KC_CHECKED enum kc_error kc_cli_label_check(const struct kc_cli *cli, const char *label);

/* Prints the help that fits what was named: of a command, of a group, or of all. */
void kc_cli_help(const struct kc_cli *cli);

/* Parses and runs; the exit status. */
int kc_cli_main(int count, char *words[]);

static inline bool kc_cli_given(const struct kc_cli *cli, enum kc_cli_option option)
{
    return cli->values[option] != NULL;
}

/* The functions of the table's rows, by the file that has them. */
enum kc_error kc_cli_status(struct kc_cli *cli); /* cli_status.c */
enum kc_error kc_cli_doctor(struct kc_cli *cli);
enum kc_error kc_cli_ping(struct kc_cli *cli);
enum kc_error kc_cli_random(struct kc_cli *cli);
enum kc_error kc_cli_keyring_list(struct kc_cli *cli);
enum kc_error kc_cli_error(struct kc_cli *cli);
enum kc_error kc_cli_keyring_show(struct kc_cli *cli); /* cli_keyring.c */
enum kc_error kc_cli_keyring_login(struct kc_cli *cli);
enum kc_error kc_cli_keyring_pin(struct kc_cli *cli);
enum kc_error kc_cli_keyring_change(struct kc_cli *cli);
enum kc_error kc_cli_keyring_remove(struct kc_cli *cli);
enum kc_error kc_cli_object_import(struct kc_cli *cli); /* cli_object.c */
enum kc_error kc_cli_object_list(struct kc_cli *cli);
enum kc_error kc_cli_object_show(struct kc_cli *cli);
enum kc_error kc_cli_object_remove(struct kc_cli *cli);
enum kc_error kc_cli_key_decrypt(struct kc_cli *cli);
enum kc_error kc_cli_completion(struct kc_cli *cli);   /* cli_completion.c */
enum kc_error kc_cli_key_generate(struct kc_cli *cli); /* cli_key.c */
enum kc_error kc_cli_key_list(struct kc_cli *cli);
enum kc_error kc_cli_key_show(struct kc_cli *cli);
enum kc_error kc_cli_key_public(struct kc_cli *cli);
enum kc_error kc_cli_key_reference(struct kc_cli *cli); /* cli_reference.c */
enum kc_error kc_cli_key_seal(struct kc_cli *cli);
enum kc_error kc_cli_key_agree(struct kc_cli *cli);
enum kc_error kc_cli_key_update(struct kc_cli *cli);
enum kc_error kc_cli_key_enable(struct kc_cli *cli);
enum kc_error kc_cli_key_disable(struct kc_cli *cli);
enum kc_error kc_cli_key_destroy(struct kc_cli *cli);
enum kc_error kc_cli_attest(struct kc_cli *cli); /* cli_attest.c */
enum kc_error kc_cli_attest_verify(struct kc_cli *cli);
enum kc_error kc_cli_attest_enrol(struct kc_cli *cli);
enum kc_error kc_cli_attest_challenge(struct kc_cli *cli);
enum kc_error kc_cli_attest_activate(struct kc_cli *cli);
enum kc_error kc_cli_attest_confirm(struct kc_cli *cli);
enum kc_error kc_cli_share_join(struct kc_cli *cli); /* cli_join.c */
enum kc_error kc_cli_share_form(struct kc_cli *cli);
enum kc_error kc_cli_share_deal(struct kc_cli *cli); /* deal.c */
enum kc_error kc_cli_share_dealt(struct kc_cli *cli);
enum kc_error kc_cli_share_redeal(struct kc_cli *cli);
enum kc_error kc_cli_share_gather(struct kc_cli *cli); /* renew.c */
enum kc_error kc_cli_share_retire(struct kc_cli *cli);
enum kc_error kc_cli_share_prove(struct kc_cli *cli); /* frost_sign.c */
enum kc_error kc_cli_frost_commit(struct kc_cli *cli);
enum kc_error kc_cli_frost_contribute(struct kc_cli *cli);
enum kc_error kc_cli_frost_aggregate(struct kc_cli *cli);
enum kc_error kc_cli_frost_abort(struct kc_cli *cli);
enum kc_error kc_cli_frost_sign(struct kc_cli *cli);  /* frost_sign.c */
enum kc_error kc_cli_share_split(struct kc_cli *cli); /* cli_share.c */
enum kc_error kc_cli_share_envelope(struct kc_cli *cli);
enum kc_error kc_cli_share_accept(struct kc_cli *cli);
enum kc_error kc_cli_share_list(struct kc_cli *cli);
enum kc_error kc_cli_share_show(struct kc_cli *cli);
enum kc_error kc_cli_operator_pin(struct kc_cli *cli); /* cli_operator.c */
enum kc_error kc_cli_store_rotate(struct kc_cli *cli); /* store.c */
enum kc_error kc_cli_store_accept(struct kc_cli *cli);
enum kc_error kc_cli_store_backup(struct kc_cli *cli); /* backup.c */
enum kc_error kc_cli_store_restore(struct kc_cli *cli);
enum kc_error kc_cli_recipient_add(struct kc_cli *cli);
enum kc_error kc_cli_recipient_list(struct kc_cli *cli);
enum kc_error kc_cli_recipient_profile(struct kc_cli *cli); /* mesh_admin.c */
enum kc_error kc_cli_mesh_account_create(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_profile(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_activate(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_refresh(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_disconnect(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_move(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_unbind(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_repeat(struct kc_cli *cli);
enum kc_error kc_cli_mesh_group_create(struct kc_cli *cli);
enum kc_error kc_cli_mesh_group_add(struct kc_cli *cli);
enum kc_error kc_cli_mesh_group_remove(struct kc_cli *cli);
enum kc_error kc_cli_mesh_group_rotate(struct kc_cli *cli);
enum kc_error kc_cli_recipient_remove(struct kc_cli *cli);
enum kc_error kc_cli_root_init(struct kc_cli *cli); /* root.c */
enum kc_error kc_cli_root_show(struct kc_cli *cli);
enum kc_error kc_cli_root_check(struct kc_cli *cli);
enum kc_error kc_cli_root_replace(struct kc_cli *cli);   /* replace.c */
enum kc_error kc_cli_policy_predict(struct kc_cli *cli); /* policy.c */
enum kc_error kc_cli_policy_sign(struct kc_cli *cli);
enum kc_error kc_cli_policy_test(struct kc_cli *cli);
enum kc_error kc_cli_policy_explain(struct kc_cli *cli);
enum kc_error kc_cli_policy_withdraw(struct kc_cli *cli);
enum kc_error kc_cli_encrypt(struct kc_cli *cli);  /* cli_encrypt.c */
enum kc_error kc_cli_decrypt(struct kc_cli *cli);  /* cli_decrypt.c */
enum kc_error kc_cli_key_sign(struct kc_cli *cli); /* cli_signature.c */
enum kc_error kc_cli_sign(struct kc_cli *cli);
enum kc_error kc_cli_verify(struct kc_cli *cli);
enum kc_error kc_cli_udf_show(struct kc_cli *cli); /* cli_udf.c */
enum kc_error kc_cli_udf_digest(struct kc_cli *cli);
enum kc_error kc_cli_udf_key(struct kc_cli *cli);
enum kc_error kc_cli_dare_show(struct kc_cli *cli); /* cli_dare.c */
enum kc_error kc_cli_dare_verify(struct kc_cli *cli);
enum kc_error kc_cli_sequence_list(struct kc_cli *cli);
enum kc_error kc_cli_sequence_verify(struct kc_cli *cli);
enum kc_error kc_cli_sequence_recover(struct kc_cli *cli);
enum kc_error kc_cli_mesh_service_create(struct kc_cli *cli); /* mesh_service.c */
enum kc_error kc_cli_mesh_service_show(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_list(struct kc_cli *cli);
enum kc_error kc_cli_mesh_account_show(struct kc_cli *cli);
enum kc_error kc_cli_mesh_capability_list(struct kc_cli *cli);
enum kc_error kc_cli_mesh_capability_revoke(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_revoke(struct kc_cli *cli);
enum kc_error kc_cli_mesh_operate(struct kc_cli *cli);
enum kc_error kc_cli_mesh_service_take(struct kc_cli *cli);
enum kc_error kc_cli_mesh_service_sign(struct kc_cli *cli);
enum kc_error kc_cli_mesh_request_status(struct kc_cli *cli); /* mesh_request.c */
enum kc_error kc_cli_mesh_account_acknowledge(struct kc_cli *cli);
enum kc_error kc_cli_mesh_request_operate(struct kc_cli *cli);
enum kc_error kc_cli_mesh_answer(struct kc_cli *cli);
enum kc_error kc_cli_mesh_request_decrypt(struct kc_cli *cli); /* decrypt.c */
enum kc_error kc_cli_key_derive(struct kc_cli *cli);           /* mesh_device.c */
enum kc_error kc_cli_mesh_device_create(struct kc_cli *cli);   /* mesh_device.c */
enum kc_error kc_cli_mesh_device_install(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_list(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_show(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_request(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_check(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_activate(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_pending(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_cancel(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_refresh(struct kc_cli *cli);
enum kc_error kc_cli_mesh_group_join(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_leave(struct kc_cli *cli);
enum kc_error kc_cli_mesh_device_destroy(struct kc_cli *cli);
enum kc_error kc_cli_sequence_create(struct kc_cli *cli); /* sequence.c */
enum kc_error kc_cli_sequence_append(struct kc_cli *cli);
enum kc_error kc_cli_sequence_show(struct kc_cli *cli);
enum kc_error kc_cli_envelope_open(struct kc_cli *cli); /* envelope.c */
enum kc_error kc_cli_envelope_sign(struct kc_cli *cli);
enum kc_error kc_cli_envelope_seal(struct kc_cli *cli);
enum kc_error kc_cli_mesh_escrow_create(struct kc_cli *cli); /* mesh_escrow.c */
enum kc_error kc_cli_mesh_escrow_show(struct kc_cli *cli);
enum kc_error kc_cli_mesh_escrow_verify(struct kc_cli *cli);
enum kc_error kc_cli_mesh_escrow_recover(struct kc_cli *cli);
enum kc_error kc_cli_mesh_escrow_retire(struct kc_cli *cli);
enum kc_error kc_cli_mesh_escrow_seal(struct kc_cli *cli);
enum kc_error kc_cli_mesh_escrow_open(struct kc_cli *cli);
enum kc_error kc_cli_mesh_pin_create(struct kc_cli *cli); /* mesh_pin.c */
enum kc_error kc_cli_mesh_pin_verify(struct kc_cli *cli);
enum kc_error kc_cli_mesh_pin_check(struct kc_cli *cli);
enum kc_error kc_cli_mesh_pin_close(struct kc_cli *cli);
enum kc_error kc_cli_mesh_earl_create(struct kc_cli *cli);
enum kc_error kc_cli_mesh_earl_publish(struct kc_cli *cli);
enum kc_error kc_cli_mesh_earl_claim(struct kc_cli *cli);
enum kc_error kc_cli_mesh_earl_open(struct kc_cli *cli);
enum kc_error kc_cli_mesh_earl_check(struct kc_cli *cli);

#endif
