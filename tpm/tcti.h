/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a TPM: one descriptor, commands out, answers in, each within a deadline.
 *
 * Our own transport, for things that the library's lack: swtpm's waits for ever (and cannot be
 * polled), and an empty name makes the loader try others. It needs no loader, no resolver and no
 * control channel, so it also works inside the sandbox. For tpm2-abrmd, which is spoken to over
 * D-Bus, and for captures of the traffic it hands over to the library's.
 */
#ifndef KC_TPM_TCTI_H
#define KC_TPM_TCTI_H

#include "base/error.h"

#include "tpm/address.h"

#include <stdint.h>
#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tpm2_types.h>

#define KC_TCTI_ANSWER_MAX TPM2_MAX_RESPONSE_SIZE

struct kc_tcti {
    int fd;                             /* -1: not connected, or by the library */
    bool writes;                        /* the descriptor is no socket */
    TSS2_TCTI_CONTEXT *library;         /* or NULL */
    uint8_t answer[KC_TCTI_ANSWER_MAX]; /* as it came: what is secret in it is encrypted */
    size_t answer_size;
};

/* Milliseconds of the clock by which deadlines go. */
int64_t kc_tcti_now_ms(void);

/* Connects. KC_ERR_ROOT_UNAVAILABLE: nobody there, or not by the deadline. */
KC_CHECKED enum kc_error kc_tcti_open(
    struct kc_tcti *tcti, const struct kc_address *address, int64_t deadline);

/* Fine if it is closed. */
void kc_tcti_close(struct kc_tcti *tcti);

/*
 * Sends a command and takes its answer into tcti->answer: a whole header, and as many octets as
 * that claims; just a header if it refuses.
 *
 *   TSS2_TCTI_RC_NO_CONNECTION       the other side closed, or the descriptor failed
 *   TSS2_TCTI_RC_IO_ERROR            no answer by the deadline
 *   TSS2_TCTI_RC_MALFORMED_RESPONSE  the answer's size cannot be right
 */
KC_CHECKED TSS2_RC kc_tcti_exchange(
    struct kc_tcti *tcti, const uint8_t *command, size_t size, int64_t deadline);

#endif
