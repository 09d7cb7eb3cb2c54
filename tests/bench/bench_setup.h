/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benchmark needs to be there: a device and a service, each a custodian, and at the
 * service one share for each thing that is measured, made the way it is made in earnest. Whatever
 * fails here ends the program, with the reason.
 */
#ifndef KC_TESTS_BENCH_SETUP_H
#define KC_TESTS_BENCH_SETUP_H

#include "base/algorithm.h"
#include "proto/socket/client.h"
#include "tests/bench/bench_cpu.h"
#include "tests/support/custodian.h"
#include "threshold/curve.h"

#define KC_BENCH_POINT_MAX 65

/* An operation of the service on a share or a key, with its request ready to be sent. */
struct kc_subject {
    enum kc_operation operation;
    enum kc_algorithm algorithm;
    const char
        *role;    /* of the key that is split for it; NULL: the key is the service's, and whole */
    char key[65]; /* id of the share or the key, at the service */
    uint8_t point[KC_BENCH_POINT_MAX]; /* the peer, or the first party's commitment */
    struct kc_client_request request;  /* points into this subject */
};

#define KC_SUBJECTS 7
#define KC_BENCH_MESSAGE "thirty-two octets that are signed"

struct kc_bench {
    struct kc_subject subjects[KC_SUBJECTS];
    struct kc_client *service;
    struct kc_cpu_source processes; /* the service's */
    bool own;                       /* device and service are these */
    struct kc_custodian device_custodian, service_custodian;
};

/* Where to find custodians that run already. All NULL: two of the benchmark's own are started. */
struct kc_bench_place {
    const char *device, *service; /* sockets */
    const char *keyring;          /* at both */
    const char *pin_file;         /* holds the operator's PIN of the device */
};

void kc_bench_set_up(struct kc_bench *bench, const struct kc_bench_place *place);
void kc_bench_done(struct kc_bench *bench);

/* Ends the program if a step failed. */
void kc_bench_must(enum kc_error error, const char *step);

#endif
