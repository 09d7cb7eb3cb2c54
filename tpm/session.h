/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions salted to the SRK: commands and answers carry an HMAC that only the pinned TPM can make,
 * and their first parameters are encrypted (AES-128-CFB) wherever they have a size (TPM 2.0
 * Library, part 1, sections 19 and 21). SHA-256 throughout.
 *
 * The library's ESAPI can do this too, but makes a new libcrypto context for each hash: 2 ms of
 * processor time for each command. A session is kept and used again: its nonces roll, and a policy
 * session is as new after each command that it authorised.
 *
 * tpm/command.h is what uses sessions; others start them and hand them to commands.
 */
#ifndef KC_TPM_SESSION_H
#define KC_TPM_SESSION_H

#include "base/error.h"

#include <stdint.h>
#include <tss2/tss2_tpm2_types.h>

struct kc_tpm2;

#define KC_SESSION_NONCE_SIZE 32
#define KC_SESSION_KEY_SIZE 32
#define KC_SESSION_HASH_SIZE 32

struct kc_session {
    TPM2_HANDLE handle;                          /* 0: not started */
    uint8_t key[KC_SESSION_KEY_SIZE];            /* secret */
    uint8_t nonce_caller[KC_SESSION_NONCE_SIZE]; /* of the command under way, or the last */
    uint8_t nonce_tpm[KC_SESSION_NONCE_SIZE];    /* of the last answer */
};

/*
 * Starts a session. tpm->srk must have been compared with the pin before: whoever chose the salt's
 * key knows the session.
 *
 * type     TPM2_SE_HMAC or TPM2_SE_POLICY
 * session  written only on KC_OK; to be flushed
 */
KC_CHECKED enum kc_error kc_session_start(
    struct kc_tpm2 *tpm, TPM2_SE type, struct kc_session *session);

/*
 * Flushes a session and wipes it. Fine with one that was not started. If that fails the connection
 * is spoiled: to be dropped after the operation; the next one flushes what stays.
 */
void kc_session_flush(struct kc_tpm2 *tpm, struct kc_session *session);

/* --- for tpm/command.c --- */

/* A direction: towards the TPM the caller's nonce is the newer one, from it the TPM's. */
enum kc_session_way { KC_SESSION_TO_TPM, KC_SESSION_FROM_TPM };

/* A new nonce of the caller. KC_ERR_NO_MEMORY: libcrypto has no random octets. */
KC_CHECKED enum kc_error kc_session_roll(struct kc_session *session);

/*
 * The HMAC that authorises a command (an answer), over the hash of its parameters.
 *
 * value       secret: the authorisation value of what is used; NULL: it has none
 * attributes  of the session, as in the command (the answer)
 */
KC_CHECKED enum kc_error kc_session_hmac(const struct kc_session *session, const TPM2B_AUTH *value,
    enum kc_session_way way, const uint8_t hash[static KC_SESSION_HASH_SIZE],
    TPMA_SESSION attributes, uint8_t hmac[static KC_SESSION_HASH_SIZE]);

/* Encrypts a parameter towards the TPM, decrypts one from it, in place. value: as above */
KC_CHECKED enum kc_error kc_session_crypt(const struct kc_session *session, const TPM2B_AUTH *value,
    enum kc_session_way way, uint8_t *bytes, size_t size);

#endif
