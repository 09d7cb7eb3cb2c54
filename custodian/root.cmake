# SPDX-License-Identifier: Apache-2.0
# The messages between vault and root: both link them.
add_library(kc_root_message STATIC root_message.c)
kc_layer(kc_root_message base tpm custodian)
target_link_libraries(kc_root_message PUBLIC kc_base)
