/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front end of a test's own: the real program, in a folder of its own. What fails here aborts the
 * test program; the front end dies with it.
 */
#ifndef KC_TESTS_FRONT_MESH_FRONT_H
#define KC_TESTS_FRONT_MESH_FRONT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct mesh_front {
    char folder[64];
    char config[96], log[96];
    char certificate[96]; /* PEM; empty: plain HTTP */
    uint16_t port;        /* nobody else's; 0: one that the front end chooses, and then that */
    pid_t pid;            /* 0: not running */
};

/*
 * Starts one for the service example.com, reached as localhost.
 *
 * custodian  socket
 * key        id of its TLS key; then front->certificate has been written before; NULL: plain HTTP
 * limits     as in the configuration, "rate = 0;", or ""; deadlines that are not among them are long
 */
void mesh_front_init(struct mesh_front *front);
void mesh_front_start(
    struct mesh_front *front, const char *custodian, const char *key, const char *limits);

/* The same for one that does not start; returns its exit status. */
int mesh_front_refuses(
    struct mesh_front *front, const char *custodian, const char *key, const char *limits);

/* Stops it in order; returns its exit status. */
int mesh_front_stop(struct mesh_front *front);
void mesh_front_kill(struct mesh_front *front);

/* Stops it, and removes everything. */
void mesh_front_done(struct mesh_front *front);

/* Whether the log has a text. */
bool mesh_front_has_logged(const struct mesh_front *front, const char *text);

#endif
