# cmake -D EXAMPLES=examples/plugins -D OUTPUT=templates.cpp -P templates.cmake: the examples as the table that
# host/scaffold/project.hpp declares. A project is the example's own folder and what its language shares, in common/.
set(shared_c++ any cmake cpp)
set(shared_c any cmake c)
set(shared_rust any rust)
set(files_cpp "")
set(table_cpp "")
foreach(layer blob replicator)
  foreach(language c++ c rust)
    string(REPLACE "c++" "cpp" folder "${layer}-${language}")
    set(lines "")
    foreach(part IN LISTS shared_${language} ITEMS own)
      set(root "${EXAMPLES}/common/${part}")
      if(part STREQUAL "own")
        set(root "${EXAMPLES}/${folder}")
      endif()
      file(GLOB_RECURSE paths LIST_DIRECTORIES false RELATIVE "${root}" "${root}/*")
      foreach(path IN LISTS paths)
        list(APPEND lines "${path}|${root}/${path}")
      endforeach()
    endforeach()
    list(SORT lines)
    string(REPLACE "-" "_" array "k_${folder}")
    string(APPEND files_cpp "constexpr ProjectFile ${array}[] = {\n")
    foreach(line IN LISTS lines)
      string(REGEX MATCH "^([^|]*)[|](.*)$" line "${line}")
      set(path "${CMAKE_MATCH_1}")
      file(READ "${CMAKE_MATCH_2}" text)
      set(is_executable false)
      if(path MATCHES "\\.sh$")
        set(is_executable true)
      endif()
      string(APPEND files_cpp "    {\"${path}\", R\"lshost(${text})lshost\", ${is_executable}},\n")
    endforeach()
    string(APPEND files_cpp "};\n")
    string(APPEND table_cpp "    {\"${layer}\", \"${language}\", ${array}},\n")
  endforeach()
endforeach()
file(WRITE "${OUTPUT}.new" "// Made by cmake/templates.cmake of examples/plugins.
#include \"scaffold/project.hpp\"

namespace lshost::scaffold {
namespace {
${files_cpp}constexpr Template kTemplates[] = {
${table_cpp}};
}  // namespace

std::span<const Template> templates() noexcept { return kTemplates; }

}  // namespace lshost::scaffold
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
