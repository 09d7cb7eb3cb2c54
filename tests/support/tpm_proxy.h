/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something that stands between a custodian and its TPM: sees all traffic, and can change it. A
 * thread of the test.
 */
#ifndef KC_TESTS_SUPPORT_TPM_PROXY_H
#define KC_TESTS_SUPPORT_TPM_PROXY_H

#include "tests/support/swtpm.h"

#include <pthread.h>
#include <stdint.h>

#define KC_TPM_PROXY_MESSAGE_MAX 4096

struct kc_tpm_proxy;

/*
 * What an answer becomes on its way; runs in the proxy's thread.
 *
 * answer  KC_TPM_PROXY_MESSAGE_MAX octets of room; its present size is answer_size
 * return  its new size; 0 to close the connection instead
 */
typedef size_t kc_tpm_proxy_hook(struct kc_tpm_proxy *proxy, const uint8_t *command,
    size_t command_size, uint8_t *answer, size_t answer_size);

/* What the hooks use is to be set while no command is under way. */
struct kc_tpm_proxy {
    char tcti[128];          /* how the custodian reaches the proxy */
    kc_tpm_proxy_hook *hook; /* may change an answer; NULL: change nothing */
    bool (*answers)(struct kc_tpm_proxy *proxy, const uint8_t *command, uint8_t *answer,
        size_t *answer_size); /* whether the TPM is not asked at all; NULL: it always is */
    unsigned count;           /* for the hook's use */
    bool forgets;             /* the traffic is too much to be kept */

    uint8_t
        *traffic; /* all messages, one after the other; to be read while no command is under way */
    size_t traffic_size;
    const struct kc_swtpm *tpm;
    int listener; /* of a device: its other end */
    int terminal; /* of a device, kept open, so that its users can come and go; else -1 */
    pthread_t thread;
};

/* On a unix socket beside the TPM's, on a free port of 127.0.0.1, or as a device: a terminal. */
void kc_tpm_proxy_init(struct kc_tpm_proxy *proxy, const struct kc_swtpm *tpm);
void kc_tpm_proxy_init_tcp(struct kc_tpm_proxy *proxy, const struct kc_swtpm *tpm);
void kc_tpm_proxy_init_device(struct kc_tpm_proxy *proxy, const struct kc_swtpm *tpm);

/* The client must have gone. */
void kc_tpm_proxy_done(struct kc_tpm_proxy *proxy);

/* Whether octets were seen in the traffic. */
bool kc_tpm_proxy_saw(const struct kc_tpm_proxy *proxy, const void *bytes, size_t size);

/* The command code of a command. */
uint32_t kc_tpm_proxy_command_code(const uint8_t *command);

/* Makes an answer that is just a response code; returns its size. */
size_t kc_tpm_proxy_answer_code(uint8_t *answer, uint32_t code);

#endif
