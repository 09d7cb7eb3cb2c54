/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestations: asking a custodian for one, and verifying one offline; enrolling a custodian's
 * attestation key with a verifier.
 */
#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"
#include "custodian/cli/output.h"
#include "custodian/cli/write.h"

#include "base/secret.h"
#include "proto/attestation.h"
#include "proto/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define IDENTITY_MAX 1024
#define TEXT_MAX 256
#define PCR_COUNT 24
#define HEX_SIZE(octets) (2 * (octets) + 1)

/* --- hex --- */

static void write_hex(const uint8_t *octets, size_t size, char *text)
{
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", octets[i]);
}

/* Reads as many octets as there are, at most `most`. */
static bool read_hex(const char *text, uint8_t *octets, size_t most, size_t *size)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (text[digits] != '\0' || digits % 2 != 0 || digits / 2 > most)
        return false;
    for (size_t i = 0; i < digits / 2; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        octets[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    *size = digits / 2;
    return true;
}

/* An option's octets; none if it was not given. */
static enum kc_error read_option(const struct kc_cli *cli, enum kc_cli_option option, size_t least,
    size_t most, uint8_t *octets, struct kc_span *span)
{
    size_t size = 0;
    *span = (struct kc_span){NULL, 0};
    if (!kc_cli_given(cli, option))
        return KC_OK;
    if (!read_hex(cli->values[option], octets, most, &size) || size < least)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "--%s takes %zu to %zu octets in hex",
            kc_cli_options[option].name, least, most);
    *span = (struct kc_span){octets, size};
    return KC_OK;
}

/* --- attest --- */

static enum kc_error ask_and_write(
    struct kc_cli *cli, struct kc_cli_call *call, enum kc_field field)
{
    enum kc_error error = kc_cli_call_run(call);
    if (error != KC_OK)
        return error;
    return kc_cli_write(cli, cli->values[KC_CLI_OUTPUT], kc_cli_call_span(call, field), 0644);
}

enum kc_error kc_cli_attest(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    struct kc_cli_key key;
    uint8_t nonce[KC_ATTESTATION_NONCE_MAX];
    struct kc_span span;
    enum kc_error error = kc_cli_key_find(cli, cli->arguments[0], &key);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_ATTEST);
    if (error == KC_OK)
        error =
            read_option(cli, KC_CLI_NONCE, KC_ATTESTATION_NONCE_MIN, sizeof nonce, nonce, &span);
    if (error != KC_OK)
        return error;
    kc_cli_call_text(&call, KC_FIELD_KEY, key.id);
    kc_cli_call_octets(&call, KC_FIELD_NONCE, span);
    return ask_and_write(cli, &call, KC_FIELD_BUNDLE);
}

/* --- attest verify --- */

static const struct words {
    const char *name, *shown, *not_shown;
} words[] = {
    [KC_ATTESTED_RESIDENT] = {"resident",
        "The TPM certifies that it made this key and that it cannot leave it.",
        "Not shown: who may use the key, and what the host did before it was measured."},
    [KC_ATTESTED_SEALED] = {"sealed",
        "The TPM certifies an object with this Name and policy, and that it made it for what it "
        "was "
        "told is this public key.",
        "Not shown: that the key is what is sealed in it, and that no copy is elsewhere. Software "
        "asserts both."},
    [KC_ATTESTED_WRAPPED] = {"wrapped", "The TPM shows the host's PCRs.",
        "Not shown: where the key is, and that no copy is elsewhere. Software asserts all of it."},
    [KC_ATTESTED_TOKEN_RESIDENT] = {"token-resident",
        "Nothing by hardware. The custodian asserts that a token says that it made this key and "
        "that "
        "the key never could leave it.",
        "Not shown: that there is such a token and that it is hardware, that the key is in it and "
        "no "
        "copy elsewhere, who may use the key, and the state of the host. Software asserts all of "
        "it."},
    [KC_ATTESTED_TOKEN_SEALED] = {"token-sealed",
        "Nothing by hardware. The custodian asserts that this key is encrypted under a key of "
        "which a "
        "token says that it made it and that it never could leave it.",
        "Not shown: that there is such a token and that it is hardware, that the key is encrypted "
        "under "
        "its key and no copy elsewhere, and the state of the host. Software asserts all of it."},
    [KC_ATTESTED_TOKEN_WRAPPED] = {"token-wrapped",
        "Nothing by hardware. The custodian asserts that its wrapping keys are encrypted under a "
        "key of "
        "which a token says that it made it and that it never could leave it.",
        "Not shown: that there is such a token and that it is hardware, where the key is, that no "
        "copy "
        "is elsewhere, and the state of the host. Software asserts all of it."},
};

