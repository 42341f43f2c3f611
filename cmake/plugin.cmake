# lshost_add_plugin(<type> SOURCES <file>... [LINK <library>...])
#
# Builds lshost-<type>.so as a plugin has to be built: hidden symbols, only the entry point and the
# identity exported, no undefined symbols, never unloaded. In the build tree it lands where the
# program looks first: lib/lshost/plugins beside bin/.
set(LSHOST_PLUGIN_SYMS "${CMAKE_CURRENT_LIST_DIR}/plugin.syms")

function(lshost_add_plugin type)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "lshost_add_plugin(${type}): SOURCES is missing")
  endif()
  set(target lshost-plugin-${type})
  add_library(${target} MODULE ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME "lshost-${type}" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/lshost/plugins"
    LINK_DEPENDS "${LSHOST_PLUGIN_SYMS}")
  target_link_libraries(${target} PRIVATE lshost::sdk ${arg_LINK})
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${LSHOST_PLUGIN_SYMS}" LINKER:-z,now,-z,relro,-z,nodelete LINKER:--exclude-libs,ALL)
  if(NOT LSHOST_SANITIZE)
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
endfunction()
