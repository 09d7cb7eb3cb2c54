# SPDX-License-Identifier: Apache-2.0
add_library(kc_store STATIC store_columns.c store_sqlite.c)
kc_layer(kc_store base custodian)
target_link_libraries(kc_store PUBLIC kc_base kc_record PkgConfig::SQLITE)
