/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's processes and the edges between them: starting, restarting, stopping. The table
 * of who there is and who talks with whom is in supervisor.c.
 */
#ifndef KC_CUSTODIAN_SUPERVISOR_CHILDREN_H
#define KC_CUSTODIAN_SUPERVISOR_CHILDREN_H

#include "custodian/process.h"

#include <limits.h>

struct kc_process_row {
    const char *name;
    const char *program; /* in the folder of custodiand */
    const char *number;  /* argument: which of several roots; NULL: none */
};

/* One end of an edge: who holds it, under which number he finds it at his start. */
struct kc_edge_end {
    enum kc_process process;
    int descriptor;
};

struct kc_edge_row {
    struct kc_edge_end end[2];
};

struct kc_child {
    pid_t pid;   /* 0: not running */
    int control; /* our end; -1: none */
    bool ready;
    bool absent;       /* it has no edges either */
    unsigned failures; /* ends in a row, each soon after its start */
    uint64_t started_ms, restart_at_ms;
};

struct kc_children {
    const struct kc_process_row *processes; /* KC_PROCESSES */
    const struct kc_edge_row *edges;        /* KC_EDGES */
    char folder[PATH_MAX];                  /* of the programs */
    char *argument;                         /* of the programs; NULL: none */
    int config, listen;
    struct kc_child child[KC_PROCESSES];
    int waiting[KC_EDGES][2]; /* ends of edges that wait for their process to start; -1: none */
};

/* Milliseconds of a clock that only goes forward. */
uint64_t kc_children_now_ms(void);

/* Finds the folder of the programs: that of the running one. */
KC_CHECKED enum kc_error kc_children_init(struct kc_children *children,
    const struct kc_process_row *processes, const struct kc_edge_row *edges);

/* Starts a process with new edges, and gives the other ends to the neighbours that live. */
KC_CHECKED enum kc_error kc_children_start(struct kc_children *children, enum kc_process process);

/*
 * Takes note that a process has ended: it is to be started again at restart_at_ms, at once if it
 * had lived for long, else later each time: up to 5 s, or half a second if it had been ready.
 */
void kc_children_ended(struct kc_children *children, enum kc_process process);

/* Asks a process to stop. One that cannot be asked is ended. */
void kc_children_stop(struct kc_children *children, enum kc_process process);

/* The process with this id; KC_PROCESSES if it is none of ours. */
enum kc_process kc_children_find(const struct kc_children *children, pid_t pid);

#endif
