/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a TPM: one descriptor, commands out, answers in, each within a deadline.
 *
 * Our own transport, for things that the library's lack: swtpm's waits for ever (and cannot be
 * polled), and an empty name makes the loader try others. It needs no loader, no resolver and no
 * control channel, so it also works inside the sandbox.
 */
#ifndef KC_TPM_TCTI_H
#define KC_TPM_TCTI_H

#include "base/error.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/un.h>
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
    int fd; /* -1: not connected */
    bool is_device;
    uint8_t answer[KC_TCTI_ANSWER_MAX]; /* as it came: what is secret in it is encrypted */
    size_t answer_size;
};

/* Reads a setting of the forms that root.h lists. KC_ERR_CONFIG: of none of them. */
KC_CHECKED enum kc_error kc_tcti_parse(const char *text, struct kc_tcti_address *address);

/* Milliseconds of the clock by which deadlines go. */
int64_t kc_tcti_now_ms(void);

/* Connects. KC_ERR_ROOT_UNAVAILABLE: nobody there, or not by the deadline. */
KC_CHECKED enum kc_error kc_tcti_open(
    struct kc_tcti *tcti, const struct kc_tcti_address *address, int64_t deadline);

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
