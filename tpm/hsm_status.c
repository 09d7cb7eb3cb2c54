/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_status.h"

#include "tpm/hsm_connection.h"

#include <stdio.h>
#include <string.h>

/* Adds a text that is padded with spaces, behind a space; what is not visible becomes one. */
static void append_text(
    char text[static KC_ROOT_TEXT_SIZE], const unsigned char *padded, size_t size)
{
    size_t end = strlen(text);
    while (size > 0 && padded[size - 1] == ' ')
        size--;
    if (end > 0 && size > 0 && end < KC_ROOT_TEXT_SIZE - 1)
        text[end++] = ' ';
    for (size_t i = 0; i < size && end < KC_ROOT_TEXT_SIZE - 1; i++) {
        bool is_visible = padded[i] > ' ' && padded[i] <= '~';
        text[end] = ' ';
        if (is_visible)
            text[end] = (char)padded[i];
        end++;
    }
    text[end] = 0;
}

enum kc_error kc_hsm_status_read(struct kc_hsm_token *token, struct kc_root_status *status)
{
    struct kc_root_status read = {.manufacturer = ""};
    CK_TOKEN_INFO information;
    enum kc_error error = kc_hsm_connection_check(token, "ask for the token's state",
        token->functions->C_GetTokenInfo(token->slot, &information));
    if (error != KC_OK)
        return error;
    append_text(read.manufacturer, information.manufacturerID, sizeof information.manufacturerID);
    append_text(read.manufacturer, information.model, sizeof information.model);
    snprintf(read.firmware, sizeof read.firmware, "%u.%u", information.firmwareVersion.major,
        information.firmwareVersion.minor);
    read.in_lockout = (information.flags & CKF_USER_PIN_LOCKED) != 0;
    read.lockout_counter = (information.flags & CKF_USER_PIN_COUNT_LOW) != 0;
    memcpy(read.srk_name, token->name, sizeof read.srk_name);
    *status = read;
    return KC_OK;
}