/* Of a key that was sealed before creation data were kept, or by a bundle without them. */
static const struct words without_creation = {"sealed",
    "The TPM certifies an object with this Name and policy.",
    "Not shown: that the object was made for this key, as its creation is not certified; that the "
    "key "
    "is what is sealed in it, and that no copy is elsewhere. Software asserts all three."};

static const struct words *words_about(const struct kc_attestation *attestation)
{
    bool lacks_creation =
        attestation->class == KC_ATTESTED_SEALED && attestation->creation.size == 0;
    return lacks_creation ? &without_creation : &words[attestation->class];
}

/* What the verifier asks for, of the options. */
struct asked {
    struct kc_attestation_wanted wanted;
    uint8_t nonce[KC_ATTESTATION_NONCE_MAX], digest[32];
    uint8_t name[KC_ATTESTATION_NAME_SIZE]; /* or the key of a token's custodian */
};

/* An identity has two spans; of a token's custodian the first is empty, and the second its key. */
static bool read_identity(struct kc_span identity, struct kc_span *ek, struct kc_span *ak)
{
    struct kc_reader r;
    kc_reader_init(&r, identity.bytes, identity.size);
    *ek = kc_reader_span(&r, IDENTITY_MAX);
    *ak = kc_reader_span(&r, IDENTITY_MAX);
    return kc_reader_finish(&r) == KC_OK;
}

static bool is_of_token(struct kc_span ek, struct kc_span ak)
{
    return ek.size == 0 && ak.size == KC_ATTESTATION_KEY_SIZE;
}

static bool take_confirmed(struct kc_span file, struct asked *asked)
{
    char text[TEXT_MAX] = "", hex[TEXT_MAX] = "";
    size_t size = 0;
    memcpy(text, file.bytes, file.size);
    if (sscanf(text, "confirmed %200s", hex) != 1 ||
        !read_hex(hex, asked->name, sizeof asked->name, &size) || size != sizeof asked->name)
        return false;
    asked->wanted.ak_name = (struct kc_span){asked->name, size};
    return true;
}

static bool take_identity(struct kc_span file, struct asked *asked)
{
    struct kc_span ek, ak;
    if (!read_identity(file, &ek, &ak) || !is_of_token(ek, ak))
        return false;
    memcpy(asked->name, ak.bytes, ak.size);
    asked->wanted.custodian_key = (struct kc_span){asked->name, ak.size};
    return true;
}

/* A TPM's AK as it was confirmed, or the identity of a token's custodian as it is. */
static enum kc_error read_enrolment(const struct kc_cli *cli, struct asked *asked)
{
    KC_AUTO_OCTETS file = {NULL, 0};
    if (!kc_cli_given(cli, KC_CLI_ENROLMENT))
        return KC_OK;
    enum kc_error error = kc_cli_read(cli, cli->values[KC_CLI_ENROLMENT], TEXT_MAX - 1, &file);
    if (error != KC_OK)
        return error;
    if (!take_confirmed(kc_cli_span(&file), asked) && !take_identity(kc_cli_span(&file), asked))
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT, "%s is no confirmed enrolment",
            cli->values[KC_CLI_ENROLMENT]);
    return KC_OK;
}

/* What the bundle is bound to, beside the nonce. */
static const char *bound_to(
    const struct kc_attestation *attestation, const struct kc_attestation_wanted *wanted)
{
    if (!kc_attestation_is_of_token(attestation->class))
        return wanted->ak_name.size > 0 ? "enrolled" : "AK not bound to a TPM";
    return wanted->custodian_key.size > 0 ? "the custodian's whose identity is given"
                                          : "not bound to a custodian";
}

static json_t *describe_key(const struct kc_attestation *attestation)
{
    char public_key[HEX_SIZE(526)];
    const struct words *about = words_about(attestation);
    write_hex(attestation->public_key.bytes, attestation->public_key.size, public_key);
    return json_pack("{s:s, s:s%, s:s%, s:s, s:s, s:s}", "class", about->name, "key",
        (const char *)attestation->id.bytes, attestation->id.size, "algorithm",
        (const char *)attestation->algorithm.bytes, attestation->algorithm.size, "public",
        public_key, "shown", about->shown, "not_shown", about->not_shown);
}

static void describe_host(json_t *object, const struct kc_attestation *attestation)
{
    char pcrs[HEX_SIZE(24 * 32)];
    write_hex(attestation->pcr_values.bytes, attestation->pcr_values.size, pcrs);
    json_object_set_new(object, "pcr_mask", json_integer((json_int_t)attestation->pcr_mask));
    json_object_set_new(object, "pcr_values", json_string(pcrs));
}

