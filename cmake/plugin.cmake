# lshost_add_plugin(<type> SOURCES <file>... [LINK <library>...] [OUTPUT <folder>] [NO_INSTALL] [NO_EXPORT_TEST])
#
# Builds lshost-<type>.so as a plugin has to be built: hidden symbols, only the entry point and the identity exported, no
# undefined symbols, never unloaded. The target is lshost-plugin-<type>. With enable_testing(), ctest has a test
# lshost-plugin-<type>.exports that looks whether the library came out like that.
#
#   OUTPUT      where it is built. By default lib/lshost/plugins of the build tree, which is where a program in bin/ of the
#               same tree looks first.
#   NO_INSTALL  `cmake --install` leaves it out; otherwise it goes to lib/lshost/plugins of the prefix.
#   NO_EXPORT_TEST  leaves the test out.
#
# lshost_add_export_test(<target>) adds that test for a library that was made in another way.
#
# The host refuses a plugin that others may write to, so neither the file nor its folder may be, whatever the umask is.
if(NOT DEFINED CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS)
  set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endif()

function(lshost_add_export_test target)
  add_test(NAME ${target}.exports COMMAND ${CMAKE_COMMAND} -D PLUGIN=$<TARGET_FILE:${target}> -D NM=${CMAKE_NM}
    -D READELF=${CMAKE_READELF} -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin_exports.cmake")
  set_tests_properties(${target}.exports PROPERTIES LABELS plugin TIMEOUT 60)
endfunction()

function(lshost_add_plugin type)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_INSTALL;NO_EXPORT_TEST" "OUTPUT" "SOURCES;LINK")
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
  set(syms "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.syms")
  add_library(${target} MODULE ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME "lshost-${type}" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    LIBRARY_OUTPUT_DIRECTORY "${arg_OUTPUT}"
    LINK_DEPENDS "${syms}")
  target_link_libraries(${target} PRIVATE lshost::sdk ${arg_LINK})
  if(CMAKE_CXX_COMPILER_LOADED)
    target_compile_features(${target} PRIVATE cxx_std_20)
  endif()
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${syms}" LINKER:-z,now,-z,relro,-z,nodelete LINKER:--exclude-libs,ALL)
  if(NOT LSHOST_SANITIZE)  # a sanitizer's functions are in the program
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
  add_custom_command(TARGET ${target} POST_BUILD COMMAND chmod go-w "${arg_OUTPUT}" "$<TARGET_FILE:${target}>" VERBATIM)
  if(NOT arg_NO_EXPORT_TEST)
    lshost_add_export_test(${target})
  endif()
  if(NOT arg_NO_INSTALL)
    # Not CMAKE_INSTALL_LIBDIR, which differs from system to system: the program looks beside itself.
    install(TARGETS ${target} LIBRARY DESTINATION lib/lshost/plugins
      PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endif()
endfunction()
