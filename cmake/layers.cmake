# SPDX-License-Identifier: Apache-2.0
# A folder is a layer, and a layer can include just what its row of docs/architecture.md allows: each target's
# include path is a folder of links to the allowed layers, so a forbidden #include does not compile.

# kc_layer(<target> <layer>...): lets the target's sources say #include "<layer>/..." for these layers only.
# A layer is a folder below the top, such as base or proto/socket.
function(kc_layer target)
  set(view ${CMAKE_BINARY_DIR}/layers/${target})
  file(REMOVE_RECURSE ${view})
  foreach(layer IN LISTS ARGN)
    get_filename_component(parent ${layer} DIRECTORY)
    file(MAKE_DIRECTORY ${view}/${parent})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${layer} ${view}/${layer} SYMBOLIC)
  endforeach()
  target_include_directories(${target} PRIVATE ${view})
endfunction()
