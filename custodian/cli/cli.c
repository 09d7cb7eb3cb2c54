/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/cli.h"
#include "custodian/cli/output.h"

#include <locale.h>
#include <stdio.h>
#include <sys/prctl.h>

/* Agreed octets and plaintext pass through this process: no core image, no reading by others. */
static void stay_private(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static enum kc_error run(struct kc_cli *cli)
{
    if (kc_cli_given(cli, KC_CLI_VERSION))
        puts("custodian " KC_VERSION);
    else if (kc_cli_given(cli, KC_CLI_HELP))
        kc_cli_help(cli);
    else
        return cli->command->run(cli);
    return KC_OK;
}

int kc_cli_main(int count, char *words[])
{
    struct kc_cli cli = {0};
    stay_private();
    enum kc_error error = kc_cli_parse(&cli, count, words);
    if (error == KC_OK)
        error = run(&cli);
    kc_client_free(cli.custodian);
    kc_client_free(cli.service);
    if (error == KC_OK && (fflush(stdout) != 0 || ferror(stdout)))
        error = kc_cli_fail(&cli, KC_ERR_FILE, "standard output");
    return error == KC_OK && cli.unwell ? 1 : (int)kc_error_row(error)->class;
}
