/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/command.h"

#include "base/ct.h"
#include "base/secret.h"
#include "tpm/code.h"

#include <openssl/evp.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_mu.h>

#define BUSY_WAIT_MS_FIRST 20
#define BUSY_WAIT_MS_LAST 320
#define HEADER_SIZE 10
/* Handle, nonce, attributes, HMAC: of each session. */
#define AUTHORISATION_MAX (4 + 2 + KC_SESSION_NONCE_SIZE + 1 + 2 + KC_SESSION_HASH_SIZE)

/* --- writing a command down --- */

void kc_command_init(struct kc_command *command, const char *step, TPM2_CC code, unsigned form)
{
    command->step = step;
    command->code = code;
    command->form = form;
    command->named_count = 0;
    command->used_count = 0;
    command->answered = 0;
    kc_writer_init(&command->parameters, command->bytes, sizeof command->bytes);
    kc_reader_init(&command->answer, command->bytes, 0);
}

void kc_command_done(struct kc_command *command)
{
    kc_wipe(command->bytes, sizeof command->bytes);
}

void kc_command_name(struct kc_command *command, const struct kc_entity *entity)
{
    if (command->named_count == KC_COMMAND_NAMED_MAX)
        command->parameters.failed = true;
    else
        command->named[command->named_count++] = entity;
}

void kc_command_use(struct kc_command *command, const struct kc_entity *entity,
    struct kc_session *session, const TPM2B_AUTH *value)
{
    bool is_in_order = command->used_count == command->named_count &&
                       command->used_count < KC_COMMAND_SESSIONS_MAX;
    if (is_in_order)
        command->used[command->used_count++] = (struct kc_authorisation){session, value};
    else
        command->parameters.failed = true;
    kc_command_name(command, entity);
}

static void advance(struct kc_writer *w, TSS2_RC code, size_t end)
{
    if (code == TSS2_RC_SUCCESS)
        w->size = end;
    else
        w->failed = true;
}

void kc_command_public(struct kc_command *command, const TPM2B_PUBLIC *area)
{
    struct kc_writer *w = &command->parameters;
    size_t end = w->size;
    TSS2_RC code = Tss2_MU_TPM2B_PUBLIC_Marshal(area, w->bytes, w->limit, &end);
    advance(w, code, end);
}

void kc_command_private(struct kc_command *command, const TPM2B_PRIVATE *area)
{
    struct kc_writer *w = &command->parameters;
    size_t end = w->size;
    TSS2_RC code = Tss2_MU_TPM2B_PRIVATE_Marshal(area, w->bytes, w->limit, &end);
    advance(w, code, end);
}

void kc_command_pcrs(struct kc_command *command, const TPML_PCR_SELECTION *pcrs)
{
    struct kc_writer *w = &command->parameters;
    size_t end = w->size;
    TSS2_RC code = Tss2_MU_TPML_PCR_SELECTION_Marshal(pcrs, w->bytes, w->limit, &end);
    advance(w, code, end);
}

/* --- reading an answer --- */

struct kc_span kc_command_read_sized(struct kc_command *command, size_t limit)
{
    size_t size = kc_reader_u16(&command->answer);
    if (size > limit)
        kc_reader_fail(&command->answer);
    const uint8_t *bytes = kc_reader_bytes(&command->answer, size);
    return bytes ? (struct kc_span){bytes, size} : (struct kc_span){NULL, 0};
}

/* What an unmarshalling function took. */
static void take(struct kc_reader *r, TSS2_RC code, size_t taken)
{
    if (code == TSS2_RC_SUCCESS)
        (void)kc_reader_bytes(r, taken);
    else
        kc_reader_fail(r);
}

