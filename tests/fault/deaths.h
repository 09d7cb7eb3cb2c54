/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of a custodian, with its processes killed at each write of it: the whole daemon, or
 * one of them. After each death the custodian comes up by itself; its store is as it was before, or
 * has all of what was asked; and the same asked again is done, or is told that it was. Then the
 * custodian is put back, store and TPM, and in the end it is asked once in peace.
 */
#ifndef KC_TESTS_FAULT_DEATHS_H
#define KC_TESTS_FAULT_DEATHS_H

#include "tests/fault/processes.h"
#include "tests/fault/stops.h"

/* What came of a request: the exit status of the command, or the class of the error; and its words. */
struct outcome {
    bool is_again; /* given: it is asked once more, after a death */
    int status;    /* 0: done */
    char said[512];
};

struct act {
    const char *name;
    void (*between)(void); /* not NULL: this is done in peace, and nobody dies of it */
    void (*ask)(const struct act *act, struct outcome *outcome);
    const char *line; /* of shell, for ask_by_shell; or what another function wants to know */
    const char *more;
    const char
        *again; /* what it says if it was done and nobody heard of it; NULL: it is done again */
    const char *works; /* a line of shell that holds once it is done, after any start; or NULL */
    bool counts;       /* that there was a try is stored by itself, and stays */
};

/* Runs act->line. */
void ask_by_shell(const struct act *act, struct outcome *outcome);

/* The custodian is running and has been asked for nothing that is not finished. samples: at how many
 * of its writes it dies, spread over all of them; 0: at each. Who dies takes turns. Returns how many
 * deaths there were. */
size_t die_of(struct kc_custodian *custodian, const struct act *act, size_t samples);

/*
 * A front end before the custodian, which from now on dies too: alone, or with everything. Its store
 * never has what the custodian has not; what it lacks it has when the same was asked again.
 */
struct deaths_front {
    const char *folder; /* with its folder `store` */
    void (*kill)(void);
    void (*start)(void); /* returns when it serves */
};
void deaths_with_front(const struct deaths_front *front);

/* Waits until the custodian answers from its vault. */
void await_service_of(const struct kc_custodian *custodian);

#endif
