/* SPDX-License-Identifier: Apache-2.0 */
/* Every command, and the options that it takes. */
#include "custodian/cli/cli.h"

#define B(option) KC_CLI_BIT(option)
#define WRITES (B(OUTPUT) | B(FORCE))
#define SCHEMES (B(SCHEME) | B(CONTEXT) | B(HASH) | B(MGF_HASH) | B(SALT_SIZE) | B(HASHED))
#define DETAILS (B(START) | B(EXPIRY) | B(IDENTIFIER))
#define LOGS_IN (B(LOGIN) | B(LOGIN_PIN_FILE))

/* clang-format off */
const struct kc_cli_command kc_cli_commands[] = {
    {NULL, "status", "", 0, 0, 0, 0, "tell how the custodian is", kc_cli_status},
    {NULL, "doctor", "", 0, 0, 0, 0, "look for what can go wrong, and say what to do", kc_cli_doctor},
    {NULL, "ping", "", 0, 0, 0, B(THROUGH), "see whether it answers, and how fast", kc_cli_ping},
    {NULL, "random", "SIZE", 1, 1, 0, WRITES, "make random octets, hedged with the hardware's", kc_cli_random},
    {"keyring", "list", "", 0, 0, 0, 0, "list the keyrings", kc_cli_keyring_list},
    {"keyring", "show", "", 0, 0, 0, B(KEYRING) | LOGS_IN, "tell of a keyring's PINs, and whether it needs a login",
        kc_cli_keyring_show},
    {"keyring", "login", "WHO", 1, 1, 0, B(KEYRING) | B(PIN_FILE), "see whether a PIN is right; WHO is user, so, or a name",
        kc_cli_keyring_login},
    {"keyring", "pin", "WHO", 1, 1, 0, B(KEYRING) | B(PIN_FILE) | B(NEW_PIN_FILE) | LOGS_IN,
        "set a PIN, by the operator's, or logged in as so", kc_cli_keyring_pin},
    {"keyring", "change", "WHO", 1, 1, 0, B(KEYRING) | B(PIN_FILE) | B(NEW_PIN_FILE), "change a PIN, by the old one",
        kc_cli_keyring_change},
    {"keyring", "remove", "WHO", 1, 1, 0, B(KEYRING) | B(PIN_FILE) | LOGS_IN,
        "remove a PIN, by the operator's, or logged in as so", kc_cli_keyring_remove},
    {"key", "generate", "", 0, 0, B(ALGORITHM) | B(LABEL), B(KEYRING) | B(ROLE) | B(RESIDENCE) | B(ACCOUNT) | B(USE) |
        B(CONFIRM) | DETAILS | LOGS_IN, "generate a key and keep it", kc_cli_key_generate},
    {"key", "list", "", 0, 0, 0, B(KEYRING) | B(LABEL) | B(ROLE) | B(ALGORITHM) | B(STATE) | B(GROUP),
        "list keys", kc_cli_key_list},
    {"key", "show", "KEY", 1, 1, 0, B(KEYRING), "describe a key", kc_cli_key_show},
    {"key", "public", "KEY", 1, 1, 0, B(KEYRING) | WRITES | B(SIGNED) | B(RAW) | B(UDF),
        "print a public key; of a share: of the key that was split", kc_cli_key_public},
    {"key", "sign", "KEY FILE", 2, 2, 0, B(KEYRING) | WRITES | SCHEMES | LOGS_IN,
        "sign a file with a key that is not split", kc_cli_key_sign},
    {"key", "decrypt", "KEY FILE", 2, 2, B(SCHEME) | B(OUTPUT), B(KEYRING) | B(HASH) | B(MGF_HASH) | B(OAEP_LABEL) |
        B(FORCE) | LOGS_IN, "decrypt a file with an RSA key", kc_cli_key_decrypt},
    {"key", "agree", "KEY PEER", 2, 2, B(OUTPUT), B(KEYRING) | B(FORCE) | LOGS_IN,
        "agree with a peer's public key, a PEM file; the agreed octets are secret", kc_cli_key_agree},
    {"key", "update", "KEY", 1, 1, 0, B(KEYRING) | B(LABEL) | DETAILS | LOGS_IN, "change what a key is called, and until when it is used",
        kc_cli_key_update},
    {"key", "enable", "KEY", 1, 1, 0, B(KEYRING) | LOGS_IN, "put a disabled key in use again", kc_cli_key_enable},
    {"key", "disable", "KEY", 1, 1, 0, B(KEYRING) | LOGS_IN, "put a key out of use", kc_cli_key_disable},
    {"key", "destroy", "KEY", 1, 1, 0, B(KEYRING) | B(YES) | LOGS_IN, "destroy a key for good", kc_cli_key_destroy},
    {"object", "import", "FILE", 1, 1, B(KIND), B(KEYRING) | B(LABEL) | B(IDENTIFIER) | LOGS_IN,
        "keep a certificate, a public key or data in a keyring", kc_cli_object_import},
    {"object", "list", "", 0, 0, 0, B(KEYRING) | B(KIND) | B(LABEL), "list what programs find in a keyring",
        kc_cli_object_list},
    {"object", "show", "OBJECT", 1, 1, 0, WRITES, "show an object, or write its content to a file", kc_cli_object_show},
    {"object", "remove", "OBJECT", 1, 1, 0, B(KEYRING) | LOGS_IN, "remove an object", kc_cli_object_remove},
    {"share", "split", "KEY", 1, 1, B(RECIPIENT) | B(OUTPUT), B(KEYRING) | B(LABEL) | B(PIN_FILE) | B(FORCE),
        "split a key: one share stays, the other goes to a recipient", kc_cli_share_split},
    {"share", "envelope", "KEY", 1, 1, B(OUTPUT), B(KEYRING) | B(FORCE),
        "write the other share of a split key again, enveloped as it was", kc_cli_share_envelope},
    {"share", "accept", "FILE", 1, 1, B(LABEL), B(KEYRING) | B(WITH) | B(ACCOUNT),
        "take the share that was split off for this custodian", kc_cli_share_accept},
    {"share", "join", "PUBLIC", 1, 1, B(LABEL) | B(INDEX) | B(OUTPUT), B(KEYRING) | B(ACCOUNT) | B(PIN_FILE) | B(FORCE),
        "make a share in software beside another custodian's resident key, a PEM file", kc_cli_share_join},
    {"share", "form", "KEY JOINED", 2, 2, B(INDEX), B(KEYRING) | B(LABEL) | B(PIN_FILE),
        "make a resident key the other share of what was joined", kc_cli_share_form},
    {"share", "list", "", 0, 0, 0, B(KEYRING) | B(LABEL) | B(ALGORITHM) | B(STATE) | B(GROUP),
        "list shares", kc_cli_share_list},
    {"share", "show", "KEY", 1, 1, 0, B(KEYRING), "describe a share", kc_cli_share_show},
    {"recipient", "add", "LABEL", 1, 1, B(PUBLIC), B(PIN_FILE),
        "enrol the wrap key of another custodian", kc_cli_recipient_add},
    {"recipient", "list", "", 0, 0, 0, 0, "list the enrolled recipients", kc_cli_recipient_list},
    {"recipient", "remove", "NAME", 1, 1, 0, B(PIN_FILE), "remove an enrolled recipient", kc_cli_recipient_remove},
    {"operator", "pin", "", 0, 0, 0, B(PIN_FILE) | B(NEW_PIN_FILE), "set or change the operator's PIN",
        kc_cli_operator_pin},
    {NULL, "encrypt", "FILE", 1, 1, B(TO), B(KEYRING) | WRITES, "encrypt a file, to a DARE envelope",
        kc_cli_encrypt},
    {NULL, "decrypt", "FILE", 1, 1, 0, B(KEYRING) | WRITES | B(SERVICE) | B(KEY), "decrypt a DARE envelope",
        kc_cli_decrypt},
    {NULL, "sign", "KEY FILE", 2, 2, B(SERVICE), B(KEYRING) | WRITES | SCHEMES,
        "sign a file with a split key, together with the service", kc_cli_sign},
    {NULL, "verify", "PUBLIC FILE SIGNATURE", 3, 3, 0, B(KEYRING) | SCHEMES,
        "verify a signature; PUBLIC is a PEM file, or a key by label or id", kc_cli_verify},
    {"udf", "show", "UDF", 1, 1, 0, 0, "tell what a Mesh UDF is; - reads it from standard input", kc_cli_udf_show},
    {"udf", "digest", "FILE", 1, 1, B(CONTENT_TYPE), B(BITS), "print the content digest of a file", kc_cli_udf_digest},
    {"udf", "key", "PUBLIC", 1, 1, 0, B(BITS), "print the fingerprint of a public key, a PEM file", kc_cli_udf_key},
    {"dare", "show", "FILE", 1, 1, 0, 0, "describe a DARE envelope", kc_cli_dare_show},
    {"dare", "verify", "FILE PUBLIC", 2, 2, 0, 0, "verify that a key, a PEM file, signed a DARE envelope", kc_cli_dare_verify},
    {"sequence", "list", "FILE", 1, 1, 0, 0, "list the frames of a DARE sequence", kc_cli_sequence_list},
    {"sequence", "verify", "FILE", 1, 1, 0, 0, "check every frame of a DARE sequence and how they are linked",
        kc_cli_sequence_verify},
    {"sequence", "recover", "FILE", 1, 1, 0, 0, "cut off a last frame that was not written whole", kc_cli_sequence_recover},
    {NULL, "attest", "KEY", 1, 1, B(NONCE) | B(OUTPUT), B(KEYRING) | B(FORCE),
        "attest a key and this host for a verifier's nonce", kc_cli_attest},
    {"attest", "verify", "BUNDLE", 1, 1, B(NONCE), B(ENROLMENT) | B(PCR_MASK) | B(PCR_DIGEST),
        "verify an attestation, offline", kc_cli_attest_verify},
    {"attest", "enrol", "", 0, 0, B(OUTPUT), B(FORCE),
        "write this host's identity, for a verifier to enrol", kc_cli_attest_enrol},
    {"attest", "challenge", "IDENTITY", 1, 1, B(OUTPUT) | B(ENROLMENT), B(FORCE),
        "as a verifier, challenge an identity, offline", kc_cli_attest_challenge},
    {"attest", "activate", "CHALLENGE", 1, 1, B(OUTPUT), B(FORCE),
        "answer a verifier's challenge with this host's TPM", kc_cli_attest_activate},
    {"attest", "confirm", "ANSWER", 1, 1, B(ENROLMENT) | B(OUTPUT), B(FORCE),
        "as a verifier, confirm an enrolment by the answer, offline", kc_cli_attest_confirm},
    {NULL, "error", "CODE", 1, 1, 0, 0, "explain an error, by its name or number", kc_cli_error},
    {NULL, "completion", "SHELL", 1, 1, 0, 0, "print a completion script; SHELL is bash", kc_cli_completion},
};
/* clang-format on */

const size_t kc_cli_command_count = sizeof kc_cli_commands / sizeof kc_cli_commands[0];

const struct kc_cli_option_row kc_cli_options[KC_CLI_OPTION_COUNT] = {
#define KC_CLI_OPTION(symbol, name, letter, argument, field, sentence)                             \
    {name, letter, argument, field, sentence},
#include "custodian/cli/options.def"
#undef KC_CLI_OPTION
};
