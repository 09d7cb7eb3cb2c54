/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tabrmd.h"

#include <stdio.h>
#include <stdlib.h>

#define BUS "DBUS_SYSTEM_BUS_ADDRESS"

static const char bus_config[] =
    "<busconfig><type>system</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
    "<policy context=\"default\"><allow send_destination=\"*\"/><allow receive_sender=\"*\"/>"
    "<allow own=\"*\"/><allow user=\"*\"/></policy></busconfig>";

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "tabrmd: %s\n", what);
    abort();
}

void kc_tabrmd_start(struct kc_tabrmd *tabrmd, struct kc_swtpm *tpm)
{
    char path[128];
    tabrmd->tpm = tpm;
    snprintf(path, sizeof path, "%s/bus.conf", tpm->folder);
    FILE *file = fopen(path, "we");
    require(file != NULL, path);
    fprintf(file, bus_config, tpm->folder);
    require(fclose(file) == 0, path);
    snprintf(tabrmd->bus, sizeof tabrmd->bus, "unix:path=%s/bus", tpm->folder);
    require(setenv(BUS, tabrmd->bus, 1) == 0, "the environment");
    require(kc_swtpm_run(
                tpm, "umask 0; dbus-daemon --config-file=bus.conf --fork --print-pid=3 3>bus.pid"),
        "start a bus; is dbus-daemon installed?");
    require(kc_swtpm_run(tpm,
                "setsid tpm2-abrmd --allow-root --tcti=\"$TPM2TOOLS_TCTI\" >abrmd.log 2>&1 & "
                "echo $! >abrmd.pid; gdbus wait --system --timeout 20 com.intel.tss2.Tabrmd"),
        "start the resource manager; are tpm2-abrmd and gdbus installed?");
}

void kc_tabrmd_stop(struct kc_tabrmd *tabrmd)
{
    require(kc_swtpm_run(tabrmd->tpm, "kill $(cat abrmd.pid); kill $(cat bus.pid)"), "stop");
    unsetenv(BUS);
}
