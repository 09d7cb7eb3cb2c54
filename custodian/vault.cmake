# SPDX-License-Identifier: Apache-2.0
# Records, and the messages between desk and vault: desk, store and vault link them.
add_library(kc_record STATIC record.c)
kc_layer(kc_record base custodian)
target_link_libraries(kc_record PUBLIC kc_base)

add_library(kc_vault_message STATIC vault_message.c)
kc_layer(kc_vault_message base proto/socket custodian)
target_link_libraries(kc_vault_message PUBLIC kc_record kc_socket)
