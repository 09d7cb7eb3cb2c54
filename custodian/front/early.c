/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/early.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <sys/socket.h>

/* It is the first that is sent for the request, and short: it fits, or the client is gone. That nothing
 * comes after it is said at once; the connection itself is closed when the client has seen that, as what it
 * still sends would have the answer thrown away. */
static void send_last(struct MHD_Connection *connection, const char *text, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int socket = info ? info->connect_fd : -1;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info && info->tls_session) {
        (void)gnutls_record_send(info->tls_session, text, size);
        (void)gnutls_bye(info->tls_session, GNUTLS_SHUT_WR);
    } else {
        (void)send(socket, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    (void)shutdown(socket, SHUT_WR);
}

void kc_early_answer(struct MHD_Connection *connection, int status, const char *words)
{
    char body[160], text[512];
    int size = snprintf(body, sizeof body,
        "{\"MeshResponse\":{\"Status\":%d,\"StatusDescription\":\"%s\"}}", status, words);
    size = snprintf(text, sizeof text,
        "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: application/json\r\n"
        "Cache-Control: no-store\r\nContent-Length: %d\r\n\r\n%s",
        status, MHD_get_reason_phrase_for((unsigned)status), size, body);
    send_last(connection, text, (size_t)size);
}
