/* SPDX-License-Identifier: Apache-2.0 */
/* What the fake custodian answers, apart from how it is reached. */
#ifndef KC_TESTS_PKCS11_FAKE_ANSWERS_H
#define KC_TESTS_PKCS11_FAKE_ANSWERS_H

#include "proto/socket/transport.h"
#include "tests/pkcs11/fake_daemon.h"

/* One answer under construction. */
struct fake_reply {
    struct kc_message message;
    struct kc_values items[KC_ITEMS_MAX];
    struct kc_descriptors descriptors;
    uint8_t octets[1024];
};

/* Everything in the fake is a test's own machinery: what fails ends the test. */
void fake_must(bool held, const char *what);

void fake_reset(void);
void fake_answer(const struct kc_message *request, const struct kc_descriptors *descriptors,
    struct fake_reply *reply);

#endif
