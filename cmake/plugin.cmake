# lshost_add_plugin(<type> SOURCES <file>... [LINK <library>...] [OUTPUT <folder>] [NO_INSTALL])
#
# Builds lshost-<type>.so as a plugin has to be built: hidden symbols, only the entry point and the identity exported, no
# undefined symbols, never unloaded. The target is lshost-plugin-<type>.
#
#   OUTPUT      where it is built. By default lib/lshost/plugins of the build tree, which is where a program in bin/ of the
#               same tree looks first.
#   NO_INSTALL  `cmake --install` leaves it out; otherwise it goes to lib/lshost/plugins of the prefix.
#
# The host refuses a plugin that others may write to, so neither the file nor its folder may be, whatever the umask is.
if(NOT DEFINED CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS)
  set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endif()
set(LSHOST_PLUGIN_SYMS "${CMAKE_CURRENT_LIST_DIR}/plugin.syms")

function(lshost_add_plugin type)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_INSTALL" "OUTPUT" "SOURCES;LINK")
  if(NOT type MATCHES "^[a-z0-9-]+$")
    message(FATAL_ERROR "lshost_add_plugin(${type}): a type has a-z, 0-9 and - only")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "lshost_add_plugin(${type}): SOURCES is missing")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lshost_add_plugin(${type}): what is '${arg_UNPARSED_ARGUMENTS}'?")
  endif()
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT "${CMAKE_BINARY_DIR}/lib/lshost/plugins")
  endif()
  set(target lshost-plugin-${type})
  add_library(${target} MODULE ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME "lshost-${type}" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    LIBRARY_OUTPUT_DIRECTORY "${arg_OUTPUT}"
    LINK_DEPENDS "${LSHOST_PLUGIN_SYMS}")
  target_link_libraries(${target} PRIVATE lshost::sdk ${arg_LINK})
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${LSHOST_PLUGIN_SYMS}" LINKER:-z,now,-z,relro,-z,nodelete LINKER:--exclude-libs,ALL)
  if(NOT LSHOST_SANITIZE)  # a sanitizer's functions are in the program
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
  add_custom_command(TARGET ${target} POST_BUILD COMMAND chmod go-w "${arg_OUTPUT}" "$<TARGET_FILE:${target}>" VERBATIM)
  if(NOT arg_NO_INSTALL)
    # Not CMAKE_INSTALL_LIBDIR, which differs from system to system: the program looks beside itself.
    install(TARGETS ${target} LIBRARY DESTINATION lib/lshost/plugins
      PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endif()
endfunction()