void kc_command_read_public(struct kc_command *command, TPM2B_PUBLIC *area)
{
    struct kc_reader *r = &command->answer;
    size_t taken = 0;
    TSS2_RC code = TSS2_MU_RC_BAD_SIZE;
    *area = (TPM2B_PUBLIC){0}; /* the library takes no other */
    if (!r->failed)
        code = Tss2_MU_TPM2B_PUBLIC_Unmarshal(r->next, r->left, &taken, area);
    take(r, code, taken);
}

void kc_command_read_private(struct kc_command *command, TPM2B_PRIVATE *area)
{
    struct kc_reader *r = &command->answer;
    size_t taken = 0;
    TSS2_RC code = TSS2_MU_RC_BAD_SIZE;
    *area = (TPM2B_PRIVATE){0};
    if (!r->failed)
        code = Tss2_MU_TPM2B_PRIVATE_Unmarshal(r->next, r->left, &taken, area);
    take(r, code, taken);
}

void kc_command_read_creation(struct kc_command *command, struct kc_creation *creation)
{
    creation->data = kc_command_read_sized(command, sizeof(TPMS_CREATION_DATA));
    (void)kc_command_read_sized(command, sizeof(TPMU_HA)); /* their hash */
    if (kc_reader_u16(&command->answer) != TPM2_ST_CREATION)
        kc_reader_fail(&command->answer);
    creation->hierarchy = kc_reader_u32(&command->answer);
    creation->ticket = kc_command_read_sized(command, sizeof(TPMU_HA));
}

enum kc_error kc_command_finish(struct kc_tpm2 *tpm, const struct kc_command *command)
{
    if (kc_reader_finish(&command->answer) == KC_OK)
        return KC_OK;
    return kc_code_refuse(tpm, KC_ERR_ROOT_ANSWER, "an answer that is not as the command's");
}

/* --- authorising --- */

/* One session of a command on its way; without a session: an empty password. */
struct leg {
    struct kc_session *session;
    const TPM2B_AUTH *value;
    TPMA_SESSION attributes;
    uint8_t hmac[KC_SESSION_HASH_SIZE];
};

struct legs {
    struct leg leg[KC_COMMAND_SESSIONS_MAX];
    size_t count;
};

/* A session that authorises nothing has to encrypt or to audit; auditing alone authenticates. */
static TPMA_SESSION first_attributes(const struct kc_command *command)
{
    TPMA_SESSION attributes = TPMA_SESSION_CONTINUESESSION;
    if (command->form & KC_COMMAND_SENDS_SIZED)
        attributes |= TPMA_SESSION_DECRYPT;
    if (command->form & KC_COMMAND_ANSWERS_SIZED)
        attributes |= TPMA_SESSION_ENCRYPT;
    bool does_nothing = attributes == TPMA_SESSION_CONTINUESESSION && command->used_count == 0;
    return does_nothing ? attributes | TPMA_SESSION_AUDIT : attributes;
}

static struct legs legs_of(struct kc_tpm2 *tpm, const struct kc_command *command)
{
    struct legs legs = {.count = command->used_count};
    if (command->form & KC_COMMAND_BARE) {
        legs.count = 0;
        return legs;
    }
    for (size_t i = 0; i < command->used_count; i++)
        legs.leg[i] = (struct leg){.session = command->used[i].session,
            .value = command->used[i].value,
            .attributes = TPMA_SESSION_CONTINUESESSION};
    if (command->form & KC_COMMAND_PASSWORDS)
        return legs;
    if (legs.count == 0)
        legs.count = 1;
    if (!legs.leg[0].session)
        legs.leg[0].session = &tpm->session;
    legs.leg[0].attributes = first_attributes(command);
    return legs;
}

/* The first parameter without its size. */
static enum kc_error crypt_first(
    const struct leg *leg, enum kc_session_way way, uint8_t *parameters, size_t parameters_size)
{
    struct kc_reader r;
    kc_reader_init(&r, parameters, parameters_size);
    size_t size = kc_reader_u16(&r);
    if (!kc_reader_bytes(&r, size))
        return KC_ERR_ROOT_ANSWER;
    return kc_session_crypt(leg->session, leg->value, way, parameters + 2, size);
}

