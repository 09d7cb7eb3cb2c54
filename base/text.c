/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

bool kc_text_copy(char *destination, size_t size, const char *source)
{
    size_t needed = strlen(source) + 1;
    if (needed > size)
        return false;
    memcpy(destination, source, needed);
    return true;
}

bool kc_text_append(char *destination, size_t size, const char *source)
{
    size_t used = strlen(destination);
    return kc_text_copy(destination + used, size - used, source);
}
