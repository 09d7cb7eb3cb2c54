/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command to a TPM and its answer: the one place through which every command goes.
 *
 * A command is written down in the order of the TPM's own tables (TPM 2.0 Library, part 3): what it
 * names, then its parameters. Running it authorises, encrypts, sends, waits, repeats while the TPM
 * is busy, verifies and decrypts; what remains is to read the answer's parameters.
 *
 *     KC_AUTO_COMMAND command;
 *     kc_command_init(&command, "get random octets", TPM2_CC_GetRandom, KC_COMMAND_ANSWERS_SIZED);
 *     kc_writer_u16(&command.parameters, 32);
 *     if ((error = kc_command_run(tpm, &command)) != KC_OK)
 *         return error;
 *     random = kc_command_read_sized(&command, 32);
 *     return kc_command_finish(tpm, &command);
 *
 * Unless its form says otherwise, each command carries a session's HMAC: of the session that
 * authorises what it uses, or of tpm->session. The first session also encrypts the first parameter
 * of the command and of the answer, where they have a size.
 */
#ifndef KC_TPM_COMMAND_H
#define KC_TPM_COMMAND_H

#include "base/reader.h"
#include "base/writer.h"
#include "tpm/tpm2.h"

#define KC_COMMAND_NAMED_MAX 3
#define KC_COMMAND_SESSIONS_MAX 2

/* What is particular about a command; added up. */
enum kc_command_form {
    KC_COMMAND_SENDS_SIZED = 1,    /* its first parameter is a TPM2B */
    KC_COMMAND_ANSWERS_SIZED = 2,  /* the first one of the answer is */
    KC_COMMAND_ANSWERS_HANDLE = 4, /* the answer begins with a handle */
    KC_COMMAND_BARE = 8,           /* it takes no session, or comes before there is one */
    KC_COMMAND_PASSWORDS = 16,     /* before there is a session: empty passwords for what it uses */
};

/* How the use of an entity is authorised. */
struct kc_authorisation {
    struct kc_session *session; /* borrowed; NULL: an empty password */
    const TPM2B_AUTH *value;    /* secret; borrowed; NULL: the entity has none */
};

struct kc_command {
    const char *step; /* static text, for the cause of a failure */
    TPM2_CC code;
    unsigned form;
    const struct kc_entity *named[KC_COMMAND_NAMED_MAX]; /* borrowed until it was run */
    size_t named_count;
    struct kc_authorisation used[KC_COMMAND_SESSIONS_MAX]; /* of the first ones named */
    size_t used_count;

    uint8_t bytes[TPM2_MAX_COMMAND_SIZE]; /* secret: the parameters, later the answer's */
    struct kc_writer parameters;          /* before it is run */
    struct kc_reader answer;              /* after; verified, decrypted */
    TPM2_HANDLE answered;                 /* after; with KC_COMMAND_ANSWERS_HANDLE */
};

void kc_command_init(struct kc_command *command, const char *step, TPM2_CC code, unsigned form);

/* Wipes. Fine with one that was never run. */
void kc_command_done(struct kc_command *command);

/* A local that is wiped when it leaves its scope. */
#define KC_AUTO_COMMAND __attribute__((cleanup(kc_command_done))) struct kc_command

/*
 * Names what the command uses and authorises that. All that is used comes before what is only
 * named, as in the TPM's tables.
 *
 * session  NULL: tpm->session for the first, an empty password for a second
 * value    secret: the entity's authorisation value; NULL: it has none, or the session is one of
 *          a policy that does not ask for it
 */
void kc_command_use(struct kc_command *command, const struct kc_entity *entity,
    struct kc_session *session, const TPM2B_AUTH *value);

/* Names what needs no authorisation. */
void kc_command_name(struct kc_command *command, const struct kc_entity *entity);

/* Parameters that are structures: an area with its size in front. */
void kc_command_public(struct kc_command *command, const TPM2B_PUBLIC *area);
void kc_command_private(struct kc_command *command, const TPM2B_PRIVATE *area);
void kc_command_pcrs(struct kc_command *command, const TPML_PCR_SELECTION *pcrs);

/*
 * Runs a command, within the connection's deadline in all. While the TPM says that it is busy, the
 * same command is sent again; the TPM has done nothing of it then.
 *
 * As kc_code_check has them, and:
 *
 *   KC_ERR_ROOT_ANSWER  the answer is malformed, or its HMAC is not the TPM's
 *   KC_ERR_TOO_LARGE    the parameters do not fit: a programmer's mistake, or a blob's
 */
KC_CHECKED enum kc_error kc_command_run(struct kc_tpm2 *tpm, struct kc_command *command);

/* Answers' parameters that are structures. What is malformed fails the reader. */
void kc_command_read_public(struct kc_command *command, TPM2B_PUBLIC *area);
void kc_command_read_private(struct kc_command *command, TPM2B_PRIVATE *area);

/* What a TPM says of an object that it made: TPMS_CREATION_DATA, and the ticket by which it knows them
 * again. The spans are lent. */
struct kc_creation {
    struct kc_span data;
    uint32_t hierarchy;
    struct kc_span ticket;
};

/* What TPM2_Create and TPM2_CreatePrimary answer behind the areas; lent until the command is done. */
void kc_command_read_creation(struct kc_command *command, struct kc_creation *creation);

/* A TPM2B of at most `limit` octets, lent; {NULL, 0} if it is malformed. */
struct kc_span kc_command_read_sized(struct kc_command *command, size_t limit);

/* KC_ERR_ROOT_ANSWER if the answer was not read well, or not to its end. */
KC_CHECKED enum kc_error kc_command_finish(struct kc_tpm2 *tpm, const struct kc_command *command);

/*
 * Flushes an object or session of ours and forgets its handle. Fine with 0. If that fails the
 * connection is spoiled: to be dropped after the operation; the next one flushes what stays.
 */
void kc_command_flush(struct kc_tpm2 *tpm, TPM2_HANDLE *handle);

#endif
