/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's edges: to the desk, on which all workers wait, and to each root, which one asks at a
 * time. While roots are silent one worker at least stays out of their lines, for requests that need
 * none: the others are told KC_ERR_ROOT_UNAVAILABLE. Each edge has a fixed descriptor
 * (process.h); when a neighbour was restarted, the new end takes the old one's number.
 */
#ifndef KC_CUSTODIAN_VAULT_EDGES_H
#define KC_CUSTODIAN_VAULT_EDGES_H

#include "custodian/vault/vault.h"

struct kc_edges;

/*
 * root_deadlines_ms  for one question to each root, waiting in line included; 0: there is no such root
 * workers            threads that will call kc_edges_receive; more than there are roots
 */
KC_CHECKED enum kc_error kc_edges_new(const uint64_t root_deadlines_ms[static KC_CONFIG_ROOTS_MAX],
    size_t workers, struct kc_edges **edges);

/* What the vault's core needs of the outside: the edges, the kernel's random source, clocks. */
struct kc_vault_outside kc_edges_outside(struct kc_edges *edges);

/*
 * Sends what this thread has to say since it received a packet: its messages wait for each other, so
 * that many of them go in one packet. To be called when the packet is done. A message that the desk
 * must not wait for goes at once: one with descriptors, of a thread that received nothing, or before
 * the root is asked.
 */
void kc_edges_flush(void);

/*
 * Waits for a packet of the desk, with the other workers. If the desk is gone, waits until there is
 * another.
 *
 * desk  which desk it is from: kc_vault_desk, as it was when waiting began
 *
 * KC_ERR_BAD_REQUEST  what came was too large or had too many descriptors: the desk is out of its
 *                     mind
 */
KC_CHECKED enum kc_error kc_edges_receive(struct kc_edges *edges, struct kc_vault *vault,
    uint64_t *desk, uint8_t bytes[static KC_VAULT_MESSAGE_MAX], size_t *size,
    struct kc_descriptors *descriptors);

/* A new end, given. The core is told that the old desk is gone before any packet of the new one is
 * received. */
void kc_edges_new_desk(struct kc_edges *edges, struct kc_vault *vault, int descriptor);
void kc_edges_new_root(struct kc_edges *edges, size_t number, int descriptor);

/* The core is to forget the desk as soon as its edge has ended, also before there is another:
 * readable then. Read by kc_edges_desk_ended. */
int kc_edges_ended_descriptor(const struct kc_edges *edges);
void kc_edges_desk_ended(struct kc_edges *edges, struct kc_vault *vault);

#endif
