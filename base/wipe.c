/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wipe.h"

#include <string.h>

void kc_wipe(void *bytes, size_t size)
{
    if (size > 0)
        explicit_bzero(bytes, size);
}