/* Hashes a head, the Names of what is named, and the parameters. */
static enum kc_error hash_parts(const uint8_t *head, size_t head_size,
    const struct kc_command *names, const uint8_t *parameters, size_t parameters_size,
    uint8_t hash[static KC_SESSION_HASH_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, head, head_size) == 1;
    for (size_t i = 0; done && names && i < names->named_count; i++)
        done = EVP_DigestUpdate(context, names->named[i]->name.name, names->named[i]->name.size);
    done = done && EVP_DigestUpdate(context, parameters, parameters_size) == 1 &&
           EVP_DigestFinal_ex(context, hash, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done ? KC_OK : KC_ERR_NO_MEMORY;
}

static enum kc_error hash_command(
    const struct kc_command *command, uint8_t hash[static KC_SESSION_HASH_SIZE])
{
    uint8_t head[4];
    struct kc_writer w;
    kc_writer_init(&w, head, sizeof head);
    kc_writer_u32(&w, command->code);
    return hash_parts(
        head, w.size, command, command->parameters.bytes, command->parameters.size, hash);
}

/* Encrypts the command's first parameter, and makes each session's HMAC over it all. */
static enum kc_error authorise(struct kc_command *command, struct legs *legs)
{
    uint8_t hash[KC_SESSION_HASH_SIZE];
    enum kc_error error = KC_OK;
    if (legs->count == 0)
        return KC_OK;
    for (size_t i = 0; i < legs->count && error == KC_OK; i++)
        error = legs->leg[i].session ? kc_session_roll(legs->leg[i].session) : KC_OK;
    if (error == KC_OK && command->form & KC_COMMAND_SENDS_SIZED && legs->leg[0].session)
        error = crypt_first(
            &legs->leg[0], KC_SESSION_TO_TPM, command->parameters.bytes, command->parameters.size);
    if (error == KC_OK)
        error = hash_command(command, hash);
    for (size_t i = 0; i < legs->count && error == KC_OK; i++) {
        struct leg *leg = &legs->leg[i];
        if (leg->session)
            error = kc_session_hmac(
                leg->session, leg->value, KC_SESSION_TO_TPM, hash, leg->attributes, leg->hmac);
    }
    return error;
}

/* --- the frame --- */

static void write_leg(struct kc_writer *w, const struct leg *leg)
{
    if (!leg->session) {
        kc_writer_u32(w, TPM2_RH_PW);
        kc_writer_u16(w, 0);
        kc_writer_u8(w, leg->attributes);
        kc_writer_u16(w, 0);
        return;
    }
    kc_writer_u32(w, leg->session->handle);
    kc_writer_u16(w, KC_SESSION_NONCE_SIZE);
    kc_writer_bytes(w, leg->session->nonce_caller, KC_SESSION_NONCE_SIZE);
    kc_writer_u8(w, leg->attributes);
    kc_writer_u16(w, KC_SESSION_HASH_SIZE);
    kc_writer_bytes(w, leg->hmac, KC_SESSION_HASH_SIZE);
}

static enum kc_error write_frame(
    const struct kc_command *command, const struct legs *legs, struct kc_writer *frame)
{
    uint8_t area[KC_COMMAND_SESSIONS_MAX * AUTHORISATION_MAX];
    struct kc_writer w;
    kc_writer_init(&w, area, sizeof area);
    for (size_t i = 0; i < legs->count; i++)
        write_leg(&w, &legs->leg[i]);
    size_t size = HEADER_SIZE + 4 * command->named_count + (legs->count > 0 ? 4 + w.size : 0) +
                  command->parameters.size;

    kc_writer_u16(frame, legs->count > 0 ? TPM2_ST_SESSIONS : TPM2_ST_NO_SESSIONS);
    kc_writer_u32(frame, (uint32_t)size);
    kc_writer_u32(frame, command->code);
    for (size_t i = 0; i < command->named_count; i++)
        kc_writer_u32(frame, command->named[i]->handle);
    if (legs->count > 0)
        kc_writer_span(frame, area, w.size);
    kc_writer_bytes(frame, command->parameters.bytes, command->parameters.size);
    return kc_writer_finish(frame);
}

/* --- sending --- */

static int64_t wait_a_little(int64_t wait_ms)
{
    struct timespec pause = {.tv_nsec = wait_ms * 1000000};
    (void)nanosleep(&pause, NULL);
    return 2 * wait_ms < BUSY_WAIT_MS_LAST ? 2 * wait_ms : BUSY_WAIT_MS_LAST;
}

/* The response code of an answer, whose header tcti.c has checked. */
static TSS2_RC response_code(const struct kc_tcti *tcti)
{
    struct kc_reader r;
    kc_reader_init(&r, tcti->answer, tcti->answer_size);
    (void)kc_reader_bytes(&r, HEADER_SIZE - 4);
    return kc_reader_u32(&r);
}

/* A TPM's code has no layer; one that claims to be another layer's is none. */
static TSS2_RC exchange(struct kc_tcti *tcti, const struct kc_writer *frame, int64_t deadline)
{
    TSS2_RC code = kc_tcti_exchange(tcti, frame->bytes, frame->size, deadline);
    if (code != TSS2_RC_SUCCESS)
        return code;
    code = response_code(tcti);
    return code & TSS2_RC_LAYER_MASK ? TSS2_TCTI_RC_MALFORMED_RESPONSE : code;
}

static TSS2_RC send_until_taken(struct kc_tpm2 *tpm, const struct kc_writer *frame)
{
    int64_t deadline = kc_tcti_now_ms() + tpm->deadline_ms, wait_ms = BUSY_WAIT_MS_FIRST;
    for (;;) {
        TSS2_RC code = exchange(&tpm->tcti, frame, deadline);
        if (!kc_code_is_busy(code) || kc_tcti_now_ms() + wait_ms >= deadline)
            return code;
        wait_ms = wait_a_little(wait_ms);
    }
}

/* --- verifying --- */

static enum kc_error hash_answer(const struct kc_command *command, const uint8_t *parameters,
    size_t size, uint8_t hash[static KC_SESSION_HASH_SIZE])
{
    uint8_t head[8];
    struct kc_writer w;
    kc_writer_init(&w, head, sizeof head);
    kc_writer_u32(&w, TPM2_RC_SUCCESS);
    kc_writer_u32(&w, command->code);
    return hash_parts(head, w.size, NULL, parameters, size, hash);
}

/* An empty password's answer is empty too. */
static bool is_empty_leg(struct kc_reader *r)
{
    size_t nonce_size = kc_reader_u16(r);
    (void)kc_reader_u8(r);
    return nonce_size == 0 && kc_reader_u16(r) == 0 && !r->failed;
}

/* Takes the TPM's new nonce. KC_ERR_ROOT_ANSWER: the answer is not the TPM's. */
static enum kc_error verify_leg(const struct leg *leg, const uint8_t *hash, struct kc_reader *r)
{
    uint8_t expected[KC_SESSION_HASH_SIZE], hmac[KC_SESSION_HASH_SIZE];
    if (!leg->session)
        return is_empty_leg(r) ? KC_OK : KC_ERR_ROOT_ANSWER;
    if (kc_reader_u16(r) != KC_SESSION_NONCE_SIZE)
        return KC_ERR_ROOT_ANSWER;
    kc_reader_copy(r, leg->session->nonce_tpm, KC_SESSION_NONCE_SIZE);
    TPMA_SESSION attributes = kc_reader_u8(r);
    if (kc_reader_u16(r) != sizeof hmac || !(attributes & TPMA_SESSION_CONTINUESESSION))
        return KC_ERR_ROOT_ANSWER;
    kc_reader_copy(r, hmac, sizeof hmac);
    enum kc_error error =
        kc_session_hmac(leg->session, leg->value, KC_SESSION_FROM_TPM, hash, attributes, expected);
    if (error == KC_OK && (r->failed || !kc_ct_bytes_equal(hmac, expected, sizeof hmac)))
        error = KC_ERR_ROOT_ANSWER;
    return error;
}

static enum kc_error verify(const struct kc_command *command, const struct legs *legs,
    struct kc_span parameters, struct kc_reader *r)
{
    uint8_t hash[KC_SESSION_HASH_SIZE];
    enum kc_error error = hash_answer(command, parameters.bytes, parameters.size, hash);
    for (size_t i = 0; i < legs->count && error == KC_OK; i++)
        error = verify_leg(&legs->leg[i], hash, r);
    if (error == KC_OK && kc_reader_finish(r) != KC_OK)
        error = KC_ERR_ROOT_ANSWER;
    return error;
}

/* Checks an answer, and leaves its parameters, decrypted, to be read. */
static enum kc_error take_answer(
    const struct kc_tcti *tcti, struct kc_command *command, const struct legs *legs)
{
    struct kc_reader r;
    kc_reader_init(&r, tcti->answer, tcti->answer_size);
    bool has_legs = kc_reader_u16(&r) == TPM2_ST_SESSIONS;
    (void)kc_reader_bytes(&r, HEADER_SIZE - 2);
    if (command->form & KC_COMMAND_ANSWERS_HANDLE)
        command->answered = kc_reader_u32(&r);
    size_t size = has_legs ? kc_reader_u32(&r) : r.left;
    struct kc_span parameters = {kc_reader_bytes(&r, size), size};
    if (!parameters.bytes || has_legs != (legs->count > 0))
        return KC_ERR_ROOT_ANSWER;
    enum kc_error error = KC_OK;
    if (has_legs)
        error = verify(command, legs, parameters, &r);
    if (error != KC_OK)
        return error;
    memcpy(command->bytes, parameters.bytes, size);
    if (command->form & KC_COMMAND_ANSWERS_SIZED && has_legs && legs->leg[0].session)
        error = crypt_first(&legs->leg[0], KC_SESSION_FROM_TPM, command->bytes, size);
    if (error == KC_OK)
        kc_reader_init(&command->answer, command->bytes, size);
    return error;
}

enum kc_error kc_command_run(struct kc_tpm2 *tpm, struct kc_command *command)
{
    uint8_t bytes[TPM2_MAX_COMMAND_SIZE]; /* what is secret in it is encrypted */
    struct kc_writer frame;
    struct legs legs = legs_of(tpm, command);
    kc_writer_init(&frame, bytes, sizeof bytes);
    enum kc_error error = kc_writer_finish(&command->parameters);
    if (error == KC_OK)
        error = authorise(command, &legs);
    if (error == KC_OK)
        error = write_frame(command, &legs, &frame);
    if (error != KC_OK)
        return kc_code_refuse(tpm, error, command->step);

    error = kc_code_check(tpm, command->step, send_until_taken(tpm, &frame));
    if (error != KC_OK)
        return error;
    error = take_answer(&tpm->tcti, command, &legs);
    if (error != KC_OK)
        error = kc_code_refuse(tpm, error, "an answer that is malformed, or not of this TPM");
    return error;
}

void kc_command_flush(struct kc_tpm2 *tpm, TPM2_HANDLE *handle)
{
    if (*handle == 0)
        return;
    KC_AUTO_COMMAND command;
    kc_command_init(&command, "flush", TPM2_CC_FlushContext, KC_COMMAND_BARE);
    kc_writer_u32(&command.parameters, *handle);
    if (kc_command_run(tpm, &command) != KC_OK)
        tpm->is_spoiled = true;
    *handle = 0;
}