static void describe_token(json_t *object, const struct kc_attestation *attestation)
{
    char name[HEX_SIZE(KC_ATTESTATION_NAME_SIZE)], key[HEX_SIZE(KC_ATTESTATION_KEY_SIZE)];
    write_hex(attestation->root_name.bytes, attestation->root_name.size, name);
    write_hex(attestation->custodian_key.bytes, attestation->custodian_key.size, key);
    json_object_set_new(object, "token",
        json_stringn((const char *)attestation->token.bytes, attestation->token.size));
    json_object_set_new(object, "token_says", /* else it was refused */
        json_string("local, sensitive, always sensitive, never extractable"));
    json_object_set_new(object, "root_name", json_string(name));
    json_object_set_new(object, "custodian_key", json_string(key));
}

static void print_findings(const struct kc_cli *cli, const struct kc_attestation *attestation,
    const struct kc_attestation_wanted *wanted)
{
    json_t *object = describe_key(attestation);
    if (kc_attestation_is_of_token(attestation->class))
        describe_token(object, attestation);
    else
        describe_host(object, attestation);
    json_object_set_new(object, "attestation_key", json_string(bound_to(attestation, wanted)));
    kc_cli_print_object(cli, object);
}

/* A mask that is not read as meant would ask for nothing. */
static enum kc_error read_mask(const struct kc_cli *cli, uint32_t *mask)
{
    char *end = NULL;
    const char *text = cli->values[KC_CLI_PCR_MASK];
    if (!kc_cli_given(cli, KC_CLI_PCR_MASK))
        return KC_OK;
    unsigned long number = strtoul(text, &end, 0);
    bool begins = text[0] >= '0' && text[0] <= '9';
    if (!begins || *end != '\0' || number == 0 || number >= 1ul << PCR_COUNT)
        return kc_cli_fail(cli, KC_ERR_BAD_ARGUMENT,
            "--pcr-mask takes a number, as 129 or 0x81: bit n is PCR n, of 0 to %d", PCR_COUNT - 1);
    *mask = (uint32_t)number;
    return KC_OK;
}

static enum kc_error read_asked(const struct kc_cli *cli, struct asked *asked)
{
    struct kc_attestation_wanted *wanted = &asked->wanted;
    *wanted = (struct kc_attestation_wanted){.pcr_mask = 0};
    enum kc_error error = read_option(cli, KC_CLI_NONCE, KC_ATTESTATION_NONCE_MIN,
        sizeof asked->nonce, asked->nonce, &wanted->nonce);
    if (error == KC_OK)
        error = read_option(cli, KC_CLI_PCR_DIGEST, sizeof asked->digest, sizeof asked->digest,
            asked->digest, &wanted->pcr_digest);
    if (error == KC_OK)
        error = read_mask(cli, &wanted->pcr_mask);
    return error == KC_OK ? read_enrolment(cli, asked) : error;
}

enum kc_error kc_cli_attest_verify(struct kc_cli *cli)
{
    KC_AUTO_OCTETS bundle = {NULL, 0};
    struct kc_attestation attestation;
    struct asked asked;
    const char *problem = "it is not a bundle";
    enum kc_error error = read_asked(cli, &asked);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[0], KC_ATTESTATION_MAX, &bundle);
    if (error != KC_OK)
        return error;
    error = kc_attestation_read(kc_cli_span(&bundle), &attestation);
    if (error == KC_OK)
        error = kc_attestation_verify(&attestation, &asked.wanted, &problem);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "%s", problem);
    print_findings(cli, &attestation, &asked.wanted);
    return KC_OK;
}

/* --- enrolment --- */

enum kc_error kc_cli_attest_enrol(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    enum kc_error error = kc_cli_call_begin(cli, &call, KC_OPERATION_ATTEST_ENROL);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_KEY_ROOT, KC_CLI_ROOT);
    return ask_and_write(cli, &call, KC_FIELD_IDENTITY);
}

enum kc_error kc_cli_attest_activate(struct kc_cli *cli)
{
    KC_AUTO_CALL call = {0};
    KC_AUTO_OCTETS credential = {NULL, 0};
    enum kc_error error = kc_cli_read(cli, cli->arguments[0], KC_CREDENTIAL_MAX, &credential);
    if (error == KC_OK)
        error = kc_cli_call_begin(cli, &call, KC_OPERATION_ATTEST_ACTIVATE);
    if (error != KC_OK)
        return error;
    kc_cli_call_option(&call, KC_FIELD_KEY_ROOT, KC_CLI_ROOT);
    kc_cli_call_octets(&call, KC_FIELD_CREDENTIAL, kc_cli_span(&credential));
    return ask_and_write(cli, &call, KC_FIELD_ACTIVATION);
}

