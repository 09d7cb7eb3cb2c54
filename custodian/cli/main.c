/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/cli.h"

int main(int count, char *words[])
{
    return kc_cli_main(count, words);
}
