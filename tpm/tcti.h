/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a TPM: one descriptor, commands out, answers in, each within a deadline.
 *
 * Our own transport below the library's ESAPI, for three things that the library's transports lack:
 * swtpm's waits for ever (and cannot be polled), an empty name makes the loader try others, and
 * only the transport knows the buffer in which an answer lies decrypted. It needs no loader, no
 * resolver and no control channel, so it also works inside the sandbox.
 */
#ifndef KC_TPM_TCTI_H
#define KC_TPM_TCTI_H

#include "base/error.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/un.h>
#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tpm2_types.h>

#define KC_TCTI_ANSWER_MAX TPM2_MAX_RESPONSE_SIZE

/* Where a TPM is: a device, or a socket. */
struct kc_tcti_address {
    bool is_device;
    union {
        char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* of the device */
        struct sockaddr socket;
        struct sockaddr_un unix_socket;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    };
    socklen_t socket_size;
};

struct kc_tcti {
    TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: this is the library's context */
    int fd;                             /* -1: not connected */
    bool is_device;
    uint32_t deadline_ms;
    uint8_t answer[KC_TCTI_ANSWER_MAX]; /* as it came: what is secret in it is encrypted */
    size_t answer_size;                 /* 0: none waits to be taken */
    uint8_t *library_buffer;            /* where the library put and decrypted the last; borrowed */
    size_t library_size;
};

/* Reads a setting of the forms that root.h lists. KC_ERR_CONFIG: of none of them. */
KC_CHECKED enum kc_error kc_tcti_parse(const char *text, struct kc_tcti_address *address);

/* Connects. KC_ERR_ROOT_UNAVAILABLE: nobody there, or not within the deadline. */
KC_CHECKED enum kc_error kc_tcti_open(
    struct kc_tcti *tcti, const struct kc_tcti_address *address, uint32_t deadline_ms);

/* Fine if it is closed. */
void kc_tcti_close(struct kc_tcti *tcti);

/*
 * Wipes the last answer where the library decrypted it. To be called after the command that
 * answered a secret, before the library's context goes.
 */
void kc_tcti_wipe_answer(struct kc_tcti *tcti);

/*
 * The codes by which transmit and receive fail, so that a stale connection can be told from a TPM
 * that is silent:
 *
 *   TSS2_TCTI_RC_NO_CONNECTION       the other side closed, or the descriptor failed
 *   TSS2_TCTI_RC_IO_ERROR            no answer within the deadline
 *   TSS2_TCTI_RC_MALFORMED_RESPONSE  the answer's size cannot be right
 */

#endif
