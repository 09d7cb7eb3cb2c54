/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a TPM is, and which of its PCRs are meant: what configurations say about a TPM, as text.
 * Needs no TPM library.
 */
#ifndef KC_TPM_ADDRESS_H
#define KC_TPM_ADDRESS_H

#include "base/error.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/un.h>

#define KC_ADDRESS_TEXT_SIZE 1024 /* with its zero */

enum kc_address_kind {
    KC_ADDRESS_DEVICE,  /* text is its path */
    KC_ADDRESS_SOCKET,  /* a software TPM */
    KC_ADDRESS_COMMAND, /* text is for sh -c: reads commands, writes answers */
    KC_ADDRESS_LIBRARY, /* text is for the loader of tpm2-tss: a transport of others */
};

struct kc_address {
    enum kc_address_kind kind;
    bool is_shared; /* behind a resource manager: others' objects and its power are not ours */
    char text[KC_ADDRESS_TEXT_SIZE];
    union {
        struct sockaddr socket;
        struct sockaddr_un unix_socket;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    };
    socklen_t socket_size;
};

/*
 * Reads a way to a TPM; nothing that it does not name is ever tried:
 *
 *   device:PATH              a TPM character device: device:/dev/tpmrm0
 *   swtpm:path=PATH          a software TPM on a unix socket
 *   swtpm:host=IP,port=N     the same on TCP: a numeric address or "localhost", no other names
 *   tabrmd:                  the resource manager tpm2-abrmd on the system's D-Bus; with
 *   tabrmd:bus_name=N        another name there; bus_type=session and bus_type=system too, by comma
 *   cmd:COMMAND              a program that takes commands and gives answers, such as tpm2_send
 *   pcap:FORM                one of device:, swtpm: and tabrmd:, and a file of the traffic
 *
 * KC_ERR_CONFIG  NULL, empty, or of none of these forms
 */
KC_CHECKED enum kc_error kc_address_parse(const char *text, struct kc_address *address);

/* Reads a list such as "sha256:0,7": that bank, numbers 0..23. mask: bit n is PCR n.
 * KC_ERR_CONFIG */
KC_CHECKED enum kc_error kc_pcr_list_parse(const char *text, uint32_t *mask);

#endif
