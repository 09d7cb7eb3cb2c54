# SPDX-License-Identifier: Apache-2.0
# Records: desk, store and vault link them.
add_library(kc_record STATIC record.c)
kc_layer(kc_record base custodian)
target_link_libraries(kc_record PUBLIC kc_base)
