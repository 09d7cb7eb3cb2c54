/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand at a peer's address instead of a custodian: a thread that takes one connection
 * after the other on a port of 127.0.0.1, and does each time the same. What fails here aborts.
 */
#ifndef KC_TESTS_FAULT_FAKE_PEER_H
#define KC_TESTS_FAULT_FAKE_PEER_H

enum fake_peer_manner {
    FAKE_SILENT,        /* takes the connection and says nothing */
    FAKE_SAYS_GOODBYE,  /* ends it at once */
    FAKE_PLAIN_TEXT,    /* speaks something else */
    FAKE_OLD_TLS,       /* speaks TLS 1.2 */
    FAKE_UNGREETING,    /* TLS 1.3, and then nothing */
    FAKE_ABSENT,        /* greets: the custodian behind is not there */
    FAKE_HALF_CLOSED,   /* greets, reads the question, ends its direction */
    FAKE_SLOW,          /* greets, answers an octet at a time, for longer than anybody waits */
    FAKE_TALKS_RUBBISH, /* greets, answers what is no frame */
    FAKE_ANSWERS_OTHER, /* greets, answers a question that was not asked */
};

struct fake_peer;

/* folder/NAME.pem, .key: what it shows. */
struct fake_peer *fake_peer_start(
    enum fake_peer_manner manner, unsigned port, const char *folder, const char *name);
void fake_peer_stop(struct fake_peer *peer);

#endif