/* What the verifier keeps until the answer comes: the AK's Name, and the secret. */
static enum kc_error write_pending(struct kc_cli *cli, const uint8_t *name, const uint8_t *secret)
{
    char text[TEXT_MAX], name_hex[HEX_SIZE(KC_ATTESTATION_NAME_SIZE)];
    char secret_hex[HEX_SIZE(KC_CREDENTIAL_SECRET_SIZE)];
    write_hex(name, KC_ATTESTATION_NAME_SIZE, name_hex);
    write_hex(secret, KC_CREDENTIAL_SECRET_SIZE, secret_hex);
    int size = snprintf(text, sizeof text, "pending %s %s\n", name_hex, secret_hex);
    enum kc_error error = kc_cli_write(cli, cli->values[KC_CLI_ENROLMENT],
        (struct kc_span){(const uint8_t *)text, (size_t)size}, 0600);
    kc_wipe(text, sizeof text);
    kc_wipe(secret_hex, sizeof secret_hex);
    return error;
}

static enum kc_error make_challenge(
    struct kc_cli *cli, struct kc_span identity, uint8_t *secret, uint8_t *name)
{
    uint8_t credential[KC_CREDENTIAL_MAX];
    size_t size = 0;
    struct kc_span ek, ak;
    enum kc_error error = read_identity(identity, &ek, &ak) ? KC_OK : KC_ERR_ATTESTATION;
    if (error == KC_OK && is_of_token(ek, ak))
        return kc_cli_fail(cli, KC_ERR_ATTESTATION,
            "a token has nothing to challenge; give the identity itself to attest verify "
            "--enrolment");
    if (error == KC_OK)
        error = kc_attestation_name(ak, name);
    if (error == KC_OK)
        error = kc_credential_make(
            ek, (struct kc_span){name, KC_ATTESTATION_NAME_SIZE}, secret, credential, &size);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, "the identity is not one of an ECC P-256 endorsement key");
    return kc_cli_write(cli, cli->values[KC_CLI_OUTPUT], (struct kc_span){credential, size}, 0644);
}

enum kc_error kc_cli_attest_challenge(struct kc_cli *cli)
{
    KC_AUTO_OCTETS identity = {NULL, 0};
    uint8_t secret[KC_CREDENTIAL_SECRET_SIZE]; /* secret */
    uint8_t name[KC_ATTESTATION_NAME_SIZE] = {0};
    enum kc_error error = kc_cli_read(cli, cli->arguments[0], IDENTITY_MAX, &identity);
    if (error == KC_OK && getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret)
        error = kc_cli_fail(cli, KC_ERR_RANDOM, "the kernel gives no random octets");
    if (error == KC_OK)
        error = make_challenge(cli, kc_cli_span(&identity), secret, name);
    if (error == KC_OK)
        error = write_pending(cli, name, secret);
    kc_wipe(secret, sizeof secret);
    return error;
}

/* The answer to the challenge makes the pending enrolment a confirmed one. */
enum kc_error kc_cli_attest_confirm(struct kc_cli *cli)
{
    KC_AUTO_OCTETS pending = {NULL, 0}, activation = {NULL, 0};
    char text[TEXT_MAX] = "", name[TEXT_MAX] = "", secret_hex[TEXT_MAX] = "";
    uint8_t secret[KC_CREDENTIAL_SECRET_SIZE];
    size_t size = 0;
    enum kc_error error = kc_cli_read(cli, cli->values[KC_CLI_ENROLMENT], TEXT_MAX - 1, &pending);
    if (error == KC_OK)
        error = kc_cli_read(cli, cli->arguments[0], sizeof secret, &activation);
    if (error != KC_OK)
        return error;
    memcpy(text, pending.bytes, pending.size);
    if (sscanf(text, "pending %100s %100s", name, secret_hex) != 2 ||
        !read_hex(secret_hex, secret, sizeof secret, &size) || size != sizeof secret)
        return kc_cli_fail(
            cli, KC_ERR_BAD_ARGUMENT, "%s is no pending enrolment", cli->values[KC_CLI_ENROLMENT]);
    if (activation.size != size || memcmp(activation.bytes, secret, size) != 0)
        return kc_cli_fail(cli, KC_ERR_ATTESTATION, "the answer is not that of the challenged TPM");
    int written = snprintf(text, sizeof text, "confirmed %s\n", name);
    return kc_cli_write(cli, cli->values[KC_CLI_OUTPUT],
        (struct kc_span){(const uint8_t *)text, (size_t)written}, 0644);
}
