/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module that stands before SoftHSM and misbehaves as it is told. It is a shared library;
 * a test that loads it as well finds this state under KC_HSM_SHIM_STATE.
 */
#ifndef KC_TESTS_TPM_HSM_SHIM_H
#define KC_TESTS_TPM_HSM_SHIM_H

#include <p11-kit/pkcs11.h>
#include <semaphore.h>
#include <stdatomic.h>

#define KC_HSM_SHIM_STATE "kc_hsm_shim"

struct kc_hsm_shim {
    atomic_uint calls;    /* of any function, since this was set to 0 */
    atomic_uint logins;   /* of C_Login that reached SoftHSM or not */
    atomic_uint fails_at; /* this call, counted from 1, is not made but answered ...; 0: none */
    atomic_ulong code;    /* ... so */
    atomic_uint fails_on; /* how many calls in a row, from that one on */
    atomic_uint hangs_at; /* this call waits for `released` before it is made; 0: none */
    sem_t hanging;        /* posted when a call waits */
    sem_t released;
    atomic_ulong token_flags;     /* added to those of every token */
    atomic_ulong wrong_mechanism; /* the token does not have it; 0: none */
    atomic_ulong added_size;      /* to the size of what C_Encrypt and C_Decrypt answer */
};

#endif
