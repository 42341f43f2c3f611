# One list of warnings for all of our code. Link `lshost_warnings` PRIVATE to get it.
add_library(lshost_warnings INTERFACE)
target_compile_options(lshost_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual>
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wthread-safety>
  # std::stable_sort of libstdc++ 12 calls a function that libstdc++ 12 declares deprecated, and clang blames its callers.
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-deprecated-declarations>
  $<$<BOOL:${LSHOST_WERROR}>:-Werror>)
if(LSHOST_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # These follow the flow of values, and are wrong about std::optional, std::string and std::regex in instrumented code.
  # The other presets keep them; dev makes errors of all warnings.
  target_compile_options(lshost_warnings INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread)
endif()
