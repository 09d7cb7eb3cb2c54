/* SPDX-License-Identifier: Apache-2.0 */
/* What an Operate request names, before anything in it is believed: for who has to fetch the records
 * that it will be judged by. */
#ifndef KC_CUSTODIAN_MESH_OPERATE_NAMES_H
#define KC_CUSTODIAN_MESH_OPERATE_NAMES_H

#include "custodian/mesh/operate.h"

struct kc_operate_names {
    char address[KC_MESH_ADDRESS_SIZE]; /* canonical; empty: it names none */
    char (*keys)[KC_MESH_ID_SIZE];      /* each once; owned */
    size_t key_count;
};

/*
 * Reads the names. What is malformed names nothing: kc_operate answers it.
 *
 * names  given: kc_operate_names_done
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_operate_names_read(struct kc_span body, struct kc_operate_names *names);

/* Fine with a zeroed one. */
void kc_operate_names_done(struct kc_operate_names *names);

#endif
