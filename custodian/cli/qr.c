/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/qr.h"

#include "base/wipe.h"
#include "custodian/cli/output.h"

#include <stdio.h>

#ifdef KC_HAS_QRENCODE
#include <qrencode.h>

#define QUIET 2 /* dots around it that are light */

static bool is_dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1) != 0;
}

/* Light is what is printed: terminals are mostly dark. */
static const char *two_dots(const QRcode *code, int x, int y)
{
    bool upper = !is_dark(code, x, y), lower = !is_dark(code, x, y + 1);
    if (upper && lower)
        return "\u2588";
    return upper ? "\u2580" : lower ? "\u2584" : " ";
}

enum kc_error kc_cli_print_qr(const struct kc_cli *cli, const char *text)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (code == NULL)
        return kc_cli_fail(cli, KC_ERR_NO_MEMORY, NULL);
    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET; x++)
            fputs(two_dots(code, x, y), stdout);
        fputc('\n', stdout);
    }
    kc_wipe(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return KC_OK;
}
#else
enum kc_error kc_cli_print_qr(const struct kc_cli *cli, const char *text)
{
    (void)text;
    return kc_cli_fail(cli, KC_ERR_USAGE, "this command was built without libqrencode");
}
#endif
